//! What the chain keeps of services and requests.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use ogpu_protocol::{
	class::Class,
	cost::{LeafCost, Work},
	pool::{Arrival, Market, Served},
	time::BlockNumber,
	token::Balance,
};
use ogpu_staking_trustlock::traits::{DeviceId, DeviceKind};
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::AccountId32;

/// Numbers a service.
pub type ServiceId = u32;

/// When a provider is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Delivery {
	/// When its result has been validated.
	Verified,
	/// At once. Its bond stands for the whole fee, and for this request alone.
	FirstResponse,
	/// When the client confirms. Silence confirms when the result has been validated, and to refuse it is to challenge a
	/// leaf of it. Its bond stands as with [`Self::FirstResponse`].
	Manual,
}

impl Delivery {
	/// Whether the provider may be paid before the verdict. No conviction voids that pay, so that one bond would not be
	/// enough for several requests, nor a bond that does not cover the fee.
	pub fn may_pay_early(self) -> bool {
		match self {
			Self::Verified => false,
			Self::FirstResponse | Self::Manual => true,
		}
	}
}

/// What a device must be to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Requirements {
	/// `None`: any.
	pub kind: Option<DeviceKind>,
	pub memory_mb: u32,
	/// Multiply-adds in a block, as measured.
	pub score: Work,
	/// What its operator's score must be.
	pub reputation_billionths: u32,
}

/// What a publisher may change. Requests keep the terms under which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Terms {
	/// The lowest price of a leaf.
	pub floor: Balance,
	pub class: Class,
	/// Which seats check.
	pub capability: u8,
	/// How many lots a race has.
	pub width: u32,
	pub delivery: Delivery,
	pub requirements: Requirements,
}

/// A published model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ServiceRecord {
	pub publisher: AccountId32,
	/// The hash of the manifest, which fixes everything that could change a result.
	pub manifest: H256,
	/// The declared shape of a leaf: no leaf of any request asks for more, since the software stops there. Its work is
	/// what one leaf of the price weighs.
	pub leaf: LeafCost,
	pub terms: Terms,
	pub market: Market,
	/// Devices that have joined.
	pub members: u32,
	/// Requests that have not ended.
	pub requests: u32,
	/// It takes no more requests, and goes when its last request has ended and its last member has left.
	pub is_retired: bool,
	/// What the publisher deposited for it.
	pub deposit: Balance,
}

/// A device that serves a service.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct MemberRecord {
	pub operator: AccountId32,
	/// What it really does between a draw and its commitment, in billions of multiply-adds in a block; `None` until it
	/// was seen.
	pub observed: Option<u64>,
	/// When and as how much it was counted last.
	pub served: Option<Served>,
	/// When it committed last, by the network's clock.
	pub committed: BlockNumber,
	/// How often it has declined since `declined_since`.
	pub declines: u32,
	pub declined_since: BlockNumber,
	/// Since when it is not drawn any more.
	pub left: Option<BlockNumber>,
	/// What its operator deposited for it.
	pub deposit: Balance,
}

/// A settled request, to compare prices with and to tell how long the next one may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Settlement {
	pub leaf_price: Balance,
	/// From the request until the commitment of its leader.
	pub matched_blocks: BlockNumber,
	/// When it was settled, by the network's clock.
	pub at: BlockNumber,
}

/// What a client asks of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Order {
	/// The hash of the inputs, which is what the first leaf begins from.
	pub inputs: H256,
	/// So many leaves at most. What is not used is refunded.
	pub ceiling_leaves: u32,
	/// Work before the first leaf, such as reading a prompt: counted as the leaves that it weighs.
	pub prompt_work: Work,
	/// The highest price of a leaf.
	pub max_price: Balance,
	/// How long a race stays open for commitments.
	pub window_blocks: BlockNumber,
	/// The client's commitment to its share of the seed of the validation.
	pub secret: Option<H256>,
}

