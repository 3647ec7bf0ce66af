//! Playing a market, block by block.

use super::*;
use ogpu_protocol::{
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Place, Value, Vote},
	cost::GIGA,
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
};
use ogpu_staking_trustlock::traits::Fault;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use validation::{Answer, CheckRecord, JuryStage, Stage as Phase};

pub const VERIFIERS: u8 = 8;
pub const PROVIDERS: u8 = 5;
/// What all devices do in a block, in billions.
pub const SPEED: u64 = 1_000;
pub const FLOOR: Balance = OGPU / 10;

pub fn account(seed: u8) -> AccountId32 {
	AccountId32::new([seed; 32])
}

pub fn provider(number: u8) -> AccountId32 {
	account(1 + number)
}

pub fn client() -> AccountId32 {
	account(50)
}

pub fn publisher() -> AccountId32 {
	account(60)
}

pub fn verifier(number: u8) -> AccountId32 {
	account(100 + number)
}

/// Of a provider, registered in this order.
pub fn device(number: u8) -> DeviceId {
	number.into()
}

/// How a provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
	/// How many blocks after the draw it commits; `None`: never.
	pub commits_after: Option<u32>,
	/// How many leaves its result has; `None`: all of the order.
	pub leaves: Option<u32>,
	/// Whether its result is made up.
	pub cheats: bool,
	/// From which leaf on it is.
	pub pads_from: Option<u32>,
	pub declines: bool,
	/// Says that its result is another than the leader's, as soon as it can.
	pub alarms: bool,
	/// Posts, reveals and shows what it has to.
	pub answers: bool,
	/// Claims its part of the pot.
	pub claims: bool,
}

impl Conduct {
	/// How many leaves of its results are right.
	fn honest(&self) -> u32 {
		if self.cheats {
			0
		} else {
			self.pads_from.unwrap_or(u32::MAX)
		}
	}
}

pub const HONEST: Conduct = Conduct {
	commits_after: Some(1),
	leaves: None,
	cheats: false,
	pads_from: None,
	declines: false,
	alarms: false,
	answers: true,
	claims: true,
};
pub const CHEAT: Conduct = Conduct { cheats: true, ..HONEST };
pub const SILENT: Conduct = Conduct { commits_after: None, ..HONEST };

pub fn salt_of(who: &AccountId32) -> H256 {
	H256(blake2_256(who.as_ref()))
}

