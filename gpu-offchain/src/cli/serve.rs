//! Files are served to whoever asks, without a chain.

use super::fetch::name;
use anyhow::{Context, Result};
use clap::Args;
use ogpu_worker::store::{Settings, Store};
use std::{
	net::SocketAddr,
	path::PathBuf,
	process::ExitCode,
	time::{Duration, SystemTime},
};
use tokio::signal::unix::{signal, SignalKind};

/// Whoever serves keeps what it serves under this name.
const OWNER: [u8; 32] = *b"ogpu-worker serve, by hand      ";

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Serve files, and what is in the store already, until Ctrl-C. Prints the endpoint and what the files are called.
#[derive(Debug, Args)]
pub struct ServeCmd {
	/// Files to add first; they are copied, so they may change or go.
	files: Vec<PathBuf>,
	/// The folder of the store.
	#[arg(long, default_value = "store")]
	store: PathBuf,
	/// Where to listen for peers (UDP).
	#[arg(long, default_value = "0.0.0.0:4071")]
	listen: SocketAddr,
	/// Addresses under which peers reach this machine, where it does not know them: behind a router, say.
	#[arg(long)]
	announce: Vec<SocketAddr>,
	/// Bytes that the store may take on disk.
	#[arg(long, default_value_t = 64 << 30)]
	quota: u64,
	/// The URL of a relay, for peers that cannot be reached directly; none by default.
	#[arg(long)]
	relay: Option<String>,
	/// At most so many bytes to all peers in a second.
	#[arg(long)]
	upload: Option<u64>,
	/// Print one JSON object a line.
	#[arg(long)]
	json: bool,
}

impl ServeCmd {
	pub fn run(&self) -> Result<ExitCode> {
		tokio::runtime::Runtime::new()?.block_on(self.serve())
	}

	async fn serve(&self) -> Result<ExitCode> {
		let mut settings = Settings::new(&self.store);
		settings.listen = self.listen;
		settings.announce = self.announce.clone();
		settings.quota_bytes = self.quota;
		settings.relay = self.relay.clone();
		settings.limits.bytes_per_second = self.upload;
		let store = Store::open(settings).await?;
		for path in &self.files {
			let artifact = store.add_file(path).await.with_context(|| path.display().to_string())?;
			store.keep(&artifact, OWNER, SystemTime::now() + A_YEAR).await?;
			if self.json {
				let line = serde_json::json!({ "file": path, "name": name(&artifact) });
				super::print(&format!("{line}\n"))?;
			} else {
				super::print(&format!("{}  {}\n", name(&artifact), path.display()))?;
			}
		}
		if self.json {
			super::print(&format!("{}\n", serde_json::json!({ "endpoint": store.endpoint().to_string() })))?;
		} else {
			super::print(&format!("serving at {}\n", store.endpoint()))?;
		}
		let mut terminate = signal(SignalKind::terminate())?;
		tokio::select! {
			interrupted = tokio::signal::ctrl_c() => interrupted?,
			_ = terminate.recv() => {}
		}
		let usage = store.usage();
		store.close().await;
		if self.json {
			super::print(&format!("{}\n", serde_json::json!({ "served_bytes": usage.served_bytes })))?;
		} else {
			super::print(&format!("\nserved {} bytes\n", usage.served_bytes))?;
		}
		Ok(ExitCode::SUCCESS)
	}
}
