//! What the worker starts for each job.

use anyhow::Result;
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Do what the order in a folder says. Started by the worker; ends with its input.
#[derive(Debug, Args)]
pub struct EngineCmd {
	folder: PathBuf,
}

impl EngineCmd {
	pub fn run(&self) -> Result<ExitCode> {
		ogpu_worker::agent::engine::serve(&self.folder)?;
		Ok(ExitCode::SUCCESS)
	}
}
