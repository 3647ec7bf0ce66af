//! From the command line to the work.

use crate::{
	chain_spec, check_block,
	cli::{Cli, Subcommand},
	database,
	error::{naming, refusal},
	keys, service,
};
use clap::{CommandFactory, FromArgMatches};
use ogpu_protocol::token::SS58_PREFIX;
use polkadot_sdk::*;
use sc_cli::{CliConfiguration, Error, Result, RunCmd, Runner, SubstrateCli};
use sc_network::{multiaddr::Protocol, Multiaddr};
use sc_service::{Configuration, PartialComponents};
use std::{
	io::ErrorKind,
	net::{SocketAddr, TcpListener},
	path::Path,
	sync::Arc,
};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"OGPU Node".into()
	}

	fn impl_version() -> String {
		env!("CARGO_PKG_VERSION").into()
	}

	fn description() -> String {
		"A node of OGPU, a free market of GPU computing in which nobody has to trust anybody.".into()
	}

	fn author() -> String {
		"The OGPU developers".into()
	}

	fn support_url() -> String {
		"https://github.com/ogpu/ogpu/issues".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn sc_service::ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id)?))
	}
}

pub fn run() -> Result<()> {
	// Addresses are printed and read in the network's own format.
	sp_core::crypto::set_default_ss58_version(SS58_PREFIX.into());
	let line = Cli::setup_command(Cli::command()).get_matches();
	let cli = Cli::from_arg_matches(&line).unwrap_or_else(|error| error.exit());

	match &cli.subcommand {
		None => {
			let runner = cli.create_runner(&cli.run).map_err(|error| match error {
				Error::NetworkKeyNotFound(path) => missing_node_key(&cli.run, &path),
				other => other,
			})?;
			runner.run_node_until_exit(|mut config| async move {
				database::check(&config.database, true)?;
				refuse_busy_ports(&mut config)?;
				service::new_full(config, cli).map_err(Into::into)
			})
		}
		Some(Subcommand::Key(cmd)) => keys::run(cmd, &line, &cli),
		Some(Subcommand::ExportChainSpec(cmd)) => {
			cmd.run(cli.load_spec(&cmd.chain)?).map_err(naming(cmd.output.as_deref()))
		}
		#[allow(deprecated, reason = "zombienet and older guides call it")]
		Some(Subcommand::BuildSpec(cmd)) => {
			let runner = cli.create_runner(cmd)?;
			runner.sync_run(|config| cmd.run(config.chain_spec, config.network))
		}
		Some(Subcommand::NewChain(cmd)) => cmd.run(),
		Some(Subcommand::CheckBlock(cmd)) => on_database(&cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = service::new_partial(&config, None)?;
			Ok((async move { check_block::run(&client, &cmd.input) }, task_manager))
		}),
		Some(Subcommand::ExportBlocks(cmd)) => {
			let result = on_database(&cli, cmd)?.async_run(|config| {
				let PartialComponents { client, task_manager, .. } = service::new_partial(&config, None)?;
				Ok((cmd.run(client, config.database), task_manager))
			});
			result.map_err(naming(cmd.output.as_deref()))
		}
		Some(Subcommand::ImportBlocks(cmd)) => {
			let result = cli.create_runner(cmd)?.async_run(|config| {
				database::check(&config.database, true)?;
				let PartialComponents { client, import_queue, task_manager, .. } = service::new_partial(&config, None)?;
				Ok((cmd.run(client, import_queue), task_manager))
			});
			result.map_err(naming(cmd.input.as_deref()))
		}
		Some(Subcommand::ExportState(cmd)) => on_database(&cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = service::new_partial(&config, None)?;
			Ok((cmd.run(client, config.chain_spec), task_manager))
		}),
		Some(Subcommand::PurgeChain(cmd)) => cli.create_runner(cmd)?.sync_run(|config| {
			let _lock = database::lock(&config.database)?;
			cmd.run(config.database)
		}),
		Some(Subcommand::Revert(cmd)) => on_database(&cli, cmd)?.async_run(|config| {
			let PartialComponents { client, backend, task_manager, .. } = service::new_partial(&config, None)?;
			let undo_consensus = Box::new(|client: Arc<_>, backend, blocks| {
				sc_consensus_babe::revert(Arc::clone(&client), backend, blocks)?;
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			Ok((cmd.run(client, backend, Some(undo_consensus)), task_manager))
		}),
		Some(Subcommand::ChainInfo(cmd)) => {
			on_database(&cli, cmd)?.sync_run(|config| cmd.run::<service::Block>(&config))
		}
		#[cfg(feature = "runtime-benchmarks")]
		Some(Subcommand::Benchmark(cmd)) => cli.create_runner(cmd)?.sync_run(|config| benchmark(cmd, config)),
	}
}

