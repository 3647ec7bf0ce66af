//! The worker: follows the chain from block to block, does what there is to do, and earns by it.
//!
//! - [`view`]: what of the chain concerns it; [`kept`]: what of that it remembers from one block to the next.
//! - [`plan`]: what follows from that and from the journal. Nothing else decides.
//! - [`act`]: doing it. Commitments are written down before they are sent.
//! - [`alone`]: whether somebody else acts in its name.
//! - [`desk`]: what clients are told who ask.
//! - [`dispute`]: what of a rival's result cannot be right.
//! - [`earnings`]: what it was paid.
//! - [`proven`]: from what challenged leaves begin.
//! - [`lane`], [`engine`], [`library`]: computing, each job in a process of its own, with what it needs.

pub mod act;
pub mod alone;
pub mod desk;
pub mod dispute;
pub mod earnings;
pub mod engine;
pub mod kept;
pub mod lane;
pub mod library;
pub mod plan;
pub mod proven;
pub mod view;

use crate::{
	chain::{self, needs, state, types::DeviceId, Chain, Head, Settled},
	config::Config,
	journal::Journal,
	metrics::Metrics,
	store::{Endpoint, Key, Settings, Store},
};
use act::Agent;
use anyhow::{bail, ensure, Context, Result};
use futures::{FutureExt, StreamExt};
use lane::{Done, Lane, Means, Shop};
use library::Library;
use std::{
	path::{Path, PathBuf},
	sync::Arc,
	time::{Duration, Instant},
};
use subxt_signer::sr25519::Keypair;
use tokio::sync::{mpsc, watch};

/// Between two tries to find a node, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// A node that tells nothing for so long, five blocks, is left: openings are due within ten.
const SILENCE: Duration = Duration::from_secs(15);
/// How often GPUs are asked, and what is old is removed.
const CHORES: Duration = Duration::from_secs(15);

/// Keys that a worker holds.
pub struct Keys {
	pub worker: Keypair,
	/// Only where the operator accepts that.
	pub operator: Option<Keypair>,
}

/// How the store of a configuration is opened.
pub fn store_settings(config: &Config) -> Settings {
	let mut settings = Settings::new(config.data.join("store"));
	settings.listen = config.store.listen;
	settings.announce = config.store.announce.clone();
	settings.quota_bytes = (config.store.quota_gb * 1e9) as u64;
	settings.relay = config.store.relay.clone();
	settings
}

/// Runs until it is told to stop. Then it takes nothing new on, does what would be late by the next start, for as long as
/// `shutdown.patience_seconds` say, and ends; told once more, it ends at once. What is not finished goes on at the next start.
pub async fn run(config: Config, keys: Keys, told: mpsc::Receiver<()>) -> Result<()> {
	std::fs::create_dir_all(&config.data).with_context(|| config.data.display().to_string())?;
	let metrics = Metrics::new()?;
	if let Some(listen) = config.metrics.listen {
		let metrics = metrics.clone();
		tokio::spawn(async move {
			if let Err(error) = metrics.serve(listen).await {
				tracing::error!("no metrics: {error:#}");
			}
		});
	}
	let store = Store::open(store_settings(&config)).await?;
	tracing::info!(endpoint = %store.endpoint(), "artifacts are served");
	let result = {
		let (leave, leaving) = watch::channel(false);
		let patience = Duration::from_secs(config.shutdown.patience_seconds);
		let work = follow(&config, &keys, store.clone(), metrics, leaving);
		tokio::select! {
			result = work => result,
			() = stop(told, leave, patience) => Ok(()),
		}
	};
	if result.is_ok() {
		tracing::info!("stopped; what is not finished goes on at the next start");
	}
	store.close().await;
	result
}

/// Waits until this process must end, having told that it will.
async fn stop(mut told: mpsc::Receiver<()>, leave: watch::Sender<bool>, patience: Duration) {
	if told.recv().await.is_none() {
		// Whoever could tell is gone: it runs for ever.
		return std::future::pending().await;
	}
	leave.send_replace(true);
	tracing::info!("stopping: {} s at most for what cannot wait; told once more, at once", patience.as_secs());
	match tokio::time::timeout(patience, told.recv()).await {
		Ok(Some(())) => tracing::warn!("stopping at once"),
		// Nobody can tell once more.
		Ok(None) => tokio::time::sleep(patience).await,
		Err(_) => tracing::warn!("stopping, though something should have been done before"),
	}
}

