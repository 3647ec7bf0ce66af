//! Files become artifacts.

use anyhow::{Context, Result};
use clap::Args;
use ogpu_worker::artifacts::{read_file, Folder, Store, MOST_BYTES};
use std::{path::PathBuf, process::ExitCode};

/// Put files among the artifacts, and print what manifests call them.
#[derive(Debug, Args)]
pub struct AddCmd {
	#[arg(required = true)]
	files: Vec<PathBuf>,
	/// The folder of artifacts.
	#[arg(long, default_value = "artifacts")]
	artifacts: PathBuf,
}

impl AddCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let store = Folder::new(&self.artifacts);
		for path in &self.files {
			let bytes = read_file(path, MOST_BYTES).with_context(|| path.display().to_string())?;
			let artifact = store.put(&bytes)?;
			super::print(&format!(
				"# {}\n{{ hash = \"{}\", bytes = {} }}\n",
				path.display(),
				artifact.hash,
				artifact.bytes
			))?;
		}
		Ok(ExitCode::SUCCESS)
	}
}
