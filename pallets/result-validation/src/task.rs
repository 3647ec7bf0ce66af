//! The way of a task: from the commitment through the audit and the window for challenges to its end.

use crate::*;
use alloc::vec::Vec;
use frame_support::{ensure, pallet_prelude::DispatchError};
use ogpu_protocol::{
	audit::{assign, double, drawn_leaves, is_unanimous, leaves, Check},
	commitment::{domain, leaf_task, secret_commitment, Obstacle, Place, SEED_BLOCKS},
	cost,
	detection::Sampling,
	leaf::{Job, Mismatch},
	merkle::MAX_PROOF,
	phases::is_in_time,
	random::{Stream, CERTAIN_BILLIONTHS},
	slashing::challenge_bond,
};

/// The rounds in which seeds are made for a task itself.
const AUDIT_ROUND: u32 = 0;
const DOUBLING_ROUND: u32 = 1;

/// So many leaves are forgotten in one step.
pub(crate) const CLEARED: u32 = 64;

/// So many accepted tasks of a provider are released in one step. Each of them releases others in turn, so none is
/// forgotten.
pub(crate) const RELEASED: u32 = 4;

impl<T: Config> Validation for Pallet<T> {
	fn checking(request: &Request) -> Checking {
		let at_stake = Providers::<T>::get(&request.provider).at_stake().saturating_add(request.fee);
		let class = request.class.audit_billionths;
		Self::checking_at(request, T::TrustLock::audit_billionths(&request.provider, at_stake, class))
	}

	fn admits(request: &Request) -> DispatchResult {
		Self::check_request(request)?;
		let sitting = Self::sitting(CurrentTable::<T>::get(), request);
		ensure!(sitting.len() as u32 >= T::MinHolders::get(), Error::<T>::TooFewSeats);
		let stake = sitting.iter().fold(0, |sum: Balance, holder| sum.saturating_add(holder.stake));
		ensure!(request.fee <= T::FeeOfStake::get().mul_floor(stake), Error::<T>::FeeTooHigh);
		let open = Providers::<T>::get(&request.provider).open.len() as u32;
		ensure!(open < T::MaxOpen::get(), Error::<T>::TooManyOpen);
		Ok(())
	}

	fn open(request: Request, checking: Balance, payer: &AccountId32) -> DispatchResult {
		let record = Self::admit(request, false)?;
		let asked = Self::checking_at(&record.request, record.audit_billionths);
		ensure!(checking >= asked.class.saturating_add(asked.provider), Error::<T>::CheckingTooLow);
		Self::take_checking(payer, checking)?;
		let Request { task, provider, seed_from, .. } = record.request.clone();
		Self::deposit_event(Event::Opened { task, provider, seed_from });
		let due = Self::seed_due(seed_from, Self::seed_blocks(&record));
		Self::enter(TaskRecord { checking, ..record }, Stage::Sealed, due);
		Ok(())
	}

	fn claim(request: Request) -> DispatchResult {
		let mut record = Self::admit(request, true)?;
		let Request { task, provider, start, seed_from, .. } = record.request.clone();
		Self::deposit_event(Event::Claimed { task, provider });
		// No vote can be for it.
		let nothing = CheckRecord { opening: Some(start), digest: Some(H256::zero()), ..CheckRecord::default() };
		Checks::<T>::insert(task, 0, &nothing);
		record.stage = Stage::Judging { after_challenges: false };
		Self::open_jury(record, 0, seed_from);
		Ok(())
	}

	fn paid(task: H256, amount: Balance) {
		Tasks::<T>::mutate_extant(task, |record| {
			record.paid = record.paid.saturating_add(amount);
			record.request.spent = record.request.spent.saturating_add(amount);
		});
	}

	fn carry(task: H256) -> Option<H256> {
		Tasks::<T>::get(task)?.carry
	}

	fn alarm(task: H256, finder: &AccountId32) -> DispatchResult {
		let mut record = Self::in_stage(&task, |stage| matches!(stage, Stage::Sealed))?;
		ensure!(*finder != record.request.provider, Error::<T>::NotYours);
		// Its last authors know the seed early, and could tell a provider that needs a friend to find it.
		ensure!(Self::block() < record.request.seed_from, Error::<T>::TooLate);
		ensure!(record.alarmed_by.is_none(), Error::<T>::AlreadySaid);
		record.alarmed_by = Some(finder.clone());
		Tasks::<T>::insert(task, record);
		Self::deposit_event(Event::Alarmed { task, finder: finder.clone() });
		Ok(())
	}
}

