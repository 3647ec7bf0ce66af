//! The commands, one file each.

pub mod add;
pub mod bench;
#[cfg(feature = "network")]
pub mod check;
#[cfg(feature = "network")]
pub mod engine;
#[cfg(feature = "network")]
pub mod fetch;
#[cfg(feature = "network")]
pub mod init;
#[cfg(feature = "network")]
pub mod network;
#[cfg(feature = "network")]
pub mod operator;
pub mod run;
pub mod selftest;
#[cfg(feature = "network")]
pub mod serve;
#[cfg(feature = "network")]
pub mod start;
pub mod verify;

use anyhow::{Context, Result};
use ogpu_worker::{
	artifacts::{read_file, Artifact, Folder, Store, MOST_BYTES},
	limits,
};
use std::{
	io::{self, ErrorKind, Write},
	path::{Path, PathBuf},
};

/// Where artifacts are: by default in the folder `artifacts` beside the manifest.
fn artifacts(manifest: &Path, chosen: Option<&PathBuf>) -> Folder {
	Folder::new(chosen.cloned().unwrap_or_else(|| manifest.with_file_name("artifacts")))
}

/// The file with the inputs of a request, among the artifacts.
fn inputs(path: Option<&Path>, store: &Folder) -> Result<Option<Artifact>> {
	let Some(path) = path else { return Ok(None) };
	let bytes = read_file(path, MOST_BYTES).with_context(|| path.display().to_string())?;
	Ok(Some(store.put(&bytes)?))
}

fn read_manifest(path: &Path) -> Result<Vec<u8>> {
	Ok(read_file(path, limits::MANIFEST_BYTES as u64)?)
}

/// Writes to stdout. That the reader has gone, as in `ogpu-worker … | head`, is no error.
fn print(text: &str) -> Result<()> {
	match io::stdout().write_all(text.as_bytes()) {
		Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
		result => Ok(result?),
	}
}
