//! Playing a network, block by block.

use super::*;
use ogpu_protocol::{
	auction::Offer,
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
};
use ogpu_result_validation::{
	Agenda, Answer, Ballots, Call as ValidationCall, CheckRecord, Checks, Item, Juries, JuryRecord, JuryStage,
	Stage as Phase, TaskRecord as ValidationRecord, Tasks as Validating,
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

pub const SALT: H256 = H256::repeat_byte(5);

pub fn account(seed: u8) -> AccountId32 {
	AccountId32::new([seed; 32])
}

/// Ten validators of equal stake.
pub fn verifier(number: u8) -> AccountId32 {
	account(100 + number)
}
pub const VERIFIERS: u8 = 10;

pub fn verifiers() -> impl Iterator<Item = AccountId32> {
	(0..VERIFIERS).map(verifier)
}

pub fn client() -> AccountId32 {
	account(2)
}

pub const ADA: u8 = 0;
pub const BOB: u8 = 1;
pub const EVE: u8 = 2;

/// Six providers, each with the device of its number.
pub fn provider(number: u8) -> AccountId32 {
	account(10 + number)
}
pub const PROVIDERS: u8 = 6;

pub fn providers() -> impl Iterator<Item = AccountId32> {
	(0..PROVIDERS).map(provider)
}

pub fn everybody() -> impl Iterator<Item = AccountId32> {
	providers().chain(verifiers()).chain([client(), TREASURY, Validations::pot()])
}

/// A part to which somebody committed, and what its provider does with it.
#[derive(Clone)]
pub struct Played {
	pub provider: AccountId32,
	pub honest: Vec<Leaf>,
	pub claimed: Vec<Leaf>,
	pub tree: Rc<Tree>,
	/// Whether it shows what it has to.
	pub shows: bool,
}

fn leaf(task: &H256, index: u32, honest: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[task.as_bytes(), &index.to_le_bytes(), &[part, honest.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

/// The bytes of a leaf: who has them can bind a vote.
fn bytes(leaf: &Leaf) -> Vec<u8> {
	[leaf.output, leaf.carry, leaf.trace].concat()
}

impl Played {
	fn new(provider: AccountId32, task: &H256, leaves: u32, wrong: &[u32]) -> Self {
		let honest: Vec<_> = (0..leaves).map(|index| leaf(task, index, true)).collect();
		let claimed: Vec<_> = (0..leaves).map(|index| leaf(task, index, !wrong.contains(&index))).collect();
		let tree = Rc::new(tree(blake2_256, &task.0, &claimed).unwrap());
		Self { provider, honest, claimed, tree, shows: true }
	}

	fn outcome(&self) -> Outcome {
		Outcome { root: self.tree.root(), output: [1; 32] }
	}

	fn proven(&self, index: u32) -> Proven {
		Proven { leaf: self.claimed[index as usize], proof: self.tree.proof(index).unwrap() }
	}

	fn reveal(&self, index: u32) -> Reveal {
		Reveal { leaf: self.proven(index), before: index.checked_sub(1).map(|before| self.proven(before)) }
	}

	fn opening(&self, index: u32, start: H256) -> Hash {
		index.checked_sub(1).map_or(start.0, |before| self.claimed[before as usize].carry)
	}
}

/// Who plays, and how.
#[derive(Default)]
pub struct World {
	pub played: RefCell<BTreeMap<H256, Played>>,
	/// What everybody finds who checks anything, instead of the truth.
	pub obstacle: RefCell<Option<Obstacle>>,
	/// No verifier says anything.
	pub is_silent: RefCell<bool>,
	/// Undecided: half of the verifiers lie.
	pub is_divided: RefCell<bool>,
	/// What the authors of blocks add to the randomness.
	pub luck: u64,
}

/// Plays a job until something.
pub type Until<'a> = &'a dyn Fn(&World, H256);

/// A story: it begins with ten verifiers, six providers and a client, and ends with a look at the books.
pub fn story(tell: impl FnOnce(&World)) {
	new_test_ext().execute_with(|| {
		let issued = Balances::total_issuance();
		let world = World::default();
		tell(&world);
		check_books();
		assert!(Balances::total_issuance() <= issued, "nothing is minted");
	});
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut genesis = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let rich = verifiers().chain(providers()).chain([client(), TREASURY]);
	pallet_balances::GenesisConfig::<Test> {
		balances: rich.into_iter().map(|who| (who, 20_000 * OGPU)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut genesis)
	.unwrap();
	ogpu_result_validation::GenesisConfig::<Test>::default().assimilate_storage(&mut genesis).unwrap();
	let mut externalities = sp_io::TestExternalities::new(genesis);
	externalities.execute_with(|| {
		System::set_block_number(1);
		for who in verifiers().chain(providers()).chain([client()]) {
			TrustLock::lock(RuntimeOrigin::signed(who.clone()), 10_000 * OGPU).unwrap();
		}
		for who in verifiers() {
			Validations::offer_seats(RuntimeOrigin::signed(who.clone()), 1, None).unwrap();
		}
		ActiveStake::set(&verifiers().map(|who| (who, 1_000 * OGPU)).collect());
		Validations::end_session();
		Validations::start_session();
		for who in providers() {
			let id = device(&who);
			TrustLock::heartbeat(RuntimeOrigin::signed(who), id).unwrap();
			<TrustLock as Devices<_>>::measured(id, 1_000 * GIGA);
		}
		System::reset_events();
	});
	externalities
}

/// Registers a device of an operator, for which its own key works.
pub fn device(operator: &AccountId32) -> DeviceId {
	let id = ogpu_staking_trustlock::NextDevice::<Test>::get();
	let text = |text: &[u8]| text.to_vec();
	TrustLock::register_device(
		RuntimeOrigin::signed(operator.clone()),
		DeviceKind::Cuda,
		BoundedVec::truncate_from(text(b"device")),
		24_000,
		BoundedVec::truncate_from(text(b"endpoint")),
		operator.clone(),
	)
	.unwrap();
	id
}

pub fn check_books() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
	let everything: Balance = pallet_balances::Holds::<Test>::iter_values().flatten().map(|hold| hold.amount).sum();
	assert!(everything <= Balances::total_issuance());
	for (reason, sum) in [
		(HoldReason::Job, Jobs::<Test>::iter_values().map(|job| job.held + job.deposit).sum::<Balance>()),
		(HoldReason::Bid, Bids::<Test>::iter_values().map(|bid| bid.deposit).sum()),
	] {
		let reason = RuntimeHoldReason::from(reason);
		let holds = pallet_balances::Holds::<Test>::iter_values().flatten();
		assert_eq!(sum, holds.filter(|hold| hold.id == reason).map(|hold| hold.amount).sum::<Balance>());
	}
	let appointed = Agenda::<Test>::iter_keys().filter_map(|(due, item)| match item {
		Item::Market(job) => Some((job, due)),
		_ => None,
	});
	let mut appointed: Vec<_> = appointed.collect();
	let mut due: Vec<_> =
		Jobs::<Test>::iter_values().filter(|job| job.due < u32::MAX).map(|job| (job.id, job.due)).collect();
	appointed.sort();
	due.sort();
	assert_eq!(appointed, due, "each job has its deadline, and no other");
	let total: Balance = frame_system::Account::<Test>::iter_values().map(|it| it.data.free + it.data.reserved).sum();
	assert_eq!(total, Balances::total_issuance(), "all belongs to somebody");
}

/// Nothing is left of any job, and nobody is bound by one.
pub fn assert_all_is_over() {
	assert_eq!(Jobs::<Test>::iter().count() + Bids::<Test>::iter().count() + Tasks::<Test>::iter().count(), 0);
	for (who, pins) in ogpu_staking_trustlock::Pins::<Test>::iter() {
		assert!(pins.iter().all(|pin| pin.work == ogpu_result_validation::SEAT), "{who:?} is bound: {pins:?}");
	}
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

pub fn now() -> u32 {
	ClockAt::get()
}

pub fn send(who: AccountId32, call: Call<Test>) -> sp_runtime::DispatchResult {
	let sent = RuntimeCall::Auctions(call).dispatch(RuntimeOrigin::signed(who));
	sent.map(|_| ()).map_err(|refused| refused.error)
}

/// A call that is refused, and leaves everything as it was.
#[track_caller]
pub fn refused(who: AccountId32, call: Call<Test>, why: impl Into<DispatchError>) {
	let state = || sp_io::storage::root(sp_runtime::StateVersion::V1);
	let (before, told) = (state(), format!("{call:?}"));
	assert_eq!(send(who, call), Err(why.into()), "{told}");
	assert_eq!(state(), before, "{told}");
}

/// What an account has, free and held.
pub fn wealth(who: &AccountId32) -> Balance {
	Balances::free_balance(who) + Balances::reserved_balance(who)
}

pub fn events() -> Vec<Event<Test>> {
	let ours = |record: frame_system::EventRecord<RuntimeEvent, H256>| match record.event {
		RuntimeEvent::Auctions(event) => Some(event),
		_ => None,
	};
	System::events().into_iter().filter_map(ours).collect()
}

pub fn end(job: &H256) -> Option<End> {
	events().into_iter().rev().find_map(|event| match event {
		Event::Closed { job: of, end, .. } if of == *job => Some(end),
		_ => None,
	})
}

pub fn job(id: &H256) -> JobOf<Test> {
	Jobs::<Test>::get(id).unwrap()
}

pub fn run(id: &H256) -> RunOf<Test> {
	job(id).run.unwrap()
}

/// Twenty leaves without milestones, a week's worth of nothing else to do.
pub fn spec() -> Spec {
	let work = 100 * GIGA;
	Spec {
		kind: Kind::Training,
		manifest: H256::repeat_byte(1),
		start: H256::repeat_byte(9),
		leaves: 20,
		part_leaves: 20,
		leaf: ogpu_protocol::cost::LeafCost { work, recompute_work: work, fetched_bytes: 1_000_000 },
		assurance: Assurance::Standard,
		capability: 0,
		needs: Needs { kind: None, memory_mb: 0, work_per_block: 0 },
		speed_billionths: 0,
		bidding_blocks: 10,
		longest_blocks: 5_000,
		reopens: 0,
	}
}

/// The same with a milestone after every five.
pub fn with_milestones() -> Spec {
	Spec { part_leaves: 5, ..spec() }
}

pub fn create(spec: Spec, ceiling: Balance) -> H256 {
	send(client(), Call::create { spec, ceiling }).unwrap();
	let created = events().into_iter().rev().find_map(|event| match event {
		Event::Created { job, .. } => Some(job),
		_ => None,
	});
	created.unwrap()
}

pub fn offer_of(number: u8, price: Balance, eta_blocks: u32) -> OfferRecord {
	OfferRecord { price, eta_blocks, worker: provider(number) }
}

pub fn sealed(number: u8, job: &H256, price: Balance, eta_blocks: u32) -> H256 {
	let round = Jobs::<Test>::get(job).map_or(0, |job| job.round);
	let place = Place { task: job.0, round, account: provider(number).into() };
	H256(place.commit(blake2_256, &Offer::from(&offer_of(number, price, eta_blocks)), &SALT.0))
}

pub fn bid(number: u8, job: H256, price: Balance, eta_blocks: u32) {
	let commitment = sealed(number, &job, price, eta_blocks);
	send(provider(number), Call::commit_bid { job, commitment }).unwrap();
}

pub fn reveal(number: u8, job: H256, price: Balance, eta_blocks: u32) {
	let (offer, device) = (offer_of(number, price, eta_blocks), number.into());
	send(provider(number), Call::reveal_bid { job, offer, device, salt: SALT }).unwrap();
}

pub fn start(number: u8, job: H256) {
	send(provider(number), Call::start { job }).unwrap();
}

impl World {
	pub fn block(&self) {
		next_block(self.luck);
		self.everybody_acts();
	}

	pub fn blocks(&self, blocks: u32) {
		(0..blocks).for_each(|_| self.block());
	}

	#[track_caller]
	pub fn until(&self, is_there: impl Fn() -> bool) {
		for _ in 0..60_000 {
			if is_there() {
				return;
			}
			self.block();
		}
		panic!("it never happened: {:?}", Jobs::<Test>::iter().collect::<Vec<_>>());
	}

	#[track_caller]
	pub fn until_stage(&self, id: &H256, wanted: impl Fn(Stage) -> bool) {
		self.until(|| Jobs::<Test>::get(id).is_some_and(|job| wanted(job.stage)));
	}

	#[track_caller]
	pub fn until_ended(&self, id: &H256) -> End {
		self.until(|| end(id).is_some());
		end(id).unwrap()
	}

	pub fn until_time(&self, time: u32) {
		self.until(|| now() >= time);
	}

	/// All these bid, and reveal what they bid. The work is offered to whoever won.
	#[track_caller]
	pub fn auction(&self, id: H256, bids: &[(u8, Balance, u32)]) {
		bids.iter().for_each(|(who, price, eta)| bid(*who, id, *price, *eta));
		self.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		bids.iter().for_each(|(who, price, eta)| reveal(*who, id, *price, *eta));
		self.until_stage(&id, |stage| stage == Stage::Offered);
	}

	/// Commits to the next part, of which these leaves are wrong.
	pub fn commit(&self, number: u8, id: H256, wrong: &[u32]) -> Result<H256, DispatchError> {
		let job = job(&id);
		let part = job.run.as_ref().map_or(0, Run::next);
		let task = Auctions::task_name(&id, job.tasks);
		let played = Played::new(provider(number), &task, job.spec.leaves_of(part).max(1), wrong);
		let place = Place { task: task.0, round: 0, account: provider(number).into() };
		let commitment = H256(place.commit(blake2_256, &played.outcome(), &SALT.0));
		let is_last = part >= job.spec.last_part();
		let call = if is_last {
			Call::commit_result { job: id, commitment }
		} else {
			Call::report_progress { job: id, commitment }
		};
		send(provider(number), call)?;
		self.played.borrow_mut().insert(task, played);
		Ok(task)
	}

	/// Commits to the next part as soon as the one before is shown.
	#[track_caller]
	pub fn deliver(&self, number: u8, id: H256, wrong: &[u32]) -> H256 {
		for _ in 0..2_000 {
			match self.commit(number, id, wrong) {
				Ok(task) => return task,
				Err(why) => assert_eq!(why, Error::<Test>::NotShown.into()),
			}
			self.block();
		}
		panic!("the part before was never shown");
	}

	/// Commits to all that is left.
	#[track_caller]
	pub fn deliver_all(&self, number: u8, id: H256) {
		while job(&id).stage == Stage::Working {
			self.deliver(number, id, &[]);
		}
	}

	/// Sells a job to the best of these, who starts.
	pub fn sold(&self, spec: Spec, ceiling: Balance, bids: &[(u8, Balance, u32)]) -> H256 {
		let id = create(spec, ceiling);
		self.auction(id, bids);
		let winner = run(&id).bid.bidder.operator;
		send(winner, Call::start { job: id }).unwrap();
		id
	}

	pub fn everybody_acts(&self) {
		for (task, record) in Validating::<Test>::iter().collect::<Vec<_>>() {
			if now() <= record.due || matches!(record.stage, Phase::Judging { .. }) {
				self.act(task, &record);
			}
		}
	}

	fn act(&self, task: H256, record: &ValidationRecord) {
		let checks: Vec<_> = Checks::<Test>::iter_prefix(task).collect();
		let played = self.played.borrow().get(&task).cloned();
		if let Some(played) = &played {
			self.provider_acts(task, record, &checks, played);
		}
		if *self.is_silent.borrow() {
			return;
		}
		match (record.stage, &played) {
			(Phase::Auditing | Phase::AuditingTwice, Some(played)) => {
				self.audit(task, record, &checks, played);
			}
			(Phase::Comparing, Some(played)) => self.compare(task, record, &checks, played),
			(Phase::Judging { .. }, _) => {
				for (leaf, jury) in Juries::<Test>::iter_prefix(task).filter(|(_, jury)| now() <= jury.due) {
					self.judge(task, leaf, &jury, played.as_ref());
				}
			}
			_ => {}
		}
	}

	fn say(&self, who: &AccountId32, call: ValidationCall<Test>) {
		// Whoever interferes is the test's matter.
		let _ = RuntimeCall::Validations(call).dispatch(RuntimeOrigin::signed(who.clone()));
	}

	fn provider_acts(&self, task: H256, record: &ValidationRecord, checks: &[(u32, CheckRecord)], played: &Played) {
		let show = || {
			let hidden = checks.iter().filter(|(_, check)| check.digest.is_none());
			let reveals: Vec<_> = hidden.map(|(leaf, _)| (*leaf, played.reveal(*leaf))).collect();
			if !reveals.is_empty() {
				let reveals = reveals.try_into().unwrap();
				self.say(&played.provider, ValidationCall::reveal_leaves { task, reveals });
			}
		};
		match record.stage {
			_ if !played.shows => {}
			Phase::Opening => {
				let missing = checks.iter().filter(|(_, check)| check.opening.is_none());
				let opening = |leaf| H256(played.opening(leaf, record.request.start));
				let openings: Vec<_> = missing.map(|(leaf, _)| (*leaf, opening(*leaf))).collect();
				if !openings.is_empty() {
					let openings = openings.try_into().unwrap();
					self.say(&played.provider, ValidationCall::post_openings { task, openings });
				}
			}
			Phase::Revealing => {
				if record.outcome.is_none() {
					let outcome = played.outcome();
					self.say(&played.provider, ValidationCall::reveal { task, outcome, salt: SALT });
				}
				show();
			}
			Phase::Challengeable | Phase::Answering => show(),
			_ => {}
		}
	}

	fn salt(who: &AccountId32) -> H256 {
		H256(blake2_256(who.as_ref()))
	}

	fn commitment<V: Value>(task: &H256, leaf: u32, round: u32, who: &AccountId32, value: &V) -> H256 {
		let place = Place { task: leaf_task(blake2_256, &task.0, leaf), round, account: who.clone().into() };
		H256(place.commit(blake2_256, value, &Self::salt(who).0))
	}

	fn finding(&self, task: &H256, leaf: u32, record: &ValidationRecord, played: &Played) -> Finding<Audit> {
		if let Some(obstacle) = *self.obstacle.borrow() {
			return Err(obstacle);
		}
		let digest = played.honest[leaf as usize].digest(blake2_256, &task.0, leaf);
		Ok(Audit { opening: played.opening(leaf, record.request.start), digest })
	}

	fn audit(&self, task: H256, record: &ValidationRecord, checks: &[(u32, CheckRecord)], played: &Played) {
		for (leaf, check) in checks {
			let auditor = if record.stage == Phase::Auditing { &check.first } else { &check.second };
			let Some(auditor) = auditor.as_ref().filter(|it| it.answer == Answer::Silent) else { continue };
			let finding = self.finding(&task, *leaf, record, played);
			let commitment = Self::commitment(&task, *leaf, 0, &auditor.operator, &finding);
			self.say(&auditor.operator, ValidationCall::commit_audit { task, leaf: *leaf, commitment });
		}
	}

	fn compare(&self, task: H256, record: &ValidationRecord, checks: &[(u32, CheckRecord)], played: &Played) {
		for (leaf, check) in checks {
			for auditor in check.auditors().filter(|auditor| matches!(auditor.answer, Answer::Committed(_))) {
				let (leaf, salt) = (*leaf, Self::salt(&auditor.operator));
				let finding = self.finding(&task, leaf, record, played);
				self.say(&auditor.operator, ValidationCall::reveal_audit { task, leaf, finding, salt });
			}
		}
	}

	/// What a juror finds. Of a claim nobody played the task: inputs are there, unless the test says otherwise.
	fn vote(&self, task: &H256, leaf: u32, seed: &H256, who: &AccountId32, played: Option<&Played>) -> Finding<Vote> {
		if let Some(obstacle) = *self.obstacle.borrow() {
			return Err(obstacle);
		}
		let lies = *self.is_divided.borrow() && verifiers().position(|it| it == *who).unwrap_or(0) % 2 == 0;
		let vote = |digest, bytes: &[u8]| Ok(Vote { digest, binding: binding(blake2_256, &seed.0, bytes) });
		match played.filter(|_| !lies) {
			Some(played) => {
				let leaf_of = played.honest[leaf as usize];
				vote(leaf_of.digest(blake2_256, &task.0, leaf), &bytes(&leaf_of))
			}
			None if lies => Err(Obstacle::InputInvalid),
			None => vote([66; 32], b"the inputs are there"),
		}
	}

	fn judge(&self, task: H256, leaf: u32, jury: &JuryRecord, played: Option<&Played>) {
		for ballot in Ballots::<Test>::get(task, (leaf, jury.round)) {
			let who = &ballot.operator;
			match (jury.stage, ballot.answer) {
				(JuryStage::Voting { seed }, Answer::Silent) => {
					let finding = self.vote(&task, leaf, &seed, who, played);
					let commitment = Self::commitment(&task, leaf, jury.round, who, &finding);
					self.say(who, ValidationCall::commit_vote { task, leaf, commitment });
				}
				(JuryStage::Revealing { seed }, Answer::Committed(_)) => {
					let finding = self.vote(&task, leaf, &seed, who, played);
					self.say(who, ValidationCall::reveal_vote { task, leaf, finding, salt: Self::salt(who) });
				}
				_ => {}
			}
		}
	}
}

/// To a millionth of an OGPU: scores, and so second prices, are finer than the 18th digit of a share, not of a price.
pub fn about(amount: Balance) -> Balance {
	let millionth = OGPU / 1_000_000;
	(amount + millionth / 2) / millionth * millionth
}
