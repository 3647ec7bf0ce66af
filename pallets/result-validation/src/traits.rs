//! How markets have results validated, and how validation sees the rest of the chain.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
use ogpu_protocol::{class::Class, phases::Sale, time::BlockNumber, token::Balance};
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::{AccountId32, DispatchResult};

/// A result that a market wants validated: who committed to what, what is at stake, and how sure it must be.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Request {
	/// Names the task in all pallets and all hashes. Never used twice.
	pub task: H256,
	pub client: AccountId32,
	/// The operator whose lock is pinned for the task.
	pub provider: AccountId32,
	/// Who answers for the inputs: the client, or the publisher of the service.
	pub supplier: AccountId32,
	/// The provider's commitment to its root and its output, in round 0 of the task.
	pub commitment: H256,
	/// The hash of what the manifest names as the opening of the first leaf.
	pub start: H256,
	pub leaves: u32,
	pub class: Class,
	/// Only seats of this capability are asked.
	pub capability: u8,
	/// What a leaf takes the class's reference verifier.
	pub leaf_blocks: BlockNumber,
	/// What one check of a leaf pays.
	pub leaf_fee: Balance,
	/// The whole fee for the work.
	pub fee: Balance,
	/// What of the client's money is no longer held by the market: it is what a convicted provider returns first.
	pub spent: Balance,
	pub sale: Sale,
	/// The first block whose author adds to the seed. Fixed when the work was given out: whoever can time a commitment
	/// could otherwise wait for friendly authors.
	pub seed_from: BlockNumber,
	/// The client's commitment to its share of the seed.
	pub secret: Option<H256>,
	/// Whether the last leaf is audited in any case.
	pub is_milestone: bool,
}

/// How a validation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Conclusion {
	/// Pay the provider. Nothing that was found or may still be found about it stands against it.
	Accepted,
	/// The result is right, but its provider was convicted of another one meanwhile. Refund the client, who keeps it.
	Forfeited,
	/// The result is wrong, or was not shown. Refund what is still held; what was spent is paid out of the bond.
	Convicted,
	/// Inputs are missing or invalid. Refund what is held; the provider is paid out of the supplier's lock.
	InputAtFault,
	/// Nobody knows. Refund the client and pay nobody.
	Void,
}

/// What markets ask for.
pub trait Validation {
	/// Opens the validation of a result that has just been committed to, and takes the fee for checking from the payer.
	fn open(request: Request, checking: Balance, payer: &AccountId32) -> DispatchResult;

	/// Another racer committed to another result: the task is audited in full, and if it is convicted this racer has
	/// found it out. If not, it pays for the additional audit. Only before the first block of the seed.
	fn alarm(task: H256, finder: &AccountId32) -> DispatchResult;
}

/// What is told to the market that opened a validation, once.
pub trait Market {
	fn concluded(task: H256, conclusion: Conclusion);

	/// What `concluded` costs at most.
	fn weight() -> Weight;
}

impl Market for () {
	fn concluded(_: H256, _: Conclusion) {}

	fn weight() -> Weight {
		Weight::zero()
	}
}

/// The stake that secures blocks, which also gives seats.
pub trait Stakes {
	/// The active validators and the stake behind each.
	fn active() -> Vec<(AccountId32, Balance)>;
}

/// Where served duty is rewarded.
pub trait Duty {
	/// For the session that ends: of a full quota, so many billionths to each.
	fn served(shares: Vec<(AccountId32, u32)>);
}

impl Duty for () {
	fn served(_: Vec<(AccountId32, u32)>) {}
}
