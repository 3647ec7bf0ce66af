//! How markets have results validated, and how validation sees the rest of the chain.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
pub use ogpu_protocol::record::Conclusion;
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
	/// Who pays for the work, and answers for its inputs.
	pub client: AccountId32,
	/// The operator whose lock is pinned for the task.
	pub provider: AccountId32,
	/// The provider's commitment to its root and its output, in round 0 of the task.
	pub commitment: H256,
	/// The hash of the manifest, which says what is computed. A benchmark has none.
	pub manifest: H256,
	/// The hash of what the first leaf begins from: the inputs of a request, or what was handed on to a part of a job.
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

/// What checking a task costs on average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checking {
	/// What the client pays for its class, whether or not its task is drawn.
	pub class: Balance,
	/// What the provider pays besides, out of its fee, because it is audited more often than the class asks.
	pub provider: Balance,
}

/// What markets ask for.
pub trait Validation {
	/// What checking costs on average. Only `provider`, `class`, `leaves`, `leaf_fee`, `fee` and `is_milestone` of the
	/// request count.
	fn checking(request: &Request) -> Checking;

	/// Whether a validation like this would be opened now, but for its seed and what is paid for checking.
	fn admits(request: &Request) -> DispatchResult;

	/// Opens the validation of a result that has just been committed to, and takes the fee for checking from what the
	/// payer has free: at least both parts of [`Self::checking`].
	fn open(request: Request, checking: Balance, payer: &AccountId32) -> DispatchResult;

	/// A provider could not fetch the inputs of its work, or they make no sense: a jury tries it on the first leaf. `fee`
	/// is what the provider has done until now; `commitment`, `secret` and `is_milestone` do not count. If the jury fails
	/// as well, the client pays that fee out of its lock.
	fn claim(request: Request) -> DispatchResult;

	/// So much of the fee has been paid before the verdict: it is what the client has spent, and the provider is not owed
	/// it again if the inputs are at fault.
	fn paid(task: H256, amount: Balance);

	/// What the last leaf of an open task handed on, once it was shown. Of a milestone it always is.
	fn carry(task: H256) -> Option<H256>;

	/// Another racer committed to another result: the task is audited in full, and if it is convicted this racer has
	/// found it out. If not, it pays for the additional audit. Only before the first block of the seed.
	fn alarm(task: H256, finder: &AccountId32) -> DispatchResult;
}

/// Public randomness, of which every author of a block has a share.
pub trait Seeds {
	/// The seed of a round from the authors of so many blocks from a height on, for a task or for anything with a name
	/// of its own.
	fn seed(from: BlockNumber, blocks: u32, name: &H256, round: u32) -> Result<H256, NoSeed>;

	/// The last block, by the network's clock, before such a seed can be known.
	fn due(from: BlockNumber, blocks: u32) -> BlockNumber;

	/// The first block of a seed for what follows on a deadline that has passed, whoever has it done when.
	fn after(due: BlockNumber) -> BlockNumber;
}

/// Why there is no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSeed {
	/// Its blocks have not all come.
	Early,
	/// What their authors added is not kept any more.
	Forgotten,
}

/// Deadlines of a market. They stand in the chain's one agenda, which does in each block as much as fits.
pub trait Deadlines {
	/// Has [`Market::step`] called once the network's clock is beyond `due`. The item is stored with this deadline, and
	/// [`Market::due`] says so.
	fn schedule(item: H256, due: BlockNumber);

	/// Takes that back.
	fn cancel(item: H256, due: BlockNumber);
}

/// What the agenda does when a deadline has passed.
pub trait Market {
	/// A validation ended that this market opened. Said once. Tasks of other markets are ignored.
	fn concluded(task: H256, conclusion: Conclusion);

	/// What `concluded` costs at most for this task; for one of another market, what it costs to see that.
	fn concluded_weight(task: H256) -> Weight;

	/// What `concluded` costs at most for any task.
	fn most_concluded_weight() -> Weight;

	/// When this item is due, if it is of this market and has a deadline.
	fn due(item: H256) -> Option<BlockNumber>;

	/// Does what is due of an item. The agenda has forgotten the deadline, which has passed.
	fn step(item: H256);

	/// What the next step of this item costs at most; of an item that is not of this market, what it costs to see that.
	fn step_weight(item: H256) -> Weight;

	/// What the dearest step of any item costs.
	fn most_step_weight() -> Weight;
}

impl Market for () {
	fn concluded(_: H256, _: Conclusion) {}

	fn concluded_weight(_: H256) -> Weight {
		Weight::zero()
	}

	fn most_concluded_weight() -> Weight {
		Weight::zero()
	}

	fn due(_: H256) -> Option<BlockNumber> {
		None
	}

	fn step(_: H256) {}

	fn step_weight(_: H256) -> Weight {
		Weight::zero()
	}

	fn most_step_weight() -> Weight {
		Weight::zero()
	}
}

impl<A: Market, B: Market> Market for (A, B) {
	fn concluded(task: H256, conclusion: Conclusion) {
		A::concluded(task, conclusion);
		B::concluded(task, conclusion);
	}

	fn concluded_weight(task: H256) -> Weight {
		A::concluded_weight(task).saturating_add(B::concluded_weight(task))
	}

	fn most_concluded_weight() -> Weight {
		A::most_concluded_weight().saturating_add(B::most_concluded_weight())
	}

	fn due(item: H256) -> Option<BlockNumber> {
		A::due(item).or_else(|| B::due(item))
	}

	fn step(item: H256) {
		if A::due(item).is_some() {
			A::step(item);
		} else {
			B::step(item);
		}
	}

	fn step_weight(item: H256) -> Weight {
		A::step_weight(item).saturating_add(B::step_weight(item))
	}

	fn most_step_weight() -> Weight {
		A::most_step_weight().saturating_add(B::most_step_weight())
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
