//! A network of clients, providers and validators who all do what is theirs to do, in real blocks.

use crate::Chain;
use frame_support::{dispatch::DispatchClass, traits::GetCallMetadata, weights::constants::ExtrinsicBaseWeight};
use ogpu_continuous_pool::{Delivery, Order, Racing, Requests, Requirements};
use ogpu_protocol::{
	class::Class,
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	cost::{LeafCost, Work, GIGA},
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
	token::OGPU,
};
use ogpu_result_validation::{Answer, Ballots, Call, Checks, Juries, JuryStage, Stage, TaskRecord, Tasks, Validation};
use ogpu_runtime::{
	clock, AccountId, Balance, Balances, ContinuousPool, ResultValidation, Runtime, RuntimeCall, RuntimeEvent,
	StakingTrustlock, System, TrainingAuction, UncheckedExtrinsic,
};
use ogpu_staking_trustlock::traits::{DeviceId, DeviceKind, Devices};
use ogpu_training_auction::{Assurance, Jobs, Kind, Needs, OfferRecord, PartState, Spec};
use polkadot_sdk::*;
use sp_core::{sr25519, Pair, H256};
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::transaction_validity::InvalidTransaction;
use std::collections::{BTreeMap, BTreeSet};

const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];
/// Who pays for the work.
pub const CLIENT: Sr25519Keyring = Ferdie;
/// Everybody's.
pub const SALT: H256 = H256::repeat_byte(5);
/// What the first leaf begins from.
const START: H256 = H256::repeat_byte(9);
/// What every leaf weighs: little.
pub const LEAF: LeafCost = LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1_000_000 };
/// What a device does in a block.
const FAST: Work = 1_000 * GIGA;

/// Nobody here computes more than so many leaves.
const MOST_LEAVES: u32 = 1_000;

