//! Where money goes when somebody fails, and when somebody does what was agreed. Each rule takes the sums at stake and
//! says who gets what; whatever it takes, it gives to the last unit.
//!
//! What is due is taken *as far as it reaches*: the first in the order is served in full before the second gets
//! anything. The order is always: who bore a loss, who worked, who helped, and the fire. Nobody who decides over guilt
//! profits from it, so fines are burned and do not go to the treasury.

use crate::{
	cost::{burned, Work, BURNED_BILLIONTHS},
	math::{mul_div, mul_div_up, share, share_up},
	random::CERTAIN_BILLIONTHS,
	time::BlockNumber,
	token::Balance,
};

/// How much each failure costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashingParameters {
	/// Of every fee for work: burned. Default: 2 %.
	pub burned_billionths: u32,
	/// Of the fee: to the client for a conviction, on top of its money. Default: 10 %.
	pub compensation_billionths: u32,
	/// Of what a convicted provider loses: to whoever found it out. Default: 20 %.
	pub finder_billionths: u32,
	/// Of the fee: to the client for lateness. Default: 10 %.
	pub lateness_billionths: u32,
	/// Of the fee: to the client for work that was left. Default: 20 %; more than for lateness, or whoever is too late
	/// to earn anything would leave before the end. At least this much must be pinned, however small S is.
	pub abandoned_billionths: u32,
	/// Of what milestones release: kept until the end. Default: 10 %.
	pub retained_billionths: u32,
	/// Of the ceiling: for a bid that was sealed and not revealed. Default: 10 %.
	pub unrevealed_billionths: u32,
	/// Of the bond of a false challenge: to the provider. Default: 50 %.
	pub challenged_billionths: u32,
	/// Times the cost of the leaf, in tenths: a seat silent before it committed. Default: 0.1.
	pub silence_tenths: u32,
	/// Times the cost of the leaf, in tenths: a false alarm, a lost vote, silence after committing. Default: 5.
	pub vote_tenths: u32,
	/// Times the cost of the leaf, in tenths: the approval of a leaf that was proven wrong. Default: 20.
	pub approval_tenths: u32,
}

impl Default for SlashingParameters {
	fn default() -> Self {
		Self {
			burned_billionths: BURNED_BILLIONTHS,
			compensation_billionths: CERTAIN_BILLIONTHS / 10,
			finder_billionths: CERTAIN_BILLIONTHS / 5,
			lateness_billionths: CERTAIN_BILLIONTHS / 10,
			abandoned_billionths: CERTAIN_BILLIONTHS / 5,
			retained_billionths: CERTAIN_BILLIONTHS / 10,
			unrevealed_billionths: CERTAIN_BILLIONTHS / 10,
			challenged_billionths: CERTAIN_BILLIONTHS / 2,
			silence_tenths: 1,
			vote_tenths: 50,
			approval_tenths: 200,
		}
	}
}

impl SlashingParameters {
	/// Whether the parameters make sense together: shares are shares, and the worse costs more.
	pub fn is_sound(&self) -> bool {
		let shares = [
			self.burned_billionths,
			self.compensation_billionths,
			self.finder_billionths,
			self.lateness_billionths,
			self.abandoned_billionths,
			self.retained_billionths,
			self.unrevealed_billionths,
			self.challenged_billionths,
		];
		shares.iter().all(|share| *share <= CERTAIN_BILLIONTHS)
			&& self.lateness_billionths < self.abandoned_billionths
			&& self.silence_tenths <= self.vote_tenths
			&& self.vote_tenths < self.approval_tenths
	}
}

/// Who gets what. The parts are exactly what was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Distribution {
	pub client: Balance,
	/// Jurors, for what they executed.
	pub jury: Balance,
	/// Whoever raised the alarm that was right.
	pub finder: Balance,
	pub provider: Balance,
	pub treasury: Balance,
	pub burned: Balance,
}

impl Distribution {
	/// `None` if it exceeds a [`Balance`], which no distribution of this module does.
	pub fn total(&self) -> Option<Balance> {
		[self.client, self.jury, self.finder, self.provider, self.treasury, self.burned]
			.into_iter()
			.try_fold(0, Balance::checked_add)
	}
}

/// Money that is being given away: never more than there is.
struct Purse(Balance);

impl Purse {
	fn pay(&mut self, due: Balance) -> Balance {
		let paid = due.min(self.0);
		self.0 = self.0.saturating_sub(paid);
		paid
	}

	fn empty(&mut self) -> Balance {
		core::mem::take(&mut self.0)
	}
}

/// What leaves a bond, and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Penalty {
	pub taken: Balance,
	pub to: Distribution,
}

/// What to pin of a provider's lock against a task with the bond S. S makes cheating a loss for whoever is not paid when
/// it is convicted; what it may have got by then comes on top. Where audits are sure that is small, but a conviction
/// also promises the client its money and more, and leaving costs a share of the fee. What is not pinned cannot be
/// taken. `released_at_most` is what the client may have spent before the end: milestones, or all of it where the first
/// response is paid at once.
pub fn pin(
	bond: Balance,
	jury_bill: Balance,
	fee: Balance,
	released_at_most: Balance,
	parameters: &SlashingParameters,
) -> Balance {
	let promised = [released_at_most, jury_bill, share_up(fee, parameters.compensation_billionths)]
		.into_iter()
		.fold(0, Balance::saturating_add);
	// The finder has a share of all that is taken.
	let rest = CERTAIN_BILLIONTHS.saturating_sub(parameters.finder_billionths).max(1);
	let promised = mul_div_up(promised, CERTAIN_BILLIONTHS.into(), rest.into()).unwrap_or(Balance::MAX);
	bond.saturating_add(released_at_most).max(promised).max(share_up(fee, parameters.abandoned_billionths))
}

