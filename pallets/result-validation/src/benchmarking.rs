//! Measures the calls, each at its worst, and the dearest steps of tasks and juries.
//!
//! Tables are full, operators are strangers to each other, so that each has records of its own to be read and written,
//! and locks are as long as they can be. What is put into storage here is what calls and steps would have left there.
//!
//! *Extra* benchmarks are of steps that are dear as well. Nothing is written for them; they show that those that count
//! are dearer: `--extra`.

use super::*;
use crate::task::RELEASED;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::hold::Mutate as _;
use frame_system::RawOrigin;
use ogpu_protocol::{
	class::Class,
	commitment::{leaf_task, secret_commitment, Place, Value, SEED_BLOCKS},
	jury::{Dispute, Rules},
	leaf::{tree, Leaf, Proven},
	merkle::{root_from, MAX_PROOF},
	phases::Sale,
	random::CERTAIN_BILLIONTHS,
	seats::SEATS,
	token::OGPU,
};
use ogpu_staking_trustlock::traits::Pin;
use sp_runtime::BoundedBTreeMap;

/// What benchmarks need of other pallets, also those of markets.
pub trait BenchmarkHelper {
	/// Locks so much of what the account has, and makes what is known of it as long as it can be: as many faults as are
	/// kept, and all pins but two.
	fn lock(who: &AccountId32, amount: Balance);

	/// Registers a device of an operator, for which its own key works, and which is online and was measured as fast.
	fn device(operator: &AccountId32) -> DeviceId;

	/// Makes these the active validators, with so much stake.
	fn activate(validators: &[(AccountId32, Balance)]);

	/// Makes sure that results can be validated: as many verifiers have seats as may.
	fn seats();

	/// Makes the outputs of the authors of these blocks known.
	fn outputs(from: BlockNumber, blocks: u32);
}

/// Names a piece of work.
fn work(number: u64) -> H256 {
	H256(blake2_256(&number.to_le_bytes()))
}

const TASK: H256 = H256([1; 32]);
/// Another one, whose provider is convicted.
const CONVICTED: H256 = H256([2; 32]);
const LEAF: u32 = 1;
const SALT: H256 = H256([3; 32]);
const SEED: H256 = H256([4; 32]);
const TABLE: TableId = 1_000;
/// What is measured is due at this block of the network's clock.
const DUE: BlockNumber = 100;
const AUDIT: Audit = Audit { opening: [5; 32], digest: [6; 32] };
const VOTE: Vote = Vote { digest: [7; 32], binding: [8; 32] };
const DONE: Leaf = Leaf { output: [9; 32], carry: [10; 32], trace: [11; 32] };

fn set_clock<T: Config>(block: BlockNumber) {
	T::Clock::set_block_number(block.into());
}

fn funded<T: Config>(name: &'static str, index: u32) -> Result<AccountId32, BenchmarkError> {
	let who = account(name, index, 0);
	T::Currency::mint_into(&who, lock_of::<T>().saturating_mul(10))?;
	Ok(who)
}

fn lock_of<T: Config>() -> Balance {
	T::SeatBond::get().saturating_mul(10).max(1_000 * OGPU)
}

fn locked<T: Config>(name: &'static str, index: u32) -> Result<AccountId32, BenchmarkError> {
	let who = funded::<T>(name, index)?;
	T::BenchmarkHelper::lock(&who, lock_of::<T>());
	Ok(who)
}

/// As many operators as there may be; beyond them they come again.
fn verifier<T: Config>(index: u32) -> AccountId32 {
	account("verifier", index.checked_rem(T::MaxHolders::get()).unwrap_or_default(), 0)
}

/// So many operators with locks, whom one more silence suspends.
fn negligent<T: Config>(count: u32) -> Result<(), BenchmarkError> {
	for index in 0..count.min(T::MaxHolders::get()) {
		let who = locked::<T>("verifier", index)?;
		Strikes::<T>::insert(who, T::MaxStrikes::get().saturating_sub(1));
	}
	Ok(())
}