/// What computing a leaf gives, done rightly or not.
fn computed(task: &H256, index: u32, rightly: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[task.as_bytes(), &index.to_le_bytes(), &[part, rightly.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

pub fn commitment<V: Value>(task: Hash, round: u32, who: &AccountId, value: &V) -> H256 {
	let place = Place { task, round, account: who.clone().into() };
	H256(place.commit(blake2_256, value, &SALT.0))
}

fn leaf_commitment<V: Value>(task: &H256, leaf: u32, round: u32, who: &AccountId, value: &V) -> H256 {
	commitment(leaf_task(blake2_256, &task.0, leaf), round, who, value)
}

/// The result of a task, as its provider claims it.
pub struct Done {
	leaves: Vec<Leaf>,
	tree: Tree,
}

impl Done {
	pub fn new(task: &H256, leaves: u32, rightly: bool) -> Self {
		let leaves: Vec<_> = (0..leaves).map(|index| computed(task, index, rightly)).collect();
		let tree = tree(blake2_256, &task.0, &leaves).unwrap();
		Self { leaves, tree }
	}

	fn outcome(&self) -> Outcome {
		Outcome { root: self.tree.root(), output: blake2_256(&self.tree.root()) }
	}

	fn opening(&self, index: u32, start: H256) -> H256 {
		index.checked_sub(1).map_or(start, |before| H256(self.leaves[before as usize].carry))
	}

	fn reveal(&self, index: u32) -> Reveal {
		let proven = |index| Proven { leaf: self.leaves[index as usize], proof: self.tree.proof(index).unwrap() };
		Reveal { leaf: proven(index), before: index.checked_sub(1).map(proven) }
	}
}

/// What each account has, free and held.
fn wealth() -> BTreeMap<AccountId, Balance> {
	let all = frame_system::Account::<Runtime>::iter();
	all.map(|(who, info)| (who, info.data.free + info.data.reserved)).collect()
}

/// A network, and who does what in it.
pub struct World {
	pub chain: Chain,
	pub keys: BTreeMap<AccountId, sr25519::Pair>,
	pub devices: BTreeMap<AccountId, DeviceId>,
	/// Providers that compute wrong results, and those that do nothing at all.
	pub liars: BTreeSet<AccountId>,
	pub gone: BTreeSet<AccountId>,
	/// Those that commit to nothing more.
	pub idle: BTreeSet<AccountId>,
	/// Validators that find what those liars claim, of everybody's work.
	pub league: BTreeSet<AccountId>,
	/// Tasks of which nobody can fetch the inputs.
	pub withheld: BTreeSet<H256>,
	/// The client waives the window for challenges.
	pub is_content: bool,
	results: BTreeMap<H256, Done>,
	had: BTreeMap<AccountId, Balance>,
	minted: Balance,
	fees: BTreeMap<AccountId, Balance>,
	pub events: Vec<RuntimeEvent>,
	/// How many transactions there were of each pallet and call, and their time by weight, in picoseconds.
	pub weighed: BTreeMap<(&'static str, &'static str), (u32, u64)>,
	/// The time by weight of what each block did beside transactions.
	pub steps: Vec<u64>,
	validators: usize,
}

impl Default for World {
	fn default() -> Self {
		Self::of_validators(&VALIDATORS)
	}
}

impl World {
	/// With these validators, which all have the same stake.
	pub fn of_validators(validators: &[Sr25519Keyring]) -> Self {
		let mut chain = Chain::of_validators(validators);
		chain.block(vec![]);
		let keys = Sr25519Keyring::iter().map(|key| (key.to_account_id(), key.pair())).collect();
		let mut world = Self {
			chain,
			keys,
			devices: BTreeMap::new(),
			liars: BTreeSet::new(),
			gone: BTreeSet::new(),
			idle: BTreeSet::new(),
			league: BTreeSet::new(),
			withheld: BTreeSet::new(),
			is_content: true,
			results: BTreeMap::new(),
			had: BTreeMap::new(),
			minted: 0,
			fees: BTreeMap::new(),
			events: Vec::new(),
			weighed: BTreeMap::new(),
			steps: Vec::new(),
			validators: validators.len(),
		};
		world.lock(&CLIENT.to_account_id(), 100 * OGPU);
		world
	}

	pub fn lock(&mut self, who: &AccountId, amount: Balance) {
		self.send(who, ogpu_staking_trustlock::Call::lock { amount });
	}

	/// An operator with a lock and a measured device that is online.
	pub fn provider(&mut self, who: &AccountId) {
		self.lock(who, 1_000 * OGPU);
		let device = self.chain.read(<StakingTrustlock as Devices<AccountId>>::next_device);
		self.send(
			who,
			ogpu_staking_trustlock::Call::register_device {
				kind: DeviceKind::Cpu,
				name: b"cpu".to_vec().try_into().unwrap(),
				memory_mb: 1_024,
				endpoint: b"/ip4/127.0.0.1".to_vec().try_into().unwrap(),
				worker: who.clone(),
			},
		);
		self.change(|| <StakingTrustlock as Devices<AccountId>>::measured(device, FAST));
		self.send(who, ogpu_staking_trustlock::Call::heartbeat { id: device });
		self.devices.insert(who.clone(), device);
	}

	/// Changes the state as no call could.
	pub fn change(&mut self, change: impl FnOnce()) {
		self.chain.read(change);
		self.chain.state.commit_all().unwrap();
	}

	/// From here on the money is counted.
	pub fn begin(&mut self) {
		self.had = self.chain.read(wealth);
		self.minted = self.chain.read(ogpu_token::Minted::<Runtime>::get);
		self.fees.clear();
		self.events.clear();
		self.weighed.clear();
		self.steps.clear();
	}

	pub fn send(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) {
		let call = call.into();
		for _ in 0..5 {
			if self.block(vec![(who.clone(), call.clone())]) == [true] {
				return;
			}
		}
		panic!("no block had room for {call:?}");
	}

	/// A block with these calls, as far as they fit. Those that fit must succeed. Says which did.
	pub fn block(&mut self, calls: Vec<(AccountId, RuntimeCall)>) -> Vec<bool> {
		let transactions = self.sign(&calls);
		self.block_of(&calls, transactions)
	}

	/// The calls as transactions for the next block.
	pub fn sign(&mut self, calls: &[(AccountId, RuntimeCall)]) -> Vec<UncheckedExtrinsic> {
		let mut nonces = BTreeMap::<AccountId, u32>::new();
		let mut transactions = Vec::new();
		for (who, call) in calls {
			let next = self.chain.read(|| System::account_nonce(who));
			let nonce = nonces.entry(who.clone()).or_insert(next);
			transactions.push(self.chain.sign_by(&self.keys[who], call.clone(), 0, *nonce));
			*nonce += 1;
		}
		transactions
	}

	fn block_of(&mut self, calls: &[(AccountId, RuntimeCall)], transactions: Vec<UncheckedExtrinsic>) -> Vec<bool> {
		let results = self.chain.block(transactions);
		for ((who, call), result) in calls.iter().zip(&results) {
			match result {
				Ok(result) => result.unwrap_or_else(|error| panic!("{who:?}: {call:?}: {error:?}")),
				// There is no room, or no room for one before it of the same account.
				Err(error) => assert!(
					error.exhausted_resources() || *error == InvalidTransaction::Future.into(),
					"{who:?}: {call:?}: {error:?}"
				),
			}
		}
		let included: Vec<_> =
			calls.iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|((_, call), _)| call).collect();
		for record in self.chain.read(|| System::read_events_no_consensus().collect::<Vec<_>>()) {
			use frame_system::{Event::ExtrinsicSuccess, Phase::ApplyExtrinsic};
			use pallet_transaction_payment::Event::TransactionFeePaid;
			match &record.event {
				RuntimeEvent::TransactionPayment(TransactionFeePaid { who, actual_fee, .. }) => {
					*self.fees.entry(who.clone()).or_default() += actual_fee;
				}
				RuntimeEvent::System(ExtrinsicSuccess { dispatch_info }) => {
					// The first two are inherents.
					let place = match record.phase {
						ApplyExtrinsic(index) => (index as usize).checked_sub(2),
						_ => None,
					};
					if let Some(call) = place.and_then(|place| included.get(place)) {
						let name = call.get_call_metadata();
						let (count, time) = self.weighed.entry((name.pallet_name, name.function_name)).or_default();
						*count += 1;
						*time += (dispatch_info.weight + ExtrinsicBaseWeight::get()).ref_time();
					}
				}
				_ => {}
			}
			self.events.push(record.event);
		}
		let weight = self.chain.read(System::block_weight);
		self.steps.push(weight.get(DispatchClass::Mandatory).ref_time());
		results.iter().map(Result::is_ok).collect()
	}

	/// What everybody does who has something to do.
	pub fn calls(&mut self) -> Vec<(AccountId, RuntimeCall)> {
		let mut calls = Vec::new();
		self.heartbeats(&mut calls);
		self.racers(&mut calls);
		self.workers(&mut calls);
		let tasks: Vec<_> = self.chain.read(|| Tasks::<Runtime>::iter().collect());
		for (task, record) in tasks {
			self.validate(&task, &record, &mut calls);
		}
		calls
	}

	fn heartbeats(&mut self, calls: &mut Vec<(AccountId, RuntimeCall)>) {
		for (who, id) in &self.devices {
			let is_due = || StakingTrustlock::check_heartbeat(who, *id).is_ok();
			if !self.gone.contains(who) && self.chain.read(is_due) {
				calls.push((who.clone(), ogpu_staking_trustlock::Call::heartbeat { id: *id }.into()));
			}
		}
	}

	/// Racers commit to results of all leaves, and then claim their shares.
	fn racers(&mut self, calls: &mut Vec<(AccountId, RuntimeCall)>) {
		use ogpu_continuous_pool::{Call, Stage};
		let requests: Vec<_> = self.chain.read(|| Requests::<Runtime>::iter().collect());
		for (request, record) in requests {
			let leaves = record.order.ceiling_leaves;
			if leaves > MOST_LEAVES {
				continue;
			}
			for racer in record.racers.iter().skip(record.race.first as usize) {
				let who = racer.operator.clone();
				let rightly = !self.liars.contains(&who);
				if self.gone.contains(&who) {
					continue;
				}
				match (racer.racing, record.stage) {
					(Racing::Running, Stage::Racing | Stage::Validating { .. }) => {
						let done = Done::new(&request, leaves, rightly);
						let commitment = commitment(request.0, 0, &who, &done.outcome());
						let may = || ContinuousPool::check_commit(&who, &request, leaves).is_ok();
						if self.chain.read(may) {
							calls.push((who, Call::commit { request, commitment, leaves }.into()));
						}
					}
					(Racing::Committed { .. }, Stage::Sharing { leader, .. }) if rightly => {
						let leads = &record.racers[leader as usize].operator;
						if *leads != who && !self.liars.contains(leads) {
							let outcome = Done::new(&request, leaves, true).outcome();
							let claim = Call::claim_share { request, outcome, salt: SALT, leader_salt: SALT };
							calls.push((who, claim.into()));
						}
					}
					_ => {}
				}
			}
		}
	}

	/// Winners of auctions start, and commit to one part after the other.
	fn workers(&mut self, calls: &mut Vec<(AccountId, RuntimeCall)>) {
		use ogpu_training_auction::{Call, Stage};
		let jobs: Vec<_> = self.chain.read(|| Jobs::<Runtime>::iter().collect());
		for (job, record) in jobs {
			let Some(run) = record.run.clone().filter(|run| !self.gone.contains(&run.bid.bidder.operator)) else {
				continue;
			};
			let who = run.bid.bidder.operator.clone();
			match record.stage {
				Stage::Offered => calls.push((who, Call::start { job }.into())),
				Stage::Working if self.idle.contains(&who) => {}
				Stage::Working if self.withheld.contains(&job) => {
					calls.push((who, Call::claim_inputs { job }.into()));
				}
				Stage::Working => {
					let part = run.next();
					if record.spec.leaves_of(part) > MOST_LEAVES {
						continue;
					}
					let task = TrainingAuction::task_name(&job, record.tasks);
					let is_known = run.parts.last().is_none_or(|part| {
						let carry = self.chain.read(|| <ResultValidation as Validation>::carry(part.task));
						carry.is_some() || matches!(part.state, PartState::Verified { .. })
					});
					if is_known {
						let done = Done::new(&task, record.spec.leaves_of(part), !self.liars.contains(&who));
						let commitment = commitment(task.0, 0, &who, &done.outcome());
						let call = if part == record.spec.last_part() {
							Call::commit_result { job, commitment }
						} else {
							Call::report_progress { job, commitment }
						};
						calls.push((who, call.into()));
					}
				}
				_ => {}
			}
		}
	}

	/// What provider, auditors, jurors and client say of a task.
	fn validate(&mut self, task: &H256, record: &TaskRecord, calls: &mut Vec<(AccountId, RuntimeCall)>) {
		let (task, request) = (*task, &record.request);
		let provider = request.provider.clone();
		let rightly = !self.liars.contains(&provider);
		let leaves = request.leaves;
		if leaves > MOST_LEAVES {
			return;
		}
		let done = self.results.entry(task).or_insert_with(|| Done::new(&task, leaves, rightly));
		let checks: Vec<_> = self.chain.read(|| Checks::<Runtime>::iter_prefix(task).collect());
		let league = &self.league;
		let digest =
			|leaf, who: &AccountId| computed(&task, leaf, !league.contains(who)).digest(blake2_256, &task.0, leaf);
		match record.stage {
			Stage::Opening => {
				let missing = checks.iter().filter(|(_, check)| check.opening.is_none());
				let openings: Vec<_> = missing.map(|(leaf, _)| (*leaf, done.opening(*leaf, request.start))).collect();
				if !openings.is_empty() {
					let openings = openings.try_into().unwrap();
					calls.push((provider, Call::post_openings { task, openings }.into()));
				}
			}
			Stage::Auditing | Stage::AuditingTwice | Stage::Comparing => {
				for (leaf, check) in checks {
					for auditor in check.auditors() {
						let who = auditor.operator.clone();
						let opening = check.opening.unwrap_or_default().0;
						let finding: Finding<Audit> = Ok(Audit { opening, digest: digest(leaf, &who) });
						match (record.stage, auditor.answer) {
							(Stage::Comparing, Answer::Committed(_)) => {
								calls.push((who, Call::reveal_audit { task, leaf, finding, salt: SALT }.into()));
							}
							(Stage::Auditing | Stage::AuditingTwice, Answer::Silent) => {
								let commitment = leaf_commitment(&task, leaf, 0, &who, &finding);
								calls.push((who, Call::commit_audit { task, leaf, commitment }.into()));
							}
							_ => {}
						}
					}
				}
			}
			Stage::Revealing | Stage::Answering => {
				if record.outcome.is_none() {
					let outcome = done.outcome();
					calls.push((provider.clone(), Call::reveal { task, outcome, salt: SALT }.into()));
				}
				let missing = checks.iter().filter(|(_, check)| check.digest.is_none());
				let reveals: Vec<_> = missing.map(|(leaf, _)| (*leaf, done.reveal(*leaf))).collect();
				if !reveals.is_empty() {
					let reveals = reveals.try_into().unwrap();
					calls.push((provider, Call::reveal_leaves { task, reveals }.into()));
				}
			}
			Stage::Judging { .. } => self.judge(&task, record, calls),
			// What was accepted ends with the block.
			Stage::Challengeable if self.is_content && record.due > self.chain.read(clock::Now::<Runtime>::get) => {
				calls.push((request.client.clone(), Call::accept { task }.into()));
			}
			_ => {}
		}
	}

	fn judge(&mut self, task: &H256, record: &TaskRecord, calls: &mut Vec<(AccountId, RuntimeCall)>) {
		let task = *task;
		let juries: Vec<_> = self.chain.read(|| Juries::<Runtime>::iter_prefix(task).collect());
		for (leaf, jury) in juries {
			let found = |seed: H256, who: &AccountId| -> Finding<Vote> {
				if record.is_claim {
					return Err(Obstacle::InputMissing);
				}
				let computed = computed(&task, leaf, !self.league.contains(who));
				let Leaf { output, carry, trace } = computed;
				let binding = binding(blake2_256, &seed.0, &[output, carry, trace].concat());
				Ok(Vote { digest: computed.digest(blake2_256, &task.0, leaf), binding })
			};
			for ballot in self.chain.read(|| Ballots::<Runtime>::get(task, (leaf, jury.round))) {
				let who = ballot.operator;
				match (jury.stage, ballot.answer) {
					(JuryStage::Voting { seed }, Answer::Silent) => {
						let commitment = leaf_commitment(&task, leaf, jury.round, &who, &found(seed, &who));
						calls.push((who, Call::commit_vote { task, leaf, commitment }.into()));
					}
					(JuryStage::Revealing { seed }, Answer::Committed(_)) => {
						let finding = found(seed, &who);
						calls.push((who, Call::reveal_vote { task, leaf, finding, salt: SALT }.into()));
					}
					_ => {}
				}
			}
		}
	}

	pub fn play_until(&mut self, what: &str, done: impl Fn() -> bool) {
		for _ in 0..4_000 {
			if self.chain.read(&done) {
				return;
			}
			let calls = self.calls();
			self.block(calls);
		}
		panic!("{what}: {:?}", self.chain.read(|| Tasks::<Runtime>::iter_values().collect::<Vec<_>>()));
	}

	/// How much more an account has than at the beginning, had transactions been free.
	pub fn gain(&mut self, who: &AccountId) -> i128 {
		let has = self.chain.read(wealth);
		has[who] as i128 - self.had[who] as i128 + self.fees.get(who).copied().unwrap_or_default() as i128
	}

	/// What was burned since the beginning.
	pub fn burned(&mut self) -> Balance {
		let had: Balance = self.had.values().sum();
		let minted = self.chain.read(ogpu_token::Minted::<Runtime>::get) - self.minted;
		let has: Balance = self.chain.read(wealth).values().sum();
		assert_eq!(has, self.chain.read(Balances::total_issuance), "everything belongs to somebody");
		had + minted - has
	}

	/// The first that one of the events says.
	pub fn said<T>(&self, what: impl Fn(&RuntimeEvent) -> Option<T>) -> T {
		self.events.iter().find_map(what).expect("it was said")
	}

	/// Everything is over, and nothing is left.
	pub fn close(mut self) {
		self.chain.read(|| {
			assert_eq!(Tasks::<Runtime>::iter().count(), 0);
			assert_eq!(Jobs::<Runtime>::iter().count(), 0);
			assert_eq!(Requests::<Runtime>::iter().count(), 0);
			assert_eq!(ogpu_staking_trustlock::Pins::<Runtime>::iter().count(), self.validators, "only seats");
		});
		self.chain.check();
	}
}

/// A job of 60 leaves in three parts, for at most 3 OGPU.
pub fn job(assurance: Assurance) -> (Spec, Balance) {
	let spec = Spec {
		kind: Kind::Training,
		manifest: H256::repeat_byte(1),
		start: START,
		leaves: 60,
		part_leaves: 20,
		leaf: LEAF,
		assurance,
		capability: 0,
		needs: Needs { kind: None, memory_mb: 512, work_per_block: GIGA },
		speed_billionths: 200_000_000,
		bidding_blocks: 20,
		longest_blocks: 5_000,
		reopens: 0,
	};
	(spec, 3 * OGPU)
}

/// Publishes a service of leaves that weigh little.
pub fn service(width: u32, delivery: Delivery, class: Class) -> ogpu_continuous_pool::Call<Runtime> {
	let requirements = Requirements { kind: None, memory_mb: 0, score: 0, reputation_billionths: 0 };
	let terms =
		ogpu_continuous_pool::Terms { floor: OGPU / 1_000, class, capability: 0, width, delivery, requirements };
	ogpu_continuous_pool::Call::publish_service { manifest: H256::repeat_byte(1), leaf: LEAF, terms }
}

/// A request of so many leaves, at any price.
pub fn order(leaves: u32) -> Order {
	Order { inputs: START, ceiling_leaves: leaves, prompt_work: 0, max_price: OGPU, window_blocks: 60, secret: None }
}

/// One leaf, by one auditor.
pub const ONCE: Class = Class { doubled_billionths: 0, leaves_billionths: 1, ..Class::STANDARD };

impl World {
	/// A job for which these bid, until it is given out. Returns its name and the fee that is agreed.
	pub fn auction(&mut self, spec: Spec, ceiling: Balance, bids: &[(&AccountId, Balance, u32)]) -> (H256, Balance) {
		use ogpu_training_auction::{Call, Event, Stage};
		self.send(&CLIENT.to_account_id(), Call::create { spec, ceiling });
		let job = self.said(|event| match event {
			RuntimeEvent::TrainingAuction(Event::Created { job, .. }) => Some(*job),
			_ => None,
		});
		let offer = |(who, price, eta_blocks): &(&AccountId, Balance, u32)| OfferRecord {
			price: *price,
			eta_blocks: *eta_blocks,
			worker: (*who).clone(),
		};
		let seal = |bid: &(&AccountId, Balance, u32)| {
			let sealed = commitment(job.0, 0, bid.0, &ogpu_protocol::auction::Offer::from(&offer(bid)));
			(bid.0.clone(), Call::commit_bid { job, commitment: sealed }.into())
		};
		assert_eq!(self.block(bids.iter().map(seal).collect()), vec![true; bids.len()]);
		let stage = move || Jobs::<Runtime>::get(job).map(|job| job.stage);
		self.play_until("bids are revealed", || matches!(stage(), Some(Stage::Revealing { .. })));
		let devices = self.devices.clone();
		let reveal = |bid: &(&AccountId, Balance, u32)| {
			let call = Call::reveal_bid { job, offer: offer(bid), device: devices[bid.0], salt: SALT };
			(bid.0.clone(), call.into())
		};
		assert_eq!(self.block(bids.iter().map(reveal).collect()), vec![true; bids.len()]);
		self.play_until("the work is offered", || matches!(stage(), Some(Stage::Offered)));
		let fee = self.said(|event| match event {
			RuntimeEvent::TrainingAuction(Event::Offered { fee, .. }) => Some(*fee),
			_ => None,
		});
		(job, fee)
	}

	pub fn gains(&mut self, who: &[&AccountId]) -> Vec<i128> {
		who.iter().map(|who| self.gain(who)).collect()
	}

	/// Such a market with many newcomers in it, and its clients.
	pub fn crowd(clients: u32, providers: u32, class: Class) -> (Self, Vec<AccountId>) {
		let mut world = Self::default();
		let clients = world.fill(clients, providers, class);
		(world, clients)
	}

	/// Fills it with newcomers, and returns its clients. The providers have devices.
	pub fn fill(&mut self, clients: u32, providers: u32, class: Class) -> Vec<AccountId> {
		let clients: Vec<_> = (0..clients).map(|number| self.newcomer(number)).collect();
		let providers: Vec<_> = (0..providers).map(|number| self.newcomer(1_000 + number)).collect();
		self.send(&CLIENT.to_account_id(), service(1, Delivery::Verified, class));
		clients.iter().for_each(|who| self.lock(who, 1_000 * OGPU));
		for who in &providers {
			self.provider(who);
			let device = self.devices[who];
			self.send(who, ogpu_continuous_pool::Call::join { service: 0, device });
		}
		self.begin();
		clients
	}

	/// An account with money, named by a number.
	fn newcomer(&mut self, number: u32) -> AccountId {
		let pair = sr25519::Pair::from_string(&format!("//many/{number}"), None).unwrap();
		let who = AccountId::from(pair.public());
		self.keys.insert(who.clone(), pair);
		self.send(&Alice.to_account_id(), crate::transfer(&who, 1_500 * OGPU));
		who
	}
}