fn leaf(task: &H256, index: u32, is_honest: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[task.as_bytes(), &index.to_le_bytes(), &[part, is_honest.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

/// The bytes of a leaf: who has them can bind a vote.
fn bytes(leaf: &Leaf) -> Vec<u8> {
	[leaf.output, leaf.carry, leaf.trace].concat()
}

/// What computing a request gives, or what somebody says it does.
pub struct Computed {
	leaves: Vec<Leaf>,
	tree: Tree,
}

impl Computed {
	fn new(task: &H256, leaves: u32, honest: u32) -> Self {
		let leaves: Vec<_> = (0..leaves).map(|index| leaf(task, index, index < honest)).collect();
		let tree = tree(blake2_256, &task.0, &leaves).unwrap();
		Self { leaves, tree }
	}

	pub fn outcome(&self) -> Outcome {
		Outcome { root: self.tree.root(), output: [1; 32] }
	}

	fn opening(&self, start: H256, index: u32) -> Hash {
		index.checked_sub(1).map_or(start.0, |before| self.leaves[before as usize].carry)
	}

	fn proven(&self, index: u32) -> Proven {
		Proven { leaf: self.leaves[index as usize], proof: self.tree.proof(index).unwrap() }
	}

	fn reveal(&self, index: u32) -> Reveal {
		Reveal { leaf: self.proven(index), before: index.checked_sub(1).map(|before| self.proven(before)) }
	}
}

/// What was computed of which task, with how many leaves, and how many of them honestly.
pub type Works = BTreeMap<(H256, u32, u32), Rc<Computed>>;

/// Who plays, and how.
#[derive(Clone, Default)]
pub struct World {
	pub providers: BTreeMap<AccountId32, Conduct>,
	/// What the authors of blocks add to the randomness.
	pub luck: u64,
	/// Nobody who checks can fetch the inputs.
	pub inputs_missing: bool,
	/// Verifiers say nothing.
	pub verifiers_sleep: bool,
	/// Somebody interferes, so that what everybody does may be refused.
	pub is_disturbed: bool,
	pub works: Rc<RefCell<Works>>,
}

/// A story: it begins with a market of five equal providers, and ends with a look at the books.
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
	let mut rich: Vec<_> = (0..VERIFIERS).map(verifier).chain((0..PROVIDERS).map(provider)).collect();
	rich.extend([client(), publisher()]);
	let balances = rich.iter().map(|who| (who.clone(), 10_000 * OGPU)).chain([(TREASURY, 1_000_000 * OGPU)]).collect();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }.assimilate_storage(&mut genesis).unwrap();
	validation::GenesisConfig::<Test>::default().assimilate_storage(&mut genesis).unwrap();
	crate::GenesisConfig::<Test>::default().assimilate_storage(&mut genesis).unwrap();
	let mut externalities = sp_io::TestExternalities::new(genesis);
	externalities.execute_with(|| {
		System::set_block_number(1);
		for who in rich {
			TrustLock::lock(RuntimeOrigin::signed(who), 2_000 * OGPU).unwrap();
		}
		for who in (0..VERIFIERS).map(verifier) {
			Validations::offer_seats(RuntimeOrigin::signed(who), 1, None).unwrap();
		}
		ActiveStake::set(&(0..VERIFIERS).map(|number| (verifier(number), 1_000 * OGPU)).collect());
		next_session();
		for number in 0..PROVIDERS {
			equip(&provider(number), SPEED);
		}
		// Rare audits are paid out of what others left.
		use frame_support::traits::fungible::Mutate;
		Balances::mint_into(&Validations::pot(), 10 * OGPU).unwrap();
		validation::Commons::<Test>::put(10 * OGPU);
	});
	externalities
}

pub fn next_session() {
	Validations::end_session();
	Validations::start_session();
}

/// Registers a measured device that is online.
pub fn equip(who: &AccountId32, speed: u64) -> DeviceId {
	let id = ogpu_staking_trustlock::NextDevice::<Test>::get();
	let origin = RuntimeOrigin::signed(who.clone());
	let text = |text: &[u8]| text.to_vec().try_into().unwrap();
	let (name, endpoint) = (text(b"device"), BoundedVec::truncate_from(b"here".to_vec()));
	TrustLock::register_device(origin.clone(), DeviceKind::Cuda, name, 80_000, endpoint, who.clone()).unwrap();
	<TrustLock as Devices<_>>::measured(id, Work::from(speed) * GIGA);
	TrustLock::heartbeat(origin, id).unwrap();
	id
}

/// Lets another account in, which locks so much.
pub fn newcomer(who: &AccountId32, lock: Balance) {
	let treasury = RuntimeOrigin::signed(TREASURY);
	Balances::transfer_allow_death(treasury, who.clone(), lock + 3_000 * OGPU).unwrap();
	TrustLock::lock(RuntimeOrigin::signed(who.clone()), lock).unwrap();
}

/// Takes all out of a lock.
pub fn ruin(who: &AccountId32, amount: Balance) {
	drop(<TrustLock as Collateral<_>>::slash(who, amount, Fault::Abandoned, H256::repeat_byte(99)));
}

pub const LEAF: LeafCost = LeafCost { work: 100 * GIGA, recompute_work: 200 * GIGA, fetched_bytes: 1_000_000 };

pub fn terms() -> Terms {
	Terms {
		floor: FLOOR,
		class: Class::STANDARD,
		capability: 0,
		width: 1,
		delivery: Delivery::Verified,
		requirements: Requirements { kind: None, memory_mb: 0, score: 0, reputation_billionths: 0 },
	}
}

pub fn wide(width: u32) -> Terms {
	Terms { width, ..terms() }
}

pub fn order(leaves: u32) -> Order {
	Order {
		inputs: H256::repeat_byte(7),
		ceiling_leaves: leaves,
		prompt_work: 0,
		max_price: OGPU,
		window_blocks: 50,
		secret: None,
	}
}

/// Publishes a service.
pub fn publish(terms: Terms) -> ServiceId {
	let service = NextService::<Test>::get();
	send(publisher(), Call::publish_service { manifest: H256::repeat_byte(3), leaf: LEAF, terms }).unwrap();
	service
}

pub fn join(service: ServiceId, number: u8) {
	send(provider(number), Call::join { service, device: device(number) }).unwrap();
}

/// A service that so many providers have joined.
pub fn serve(terms: Terms, providers: u8) -> ServiceId {
	let service = publish(terms);
	(0..providers).for_each(|number| join(service, number));
	service
}

/// A call, as it comes in a block.
pub fn send(who: AccountId32, call: Call<Test>) -> sp_runtime::DispatchResult {
	dispatch(who, RuntimeCall::Pool(call))
}

pub fn validate(who: AccountId32, call: validation::Call<Test>) -> sp_runtime::DispatchResult {
	dispatch(who, RuntimeCall::Validations(call))
}

fn dispatch(who: AccountId32, call: RuntimeCall) -> sp_runtime::DispatchResult {
	call.dispatch(RuntimeOrigin::signed(who)).map(|_| ()).map_err(|refused| refused.error)
}

/// A call that is refused, and leaves everything as it was.
#[track_caller]
pub fn refused(who: AccountId32, call: Call<Test>, why: impl Into<sp_runtime::DispatchError>) {
	let state = || sp_io::storage::root(sp_runtime::StateVersion::V1);
	let (before, told) = (state(), format!("{call:?}"));
	assert_eq!(send(who, call), Err(why.into()), "{told}");
	assert_eq!(state(), before, "{told}");
}

/// A request of the client.
pub fn ask(service: ServiceId, order: Order) -> H256 {
	ask_as(client(), service, order).unwrap()
}

pub fn ask_as(who: AccountId32, service: ServiceId, order: Order) -> Result<H256, sp_runtime::DispatchError> {
	send(who, Call::request { service, order })?;
	let asked = events().into_iter().rev().find_map(|event| match event {
		Event::Requested { request, .. } => Some(request),
		_ => None,
	});
	Ok(asked.unwrap())
}

pub fn record(request: H256) -> RequestOf<Test> {
	Requests::<Test>::get(request).unwrap()
}

pub fn stage(request: H256) -> Option<Stage> {
	Requests::<Test>::get(request).map(|record| record.stage)
}

pub fn ending(request: H256) -> Option<Ending> {
	events().into_iter().find_map(|event| match event {
		Event::Closed { request: closed, ending, .. } if closed == request => Some(ending),
		_ => None,
	})
}

pub fn conclusion(request: H256) -> Option<Conclusion> {
	validation::Records::<Test>::get(request).map(|record| record.conclusion)
}

pub fn events() -> Vec<Event<Test>> {
	let ours = |record: frame_system::EventRecord<RuntimeEvent, H256>| match record.event {
		RuntimeEvent::Pool(event) => Some(event),
		_ => None,
	};
	System::events().into_iter().filter_map(ours).collect()
}

/// What an account has, free and held.
pub fn wealth(who: &AccountId32) -> Balance {
	Balances::free_balance(who) + Balances::reserved_balance(who)
}

pub fn held(who: &AccountId32, reason: HoldReason) -> Balance {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&reason.into(), who)
}

