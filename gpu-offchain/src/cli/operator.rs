//! What an operator does with its own key, wherever that is safe.

use super::network;
use anyhow::{ensure, Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use ogpu_worker::{
	agent, chain,
	chain::{calls::operator as calls, state, types::DeviceKind, Chain, Sender},
	config::Config,
	keys::{self, KeySource},
	store::Store,
};
use std::{path::PathBuf, process::ExitCode};

/// Lock, authorise worker keys, register devices, join services, offer seats: what the operator's own key signs.
#[derive(Debug, Args)]
pub struct OperatorCmd {
	/// The file with the operator's key: JSON of polkadot.js, or a secret URI.
	#[arg(long)]
	key: PathBuf,
	/// The password of a JSON file, in a file of its own.
	#[arg(long)]
	password_file: Option<PathBuf>,
	/// The worker's configuration.
	#[arg(long, short, default_value = network::CONFIG)]
	config: PathBuf,
	#[command(subcommand)]
	what: What,
}

#[derive(Debug, Subcommand)]
enum What {
	/// Lock tokens, which answer for what the worker does.
	Lock {
		/// In OGPU.
		amount: f64,
	},
	/// Let the worker key of the configuration work for this operator, and give it something for fees.
	Authorise {
		/// What it is given, in OGPU.
		#[arg(long, default_value_t = 1.0)]
		fees: f64,
	},
	/// Register a device with the worker key and the endpoint of the configuration.
	Register {
		/// As people know it.
		name: String,
		#[arg(long)]
		kind: Kind,
		/// Its memory, in MB.
		#[arg(long)]
		memory_mb: u32,
	},
	/// Say anew where a device is and which key acts for it.
	Update { device: u32 },
	/// Serve a service with a device.
	Join { service: u32, device: u32 },
	/// Serve it no more.
	Leave { service: u32, device: u32 },
	/// Offer the seats of this validator.
	OfferSeats,
	/// Offer them no more.
	WithdrawSeats,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
	Cpu,
	Cuda,
	Metal,
	Rocm,
	Vulkan,
}

impl From<Kind> for DeviceKind {
	fn from(kind: Kind) -> Self {
		match kind {
			Kind::Cpu => Self::Cpu,
			Kind::Cuda => Self::Cuda,
			Kind::Metal => Self::Metal,
			Kind::Rocm => Self::Rocm,
			Kind::Vulkan => Self::Vulkan,
		}
	}
}

impl OperatorCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let config = Config::load(&self.config)?;
		let source = KeySource {
			file: Some(self.key.clone()),
			password_file: self.password_file.clone(),
			keystore: None,
			account: None,
		};
		let sender = Sender::new(source.load()?);
		network::runtime()?.block_on(self.act(&config, &sender))?;
		Ok(ExitCode::SUCCESS)
	}

	async fn act(&self, config: &Config, sender: &Sender) -> Result<()> {
		let chain = Chain::connect(&config.chain.nodes, config.genesis()?).await?;
		let send = async |call: chain::Call| -> Result<()> {
			sender.send_for_good(&chain, &call).await?;
			super::print(&format!("{call}: done\n"))
		};
		match &self.what {
			What::Lock { amount } => send(calls::lock(agent::plan::ogpu(*amount))).await,
			What::Authorise { fees } => {
				let worker = config.key.load().context("[key]")?;
				let account = worker.public_key().0;
				let consent = worker.sign(&keys::consent(&chain.genesis(), &sender.account())).0;
				send(calls::authorise_worker(&account, consent)).await?;
				let fees = agent::plan::ogpu(*fees);
				if fees > 0 {
					send(calls::transfer(&account, fees)).await?;
				}
				Ok(())
			}
			What::Register { name, kind, memory_mb } => {
				let (worker, endpoint) = described(config).await?;
				let kind = (*kind).into();
				let spec = calls::DeviceSpec { kind, name, memory_mb: *memory_mb, endpoint: &endpoint, worker };
				send(calls::register_device(&spec)).await?;
				let at = chain.last_final().await?;
				let record =
					at.get(&state::OPERATORS, (sender.account(),)).await?.context("the operator has no devices")?;
				let device = record.devices.iter().max().context("the operator has no devices")?;
				super::print(&format!("device {device}: put `id = {device}` under [[device]] in the configuration\n"))
			}
			What::Update { device } => {
				let (worker, endpoint) = described(config).await?;
				let record = chain.last_final().await?.get(&state::DEVICES, (*device,)).await?;
				let record = record.with_context(|| format!("there is no device {device}"))?;
				ensure!(record.operator == sender.account(), "device {device} is another operator's");
				let name = String::from_utf8(record.spec.name)?;
				let (kind, memory_mb) = (record.spec.kind, record.spec.memory_mb);
				let spec = calls::DeviceSpec { kind, name: &name, memory_mb, endpoint: &endpoint, worker };
				send(calls::update_device(*device, &spec)).await
			}
			What::Join { service, device } => send(calls::join(*service, *device)).await,
			What::Leave { service, device } => send(calls::leave(*service, *device)).await,
			What::OfferSeats => send(calls::offer_seats(1, None)).await,
			What::WithdrawSeats => send(calls::withdraw_seats()).await,
		}
	}
}

/// The worker's key, and where it will serve artifacts.
async fn described(config: &Config) -> Result<(chain::AccountId, String)> {
	let worker = config.key.load().context("[key]")?.public_key().0;
	let store = Store::open(agent::store_settings(config)).await?;
	let endpoint = store.endpoint().to_string();
	store.close().await;
	Ok((worker, endpoint))
}
