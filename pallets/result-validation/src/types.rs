//! What the chain keeps of a validation.

use crate::{Conclusion, Request};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::Get, BoundedBTreeMap, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use ogpu_protocol::{
	commitment::{Audit, Finding, Outcome, Vote},
	cost::Work,
	jury::{Dispute, Verdict},
	record::Record,
	time::BlockNumber,
	token::Balance,
};
use ogpu_staking_trustlock::traits::DeviceId;
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::AccountId32;

/// Numbers a table of seats.
pub type TableId = u32;

/// Where a task stands. A phase ends when the agenda comes to its deadline, never before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Stage {
	/// The result is committed, and the authors of blocks make a seed.
	Sealed,
	/// The provider posts the openings of the drawn leaves.
	Opening,
	/// Auditors commit to what they found.
	Auditing,
	/// The authors of blocks make the seed that decides which leaves are audited twice.
	Doubling { seed_from: BlockNumber },
	/// The second auditors commit.
	AuditingTwice,
	/// The provider reveals its result and the drawn leaves.
	Revealing,
	/// Auditors reveal what they committed to.
	Comparing,
	/// A jury sits on a disputed leaf; those on the others follow. The next deadline is its.
	Judging { after_challenges: bool },
	/// Anyone may challenge a leaf.
	Challengeable,
	/// The challenged leaves are still to be shown.
	Answering,
	/// Nothing was found. The pay waits for other validations of the provider that were open meanwhile.
	Accepted,
	/// It has ended, and what was stored for it is being removed.
	Closing { conclusion: Conclusion },
}

/// A task that is being validated.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct TaskRecord {
	pub request: Request,
	/// The provider claims that its inputs are missing or invalid, and has no result.
	pub is_claim: bool,
	/// It is a benchmark, and if it is accepted this is the score.
	pub measures: Option<Measured>,
	/// Counts the validations of its provider.
	pub number: u64,
	pub stage: Stage,
	/// The last block, by the network's clock, of the stage.
	pub due: BlockNumber,
	/// The seats as they were when the validation was opened.
	pub table: TableId,
	/// How likely it was to be audited.
	pub audit_billionths: u32,
	/// Whose differing commitment calls for a full audit.
	pub alarmed_by: Option<AccountId32>,
	/// The client's share of the seed.
	pub secret: Option<H256>,
	/// By which its auditors were drawn.
	pub seed: H256,
	/// How many leaves were drawn.
	pub drawn: u32,
	/// How often silent auditors were replaced in this phase.
	pub redraws: u8,
	pub outcome: Option<Outcome>,
	/// What its last leaf handed on, once that was shown.
	pub carry: Option<H256>,
	/// What is left of the fee for checking.
	pub checking: Balance,
	/// What of the fee for the work was paid already.
	pub paid: Balance,
	pub challenges: u32,
	pub juries: u32,
	/// How often jurors computed a leaf.
	pub executions: u32,
	/// The provider showed another opening of a leaf than it had posted.
	pub is_contradicted: bool,
	/// Who challenged a leaf that was not drawn, rightly.
	pub found_by: Option<AccountId32>,
}

/// What is left of a task when all is done.
pub type ValidationRecord = Record<AccountId32>;

/// What a verifier said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Answer<T> {
	Silent,
	Committed(H256),
	Revealed(Finding<T>),
}

impl<T> Answer<T> {
	/// What it found, if it said so.
	pub fn finding(self) -> Option<Finding<T>> {
		match self {
			Self::Revealed(finding) => Some(finding),
			Self::Silent | Self::Committed(_) => None,
		}
	}
}

/// A seat that audits a leaf.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Auditor {
	pub operator: AccountId32,
	pub seat: u32,
	pub answer: Answer<Audit>,
}

/// A leaf that is looked at: drawn, or challenged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct CheckRecord {
	/// The hash of what it begins from, as the provider posted it.
	pub opening: Option<H256>,
	/// Its digest, once it was shown.
	pub digest: Option<H256>,
	pub first: Option<Auditor>,
	pub second: Option<Auditor>,
	/// Who challenged it, and with which bond.
	pub challenge: Option<(AccountId32, Balance)>,
	/// How many leaves of the task were challenged before. After the first, its provider could send friends.
	pub place: u32,
}

impl CheckRecord {
	/// Its auditors.
	pub fn auditors(&self) -> impl Iterator<Item = &Auditor> {
		self.first.iter().chain(&self.second)
	}
}

/// A juror in a round: an operator and the seats that were drawn for it.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxSeats))]
pub struct BallotRecord<MaxSeats: Get<u32>> {
	pub operator: AccountId32,
	pub seats: BoundedVec<u32, MaxSeats>,
	pub answer: Answer<Vote>,
}

/// Where a jury stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum JuryStage {
	/// The authors of blocks make the seed of the round.
	Drawing { seed_from: BlockNumber },
	/// Jurors commit.
	Voting { seed: H256 },
	/// Jurors reveal.
	Revealing { seed: H256 },
	/// It has decided.
	Closed { verdict: Option<Verdict> },
}

