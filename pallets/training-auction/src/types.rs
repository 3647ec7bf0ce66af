//! What is stored of a job.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use ogpu_protocol::{
	auction::{offer_of_the_rest, Award, Bid, Offer, Standing, Terms},
	class::Class,
	cost::{LeafCost, Work},
	slashing::Escrow,
	time::BlockNumber,
	token::Balance,
};
use ogpu_staking_trustlock::traits::{DeviceId, DeviceKind};
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::AccountId32;

/// What is sold. Prices of one kind say nothing about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Kind {
	Training,
	Rendering,
}

/// How sure a client wants to be; `docs/validation.md` says how sure each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Assurance {
	Economy,
	Standard,
	High,
	Assured,
}

impl Assurance {
	pub fn class(self) -> Class {
		match self {
			Self::Economy => Class::ECONOMY,
			Self::Standard => Class::STANDARD,
			Self::High => Class::HIGH,
			Self::Assured => Class::ASSURED,
		}
	}
}

/// What a device must be to be bid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Needs {
	/// `None` if any kind will do.
	pub kind: Option<DeviceKind>,
	pub memory_mb: u32,
	/// Multiply-adds in a block, as measured.
	pub work_per_block: Work,
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Spec {
	pub kind: Kind,
	/// The hash of the manifest.
	pub manifest: H256,
	/// The hash of what the manifest names as the opening of the first leaf.
	pub start: H256,
	pub leaves: u32,
	/// A milestone lies after every so many leaves; as many as there are leaves if there is none but the end.
	pub part_leaves: u32,
	/// What each leaf weighs, by the cost model and the shapes in the manifest. Verifiers hold it against the manifest.
	pub leaf: LeafCost,
	pub assurance: Assurance,
	/// Only seats of this capability check it.
	pub capability: u8,
	pub needs: Needs,
	/// What speed counts for against the price.
	pub speed_billionths: u32,
	/// For how long bids are taken.
	pub bidding_blocks: BlockNumber,
	/// The most that the client waits for the result, from the award on.
	pub longest_blocks: BlockNumber,
	/// How often the rest is sold anew after a provider failed and nobody stands by.
	pub reopens: u8,
}

/// A job is cut into parts, each of which is validated on its own: milestones, and the last one, which is the result.
impl Spec {
	pub fn parts(&self) -> u32 {
		self.leaves.div_ceil(self.part_leaves.max(1))
	}

	pub fn last_part(&self) -> u32 {
		self.parts().saturating_sub(1)
	}

	/// The leaves before a part: the number of its first leaf.
	pub fn leaves_before(&self, part: u32) -> u32 {
		part.saturating_mul(self.part_leaves).min(self.leaves)
	}

	/// The leaves of a part and of all that follow.
	pub fn leaves_from(&self, part: u32) -> u32 {
		self.leaves.saturating_sub(self.leaves_before(part))
	}

	pub fn leaves_of(&self, part: u32) -> u32 {
		self.leaves_before(part.saturating_add(1)).saturating_sub(self.leaves_before(part))
	}

	/// What so many leaves weigh.
	pub fn work_of(&self, leaves: u32) -> Work {
		self.leaf.work.saturating_mul(leaves.into())
	}
}

/// Where a job stands. Each stage but the last two ends at its deadline, never before; those two wait for validations,
/// which have deadlines of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Stage {
	/// Providers seal bids.
	Bidding,
	/// The authors of blocks make the seed that decides between equal bids.
	Drawing { seed_from: BlockNumber },
	/// Bids are revealed.
	Revealing { seed: H256 },
	/// Bids that are still sealed are fined, or given back if the client has cancelled, a part of them in each step.
	Counting,
	/// The work is offered to the winner, or to whoever stands by.
	Offered,
	/// The provider works.
	Working,
	/// The provider works no more: it claims that inputs are missing or invalid, and a jury looks for them.
	Claimed,
	/// Nothing more is committed: all is done, or the client cancelled, or the provider failed. What was committed is
	/// still being validated.
	Ending,
}

/// Why a provider's run ended early. The gravest counts: what others did excuses nobody.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Failure {
	/// A jury could not decide.
	Undecided,
	/// Inputs are missing or invalid.
	InputAtFault,
	/// It did not begin, or left, or let the deadline pass.
	Abandoned,
	/// It was convicted of other work while a result of this job waited for settlement.
	Forfeited,
	/// A result of this job was wrong, or was not shown.
	Convicted,
}

impl Failure {
	/// Whether its provider is not to blame: it is paid for what was verified, and nobody else gets the rest.
	pub fn is_excused(self) -> bool {
		matches!(self, Self::Undecided | Self::InputAtFault)
	}

	/// Whether its provider was convicted, so that nothing of it is paid any more.
	pub fn is_guilt(self) -> bool {
		matches!(self, Self::Forfeited | Self::Convicted)
	}
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum End {
	/// All of it was done.
	Settled,
	Cancelled,
	/// Nobody bid.
	Unsold,
	/// A provider failed, and nobody does the rest.
	Failed(Failure),
}

/// What a bidder seals, and then reveals.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct OfferRecord {
	pub price: Balance,
	/// How long the work takes, from the award to the result.
	pub eta_blocks: BlockNumber,
	/// The key of the device that will do it.
	pub worker: AccountId32,
}

impl From<&OfferRecord> for Offer {
	fn from(OfferRecord { price, eta_blocks, worker }: &OfferRecord) -> Self {
		Self { price: *price, eta_blocks: *eta_blocks, device: worker.clone().into() }
	}
}

