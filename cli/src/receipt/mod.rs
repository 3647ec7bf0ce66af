//! Receipts: whether a file proves that the chain has recorded what it says. Everything is computed here from the file and
//! from what the reader [trusts](Trust); nothing is asked of anybody. `docs/receipts.md` has the format and the steps.

mod chain;
mod error;
mod finality;
mod state;

pub use chain::{known, Chain, KNOWN, MOST_SPEC_BYTES};
pub use error::{Fault, Part, Refusal};
pub use finality::{Authorities, Signed};
pub use ogpu_protocol::{
	receipt::{Receipt, Since, MOST_BYTES},
	record::{Conclusion, Record},
};

use error::{tamed, At};
use ogpu_protocol::{
	receipt::{MOST_NAMES, VERSION},
	record::part_name,
};
use polkadot_sdk::{
	sp_core::{crypto::AccountId32, H256},
	sp_crypto_hashing::blake2_256,
	sp_runtime::traits::Header as _,
};
use state::State;
use std::collections::BTreeSet;

/// A job had no more validations than this.
const MOST_PARTS: u32 = 10_000;

/// What a reader of receipts takes for granted.
#[derive(Clone, Debug)]
pub enum Trust {
	/// Those who finalised the first block of this chain.
	Chain(Chain),
	/// The set with this [hash](Authorities::hash), which the receipt must begin with.
	Authorities(H256),
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
	pub genesis: H256,
	pub block: H256,
	pub number: u32,
	/// When the block was made, in milliseconds since 1970, by its author's clock.
	pub time: u64,
	/// Of how many changes of authorities it was followed.
	pub changes: usize,
	/// Who finalised the block.
	pub authorities: Authorities,
	pub signed: Signed,
	pub job: Option<H256>,
	/// The validations, and which of its job's they are.
	pub records: Vec<Entry>,
}

/// What the chain has recorded of a validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
	pub name: H256,
	/// The number among the validations of the job, for a receipt of a job.
	pub part: Option<u32>,
	pub record: Record<AccountId32>,
}

/// Reads a receipt. Nothing of it is true yet.
pub fn parse(file: &[u8]) -> Result<Receipt, Refusal> {
	if file.len() > MOST_BYTES {
		return Err(Refusal::TooLarge);
	}
	let receipt: Receipt = serde_json::from_slice(file).map_err(|error| Refusal::Format(tamed(&error)))?;
	if receipt.version != VERSION {
		return Err(Refusal::Version(receipt.version));
	}
	let names = receipt.names.len();
	if names == 0 || names > MOST_NAMES {
		return Err(Refusal::Names(names));
	}
	Ok(receipt)
}

/// Follows a receipt from what is trusted to the records, or says where it breaks.
pub fn verify(receipt: &Receipt, trust: &Trust) -> Result<Proven, Refusal> {
	let mut authorities = first(receipt, trust)?;
	let mut last = 0;
	for (number, change) in (1..).zip(&receipt.authorities) {
		let part = Part::Change(number);
		let header = finality::header(&change.header).at(part)?;
		let signatures = finality::justification(&change.justification).at(part)?;
		if *header.number() <= last {
			return Err(Fault::Backwards).at(part);
		}
		last = *header.number();
		authorities.finalises(&header, &signatures).at(part)?;
		authorities = authorities.next(&header).at(part)?;
	}
	let header = finality::header(&receipt.block.header).at(Part::Block)?;
	let signatures = finality::justification(&receipt.block.justification).at(Part::Block)?;
	if *header.number() <= last {
		return Err(Fault::Backwards).at(Part::Block);
	}
	let signed = authorities.finalises(&header, &signatures).at(Part::Block)?;

	let state = State::new(*header.state_root(), &receipt.state);
	let genesis = state.genesis()?;
	if genesis != receipt.genesis {
		return Err(Refusal::StateOfOther { genesis });
	}
	let parts = parts(receipt)?;
	let mut records = Vec::with_capacity(parts.len());
	for (name, part) in parts {
		records.push(Entry { name, part, record: state.record(name)? });
	}
	if receipt.job.is_some() {
		one_job(&records)?;
	}
	Ok(Proven {
		genesis,
		block: header.hash(),
		number: *header.number(),
		time: state.time()?,
		changes: receipt.authorities.len(),
		authorities,
		signed,
		job: receipt.job,
		records,
	})
}

/// The set that a receipt begins with, if it is the one that is trusted.
fn first(receipt: &Receipt, trust: &Trust) -> Result<Authorities, Refusal> {
	let since = match &receipt.since {
		Some(since) => Some(Authorities::read(since.set, &since.authorities).at(Part::Since)?),
		None => None,
	};
	match (trust, since) {
		(Trust::Chain(chain), _) if chain.genesis != receipt.genesis => {
			Err(Refusal::OtherChain { receipt: receipt.genesis, trusted: chain.genesis })
		}
		(Trust::Chain(chain), None) => Ok(chain.authorities.clone()),
		(Trust::Chain(chain), Some(since)) if since == chain.authorities => Ok(since),
		(Trust::Chain(_), Some(since)) => Err(Refusal::NotSinceGenesis { set: since.set, hash: since.hash() }),
		(Trust::Authorities(_), None) => Err(Refusal::SinceGenesis),
		(Trust::Authorities(hash), Some(since)) if since.hash() != *hash => {
			Err(Refusal::OtherAuthorities { hash: since.hash() })
		}
		(Trust::Authorities(_), Some(since)) => Ok(since),
	}
}

/// What a receipt is about, each once, and all of one job if it says so.
fn parts(receipt: &Receipt) -> Result<Vec<(H256, Option<u32>)>, Refusal> {
	let mut seen = BTreeSet::new();
	let mut numbers = 0..MOST_PARTS;
	receipt
		.names
		.iter()
		.map(|name| {
			if !seen.insert(*name) {
				return Err(Refusal::Twice { name: *name });
			}
			let Some(job) = &receipt.job else { return Ok((*name, None)) };
			let is_this = |number: &u32| part_name(blake2_256, job.as_fixed_bytes(), *number) == name.0;
			numbers.find(is_this).map(|number| (*name, Some(number))).ok_or(Refusal::NotOfJob { name: *name })
		})
		.collect()
}

/// Whether all records are of the same work.
fn one_job(records: &[Entry]) -> Result<(), Refusal> {
	let of = |entry: &Entry| (entry.record.client.clone(), entry.record.manifest);
	let first = records.first().map(of);
	match records.iter().find(|entry| Some(of(entry)) != first) {
		Some(other) => Err(Refusal::MixedJob { name: other.name }),
		None => Ok(()),
	}
}
