//! The folder on the disk: whose it is, and what a process that was killed left in it.

use super::error::{Error, Result};
use crate::artifacts::Name;
use std::{
	fs,
	io::{ErrorKind, Read, Seek, SeekFrom, Write},
	os::unix::fs::OpenOptionsExt,
	path::{Path, PathBuf},
};

/// How files begin that are made here on their way elsewhere.
pub(super) const PASSING: &str = ".passing-";

/// Where iroh-blobs has the bytes of an artifact and its tree, if they are too large for its database.
pub(super) fn files(folder: &Path, name: &Name) -> (PathBuf, PathBuf) {
	let data = folder.join("data");
	(data.join(format!("{name}.data")), data.join(format!("{name}.obao4")))
}

/// Bytes that may still be written.
pub(super) fn free(folder: &Path) -> Result<u64> {
	let about = rustix::fs::statvfs(folder).map_err(std::io::Error::from)?;
	Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Takes the folder for this process, as long as the file that comes out is open.
pub(super) fn lock(folder: &Path) -> Result<fs::File> {
	let mut file = fs::OpenOptions::new()
		.read(true)
		.write(true)
		.create(true)
		.truncate(false)
		.mode(0o600)
		.open(folder.join("lock"))?;
	match file.try_lock() {
		Ok(()) => {
			file.set_len(0)?;
			write!(file, "process {}", std::process::id())?;
			Ok(file)
		}
		Err(fs::TryLockError::WouldBlock) => {
			let mut by = String::new();
			file.seek(SeekFrom::Start(0))?;
			file.take(64).read_to_string(&mut by)?;
			let by = if by.is_empty() { "another process".into() } else { by };
			Err(Error::InUse { folder: folder.to_owned(), by })
		}
		Err(fs::TryLockError::Error(error)) => Err(error.into()),
	}
}

/// A file on its way elsewhere.
pub(super) fn passing(folder: &Path) -> Result<tempfile::NamedTempFile> {
	Ok(tempfile::Builder::new().prefix(PASSING).tempfile_in(folder)?)
}

/// Removes copies that were under way.
pub(super) fn remove_temporary(folder: &Path) -> Result<()> {
	let temporary = folder.join("temp");
	let files = match fs::read_dir(&temporary) {
		Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
		files => files?,
	};
	for file in files {
		fs::remove_file(file?.path())?;
	}
	Ok(())
}

/// Removes files of artifacts of which the database does not know.
pub(super) fn remove_orphans(folder: &Path, is_known: impl Fn(&Name) -> bool) -> Result<()> {
	for file in fs::read_dir(folder.join("data"))? {
		let path = file?.path();
		let name = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<Name>().ok());
		if name.is_some_and(|name| !is_known(&name)) {
			fs::remove_file(path)?;
		}
	}
	Ok(())
}

/// Removes what was on its way elsewhere.
pub(super) fn remove_passing(folder: &Path) -> Result<()> {
	for file in fs::read_dir(folder)? {
		let path = file?.path();
		if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PASSING)) {
			fs::remove_file(path)?;
		}
	}
	Ok(())
}