/// What everybody gained since, and what was burned.
pub struct Since(BTreeMap<AccountId32, Balance>, Balance);

impl Since {
	pub fn now() -> Self {
		Self(Self::all(), Balances::total_issuance())
	}

	fn all() -> BTreeMap<AccountId32, Balance> {
		frame_system::Account::<Test>::iter_keys().map(|who| (who.clone(), wealth(&who))).collect()
	}

	pub fn gain(&self, who: &AccountId32) -> i128 {
		wealth(who) as i128 - self.0.get(who).copied().unwrap_or_default() as i128
	}

	pub fn verifiers(&self) -> i128 {
		(0..VERIFIERS).map(|number| self.gain(&verifier(number))).sum::<i128>() + self.gain(&Validations::pot())
	}

	pub fn burned(&self) -> i128 {
		self.1 as i128 - Balances::total_issuance() as i128
	}
}

/// A request that never ends badly: each has a deadline in the agenda or a validation.
pub fn check_books() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
	assert_eq!(Balances::free_balance(Pool::pot()), LEAST, "what comes into the pot goes at once");
	let mut agenda = BTreeMap::<H256, u32>::new();
	for (_, item) in validation::Agenda::<Test>::iter_keys() {
		if let validation::Item::Market(request) = item {
			*agenda.entry(request).or_default() += 1;
		}
	}
	for (request, record) in Requests::<Test>::iter() {
		let item = validation::Item::Market(request);
		let is_in_agenda = agenda.remove(&request).unwrap_or_default();
		if record.has_deadline() {
			assert_eq!(is_in_agenda, 1, "one deadline: {record:?}");
			assert!(validation::Agenda::<Test>::contains_key(record.due, item), "the one it says");
		} else {
			assert_eq!(is_in_agenda, 0, "a validation has its own deadlines");
			let task = validation::Tasks::<Test>::get(request).unwrap();
			assert!(!matches!(task.stage, Phase::Closing { .. }), "that has not ended: {record:?}");
		}
	}
	assert_eq!(agenda, BTreeMap::new(), "nothing is due that has ended");
	let pins = ogpu_staking_trustlock::Pins::<Test>::iter_values().flatten();
	let mut ours = pins.filter(|pin| pin.work != validation::SEAT);
	assert!(ours.all(|pin| Requests::<Test>::contains_key(pin.work)), "what has ended pins nothing");
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