/// A provider that was convicted, or was silent under audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conviction {
	/// All that the provider has locked.
	pub lock: Balance,
	/// What is pinned against such a conviction, see [`pin`].
	pub bond: Balance,
	pub jury_bill: Balance,
	pub fee: Balance,
	/// What the client paid for the task and is no longer held for it: milestones, checking, what was burned of it.
	/// What is still held returns to it anyway.
	pub spent_by_client: Balance,
	/// Somebody other than the drawn auditors found it out, before the leaf was drawn. Afterwards the provider knows
	/// that it is caught, and could send a friend to find it.
	pub has_finder: bool,
}

impl Conviction {
	/// The client first, then the jury, the client's compensation, the finder, and the rest is burned.
	pub fn penalty(&self, parameters: &SlashingParameters) -> Penalty {
		let taken = self.bond.max(self.jury_bill).min(self.lock);
		let mut purse = Purse(taken);
		let refund = purse.pay(self.spent_by_client);
		let jury = purse.pay(self.jury_bill);
		let compensation = purse.pay(share_up(self.fee, parameters.compensation_billionths));
		let reward = if self.has_finder { share(taken, parameters.finder_billionths) } else { 0 };
		let finder = purse.pay(reward);
		let client = refund.saturating_add(compensation);
		let to = Distribution { client, jury, finder, burned: purse.empty(), ..Distribution::default() };
		Penalty { taken, to }
	}
}

/// What is still held when there is nobody to pay: of a convicted provider's unsettled tasks, whose clients keep the
/// results as well, or of a task that nobody took.
pub fn returned(held: Balance) -> Distribution {
	Distribution { client: held, ..Distribution::default() }
}

/// What a seat did wrong. `jury_bill` is what its jury cost and nobody has paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatFault {
	/// An auditor called a leaf wrong that the jury found right.
	FalseAlarm { jury_bill: Balance },
	/// An auditor called a leaf right that was proven wrong.
	WrongApproval { jury_bill: Balance },
	/// A juror voted for a digest that lost. Whoever voted that data is missing is not fined.
	LostVote { jury_bill: Balance },
	/// It did not commit. Another seat is drawn.
	SilentBeforeCommit,
	/// A juror committed and did not reveal.
	SilentAfterCommit { jury_bill: Balance },
	/// An auditor committed and did not reveal, though the provider had revealed: a jury meets over its leaf, so that
	/// bribing it to be silent buys nothing.
	SilentAfterReveal { jury_bill: Balance },
	/// An auditor said that it was not served a leaf that the jury was served and upheld: its part, from [`Unserved`].
	Unserved { jury_bill: Balance },
}

impl SeatFault {
	/// The fine: what the jury is owed, and a multiple of what checking the leaf pays. The stake pays as far as it
	/// reaches, the jury first, and the rest is burned.
	pub fn penalty(&self, stake: Balance, leaf_fee: Balance, parameters: &SlashingParameters) -> Penalty {
		let (tenths, bill, caused_jury) = match *self {
			Self::FalseAlarm { jury_bill } | Self::SilentAfterReveal { jury_bill } => {
				(parameters.vote_tenths, jury_bill, true)
			}
			Self::LostVote { jury_bill } | Self::SilentAfterCommit { jury_bill } => {
				(parameters.vote_tenths, jury_bill, false)
			}
			Self::WrongApproval { jury_bill } => (parameters.approval_tenths, jury_bill, false),
			Self::SilentBeforeCommit => (parameters.silence_tenths, 0, false),
			Self::Unserved { jury_bill } => (0, jury_bill, true),
		};
		let multiple = mul_div_up(leaf_fee, tenths.into(), 10).unwrap_or(Balance::MAX);
		let caused = if caused_jury { bill } else { 0 };
		let taken = multiple.saturating_add(caused).min(stake);
		let mut purse = Purse(taken);
		let jury = purse.pay(bill);
		Penalty { taken, to: Distribution { jury, burned: purse.empty(), ..Distribution::default() } }
	}
}

/// A jury upheld a leaf of which auditors had said that they were not served. Either they lied, or the provider served
/// jurors and not them: nobody can tell. So each side pays half of the jury, and nobody is fined or convicted: whoever
/// wants to make the other lose, loses as much. An auditor that does not look and says so pays for a part of a jury to
/// save one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unserved {
	/// What the jury cost and nobody else has to pay.
	pub jury_bill: Balance,
	/// How many auditors said so.
	pub auditors: u32,
}

impl Unserved {
	/// The provider's half, rounded up, out of what is pinned of its lock.
	pub fn provider(&self, pinned: Balance) -> Penalty {
		let taken = self.jury_bill.div_ceil(2).min(pinned);
		Penalty { taken, to: Distribution { jury: taken, ..Distribution::default() } }
	}

	/// What each of the auditors pays: equal parts of the other half, the first ones a unit more.
	pub fn auditors(&self) -> impl Iterator<Item = SeatFault> {
		let (half, auditors) = (self.jury_bill / 2, Balance::from(self.auditors));
		let each = half.checked_div(auditors).unwrap_or(0);
		let longer = half.checked_rem(auditors).unwrap_or(0);
		(0..auditors).map(move |place| SeatFault::Unserved { jury_bill: each.saturating_add((place < longer).into()) })
	}
}

