//! The worker at work.

use super::network;
use anyhow::Result;
use clap::Args;
use ogpu_worker::agent;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Follow the chain, and do what the configuration says, until the process is told to stop.
#[derive(Debug, Args)]
pub struct StartCmd {
	#[arg(long, short, default_value = network::CONFIG)]
	config: PathBuf,
}

impl StartCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let config = ogpu_worker::config::Config::load(&self.config)?;
		network::log(&config.log);
		let keys = network::keys(&config)?;
		let runtime = network::runtime()?;
		let result = runtime.block_on(async { agent::run(config, keys, network::told_to_stop()?).await });
		// Engines end with the tasks that wait for them. Whoever is stopped does not wait for a disk.
		runtime.shutdown_timeout(Duration::from_secs(2));
		result?;
		Ok(ExitCode::SUCCESS)
	}
}
