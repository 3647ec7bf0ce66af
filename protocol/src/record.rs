//! What the chain keeps of a validation that has ended, and where: enough to say what was computed, for whom, by whom, and
//! how well it was checked. [Receipts](crate::receipt) prove it to others.

use crate::{
	commitment::{Domain, Outcome},
	merkle::Hash,
	time::BlockNumber,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How a validation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Conclusion {
	/// Pay the provider. Nothing that was found or may still be found about it stands against it.
	Accepted,
	/// The result is right, but its provider was convicted of another one meanwhile. Refund the client, who keeps it.
	Forfeited,
	/// The result is wrong, or was not shown. Refund what is still held; what was spent is paid out of the bond.
	Convicted,
	/// Inputs are missing or invalid. Refund what is held; the provider is paid out of the client's lock.
	InputAtFault,
	/// Nobody knows. Refund the client and pay nobody.
	Void,
	/// The jury could fetch the inputs of which the provider claimed that they were missing or invalid. Nobody can tell
	/// who was not served, so both have paid half of the jury, and nothing else has changed.
	Unfounded,
}

/// What is left of a task when all is done.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Record<AccountId> {
	pub provider: AccountId,
	pub client: AccountId,
	/// BLAKE3 of the document that says what was to be computed.
	pub manifest: Hash,
	/// The inputs of a request, or what a part of a job begins from.
	pub start: Hash,
	/// What was computed, if it was shown.
	pub outcome: Option<Outcome>,
	pub conclusion: Conclusion,
	pub leaves: u32,
	/// How likely it was to be audited, and how many leaves then were.
	pub audit_billionths: u32,
	pub drawn: u32,
	pub juries: u32,
	/// How often jurors computed a leaf.
	pub executions: u32,
	/// The probability that a single wrong leaf would have been detected, and that one wrong leaf in ten would.
	pub detects_one_billionths: u32,
	pub detects_tenth_billionths: u32,
	/// When it ended, by the network's clock.
	pub closed: BlockNumber,
}

/// Begins the bytes that name a validation of a job, before the job's name and the number of the validation.
pub const PART: Domain = *b"ogpu/auction-run";

/// The name of a validation of a job. The first is number 0.
pub fn part_name(blake2_256: impl Fn(&[u8]) -> Hash, job: &Hash, number: u32) -> Hash {
	blake2_256(&[PART.as_slice(), job, &number.to_le_bytes()].concat())
}

/// Where in the state records lie: XX128 of `ResultValidation`, and of `Records`.
pub const RECORDS: [u8; 32] = [
	0x87, 0xb0, 0x1f, 0xae, 0x50, 0x00, 0x79, 0x25, 0x9b, 0x27, 0x90, 0xdf, 0xc2, 0xe8, 0xac, 0xdf, 0xbb, 0x8f, 0xcc,
	0x88, 0xc3, 0xda, 0x5b, 0xf1, 0x59, 0xc1, 0xe1, 0xa5, 0xf4, 0x6f, 0xe4, 0x32,
];

/// Where the hash of the first block lies: XX128 of `System`, and of `BlockHash`, XX64 of the number, and the number.
pub const GENESIS_HASH: [u8; 44] = [
	0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0xa4, 0x47, 0x04,
	0xb5, 0x68, 0xd2, 0x16, 0x67, 0x35, 0x6a, 0x5a, 0x05, 0x0c, 0x11, 0x87, 0x46, 0xb4, 0xde, 0xf2, 0x5c, 0xfd, 0xa6,
	0xef, 0x3a, 0x00, 0x00, 0x00, 0x00,
];

/// Where the time of a block lies, in milliseconds since 1970: XX128 of `Timestamp`, and of `Now`.
pub const TIME: [u8; 32] = [
	0xf0, 0xc3, 0x65, 0xc3, 0xcf, 0x59, 0xd6, 0x71, 0xeb, 0x72, 0xda, 0x0e, 0x7a, 0x41, 0x13, 0xc4, 0x9f, 0x1f, 0x05,
	0x15, 0xf4, 0x62, 0xcd, 0xcf, 0x84, 0xe0, 0xf1, 0xd6, 0x04, 0x5d, 0xfc, 0xbb,
];

/// Where the record of a task lies.
pub fn record_key(blake2_128: impl Fn(&[u8]) -> [u8; 16], task: &Hash) -> Vec<u8> {
	[RECORDS.as_slice(), &blake2_128(task), task].concat()
}
