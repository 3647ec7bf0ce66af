//! Where a validation stands, what comes next, and who has to do it: for whoever asks a node.

use crate::*;
use codec::{Decode, Encode};
use ogpu_protocol::jury::Tally;
use scale_info::TypeInfo;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Act {
	/// The authors of blocks make a seed, and nobody else can do anything.
	AwaitSeed,
	PostOpenings,
	CommitAudits,
	/// The provider opens its commitment and shows the drawn leaves.
	Reveal,
	RevealAudits,
	CommitVotes,
	RevealVotes,
	/// Anyone may challenge a leaf; the client may accept the result before that.
	Challenge,
	/// The provider shows the challenged leaves.
	Answer,
	/// The pay waits for other validations of the provider.
	AwaitOthers,
	/// The chain removes what it stored.
	Close,
}

/// What comes next, until when, and by whom; by nobody in particular where the list is empty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Next<Act> {
	pub act: Act,
	/// The last block for it, by the network's clock.
	pub due: BlockNumber,
	pub by: Vec<AccountId32>,
}

/// Names of things that are open, and after which to go on looking; with `None`, all were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page {
	pub names: Vec<H256>,
	pub next: Option<H256>,
}

impl Page {
	/// Looks at so many things for each page: a node answers for what it costs.
	pub const LOOKS: usize = 1_000;

	/// Collects those that belong.
	pub fn of<R>(things: impl Iterator<Item = (H256, R)>, belongs: impl Fn(&R) -> bool) -> Self {
		let (mut names, mut last, mut looks) = (Vec::new(), None, 0usize);
		for (name, thing) in things.take(Self::LOOKS) {
			looks = looks.saturating_add(1);
			last = Some(name);
			if belongs(&thing) {
				names.push(name);
			}
		}
		Self { names, next: last.filter(|_| looks == Self::LOOKS) }
	}
}

/// A jury that sits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JuryStatus {
	pub leaf: u32,
	pub round: u32,
	/// The seats that were heard in earlier rounds.
	pub tally: Tally,
	/// By so many seats one side must be ahead of the others together.
	pub margin_seats: u32,
}

/// An open validation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Status {
	pub client: AccountId32,
	pub provider: AccountId32,
	/// What the network's clock shows.
	pub now: BlockNumber,
	pub next: Next<Act>,
	pub leaves: u32,
	/// The fee at stake.
	pub fee: Balance,
	/// What was computed, and from what: as in [`Request`].
	pub manifest: H256,
	pub start: H256,
	/// The result, once it is shown.
	pub outcome: Option<Outcome>,
	/// How likely it was to be audited.
	pub audit_billionths: u32,
	/// How many leaves are looked at, and how many of them its provider has shown.
	pub checked: u32,
	pub shown: u32,
	pub challenges: u32,
	pub juries: Vec<JuryStatus>,
}

impl<T: Config> Pallet<T> {
	/// Where a validation stands that has not ended. What is left of one that has is in [`Records`].
	pub fn status(task: H256) -> Option<Status> {
		let record = Tasks::<T>::get(task)?;
		let checks: Vec<_> = Checks::<T>::iter_prefix_values(task).collect();
		let juries: Vec<_> = Juries::<T>::iter_prefix(task)
			.filter(|(_, jury)| !matches!(jury.stage, JuryStage::Closed { .. }))
			.collect();
		let next = Self::next(&task, &record, &checks, &juries);
		let juries = juries.into_iter().map(|(leaf, jury)| {
			let JuryRecord { dispute, round, .. } = jury;
			JuryStatus { leaf, round, tally: dispute.tally, margin_seats: dispute.rules.margin_seats }
		});
		Some(Status {
			client: record.request.client,
			provider: record.request.provider,
			now: Self::now(),
			next,
			leaves: record.request.leaves,
			fee: record.request.fee,
			manifest: record.request.manifest,
			start: record.request.start,
			outcome: record.outcome,
			audit_billionths: record.audit_billionths,
			checked: checks.len() as u32,
			shown: checks.iter().filter(|check| check.digest.is_some()).count() as u32,
			challenges: record.challenges,
			juries: juries.collect(),
		})
	}

	fn next(task: &H256, record: &TaskRecord, checks: &[CheckRecord], juries: &[(u32, JuryRecord)]) -> Next<Act> {
		let provider = || alloc::vec![record.request.provider.clone()];
		let auditors = |has_to: fn(&Answer<Audit>) -> bool| {
			let auditors = checks.iter().flat_map(CheckRecord::auditors).filter(|auditor| has_to(&auditor.answer));
			auditors.map(|auditor| auditor.operator.clone()).collect()
		};
		let silent = |answer: &Answer<Audit>| matches!(answer, Answer::Silent);
		let (act, by) = match record.stage {
			Stage::Sealed | Stage::Doubling { .. } => (Act::AwaitSeed, Vec::new()),
			Stage::Opening => (Act::PostOpenings, provider()),
			Stage::Auditing | Stage::AuditingTwice => (Act::CommitAudits, auditors(silent)),
			Stage::Revealing => (Act::Reveal, provider()),
			Stage::Comparing => (Act::RevealAudits, auditors(|answer| matches!(answer, Answer::Committed(_)))),
			Stage::Judging { .. } => return Self::next_of_juries(task, record.due, juries),
			Stage::Challengeable => (Act::Challenge, Vec::new()),
			Stage::Answering => (Act::Answer, provider()),
			Stage::Accepted => (Act::AwaitOthers, Vec::new()),
			Stage::Closing { .. } => (Act::Close, Vec::new()),
		};
		Next { act, due: record.due, by }
	}

	/// Of several juries, what the first has to do.
	fn next_of_juries(task: &H256, due: BlockNumber, juries: &[(u32, JuryRecord)]) -> Next<Act> {
		let Some((leaf, jury)) = juries.iter().min_by_key(|(_, jury)| jury.due) else {
			return Next { act: Act::Close, due, by: Vec::new() };
		};
		let jurors = |has_to: fn(&Answer<Vote>) -> bool| {
			let ballots = Ballots::<T>::get(task, (leaf, jury.round)).into_iter();
			ballots.filter(|ballot| has_to(&ballot.answer)).map(|ballot| ballot.operator).collect()
		};
		let (act, by) = match jury.stage {
			JuryStage::Drawing { .. } => (Act::AwaitSeed, Vec::new()),
			JuryStage::Voting { .. } => (Act::CommitVotes, jurors(|answer| matches!(answer, Answer::Silent))),
			JuryStage::Revealing { .. } => (Act::RevealVotes, jurors(|answer| matches!(answer, Answer::Committed(_)))),
			JuryStage::Closed { .. } => (Act::Close, Vec::new()),
		};
		Next { act, due: jury.due, by }
	}
}