/// What may be said by whom.
impl<T: Config> Pallet<T> {
	/// Begins a validation, in no stage yet.
	fn admit(request: Request, is_claim: bool) -> Result<TaskRecord, DispatchError> {
		Self::admits(&request)?;
		Self::check_seed(&request)?;
		let table = CurrentTable::<T>::get();
		let mut provider = Providers::<T>::get(&request.provider);
		let number = provider.next;
		let open = OpenValidation { task: request.task, fee: request.fee, standing: Standing::Undecided };
		provider.open.try_insert(number, open).map_err(|_| Error::<T>::TooManyOpen)?;
		provider.next = number.saturating_add(1);
		let class = request.class.audit_billionths;
		let audit_billionths = T::TrustLock::audit_billionths(&request.provider, provider.at_stake(), class);
		Providers::<T>::insert(&request.provider, provider);
		Self::use_table(table);
		Ok(TaskRecord {
			request,
			is_claim,
			measures: None,
			number,
			stage: Stage::Sealed,
			due: 0,
			table,
			audit_billionths,
			alarmed_by: None,
			secret: None,
			seed: H256::zero(),
			drawn: 0,
			redraws: 0,
			outcome: None,
			carry: None,
			checking: 0,
			paid: 0,
			challenges: 0,
			juries: 0,
			executions: 0,
			is_contradicted: false,
			found_by: None,
		})
	}

	fn check_seed(request: &Request) -> DispatchResult {
		let ahead = request.seed_from.checked_sub(Self::block()).filter(|ahead| *ahead > 0);
		ensure!(ahead.is_some_and(|ahead| ahead <= T::MaxSeedDelay::get()), Error::<T>::WrongSeedHeight);
		Ok(())
	}

	fn checking_at(request: &Request, audit_billionths: u32) -> Checking {
		let checking = cost::Checking::of(&request.class, request.leaves, request.is_milestone.into(), 0, 0);
		Checking {
			class: checking.expected_fee(request.leaf_fee),
			provider: checking.provider_fee(request.leaf_fee, audit_billionths),
		}
	}

	fn check_request(request: &Request) -> DispatchResult {
		let Request { task, leaves, class, .. } = request;
		ensure!(!Tasks::<T>::contains_key(task) && !Records::<T>::contains_key(task), Error::<T>::AlreadyOpened);
		ensure!(*leaves > 0, Error::<T>::NoLeaves);
		let jury = class.validate().map_err(|_| Error::<T>::NonsensicalClass)?.jury;
		let ballots = jury.cap_seats.saturating_add(jury.redraw_seats);
		ensure!(ballots <= MAX_JURY_BALLOTS, Error::<T>::NonsensicalClass);
		ensure!(jury.draw_seats <= T::MaxRoundSeats::get(), Error::<T>::NonsensicalClass);
		let drawn = drawn_leaves(*leaves, class.leaves_billionths).saturating_add(request.is_milestone.into());
		ensure!(drawn.min(*leaves) <= T::MaxChecks::get(), Error::<T>::TooManyLeaves);
		ensure!(request.fee > 0 && request.leaf_fee > 0 && request.leaf_blocks > 0, Error::<T>::NothingAtStake);
		let juries = T::MaxChecks::get().saturating_add(T::MaxChallenges::get());
		let rounds = MAX_JURY_BALLOTS.saturating_mul(juries);
		let path = T::Phases::get().longest_path_blocks(request.leaf_blocks, SEED_BLOCKS, rounds);
		ensure!(Self::now().saturating_add(path) < BlockNumber::MAX, Error::<T>::NothingAtStake);
		Ok(())
	}

	/// The task, if it is in such a stage and in time.
	fn in_stage(task: &H256, is_it: impl Fn(&Stage) -> bool) -> Result<TaskRecord, Error<T>> {
		let record = Tasks::<T>::get(task).ok_or(Error::<T>::NoSuchTask)?;
		ensure!(is_it(&record.stage), Error::<T>::WrongPhase);
		ensure!(is_in_time(Self::now(), record.due), Error::<T>::TooLate);
		Ok(record)
	}

	pub(crate) fn do_reveal_secret(client: AccountId32, task: H256, secret: H256) -> DispatchResult {
		let mut record = Self::in_stage(&task, |stage| matches!(stage, Stage::Sealed))?;
		ensure!(record.request.client == client, Error::<T>::NotYours);
		// From then on it could be chosen whether the secret counts.
		ensure!(Self::block() < record.request.seed_from, Error::<T>::TooLate);
		ensure!(record.secret.is_none(), Error::<T>::AlreadySaid);
		let committed = record.request.secret.ok_or(Error::<T>::NothingCommitted)?;
		ensure!(committed.0 == secret_commitment(blake2_256, client.as_ref(), &secret.0), Error::<T>::WrongOpening);
		record.secret = Some(secret);
		Tasks::<T>::insert(task, record);
		Ok(())
	}

