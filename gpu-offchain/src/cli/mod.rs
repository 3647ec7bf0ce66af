//! The commands, one file each.

pub mod add;
pub mod bench;
#[cfg(feature = "network")]
pub mod fetch;
pub mod run;
pub mod selftest;
#[cfg(feature = "network")]
pub mod serve;
pub mod verify;

use anyhow::Result;
use ogpu_worker::{artifacts::Folder, limits};
use std::{
	io::{self, ErrorKind, Write},
	path::{Path, PathBuf},
};

/// Where artifacts are: by default in the folder `artifacts` beside the manifest.
fn artifacts(manifest: &Path, chosen: Option<&PathBuf>) -> Folder {
	Folder::new(chosen.cloned().unwrap_or_else(|| manifest.with_file_name("artifacts")))
}

fn read_manifest(path: &Path) -> Result<Vec<u8>> {
	Ok(ogpu_worker::artifacts::read_file(path, limits::MANIFEST_BYTES as u64)?)
}

/// Writes to stdout. That the reader has gone, as in `ogpu-worker … | head`, is no error.
fn print(text: &str) -> Result<()> {
	match io::stdout().write_all(text.as_bytes()) {
		Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
		result => Ok(result?),
	}
}