/// All devices say that they are there.
pub fn heartbeats() {
	for (id, device) in ogpu_staking_trustlock::Devices::<Test>::iter() {
		let _ = TrustLock::heartbeat(RuntimeOrigin::signed(device.operator), id);
	}
}

impl World {
	pub fn with(providers: impl IntoIterator<Item = (u8, Conduct)>) -> Self {
		let providers = providers.into_iter().map(|(number, conduct)| (provider(number), conduct)).collect();
		Self { providers, ..Self::default() }
	}

	pub fn lucky(&self, luck: u64) -> Self {
		Self { luck, ..self.clone() }
	}

	pub fn conduct(&self, who: &AccountId32) -> Conduct {
		self.providers.get(who).copied().unwrap_or(HONEST)
	}

	pub fn work(&self, task: H256, leaves: u32, honest: u32) -> Rc<Computed> {
		let mut works = self.works.borrow_mut();
		works.entry((task, leaves, honest)).or_insert_with(|| Rc::new(Computed::new(&task, leaves, honest))).clone()
	}

	/// What a provider makes of a request, and of how many leaves.
	pub fn result(&self, who: &AccountId32, request: H256) -> (u32, Rc<Computed>) {
		let conduct = self.conduct(who);
		let ceiling = Requests::<Test>::get(request).map(|record| record.order.ceiling_leaves);
		let leaves = validation::Tasks::<Test>::get(request).map(|task| task.request.leaves).or(ceiling).unwrap();
		let leaves = conduct.leaves.map_or(leaves, |fewer| fewer.min(ceiling.unwrap_or(fewer)));
		(leaves, self.work(request, leaves, conduct.honest()))
	}

	pub fn commitment(&self, who: &AccountId32, request: H256) -> (u32, H256) {
		let (leaves, work) = self.result(who, request);
		let place = Place { task: request.0, round: 0, account: who.clone().into() };
		(leaves, H256(place.commit(blake2_256, &work.outcome(), &salt_of(who).0)))
	}

	/// A block in which everybody acts.
	pub fn block(&self) {
		next_block(self.luck);
		self.everybody_acts();
	}

	pub fn blocks(&self, blocks: u32) {
		(0..blocks).for_each(|_| self.block());
	}

	pub fn until(&self, is_there: impl Fn() -> bool) {
		for _ in 0..20_000 {
			if is_there() {
				return;
			}
			self.block();
		}
		panic!("it never happened: {:?}", Requests::<Test>::iter().collect::<Vec<_>>());
	}

	pub fn until_stage(&self, request: H256, wanted: impl Fn(Stage) -> bool) {
		self.until(|| stage(request).is_some_and(&wanted));
	}