/// Connects, again and again, and follows whichever node is there.
async fn follow(
	config: &Config,
	keys: &Keys,
	store: Store,
	metrics: Metrics,
	mut leaving: watch::Receiver<bool>,
) -> Result<()> {
	let (connected, chain) = watch::channel(None);
	let (done, mut ended) = mpsc::unbounded_channel();
	let library = Library::new(store, config.data.join("artifacts"))?;
	let serve = Duration::from_secs(u64::from(config.store.serve_hours).saturating_mul(3600));
	let shop = Shop::new(library, chain, config.data.join("jobs"), done, serve, metrics.clone());
	let mut genesis = config.genesis()?;
	let mut agent: Option<Agent> = None;
	let mut pause = PAUSES.0;
	let mut nodes = config.chain.nodes.clone();
	let mut settled = None;
	loop {
		if *leaving.borrow() && agent.as_ref().is_none_or(|agent| agent.urgent() == 0) {
			return Ok(());
		}
		let connecting = Chain::connect_after(&nodes, genesis, settled);
		let connected_to = tokio::select! {
			connected_to = connecting => connected_to,
			_ = leaving.changed() => continue,
		};
		match connected_to {
			Ok(chain) => {
				// From now on it is this one, whatever node answers.
				genesis = Some(chain.genesis());
				let agent = match &mut agent {
					Some(agent) => agent,
					None => agent.insert(begin(config, keys, &chain, &shop).await?),
				};
				connected.send_replace(Some(chain.clone()));
				pause = PAUSES.0;
				let end = session(agent, &chain, &mut ended, &metrics, &mut leaving, &mut settled).await;
				// Another one next time, if there is one: this one may answer, and know nothing new.
				if let Some(place) = nodes.iter().position(|node| node == chain.url()) {
					nodes.rotate_left(place.saturating_add(1));
				}
				match end {
					Ok(End::Left) => return Ok(()),
					Err(error) if !is_of_node(&error) => return Err(error),
					Err(error) => tracing::warn!(node = chain.url(), "lost the node: {error:#}"),
					Ok(End::Closed) => tracing::warn!(node = chain.url(), "the node has closed the connection"),
				}
				connected.send_replace(None);
				agent.forget_flights();
			}
			Err(error @ chain::Error::OtherChain { .. }) => return Err(error.into()),
			Err(error) => tracing::warn!("{error}; trying again in {pause:?}"),
		}
		tokio::select! {
			() = tokio::time::sleep(pause) => {}
			_ = leaving.changed() => {}
		}
		pause = pause.saturating_mul(2).min(PAUSES.1);
	}
}

/// Goes on after what this machine failed with, such as a full disk: another time it may do better. What the node failed
/// with is for whoever follows it.
fn bear(result: Result<()>) -> Result<()> {
	match result {
		Err(error) if error.downcast_ref::<chain::Error>().is_none() => {
			tracing::error!("{error:#}");
			Ok(())
		}
		result => result,
	}
}

/// Whether another connection may help.
fn is_of_node(error: &anyhow::Error) -> bool {
	match error.downcast_ref::<chain::Error>() {
		Some(chain::Error::Incompatible(_) | chain::Error::OtherChain { .. }) => false,
		Some(_) => true,
		None => false,
	}
}

/// Finds out for whom this key works, opens its journal, and starts its devices.
async fn begin(config: &Config, keys: &Keys, chain: &Chain, shop: &Shop) -> Result<Agent> {
	let at = chain.best().await?;
	let missing = needs::missing(&at);
	if !missing.is_empty() {
		return Err(chain::Error::Incompatible(missing.join("; ")).into());
	}
	let account = keys.worker.public_key().0;
	let operator = operator_of(&at, &account).await?;
	if let Some(key) = &keys.operator {
		ensure!(key.public_key().0 == operator, "the key in [operator] is not that of {}", chain::address(&operator));
	}
	for device in &config.devices {
		is_the_only_one(&at, device.id, config, shop.library.store().key()).await?;
	}
	let heartbeat_blocks = at.constant::<u32>("StakingTrustlock", "HeartbeatBlocks")?;
	let journal = Journal::open(&config.data.join("journal.redb"), &chain.genesis(), &account)?;
	tracing::info!(
		worker = chain::address(&account),
		operator = chain::address(&operator),
		node = chain.url(),
		"connected"
	);
	let binary = engine_binary(config)?;
	let mut lanes = std::collections::BTreeMap::new();
	for device in &config.devices {
		let means = Means {
			name: device.id.to_string(),
			engine: engine::Engine { binary: binary.clone(), memory_mb: device.memory_mb },
			device: device.engine.clone(),
			threads: device.threads,
		};
		lanes.insert(Some(device.id), Lane::start(means, shop.clone()));
	}
	if config.verifier.enabled {
		let means = Means {
			name: "verifier".into(),
			engine: engine::Engine { binary, memory_mb: config.verifier.memory_mb },
			device: config.verifier.engine.clone(),
			threads: config.verifier.threads,
		};
		lanes.insert(None, Lane::start(means, shop.clone()));
	}
	let watcher = view::Watcher::new(config, account, operator, heartbeat_blocks);
	let agent = Agent::new(config.clone(), keys, operator, Arc::new(journal), watcher, lanes, shop.clone())?;
	shop.library.store().open_desk(chain.genesis(), agent.desk());
	Ok(agent)
}

