//! What a dishonest provider of `ogpu dev --dishonest` computes with.

use anyhow::{ensure, Context, Result};
use clap::Args;
use ogpu_worker::{agent::engine::JobFolder, artifacts::Name};
use std::{ffi::OsString, path::PathBuf, process::Command};

/// The variable that names the engine that does the work.
pub const HONEST: &str = "OGPU_DEV_HONEST_ENGINE";

/// Do the work in a folder rightly, and then say that each leaf put out something else. Started by a worker of
/// `ogpu dev --dishonest` in the place of its engine.
#[derive(Debug, Args)]
pub struct EngineCmd {
	folder: PathBuf,
}

impl EngineCmd {
	pub fn run(&self) -> Result<()> {
		let honest: OsString = std::env::var_os(HONEST).with_context(|| format!("{HONEST} names no engine"))?;
		// Its input is ours, so it ends when whoever started us does.
		let status = Command::new(&honest).arg("engine").arg(&self.folder).status();
		let status = status.with_context(|| PathBuf::from(&honest).display().to_string())?;
		ensure!(status.success(), "the engine ended with {status}");
		lie(&JobFolder::new(&self.folder))
	}
}

/// Changes what the leaves of a run put out. Checks of others' leaves stay right.
fn lie(folder: &JobFolder) -> Result<()> {
	let Some(mut saved) = folder.saved()? else { return Ok(()) };
	for [output, ..] in &mut saved.leaves {
		*output = Name::of(&output.0);
	}
	folder.write("progress.json", &serde_json::to_vec(&saved)?)
}
