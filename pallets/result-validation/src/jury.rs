//! Juries: repeated drawing of seats over a disputed leaf, until one answer is far enough ahead.

use crate::{
	task::{finder, missing},
	*,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{ensure, traits::Imbalance};
use ogpu_protocol::{
	commitment::{domain, leaf_task, Audit as AuditValue, Obstacle, Place, SEED_BLOCKS},
	jury::{standings, Ballot, Dispute, Next, Standing},
	phases::is_in_time,
	random::{Stream, Urn},
	seats::draw,
	slashing::{false_challenge, SeatFault, Unserved},
};

impl<T: Config> Pallet<T> {
	/// Those who may sit on a jury: not whoever found something about the leaf already, unless nobody else is left.
	fn jurors(sitting: &[SeatHolder], check: &CheckRecord) -> Vec<SeatHolder> {
		let challenger = check.challenge.as_ref().map(|(challenger, _)| challenger);
		let has_spoken = |holder: &&SeatHolder| {
			check.auditors().any(|auditor| auditor.operator == holder.operator) || challenger == Some(&holder.operator)
		};
		let others: Vec<_> = sitting.iter().filter(|holder| !has_spoken(holder)).cloned().collect();
		if others.is_empty() {
			sitting.to_vec()
		} else {
			others
		}
	}

	/// Calls a jury on a leaf, from among those who sit over its task. The task waits for it.
	pub(crate) fn open_jury(mut record: TaskRecord, leaf: u32, seed_from: BlockNumber) {
		let task = record.request.task;
		// It was shown, or it would not be disputed.
		let check = Checks::<T>::get(task, leaf).unwrap_or_default();
		let claimed = check.digest.unwrap_or_default();
		let sitting = Self::sitting(record.table, &record.request);
		let eligible = Self::seats_of(&Self::jurors(&sitting, &check)).map_or(0, |table| table.seats());
		Self::deposit_event(Event::JuryCalled { task, leaf });
		record.juries = record.juries.saturating_add(1);
		let rules = record.request.class.jury;
		let none = Dispute {
			rules,
			claimed: claimed.0,
			eligible_seats: eligible,
			drawn_seats: 0,
			silent_seats: 0,
			tally: Default::default(),
		};
		let (dispute, draws) = match Dispute::open(rules, claimed.0, eligible) {
			Next::Draw(dispute, draws) => (dispute, draws),
			// Nobody may sit: the round of nobody ends it.
			Next::Decided(..) | Next::Void(_) => (none, 0),
		};
		let stage = JuryStage::Drawing { seed_from };
		record.due = BlockNumber::MAX;
		Tasks::<T>::insert(task, record);
		Self::draw_round(task, leaf, JuryRecord { dispute, draws, round: 1, stage, due: 0 }, seed_from);
	}

	/// Begins a round, whose seed comes from the blocks from this one on.
	fn draw_round(task: H256, leaf: u32, mut jury: JuryRecord, seed_from: BlockNumber) {
		jury.stage = JuryStage::Drawing { seed_from };
		Self::put_jury(task, leaf, jury, Self::seed_due(seed_from, SEED_BLOCKS));
	}

	fn put_jury(task: H256, leaf: u32, mut jury: JuryRecord, due: BlockNumber) {
		jury.due = due;
		Self::schedule(Item::Jury(task, leaf), due);
		Juries::<T>::insert(task, leaf, jury);
	}

	pub(crate) fn step_jury(task: H256, leaf: u32) {
		let (Some(record), Some(jury), Some(check)) =
			(Tasks::<T>::get(task), Juries::<T>::get(task, leaf), Checks::<T>::get(task, leaf))
		else {
			return;
		};
		let phases = T::Phases::get();
		match jury.stage {
			JuryStage::Drawing { seed_from } => Self::seat_jurors(&record, leaf, jury, &check, seed_from),
			JuryStage::Voting { seed } => {
				let due = phases.reveals_due(Self::now());
				let round = jury.round;
				Self::put_jury(task, leaf, JuryRecord { stage: JuryStage::Revealing { seed }, ..jury }, due);
				Self::deposit_event(Event::VotesCommitted { task, leaf, round, due });
			}
			JuryStage::Revealing { .. } => Self::count(record, leaf, jury, &check),
			JuryStage::Closed { .. } => {}
		}
	}

	fn seat_jurors(record: &TaskRecord, leaf: u32, jury: JuryRecord, check: &CheckRecord, seed_from: BlockNumber) {
		let Request { task, leaf_blocks, .. } = record.request;
		let name = H256(leaf_task(blake2_256, &task.0, leaf));
		let seed = match Self::seed_at(seed_from, None, &name, jury.round) {
			Ok(seed) => seed,
			Err(no_seed) => {
				let seed_from = Self::retry_from(no_seed, seed_from);
				return Self::draw_round(task, leaf, jury, seed_from);
			}
		};
		let before = (1..jury.round).flat_map(|round| Ballots::<T>::get(task, (leaf, round)));
		let gone: Vec<u64> = before.flat_map(|ballot| ballot.seats.into_iter().map(u64::from)).collect();
		let mut seats = BTreeMap::<AccountId32, Vec<u32>>::new();
		let mut drawn = 0u32;
		let sitting = Self::sitting(record.table, &record.request);
		if let Some(table) = Self::seats_of(&Self::jurors(&sitting, check)) {
			let mut urn = Urn::resume(table.seats().into(), gone);
			let mut random = Stream::new(blake2_256, &domain::JUROR_DRAWS, &seed.0);
			for seat in draw(&mut urn, &mut random, jury.draws) {
				if let Some(operator) = table.operator(seat) {
					seats.entry(operator.clone()).or_default().push(seat);
					drawn = drawn.saturating_add(1);
				}
			}
		}
		let ballot = |(operator, seats): (AccountId32, Vec<u32>)| BallotRecord {
			operator,
			seats: BoundedVec::truncate_from(seats),
			answer: Answer::Silent,
		};
		let ballots = BallotsOf::<T>::truncate_from(seats.into_iter().map(ballot).collect());
		let round = jury.round;
		Ballots::<T>::insert(task, (leaf, round), ballots);
		Self::deposit_event(Event::JurorsDrawn { task, leaf, round, seats: drawn });
		let due = T::Phases::get().votes_due(Self::now(), leaf_blocks);
		Self::put_jury(task, leaf, JuryRecord { stage: JuryStage::Voting { seed }, ..jury }, due);
	}

	/// The jury on a leaf, if it is in such a stage and in time.
	fn sitting_jury(task: &H256, leaf: u32, is_it: impl Fn(&JuryStage) -> bool) -> Result<JuryRecord, Error<T>> {
		let jury = Juries::<T>::get(task, leaf).ok_or(Error::<T>::NoSuchJury)?;
		ensure!(is_it(&jury.stage), Error::<T>::WrongPhase);
		ensure!(is_in_time(Self::now(), jury.due), Error::<T>::TooLate);
		Ok(jury)
	}

	pub(crate) fn do_commit_vote(operator: AccountId32, task: H256, leaf: u32, commitment: H256) -> DispatchResult {
		let jury = Self::sitting_jury(&task, leaf, |stage| matches!(stage, JuryStage::Voting { .. }))?;
		Self::vote(&task, leaf, jury.round, &operator, |answer| match answer {
			Answer::Silent => Ok(Answer::Committed(commitment)),
			_ => Err(Error::<T>::AlreadySaid),
		})
	}

	pub(crate) fn do_reveal_vote(
		operator: AccountId32,
		task: H256,
		leaf: u32,
		finding: Finding<Vote>,
		salt: H256,
	) -> DispatchResult {
		let jury = Self::sitting_jury(&task, leaf, |stage| matches!(stage, JuryStage::Revealing { .. }))?;
		let place =
			Place { task: leaf_task(blake2_256, &task.0, leaf), round: jury.round, account: operator.clone().into() };
		Self::vote(&task, leaf, jury.round, &operator, |answer| match answer {
			Answer::Silent => Err(Error::<T>::NothingCommitted),
			Answer::Revealed(_) => Err(Error::<T>::AlreadySaid),
			Answer::Committed(commitment) => {
				ensure!(commitment.0 == place.commit(blake2_256, &finding, &salt.0), Error::<T>::WrongOpening);
				Ok(Answer::Revealed(finding))
			}
		})
	}

	/// Changes what a juror says.
	fn vote(
		task: &H256,
		leaf: u32,
		round: u32,
		operator: &AccountId32,
		change: impl FnOnce(Answer<Vote>) -> Result<Answer<Vote>, Error<T>>,
	) -> DispatchResult {
		Ballots::<T>::try_mutate(task, (leaf, round), |ballots| {
			let ballot = ballots.iter_mut().find(|ballot| ballot.operator == *operator);
			let ballot = ballot.ok_or(Error::<T>::NotDrawn)?;
			ballot.answer = change(ballot.answer)?;
			Ok(())
		})
	}

	/// Counts a round, and goes on or ends.
	fn count(record: TaskRecord, leaf: u32, jury: JuryRecord, check: &CheckRecord) {
		let task = record.request.task;
		let round = Ballots::<T>::get(task, (leaf, jury.round));
		for ballot in &round {
			match ballot.answer {
				Answer::Revealed(_) => Self::served(&ballot.operator),
				Answer::Silent | Answer::Committed(_) => Self::strike(&ballot.operator),
			}
		}
		match jury.dispute.round(&ballots(&round)) {
			Next::Draw(dispute, draws) => {
				let round = jury.round.saturating_add(1);
				let seed_from = Self::seed_after(jury.due);
				Self::draw_round(task, leaf, JuryRecord { dispute, draws, round, ..jury }, seed_from);
			}
			Next::Decided(verdict, _) => Self::close_jury(record, leaf, jury, check, Some(verdict)),
			Next::Void(_) => Self::close_jury(record, leaf, jury, check, None),
		}
	}

	fn close_jury(mut record: TaskRecord, leaf: u32, jury: JuryRecord, check: &CheckRecord, verdict: Option<Verdict>) {
		let Request { task, leaf_fee, .. } = record.request;
		let rounds: Vec<_> = (1..=jury.round).map(|round| Ballots::<T>::get(task, (leaf, round))).collect();
		let counted: Vec<_> = rounds.iter().map(|round| ballots(round)).collect();
		let standings = standings(&jury.dispute.claimed, verdict, &counted);
		let jurors: Vec<_> = rounds.into_iter().flatten().zip(standings.into_iter().flatten()).collect();

		let right = jurors.iter().filter(|(_, standing)| *standing == Standing::Right).count() as u32;
		let bill = leaf_fee.saturating_mul(right.into());
		let heard = jurors.iter().filter(|(ballot, _)| matches!(ballot.answer, Answer::Revealed(_))).count() as u32;
		record.executions = record.executions.saturating_add(heard);

		let mut purse = CreditOf::<T>::zero();
		for (ballot, standing) in &jurors {
			let jury_bill = bill.saturating_sub(purse.peek());
			let (seat_fault, fault) = match (standing, ballot.answer) {
				(Standing::Wrong | Standing::Copied, _) => (SeatFault::LostVote { jury_bill }, Fault::LostVote),
				(Standing::Silent, Answer::Committed(_)) => {
					(SeatFault::SilentAfterCommit { jury_bill }, Fault::SilentSeat)
				}
				(Standing::Silent, _) => (SeatFault::SilentBeforeCommit, Fault::SilentSeat),
				(Standing::Right | Standing::Unpaid, _) => continue,
			};
			purse.subsume(Self::fine(&ballot.operator, task, leaf_fee, seat_fault, fault));
		}
		Self::collect(&mut record, leaf, check, verdict, bill, &mut purse);
		for (ballot, _) in jurors.iter().filter(|(_, standing)| *standing == Standing::Right) {
			Self::pay(&mut purse, task, &ballot.operator, leaf_fee);
		}
		Self::to_commons(purse);

		let (rounds, due) = (jury.round, jury.due);
		Juries::<T>::insert(task, leaf, JuryRecord { stage: JuryStage::Closed { verdict }, ..jury });
		Self::deposit_event(Event::JuryClosed { task, leaf, verdict, rounds });
		match verdict {
			// Juries on other leaves would hardly fare better, and the client has waited long enough.
			None => Self::conclude(record, Conclusion::Void),
			Some(Verdict::InputAtFault) => Self::conclude(record, Conclusion::InputAtFault),
			Some(Verdict::Upheld | Verdict::Convicted) if record.is_claim => {
				Self::conclude(record, Conclusion::Unfounded);
			}
			Some(Verdict::Convicted) => Self::conclude(record, Conclusion::Convicted),
			Some(Verdict::Upheld) => Self::judge_next(record, due),
		}
	}

	/// Fills the purse for a jury's bill from whoever is at fault, then from what is there for it, and settles with the
	/// auditors and the challenger of the leaf. Whoever is guilty, or has not supplied inputs, pays all that it owes.
	fn collect(
		record: &mut TaskRecord,
		leaf: u32,
		check: &CheckRecord,
		verdict: Option<Verdict>,
		bill: Balance,
		purse: &mut CreditOf<T>,
	) {
		let Request { task, provider, client, .. } = record.request.clone();
		let owed = |purse: &CreditOf<T>| bill.saturating_sub(purse.peek());
		match verdict {
			// Either the provider could have had the inputs, or only the jury was given them: both pay half.
			Some(Verdict::Upheld | Verdict::Convicted) if record.is_claim => {
				let half = owed(purse).div_ceil(2);
				purse.subsume(T::TrustLock::slash(&provider, half, Fault::Unserved, task));
				purse.subsume(T::TrustLock::slash(&client, owed(purse).min(half), Fault::Unserved, task));
			}
			Some(Verdict::Upheld) => {
				Self::fine_auditors(record, check, bill, purse);
				let bond = Self::take_challenge(&task, leaf);
				if bond.peek() > 0 {
					let penalty = false_challenge(bond.peek(), owed(purse), &T::Slashing::get());
					let (jury, mut rest) = bond.split(penalty.to.jury);
					purse.subsume(jury);
					Self::give(&mut rest, &provider, penalty.to.provider);
				}
			}
			Some(Verdict::Convicted) => {
				Self::settle_auditors(record, check);
				record.found_by = finder(check);
				Self::return_challenge(&task, leaf);
				purse.subsume(Self::punish(record, Fault::Convicted, owed(purse)));
			}
			Some(Verdict::InputAtFault) => {
				Self::return_challenge(&task, leaf);
				purse.subsume(Self::blame_input(record, owed(purse)));
			}
			None => {
				Self::pay_heard(record, check);
				purse.subsume(Self::checking_of_task(record, owed(purse)));
				let (jury, back) = Self::take_challenge(&task, leaf).split(owed(purse));
				purse.subsume(jury);
				if let Some((challenger, _)) = &check.challenge {
					let mut back = back;
					let all = back.peek();
					Self::give(&mut back, challenger, all);
				}
				purse.subsume(Self::grant(owed(purse)));
			}
		}
		purse.subsume(Self::checking(record, owed(purse)));
	}

	/// So much out of what the task itself has left for checking.
	fn checking_of_task(record: &mut TaskRecord, amount: Balance) -> CreditOf<T> {
		let own = record.checking.min(amount);
		Self::checking(record, own)
	}

	/// The provider was right about a leaf: whoever said otherwise pays for the jury, and whoever did not is paid.
	fn fine_auditors(record: &mut TaskRecord, check: &CheckRecord, bill: Balance, purse: &mut CreditOf<T>) {
		let Request { task, provider, client, leaf_fee, .. } = record.request.clone();
		let (Some(opening), Some(digest)) = (check.opening, check.digest) else { return };
		let right = AuditValue { opening: opening.0, digest: digest.0 };
		let is_right = |auditor: &&Auditor| auditor.answer == Answer::Revealed(Ok(right));
		for auditor in check.auditors().filter(is_right) {
			// An auditor whose leaf is judged again after a challenge was paid before.
			if check.challenge.is_none() {
				Self::pay_auditor(record, &auditor.operator);
			}
		}
		// Who was never there has been fined.
		let guilty: Vec<_> =
			check.auditors().filter(|auditor| !is_right(auditor) && auditor.answer != Answer::Silent).collect();
		let share = bill.saturating_sub(purse.peek()).div_ceil((guilty.len() as Balance).max(1));
		for auditor in guilty {
			let jury_bill = share.min(bill.saturating_sub(purse.peek()));
			let fine = |fault, reason| Self::fine(&auditor.operator, task, leaf_fee, fault, reason);
			match (auditor.answer, missing(&auditor.answer)) {
				// It may be that it was not served, and it may be that it says so only: both pay half.
				(_, Some(obstacle)) => {
					let served_by = if obstacle == Obstacle::OutputMissing { &provider } else { &client };
					let unserved = Unserved { jury_bill, auditors: 1 };
					let half = unserved.provider(T::TrustLock::locked(served_by)).taken;
					purse.subsume(T::TrustLock::slash(served_by, half, Fault::Unserved, task));
					for seat_fault in unserved.auditors() {
						purse.subsume(fine(seat_fault, Fault::Unserved));
					}
				}
				(Answer::Committed(_), _) => {
					purse.subsume(fine(SeatFault::SilentAfterReveal { jury_bill }, Fault::SilentSeat));
				}
				_ => purse.subsume(fine(SeatFault::FalseAlarm { jury_bill }, Fault::FalseAlarm)),
			}
		}
	}

	/// The provider was wrong about a leaf: whoever approved it pays, and whoever did not is paid.
	fn settle_auditors(record: &mut TaskRecord, check: &CheckRecord) {
		let Request { task, leaf_fee, .. } = record.request;
		for auditor in check.auditors() {
			match (auditor.answer, check.digest) {
				(Answer::Revealed(Ok(audit)), Some(claimed)) if audit.digest == claimed.0 => {
					let fault = SeatFault::WrongApproval { jury_bill: 0 };
					drop(Self::fine(&auditor.operator, task, leaf_fee, fault, Fault::WrongApproval));
					T::TrustLock::suspend(&auditor.operator);
				}
				(Answer::Revealed(_), _) => Self::pay_auditor(record, &auditor.operator),
				(Answer::Committed(_), _) => {
					let fault = SeatFault::SilentAfterCommit { jury_bill: 0 };
					drop(Self::fine(&auditor.operator, task, leaf_fee, fault, Fault::SilentSeat));
				}
				(Answer::Silent, _) => {}
			}
		}
	}
}

fn ballots<MaxSeats: Get<u32>>(round: &[BallotRecord<MaxSeats>]) -> Vec<Ballot> {
	let ballot =
		|ballot: &BallotRecord<MaxSeats>| Ballot { seats: ballot.seats.len() as u32, finding: ballot.answer.finding() };
	round.iter().map(ballot).collect()
}