/// A sealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SealedBid {
	pub commitment: H256,
	/// The bidder's score when it sealed the bid.
	pub reputation_billionths: u32,
	/// What is held for the record.
	pub deposit: Balance,
}

/// A bidder, and the device that it bids with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Bidder {
	pub operator: AccountId32,
	pub device: DeviceId,
}

/// What is known of a part to which a provider has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum PartState {
	/// It is being validated.
	Open,
	/// It is right, and handed this on.
	Verified {
		carry: H256,
	},
	Failed,
}

/// A part to which a provider has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PartRecord {
	/// Its validation.
	pub task: H256,
	/// When, by the network's clock.
	pub committed: BlockNumber,
	pub state: PartState,
}

/// The work of one provider on a job.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxParts))]
pub struct Run<MaxParts: Get<u32>> {
	/// The bid that it has to keep. Of whoever stood by: for the rest of the work.
	pub bid: Bid<Bidder>,
	pub terms: Terms,
	pub award: Award,
	/// It took over from another.
	pub is_substitute: bool,
	/// Another bid stood against it.
	pub is_contested: bool,
	/// The part with which it begins.
	pub first: u32,
	/// When it was offered the work: its promised time begins.
	pub since: BlockNumber,
	/// When the client waits no longer.
	pub deadline: BlockNumber,
	/// What was paid of its fee, and for checking in its place.
	pub released: Balance,
	/// The fee for a result at the pace at which verified parts came.
	pub on_course: Balance,
	/// All that the client paid during this run.
	pub spent: Balance,
	/// The parts to which it has committed, in their order.
	pub parts: BoundedVec<PartRecord, MaxParts>,
	/// Its open claim that inputs are missing or invalid.
	pub claim: Option<H256>,
	/// It makes one claim at most.
	pub has_claimed: bool,
	pub failure: Option<Failure>,
}

impl<MaxParts: Get<u32>> Run<MaxParts> {
	/// The part that comes next.
	pub fn next(&self) -> u32 {
		self.first.saturating_add(self.parts.len() as u32)
	}

	/// Whether nothing of it is being validated.
	pub fn is_idle(&self) -> bool {
		self.claim.is_none() && self.parts.iter().all(|part| part.state != PartState::Open)
	}

	/// When it committed last; before, when it was offered the work.
	pub fn last_committed(&self) -> BlockNumber {
		self.parts.last().map_or(self.since, |part| part.committed)
	}

	/// Its money, as far as rules decide over it.
	pub fn escrow(&self, held: Balance, bond: Balance) -> Escrow {
		Escrow { held, fee: self.award.fee, released: self.released, bond }
	}
}

/// A job that has not ended.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxParts))]
pub struct JobRecord<MaxParts: Get<u32>> {
	pub id: H256,
	pub client: AccountId32,
	pub spec: Spec,
	/// What a leaf takes the reference verifier.
	pub leaf_blocks: BlockNumber,
	/// What one check of a leaf pays.
	pub leaf_fee: Balance,
	/// What is held for the record.
	pub deposit: Balance,
	/// The most that the client pays for all of the work.
	pub budget: Balance,
	/// What is still held for work and checking.
	pub held: Balance,
	pub stage: Stage,
	/// The last block, by the network's clock, of the stage; none if it waits for validations.
	pub due: BlockNumber,
	pub is_cancelled: bool,
	/// How often it was sold anew.
	pub round: u32,
	pub terms: Terms,
	/// What every bid pins.
	pub bond: Balance,
	/// How many bids are sealed.
	pub sealed: u32,
	/// The best bid, until the work is offered.
	pub winner: Option<Bid<Bidder>>,
	/// The second best, as long as it may be offered the work.
	pub runner_up: Option<Bid<Bidder>>,
	/// The third best. Nobody is bound by it; it says what the runner-up would have been paid without the winner.
	pub third: Option<Bid<Bidder>>,
	/// How many validations it had.
	pub tasks: u32,
	/// The part from which on it was sold last.
	pub first: u32,
	/// How many parts are verified, in a row from the first.
	pub verified: u32,
	/// What they handed on.
	pub carry: H256,
	pub run: Option<Run<MaxParts>>,
}

impl<MaxParts: Get<u32>> JobRecord<MaxParts> {
	/// Whether it waits for its deadline and not for validations.
	pub fn has_deadline(&self) -> bool {
		self.due < BlockNumber::MAX
	}

	pub fn standing(&self) -> Standing<Bidder> {
		Standing { winner: self.winner.clone(), runner_up: self.runner_up.clone() }
	}

	/// The leaves that are not verified.
	pub fn left(&self) -> u32 {
		self.spec.leaves_from(self.verified)
	}

	/// What of a sum for so many leaves is for those that are left, and no more than this.
	pub fn of_the_rest(&self, sum: Balance, leaves: u32, most: Balance) -> Balance {
		offer_of_the_rest(sum, self.left().into(), leaves.into(), most).unwrap_or(0)
	}

	pub fn time_of_the_rest(&self, blocks: BlockNumber, leaves: u32) -> BlockNumber {
		BlockNumber::try_from(self.of_the_rest(blocks.into(), leaves, Balance::MAX)).unwrap_or(blocks)
	}
}

/// To what a validation belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct TaskRecord {
	pub job: H256,
	/// The number that its first leaf has in the job.
	pub first_leaf: u32,
}
