//! The golden vectors: for each area of the rules, inputs with their edges and what the rules make of them, so that
//! programs in other languages can show that they follow the same protocol.
//!
//! Every file is an object of a `description` and lists of cases, each with `in` and `out`. Bytes are hexadecimal after
//! `0x`, numbers of 32 bits are numbers, those of 64 and 128 bits are decimal strings, and `null` stands for `None`.
//! Where a hash is wanted, it is BLAKE2b-256, what the chain passes, but for the claims, which hash as Ethereum does.

mod audits;
mod hashing;
mod json;
mod lots;
mod market;
mod sums;

use blake2::{digest::consts::U32, Blake2b, Digest};
use json::{text, Json, ToJson};
use ogpu_protocol::{commitment::Domain, merkle::Hash, random::Stream};

/// Where the files are. Cargo says it when it runs a program: one in a target directory that clones share may have been
/// compiled in another of them.
pub fn folder() -> String {
	let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
	format!("{package}/vectors")
}

const NOTATION: &str =
	"Each case has what goes in and what must come out. Bytes are in hexadecimal, numbers of 64 and \
	128 bits decimal strings, null is a refusal or nothing. Hashes are BLAKE2b-256 unless said otherwise.";

/// Names and contents of all files.
pub fn files() -> Vec<(&'static str, String)> {
	[
		hashing::merkle(),
		hashing::claims(),
		hashing::commitment(),
		hashing::leaf(),
		lots::random(),
		lots::seats(),
		audits::audit(),
		audits::jury(),
		sums::math(),
		sums::emission(),
		sums::detection(),
		market::auction(),
		market::pool(),
		market::reputation(),
		market::slashing(),
	]
	.into_iter()
	.map(|area| (area.name, area.json().file()))
	.collect()
}

/// What becomes a file.
pub struct Area {
	name: &'static str,
	description: &'static str,
	sections: Vec<(&'static str, Vec<Json>)>,
}

impl Area {
	fn json(&self) -> Json {
		let description = text(&format!("{} {NOTATION}", self.description));
		let sections = self.sections.iter().map(|(name, cases)| (name.to_string(), cases.json()));
		Json::Object([("description".to_string(), description)].into_iter().chain(sections).collect())
	}
}

/// BLAKE2b-256.
fn blake2(bytes: &[u8]) -> Hash {
	Blake2b::<U32>::digest(bytes).into()
}

/// Any hash, the same every time.
fn any(what: &str) -> Hash {
	blake2(what.as_bytes())
}

/// Lots as the chain draws them.
fn stream(domain: &Domain, seed: &Hash) -> Stream<fn(&[u8]) -> Hash> {
	Stream::new(blake2, domain, seed)
}
