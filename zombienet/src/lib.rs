//! What the tests of this workspace share: networks of real processes, and the questions that they ask of the nodes.
//!
//! Every wait is for events of the node itself, ends far above the usual time, and then says what did not come and how
//! far the node is.
//!
//! - [`process`]: processes of people, which end with this one.
//! - [`chain`]: what the chain says.
//! - [`world`]: who works on a network, and for whom.
//! - [`chronicle`]: what has happened.
//! - [`checks`]: what must always be so.
//! - [`soak`]: all of it together, at random, for as long as one likes.

pub mod chain;
pub mod checks;
pub mod chronicle;
mod model;
pub mod process;
pub mod soak;
pub mod world;

use std::{
	env, fs,
	future::Future,
	os::unix::fs::symlink,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use anyhow::{anyhow, bail, ensure, Context, Result};
use tokio::time::timeout;
use zombienet_sdk::{
	subxt::{backend::legacy::LegacyRpcMethods, ext::subxt_rpcs::Error as RpcError, utils::H256, PolkadotConfig},
	AddNodeOptions, GlobalSettingsBuilder, LocalFileSystem, Network, NetworkConfig, NetworkConfigExt, NetworkNode,
};

/// How long any one event may take. Most come within a few blocks of three seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long any one step of a job may take: bids, work, audits and juries, block after block.
pub const LONGEST: Duration = Duration::from_secs(40 * 60);

/// Lines that a failed test shows of each node's log.
const LOG_TAIL_LINES: usize = 20;

/// Runs `test` on a fresh network as `file` describes it, and ends every process of it whatever comes out.
pub async fn with_network(file: &str, test: impl AsyncFnOnce(&mut TestNetwork) -> Result<()>) -> Result<()> {
	let node = node_binary()?;
	let dir = tempfile::Builder::new().prefix("ogpu-zombienet-").tempdir()?;
	let outcome = run(network_config(file, &node, dir.path())?, dir.path(), test).await;
	if outcome.is_err() {
		print_logs(dir.path());
	}
	outcome
}

async fn run(config: NetworkConfig, dir: &Path, test: impl AsyncFnOnce(&mut TestNetwork) -> Result<()>) -> Result<()> {
	// Where this fails, or a test panics, the processes die as the network is dropped.
	let start = Instant::now();
	let mut network = TestNetwork { nodes: config.spawn_native().await?, dir: dir.to_owned() };
	eprintln!("network started after {:.1?}", start.elapsed());
	let outcome = test(&mut network).await;
	let ended = network.nodes.destroy().await;
	outcome?;
	Ok(ended?)
}

/// A running network. It starts with four validators.
pub struct TestNetwork {
	nodes: Network<LocalFileSystem>,
	dir: PathBuf,
}

impl TestNetwork {
	/// The running node of that name.
	pub fn node(&self, name: &str) -> Result<Node> {
		Ok(Node(self.nodes.get_node(name)?.clone()))
	}

	/// Where all of it lies.
	pub fn dir(&self) -> &Path {
		&self.dir
	}

	/// The four validators, alice first.
	pub fn validators(&self) -> Result<[Node; 4]> {
		Ok([self.node("alice")?, self.node("bob")?, self.node("charlie")?, self.node("dave")?])
	}

	/// Adds a node without keys, which has only the chain spec, and starts it with `args`.
	pub async fn join(&mut self, name: &str, args: &[&str]) -> Result<Node> {
		let args = args.iter().map(|arg| (*arg).into()).collect();
		self.nodes.add_node(name, AddNodeOptions { args, ..Default::default() }).await?;
		self.node(name)
	}
}

/// The two ends of the chain that a node follows.
#[derive(Clone, Copy, Debug)]
pub enum Head {
	Best,
	Finalized,
}

/// One node of the network. Questions to a paused one wait until it is resumed.
#[derive(Clone)]
pub struct Node(NetworkNode);

impl Node {
	pub fn name(&self) -> &str {
		self.0.name()
	}

	/// Stops the process where it is, as a hung machine would, and sees that it does not answer any more.
	pub async fn pause(&self) -> Result<()> {
		self.0.pause().await?;
		ensure!(!self.0.is_responsive().await, "{} was paused and still answers", self.name());
		Ok(())
	}

	/// Where it answers.
	pub fn url(&self) -> &str {
		self.0.ws_uri()
	}

	/// Ends the process without a chance to clean up, and starts it again.
	pub async fn restart(&self) -> Result<()> {
		self.0.restart(None).await?;
		self.0.wait_until_is_up(PATIENCE.as_secs()).await
	}

	/// Lets the process go on.
	pub async fn resume(&self) -> Result<()> {
		self.0.resume().await
	}

	/// The height of the node's best or finalised block.
	pub async fn height(&self, head: Head) -> Result<u32> {
		let rpc = self.rpc().await?;
		let hash = match head {
			Head::Best => None,
			Head::Finalized => Some(rpc.chain_get_finalized_head().await?),
		};
		let header = rpc.chain_get_header(hash).await?;
		Ok(header.with_context(|| format!("{} has no header of its own {head:?} block", self.name()))?.number)
	}

	/// Waits until the node's best or finalised block is at `height` or above.
	pub async fn reach(&self, head: Head, height: u32) -> Result<()> {
		let arrival = async {
			let rpc = self.rpc().await?;
			let mut headers = match head {
				Head::Best => rpc.chain_subscribe_new_heads().await?,
				Head::Finalized => rpc.chain_subscribe_finalized_heads().await?,
			};
			while let Some(header) = headers.next().await {
				if header?.number >= height {
					return Ok(());
				}
			}
			bail!("{} ended the subscription to its blocks", self.name())
		};
		self.patiently(&format!("{head:?} block {height}"), arrival).await
	}

	/// Waits until a line of the node's log holds `text`.
	pub async fn log(&self, text: &str) -> Result<()> {
		self.patiently(&format!("log line {text:?}"), self.0.wait_log_line_count(text, false, 1)).await
	}

	/// The hashes of the node's blocks from genesis to `height`.
	pub async fn hashes_to(&self, height: u32) -> Result<Vec<H256>> {
		let rpc = self.rpc().await?;
		let mut hashes = Vec::new();
		for number in 0..=height {
			let hash = rpc.chain_get_block_hash(Some(number.into())).await?;
			hashes.push(hash.with_context(|| format!("{} has no block {number}", self.name()))?);
		}
		Ok(hashes)
	}

	/// Whether the node holds the state after the block `hash`.
	pub async fn has_state(&self, hash: H256) -> Result<bool> {
		// The version is read from the runtime's code, so from the state.
		match self.rpc().await?.state_get_runtime_version(Some(hash)).await {
			Ok(_) => Ok(true),
			Err(RpcError::User(_)) => Ok(false),
			Err(error) => Err(error.into()),
		}
	}

	async fn rpc(&self) -> Result<LegacyRpcMethods<PolkadotConfig>> {
		Ok(LegacyRpcMethods::new(self.0.rpc().await?))
	}

	async fn patiently<T>(&self, what: &str, event: impl Future<Output = Result<T>>) -> Result<T> {
		let start = Instant::now();
		let outcome = match timeout(PATIENCE, event).await {
			Ok(outcome) => outcome.with_context(|| format!("{}: waiting for {what}", self.name()))?,
			Err(_) => bail!("{}: no {what} within {PATIENCE:?}, {}", self.name(), self.standing().await),
		};
		// Seen only when the test fails, or with `--no-capture`.
		eprintln!("{}: {what} after {:.1?}", self.name(), start.elapsed());
		Ok(outcome)
	}

	async fn standing(&self) -> String {
		let heights = async { anyhow::Ok((self.height(Head::Best).await?, self.height(Head::Finalized).await?)) };
		match timeout(Duration::from_secs(5), heights).await {
			Ok(Ok((best, finalized))) => format!("it is at best block {best}, finalised {finalized}"),
			Ok(Err(error)) => format!("its RPC fails: {error:#}"),
			Err(_) => "it does not answer".into(),
		}
	}
}

/// The node to test: `OGPU_NODE`, or else `ogpu-node` in PATH.
pub fn node_binary() -> Result<PathBuf> {
	if let Some(node) = env::var_os("OGPU_NODE") {
		return fs::canonicalize(&node).with_context(|| format!("OGPU_NODE names no file: {node:?}"));
	}
	let path = env::var_os("PATH").unwrap_or_default();
	env::split_paths(&path)
		.find_map(|dir| dir.join("ogpu-node").canonicalize().ok())
		.context("there is no node to test: set OGPU_NODE to the ogpu-node binary, or put that into PATH")
}

/// The network that `file` describes, with `node` as its command and all data under `dir`.
fn network_config(file: &str, node: &Path, dir: &Path) -> Result<NetworkConfig> {
	// Zombienet splits commands at spaces, which the path of a checkout may hold.
	let command = dir.join("ogpu-node");
	symlink(node, &command)?;

	let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
	let adapted = shipped.replace("default_command = \"ogpu-node\"", &format!("default_command = {command:?}"));
	ensure!(adapted != shipped, "{file} does not name ogpu-node as its default_command");
	let adapted_file = dir.join(file);
	fs::write(&adapted_file, adapted)?;

	let settings = GlobalSettingsBuilder::new()
		.with_base_dir(dir)
		.with_network_spawn_timeout(300)
		.with_node_spawn_timeout(120)
		// Its watchdog would end the test process without a word when a node of a busy machine is slow to answer.
		.with_tear_down_on_failure(false)
		.build()
		.map_err(|errors| anyhow!("zombienet settings: {errors:?}"))?;
	NetworkConfig::load_from_toml_with_settings(&adapted_file.to_string_lossy(), &settings)
}

/// Shows how each node's log ends, since the directory goes away with the test.
fn print_logs(dir: &Path) {
	for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
		let name = entry.file_name();
		let log = entry.path().join(&name).with_extension("log");
		if let Ok(log) = fs::read_to_string(log) {
			let lines: Vec<_> = log.lines().collect();
			let tail = lines.iter().skip(lines.len().saturating_sub(LOG_TAIL_LINES));
			eprintln!("--- the log of {} ends:", name.to_string_lossy());
			tail.for_each(|line| eprintln!("{line}"));
		}
	}
}