/// What a challenge must be bonded with: the jury's first round and as much again, so that a false one pays the jury
/// that it causes *and* half of itself to the provider. More rounds take votes that lose, and their fines.
pub fn challenge_bond(first_round_bill: Balance) -> Balance {
	first_round_bill.saturating_mul(2)
}

/// A challenge that the jury found false: its bond pays the jury, then half of the bond goes to the provider as far as
/// it reaches, and the rest is burned.
pub fn false_challenge(bond: Balance, jury_bill: Balance, parameters: &SlashingParameters) -> Penalty {
	let mut purse = Purse(bond);
	let jury = purse.pay(jury_bill);
	let provider = purse.pay(share(bond, parameters.challenged_billionths));
	Penalty { taken: bond, to: Distribution { jury, provider, burned: purse.empty(), ..Distribution::default() } }
}

/// Inputs that are missing or invalid: whoever had to supply them, client or publisher, pays the jury that found it and
/// the provider's elapsed work out of its lock. The held fee returns to the client in any case.
pub fn input_fault(
	lock: Balance,
	elapsed_pay: Balance,
	jury_bill: Balance,
	parameters: &SlashingParameters,
) -> Penalty {
	let mut purse = Purse(lock);
	let jury = purse.pay(jury_bill);
	let pay = Pay::of(purse.pay(elapsed_pay), parameters);
	let to = Distribution { jury, provider: pay.provider, burned: pay.burned, ..Distribution::default() };
	Penalty { taken: lock.saturating_sub(purse.empty()), to }
}

/// A bid that was sealed and never revealed.
pub fn unrevealed_bid(lock: Balance, ceiling: Balance, parameters: &SlashingParameters) -> Penalty {
	let taken = share_up(ceiling, parameters.unrevealed_billionths).min(lock);
	Penalty { taken, to: Distribution { treasury: taken, ..Distribution::default() } }
}

/// A jury that could not agree: nobody is at fault, and the client has its money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Undecided {
	/// The held fee for the work.
	pub fee: Balance,
	/// What is left of the fee for checking.
	pub checking: Balance,
	/// What the challenge was bonded with, if there was one.
	pub challenge_bond: Balance,
	pub jury_bill: Balance,
	/// What the treasury still grants in this era.
	pub grant: Balance,
}

/// Where the money of an undecided dispute goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Undone {
	pub client: Balance,
	/// Out of the fee for checking, the challenge's bond and the treasury, in this order.
	pub jury: Balance,
	pub challenger: Balance,
	pub from_treasury: Balance,
}

impl Undecided {
	/// `None` if the sums exceed a [`Balance`].
	pub fn settle(&self) -> Option<Undone> {
		let (mut checking, mut bond, mut grant) = (Purse(self.checking), Purse(self.challenge_bond), Purse(self.grant));
		let mut owed = Purse(self.jury_bill);
		for purse in [&mut checking, &mut bond, &mut grant] {
			let paid = purse.pay(owed.0);
			owed.pay(paid);
		}
		Some(Undone {
			client: self.fee.checked_add(checking.empty())?,
			jury: self.jury_bill.saturating_sub(owed.empty()),
			challenger: bond.empty(),
			from_treasury: self.grant.saturating_sub(grant.empty()),
		})
	}
}

/// What a provider is paid of a fee, and what is burned of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pay {
	pub provider: Balance,
	pub burned: Balance,
}

impl Pay {
	pub fn of(fee: Balance, parameters: &SlashingParameters) -> Self {
		let burned = burned(fee, parameters.burned_billionths);
		Self { provider: fee.saturating_sub(burned), burned }
	}
}

/// What leaves the held sum and the bond when a task ends, and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settlement {
	pub from_held: Balance,
	pub from_bond: Balance,
	pub to: Distribution,
}

/// A task on its way to its end, as far as money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Escrow {
	/// What the client has deposited for the work and is still held.
	pub held: Balance,
	/// The whole fee, as agreed.
	pub fee: Balance,
	/// What milestones released of it.
	pub released: Balance,
	/// What is pinned of the provider's lock.
	pub bond: Balance,
}

impl Escrow {
	/// What a milestone releases, whose work and all before it are verified: its share of the fee, less what is
	/// retained until the end. `fee_on_course` is the fee for a result at the pace so far: who has fallen behind its
	/// promise is not paid in advance what it cannot keep. Counted from the beginning, so that rounding adds up to
	/// nothing over many milestones, and who catches up is paid. `None` if there is no work.
	pub fn milestone(
		&self,
		verified: Work,
		total: Work,
		fee_on_course: Balance,
		parameters: &SlashingParameters,
	) -> Option<Settlement> {
		let earned = mul_div(self.fee.min(fee_on_course), verified.min(total), total)?;
		let retained = share_up(earned, parameters.retained_billionths);
		let due = earned.saturating_sub(retained).saturating_sub(self.released);
		let release = due.min(self.held);
		let pay = Pay::of(release, parameters);
		let to = Distribution { provider: pay.provider, burned: pay.burned, ..Distribution::default() };
		Some(Settlement { from_held: release, from_bond: 0, to })
	}

	/// The end of a task in time: the provider gets the rest of the fee, the client the rest of what was held.
	pub fn finished(&self, parameters: &SlashingParameters) -> Settlement {
		self.ended(self.fee, 0, parameters)
	}

	/// The end of a task that was late: the fee is recomputed at the actual time, never upwards, and the client gets a
	/// tenth of the agreed fee besides, out of what is due to the provider and then out of its bond. What milestones
	/// released stays paid: the client has that work, verified.
	pub fn finished_late(&self, recomputed: Balance, parameters: &SlashingParameters) -> Settlement {
		self.ended(recomputed.min(self.fee), share_up(self.fee, parameters.lateness_billionths), parameters)
	}