/// Where a request stands. Each stage has a deadline of its own, or waits for a validation, which has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Stage {
	/// The authors of blocks make the seed that draws the racers.
	Drawing { seed_from: BlockNumber },
	/// Racers compute. It is due when the race closes, or when it is too late for ties with the first commitment.
	Racing,
	/// The result of the leader is being validated; `leader` is its place among the racers.
	Validating { leader: u32, is_paid: bool },
	/// So it is, and the client may confirm it.
	AwaitingConfirmation { leader: u32 },
	/// The result is right. Runners-up show that theirs is the same.
	Sharing { leader: u32, ending: Ending },
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Ending {
	/// The provider was paid.
	Settled,
	/// The client got its money back: nobody served it, or nobody earned it.
	Refunded,
	/// So it did, because a jury could not agree.
	Void,
}

/// What a racer has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Racing {
	/// It computes.
	Running,
	/// It declined, or its result could not be validated.
	Out,
	/// Its race closed before it had committed.
	Silent,
	/// It committed, to a result of so many leaves, in this block of the network's clock. It may have been at it since
	/// `since`: before, it was not drawn, or at something else.
	Committed { commitment: H256, leaves: u32, since: BlockNumber, block: BlockNumber },
	/// It showed that its result is the leader's, and was paid its part of the pot.
	Paid,
}

/// An operator that was drawn, with one of its devices.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RacerRecord {
	pub operator: AccountId32,
	pub device: DeviceId,
	/// How many of the race's lots fell on it.
	pub lots: u32,
	/// With which it was drawn.
	pub weight: u64,
	pub racing: Racing,
}

/// A race, as it was fixed when it was drawn.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RaceRecord {
	/// The place of its first racer; those before ran in earlier races.
	pub first: u32,
	/// When it was drawn, by the network's clock.
	pub drawn: BlockNumber,
	/// The last block for commitments, by the network's clock.
	pub closes: BlockNumber,
	/// The first block of the seed of the validation, whoever commits when.
	pub seed_from: BlockNumber,
}

/// A request that has not ended.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxRacers))]
pub struct RequestRecord<MaxRacers: Get<u32>> {
	pub service: ServiceId,
	pub client: AccountId32,
	pub order: Order,
	/// The terms of the service when it was made.
	pub terms: Terms,
	/// What a leaf of the price weighs.
	pub leaf_work: Work,
	/// What a leaf takes the reference verifier.
	pub leaf_blocks: BlockNumber,
	/// What one check of a leaf pays.
	pub leaf_fee: Balance,
	pub leaf_price: Balance,
	/// The leaves that the prompt counts as.
	pub prompt_leaves: u32,
	/// What each racer pins.
	pub bond: Balance,
	/// What the client pins, should its inputs not be there.
	pub client_bond: Balance,
	/// What is held of the client's balance, the deposit included.
	pub held: Balance,
	pub deposit: Balance,
	/// What the leader pays for being audited more often than the class asks.
	pub checking: Balance,
	/// When it was made, by the network's clock.
	pub made: BlockNumber,
	/// How many draws there were before.
	pub redraws: u32,
	pub race: RaceRecord,
	/// Those of this race by rank, after those of earlier races.
	pub racers: BoundedVec<RacerRecord, MaxRacers>,
	pub stage: Stage,
	/// The last block, by the network's clock, of the stage, unless it waits for a validation.
	pub due: BlockNumber,
}

impl<MaxRacers: Get<u32>> RequestRecord<MaxRacers> {
	/// What so many used leaves are charged as.
	pub fn charged_leaves(&self, leaves: u32) -> u32 {
		leaves.saturating_add(self.prompt_leaves)
	}

	/// Whether it waits for its own deadline, and not for a validation.
	pub fn has_deadline(&self) -> bool {
		!matches!(self.stage, Stage::Validating { .. } | Stage::AwaitingConfirmation { .. })
	}

	/// The racers of this race with their places, by rank.
	pub fn running(&self) -> impl Iterator<Item = (usize, &RacerRecord)> {
		self.racers.iter().enumerate().skip(self.race.first as usize)
	}

	/// Those who committed in this race.
	pub fn arrivals(&self) -> impl Iterator<Item = (usize, Arrival)> + '_ {
		self.running().zip(0u32..).filter_map(|((place, racer), rank)| match racer.racing {
			Racing::Committed { block, .. } => Some((place, Arrival { rank, block })),
			_ => None,
		})
	}
}
