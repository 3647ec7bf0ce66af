//! Why a job cannot be done.

use std::fmt;

/// Whose doing it is decides what a verifier votes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// The manifest, or what it names, is nothing that may be run.
	#[error("not allowed: {0}")]
	Invalid(String),
	/// An artifact that the manifest names is not here.
	#[error("artifact {0} is not here")]
	Missing(String),
	/// This machine failed, not the job.
	#[error(transparent)]
	Machine(#[from] anyhow::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
	pub fn invalid(reason: impl fmt::Display) -> Self {
		Self::Invalid(reason.to_string())
	}
}

/// Shapes are checked before kernels see them, so what candle refuses then comes from what the job brought.
impl From<candle_core::Error> for Error {
	fn from(error: candle_core::Error) -> Self {
		if is_of_device(&error) {
			Self::Machine(anyhow::anyhow!("the device failed: {error}"))
		} else {
			Self::invalid(error)
		}
	}
}

/// Whether a driver failed, or a GPU's memory is full.
fn is_of_device(error: &candle_core::Error) -> bool {
	use candle_core::Error;
	match error {
		Error::Cuda(_) | Error::Metal(_) => true,
		Error::Context { inner, .. } | Error::WithPath { inner, .. } | Error::WithBacktrace { inner, .. } => {
			is_of_device(inner)
		}
		_ => false,
	}
}

impl From<std::io::Error> for Error {
	fn from(error: std::io::Error) -> Self {
		Self::Machine(error.into())
	}
}

/// Refuses what does not hold.
pub fn ensure(holds: bool, reason: impl fmt::Display) -> Result<()> {
	if holds {
		Ok(())
	} else {
		Err(Error::invalid(reason))
	}
}