/// Of so many operators the one whose turn it is.
fn turn(index: u32, operators: u32) -> u32 {
	index.checked_rem(operators).unwrap_or_default()
}

/// A table of so many operators.
fn seat<T: Config>(operators: u32) {
	let seats = SEATS.checked_div(operators).unwrap_or_default();
	let holder =
		|index| SeatHolder { operator: verifier::<T>(index), seats, stake: lock_of::<T>(), capabilities: u32::MAX };
	let holders = BoundedVec::truncate_from((0..operators).map(holder).collect());
	Tables::<T>::insert(TABLE, TableRecord { holders, users: 0 });
	CurrentTable::<T>::put(TABLE);
}

/// A task with as many leaves as there can be.
fn record(task: H256, stage: Stage) -> TaskRecord {
	let request = Request {
		task,
		client: account("client", 0, 0),
		provider: account("provider", 0, 0),
		commitment: H256::zero(),
		manifest: H256::zero(),
		start: H256::zero(),
		leaves: u32::MAX,
		class: Class::ASSURED,
		capability: 0,
		leaf_blocks: 1,
		leaf_fee: OGPU / 100,
		fee: 10 * OGPU,
		spent: OGPU,
		sale: Sale::Pool,
		seed_from: 1,
		secret: Some(H256::zero()),
		is_milestone: true,
	};
	TaskRecord {
		request,
		is_claim: false,
		measures: None,
		number: 0,
		stage,
		due: DUE,
		table: TABLE,
		audit_billionths: CERTAIN_BILLIONTHS,
		alarmed_by: Some(account("finder", 0, 0)),
		secret: None,
		seed: SEED,
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
		found_by: Some(account("finder", 0, 0)),
	}
}

/// Stores a task, to be stepped at [`DUE`].
fn put<T: Config>(record: TaskRecord) {
	let task = record.request.task;
	Pallet::<T>::schedule(Item::Task(task), DUE);
	Tasks::<T>::insert(task, record);
}

/// A task of a provider that has as many as it may have. Of the first so many all others are accepted, and a conviction
/// frees them.
fn of_busy_provider<T: Config>(task: H256, stage: Stage, first: u32) -> Result<TaskRecord, BenchmarkError> {
	let provider = locked::<T>("provider", 0)?;
	T::TrustLock::pin(&provider, task, OGPU, Pin::Shared)?;
	for name in ["client", "finder"] {
		funded::<T>(name, 0)?;
	}
	let next = u64::from(T::MaxOpen::get());
	let mut open = BoundedBTreeMap::new();
	for number in 0..next {
		let task = if number == 0 { task } else { work(number) };
		let is_accepted = (1..u64::from(first)).contains(&number);
		let standing = if is_accepted { Standing::Accepted { waits_for: next } } else { Standing::Undecided };
		let validation = OpenValidation { task, fee: OGPU, standing };
		open.try_insert(number, validation).map_err(|_| "a provider may have so many validations")?;
		let due = BlockNumber::MAX;
		Tasks::<T>::insert(task, TaskRecord { number, due, ..record(task, Stage::Accepted) });
	}
	Providers::<T>::insert(provider, ProviderRecord { open, next, void_below: 0 });
	Ok(record(task, stage))
}

fn auditor<T: Config>(index: u32, answer: Answer<Audit>) -> Option<Auditor> {
	Some(Auditor { operator: verifier::<T>(index), seat: index, answer })
}

/// A leaf of which all is known.
fn check(first: Option<Auditor>, second: Option<Auditor>) -> CheckRecord {
	let (opening, digest) = (Some(H256(AUDIT.opening)), Some(H256(AUDIT.digest)));
	CheckRecord { opening, digest, first, second, ..CheckRecord::default() }
}

/// What an operator commits to about [`LEAF`].
fn commitment<V: Value>(round: u32, who: &AccountId32, value: &V) -> H256 {
	let place = Place { task: leaf_task(blake2_256, &TASK.0, LEAF), round, account: who.clone().into() };
	H256(place.commit(blake2_256, value, &SALT.0))
}