	/// The provider let the deadline pass, or never began: what milestones released stays paid, what was retained is
	/// lost, and the client gets a fifth of the fee out of the bond. What is held stays held, for the runner-up or, if
	/// there is none, to return. A runner-up that takes over has a fee and an escrow of its own; if it fails as well,
	/// the same happens to it.
	pub fn abandoned(&self, parameters: &SlashingParameters) -> Penalty {
		let taken = share_up(self.fee, parameters.abandoned_billionths).min(self.bond);
		Penalty { taken, to: Distribution { client: taken, ..Distribution::default() } }
	}

	/// The client cancels before a result was committed: what was verified is paid, nothing is retained, and the metered
	/// work since is paid, at the fee for the pace so far. The leaves that were anchored since stand as a result does:
	/// they can be audited and challenged. `None` if there is no work.
	pub fn cancelled(
		&self,
		verified: Work,
		total: Work,
		since: Metered,
		fee_on_course: Balance,
		parameters: &SlashingParameters,
	) -> Option<Settlement> {
		let done = verified.saturating_add(since.work()).min(total);
		let earned = mul_div(self.fee.min(fee_on_course), done, total)?.max(self.released);
		Some(self.ended(earned, 0, parameters))
	}

	/// Pays up to `earned` in all, of which the client gets `penalty` back, and returns what is still held.
	fn ended(&self, earned: Balance, penalty: Balance, parameters: &SlashingParameters) -> Settlement {
		let mut held = Purse(self.held);
		let pay = Pay::of(held.pay(earned.saturating_sub(self.released)), parameters);
		let mut due = Purse(pay.provider);
		// The client cannot be given more than exists: what is held and the bond are parts of the issuance.
		let room = Balance::MAX.saturating_sub(self.held);
		let of_due = due.pay(penalty);
		let from_bond = penalty.saturating_sub(of_due).min(self.bond).min(room);
		let client = held.empty().saturating_add(of_due).saturating_add(from_bond);
		let to = Distribution { client, provider: due.empty(), burned: pay.burned, ..Distribution::default() };
		Settlement { from_held: self.held, from_bond, to }
	}
}

/// Work that was done since the last verified leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metered {
	/// What the provider has anchored. It answers for it with its bond.
	pub anchored: Work,
	/// What its device does in a block, as measured.
	pub work_per_block: Work,
	/// Blocks since the last verified leaf.
	pub elapsed_blocks: BlockNumber,
}