	pub fn until_ended(&self, request: H256) -> Ending {
		self.until(|| stage(request).is_none());
		ending(request).unwrap()
	}

	/// Asks, and plays until it has ended.
	pub fn play(&self, service: ServiceId, order: Order) -> (H256, Ending) {
		let request = ask(service, order);
		(request, self.until_ended(request))
	}

	pub fn everybody_acts(&self) {
		if System::block_number().is_multiple_of(50) {
			heartbeats();
		}
		for (request, record) in Requests::<Test>::iter().collect::<Vec<_>>() {
			self.race(request, &record);
		}
		for (task, record) in validation::Tasks::<Test>::iter().collect::<Vec<_>>() {
			if ClockAt::get() <= record.due {
				self.act(task, &record);
			}
		}
	}

	fn expect(&self, sent: sp_runtime::DispatchResult, what: impl std::fmt::Debug) {
		assert!(self.is_disturbed || sent.is_ok(), "{sent:?}: {what:?}");
	}

	fn send(&self, who: &AccountId32, call: Call<Test>) {
		self.expect(send(who.clone(), call.clone()), call);
	}

	fn validate(&self, who: &AccountId32, call: validation::Call<Test>) {
		self.expect(validate(who.clone(), call.clone()), call);
	}

	fn race(&self, request: H256, record: &RequestOf<Test>) {
		let now = ClockAt::get();
		let is_leader = |place: usize| match record.stage {
			Stage::Validating { leader, .. }
			| Stage::AwaitingConfirmation { leader }
			| Stage::Sharing { leader, .. } => place == leader as usize,
			_ => false,
		};
		let may_race = !matches!(record.stage, Stage::Drawing { .. } | Stage::Sharing { .. });
		for (place, racer) in record.running() {
			let (who, conduct) = (&racer.operator, self.conduct(&racer.operator));
			let is_open = now <= record.race.closes && System::block_number() < record.race.seed_from;
			match racer.racing {
				Racing::Running if may_race && conduct.declines && is_open => {
					self.send(who, Call::decline { request });
				}
				Racing::Running if may_race && is_open => {
					let is_done = conduct.commits_after.is_some_and(|after| now >= record.race.drawn + after);
					if is_done {
						let (leaves, commitment) = self.commitment(who, request);
						self.send(who, Call::commit { request, commitment, leaves });
					}
				}
				Racing::Committed { .. } if !is_leader(place) => match record.stage {
					Stage::Validating { .. } | Stage::AwaitingConfirmation { .. } if conduct.alarms => {
						// The first one counts.
						let _ = send(who.clone(), Call::alarm { request });
					}
					Stage::Sharing { leader, .. } if conduct.claims && now <= record.due => {
						let leader = &record.racers[leader as usize].operator;
						let (_, work) = self.result(leader, request);
						if self.commitment(leader, request).1 != H256::zero() && !conduct.cheats {
							let call = Call::claim_share {
								request,
								outcome: work.outcome(),
								salt: salt_of(who),
								leader_salt: salt_of(leader),
							};
							// It fails where leaves differ.
							let _ = send(who.clone(), call);
						}
					}
					_ => {}
				},
				_ => {}
			}
		}
	}