/// A task with a leaf that two auditors look at. Returns the second.
fn audited<T: Config>(stage: Stage, answer: impl Fn(&AccountId32) -> Answer<Audit>) -> AccountId32 {
	let who = verifier::<T>(1);
	let second = auditor::<T>(1, answer(&who));
	Checks::<T>::insert(TASK, LEAF, check(auditor::<T>(0, Answer::Silent), second));
	put::<T>(record(TASK, stage));
	who
}

fn ballot<T: Config>(index: u32, answer: Answer<Vote>) -> BallotOf<T> {
	BallotRecord { operator: verifier::<T>(index), seats: BoundedVec::truncate_from(alloc::vec![index]), answer }
}

/// A jury that has drawn so many seats and is in a round of as many as there may be.
fn jury<T: Config>(stage: JuryStage, round: u32, before: u32, draws: u32) {
	let dispute = Dispute {
		rules: Rules { draw_seats: draws, margin_seats: 1, cap_seats: SEATS, redraw_seats: SEATS },
		claimed: AUDIT.digest,
		eligible_seats: SEATS,
		drawn_seats: before,
		silent_seats: before,
		tally: Default::default(),
	};
	Pallet::<T>::schedule(Item::Jury(TASK, LEAF), DUE);
	Juries::<T>::insert(TASK, LEAF, JuryRecord { dispute, draws, round, stage, due: DUE });
}

/// A round of as many jurors as there may be. Returns the last.
fn voting<T: Config>(stage: JuryStage, answer: impl Fn(&AccountId32) -> Answer<Vote>) -> AccountId32 {
	let (last, seats) = (T::MaxRoundSeats::get().saturating_sub(1), T::MaxRoundSeats::get());
	let who = verifier::<T>(last);
	let ballots = (0..last).map(|index| ballot::<T>(index, Answer::Revealed(Ok(VOTE))));
	let ballots = ballots.chain([ballot::<T>(last, answer(&who))]).collect();
	Ballots::<T>::insert(TASK, (LEAF, 1), BallotsOf::<T>::truncate_from(ballots));
	jury::<T>(stage, 1, 0, seats);
	put::<T>(record(TASK, Stage::Judging { after_challenges: false }));
	who
}

/// The outputs of the authors of the blocks from the first on, of which a seed is made.
fn grow_seed<T: Config>() {
	for block in 1..=SEED_BLOCKS {
		AuthorOutputs::<T>::insert(block, SEED);
	}
	frame_system::Pallet::<T>::set_block_number(SEED_BLOCKS.saturating_add(1).into());
}

/// What the agenda does of a block, also when it is called for.
fn agenda<T: Config>(due: BlockNumber) -> DispatchResult {
	for item in Agenda::<T>::iter_key_prefix(due) {
		Pallet::<T>::do_advance(item)?;
	}
	AgendaAt::<T>::put(due.saturating_add(1));
	Ok(())
}

/// So many second auditors, of so many operators, were silent a last time. They are fined, suspended and replaced.
fn be_silent<T: Config>(leaves: u32, operators: u32) -> Result<(), BenchmarkError> {
	seat::<T>(T::MaxHolders::get());
	negligent::<T>(operators)?;
	for leaf in 0..leaves {
		let first = auditor::<T>(turn(leaf.saturating_add(1), operators), Answer::Committed(SEED));
		let second = auditor::<T>(turn(leaf, operators), Answer::Silent);
		Checks::<T>::insert(TASK, leaf, CheckRecord { digest: None, ..check(first, second) });
	}
	put::<T>(TaskRecord { drawn: leaves, ..record(TASK, Stage::AuditingTwice) });
	Ok(())
}

/// A provider with so many tasks did not show a result.
fn be_convicted<T: Config>(tasks: u32) -> Result<(), BenchmarkError> {
	put::<T>(of_busy_provider::<T>(CONVICTED, Stage::Revealing, tasks)?);
	Ok(())
}

