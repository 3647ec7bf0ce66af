//! `ogpu dev`: a whole network on this machine, for whoever wants to see one.
//!
//! - [`process`]: children that end with this process, and a folder that is gone when nobody keeps it.
//! - [`party`]: who takes part, with what keys and folders.
//! - [`services`]: what can be asked at once.
//! - [`setup`]: what the chain has to know before there is work.
//! - [`tell`]: what happens then.
//! - [`lie`]: what a dishonest provider computes with.

mod lie;
mod party;
mod process;
mod services;
mod setup;
mod tell;

pub use lie::EngineCmd;
pub use process::{BecomeCmd, SweepCmd};

use crate::{
	dashboard::{self, spec, Door, PORT},
	output::{ensure_usage, print},
};
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use futures::{future::select_all, FutureExt, StreamExt};
use ogpu::gateway::Site;
use ogpu_worker::chain::{address, hex, state, Chain, Head, Sender};
use party::{Party, Role, CLIENTS, PROVIDERS, PUBLISHER, VERIFIER};
use process::{Place, Process};
use services::Made;
use setup::Numbers;
use std::{
	ffi::OsString,
	net::{Ipv4Addr, TcpListener},
	path::{Path, PathBuf},
	time::Duration,
};
use tell::Teller;
use tokio::{
	signal::unix::{signal, SignalKind},
	sync::mpsc,
};

/// A node says within this where it answers, also where a slow machine has much else to do.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// What a node says when it answers.
const ANSWERS: &str = "Running JSON-RPC server: addr=";
/// Where other nodes, and light clients in browsers, reach it.
const LISTENS: &str = "/ip4/127.0.0.1/tcp/0/ws";

/// Start a whole network on this machine, ready in half a minute, until Ctrl-C: a chain for development, two providers, a
/// verifier, and services to ask.
///
/// Everybody's keys are known to all, and the tokens are worth nothing. Alice validates and verifies, Bob and Charlie
/// provide, Ferdie publishes the services; Dave and Eve are yours (`--dev dave`). How fast the devices are is written into
/// the chain's state, since measuring it would take half an hour.
///
/// The services have tiny models that are made on the spot. They know nothing.
#[derive(Debug, Args)]
pub struct DevCmd {
	/// How many providers there are.
	#[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=PROVIDERS.len() as i64))]
	providers: u8,

	/// The last provider lies: it serves the service of the kind embed alone, is almost always first there, and what it says
	/// is wrong. See how it is caught. In auctions it does not bid.
	#[arg(long)]
	dishonest: bool,

	/// Publish no services.
	#[arg(long)]
	no_services: bool,

	/// How many lots a race has in the services that are published [default: one for each provider, up to 3]
	#[arg(long, value_name = "N", conflicts_with = "no_services", value_parser = clap::value_parser!(u8).range(1..=8))]
	width: Option<u8>,

	/// The port of the node, on 127.0.0.1, for HTTP and WebSocket; 0 for any free one.
	#[arg(long, default_value_t = 9944)]
	port: u16,

	/// The port of the dashboard, on 127.0.0.1; 0 for any free one [default: 9955, or any if that is taken]
	#[arg(long, value_name = "PORT")]
	dashboard_port: Option<u16>,

	/// The folder of the dashboard [default: as for `ogpu dashboard`]
	#[arg(long, value_name = "DIR")]
	page: Option<PathBuf>,

	/// Keep the network in this folder, and go on there the next time.
	#[arg(long, value_name = "DIR")]
	base_path: Option<PathBuf>,

	/// Where the logs of node and workers go [default: `logs` in the network's folder]
	#[arg(long, value_name = "DIR")]
	log: Option<PathBuf>,

	/// Print JSON: one line when all is ready, then one for each thing that happens.
	#[arg(long)]
	json: bool,

	/// The node's binary [default: ogpu-node beside this program, or on the PATH]
	#[arg(long, value_name = "FILE")]
	node_bin: Option<PathBuf>,

	/// The worker's binary [default: ogpu-worker beside this program, or on the PATH]
	#[arg(long, value_name = "FILE")]
	worker_bin: Option<PathBuf>,
}

