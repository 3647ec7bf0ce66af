//! Playing a network, block by block.

use super::*;
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
				supplier: client(),
				commitment: H256::zero(),
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
		};
		let place = Place { task: task.0, round: 0, account: provider().into() };
		job.request.commitment = H256(place.commit(blake2_256, &job.outcome(), &SALT.0));
		job
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
		index.checked_sub(1).map_or(START, |before| self.claimed[before as usize].carry)
	}

	pub fn digest(&self, index: u32) -> Hash {
		self.claimed[index as usize].digest(blake2_256, &self.task.0, index)
	}

	pub fn honest_digest(&self, index: u32) -> Hash {
		self.honest[index as usize].digest(blake2_256, &self.task.0, index)
	}

	pub fn is_wrong(&self, index: u32) -> bool {
		self.honest[index as usize] != self.claimed[index as usize]
	}

	/// Opens it with a bond, and with a fee for checking.
	pub fn open(&mut self) -> sp_runtime::DispatchResult {
		if self.request.seed_from == 0 {
			self.request.seed_from = System::block_number() + 1;
		}
		TrustLock::pin(&provider(), self.task, 100 * OGPU, Pin::Shared)?;
		<Validations as Validation>::open(self.request.clone(), OGPU, &client())
			.inspect_err(|_| TrustLock::unpin(&provider(), self.task))
	}

	fn audit(&self, index: u32, opening: Hash, conduct: Conduct) -> Option<Finding<Audit>> {
		let found = |digest| Some(Ok(Audit { opening, digest }));
		match conduct {
			Conduct::Honest | Conduct::Withhold => found(self.honest_digest(index)),
			Conduct::Approve => found(self.digest(index)),
			Conduct::Lie => found([66; 32]),
			Conduct::Silent => None,
			Conduct::Obstacle(obstacle) => Some(Err(obstacle)),
		}
	}

	fn vote(&self, index: u32, seed: H256, conduct: Conduct) -> Option<Finding<Vote>> {
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
	/// What the authors of blocks add to the randomness.
	pub luck: u64,
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
	let held: Balance = Checks::<Test>::iter_values().filter_map(|check| Some(check.challenge?.1)).sum();
	let challenged = |who: &AccountId32| {
		<Balances as frame_support::traits::fungible::InspectHold<_>>::balance_on_hold(
			&HoldReason::Challenge.into(),
			who,
		)
	};
	assert_eq!(
		held,
		challenged(&challenger())
			+ challenged(&client())
			+ (0..VERIFIERS).map(|n| challenged(&verifier(n))).sum::<Balance>()
	);
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
		for job in self.jobs.values() {
			self.act(job);
		}
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

	fn act(&self, job: &Job) {
		let task = job.task;
		let Some(record) = Tasks::<Test>::get(task) else { return };
		let checks: Vec<_> = Checks::<Test>::iter_prefix(task).collect();
		match record.stage {
			Stage::Opening if job.posts => self.post(job, &checks),
			Stage::Auditing | Stage::AuditingTwice => self.commit_audits(job, &checks),
			Stage::Revealing => {
				if job.reveals && record.outcome.is_none() {
					Validations::reveal(RuntimeOrigin::signed(provider()), task, job.outcome(), SALT).unwrap();
				}
				if job.reveals && job.shows {
					self.show(job, &checks);
				}
			}
			Stage::Challengeable | Stage::Answering if job.answers => self.show(job, &checks),
			Stage::Comparing => self.reveal_audits(job, &checks),
			Stage::Judging { .. } => {
				for (leaf, jury) in Juries::<Test>::iter_prefix(task) {
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
			let provider = RuntimeOrigin::signed(provider());
			Validations::post_openings(provider, job.task, openings.try_into().unwrap()).unwrap();
		}
	}

	fn show(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		let missing = checks.iter().filter(|(_, check)| check.digest.is_none());
		let reveals: Vec<_> = missing.map(|(leaf, _)| (*leaf, job.reveal(*leaf))).collect();
		if !reveals.is_empty() {
			let provider = RuntimeOrigin::signed(provider());
			Validations::reveal_leaves(provider, job.task, reveals.try_into().unwrap()).unwrap();
		}
	}

	fn salt(who: &AccountId32) -> H256 {
		H256(blake2_256(who.as_ref()))
	}

	fn commitment<V: Value>(job: &Job, leaf: u32, round: u32, who: &AccountId32, value: &V) -> H256 {
		let place = Place { task: leaf_task(blake2_256, &job.task.0, leaf), round, account: who.clone().into() };
		H256(place.commit(blake2_256, value, &Self::salt(who).0))
	}

	fn auditor(&self, who: &AccountId32) -> Conduct {
		self.auditors.get(who).copied().unwrap_or_default()
	}

	fn commit_audits(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		for (leaf, check) in checks {
			for auditor in check.auditors().filter(|auditor| auditor.answer == Answer::Silent) {
				let who = &auditor.operator;
				let opening = check.opening.unwrap().0;
				if let Some(finding) = job.audit(*leaf, opening, self.auditor(who)) {
					let commitment = Self::commitment(job, *leaf, 0, who, &finding);
					Validations::commit_audit(RuntimeOrigin::signed(who.clone()), job.task, *leaf, commitment).unwrap();
				}
			}
		}
	}

	fn reveal_audits(&self, job: &Job, checks: &[(u32, CheckRecord)]) {
		for (leaf, check) in checks {
			for auditor in check.auditors().filter(|auditor| matches!(auditor.answer, Answer::Committed(_))) {
				let who = &auditor.operator;
				let conduct = self.auditor(who);
				if conduct == Conduct::Withhold {
					continue;
				}
				let finding = job.audit(*leaf, check.opening.unwrap().0, conduct).unwrap();
				let origin = RuntimeOrigin::signed(who.clone());
				Validations::reveal_audit(origin, job.task, *leaf, finding, Self::salt(who)).unwrap();
			}
		}
	}

	fn judge(&self, job: &Job, leaf: u32, jury: &JuryRecord) {
		let ballots = Ballots::<Test>::get(job.task, (leaf, jury.round));
		for ballot in ballots {
			let who = &ballot.operator;
			let conduct = self.jurors.get(who).copied().unwrap_or_default();
			let origin = RuntimeOrigin::signed(who.clone());
			match (jury.stage, ballot.answer) {
				(JuryStage::Voting { seed }, Answer::Silent) => {
					if let Some(finding) = job.vote(leaf, seed, conduct) {
						let commitment = Self::commitment(job, leaf, jury.round, who, &finding);
						Validations::commit_vote(origin, job.task, leaf, commitment).unwrap();
					}
				}
				(JuryStage::Revealing { seed }, Answer::Committed(_)) if conduct != Conduct::Withhold => {
					let finding = job.vote(leaf, seed, conduct).unwrap();
					Validations::reveal_vote(origin, job.task, leaf, finding, Self::salt(who)).unwrap();
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