/// Auditors do not reveal what they committed to: each is suspended, and each leaf is disputed.
fn dispute<T: Config>(leaves: u32) -> Result<(), BenchmarkError> {
	seat::<T>(T::MaxHolders::get());
	negligent::<T>(leaves.saturating_mul(2))?;
	for leaf in 0..leaves {
		let index = leaf.saturating_mul(2);
		let first = auditor::<T>(index, Answer::Committed(SEED));
		let second = auditor::<T>(index.saturating_add(1), Answer::Committed(SEED));
		Checks::<T>::insert(TASK, leaf, check(first, second));
	}
	put::<T>(TaskRecord { drawn: leaves, ..record(TASK, Stage::Comparing) });
	Ok(())
}

/// A jury of so many jurors, of so many operators, decides that the provider of [`TASK`] is guilty, by the vote of one,
/// since all others did not reveal; each of them was the only one of its round, except in the last. Two auditors had
/// approved the leaf.
fn decide<T: Config>(jurors: u32, operators: u32) -> Result<(), BenchmarkError> {
	seat::<T>(T::MaxHolders::get());
	negligent::<T>(operators)?;
	let last = jurors.min(T::MaxRoundSeats::get());
	let before = jurors.saturating_sub(last);
	let silent = |index| ballot::<T>(turn(index, operators), Answer::Committed(SEED));
	for index in 0..before {
		let round = BoundedVec::truncate_from(alloc::vec![silent(index)]);
		Ballots::<T>::insert(TASK, (LEAF, index.saturating_add(1)), round);
	}
	let speaks = ballot::<T>(turn(before, operators), Answer::Revealed(Ok(VOTE)));
	let round = [speaks].into_iter().chain((before.saturating_add(1)..jurors).map(silent)).collect();
	let number = before.saturating_add(1);
	Ballots::<T>::insert(TASK, (LEAF, number), BallotsOf::<T>::truncate_from(round));
	jury::<T>(JuryStage::Revealing { seed: SEED }, number, before, last);

	let [first, second] = [locked::<T>("auditor", 0)?, locked::<T>("auditor", 1)?]
		.map(|operator| Some(Auditor { operator, seat: 0, answer: Answer::Revealed(Ok(AUDIT)) }));
	let challenger = funded::<T>("challenger", 0)?;
	T::Currency::hold(&HoldReason::Challenge.into(), &challenger, OGPU)?;
	Checks::<T>::insert(TASK, LEAF, CheckRecord { challenge: Some((challenger, OGPU)), ..check(first, second) });
	let judging = Stage::Judging { after_challenges: true };
	let mut open = BoundedBTreeMap::new();
	open.try_insert(0, OpenValidation { task: TASK, fee: OGPU, standing: Standing::Undecided })
		.map_err(|_| "one may be open")?;
	let provider = locked::<T>("provider", 0)?;
	T::TrustLock::pin(&provider, TASK, OGPU, Pin::Shared)?;
	Providers::<T>::insert(provider, ProviderRecord { open, next: 1, void_below: 0 });
	let record = record(TASK, judging);
	Tasks::<T>::insert(TASK, TaskRecord { due: BlockNumber::MAX, juries: 1, ..record });
	Ok(())
}

/// A round of as many jurors as there may be is to be drawn, after so many that were silent.
fn draw_jurors<T: Config>(before: u32) {
	seat::<T>(T::MaxHolders::get());
	grow_seed::<T>();
	for index in 0..before {
		let round = BoundedVec::truncate_from(alloc::vec![ballot::<T>(index, Answer::Silent)]);
		Ballots::<T>::insert(TASK, (LEAF, index.saturating_add(1)), round);
	}
	Checks::<T>::insert(TASK, LEAF, check(None, None));
	let round = before.saturating_add(1);
	jury::<T>(JuryStage::Drawing { seed_from: 1 }, round, before, T::MaxRoundSeats::get());
	let judging = Stage::Judging { after_challenges: true };
	Tasks::<T>::insert(TASK, TaskRecord { due: BlockNumber::MAX, ..record(TASK, judging) });
}

