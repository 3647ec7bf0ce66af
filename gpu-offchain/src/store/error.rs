//! What can go wrong with the store, said so that someone can act on it.

use super::{Denial, Endpoint};
use crate::artifacts::Name;
use std::{fmt, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// What was given is not what it should be.
	#[error("{0}")]
	Invalid(String),
	#[error("artifact {0} is not here")]
	Missing(Name),
	/// The bytes on disk are no longer those of the name. They were removed.
	#[error("artifact {0} was damaged on disk and is removed: fetch it again, and check the disk")]
	Damaged(Name),
	#[error(
		"the quota of {quota} bytes leaves no room: {missing} bytes more are needed, and all that is here is kept for \
		 someone. Raise the quota, or wait until tasks are released"
	)]
	Quota { missing: u64, quota: u64 },
	#[error("the disk of {} is full: {missing} bytes more must be free", folder.display())]
	Disk { missing: u64, folder: PathBuf },
	#[error("the store {} is in use by {by}: give each process a folder of its own", folder.display())]
	InUse { folder: PathBuf, by: String },
	/// No source gave it, each for its own reason.
	#[error("no source gave artifact {name}: {}", Reasons(refusals))]
	Unfetched { name: Name, refusals: Vec<Refusal> },
	/// Whoever was asked about a work says nothing of it.
	#[error("{by} refuses to say: {denial}")]
	Denied { by: Endpoint, denial: Denial },
	#[error("{by} {reason}")]
	Unanswered { by: Endpoint, reason: String },
	/// Sealed to others, and nobody who was asked gives its key.
	#[error("nobody gave the key of sealed artifact {name}: {}", Reasons(refusals))]
	Locked { name: Name, refusals: Vec<Refusal> },
	/// Whoever has the key cannot open it either.
	#[error("not as it was sealed: {0}")]
	Sealed(&'static str),
	/// This machine failed.
	#[error(transparent)]
	Machine(#[from] anyhow::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// A source that was given up, and why.
#[derive(Clone, Debug)]
pub struct Refusal {
	pub source: Endpoint,
	pub reason: String,
}

impl fmt::Display for Refusal {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} {}", self.source, self.reason)
	}
}

struct Reasons<'a>(&'a [Refusal]);

impl fmt::Display for Reasons<'_> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		if self.0.is_empty() {
			return f.write_str("there was none to ask");
		}
		for (nth, refusal) in self.0.iter().enumerate() {
			write!(f, "{}{refusal}", if nth == 0 { "" } else { "; " })?;
		}
		Ok(())
	}
}

impl Error {
	pub(super) fn invalid(reason: impl fmt::Display) -> Self {
		Self::Invalid(reason.to_string())
	}

	/// Of errors that are not `std::error::Error`.
	pub(super) fn machine(reason: impl fmt::Display) -> Self {
		Self::Machine(anyhow::anyhow!("{reason:#}"))
	}
}

impl Error {
	/// The database of the store has stopped, as it does when it cannot write.
	pub(super) fn database(reason: impl fmt::Display) -> Self {
		Self::machine(format_args!(
			"the store's database has stopped ({reason}): see whether the disk is full or broken, and start again"
		))
	}
}

impl From<std::io::Error> for Error {
	fn from(error: std::io::Error) -> Self {
		Self::Machine(error.into())
	}
}

/// For the engine it matters only whether an artifact is there.
impl From<Error> for crate::error::Error {
	fn from(error: Error) -> Self {
		match error {
			Error::Missing(name) | Error::Damaged(name) => Self::Missing(name.to_string()),
			Error::Machine(error) => Self::Machine(error),
			other => Self::Machine(other.into()),
		}
	}
}