impl DevCmd {
	pub fn run(&self) -> Result<()> {
		ensure_usage!(
			!self.dishonest || (self.providers > 1 && !self.no_services),
			"--dishonest takes a second provider, and a service that it can lie in"
		);
		let node = binary("ogpu-node", self.node_bin.as_deref(), "--node-bin")?;
		let worker = binary("ogpu-worker", self.worker_bin.as_deref(), "--worker-bin")?;
		if self.port > 0 {
			TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).with_context(|| {
				format!(
					"port {} is taken, by another node perhaps; choose another one with --port, or 0 for any",
					self.port
				)
			})?;
		}
		let page = dashboard::page(self.page.as_deref())?;
		// Children look at the thread that started them: it must be this one.
		let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
		let result = runtime.block_on(async {
			let mut stop = Stop::new()?;
			let place = match &self.base_path {
				Some(path) => Place::kept(path)?,
				None => Place::passing()?,
			};
			let mut running = Running::default();
			let result = tokio::select! {
				result = self.network(place.path(), &node, &worker, page, &mut running) => result,
				() = stop.asked() => Ok(()),
			};
			if !self.json {
				eprintln!("\nStopping …");
			}
			tokio::select! {
				() = running.stop() => {}
				// Who says so twice does not want to wait; what is left dies with us.
				() = stop.asked() => {}
			}
			drop(running);
			result.and(place.leave().await)
		});
		runtime.shutdown_background();
		result
	}

	/// Starts everything, and says what happens. Returns only if something fails.
	async fn network(
		&self,
		place: &Path,
		node: &Path,
		worker: &Path,
		page: Option<PathBuf>,
		running: &mut Running,
	) -> Result<()> {
		let listener = match self.dashboard_port {
			Some(port) => dashboard::listen(port).await.context("choose another one with --dashboard-port")?,
			None => match dashboard::listen(PORT).await {
				Ok(listener) => listener,
				Err(_) => dashboard::listen(0).await?,
			},
		};
		let logs = self.log.clone().unwrap_or_else(|| place.join("logs"));
		std::fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
		self.say("Starting a node …");
		let (lines, said) = mpsc::unbounded_channel();
		running.node = Some(self.start_node(node, place, &logs, lines).await?);
		let made = async {
			if self.no_services {
				return Ok(Vec::new());
			}
			tokio::task::spawn_blocking(services::make).await?
		};
		let begun = async { tokio::try_join!(self.url(said), self.parties(place), made) };
		let (url, parties, made) = tokio::select! {
			begun = begun => begun?,
			error = running.ended() => return Err(error),
		};
		let chain = Chain::connect(std::slice::from_ref(&url), None).await?;
		let spec = spec::of_development(&chain, node).await?;
		let site = Site { page, node: url.clone(), chain: chain.request("system_chain", &[]).await?, spec };
		let door = dashboard::of_development(place, &chain.genesis(), listener, site).await?;
		self.say("Locks, keys, devices and services …");
		let publisher = Sender::new(party::key(PUBLISHER)?);
		let folder = place.join(PUBLISHER.to_lowercase());
		std::fs::create_dir_all(&folder)?;
		let (store, _) = party::open_store(&folder.join("listen"), folder.join("store")).await?;
		for service in &made {
			service.serve(&store).await?;
		}
		let numbers = setup::introduce(&chain, &parties, &made, self.width, &publisher, &store).await?;
		self.say("Workers …");
		for (party, device) in parties.iter().zip(&numbers.devices) {
			let config =
				party.configure(&url, *device, &numbers.of(party, &made), &process::itself()?, self.threads())?;
			let arguments = ["start".into(), "--config".into(), config.into_os_string()];
			let honest = [(lie::HONEST, worker.as_os_str().to_owned())];
			let log = logs.join(format!("{}.log", party.name.to_lowercase()));
			let name = format!("the worker of {}", party.name);
			running.workers.push(Process::start(&name, worker, &arguments, &honest, log, None).await?);
		}
		let follow = async {
			setup::equip(&chain, &parties, &made, &numbers).await?;
			online(&chain, &parties, &numbers).await?;
			self.ready(place, &logs, &url, &chain, &door, &parties, &made, &numbers)?;
			self.follow(&url, chain.genesis(), &parties, &numbers).await
		};
		let result = tokio::select! {
			result = follow => result,
			error = running.ended() => Err(error),
		};
		store.close().await;
		door.close().await;
		result
	}

	fn say(&self, what: &str) {
		if !self.json {
			eprintln!("{what}");
		}
	}

	/// Cores that a worker may take for each job.
	fn threads(&self) -> usize {
		let cores = std::thread::available_parallelism().map_or(1, usize::from);
		cores.checked_div(usize::from(self.providers).saturating_add(1)).unwrap_or_default().max(1)
	}

	async fn start_node(
		&self,
		node: &Path,
		place: &Path,
		logs: &Path,
		lines: mpsc::UnboundedSender<String>,
	) -> Result<Process> {
		let mut arguments: Vec<OsString> =
			["--dev", "--no-prometheus", "--no-mdns", "--listen-addr", LISTENS, "--rpc-port"].map(Into::into).into();
		arguments.extend([self.port.to_string().into(), "--base-path".into(), place.join("node").into_os_string()]);
		// Beginning a network once more is faster.
		if let Some(platform) = directories::ProjectDirs::from("", "", "ogpu") {
			arguments.extend(["--wasm-cache".into(), platform.cache_dir().join("runtimes").into_os_string()]);
		}
		Process::start("the node", node, &arguments, &[], logs.join("node.log"), Some(lines)).await
	}

	/// Where the node answers, as it says.
	async fn url(&self, mut said: mpsc::UnboundedReceiver<String>) -> Result<String> {
		let heard = async {
			while let Some(line) = said.recv().await {
				if let Some((_, addresses)) = line.split_once(ANSWERS) {
					return addresses.split(',').next().unwrap_or_default().trim().to_owned();
				}
			}
			// It says nothing any more because it has ended, and whoever waits for that says why.
			std::future::pending().await
		};
		let address = tokio::time::timeout(PATIENCE, heard).await;
		let address =
			address.context("the node did not say where it answers; its log says more (--log DIR keeps it)")?;
		let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
		ensure!(
			self.port == 0 || port == Some(self.port),
			"the node answers at {address}, since port {} is taken; choose another one with --port",
			self.port
		);
		Ok(format!("ws://{address}"))
	}

	async fn parties(&self, place: &Path) -> Result<Vec<Party>> {
		let mut parties = Vec::new();
		for (number, name) in (0..self.providers).zip(PROVIDERS) {
			let is_dishonest = self.dishonest && number.saturating_add(1) == self.providers;
			parties.push(Party::new(name, Role::Provider { number, is_dishonest }, place).await?);
		}
		parties.push(Party::new(VERIFIER, Role::Verifier, place).await?);
		Ok(parties)
	}

	/// Says that all is ready, and what to try.
	#[allow(clippy::too_many_arguments, reason = "all that is known is said here")]
	fn ready(
		&self,
		place: &Path,
		logs: &Path,
		url: &str,
		chain: &Chain,
		door: &Door,
		parties: &[Party],
		made: &[Made],
		numbers: &Numbers,
	) -> Result<()> {
		let services = || made.iter().map(|service| service.kind).zip(&numbers.services);
		if self.json {
			let parties = parties.iter().zip(&numbers.devices).map(|(party, device)| {
				serde_json::json!({
					"name": party.name,
					"account": party.address(),
					"role": if party.is_provider() { "provider" } else { "verifier" },
					"dishonest": party.is_dishonest(),
					"device": device,
					"endpoint": party.endpoint,
					"folder": party.folder,
				})
			});
			let clients = CLIENTS.map(|name| {
				let account = party::key(name).map(|key| address(&key.public_key().0)).unwrap_or_default();
				serde_json::json!({ "name": name, "account": account })
			});
			let services = services().map(|(kind, id)| serde_json::json!({ "id": id, "kind": kind }));
			let line = serde_json::json!({
				"ready": true,
				"node": url,
				"genesis": hex(&chain.genesis()),
				"folder": place,
				"logs": logs,
				"isKept": self.base_path.is_some(),
				"parties": parties.collect::<Vec<_>>(),
				"clients": clients,
				"services": services.collect::<Vec<_>>(),
				"dashboard": door.as_json(),
			});
			return print(&format!("{line}\n"));
		}
		let mut text =
			format!("\nReady. The node answers at {url} and {}\n{}\n\n", url.replacen("ws:", "http:", 1), door.text());
		for (party, device) in parties.iter().zip(&numbers.devices) {
			let what = match party.role {
				Role::Provider { is_dishonest: true, .. } => format!("provides with device {device}, and lies"),
				Role::Provider { .. } => format!("provides with device {device}"),
				Role::Verifier => "validates, and checks the others' work".into(),
			};
			text.push_str(&format!("  {:<8} {}  {what}\n", party.name, party.address()));
		}
		for name in CLIENTS {
			text.push_str(&format!(
				"  {name:<8} {}  is yours: --dev {}\n",
				address(&party::key(name)?.public_key().0),
				name.to_lowercase()
			));
		}
		let node = if self.port == 9944 { String::new() } else { format!(" --node {url}") };
		text.push_str("\nTry, in another terminal:\n\n");
		for (kind, id) in services() {
			let command = if kind == "embed" { "embed" } else { "ask" };
			text.push_str(&format!("  ogpu {command} {id} \"the cat\" --accept --dev dave{node}\n"));
		}
		text.push_str(&format!(
			"  ogpu train cli/examples/tiny-train.toml --data cli/examples/verses.txt --accept --dev dave -o model.safetensors{node}\n  \
			 ogpu serve cli/examples/tiny-generate.toml --model model.safetensors --dev dave{node}\n  \
			 ogpu provider bob{node}\n\n\
			 --accept waives the window for challenges, ten minutes for requests and a day for jobs.\n"
		));
		if !made.is_empty() {
			text.push_str("The services have tiny models, made a moment ago. They know nothing.\n");
		}
		if self.dishonest {
			text.push_str(
				"Who asks the service embed is almost always answered by the liar first: see what becomes of it.\n",
			);
		}
		let kept = if self.base_path.is_some() { "is kept" } else { "is gone when you stop it with Ctrl-C" };
		text.push_str(&format!("The network lies in {}, and {kept}. Logs: {}\n\n", place.display(), logs.display()));
		print(&text)
	}

	/// Says what happens, block by block, and has new services served.
	async fn follow(&self, url: &str, genesis: [u8; 32], parties: &[Party], numbers: &Numbers) -> Result<()> {
		let names = party::everybody()?.into_iter().map(|(account, name)| (account, name.to_owned()));
		let mut teller = Teller::new(names);
		let url = [url.to_owned()];
		let mut last = None;
		loop {
			let chain = Chain::connect(&url, Some(genesis)).await?;
			let mut heads = chain.heads().await?;
			while let Some(head) = heads.next().await {
				let Ok(head) = head else { break };
				let Head::Best { hash, number } = head else { continue };
				let told = last.unwrap_or(number);
				// Blocks between two heads have happened too.
				let mut blocks = vec![(hash, number)];
				while let Some((hash, number)) =
					blocks.last().copied().filter(|(_, number)| *number > told.saturating_add(1))
				{
					let Some(parent) = chain.parent(hash).await? else { break };
					blocks.push((parent, number.saturating_sub(1)));
				}
				for (hash, number) in blocks.into_iter().rev().filter(|(_, number)| *number > told) {
					if self.tell(&mut teller, &chain, hash, number).await? {
						setup::serve_all(&chain, parties, numbers, |reason| self.say(&reason)).await?;
					}
				}
				last = last.max(Some(number));
			}
		}
	}

	/// Says what happened in a block, and returns whether a service was published in it.
	async fn tell(&self, teller: &mut Teller, chain: &Chain, hash: [u8; 32], number: u32) -> Result<bool> {
		let mut is_published = false;
		for told in chain.at(hash).await?.told().await? {
			is_published |= told.name == "ServicePublished";
			let Some(line) = teller.line(&told) else { continue };
			if self.json {
				print(&format!("{}\n", line.json(number)))?;
			} else {
				print(&format!("block {number:>5}  {}\n", line.text))?;
			}
		}
		Ok(is_published)
	}
}