impl Metered {
	/// What is paid of it: what was anchored, as far as the device can have done it. So neither who idles nor who
	/// anchors what nobody has computed is paid for it.
	pub fn work(&self) -> Work {
		self.anchored.min(self.work_per_block.saturating_mul(self.elapsed_blocks.into()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::token::{CAP, OGPU};
	use proptest::prelude::*;

	fn rules() -> SlashingParameters {
		SlashingParameters::default()
	}

	#[test]
	fn the_defaults_are_sound() {
		assert!(rules().is_sound());
		assert!(!SlashingParameters { finder_billionths: CERTAIN_BILLIONTHS + 1, ..rules() }.is_sound());
		assert!(!SlashingParameters { approval_tenths: 50, ..rules() }.is_sound());
	}

	#[test]
	fn a_convicted_provider_makes_the_client_whole_before_anyone_else_is_paid() {
		let conviction =
			Conviction { lock: 1_000, bond: 600, jury_bill: 50, fee: 200, spent_by_client: 100, has_finder: true };
		let penalty = conviction.penalty(&rules());
		let expected = Distribution { client: 100 + 20, jury: 50, finder: 120, burned: 310, ..Distribution::default() };
		assert_eq!(penalty, Penalty { taken: 600, to: expected });
		// A bond that hardly reaches: the jury gets what is left after the client, and nobody else gets anything.
		let poor = Conviction { lock: 120, ..conviction }.penalty(&rules());
		assert_eq!(poor.to, Distribution { client: 100, jury: 20, ..Distribution::default() });
		// A jury dearer than the bond is paid by its cause.
		let dear = Conviction { bond: 10, jury_bill: 300, ..conviction }.penalty(&rules());
		assert_eq!(dear.to, Distribution { client: 100, jury: 200, ..Distribution::default() });
		assert_eq!(dear.taken, 300);
	}

	#[test]
	fn seats_pay_multiples_of_what_they_would_have_earned() {
		let fine = |fault: SeatFault| fault.penalty(10_000, 100, &rules());
		let burned = |burned| Distribution { burned, ..Distribution::default() };
		let with_jury = |jury, burned| Distribution { jury, burned, ..Distribution::default() };
		assert_eq!(fine(SeatFault::FalseAlarm { jury_bill: 1_100 }).to, with_jury(1_100, 500));
		assert_eq!(fine(SeatFault::SilentAfterReveal { jury_bill: 1_100 }).to, with_jury(1_100, 500));
		assert_eq!(fine(SeatFault::WrongApproval { jury_bill: 0 }).to, burned(2_000));
		assert_eq!(fine(SeatFault::LostVote { jury_bill: 0 }).to, burned(500));
		assert_eq!(fine(SeatFault::LostVote { jury_bill: 200 }).to, with_jury(200, 300));
		assert_eq!(fine(SeatFault::SilentAfterCommit { jury_bill: 0 }).to, burned(500));
		assert_eq!(fine(SeatFault::SilentBeforeCommit).to, burned(10));
		assert_eq!(fine(SeatFault::Unserved { jury_bill: 550 }).to, with_jury(550, 0));
		assert_eq!(SeatFault::SilentBeforeCommit.penalty(10_000, 1, &rules()).taken, 1, "dust is rounded up");
	}

	#[test]
	fn who_was_not_served_and_who_did_not_serve_share_the_jury() {
		let unserved = Unserved { jury_bill: 1_105, auditors: 2 };
		let to = |jury| Penalty { taken: jury, to: Distribution { jury, ..Distribution::default() } };
		assert_eq!(unserved.provider(10_000), to(553));
		assert_eq!(unserved.provider(500), to(500), "as far as it reaches");
		assert_eq!(
			unserved.auditors().map(|fault| fault.penalty(10_000, 100, &rules())).collect::<Vec<_>>(),
			[to(276); 2]
		);
	}

	#[test]
	fn a_false_challenge_pays_the_jury_and_consoles_the_provider() {
		let bond = challenge_bond(1_100);
		let penalty = false_challenge(bond, 1_100, &rules());
		assert_eq!(penalty.to, Distribution { jury: 1_100, provider: 1_100, ..Distribution::default() });
		let cheap = false_challenge(bond, 300, &rules());
		assert_eq!(cheap.to, Distribution { jury: 300, provider: 1_100, burned: 800, ..Distribution::default() });
	}

	#[test]
	fn a_job_is_paid_by_its_milestones_and_the_rest_at_the_end() {
		let mut job = Escrow { held: 1_500, fee: 1_000, released: 0, bond: 500 };
		let first = job.milestone(40, 100, 1_000, &rules()).unwrap();
		assert_eq!(first.to, Distribution { provider: 352, burned: 8, ..Distribution::default() });
		job = Escrow { held: 1_140, released: 360, ..job };
		assert_eq!(
			job.milestone(40, 100, 1_000, &rules()).unwrap().from_held,
			0,
			"what was released is not released twice"
		);
		let end = job.finished(&rules());
		assert_eq!(end.to, Distribution { provider: 627, burned: 13, client: 500, ..Distribution::default() });
		assert_eq!((end.from_held, end.from_bond), (1_140, 0));
	}

	#[test]
	fn a_late_job_costs_its_provider_a_tenth_and_the_difference() {
		let job = Escrow { held: 1_500, fee: 1_000, released: 0, bond: 500 };
		let late = job.finished_late(800, &rules());
		assert_eq!(late.to, Distribution { provider: 684, burned: 16, client: 800, ..Distribution::default() });
		let upwards = job.finished_late(5_000, &rules());
		assert_eq!(upwards.to.provider, 880, "a fee is never recomputed upwards");
		let worthless = job.finished_late(0, &rules());
		assert_eq!((worthless.from_bond, worthless.to.client), (100, 1_600), "then the bond pays the tenth");
		let paid_before = Escrow { held: 600, released: 900, ..job }.finished_late(800, &rules());
		assert_eq!((paid_before.from_bond, paid_before.to.client), (100, 700), "what was verified stays paid");
		// At half of the work it is clear that only 800 will be earned.
		let behind = job.milestone(50, 100, 800, &rules()).unwrap();
		assert_eq!(behind.from_held, 360);
		let caught_up = Escrow { held: 1_140, released: 360, ..job }.milestone(60, 100, 1_000, &rules()).unwrap();
		assert_eq!(caught_up.from_held, 540 - 360);
	}

	#[test]
	fn who_leaves_a_job_loses_what_was_retained_and_a_fifth_and_the_second_one_too() {
		let first = Escrow { held: 1_140, fee: 1_000, released: 360, bond: 500 };
		assert_eq!(first.abandoned(&rules()), Penalty { taken: 200, to: returned(200) });
		let offered = crate::auction::offer_of_the_rest(1_200, 60, 100, first.held).unwrap();
		assert_eq!(offered, 720);
		let second = Escrow { held: first.held, fee: offered, released: 0, bond: 30 };
		assert_eq!(second.abandoned(&rules()).taken, 30, "as far as its bond reaches");
		assert_eq!(returned(second.held).client, 1_140, "nobody else is offered the work: the client has the rest");
	}

	#[test]
	fn a_cancelled_job_pays_what_was_verified_and_what_was_surely_done() {
		let job = Escrow { held: 1_140, fee: 1_000, released: 360, bond: 500 };
		let cancelled = |anchored, elapsed_blocks| {
			let since = Metered { anchored, work_per_block: 1, elapsed_blocks };
			job.cancelled(40, 100, since, 1_000, &rules()).unwrap().to
		};
		let paid = |fee: Balance| Distribution {
			provider: Pay::of(fee, &rules()).provider,
			burned: Pay::of(fee, &rules()).burned,
			client: 1_140 - fee,
			..Distribution::default()
		};
		assert_eq!(cancelled(0, 1_000), paid(40), "who idles is paid what was verified, nothing retained");
		assert_eq!(cancelled(60, 0), paid(40), "nor does it help to say that everything is done at once");
		assert_eq!(cancelled(20, 30), paid(240));
		assert_eq!(cancelled(1_000, 1_000), paid(640), "never more than the fee");
		let behind = job.cancelled(40, 100, Metered::default(), 500, &rules()).unwrap();
		assert_eq!(behind.to.provider, 0, "at a pace that earns 500, two fifths are 200, and 360 are released");
	}

	#[test]
	fn an_undecided_dispute_pays_its_jurors_without_touching_the_fee() {
		let dispute = Undecided { fee: 1_000, checking: 60, challenge_bond: 200, jury_bill: 150, grant: 500 };
		let end = dispute.settle().unwrap();
		assert_eq!(end, Undone { client: 1_000, jury: 150, challenger: 110, from_treasury: 0 });
		let dear = Undecided { jury_bill: 990, ..dispute }.settle().unwrap();
		assert_eq!(dear, Undone { client: 1_000, jury: 760, challenger: 0, from_treasury: 500 });
	}

	#[test]
	fn a_bid_never_revealed_costs_a_tenth_of_the_ceiling() {
		assert_eq!(unrevealed_bid(OGPU, OGPU / 2, &rules()).to.treasury, OGPU / 20);
		assert_eq!(unrevealed_bid(5, OGPU, &rules()).taken, 5);
	}

	#[test]
	fn the_document_tells_penalties_and_milestones() {
		use crate::{
			class::Class,
			cost::tests::{assert_documented, ogpu, percent},
			detection::Sampling,
			token::MILLI_OGPU,
		};
		use alloc::format;
		// A fee of 100 OGPU for 1,000 leaves, each check of which pays 0.001 OGPU.
		let (fee, leaf_fee, jury_bill) = (100 * OGPU, MILLI_OGPU, 11 * MILLI_OGPU);
		let classes = [
			("economy", Class::ECONOMY),
			("standard", Class::STANDARD),
			("high", Class::HIGH),
			("assured", Class::ASSURED),
		];
		assert_documented(classes.map(|(name, class)| {
			let sampling = Sampling::of(&class, 1_000);
			let found = |wrong| percent(sampling.detection_billionths(wrong).unwrap());
			let bill = leaf_fee * u128::from(class.jury.draw_seats);
			let bond = sampling.bond(fee, bill).unwrap();
			let pin = pin(bond, bill, fee, 0, &rules());
			format!("| {name} | {} | {} | {} | {} | {} |", found(1), found(100), found(1_000), ogpu(bond), ogpu(pin))
		}));

		let bond = Sampling::of(&Class::STANDARD, 1_000).bond(fee, jury_bill).unwrap();
		let bond = pin(bond, jury_bill, fee, 40 * OGPU, &rules());
		let conviction =
			Conviction { lock: 500 * OGPU, bond, jury_bill, fee, spent_by_client: 40 * OGPU, has_finder: true };
		let Penalty { taken, to } = conviction.penalty(&rules());
		assert_documented([
			format!("| taken of the bond | {} |", ogpu(taken)),
			format!("| to the client, what it had paid and a tenth of the fee | {} |", ogpu(to.client)),
			format!("| to the jury | {} |", ogpu(to.jury)),
			format!("| to the finder, a fifth of what was taken | {} |", ogpu(to.finder)),
			format!("| burned | {} |", ogpu(to.burned)),
		]);

		let seats = [
			("does not commit", SeatFault::SilentBeforeCommit),
			("commits and does not reveal, as a juror", SeatFault::SilentAfterCommit { jury_bill: 0 }),
			("commits and does not reveal, as an auditor", SeatFault::SilentAfterReveal { jury_bill }),
			("votes for a digest that loses", SeatFault::LostVote { jury_bill: 0 }),
			("raises a false alarm", SeatFault::FalseAlarm { jury_bill }),
			("approves a leaf that is proven wrong", SeatFault::WrongApproval { jury_bill: 0 }),
			(
				"says it was not served, when the jury was",
				Unserved { jury_bill, auditors: 1 }.auditors().next().unwrap(),
			),
		];
		assert_documented(seats.map(|(name, fault)| {
			let Penalty { taken, to } = fault.penalty(OGPU, leaf_fee, &rules());
			format!("| {name} | {} | {} | {} |", ogpu(taken), ogpu(to.jury), ogpu(to.burned))
		}));

		let mut job = Escrow { held: 150 * OGPU, fee, released: 0, bond };
		assert_documented([250u128, 500, 750].map(|verified| {
			let release = job.milestone(verified, 1_000, fee, &rules()).unwrap();
			job = Escrow { held: job.held - release.from_held, released: job.released + release.from_held, ..job };
			format!("| {verified} leaves verified | {} | {} |", ogpu(release.to.provider), ogpu(release.to.burned))
		}));
		let end = job.finished(&rules());
		assert_documented([format!("| the end, in time | {} | {} |", ogpu(end.to.provider), ogpu(end.to.burned))]);
		let left = job.abandoned(&rules());
		assert_documented([format!(
			"If she leaves after the third instead, she keeps the {} OGPU and loses {} of her bond to the client.",
			ogpu(3 * Pay::of(fee * 9 / 40, &rules()).provider),
			ogpu(left.taken),
		)]);
	}

	fn parameters() -> impl Strategy<Value = SlashingParameters> {
		prop_oneof![
			Just(rules()),
			any::<[u32; 11]>().prop_map(|[a, b, c, d, e, f, g, h, i, j, k]| SlashingParameters {
				burned_billionths: a,
				compensation_billionths: b,
				finder_billionths: c,
				lateness_billionths: d,
				abandoned_billionths: e,
				retained_billionths: f,
				unrevealed_billionths: g,
				challenged_billionths: h,
				silence_tenths: i,
				vote_tenths: j,
				approval_tenths: k,
			})
		]
	}

	fn convictions() -> impl Strategy<Value = Conviction> {
		let absurd = (any::<[u128; 5]>(), any::<bool>());
		let usual = (prop::array::uniform5(0..=CAP), any::<bool>());
		prop_oneof![absurd, usual].prop_map(|([lock, bond, jury_bill, fee, spent_by_client], has_finder)| Conviction {
			lock,
			bond,
			jury_bill,
			fee,
			spent_by_client,
			has_finder,
		})
	}

	fn escrows() -> impl Strategy<Value = Escrow> {
		let escrow = |[held, fee, released, bond]: [u128; 4]| Escrow { held, fee, released, bond };
		prop_oneof![any::<[u128; 4]>(), prop::array::uniform4(0..=CAP)].prop_map(escrow)
	}

	fn faults() -> impl Strategy<Value = SeatFault> {
		any::<(u8, u128)>().prop_map(|(which, jury_bill)| match which % 7 {
			0 => SeatFault::FalseAlarm { jury_bill },
			1 => SeatFault::WrongApproval { jury_bill },
			2 => SeatFault::LostVote { jury_bill },
			3 => SeatFault::SilentAfterCommit { jury_bill },
			4 => SeatFault::SilentAfterReveal { jury_bill },
			5 => SeatFault::Unserved { jury_bill },
			_ => SeatFault::SilentBeforeCommit,
		})
	}

	proptest! {
		#[test]
		fn whatever_a_conviction_takes_it_gives_in_its_order(conviction in convictions(), parameters in parameters()) {
			let Penalty { taken, to } = conviction.penalty(&parameters);
			prop_assert_eq!(to.total(), Some(taken));
			prop_assert!(taken <= conviction.lock);
			prop_assert!(to.client >= conviction.spent_by_client.min(taken), "the client first");
			if to.jury < conviction.jury_bill {
				prop_assert_eq!((to.finder, to.burned), (0, 0), "nobody before the jury");
				prop_assert!(to.client <= conviction.spent_by_client);
			}
			prop_assert_eq!(to.provider, 0);
		}

		/// What is pinned keeps what the table of penalties promises.
		#[test]
		fn a_pin_reaches_for_everything(sums in prop::array::uniform4(0..=CAP), has_finder: bool) {
			let [s, jury_bill, fee, spent_by_client] = sums;
			let bond = pin(s, jury_bill, fee, spent_by_client, &rules());
			let conviction = Conviction { lock: CAP * 9, bond, jury_bill, fee, spent_by_client, has_finder };
			let Penalty { taken, to } = conviction.penalty(&rules());
			prop_assert_eq!(to.finder, if has_finder { taken / 5 } else { 0 });
			prop_assert_eq!(to.client, spent_by_client + share_up(fee, CERTAIN_BILLIONTHS / 10));
			prop_assert_eq!(to.jury, jury_bill);
			let job = Escrow { held: fee, fee, released: 0, bond };
			prop_assert_eq!(job.abandoned(&rules()).taken, share_up(fee, CERTAIN_BILLIONTHS / 5));
			prop_assert!(bond >= s);
		}

		/// A provider whose client and finder are its own friends still loses the jury's bill and the fire.
		#[test]
		fn being_convicted_never_pays_even_among_friends(conviction in convictions()) {
			let Penalty { taken, to } = conviction.penalty(&rules());
			let back = to.client.checked_add(to.finder).unwrap();
			prop_assert!(back <= taken);
			prop_assert!(to.finder <= taken.div_ceil(5));
			let alone = Conviction { has_finder: false, ..conviction }.penalty(&rules());
			prop_assert_eq!(alone.to.client, to.client, "the finder is not paid by the client");
		}

		#[test]
		fn seats_never_lose_more_than_they_have_and_all_of_it_goes_somewhere(
			fault in faults(), stake: u128, leaf_fee: u128, parameters in parameters(),
		) {
			let Penalty { taken, to } = fault.penalty(stake, leaf_fee, &parameters);
			prop_assert!(taken <= stake);
			prop_assert_eq!(to.total(), Some(taken));
			prop_assert_eq!(to.client + to.finder + to.provider + to.treasury, 0);
		}

		/// Cheating, or sleeping, costs a seat more than the honest work that it saves.
		#[test]
		fn no_fine_of_a_voter_is_below_its_saving(fault in faults(), leaf_fee in 0..=CAP) {
			prop_assume!(!matches!(fault, SeatFault::Unserved { .. }));
			let taken = fault.penalty(u128::MAX, leaf_fee, &rules()).taken;
			prop_assert!(fault == SeatFault::SilentBeforeCommit || taken >= 5 * leaf_fee);
			prop_assert!(leaf_fee == 0 || taken > 0);
		}

		/// The provider makes its auditors lose what it loses itself, and they it; the odd unit is the provider's.
		#[test]
		fn leaving_auditors_unserved_or_saying_so_costs_as_much_as_it_does_to_the_other(
			jury_bill in any::<u128>(), auditors in 1u32..5, (leaf_fee, pinned, stake) in any::<(u128, u128, u128)>(),
		) {
			let unserved = Unserved { jury_bill, auditors };
			let penalties = |pinned, stake| {
				let fine = |fault: SeatFault| fault.penalty(stake, leaf_fee, &rules());
				(unserved.provider(pinned), unserved.auditors().map(fine).collect::<Vec<_>>())
			};
			let (provider, seats) = penalties(u128::MAX, u128::MAX);
			let theirs: u128 = seats.iter().map(|seat| seat.taken).sum();
			prop_assert_eq!(provider.taken, theirs + jury_bill % 2);
			prop_assert_eq!(provider.taken + theirs, jury_bill, "all of the jury, and nothing else");
			prop_assert_eq!(seats.len(), auditors as usize);
			prop_assert!(seats.iter().all(|seat| seats[0].taken - seat.taken <= 1), "none pays for another");
			let (provider, seats) = penalties(pinned, stake);
			prop_assert!(provider.taken <= pinned && seats.iter().all(|seat| seat.taken <= stake));
			for Penalty { taken, to } in seats.into_iter().chain([provider]) {
				prop_assert_eq!((to.jury, to.total()), (taken, Some(taken)));
			}
		}

		/// Who saves a check by saying so pays more than the check, even with a second auditor and the smallest jury.
		#[test]
		fn an_auditor_that_does_not_look_saves_less_than_it_pays(leaf_fee in 1..=CAP, auditors in 1u32..=2) {
			let jury_bill = leaf_fee * u128::from(crate::class::Class::STANDARD.jury.draw_seats);
			for fault in (Unserved { jury_bill, auditors }).auditors() {
				prop_assert!(fault.penalty(u128::MAX, leaf_fee, &rules()).taken >= 2 * leaf_fee);
			}
		}

		#[test]
		fn other_penalties_give_what_they_take(
			lock: u128, sum: u128, jury_bill: u128, parameters in parameters(),
		) {
			for Penalty { taken, to } in [
				false_challenge(lock, jury_bill, &parameters),
				input_fault(lock, sum, jury_bill, &parameters),
				unrevealed_bid(lock, sum, &parameters),
			] {
				prop_assert_eq!(to.total(), Some(taken));
				prop_assert!(taken <= lock);
			}
		}

		/// Who challenges its own right result loses half of the bond at least.
		#[test]
		fn a_provider_gains_nothing_by_challenging_itself(first_round in 0..=CAP, rounds in 1u128..9) {
			let bond = challenge_bond(first_round);
			let Penalty { taken, to } = false_challenge(bond, first_round * rounds, &rules());
			prop_assert!(taken - to.provider >= bond / 2);
			prop_assert!(to.jury >= first_round.min(bond));
		}

		#[test]
		fn an_undecided_dispute_loses_no_unit(sums in prop_oneof![any::<[u128; 5]>(), prop::array::uniform5(0..=CAP)]) {
			let [fee, checking, challenge_bond, jury_bill, grant] = sums;
			let dispute = Undecided { fee, checking, challenge_bond, jury_bill, grant };
			if let Some(end) = dispute.settle() {
				prop_assert!(end.jury <= jury_bill && end.from_treasury <= grant && end.client >= fee);
				let [paid, gone] = [[end.client, end.jury, end.challenger], [fee, checking, challenge_bond]]
					.map(|sums| sums.into_iter().fold(primitive_types::U256::zero(), |sum, part| sum + part));
				prop_assert_eq!(paid, gone + end.from_treasury);
				prop_assert!(end.from_treasury == 0 || end.challenger == 0, "the treasury pays last");
			}
		}

		#[test]
		fn every_end_of_a_task_gives_what_it_takes(
			escrow in escrows(), recomputed: u128, works: (u128, u128, u128, u128, u32), parameters in parameters(),
		) {
			let (verified, total, anchored, work_per_block, elapsed_blocks) = works;
			let since = Metered { anchored, work_per_block, elapsed_blocks };
			let ends = [
				Some(escrow.finished(&parameters)),
				Some(escrow.finished_late(recomputed, &parameters)),
				escrow.cancelled(verified, total, since, recomputed, &parameters),
				escrow.milestone(verified, total, recomputed, &parameters),
			];
			for end in ends.into_iter().flatten() {
				prop_assert!(end.from_held <= escrow.held && end.from_bond <= escrow.bond);
				prop_assert_eq!(end.to.total(), end.from_held.checked_add(end.from_bond));
			}
			let penalty = escrow.abandoned(&parameters);
			prop_assert!(penalty.taken <= escrow.bond && penalty.to.total() == Some(penalty.taken));
		}

		/// In time is better than late, and late is better than never, as long as the bond reaches.
		#[test]
		fn better_late_than_never(escrow in escrows(), recomputed: u128) {
			let (good, late) = (escrow.finished(&rules()), escrow.finished_late(recomputed, &rules()));
			prop_assert!(late.to.provider <= good.to.provider);
			prop_assert!(late.to.client >= good.to.client);
			prop_assert!(late.from_bond <= escrow.abandoned(&rules()).taken);
			if escrow.fee > 10 && escrow.bond >= escrow.fee / 5 {
				prop_assert!(late.from_bond < escrow.abandoned(&rules()).taken);
			}
		}

		/// However often milestones are verified, the sum is the fee, and the client has the rest.
		#[test]
		fn milestones_lose_no_unit(
			fee in 0..=CAP, more in 0..=CAP, mut milestones in prop::collection::vec(0u128..1_000, 0..20),
		) {
			milestones.sort_unstable();
			let mut job = Escrow { held: fee + more, fee, released: 0, bond: 0 };
			let (mut provider, mut burnt) = (0, 0);
			for verified in &milestones {
				let release = job.milestone(*verified, 1_000, fee, &rules()).unwrap();
				job.held -= release.from_held;
				job.released += release.from_held;
				provider += release.to.provider;
				burnt += release.to.burned;
				prop_assert!(job.released <= fee * 9 / 10);
			}
			let end = job.finished(&rules());
			prop_assert_eq!(end.to.client, more);
			prop_assert_eq!(provider + burnt + end.to.provider + end.to.burned, fee);
			let at_once = burned(fee, BURNED_BILLIONTHS);
			let burnt = burnt + end.to.burned;
			prop_assert!((at_once..=at_once + 20).contains(&burnt), "milestones burn no less than the whole");
		}
	}
}
