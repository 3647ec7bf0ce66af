//! What can go wrong for a client, said so that it knows what to do.

use crate::{address, format_ogpu, AccountId, Balance};
use ogpu_worker::{chain, store};

#[derive(Debug, thiserror::Error)]
pub enum Error {
	#[error(transparent)]
	Chain(chain::Error),
	#[error(transparent)]
	Store(#[from] store::Error),
	/// The manifest, or what it names, is nothing that may be run.
	#[error(transparent)]
	Work(#[from] ogpu_worker::error::Error),
	#[error("{0}")]
	Invalid(String),
	#[error("the chain knows no job, request or validation {0}, or it ended long ago; `ogpu status` lists yours")]
	UnknownTask(String),
	#[error("{what} belongs to {owner}, not to {you}: sign with its owner's key", owner = address(.owner), you = address(.you))]
	NotYours { what: String, owner: AccountId, you: AccountId },
	#[error(
		"{account} has {has} OGPU to spend, and this takes {needs}: {missing} are missing. Send it some, or ask for less",
		account = address(.account), has = format_ogpu(*.has), needs = format_ogpu(*.needs),
		missing = format_ogpu(.needs.saturating_sub(*.has))
	)]
	Poor { account: AccountId, has: Balance, needs: Balance },
	/// A lock answers for what a client has to supply.
	#[error(
		"your lock must answer for your inputs with {needs} OGPU more than it can: {missing} are to be locked. Say `ogpu \
		 lock {missing}`, or give this command --lock",
		needs = format_ogpu(*.missing), missing = format_ogpu(*.missing)
	)]
	LockTooSmall { missing: Balance },
	#[error("{task} was not accepted: {why}")]
	NotAccepted { task: String, why: String },
	/// The same node was one of another chain before.
	#[error(
		"{url} was a node of the chain with the genesis {was}, and is one of {is} now. If that is meant, remove {file}; \
		 what you asked on the other chain stays in its own folder"
	)]
	ChainChanged { url: String, was: String, is: String, file: String },
	#[error("nobody's key was given, and this needs one: --key FILE")]
	NoKey,
	#[error(transparent)]
	Machine(#[from] anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
	pub fn invalid(reason: impl std::fmt::Display) -> Self {
		Self::Invalid(reason.to_string())
	}

	/// Whether nobody answers who may answer later.
	pub fn is_of_connection(&self) -> bool {
		matches!(self, Self::Chain(chain::Error::Unreachable(_)))
	}

	/// Whether something was sent, and it is not known what became of it.
	pub fn is_lost(&self) -> bool {
		matches!(self, Self::Chain(chain::Error::Lost { .. }))
	}

	/// The code of a method's refusal, as in `docs/errors.md`.
	pub fn refusal(&self) -> Option<i32> {
		match self {
			Self::Chain(chain::Error::Refused { refusal, .. }) => Some(refusal.code),
			_ => None,
		}
	}
}

impl From<chain::Error> for Error {
	fn from(error: chain::Error) -> Self {
		match error {
			// Nothing of it is a worker's configuration here.
			chain::Error::OtherChain { url, expected, found } => Self::Invalid(format!(
				"{url} is a node of the chain with the genesis {found}, not {expected}: give a node of that chain with \
				 --node"
			)),
			chain::Error::Incompatible(reason) => Self::Invalid(format!(
				"this version of ogpu does not fit the chain's runtime: {reason}. Install the version that belongs to it"
			)),
			error => Self::Chain(error),
		}
	}
}

impl From<std::io::Error> for Error {
	fn from(error: std::io::Error) -> Self {
		Self::Machine(error.into())
	}
}