	pub(crate) fn do_post_openings(
		provider: AccountId32,
		task: H256,
		openings: BoundedVec<(u32, H256), T::MaxChecks>,
	) -> DispatchResult {
		let record = Self::in_stage(&task, |stage| matches!(stage, Stage::Opening))?;
		ensure!(record.request.provider == provider, Error::<T>::NotYours);
		let leaves = openings.len() as u32;
		for (leaf, opening) in openings {
			Checks::<T>::try_mutate_exists(task, leaf, |check| {
				let check = check.as_mut().ok_or(Error::<T>::NoSuchLeaf)?;
				ensure!(check.opening.is_none(), Error::<T>::AlreadySaid);
				check.opening = Some(opening);
				Ok::<_, Error<T>>(())
			})?;
		}
		Self::deposit_event(Event::OpeningsPosted { task, leaves });
		Ok(())
	}

	pub(crate) fn do_commit_audit(operator: AccountId32, task: H256, leaf: u32, commitment: H256) -> DispatchResult {
		let record = Self::in_stage(&task, |stage| matches!(stage, Stage::Auditing | Stage::AuditingTwice))?;
		// By then a first auditor could see whether somebody checks it.
		let is_second = record.stage == Stage::AuditingTwice;
		Self::answer(&task, leaf, &operator, is_second, |answer| match answer {
			Answer::Silent => Ok(Answer::Committed(commitment)),
			_ => Err(Error::<T>::AlreadySaid),
		})
	}

	pub(crate) fn do_reveal_audit(
		operator: AccountId32,
		task: H256,
		leaf: u32,
		finding: Finding<Audit>,
		salt: H256,
	) -> DispatchResult {
		Self::in_stage(&task, |stage| matches!(stage, Stage::Comparing))?;
		let place = Place { task: leaf_task(blake2_256, &task.0, leaf), round: 0, account: operator.clone().into() };
		Self::answer(&task, leaf, &operator, false, |answer| match answer {
			Answer::Silent => Err(Error::<T>::NothingCommitted),
			Answer::Revealed(_) => Err(Error::<T>::AlreadySaid),
			Answer::Committed(commitment) => {
				ensure!(commitment.0 == place.commit(blake2_256, &finding, &salt.0), Error::<T>::WrongOpening);
				Ok(Answer::Revealed(finding))
			}
		})
	}

	/// Changes what an auditor of a leaf says, or only what its second one does.
	fn answer(
		task: &H256,
		leaf: u32,
		operator: &AccountId32,
		is_second: bool,
		change: impl FnOnce(Answer<Audit>) -> Result<Answer<Audit>, Error<T>>,
	) -> DispatchResult {
		Checks::<T>::try_mutate_exists(task, leaf, |check| {
			let check = check.as_mut().ok_or(Error::<T>::NoSuchLeaf)?;
			let mut auditors = check.first.iter_mut().filter(|_| !is_second).chain(&mut check.second);
			let auditor = auditors.find(|auditor| auditor.operator == *operator).ok_or(Error::<T>::NotDrawn)?;
			auditor.answer = change(auditor.answer)?;
			Ok(())
		})
	}

	pub(crate) fn do_reveal(task: H256, outcome: Outcome, salt: H256) -> DispatchResult {
		let mut record = Self::in_stage(&task, |stage| matches!(stage, Stage::Revealing))?;
		ensure!(record.outcome.is_none(), Error::<T>::AlreadySaid);
		let place = Place { task: task.0, round: 0, account: record.request.provider.clone().into() };
		let commitment = place.commit(blake2_256, &outcome, &salt.0);
		ensure!(commitment == record.request.commitment.0, Error::<T>::WrongOpening);
		record.outcome = Some(outcome);
		Tasks::<T>::insert(task, record);
		Self::deposit_event(Event::Revealed { task, outcome });
		Ok(())
	}

