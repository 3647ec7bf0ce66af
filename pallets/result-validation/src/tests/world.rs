//! Playing a network, block by block.

use super::*;
use frame_support::traits::{fungible::Mutate as _, tokens::Preservation};
use ogpu_protocol::{
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
};
use ogpu_staking_trustlock::traits::Pin;
use std::collections::BTreeMap;

/// How somebody behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conduct {
	#[default]
	Honest,
	/// Finds whatever the provider claims, without the bytes.
	Approve,
	/// Finds something else, the same as all others who lie.
	Lie,
	/// Says nothing.
	Silent,
	/// Commits, and does not reveal.
	Withhold,
	/// Says that something is missing or invalid.
	Obstacle(Obstacle),
}

/// A job, and what its provider does with it.
#[derive(Clone)]
pub struct Job {
	pub task: H256,
	pub honest: Vec<Leaf>,
	pub claimed: Vec<Leaf>,
	pub tree: std::rc::Rc<Tree>,
	pub request: Request,
	/// What the provider leaves out: openings, its result, leaves.
	pub posts: bool,
	pub reveals: bool,
	pub shows: bool,
	/// Posts other openings than what leaves begin from.
	pub swaps_openings: bool,
	/// Shows leaves that somebody challenges.
	pub answers: bool,
	/// What its provider pins, and what its client pays for checking.
	pub bond: Balance,
	pub checking: Balance,
}

pub const SALT: H256 = H256::repeat_byte(5);
const START: Hash = [9; 32];