/// Refuses to work for a device for which the chain names another transport key: another worker may run with this key and a
/// data folder of its own, and what one of them has committed to, the other cannot reveal.
async fn is_the_only_one(at: &chain::At, device: DeviceId, config: &Config, own: Key) -> Result<()> {
	let registered = view::endpoint_of(at, device).await?.and_then(|text| text.parse::<Endpoint>().ok());
	ensure!(
		registered.is_none_or(|endpoint| endpoint.key() == own),
		"the chain says that device {device} answers with another transport key than the store in {} has. If another \
		 worker runs for it, leave it alone: two workers with one key commit to what the other cannot reveal. If this one \
		 has moved, bring its data folder along; if that is lost and nothing is open, say: ogpu-worker operator --key \
		 OPERATOR.key update {device}",
		config.data.display()
	);
	Ok(())
}

/// For whom a key works: the operator that authorised it, or itself.
pub async fn operator_of(at: &chain::At, account: &chain::AccountId) -> Result<chain::AccountId> {
	Ok(at.get(&state::WORKERS, (*account,)).await?.map_or(*account, |worker| worker.operator))
}

/// What is started to compute.
fn engine_binary(config: &Config) -> Result<PathBuf> {
	match &config.engine {
		Some(binary) => {
			ensure!(Path::new(binary).is_file(), "engine: {} is no file", binary.display());
			Ok(binary.clone())
		}
		// The file may be replaced while this process runs; what runs is still there.
		None if cfg!(target_os = "linux") => Ok(PathBuf::from(format!("/proc/{}/exe", std::process::id()))),
		None => std::env::current_exe().context("where this program is"),
	}
}

/// How following a node has ended.
enum End {
	/// It has closed the connection.
	Closed,
	/// There is nothing left to do before this process stops.
	Left,
}

/// Follows one node, until it is gone.
async fn session(
	agent: &mut Agent,
	chain: &Chain,
	ended: &mut mpsc::UnboundedReceiver<Done>,
	metrics: &Metrics,
	leaving: &mut watch::Receiver<bool>,
	settled: &mut Option<Settled>,
) -> Result<End> {
	let mut heads = chain.heads().await?;
	let mut last_final = chain.last_final().await?.number();
	let mut best = Some((chain.best().await?.hash(), Instant::now()));
	let mut chores = tokio::time::interval(CHORES);
	chores.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
	loop {
		if let Some((hash, arrived)) = best.take() {
			let at = chain.at(hash).await?;
			agent.look(chain, &at, last_final, arrived).await?;
			metrics.saw();
		}
		if *leaving.borrow() {
			agent.leave();
			if agent.urgent() == 0 {
				return Ok(End::Left);
			}
		}
		tokio::select! {
			head = tokio::time::timeout(SILENCE, heads.next()) => {
				let Ok(head) = head else {
					bail!(chain::Error::Unreachable(format!("no block for {SILENCE:?}")));
				};
				// On a busy machine several have come meanwhile: only the last one says what is to be done now.
				let mut next = Some(head);
				while let Some(head) = next {
					match head {
						None => return Ok(End::Closed),
						Some(head) => match head? {
							Head::Best { hash, .. } => best = Some((hash, Instant::now())),
							Head::Final { hash, number } => {
								last_final = last_final.max(number);
								if settled.is_none_or(|(before, _)| before < number) {
									*settled = Some((number, hash));
								}
							}
						},
					}
					next = heads.next().now_or_never();
				}
			},
			Some(done) = ended.recv() => bear(agent.ended(chain, done))?,
			_ = leaving.changed() => {}
			Some(landing) = agent.landing() => agent.note_landing(landing),
			_ = chores.tick() => {
				metrics.look_at_gpus();
				bear(agent.chores(chain).await)?;
			}
		}
	}
}