	pub(crate) fn do_reveal_leaves(task: H256, reveals: RevealsOf<T>) -> DispatchResult {
		let shows = |stage: &Stage| matches!(stage, Stage::Revealing | Stage::Challengeable | Stage::Answering);
		let mut record = Self::in_stage(&task, shows)?;
		let root = record.outcome.ok_or(Error::<T>::NotRevealed)?.root;
		let Request { start, leaves, .. } = record.request;
		let job = Job { task: task.0, leaves, root, start: start.0 };
		let shown = reveals.len() as u32;
		for (leaf, reveal) in reveals {
			let mut check = Checks::<T>::get(task, leaf).ok_or(Error::<T>::NoSuchLeaf)?;
			ensure!(check.digest.is_none(), Error::<T>::AlreadySaid);
			let proofs = [Some(&reveal.leaf), reveal.before.as_ref()];
			ensure!(
				proofs.into_iter().flatten().all(|it| it.proof.len() <= MAX_PROOF as usize),
				Error::<T>::WrongProof
			);
			// Nobody posts an opening of a leaf that is challenged only: it is what the proofs say.
			let carry = reveal.before.as_ref().map_or(start.0, |before| before.leaf.carry);
			let opening = check.opening.map_or(carry, |opening| opening.0);
			match job.check(blake2_256, leaf, &opening, &reveal) {
				Ok(digest) => {
					check.digest = Some(H256(digest));
					if leaf == leaves.saturating_sub(1) {
						record.carry = Some(H256(reveal.leaf.leaf.carry));
					}
				}
				// The proofs hold, and say that the provider posted something else.
				Err(Mismatch::OpeningNotCarry | Mismatch::OpeningNotStart) => {
					check.digest = Some(H256(reveal.leaf.leaf.digest(blake2_256, &task.0, leaf)));
					record.is_contradicted = true;
					Self::deposit_event(Event::Contradicted { task, leaf });
				}
				Err(_) => return Err(Error::<T>::WrongProof.into()),
			}
			Checks::<T>::insert(task, leaf, check);
		}
		Tasks::<T>::insert(task, record);
		Self::deposit_event(Event::LeavesRevealed { task, leaves: shown });
		Ok(())
	}

	pub(crate) fn do_challenge(challenger: AccountId32, task: H256, leaf: u32) -> DispatchResult {
		use frame_support::traits::fungible::hold::Mutate;
		let mut record = Self::in_stage(&task, |stage| matches!(stage, Stage::Challengeable))?;
		let Request { provider, leaves, leaf_fee, class, .. } = &record.request;
		ensure!(T::TrustLock::operator(challenger.clone()) != *provider, Error::<T>::NotYours);
		ensure!(leaf < *leaves, Error::<T>::NoSuchLeaf);
		ensure!(record.challenges < T::MaxChallenges::get(), Error::<T>::TooManyChallenges);
		let mut check = Checks::<T>::get(task, leaf).unwrap_or_default();
		let is_judged = check.challenge.is_some() || Juries::<T>::contains_key(task, leaf);
		ensure!(!is_judged, Error::<T>::AlreadyJudged);
		// Each costs twice as much as the one before: a provider that lets friends challenge what is right, until nobody
		// else can challenge what is wrong, loses more than it can gain.
		let bond = challenge_bond(leaf_fee.saturating_mul(class.jury.draw_seats.into()));
		let bond = bond.saturating_mul(1u128.checked_shl(record.challenges).unwrap_or(Balance::MAX));
		T::Currency::hold(&HoldReason::Challenge.into(), &challenger, bond)?;
		check.challenge = Some((challenger.clone(), bond));
		check.place = record.challenges;
		record.challenges = record.challenges.saturating_add(1);
		Checks::<T>::insert(task, leaf, check);
		Tasks::<T>::insert(task, record);
		Self::deposit_event(Event::Challenged { task, leaf, challenger, bond });
		Ok(())
	}

	pub(crate) fn do_accept(client: AccountId32, task: H256) -> DispatchResult {
		let record = Self::in_stage(&task, |stage| matches!(stage, Stage::Challengeable))?;
		ensure!(record.request.client == client, Error::<T>::NotYours);
		// A jury waits: nobody may choose when it is drawn.
		ensure!(record.challenges == 0, Error::<T>::Challenged);
		let now = Self::now();
		ensure!(record.due > now, Error::<T>::TooLate);
		Agenda::<T>::remove(record.due, Item::Task(task));
		Self::enter(record, Stage::Challengeable, now);
		Ok(())
	}
}

/// What happens when a phase is over.
impl<T: Config> Pallet<T> {
	/// Puts a task into a stage that lasts until `due`.
	fn enter(mut record: TaskRecord, stage: Stage, due: BlockNumber) {
		let task = record.request.task;
		record.stage = stage;
		record.due = due;
		if record.has_deadline() {
			Self::schedule(Item::Task(task), due);
			Self::deposit_event(Event::Entered { task, stage, due });
		}
		Tasks::<T>::insert(task, record);
	}

	/// From how many blocks the seed comes as it stands.
	fn seed_blocks(record: &TaskRecord) -> u32 {
		use ogpu_protocol::commitment::SECRET_SEED_BLOCKS;
		// Whether the client reveals its secret is known before the first of them.
		if record.request.secret.is_some() {
			SECRET_SEED_BLOCKS
		} else {
			SEED_BLOCKS
		}
	}