/// The jury on a leaf.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct JuryRecord {
	pub dispute: Dispute,
	/// How many seats the round draws.
	pub draws: u32,
	/// From one.
	pub round: u32,
	pub stage: JuryStage,
	pub due: BlockNumber,
}

/// Who has seats, for as long as a table is valid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SeatHolder {
	pub operator: AccountId32,
	pub seats: u32,
	pub stake: Balance,
	/// A bit for each capability that it serves.
	pub capabilities: u32,
}

/// The seats as they are drawn from, and how many open validations still do.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxHolders))]
pub struct TableRecord<MaxHolders: Get<u32>> {
	pub holders: BoundedVec<SeatHolder, MaxHolders>,
	pub users: u32,
}

/// A validation of a provider that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct OpenValidation {
	pub task: H256,
	pub fee: Balance,
	pub standing: Standing,
}

/// How far a validation is on the way to its pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Standing {
	Undecided,
	/// It is accepted, and waits until no validation with a lower number is undecided.
	Accepted {
		waits_for: u64,
	},
	/// It is accepted, and waits for nothing but its deadline.
	Released,
}

/// The open validations of a provider, by their numbers.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(MaxOpen))]
pub struct ProviderRecord<MaxOpen: Get<u32>> {
	pub open: BoundedBTreeMap<u64, OpenValidation, MaxOpen>,
	/// The number of its next validation.
	pub next: u64,
	/// Validations with lower numbers were open when it was convicted: their pay is void.
	pub void_below: u64,
}

impl<MaxOpen: Get<u32>> Default for ProviderRecord<MaxOpen> {
	fn default() -> Self {
		Self { open: BoundedBTreeMap::new(), next: 0, void_below: 0 }
	}
}

impl<MaxOpen: Get<u32>> ProviderRecord<MaxOpen> {
	/// The lowest number of a validation that has not been accepted.
	pub fn undecided(&self) -> u64 {
		let mut undecided = self.open.iter().filter(|(_, open)| open.standing == Standing::Undecided);
		undecided.next().map_or(self.next, |(number, _)| *number)
	}

	/// Those accepted that need to wait no longer, or whose pay is void.
	fn free(&self) -> impl Iterator<Item = (u64, H256)> + '_ {
		let undecided = self.undecided();
		let accepted = self.open.iter().filter_map(|(number, open)| match open.standing {
			Standing::Accepted { waits_for } => Some((*number, open.task, waits_for)),
			Standing::Undecided | Standing::Released => None,
		});
		let is_free =
			move |(number, _, waits_for): &(u64, H256, u64)| *waits_for <= undecided || *number < self.void_below;
		accepted.filter(is_free).map(|(number, task, _)| (number, task))
	}

	/// Releases some of the free ones, and says which tasks they are of.
	pub fn release(&mut self, most: u32) -> Vec<H256> {
		let free: Vec<_> = self.free().take(most as usize).collect();
		for (number, _) in &free {
			if let Some(open) = self.open.get_mut(number) {
				open.standing = Standing::Released;
			}
		}
		free.into_iter().map(|(_, task)| task).collect()
	}

	/// Whoever is free is released, or will be when one ends that has been.
	#[cfg(any(test, feature = "try-runtime"))]
	pub fn forgets_nobody(&self) -> bool {
		self.free().next().is_none() || self.open.values().any(|open| open.standing == Standing::Released)
	}

	/// The fees that wait for settlement.
	pub fn at_stake(&self) -> Balance {
		self.open.values().fold(0, |sum, open| sum.saturating_add(open.fee))
	}
}

/// The seats of an operator whose duty ended in this session, and how many of them did it.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct DutyRecord {
	pub drawn: u32,
	pub served: u32,
}

/// What a device did in a benchmark, by what its operator committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Measured {
	pub device: DeviceId,
	/// In multiply-adds.
	pub work_per_block: Work,
}

/// Where the benchmark of a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum WindowStage {
	/// The authors of blocks make the seed that says when it opens.
	Placing { seed_from: BlockNumber },
	/// They make the seed that says what is computed. Devices with lower numbers may take part: whoever registers now
	/// could know the seed.
	Seeding { seed_from: BlockNumber, devices: DeviceId },
	/// Devices compute. Its results are validated by a seed from `seed_from` on.
	Open { seed: H256, opened: BlockNumber, devices: DeviceId, seed_from: BlockNumber },
}

/// The benchmark of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct WindowRecord {
	pub stage: WindowStage,
	/// The last block, by the network's clock, of the stage.
	pub due: BlockNumber,
}

/// Something with a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Item {
	Task(H256),
	Jury(H256, u32),
	/// The record of a task, which is not kept for ever.
	Record(H256),
	/// Something of a market's.
	Market(H256),
	/// The benchmark of the session.
	Window,
}
