//! An artifact comes from peers, without a chain.

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ogpu_worker::{
	artifacts::Artifact,
	store::{Endpoint, Settings, Store},
};
use std::{
	net::SocketAddr,
	path::PathBuf,
	process::ExitCode,
	time::{Duration, Instant},
};

/// Fetch an artifact from peers, checked while it streams. If it is interrupted, the same command goes on where it was.
#[derive(Debug, Args)]
pub struct FetchCmd {
	/// What it is called: HASH:BYTES, as `ogpu-worker serve` prints it.
	#[arg(value_parser = artifact)]
	artifact: Artifact,
	/// The endpoints of peers that have it. From several it comes from all of them at once.
	#[arg(long, required = true, num_args = 1..)]
	from: Vec<Endpoint>,
	/// The file to write.
	#[arg(short, long)]
	output: PathBuf,
	/// The folder of the store.
	#[arg(long, default_value = "store")]
	store: PathBuf,
	/// Where to listen (UDP): some free port by default.
	#[arg(long, default_value = "0.0.0.0:0")]
	listen: SocketAddr,
	/// Bytes that the store may take on disk.
	#[arg(long, default_value_t = 64 << 30)]
	quota: u64,
	/// The URL of a relay, for peers that cannot be reached directly; none by default.
	#[arg(long)]
	relay: Option<String>,
	/// Print one JSON object a line: progress, and how it ended.
	#[arg(long)]
	json: bool,
}

pub fn name(artifact: &Artifact) -> String {
	format!("{}:{}", artifact.hash, artifact.bytes)
}

fn artifact(text: &str) -> Result<Artifact> {
	let (hash, bytes) = text.split_once(':').context("an artifact is called HASH:BYTES")?;
	Ok(Artifact { hash: hash.parse()?, bytes: bytes.parse().context("after the colon stands the size in bytes")? })
}

/// How often scripts hear of progress.
const EVERY: Duration = Duration::from_millis(200);

impl FetchCmd {
	pub fn run(&self) -> Result<ExitCode> {
		tokio::runtime::Runtime::new()?.block_on(self.fetch())
	}

	async fn fetch(&self) -> Result<ExitCode> {
		let mut settings = Settings::new(&self.store);
		settings.listen = self.listen;
		settings.quota_bytes = self.quota;
		settings.relay = self.relay.clone();
		let store = Store::open(settings).await?;
		let bar = ProgressBar::new(self.artifact.bytes);
		bar.set_draw_target(if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
		bar.set_style(ProgressStyle::with_template(
			"{wide_bar} {bytes} of {total_bytes} {binary_bytes_per_sec} {eta}",
		)?);
		let mut last = None::<Instant>;
		let mut told = Ok(());
		let fetched = store
			.fetch(&self.artifact, &self.from, |here| {
				bar.set_position(here);
				let is_due = last.is_none_or(|last| last.elapsed() >= EVERY);
				if self.json && is_due && told.is_ok() {
					last = Some(Instant::now());
					told = super::print(&format!("{}\n", serde_json::json!({ "bytes": here })));
				}
			})
			.await;
		bar.finish_and_clear();
		told?;
		let fetched = match fetched {
			Ok(fetched) => fetched,
			Err(error) => {
				store.close().await;
				return Err(error.into());
			}
		};
		for refusal in &fetched.refusals {
			eprintln!("{refusal}");
		}
		let exported = store.export(&self.artifact, &self.output).await;
		store.close().await;
		exported?;
		if self.json {
			let from: Vec<_> = fetched
				.from
				.iter()
				.map(|(source, bytes)| serde_json::json!({ "endpoint": source.to_string(), "bytes": bytes }))
				.collect();
			let refused: Vec<_> = fetched
				.refusals
				.iter()
				.map(|refusal| serde_json::json!({ "endpoint": refusal.source.to_string(), "reason": refusal.reason }))
				.collect();
			let line = serde_json::json!({
				"file": self.output, "had": fetched.had, "received": fetched.received(), "from": from, "refused": refused,
			});
			super::print(&format!("{line}\n"))?;
		} else {
			super::print(&format!(
				"{}: {} bytes, of which {} were here before\n",
				self.output.display(),
				self.artifact.bytes,
				fetched.had
			))?;
		}
		Ok(ExitCode::SUCCESS)
	}
}