	pub(crate) fn step_task(task: H256) {
		let Some(record) = Tasks::<T>::get(task) else { return };
		match record.stage {
			Stage::Sealed => Self::draw(record),
			Stage::Opening => Self::open_audit(record),
			Stage::Auditing => Self::end_audit(record, false),
			Stage::Doubling { seed_from } => Self::double(record, seed_from),
			Stage::AuditingTwice => Self::end_audit(record, true),
			Stage::Revealing => Self::end_reveal(record),
			Stage::Comparing => Self::compare(record),
			Stage::Challengeable if record.challenges > 0 => {
				let due = T::Phases::get().reveals_due(Self::now());
				Self::enter(record, Stage::Answering, due);
			}
			Stage::Challengeable => Self::accepted(record),
			Stage::Answering => Self::judge_challenges(record),
			Stage::Accepted => Self::settle(record),
			Stage::Closing { conclusion } => Self::clear(record, conclusion),
			Stage::Judging { .. } => {}
		}
	}

	/// The leaves of a task that are looked at, in ascending order.
	fn checks(task: &H256) -> Vec<(u32, CheckRecord)> {
		let mut checks: Vec<_> = Checks::<T>::iter_prefix(task).collect();
		checks.sort_by_key(|(leaf, _)| *leaf);
		checks
	}

	fn draw(mut record: TaskRecord) {
		let Request { task, leaves: all, is_milestone, seed_from, .. } = record.request;
		record.seed = match Self::seed_at(seed_from, record.secret, &task, AUDIT_ROUND) {
			Ok(seed) => seed,
			Err(NoSeed::Early) => return Self::enter(record, Stage::Sealed, Self::seed_due(seed_from, SEED_BLOCKS)),
			Err(no_seed @ NoSeed::Forgotten) => {
				record.request.seed_from = Self::retry_from(no_seed, seed_from);
				// It would be known before the new seed.
				record.request.secret = None;
				record.secret = None;
				let due = Self::seed_due(record.request.seed_from, SEED_BLOCKS);
				return Self::enter(record, Stage::Sealed, due);
			}
		};
		let chance = if record.alarmed_by.is_some() { CERTAIN_BILLIONTHS } else { record.audit_billionths };
		let share = Self::share(&record);
		let mut random = Stream::new(blake2_256, &domain::AUDIT_DRAWS, &record.seed.0);
		let drawn = leaves(&mut random, 0..all, chance, share, is_milestone);
		let sitting = Self::sitting(record.table, &record.request);
		let checks = Self::seats_of(&sitting).and_then(|table| {
			let checks = assign(&mut random, drawn, &table)?;
			let seated = |check: Check| Some((check.leaf, Self::auditor(&table, check.seat)?));
			checks.into_iter().map(seated).collect::<Option<Vec<_>>>()
		});
		// Seats were counted when the validation was opened, in the same table.
		let Some(checks) = checks else { return Self::conclude(record, Conclusion::Void) };
		record.drawn = checks.len() as u32;
		Self::deposit_event(Event::Drawn { task, leaves: record.drawn });
		for (leaf, auditor) in checks {
			Checks::<T>::insert(task, leaf, CheckRecord { first: Some(auditor), ..CheckRecord::default() });
		}
		let phases = T::Phases::get();
		let now = Self::now();
		if record.drawn > 0 {
			Self::enter(record, Stage::Opening, phases.openings_due(now));
		} else {
			Self::enter(record, Stage::Revealing, phases.reveals_due(now));
		}
	}

	/// Which share of its leaves is drawn if it is audited.
	fn share(record: &TaskRecord) -> u32 {
		let Request { leaves, class, .. } = &record.request;
		if record.alarmed_by.is_some() {
			Self::full_share(*leaves)
		} else {
			class.leaves_billionths
		}
	}

	/// How many leaves of a task are drawn if it is audited.
	pub(crate) fn drawn_at_most(record: &TaskRecord) -> u32 {
		let Request { leaves, is_milestone, .. } = record.request;
		drawn_leaves(leaves, Self::share(record)).saturating_add(is_milestone.into()).min(leaves)
	}

	/// All leaves, as far as they may be looked at.
	fn full_share(leaves: u32) -> u32 {
		// One is left for a milestone.
		let most = T::MaxChecks::get().saturating_sub(1).max(1);
		let share = u64::from(most).saturating_mul(CERTAIN_BILLIONTHS.into()).checked_div(leaves.into());
		share.map_or(CERTAIN_BILLIONTHS, |share| share.min(CERTAIN_BILLIONTHS.into()) as u32)
	}

	fn auditor(table: &ogpu_protocol::seats::Table<AccountId32>, seat: u32) -> Option<Auditor> {
		Some(Auditor { operator: table.operator(seat)?.clone(), seat, answer: Answer::Silent })
	}

	fn open_audit(mut record: TaskRecord) {
		let task = record.request.task;
		if Checks::<T>::iter_prefix_values(task).any(|check| check.opening.is_none()) {
			return Self::convict(record, Fault::SilentProvider);
		}
		record.redraws = 0;
		let due = T::Phases::get().votes_due(Self::now(), record.request.leaf_blocks);
		Self::enter(record, Stage::Auditing, due);
	}

