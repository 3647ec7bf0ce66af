//! A receipt: one file that proves to anybody, without a node, what the chain has recorded of a validation. This is the
//! file alone; `docs/receipts.md` says what is in it and how it is checked, and the library `ogpu` checks it.

use crate::record::{record_key, GENESIS_HASH, TIME};
use alloc::vec::Vec;
use primitive_types::H256;
use serde::{Deserialize, Serialize};

/// The format that this is about.
pub const VERSION: u32 = 1;

/// Larger files are no receipts.
pub const MOST_BYTES: usize = 16 << 20;

/// No receipt is about more validations.
pub const MOST_NAMES: usize = 1_000;

/// The file. What was encoded by the chain stays so, as hexadecimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
	pub version: u32,
	/// The hash of the chain's first block.
	pub genesis: H256,
	/// The job whose parts the names are.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub job: Option<H256>,
	/// The validations that it is about.
	pub names: Vec<H256>,
	/// Who has to be trusted, if that is not who finalised the first block.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub since: Option<Since>,
	/// The blocks that change who finalises, in their order, up to the set that finalised `block`.
	pub authorities: Vec<Final>,
	/// The block in whose state the records are.
	pub block: Final,
	/// The nodes of its state that prove them, in any order.
	pub state: Vec<Bytes>,
}

/// A set of authorities to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
	/// Its number. The set of the first block is number 0.
	pub set: u64,
	/// Who is in it: public keys with their weights, as SCALE encodes GRANDPA's list.
	pub authorities: Bytes,
}

/// A block, and why it is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Final {
	/// As SCALE encodes it.
	pub header: Bytes,
	/// The signatures of the set, as SCALE encodes GRANDPA's justification of this very block.
	pub justification: Bytes,
}

/// Bytes that JSON carries as hexadecimal text with `0x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "impl_serde::serialize")] pub Vec<u8>);

impl Receipt {
	/// The same for readers who trust this set. `None` if the receipt does not reach it.
	pub fn since(mut self, since: Since) -> Option<Self> {
		let begun = self.since.as_ref().map_or(0, |before| before.set);
		let passed = usize::try_from(since.set.checked_sub(begun)?).ok()?;
		self.authorities = self.authorities.get(passed..)?.to_vec();
		self.since = Some(since);
		Some(self)
	}

	/// Where in the state of its block everything lies that the receipt of these validations must prove.
	pub fn keys(blake2_128: impl Fn(&[u8]) -> [u8; 16], names: &[H256]) -> Vec<Vec<u8>> {
		let records = names.iter().map(|name| record_key(&blake2_128, name.as_fixed_bytes()));
		[GENESIS_HASH.to_vec(), TIME.to_vec()].into_iter().chain(records).collect()
	}
}