	fn act(&self, task: H256, record: &validation::TaskRecord) {
		let who = &record.request.provider;
		let conduct = self.conduct(who);
		let work = self.work(task, record.request.leaves, conduct.honest());
		let checks: Vec<_> = validation::Checks::<Test>::iter_prefix(task).collect();
		match record.stage {
			Phase::Opening if conduct.answers => {
				let missing = checks.iter().filter(|(_, check)| check.opening.is_none());
				let start = record.request.start;
				let openings: Vec<_> = missing.map(|(leaf, _)| (*leaf, H256(work.opening(start, *leaf)))).collect();
				if !openings.is_empty() {
					let openings = openings.try_into().unwrap();
					self.validate(who, validation::Call::post_openings { task, openings });
				}
			}
			Phase::Auditing => self.audit(task, record, &checks, |check| &check.first),
			Phase::AuditingTwice => self.audit(task, record, &checks, |check| &check.second),
			Phase::Revealing if conduct.answers => {
				if record.outcome.is_none() {
					let (outcome, salt) = (work.outcome(), salt_of(who));
					self.validate(who, validation::Call::reveal { task, outcome, salt });
				}
				self.show(task, who, &work, &checks);
			}
			Phase::Challengeable | Phase::Answering if conduct.answers => self.show(task, who, &work, &checks),
			Phase::Comparing if !self.verifiers_sleep => {
				for (leaf, check) in &checks {
					for auditor in check.auditors().filter(|auditor| matches!(auditor.answer, Answer::Committed(_))) {
						let finding = self.find(task, *leaf, check.opening.unwrap().0);
						let (leaf, salt) = (*leaf, salt_of(&auditor.operator));
						let call = validation::Call::reveal_audit { task, leaf, finding, salt };
						self.validate(&auditor.operator, call);
					}
				}
			}
			Phase::Judging { .. } if !self.verifiers_sleep => self.judge(task),
			_ => {}
		}
	}

	fn find(&self, task: H256, index: u32, opening: Hash) -> Finding<Audit> {
		if self.inputs_missing {
			return Err(Obstacle::InputMissing);
		}
		Ok(Audit { opening, digest: leaf(&task, index, true).digest(blake2_256, &task.0, index) })
	}

	fn sealed<V: Value>(task: H256, leaf: u32, round: u32, who: &AccountId32, value: &V) -> H256 {
		let place = Place { task: leaf_task(blake2_256, &task.0, leaf), round, account: who.clone().into() };
		H256(place.commit(blake2_256, value, &salt_of(who).0))
	}

	fn audit(
		&self,
		task: H256,
		_: &validation::TaskRecord,
		checks: &[(u32, CheckRecord)],
		whose_turn: impl Fn(&CheckRecord) -> &Option<validation::Auditor>,
	) {
		for (leaf, check) in checks.iter().filter(|_| !self.verifiers_sleep) {
			let Some(auditor) = whose_turn(check).as_ref().filter(|it| it.answer == Answer::Silent) else { continue };
			let finding = self.find(task, *leaf, check.opening.unwrap().0);
			let commitment = Self::sealed(task, *leaf, 0, &auditor.operator, &finding);
			self.validate(&auditor.operator, validation::Call::commit_audit { task, leaf: *leaf, commitment });
		}
	}

	fn show(&self, task: H256, who: &AccountId32, work: &Computed, checks: &[(u32, CheckRecord)]) {
		let missing = checks.iter().filter(|(_, check)| check.digest.is_none());
		let reveals: Vec<_> = missing.map(|(leaf, _)| (*leaf, work.reveal(*leaf))).collect();
		if !reveals.is_empty() {
			self.validate(who, validation::Call::reveal_leaves { task, reveals: reveals.try_into().unwrap() });
		}
	}

	fn judge(&self, task: H256) {
		for (leaf_index, jury) in validation::Juries::<Test>::iter_prefix(task).collect::<Vec<_>>() {
			if ClockAt::get() > jury.due {
				continue;
			}
			let vote = |seed: H256| -> Finding<Vote> {
				if self.inputs_missing {
					return Err(Obstacle::InputMissing);
				}
				let leaf = leaf(&task, leaf_index, true);
				let digest = leaf.digest(blake2_256, &task.0, leaf_index);
				Ok(Vote { digest, binding: binding(blake2_256, &seed.0, &bytes(&leaf)) })
			};
			for ballot in validation::Ballots::<Test>::get(task, (leaf_index, jury.round)) {
				let (who, leaf) = (&ballot.operator, leaf_index);
				match (jury.stage, ballot.answer) {
					(JuryStage::Voting { seed }, Answer::Silent) => {
						let commitment = Self::sealed(task, leaf, jury.round, who, &vote(seed));
						self.validate(who, validation::Call::commit_vote { task, leaf, commitment });
					}
					(JuryStage::Revealing { seed }, Answer::Committed(_)) => {
						let (finding, salt) = (vote(seed), salt_of(who));
						self.validate(who, validation::Call::reveal_vote { task, leaf, finding, salt });
					}
					_ => {}
				}
			}
		}
	}
}