	/// Replaces auditors who have not committed, as long as that helps, and goes on.
	fn end_audit(mut record: TaskRecord, is_second: bool) {
		let Request { task, leaf_blocks, leaf_fee, .. } = record.request;
		let phases = T::Phases::get();
		let sitting = Self::sitting(record.table, &record.request);
		let table = Self::seats_of(&sitting).filter(|_| record.redraws < T::MaxRedraws::get());
		let attempt = [record.seed.as_bytes(), &[record.redraws]].concat();
		let mut random = Stream::new(blake2_256, &domain::AUDIT_DRAWS, &blake2_256(&attempt));
		let mut redrawn = 0u32;
		for (leaf, mut check) in Self::checks(&task) {
			let first_seat = check.first.as_ref().map(|auditor| auditor.seat);
			let slot = if is_second { &mut check.second } else { &mut check.first };
			let Some(auditor) = slot.as_mut().filter(|auditor| auditor.answer == Answer::Silent) else { continue };
			Self::silent_before_commit(&auditor.operator, task, leaf_fee);
			let next = table.as_ref().and_then(|table| {
				let seat = if is_second { table.other(first_seat?, &mut random) } else { table.any(&mut random) };
				Self::auditor(table, seat?)
			});
			if let Some(next) = next {
				*auditor = next;
				redrawn = redrawn.saturating_add(1);
				Checks::<T>::insert(task, leaf, check);
			}
		}
		let now = Self::now();
		if redrawn > 0 {
			record.redraws = record.redraws.saturating_add(1);
			Self::deposit_event(Event::Redrawn { task, seats: redrawn });
			let stage = record.stage;
			return Self::enter(record, stage, phases.votes_due(now, leaf_blocks));
		}
		if is_second || record.request.class.doubled_billionths == 0 || sitting.len() < 2 {
			Self::enter(record, Stage::Revealing, phases.reveals_due(now));
		} else {
			let seed_from = Self::seed_after(record.due);
			Self::enter(record, Stage::Doubling { seed_from }, Self::seed_due(seed_from, SEED_BLOCKS));
		}
	}

	/// Draws second auditors, now that the first have committed.
	fn double(mut record: TaskRecord, seed_from: BlockNumber) {
		let Request { task, class, leaf_blocks, .. } = record.request;
		record.seed = match Self::seed_at(seed_from, None, &task, DOUBLING_ROUND) {
			Ok(seed) => seed,
			Err(no_seed) => {
				let seed_from = Self::retry_from(no_seed, seed_from);
				return Self::enter(record, Stage::Doubling { seed_from }, Self::seed_due(seed_from, SEED_BLOCKS));
			}
		};
		let phases = T::Phases::get();
		let sitting = Self::sitting(record.table, &record.request);
		let mut random = Stream::new(blake2_256, &domain::SECOND_DRAWS, &record.seed.0);
		let mut doubled = 0u32;
		let first = |(leaf, check): (u32, CheckRecord)| {
			let seat = check.first.as_ref().map(|auditor| auditor.seat)?;
			Some((check, Check { leaf, seat, second_seat: None }))
		};
		let (records, mut checks): (Vec<_>, Vec<_>) = Self::checks(&task).into_iter().filter_map(first).unzip();
		if let Some(table) = Self::seats_of(&sitting) {
			double(&mut random, &mut checks, class.doubled_billionths, &table);
			for (record, check) in records.into_iter().zip(checks) {
				let Some(auditor) = check.second_seat.and_then(|seat| Self::auditor(&table, seat)) else { continue };
				doubled = doubled.saturating_add(1);
				Checks::<T>::insert(task, check.leaf, CheckRecord { second: Some(auditor), ..record });
			}
		}
		Self::deposit_event(Event::Doubled { task, leaves: doubled });
		record.redraws = 0;
		let now = Self::now();
		if doubled > 0 {
			Self::enter(record, Stage::AuditingTwice, phases.votes_due(now, leaf_blocks));
		} else {
			Self::enter(record, Stage::Revealing, phases.reveals_due(now));
		}
	}

	fn end_reveal(mut record: TaskRecord) {
		let task = record.request.task;
		let is_shown =
			record.outcome.is_some() && Checks::<T>::iter_prefix_values(task).all(|check| check.digest.is_some());
		if record.is_contradicted {
			Self::pay_committed(&mut record);
			Self::convict(record, Fault::Convicted)
		} else if !is_shown {
			Self::pay_committed(&mut record);
			Self::convict(record, Fault::SilentProvider)
		} else if record.drawn > 0 {
			Self::enter(record, Stage::Comparing, T::Phases::get().reveals_due(Self::now()));
		} else {
			Self::open_challenges(record);
		}
	}