/// The first leaves of the deepest tree. What is beside them in it is made up.
fn reveals<T: Config>(leaves: u32) -> Option<(H256, RevealsOf<T>)> {
	let shown = leaves.saturating_add(1).next_power_of_two();
	let tree = tree(blake2_256, &TASK.0, &alloc::vec![DONE; shown as usize])?;
	let proven = |index| {
		let mut proof = tree.proof(index)?;
		proof.resize(MAX_PROOF as usize, SEED.0);
		Some(Proven { leaf: DONE, proof })
	};
	let reveal = |index: u32| {
		let before = Some(proven(index.checked_sub(1)?)?);
		Some((index, Reveal { leaf: proven(index)?, before }))
	};
	let digest = DONE.digest(blake2_256, &TASK.0, 0);
	let root = root_from(blake2_256, u32::MAX, 0, digest, proven(0)?.proof)?;
	let reveals: Option<Vec<_>> = (1..=leaves).map(reveal).collect();
	Some((H256(root), BoundedVec::truncate_from(reveals?)))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn offer_seats() -> Result<(), BenchmarkError> {
		let who = locked::<T>("verifier", 0)?;
		let device = T::BenchmarkHelper::device(&who);
		T::TrustLock::measured(device, u128::MAX);
		let known = (0..32u8).filter(|bit| T::Capabilities::convert(*bit).is_some());
		let capabilities = known.fold(0, |all, bit| all | 1u32.checked_shl(bit.into()).unwrap_or(0));
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), capabilities, Some(device));
		assert_eq!(T::TrustLock::pinned(&who, SEAT), T::SeatBond::get());
		Ok(())
	}

	#[benchmark]
	fn withdraw_seats() -> Result<(), BenchmarkError> {
		let who = locked::<T>("verifier", 0)?;
		T::TrustLock::pin(&who, SEAT, T::SeatBond::get(), Pin::Own)?;
		Leaving::<T>::insert(&who, 0);
		OldestTable::<T>::put(1);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert_eq!(T::TrustLock::pinned(&who, SEAT), 0);
		Ok(())
	}

	#[benchmark]
	fn reveal_secret() -> Result<(), BenchmarkError> {
		let mut record = record(TASK, Stage::Sealed);
		let client = record.request.client.clone();
		record.request.secret = Some(H256(secret_commitment(blake2_256, client.as_ref(), &SALT.0)));
		record.request.seed_from = Pallet::<T>::block().saturating_add(SEED_BLOCKS);
		put::<T>(record);
		#[extrinsic_call]
		_(RawOrigin::Signed(client), TASK, SALT);
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.secret == Some(SALT)));
		Ok(())
	}

	#[benchmark]
	fn post_openings(n: Linear<1, { T::MaxChecks::get() }>) -> Result<(), BenchmarkError> {
		let record = record(TASK, Stage::Opening);
		let provider = record.request.provider.clone();
		put::<T>(record);
		for leaf in 0..n {
			let check = check(auditor::<T>(leaf, Answer::Silent), None);
			Checks::<T>::insert(TASK, leaf, CheckRecord { opening: None, digest: None, ..check });
		}
		let openings = BoundedVec::truncate_from((0..n).map(|leaf| (leaf, SEED)).collect());
		#[extrinsic_call]
		_(RawOrigin::Signed(provider), TASK, openings);
		assert!(Checks::<T>::iter_prefix_values(TASK).all(|check| check.opening == Some(SEED)));
		Ok(())
	}

	#[benchmark]
	fn commit_audit() -> Result<(), BenchmarkError> {
		let who = audited::<T>(Stage::AuditingTwice, |_| Answer::Silent);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), TASK, LEAF, SEED);
		let check = Checks::<T>::get(TASK, LEAF).and_then(|check| check.second);
		assert!(check.is_some_and(|second| second.answer == Answer::Committed(SEED)));
		Ok(())
	}

	#[benchmark]
	fn reveal() -> Result<(), BenchmarkError> {
		let mut record = record(TASK, Stage::Revealing);
		let outcome = Outcome { root: SEED.0, output: SEED.0 };
		let place = Place { task: TASK.0, round: 0, account: record.request.provider.clone().into() };
		record.request.commitment = H256(place.commit(blake2_256, &outcome, &SALT.0));
		let provider = record.request.provider.clone();
		put::<T>(record);
		#[extrinsic_call]
		_(RawOrigin::Signed(provider), TASK, outcome, SALT);
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.outcome == Some(outcome)));
		Ok(())
	}

	#[benchmark]
	fn reveal_leaves(n: Linear<1, { T::MaxChecks::get() }>) -> Result<(), BenchmarkError> {
		let (root, reveals) = reveals::<T>(n).ok_or("there is such a tree")?;
		let outcome = Some(Outcome { root: root.0, output: SEED.0 });
		put::<T>(TaskRecord { outcome, drawn: n, ..record(TASK, Stage::Revealing) });
		// An opening that is not what the proofs say takes longest.
		for leaf in 1..=n {
			let [first, second] =
				[leaf, leaf.saturating_add(1)].map(|index| auditor::<T>(index, Answer::Committed(SEED)));
			Checks::<T>::insert(TASK, leaf, CheckRecord { digest: None, ..check(first, second) });
		}
		#[extrinsic_call]
		_(RawOrigin::Signed(account("provider", 0, 0)), TASK, reveals);
		assert!(Checks::<T>::iter_prefix_values(TASK).all(|check| check.digest.is_some()));
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.is_contradicted));
		Ok(())
	}

	#[benchmark]
	fn reveal_audit() -> Result<(), BenchmarkError> {
		let finding: Finding<Audit> = Ok(AUDIT);
		let who = audited::<T>(Stage::Comparing, |who| Answer::Committed(commitment(0, who, &finding)));
		#[extrinsic_call]
		_(RawOrigin::Signed(who), TASK, LEAF, finding, SALT);
		let check = Checks::<T>::get(TASK, LEAF).and_then(|check| check.second);
		assert!(check.is_some_and(|second| second.answer == Answer::Revealed(finding)));
		Ok(())
	}

	#[benchmark]
	fn challenge() -> Result<(), BenchmarkError> {
		let who = funded::<T>("challenger", 0)?;
		audited::<T>(Stage::Challengeable, |_| Answer::Revealed(Ok(AUDIT)));
		#[extrinsic_call]
		_(RawOrigin::Signed(who), TASK, LEAF);
		assert!(Checks::<T>::get(TASK, LEAF).is_some_and(|check| check.challenge.is_some()));
		Ok(())
	}

	#[benchmark]
	fn commit_vote() -> Result<(), BenchmarkError> {
		let who = voting::<T>(JuryStage::Voting { seed: SEED }, |_| Answer::Silent);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), TASK, LEAF, SEED);
		let last = Ballots::<T>::get(TASK, (LEAF, 1)).pop();
		assert!(last.is_some_and(|ballot| ballot.answer == Answer::Committed(SEED)));
		Ok(())
	}

	#[benchmark]
	fn reveal_vote() -> Result<(), BenchmarkError> {
		let finding: Finding<Vote> = Ok(VOTE);
		let stage = JuryStage::Revealing { seed: SEED };
		let who = voting::<T>(stage, |who| Answer::Committed(commitment(1, who, &finding)));
		#[extrinsic_call]
		_(RawOrigin::Signed(who), TASK, LEAF, finding, SALT);
		let last = Ballots::<T>::get(TASK, (LEAF, 1)).pop();
		assert!(last.is_some_and(|ballot| ballot.answer == Answer::Revealed(finding)));
		Ok(())
	}

	#[benchmark]
	fn accept() -> Result<(), BenchmarkError> {
		let record = record(TASK, Stage::Challengeable);
		let client = record.request.client.clone();
		put::<T>(record);
		set_clock::<T>(DUE.saturating_sub(1));
		#[extrinsic_call]
		_(RawOrigin::Signed(client), TASK);
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.due < DUE));
		Ok(())
	}

	#[benchmark]
	fn commit_benchmark() -> Result<(), BenchmarkError> {
		let who = locked::<T>("provider", 0)?;
		let device = T::BenchmarkHelper::device(&who);
		seat::<T>(T::MaxHolders::get());
		CurrentTable::<T>::put(TABLE);
		let next = u64::from(T::MaxOpen::get()).saturating_sub(1);
		let mut open = BoundedBTreeMap::new();
		for number in 0..next {
			let validation = OpenValidation { task: work(number), fee: 1, standing: Standing::Undecided };
			open.try_insert(number, validation).map_err(|_| "a provider may have so many validations")?;
		}
		Providers::<T>::insert(&who, ProviderRecord { open, next, void_below: 0 });
		let seed_from = Pallet::<T>::block().saturating_add(SEED_BLOCKS);
		let stage = WindowStage::Open { seed: SEED, opened: 0, devices: device.saturating_add(1), seed_from };
		Window::<T>::put(WindowRecord { stage, due: DUE });
		#[extrinsic_call]
		_(RawOrigin::Signed(who), device, 100, SEED);
		let task = H256(ogpu_protocol::benchmark::task(blake2_256, &SEED.0, device));
		assert!(Tasks::<T>::get(task).is_some_and(|record| record.measures.is_some()));
		Ok(())
	}

	#[benchmark]
	fn window_step() -> Result<(), BenchmarkError> {
		grow_seed::<T>();
		let stage = WindowStage::Seeding { seed_from: 1, devices: 1 };
		Window::<T>::put(WindowRecord { stage, due: 0 });
		#[block]
		{
			Pallet::<T>::step_window();
		}
		let stage = Window::<T>::get().map(|window| window.stage);
		assert!(matches!(stage, Some(WindowStage::Open { .. })));
		Ok(())
	}

	/// Of all steps, silent auditors cost most for each leaf, and a conviction costs most besides. No step is both.
	#[benchmark]
	fn task_step(
		n: Linear<1, { T::MaxChecks::get().saturating_add(T::MaxChallenges::get()) }>,
		o: Linear<1, { T::MaxHolders::get() }>,
	) -> Result<(), BenchmarkError> {
		be_silent::<T>(n, o)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.redraws == 1));
		Ok(())
	}

	#[benchmark]
	fn conclude(n: Linear<1, { RELEASED + 1 }>) -> Result<(), BenchmarkError> {
		be_convicted::<T>(n)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		assert!(Records::<T>::get(CONVICTED).is_some_and(|record| record.conclusion == Conclusion::Convicted));
		Ok(())
	}

	/// All leaves are disputed, and a jury meets over the first.
	#[benchmark(extra)]
	fn task_disputed(n: Linear<1, { T::MaxChecks::get() }>) -> Result<(), BenchmarkError> {
		dispute::<T>(n)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		assert!(Tasks::<T>::get(TASK).is_some_and(|record| record.juries == 1));
		assert_eq!(Disputes::<T>::get(TASK).len() as u32, n.saturating_sub(1));
		Ok(())
	}

	/// Forgetting a task, with as many rounds of juries as are forgotten at once, and paying two auditors of each leaf over
	/// which no jury has met.
	#[benchmark(extra)]
	fn task_forgotten(n: Linear<1, { T::MaxChecks::get() }>) -> Result<(), BenchmarkError> {
		seat::<T>(T::MaxHolders::get());
		Pallet::<T>::to_commons(T::Currency::issue(OGPU.saturating_mul(n.into())));
		for leaf in 0..n {
			let [first, second] = [0, 1]
				.map(|place| auditor::<T>(leaf.saturating_mul(2).saturating_add(place), Answer::Revealed(Ok(AUDIT))));
			Checks::<T>::insert(TASK, leaf, check(first, second));
		}
		Disputes::<T>::insert(TASK, BoundedVec::truncate_from((0..n).collect()));
		draw_jurors::<T>(64);
		let jury = Juries::<T>::get(TASK, LEAF).ok_or("a jury sits")?;
		Agenda::<T>::remove(DUE, Item::Jury(TASK, LEAF));
		(0..n).for_each(|leaf| Juries::<T>::insert(TASK, leaf, &jury));
		put::<T>(record(TASK, Stage::Closing { conclusion: Conclusion::Convicted }));
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		assert!(Ballots::<T>::iter_prefix_values(TASK).next().is_none());
		Ok(())
	}

	/// A jury ends with fines for all but one, and convicts a provider that has nothing else open.
	#[benchmark]
	fn jury_step(n: Linear<1, MAX_JURY_BALLOTS>, o: Linear<1, { T::MaxHolders::get() }>) -> Result<(), BenchmarkError> {
		decide::<T>(n, o)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		assert!(Records::<T>::get(TASK).is_some_and(|record| record.conclusion == Conclusion::Convicted));
		Ok(())
	}

	/// Drawing jurors after so many that were silent.
	#[benchmark(extra)]
	fn jury_drawn(n: Linear<1, MAX_JURY_BALLOTS>) -> Result<(), BenchmarkError> {
		draw_jurors::<T>(n);
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			agenda::<T>(DUE)?;
		}
		let round = Ballots::<T>::get(TASK, (LEAF, n.saturating_add(1)));
		assert!(!round.is_empty());
		Ok(())
	}

	/// With the record of a task that is forgotten then.
	#[benchmark]
	fn agenda_look() -> Result<(), BenchmarkError> {
		let ended = ValidationRecord {
			provider: account("provider", 0, 0),
			client: account("client", 0, 0),
			manifest: SEED.0,
			start: SEED.0,
			outcome: Some(Outcome { root: SEED.0, output: SEED.0 }),
			conclusion: Conclusion::Accepted,
			leaves: 1,
			audit_billionths: 0,
			drawn: 0,
			juries: 0,
			executions: 0,
			detects_one_billionths: 0,
			detects_tenth_billionths: 0,
			closed: DUE,
		};
		Records::<T>::insert(TASK, ended);
		let due = DUE.saturating_add(T::RecordBlocks::get());
		Pallet::<T>::schedule(Item::Record(TASK), due);
		set_clock::<T>(due.saturating_add(1));
		#[block]
		{
			agenda::<T>(due)?;
		}
		assert!(!Records::<T>::contains_key(TASK));
		Ok(())
	}

	#[benchmark]
	fn keep_output() -> Result<(), BenchmarkError> {
		AuthorOutputs::<T>::insert(1, SEED);
		let block = T::SeedRetention::get().saturating_add(1);
		frame_system::Pallet::<T>::set_block_number(block.into());
		#[block]
		{
			Pallet::<T>::keep_output();
			// No author has added anything to a block that is only measured.
			AuthorOutputs::<T>::insert(block.saturating_sub(1), SEED);
		}
		assert!(!AuthorOutputs::<T>::contains_key(1));
		Ok(())
	}

	#[benchmark]
	fn next_session(n: Linear<1, { T::MaxHolders::get() }>) -> Result<(), BenchmarkError> {
		seat::<T>(n);
		let mut validators = Vec::new();
		for index in 0..n {
			let who = locked::<T>("verifier", index)?;
			T::TrustLock::pin(&who, SEAT, T::SeatBond::get(), Pin::Own)?;
			Offers::<T>::insert(&who, 1);
			Duties::<T>::insert(&who, DutyRecord { drawn: 2, served: 1 });
			validators.push((who, lock_of::<T>()));
		}
		T::BenchmarkHelper::activate(&validators);
		#[block]
		{
			Pallet::<T>::end_session();
			Pallet::<T>::start_session();
		}
		assert!(Duties::<T>::iter().next().is_none() && !Tables::<T>::contains_key(TABLE));
		assert!(Tables::<T>::get(CurrentTable::<T>::get()).is_some_and(|table| table.holders.len() as u32 == n));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::new_test_ext(), crate::tests::Test);
}
