//! What the node makes sure of before parity-db opens the files of a database.

use crate::error::refusal;
use polkadot_sdk::*;
use sc_cli::{Error, Result};
use sc_service::DatabaseSource;
use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, ErrorKind},
	panic,
	path::Path,
	process,
};

/// Refuses a database that is not there or that cannot be opened. Without this, a mistyped path makes a new one, a lost
/// `metadata` makes one over the old one, and other errors do not say which path they are about.
pub fn check(source: &DatabaseSource, may_create: bool) -> Result<()> {
	let Some(path) = source.path() else { return Ok(()) };
	if !path.join("metadata").exists() {
		if has_data(path).map_err(|error| unusable(path, error))? {
			return Err(refusal(format!(
				"the database at {} is damaged, its file `metadata` is missing: restore a backup, or remove it with \
				 purge-chain and sync again",
				path.display()
			)));
		}
		if !may_create {
			let path = path.display();
			return Err(refusal(format!("there is no database at {path}: check --chain and --base-path")));
		}
	}
	if let (true, Some(parent)) = (may_create, path.parent()) {
		fs::create_dir_all(parent).map_err(|error| unusable(path, error))?;
	}
	// Released at once: parity-db takes it itself.
	drop(lock(source)?);
	explain_panics(path);
	Ok(())
}

/// Takes the lock that a node holds while it runs; it is released when the file is dropped.
pub fn lock(source: &DatabaseSource) -> Result<Option<File>> {
	let Some(path) = source.path() else { return Ok(None) };
	let file = match OpenOptions::new().read(true).write(true).open(path.join("lock")) {
		Ok(file) => file,
		Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
		Err(error) => return Err(unusable(path, error)),
	};
	match file.try_lock() {
		Ok(()) => Ok(Some(file)),
		Err(TryLockError::WouldBlock) => {
			let path = path.display();
			Err(refusal(format!("the database at {path} is in use: a node is running on it, stop it first")))
		}
		Err(TryLockError::Error(error)) => Err(unusable(path, error)),
	}
}

fn unusable(path: &Path, error: io::Error) -> Error {
	refusal(format!("cannot open the database at {}: {error}", path.display()))
}

fn has_data(path: &Path) -> io::Result<bool> {
	let entries = match fs::read_dir(path) {
		Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
		entries => entries?,
	};
	for entry in entries {
		let name = entry?.file_name();
		if ["table_", "index_", "log"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
			return Ok(true);
		}
	}
	Ok(false)
}

/// parity-db notices a file that is missing or cut short only when it needs it, and then panics.
fn explain_panics(path: &Path) {
	let (path, other) = (path.to_path_buf(), panic::take_hook());
	panic::set_hook(Box::new(move |info| {
		let file = info.location().map(|location| location.file()).unwrap_or_default();
		if !file.contains("parity-db") && !file.contains("parity_db") {
			return other(info);
		}
		eprintln!(
			"Error: the database at {} cannot be read, a file of it is missing or damaged: restore a backup, or \
			 remove it with purge-chain and sync again ({})",
			path.display(),
			info.payload_as_str().unwrap_or_default()
		);
		process::exit(1);
	}));
}