	/// Pays auditors who did their part before the provider's guilt ended the audit.
	fn pay_committed(record: &mut TaskRecord) {
		for (_, check) in Self::checks(&record.request.task) {
			for auditor in check.auditors().filter(|auditor| auditor.answer != Answer::Silent) {
				Self::served(&auditor.operator);
				Self::pay_auditor(record, &auditor.operator);
			}
		}
	}

	fn compare(mut record: TaskRecord) {
		let mut disputed = Vec::new();
		for (leaf, check) in Self::checks(&record.request.task) {
			for auditor in check.auditors() {
				match auditor.answer {
					Answer::Revealed(_) => Self::served(&auditor.operator),
					Answer::Committed(_) => Self::strike(&auditor.operator),
					// It was counted when it was not replaced.
					Answer::Silent => {}
				}
			}
			let (Some(opening), Some(digest)) = (check.opening, check.digest) else { continue };
			let findings: Vec<_> = check.auditors().map(|auditor| auditor.answer.finding()).collect();
			if is_unanimous(&opening.0, &digest.0, &findings) {
				for auditor in check.auditors() {
					Self::pay_auditor(&mut record, &auditor.operator);
				}
			} else {
				disputed.push(leaf);
			}
		}
		Self::judge(record, disputed, false);
	}

	/// Has juries meet over these leaves, one after the other.
	fn judge(mut record: TaskRecord, leaves: Vec<u32>, after_challenges: bool) {
		Disputes::<T>::insert(record.request.task, BoundedVec::truncate_from(leaves));
		record.stage = Stage::Judging { after_challenges };
		let due = record.due;
		Self::judge_next(record, due);
	}

	/// The next jury meets, now that a deadline has ended what came before; or, where no leaf is left, the task goes on.
	pub(crate) fn judge_next(record: TaskRecord, due: BlockNumber) {
		let task = record.request.task;
		let mut leaves = Disputes::<T>::take(task);
		let Some(leaf) = leaves.first().copied() else { return Self::judged(record) };
		leaves.remove(0);
		if !leaves.is_empty() {
			Disputes::<T>::insert(task, leaves);
		}
		Self::open_jury(record, leaf, Self::seed_after(due));
	}

	/// The provider was right about every leaf that was disputed.
	fn judged(record: TaskRecord) {
		if record.stage == (Stage::Judging { after_challenges: true }) {
			Self::accepted(record);
		} else {
			Self::open_challenges(record);
		}
	}

	fn open_challenges(record: TaskRecord) {
		let due = T::Phases::get().challenges_due(Self::now(), record.request.sale);
		Self::enter(record, Stage::Challengeable, due);
	}

	fn judge_challenges(mut record: TaskRecord) {
		let task = record.request.task;
		let mut challenged: Vec<_> =
			Self::checks(&task).into_iter().filter(|(_, check)| check.challenge.is_some()).collect();
		// In the order in which they came: whoever is right first is the finder.
		challenged.sort_by_key(|(_, check)| check.place);
		if challenged.iter().any(|(_, check)| check.digest.is_none()) {
			let mut hidden = challenged.iter().filter(|(_, check)| check.digest.is_none());
			record.found_by = hidden.find_map(|(_, check)| finder(check));
			for (leaf, _) in challenged {
				Self::return_challenge(&task, leaf);
			}
			return Self::convict(record, Fault::SilentProvider);
		}
		Self::judge(record, challenged.into_iter().map(|(leaf, _)| leaf).collect(), true);
	}

	/// Nothing was found. The pay waits until all validations of the provider that are open by now have ended.
	fn accepted(record: TaskRecord) {
		let Request { provider, fee, .. } = record.request.clone();
		Self::clear_alarm(&record);
		// Nobody earns a name by measuring.
		if record.drawn > 0 && record.measures.is_none() {
			T::TrustLock::audited(&provider, fee);
		}
		let number = record.number;
		Providers::<T>::mutate(&provider, |record| {
			let next = record.next;
			if let Some(open) = record.open.get_mut(&number) {
				open.standing = Standing::Accepted { waits_for: next };
			}
		});
		// Without a deadline: `release` sets one.
		Self::enter(record, Stage::Accepted, BlockNumber::MAX);
		Self::release(&provider);
	}

	/// Has accepted tasks of a provider settled that need to wait no longer: some now, and others as these end.
	fn release(provider: &AccountId32) {
		let released = Providers::<T>::mutate_extant(provider, |record| record.release(RELEASED));
		for task in released {
			Tasks::<T>::mutate_extant(task, |record| {
				record.due = Self::now();
				Self::schedule(Item::Task(task), record.due);
			});
		}
	}

