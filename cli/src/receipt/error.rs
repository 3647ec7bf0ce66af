//! Why a receipt proves nothing, and which part of it is to blame.

use polkadot_sdk::sp_core::H256;
use std::fmt;
use thiserror::Error;

/// Why a receipt proves nothing.
#[derive(Debug, Error)]
pub enum Refusal {
	#[error("it is larger than 16 MiB; ask for one that was shortened with ogpu verify --shorten")]
	TooLarge,
	#[error("it is not a receipt: {0}")]
	Format(String),
	#[error("it has the format {0}, and this program knows format 1 alone; use a newer one")]
	Version(u32),
	#[error("it names {0} validations; a receipt names 1 to 1000")]
	Names(usize),
	#[error("it names the validation {name:?} twice")]
	Twice { name: H256 },
	#[error("it is of the chain with the genesis {receipt:?}, and what you trust is {trusted:?}")]
	OtherChain { receipt: H256, trusted: H256 },
	#[error(
		"it begins with set {set} of authorities, not with the chain's first; if you know from elsewhere that the hash of \
		 that set is {hash:?}, say --authorities {hash:?}, otherwise ask a node for a whole one"
	)]
	NotSinceGenesis { set: u64, hash: H256 },
	#[error("it does not say with which set of authorities it begins; name its chain with --chain instead")]
	SinceGenesis,
	#[error("it begins with authorities whose hash is {hash:?}, which are not those that you trust")]
	OtherAuthorities { hash: H256 },
	#[error("{part} {fault}")]
	Chain { part: Part, fault: Fault },
	#[error("the state is of a block of another chain, with the genesis {genesis:?}")]
	StateOfOther { genesis: H256 },
	#[error("the nodes of the state do not reach from the block to {what}; they were changed, or some are missing")]
	StateIncomplete { what: String },
	#[error("the state proves that the block has no {what}")]
	NotInState { what: String },
	#[error("{what} is encoded in a way that this program does not know; use a newer one")]
	Unreadable { what: String },
	#[error("{name:?} is no validation of the job that the receipt is about, or stands in the wrong place")]
	NotOfJob { name: H256 },
	#[error("the validation {name:?} has another client or manifest than the first of its job")]
	MixedJob { name: H256 },
}

/// A part of a receipt that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
	/// The set that it begins with.
	Since,
	/// A change of authorities; the first is number 1.
	Change(usize),
	/// The block with the records.
	Block,
}

impl fmt::Display for Part {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Since => write!(f, "the set of authorities that it begins with"),
			Self::Change(number) => write!(f, "the {} change of authorities", ordinal(*number)),
			Self::Block => write!(f, "the block"),
		}
	}
}

fn ordinal(number: usize) -> String {
	let ending = match (number % 100, number % 10) {
		(11..=13, _) => "th",
		(_, 1) => "st",
		(_, 2) => "nd",
		(_, 3) => "rd",
		_ => "th",
	};
	format!("{number}{ending}")
}

/// What is wrong with a signed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
	#[error("has a header that cannot be decoded")]
	Header,
	#[error("has a justification that cannot be decoded")]
	Justification,
	#[error("is not higher than what comes before it")]
	Backwards,
	#[error("has a justification of another block")]
	OtherBlock,
	#[error("carries more than two votes for each of the set before it")]
	TooMany,
	#[error("carries a vote of somebody who is not in the set before it")]
	Stranger,
	#[error("carries a vote whose signature is wrong")]
	Signature,
	#[error("carries a vote for a block that is not shown to follow it")]
	Elsewhere,
	#[error("carries a header that no vote needs")]
	Unneeded,
	#[error(
		"is not signed by two thirds of the set before it: the weight of its votes is {weight}, and {needed} is needed"
	)]
	TooFew { weight: u64, needed: u64 },
	#[error("changes nothing: its header names no new authorities")]
	NoChange,
	#[error("forces new authorities, without which nobody signed them; no receipt can lead across it")]
	Forced,
	#[error("changes authorities later than with its own block, which this chain never does")]
	Delayed,
	#[error("is no set that could sign anything: it is not encoded well, is empty, or its weights are too large")]
	NoSet,
}

/// What is wrong with a JSON that somebody else wrote, fit for a terminal.
pub(super) fn tamed(error: &serde_json::Error) -> String {
	error.to_string().chars().take(200).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Says where something is wrong.
pub(super) trait At<T> {
	fn at(self, part: Part) -> Result<T, Refusal>;
}

impl<T> At<T> for Result<T, Fault> {
	fn at(self, part: Part) -> Result<T, Refusal> {
		self.map_err(|fault| Refusal::Chain { part, fault })
	}
}