/// Prepares a command on a database that exists.
fn on_database<Command: CliConfiguration>(cli: &Cli, command: &Command) -> Result<Runner<Cli>> {
	let runner = cli.create_runner(command)?;
	database::check(&runner.config().database, false)?;
	Ok(runner)
}

/// The advice of the SDK leaves out arguments that its command needs.
fn missing_node_key(run: &RunCmd, path: &Path) -> Error {
	if run.tmp {
		return refusal("a validator with --tmp needs --unsafe-force-node-key-generation as well".into());
	}
	let shared = &run.shared_params;
	let place = match (&run.network_params.node_key_params.node_key_file, &shared.base_path) {
		(Some(file), _) => format!("--file {}", file.display()),
		(None, Some(base)) => format!("--base-path {}", base.display()),
		(None, None) => "--default-base-path".into(),
	};
	refusal(format!(
		"a validator needs a node key, and there is none at {}; make it with: ogpu-node key generate-node-key \
		 --chain {} {place}",
		path.display(),
		shared.chain_id(shared.is_dev())
	))
}

/// A node that answers on another port than it was told to, or on none, misleads its user: it does not start at all.
fn refuse_busy_ports(config: &mut Configuration) -> Result<()> {
	let mut ports = Vec::new();
	for endpoint in config.rpc.addr.iter_mut().flatten() {
		endpoint.retry_random_port = false;
		if !endpoint.is_optional {
			ports.push(("RPC", "--rpc-port", endpoint.listen_addr));
		}
	}
	ports.extend(
		config.prometheus_config.iter().map(|prometheus| ("Prometheus metrics", "--prometheus-port", prometheus.port)),
	);
	let peers = config.network.listen_addresses.iter().filter_map(tcp_address);
	ports.extend(peers.map(|address| ("peers", "--port", address)));

	for (what, option, address) in ports {
		match TcpListener::bind(address) {
			Err(error) if error.kind() == ErrorKind::AddrInUse => {
				return Err(refusal(format!(
					"cannot listen for {what} on {address}: another program does; stop it, or choose another port \
					 with {option}"
				)))
			}
			// What else can be wrong with an address, the server says better itself.
			_ => {}
		}
	}
	Ok(())
}

fn tcp_address(address: &Multiaddr) -> Option<SocketAddr> {
	let mut parts = address.iter();
	let ip = match parts.next()? {
		Protocol::Ip4(ip) => ip.into(),
		Protocol::Ip6(ip) => ip.into(),
		_ => return None,
	};
	match parts.next()? {
		Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
		_ => None,
	}
}

#[cfg(feature = "runtime-benchmarks")]
fn benchmark(cmd: &frame_benchmarking_cli::BenchmarkCmd, config: Configuration) -> Result<()> {
	use frame_benchmarking_cli::BenchmarkCmd;
	match cmd {
		BenchmarkCmd::Pallet(cmd) => {
			cmd.run_with_spec::<sp_runtime::traits::HashingFor<service::Block>, ()>(Some(config.chain_spec))
		}
		BenchmarkCmd::Overhead(cmd) => {
			cmd.run_with_default_builder_and_spec::<service::Block, ()>(Some(config.chain_spec))
		}
		BenchmarkCmd::Machine(cmd) => cmd.run(&config, frame_benchmarking_cli::SUBSTRATE_REFERENCE_HARDWARE.clone()),
		_ => Err("this node measures `pallet`, `overhead` and `machine`".into()),
	}
}