	fn settle(record: TaskRecord) {
		let provider = Providers::<T>::get(&record.request.provider);
		let is_void = record.number < provider.void_below;
		Self::conclude(record, if is_void { Conclusion::Forfeited } else { Conclusion::Accepted });
	}

	/// Ends a validation: tells the market, releases what waited for it, and begins to forget it.
	pub(crate) fn conclude(mut record: TaskRecord, conclusion: Conclusion) {
		let Request { task, client, provider, manifest, start, class, leaves, .. } = record.request.clone();
		Commons::<T>::mutate(|commons| *commons = commons.saturating_add(record.checking));
		record.checking = 0;
		let sampling = Sampling { audit_billionths: record.audit_billionths, ..Sampling::of(&class, leaves) };
		let sampling = if record.secret.is_some() { sampling.with_fair_seeds() } else { sampling };
		let detects = |wrong: u32| sampling.detection_billionths(wrong.clamp(1, leaves)).unwrap_or(0);
		let ended = ValidationRecord {
			provider: provider.clone(),
			client,
			manifest: manifest.0,
			start: start.0,
			outcome: record.outcome,
			conclusion,
			leaves,
			audit_billionths: record.audit_billionths,
			drawn: record.drawn,
			juries: record.juries,
			executions: record.executions,
			detects_one_billionths: detects(1),
			detects_tenth_billionths: detects(leaves.div_ceil(10)),
			closed: Self::now(),
		};
		Self::schedule(Item::Record(task), ended.closed.saturating_add(T::RecordBlocks::get()));
		Records::<T>::insert(task, ended);
		Self::release_table(record.table);
		let number = record.number;
		Providers::<T>::mutate_exists(&provider, |record| {
			if let Some(open) = record {
				open.open.remove(&number);
			}
			if record.as_ref().is_some_and(|record| record.open.is_empty()) {
				*record = None;
			}
		});
		Self::deposit_event(Event::Concluded { task, conclusion });
		let measures = record.measures;
		Self::enter(record, Stage::Closing { conclusion }, Self::now());
		Self::release(&provider);
		match measures {
			Some(measures) => Self::measured(task, &provider, measures, conclusion),
			None => T::Market::concluded(task, conclusion),
		}
	}

	/// Pays the auditors of a leaf of which nobody knows who was right, if they said what they found.
	pub(crate) fn pay_heard(record: &mut TaskRecord, check: &CheckRecord) {
		// An auditor whose leaf is judged after a challenge was paid before.
		let unpaid = check.auditors().filter(|_| check.challenge.is_none());
		for auditor in unpaid.filter(|auditor| auditor.answer.finding().is_some()) {
			Self::pay_auditor(record, &auditor.operator);
		}
	}

	/// Gives back what stands for disputes that were not heard. Nobody was right or wrong in them: challengers have their
	/// bonds back, and auditors who said what they found are paid for the check.
	fn drop_disputes(record: &mut TaskRecord) {
		let task = record.request.task;
		let leaves = Disputes::<T>::take(task);
		for leaf in &leaves {
			let check = Checks::<T>::get(task, leaf).unwrap_or_default();
			Self::pay_heard(record, &check);
			Self::return_challenge(&task, *leaf);
		}
		if !leaves.is_empty() {
			Self::deposit_event(Event::DisputesDropped { task, leaves: leaves.len() as u32 });
		}
	}

	/// Forgets what was stored for a task, a part in each step.
	fn clear(mut record: TaskRecord, conclusion: Conclusion) {
		let task = record.request.task;
		Self::drop_disputes(&mut record);
		let cleared = [
			Checks::<T>::clear_prefix(task, CLEARED, None).maybe_cursor.is_none(),
			Juries::<T>::clear_prefix(task, CLEARED, None).maybe_cursor.is_none(),
			Ballots::<T>::clear_prefix(task, CLEARED, None).maybe_cursor.is_none(),
		];
		if cleared == [true; 3] {
			Tasks::<T>::remove(task);
		} else {
			Self::enter(record, Stage::Closing { conclusion }, Self::now());
		}
	}
}

/// Who found a leaf out: its challenger, unless it was drawn anyway. Then its provider knew that it was caught, and could
/// have sent a friend.
pub(crate) fn finder(check: &CheckRecord) -> Option<AccountId32> {
	let challenge = check.challenge.as_ref().filter(|_| check.first.is_none());
	challenge.map(|(challenger, _)| challenger.clone())
}

/// What an auditor says that could not fetch something.
pub(crate) fn missing(answer: &Answer<Audit>) -> Option<Obstacle> {
	match answer {
		Answer::Revealed(Err(obstacle @ (Obstacle::OutputMissing | Obstacle::InputMissing))) => Some(*obstacle),
		_ => None,
	}
}