/// Waits until every device of a provider has shown itself.
async fn online(chain: &Chain, parties: &[Party], numbers: &Numbers) -> Result<()> {
	let mut heads = chain.heads().await?;
	loop {
		let at = chain.best().await?;
		let mut is_online = true;
		for (_, device) in parties.iter().zip(&numbers.devices).filter(|(party, _)| party.is_provider()) {
			let device = at.get(&state::DEVICES, (*device,)).await?;
			is_online &= device.is_some_and(|device| device.heartbeat.is_some());
		}
		if is_online {
			return Ok(());
		}
		heads.next().await.context("the node has closed the connection")??;
	}
}

/// What was started.
#[derive(Default)]
struct Running {
	node: Option<Process>,
	workers: Vec<Process>,
}

impl Running {
	fn all(&mut self) -> impl Iterator<Item = &mut Process> {
		self.workers.iter_mut().chain(&mut self.node)
	}

	/// Waits until one of them ends by itself.
	async fn ended(&mut self) -> anyhow::Error {
		select_all(self.all().map(|process| process.ended().boxed())).await.0
	}

	/// Workers first: they have something to say to the node.
	async fn stop(&mut self) {
		self.workers.iter().for_each(Process::stop);
		for worker in &mut self.workers {
			worker.stopped().await;
		}
		if let Some(node) = &mut self.node {
			node.stop();
			node.stopped().await;
		}
	}
}

/// What tells this process to stop.
struct Stop([tokio::signal::unix::Signal; 3]);

impl Stop {
	fn new() -> Result<Self> {
		let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
		let [interrupt, terminate, hangup] = kinds.map(signal);
		Ok(Self([interrupt?, terminate?, hangup?]))
	}

	async fn asked(&mut self) {
		select_all(self.0.iter_mut().map(|signal| signal.recv().boxed())).await;
	}
}

/// A program of this network: the one that was named, or beside this one, or on the PATH.
fn binary(name: &str, named: Option<&Path>, option: &str) -> Result<PathBuf> {
	if let Some(path) = named {
		ensure!(path.is_file(), "{option}: {} is no file", path.display());
		return Ok(path.canonicalize()?);
	}
	let beside = process::itself()?.with_file_name(name);
	let path = std::env::var_os("PATH").unwrap_or_default();
	let found = std::iter::once(beside).chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
	match found.into_iter().find(|path| path.is_file()) {
		Some(path) => Ok(path),
		None => bail!(
			"{name} is neither beside this program nor on the PATH. Build it in the repository with `make build`, or say \
			 where it is with {option}"
		),
	}
}
