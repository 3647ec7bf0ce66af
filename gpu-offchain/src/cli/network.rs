//! What the commands share that talk to the network.

use anyhow::{Context, Result};
use ogpu_worker::{
	agent::Keys,
	config::{Config, LogConfig},
};
use tokio::{
	runtime::Runtime,
	signal::unix::{signal, SignalKind},
	sync::mpsc,
};
use tracing_subscriber::EnvFilter;

/// Where the configuration is, if nobody says.
pub const CONFIG: &str = "/etc/ogpu-worker/config.toml";

pub fn runtime() -> Result<Runtime> {
	// Computing is done elsewhere: a few threads are enough.
	tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("the runtime")
}

pub fn keys(config: &Config) -> Result<Keys> {
	let operator = config.operator.as_ref().map(|source| source.load().context("[operator]"));
	Ok(Keys { worker: config.key.load().context("[key]")?, operator: operator.transpose()? })
}

/// Writes to stderr what happens.
pub fn log(config: &LogConfig) {
	let level = config.level.clone().or_else(|| std::env::var("RUST_LOG").ok());
	let filter = EnvFilter::new(level.as_deref().unwrap_or("warn,ogpu_worker=info"));
	let is_seen = std::io::IsTerminal::is_terminal(&std::io::stderr());
	let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_seen);
	if config.json {
		lines.json().init();
	} else {
		lines.with_target(false).init();
	}
}

/// Says each time when somebody wants this process to end. To be called where tasks are driven.
pub fn told_to_stop() -> Result<mpsc::Receiver<()>> {
	let (tell, told) = mpsc::channel(2);
	let mut interrupts = signal(SignalKind::interrupt()).context("SIGINT")?;
	let mut terminations = signal(SignalKind::terminate()).context("SIGTERM")?;
	tokio::spawn(async move {
		loop {
			tokio::select! {
				_ = interrupts.recv() => {}
				_ = terminations.recv() => {}
			}
			if tell.send(()).await.is_err() {
				return;
			}
		}
	});
	Ok(told)
}