/// What computing a leaf gives, with or without cheating.
fn leaf(task: &H256, index: u32, honest: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[task.as_bytes(), &index.to_le_bytes(), &[part, honest.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

/// The bytes of a leaf: who has them can bind a vote.
fn bytes(leaf: &Leaf) -> Vec<u8> {
	[leaf.output, leaf.carry, leaf.trace].concat()
}

impl Job {
	/// A job of so many leaves of which these are wrong, in a class.
	pub fn new(number: u8, leaves: u32, wrong: &[u32], class: Class) -> Self {
		let task = H256::repeat_byte(number);
		let honest: Vec<_> = (0..leaves).map(|index| leaf(&task, index, true)).collect();
		let claimed: Vec<_> = (0..leaves).map(|index| leaf(&task, index, !wrong.contains(&index))).collect();
		let tree = std::rc::Rc::new(tree(blake2_256, &task.0, &claimed).unwrap());
		let mut job = Self {
			task,
			honest,
			claimed,
			tree,
			request: Request {
				task,
				client: client(),
				provider: provider(),
				commitment: H256::zero(),
				manifest: H256::repeat_byte(8),
				start: H256(START),
				leaves,
				class,
				capability: 0,
				leaf_blocks: 1,
				leaf_fee: OGPU / 100,
				fee: 10 * OGPU,
				spent: OGPU,
				sale: Sale::Pool,
				seed_from: 0,
				secret: None,
				is_milestone: false,
			},
			posts: true,
			reveals: true,
			shows: true,
			swaps_openings: false,
			answers: true,
			bond: 100 * OGPU,
			checking: OGPU,
		};
		job.seal();
		job
	}

	/// The same job under another name.
	pub fn named(mut self, task: H256) -> Self {
		let wrong = |index: &u32| self.honest[*index as usize] != self.claimed[*index as usize];
		let wrong: Vec<_> = (0..self.request.leaves).filter(wrong).collect();
		self.honest = (0..self.request.leaves).map(|index| leaf(&task, index, true)).collect();
		self.claimed = (0..self.request.leaves).map(|index| leaf(&task, index, !wrong.contains(&index))).collect();
		self.tree = std::rc::Rc::new(tree(blake2_256, &task.0, &self.claimed).unwrap());
		(self.task, self.request.task) = (task, task);
		self.seal();
		self
	}

	/// The same job of another provider.
	pub fn by(mut self, provider: AccountId32) -> Self {
		self.request.provider = provider;
		self.seal();
		self
	}

	fn seal(&mut self) {
		let place = Place { task: self.task.0, round: 0, account: self.request.provider.clone().into() };
		self.request.commitment = H256(place.commit(blake2_256, &self.outcome(), &SALT.0));
	}

	pub fn outcome(&self) -> Outcome {
		Outcome { root: self.tree.root(), output: [1; 32] }
	}

	fn proven(&self, index: u32) -> Proven {
		Proven { leaf: self.claimed[index as usize], proof: self.tree.proof(index).unwrap() }
	}

	pub fn reveal(&self, index: u32) -> Reveal {
		Reveal { leaf: self.proven(index), before: index.checked_sub(1).map(|before| self.proven(before)) }
	}

	/// What the leaf really begins from.
	pub fn opening(&self, index: u32) -> Hash {
		index.checked_sub(1).map_or(self.request.start.0, |before| self.claimed[before as usize].carry)
	}

	pub fn digest(&self, index: u32) -> Hash {
		self.claimed[index as usize].digest(blake2_256, &self.task.0, index)
	}

	pub fn honest_digest(&self, index: u32) -> Hash {
		self.honest[index as usize].digest(blake2_256, &self.task.0, index)
	}

	/// What checking it costs on average.
	pub fn asked(&self) -> Balance {
		let Checking { class, provider } = <Validations as Validation>::checking(&self.request);
		class.saturating_add(provider)
	}

	/// Opens it with its bond and its fee for checking. If that is less than checking costs on average, luck has made
	/// it dearer so far.
	pub fn open(&mut self) -> sp_runtime::DispatchResult {
		if self.request.seed_from == 0 {
			self.request.seed_from = System::block_number() + 1;
		}
		TrustLock::pin(&self.request.provider, self.task, self.bond, Pin::Shared)?;
		let checking = self.checking.max(self.asked());
		<Validations as Validation>::open(self.request.clone(), checking, &client())
			.inspect_err(|_| TrustLock::unpin(&self.request.provider, self.task))?;
		Tasks::<Test>::mutate_extant(self.task, |record| record.checking = self.checking);
		let less = checking - self.checking;
		Balances::transfer(&Validations::pot(), &client(), less, Preservation::Preserve).map(|_| ())
	}

	pub fn audit(&self, index: u32, opening: Hash, conduct: Conduct) -> Option<Finding<Audit>> {
		let found = |digest| Some(Ok(Audit { opening, digest }));
		match conduct {
			Conduct::Honest | Conduct::Withhold => found(self.honest_digest(index)),
			Conduct::Approve => found(self.digest(index)),
			Conduct::Lie => found([66; 32]),
			Conduct::Silent => None,
			Conduct::Obstacle(obstacle) => Some(Err(obstacle)),
		}
	}

	pub fn vote(&self, index: u32, seed: H256, conduct: Conduct) -> Option<Finding<Vote>> {
		let bound = |digest, bytes: &[u8]| Some(Ok(Vote { digest, binding: binding(blake2_256, &seed.0, bytes) }));
		match conduct {
			Conduct::Honest | Conduct::Withhold => {
				bound(self.honest_digest(index), &bytes(&self.honest[index as usize]))
			}
			// Accomplices have the bytes of what is claimed.
			Conduct::Approve => bound(self.digest(index), &bytes(&self.claimed[index as usize])),
			Conduct::Lie => bound([66; 32], b"anything"),
			Conduct::Silent => None,
			Conduct::Obstacle(obstacle) => Some(Err(obstacle)),
		}
	}
}

/// Who plays, and how.
#[derive(Clone, Default)]
pub struct World {
	pub jobs: BTreeMap<H256, Job>,
	pub auditors: BTreeMap<AccountId32, Conduct>,
	pub jurors: BTreeMap<AccountId32, Conduct>,
	/// How all jurors behave on a leaf, instead.
	pub leaves: BTreeMap<u32, Conduct>,
	/// What the authors of blocks add to the randomness.
	pub luck: u64,
	/// Somebody interferes, so that what everybody does may be refused.
	pub is_disturbed: bool,
}

/// A story: it begins with ten verifiers and ends with a look at the books.
pub fn story(tell: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		let issued = Balances::total_issuance();
		tell();
		check_books();
		assert!(Balances::total_issuance() <= issued, "nothing is minted");
	});
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut genesis = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let mut rich: Vec<_> = (0..VERIFIERS).map(verifier).collect();
	rich.extend([provider(), client(), challenger(), TREASURY]);
	pallet_balances::GenesisConfig::<Test> {
		balances: rich.into_iter().map(|who| (who, 10_000 * OGPU)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut genesis)
	.unwrap();
	crate::GenesisConfig::<Test>::default().assimilate_storage(&mut genesis).unwrap();
	let mut externalities = sp_io::TestExternalities::new(genesis);
	externalities.execute_with(|| {
		System::set_block_number(1);
		let verifiers: Vec<_> = (0..VERIFIERS).map(verifier).collect();
		for who in verifiers.iter().chain([&provider(), &client(), &challenger()]) {
			TrustLock::lock(RuntimeOrigin::signed(who.clone()), 1_000 * OGPU).unwrap();
		}
		for who in &verifiers {
			Validations::offer_seats(RuntimeOrigin::signed(who.clone()), 1, None).unwrap();
		}
		ActiveStake::set(&verifiers.into_iter().map(|who| (who, 1_000 * OGPU)).collect());
		next_session();
		// A tenth of an OGPU for each of a hundred checks.
		let commons = <Balances as frame_support::traits::fungible::Balanced<_>>::issue(10 * OGPU);
		Validations::to_commons(commons);
	});
	externalities
}

pub fn check_books() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
	let checking: Balance = Tasks::<Test>::iter_values().map(|record| record.checking).sum();
	assert_eq!(Balances::free_balance(Validations::pot()), checking + Commons::<Test>::get() + LEAST);
	let bonds: Balance = Checks::<Test>::iter_values().filter_map(|check| Some(check.challenge?.1)).sum();
	let reason = RuntimeHoldReason::from(HoldReason::Challenge);
	let holds = pallet_balances::Holds::<Test>::iter_values().flatten();
	assert_eq!(bonds, holds.filter(|hold| hold.id == reason).map(|hold| hold.amount).sum::<Balance>());
}

/// Ends a block and begins the next, in which nobody has acted yet.
pub fn next_block(luck: u64) {
	let block = System::block_number() + 1;
	System::set_block_number(block);
	Output::set(&Some(H256(blake2_256(&[luck.to_le_bytes().as_slice(), &block.to_le_bytes()].concat()))));
	if !IsClockStopped::get() {
		ClockAt::set(&(ClockAt::get() + 1));
	}
	Validations::on_initialize(block);
	let mut meter = frame_support::weights::WeightMeter::with_limit(Weight::MAX);
	Validations::on_poll(block, &mut meter);
	assert!(meter.consumed().all_lte(AgendaWeight::get()), "a block does so much and no more");
}

pub fn stage(task: &H256) -> Option<Stage> {
	Tasks::<Test>::get(task).map(|record| record.stage)
}

pub fn conclusion(task: &H256) -> Option<Conclusion> {
	let told: Vec<_> = Told::get().into_iter().filter(|(of, _)| of == task).collect();
	assert!(told.len() <= 1, "the market is told once");
	told.first().map(|(_, conclusion)| *conclusion)
}

impl World {
	pub fn with(jobs: impl IntoIterator<Item = Job>) -> Self {
		Self { jobs: jobs.into_iter().map(|job| (job.task, job)).collect(), ..Self::default() }
	}

	/// Opens a job and plays until it has ended.
	pub fn validate(mut job: Job) -> Conclusion {
		job.open().unwrap();
		let task = job.task;
		Self::with([job]).until_ended(&task)
	}

	pub fn auditors(mut self, who: impl IntoIterator<Item = AccountId32>, conduct: Conduct) -> Self {
		self.auditors.extend(who.into_iter().map(|who| (who, conduct)));
		self
	}

	pub fn jurors(mut self, who: impl IntoIterator<Item = AccountId32>, conduct: Conduct) -> Self {
		self.jurors.extend(who.into_iter().map(|who| (who, conduct)));
		self
	}

	/// A block in which everybody acts.
	pub fn block(&self) {
		next_block(self.luck);
		self.everybody_acts();
	}

	pub fn everybody_acts(&self) {
		for job in self.jobs.values() {
			self.act(job);
		}
	}

	/// Plays until something has come about to which nobody has reacted yet.
	pub fn until_dawn(&self, has_come: impl Fn() -> bool) {
		for _ in 0..200_000 {
			if has_come() {
				return;
			}
			self.everybody_acts();
			next_block(self.luck);
		}
		panic!("it never came: {:?}", Tasks::<Test>::iter().collect::<Vec<_>>());
	}

	/// Plays until a stage begins in which nobody has acted yet.
	pub fn until_dawn_of(&self, task: &H256, wanted: impl Fn(Stage) -> bool) {
		self.until_dawn(|| stage(task).is_some_and(&wanted));
	}

	pub fn until(&self, is_there: impl Fn() -> bool) {
		for _ in 0..200_000 {
			if is_there() {
				return;
			}
			self.block();
		}
		panic!("it never happened: {:?}", Tasks::<Test>::iter().collect::<Vec<_>>());
	}

	pub fn until_stage(&self, task: &H256, wanted: impl Fn(Stage) -> bool) {
		self.until(|| stage(task).is_some_and(&wanted));
	}

	pub fn until_ended(&self, task: &H256) -> Conclusion {
		self.until(|| conclusion(task).is_some());
		conclusion(task).unwrap()
	}

	fn send(&self, who: &AccountId32, call: Call<Test>) {
		let sent = send(who.clone(), call.clone());
		assert!(self.is_disturbed || sent.is_ok(), "{sent:?}: {call:?}");
	}

	fn act(&self, job: &Job) {
		let task = job.task;
		// Who is too late need not try.
		let Some(record) = Tasks::<Test>::get(task).filter(|record| ClockAt::get() <= record.due) else { return };
		let checks: Vec<_> = Checks::<Test>::iter_prefix(task).collect();
		match record.stage {
			Stage::Opening if job.posts => self.post(job, &checks),
			Stage::Auditing => self.commit_audits(job, &checks, |check| &check.first),
			Stage::AuditingTwice => self.commit_audits(job, &checks, |check| &check.second),
			Stage::Revealing => {
				if job.reveals && record.outcome.is_none() {
					self.send(&job.request.provider, Call::reveal { task, outcome: job.outcome(), salt: SALT });
				}
				if job.reveals && job.shows {
					self.show(job, &checks);
				}
			}
			Stage::Challengeable | Stage::Answering if job.answers => self.show(job, &checks),
			Stage::Comparing => self.reveal_audits(job, &checks),
			Stage::Judging { .. } => {
				let juries = Juries::<Test>::iter_prefix(task);
				for (leaf, jury) in juries.filter(|(_, jury)| ClockAt::get() <= jury.due) {
					self.judge(job, leaf, &jury);
				}
			}
			_ => {}
		}
	}

	fn post(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		let missing = checks.iter().filter(|(_, check)| check.opening.is_none());
		let opening = |leaf| if job.swaps_openings { H256::repeat_byte(44) } else { H256(job.opening(leaf)) };
		let openings: Vec<_> = missing.map(|(leaf, _)| (*leaf, opening(*leaf))).collect();
		if !openings.is_empty() {
			let openings = openings.try_into().unwrap();
			self.send(&job.request.provider, Call::post_openings { task: job.task, openings });
		}
	}

	fn show(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		let missing = checks.iter().filter(|(_, check)| check.digest.is_none());
		let reveals: Vec<_> = missing.map(|(leaf, _)| (*leaf, job.reveal(*leaf))).collect();
		if !reveals.is_empty() {
			let reveals = reveals.try_into().unwrap();
			self.send(&job.request.provider, Call::reveal_leaves { task: job.task, reveals });
		}
	}

	pub fn salt(who: &AccountId32) -> H256 {
		H256(blake2_256(who.as_ref()))
	}

	pub fn commitment<V: Value>(job: &Job, leaf: u32, round: u32, who: &AccountId32, value: &V) -> H256 {
		let place = Place { task: leaf_task(blake2_256, &job.task.0, leaf), round, account: who.clone().into() };
		H256(place.commit(blake2_256, value, &Self::salt(who).0))
	}

	fn auditor(&self, who: &AccountId32) -> Conduct {
		self.auditors.get(who).copied().unwrap_or_default()
	}

	fn commit_audits(
		&self,
		job: &Job,
		checks: &[(u32, CheckRecord)],
		whose_turn: impl Fn(&CheckRecord) -> &Option<Auditor>,
	) {
		for (leaf, check) in checks {
			let Some(auditor) = whose_turn(check).as_ref().filter(|it| it.answer == Answer::Silent) else { continue };
			let who = &auditor.operator;
			if let Some(finding) = job.audit(*leaf, check.opening.unwrap().0, self.auditor(who)) {
				let commitment = Self::commitment(job, *leaf, 0, who, &finding);
				self.send(who, Call::commit_audit { task: job.task, leaf: *leaf, commitment });
			}
		}
	}

	fn reveal_audits(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		for (leaf, check) in checks {
			for auditor in check.auditors().filter(|auditor| matches!(auditor.answer, Answer::Committed(_))) {
				let who = &auditor.operator;
				let conduct = self.auditor(who);
				let finding = job.audit(*leaf, check.opening.unwrap().0, conduct);
				if let Some(finding) = finding.filter(|_| conduct != Conduct::Withhold) {
					let (leaf, salt) = (*leaf, Self::salt(who));
					self.send(who, Call::reveal_audit { task: job.task, leaf, finding, salt });
				}
			}
		}
	}

	fn judge(&self, job: &Job, leaf: u32, jury: &JuryRecord) {
		let ballots = Ballots::<Test>::get(job.task, (leaf, jury.round));
		for ballot in ballots {
			let who = &ballot.operator;
			let conduct = self.leaves.get(&leaf).or(self.jurors.get(who)).copied().unwrap_or_default();
			let task = job.task;
			match (jury.stage, ballot.answer) {
				(JuryStage::Voting { seed }, Answer::Silent) => {
					if let Some(finding) = job.vote(leaf, seed, conduct) {
						let commitment = Self::commitment(job, leaf, jury.round, who, &finding);
						self.send(who, Call::commit_vote { task, leaf, commitment });
					}
				}
				(JuryStage::Revealing { seed }, Answer::Committed(_)) if conduct != Conduct::Withhold => {
					if let Some(finding) = job.vote(leaf, seed, conduct) {
						self.send(who, Call::reveal_vote { task, leaf, finding, salt: Self::salt(who) });
					}
				}
				_ => {}
			}
		}
	}
}

/// Ends a session and begins the next.
pub fn next_session() {
	Validations::end_session();
	Validations::start_session();
}

/// A call, as it comes in a block.
pub fn send(who: AccountId32, call: Call<Test>) -> sp_runtime::DispatchResult {
	let sent = RuntimeCall::Validations(call).dispatch(RuntimeOrigin::signed(who));
	sent.map(|_| ()).map_err(|refused| refused.error)
}

/// A call that is refused, and leaves everything as it was.
#[track_caller]
pub fn refused(who: AccountId32, call: Call<Test>, why: impl Into<sp_runtime::DispatchError>) {
	let state = || sp_io::storage::root(sp_runtime::StateVersion::V1);
	let (before, told) = (state(), format!("{call:?}"));
	assert_eq!(send(who, call), Err(why.into()), "{told}");
	assert_eq!(state(), before, "{told}");
}

/// An opening that is refused, and leaves everything as it was but for the pin.
#[track_caller]
pub fn not_opened(job: &mut Job, why: impl Into<sp_runtime::DispatchError>) {
	let state = || sp_io::storage::root(sp_runtime::StateVersion::V1);
	let before = state();
	let events = System::event_count();
	let opened = frame_support::storage::with_storage_layer(|| job.open());
	assert_eq!((opened, System::event_count()), (Err(why.into()), events));
	assert_eq!(state(), before);
}

/// Lets another account in, which locks so much.
pub fn newcomer(who: &AccountId32, lock: Balance) {
	let treasury = RuntimeOrigin::signed(TREASURY);
	Balances::transfer_allow_death(treasury, who.clone(), lock + 10 * OGPU).unwrap();
	TrustLock::lock(RuntimeOrigin::signed(who.clone()), lock).unwrap();
}

/// Lets such stakes have all seats.
pub fn seat(stakes: impl IntoIterator<Item = (AccountId32, Balance)>) {
	ActiveStake::set(&stakes.into_iter().collect());
	next_session();
}

/// What an account has, free and held.
pub fn wealth(who: &AccountId32) -> Balance {
	Balances::free_balance(who) + Balances::reserved_balance(who)
}

pub fn events() -> Vec<Event<Test>> {
	let ours = |record: frame_system::EventRecord<RuntimeEvent, H256>| match record.event {
		RuntimeEvent::Validations(event) => Some(event),
		_ => None,
	};
	System::events().into_iter().filter_map(ours).collect()
}
