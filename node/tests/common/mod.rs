//! Real node processes for tests: started, watched through their RPC, and gone when the test ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, dead_code)]

pub mod openrpc;
pub mod raw;

use anyhow::{bail, ensure, Context, Result};
use jsonrpsee::{
	core::client::{ClientT, Subscription, SubscriptionClientT},
	rpc_params,
	ws_client::{WsClient, WsClientBuilder},
};
use serde_json::Value;
use std::{
	future::Future,
	io::{BufRead, BufReader},
	path::{Path, PathBuf},
	process::{Child, Command, Output, Stdio},
	sync::mpsc,
	time::{Duration, SystemTime},
};

pub const NODE: &str = env!("CARGO_BIN_EXE_ogpu-node");

/// Nothing that a test waits for takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// Runs the node with arguments that make it end by itself.
pub fn run(args: &[&str]) -> Output {
	Command::new(NODE).args(args).output().expect("the node must start")
}

/// Runs the node with arguments that it must refuse, and returns its one line on stderr.
pub fn refusal(args: &[&str]) -> String {
	let output = run(args);
	let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(!output.status.success(), "the node must refuse {args:?}, but it said: {stderr}");
	let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("Error:")).collect();
	assert_eq!(errors.len(), 1, "one clear line for {args:?}, not: {stderr}");
	assert!(!stderr.contains("panicked"), "no panic for {args:?}: {stderr}");
	errors.first().unwrap().to_string()
}

/// The raw spec of the development chain, made once for each build of the node: that takes seconds.
fn development_spec() -> Result<PathBuf> {
	let built = std::fs::metadata(NODE)?.modified()?.duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
	let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("development-{built}.json"));
	if !path.exists() {
		// Other tests may write it as well: whoever is last puts the same there.
		let new = path.with_extension(std::process::id().to_string());
		let output =
			Command::new(NODE).args(["export-chain-spec", "--chain", "dev", "--raw", "--output"]).arg(&new).output()?;
		ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
		std::fs::rename(new, &path)?;
	}
	Ok(path)
}

/// A running node, killed when dropped.
pub struct Node {
	child: Child,
	pub name: String,
	pub url: String,
	pub client: WsClient,
}

impl Drop for Node {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

impl Node {
	/// Starts a node on ports of its own choice and waits until its RPC answers.
	pub async fn start(name: &str, args: &[&str]) -> Result<Self> {
		let mut command = Command::new(NODE);
		if args.contains(&"--dev") {
			command.arg("--chain").arg(development_spec()?);
		}
		let mut child = command
			.args(["--name", name, "--rpc-port", "0", "--port", "0", "--no-prometheus", "--no-mdns"])
			.args(["--wasm-cache", concat!(env!("CARGO_TARGET_TMPDIR"), "/runtimes")])
			.args(args)
			.stdout(Stdio::null())
			.stderr(Stdio::piped())
			.spawn()
			.context("the node must start")?;
		let stderr = child.stderr.take().context("stderr is piped")?;
		let (sender, receiver) = mpsc::channel();
		// Reads to the end, so that the node never blocks on a full pipe; the log is shown when a test fails.
		let label = name.to_owned();
		std::thread::spawn(move || {
			for line in BufReader::new(stderr).lines().map_while(std::result::Result::ok) {
				if let Some((_, rest)) = line.split_once("Running JSON-RPC server: addr=") {
					let _ = sender.send(rest.split(',').next().unwrap_or_default().to_owned());
				}
				println!("{label}: {line}");
			}
		});
		let address = receiver.recv_timeout(PATIENCE).with_context(|| format!("{name} did not open its RPC port"))?;
		let url = format!("ws://{address}");
		let client = WsClientBuilder::default().request_timeout(PATIENCE).build(&url).await?;
		Ok(Self { child, name: name.to_owned(), url, client })
	}

	/// Of its process.
	pub fn id(&self) -> u32 {
		self.child.id()
	}

	pub fn http_url(&self) -> String {
		self.url.replace("ws://", "http://")
	}

	/// Ends the process without a chance to clean up, as a crash does.
	pub fn kill(&mut self) {
		self.child.kill().expect("the node runs");
		self.child.wait().expect("the node ends");
	}

	/// Asks the process to stop, as an operator does, and returns how it ended.
	pub async fn stop(&mut self) -> Result<std::process::ExitStatus> {
		let pid = nix::unistd::Pid::from_raw(self.child.id().try_into()?);
		nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?;
		loop {
			if let Some(status) = self.child.try_wait()? {
				return Ok(status);
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
	}

	/// What a peer dials to reach this node.
	pub async fn address(&self) -> Result<String> {
		let addresses: Vec<String> = self.client.request("system_localListenAddresses", rpc_params![]).await?;
		addresses
			.into_iter()
			.find(|address| address.contains("/ip4/127.0.0.1/tcp/") && !address.contains("/ws"))
			.with_context(|| format!("{} listens on no TCP port of this machine", self.name))
	}

	pub async fn call<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: jsonrpsee::core::params::ArrayParams,
	) -> Result<T> {
		self.client.request(method, params).await.with_context(|| format!("{method} on {}", self.name))
	}

	pub async fn block_hash(&self, number: u32) -> Result<Option<String>> {
		self.call("chain_getBlockHash", rpc_params![number]).await
	}

	/// Waits until the node has finalised the block of this height, and returns its hash.
	pub async fn finalised(&self, height: u32) -> Result<String> {
		let wait = async {
			let mut heads = self.finalised_heads().await?;
			while let Some(head) = heads.next().await {
				if height_of(&head?)? >= height {
					return self.block_hash(height).await?.context("a final block has a hash");
				}
			}
			bail!("{} closed the subscription", self.name)
		};
		within(wait, &format!("{} must finalise block {height}", self.name)).await
	}

	pub async fn finalised_heads(&self) -> Result<Subscription<Value>> {
		let heads = self
			.client
			.subscribe("chain_subscribeFinalizedHeads", rpc_params![], "chain_unsubscribeFinalizedHeads")
			.await?;
		Ok(heads)
	}
}

pub fn height_of(header: &Value) -> Result<u32> {
	let number = header.get("number").and_then(Value::as_str).context("a header has a number")?;
	Ok(u32::from_str_radix(number.trim_start_matches("0x"), 16)?)
}

/// The result of `work`, or an error that says what was waited for.
pub async fn within<T>(work: impl Future<Output = Result<T>>, what: &str) -> Result<T> {
	tokio::time::timeout(PATIENCE, work).await.with_context(|| format!("not within {PATIENCE:?}: {what}"))?
}

pub fn path(path: &Path) -> &str {
	path.to_str().expect("test paths are UTF-8")
}
