//! Work is sold in real blocks: jobs by auction, requests by races. Validators recompute what is drawn, and whatever
//! happens, the money adds up to the last unit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use ogpu_continuous_pool::{Delivery, Order, Racing, Requests, Requirements};
use ogpu_protocol::{
	class::Class,
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	cost::{LeafCost, Work, GIGA},
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
	token::OGPU,
};
use ogpu_result_validation::{
	Answer, Ballots, Call, Checks, Conclusion, Juries, JuryStage, Records, Stage, TaskRecord, Tasks, Validation,
};
use ogpu_runtime::{
	clock, free_calls::Useless, genesis_config_presets::LOCAL_TESTNET, AccountId, Balance, Balances, ContinuousPool,
	ResultValidation, Runtime, RuntimeCall, RuntimeEvent, StakingTrustlock, System, TrainingAuction,
};
use ogpu_runtime_testing::Chain;
use ogpu_staking_trustlock::traits::{DeviceId, DeviceKind, Devices};
use ogpu_training_auction::{Assurance, Jobs, Kind, Needs, OfferRecord, PartState, Spec};
use polkadot_sdk::*;
use sp_core::{sr25519, Pair, H256};
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two};
use sp_runtime::transaction_validity::InvalidTransaction;
use std::collections::{BTreeMap, BTreeSet};

const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];
const CLIENT: Sr25519Keyring = Ferdie;
const SALT: H256 = H256::repeat_byte(5);
const START: H256 = H256::repeat_byte(9);
const FAST: Work = 1_000 * GIGA;

/// What computing a leaf gives, done rightly or not.
fn computed(task: &H256, index: u32, rightly: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[task.as_bytes(), &index.to_le_bytes(), &[part, rightly.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

fn commitment<V: Value>(task: Hash, round: u32, who: &AccountId, value: &V) -> H256 {
	let place = Place { task, round, account: who.clone().into() };
	H256(place.commit(blake2_256, value, &SALT.0))
}

fn leaf_commitment<V: Value>(task: &H256, leaf: u32, round: u32, who: &AccountId, value: &V) -> H256 {
	commitment(leaf_task(blake2_256, &task.0, leaf), round, who, value)
}

/// The result of a task, as its provider claims it.
struct Done {
	leaves: Vec<Leaf>,
	tree: Tree,
}

impl Done {
	fn new(task: &H256, leaves: u32, rightly: bool) -> Self {
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
struct World {
	chain: Chain,
	keys: BTreeMap<AccountId, sr25519::Pair>,
	devices: BTreeMap<AccountId, DeviceId>,
	/// Providers that compute wrong results, and those that do nothing at all.
	liars: BTreeSet<AccountId>,
	gone: BTreeSet<AccountId>,
	/// Those that commit to nothing more.
	idle: BTreeSet<AccountId>,
	/// Tasks of which nobody can fetch the inputs.
	withheld: BTreeSet<H256>,
	/// The client waives the window for challenges.
	is_content: bool,
	results: BTreeMap<H256, Done>,
	had: BTreeMap<AccountId, Balance>,
	minted: Balance,
	fees: BTreeMap<AccountId, Balance>,
	events: Vec<RuntimeEvent>,
}

impl World {
	fn new() -> Self {
		let mut chain = Chain::from_preset(LOCAL_TESTNET);
		chain.block(vec![]);
		let keys = Sr25519Keyring::iter().map(|key| (key.to_account_id(), key.pair())).collect();
		let mut world = Self {
			chain,
			keys,
			devices: BTreeMap::new(),
			liars: BTreeSet::new(),
			gone: BTreeSet::new(),
			idle: BTreeSet::new(),
			withheld: BTreeSet::new(),
			is_content: true,
			results: BTreeMap::new(),
			had: BTreeMap::new(),
			minted: 0,
			fees: BTreeMap::new(),
			events: Vec::new(),
		};
		world.lock(&CLIENT.to_account_id(), 100 * OGPU);
		world
	}

	fn lock(&mut self, who: &AccountId, amount: Balance) {
		self.send(who, ogpu_staking_trustlock::Call::lock { amount });
	}

	/// An operator with a lock and a measured device that is online.
	fn provider(&mut self, who: &AccountId) {
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
	fn change(&mut self, change: impl FnOnce()) {
		self.chain.read(change);
		self.chain.state.commit_all().unwrap();
	}

	/// From here on the money is counted.
	fn begin(&mut self) {
		self.had = self.chain.read(wealth);
		self.minted = self.chain.read(ogpu_token::Minted::<Runtime>::get);
		self.fees.clear();
		self.events.clear();
	}

	fn send(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) {
		let call = call.into();
		for _ in 0..5 {
			if self.block(vec![(who.clone(), call.clone())]) == [true] {
				return;
			}
		}
		panic!("no block had room for {call:?}");
	}

	/// A block with these calls, as far as they fit. Those that fit must succeed. Says which did.
	fn block(&mut self, calls: Vec<(AccountId, RuntimeCall)>) -> Vec<bool> {
		let mut nonces = BTreeMap::<AccountId, u32>::new();
		let mut transactions = Vec::new();
		for (who, call) in &calls {
			let next = self.chain.read(|| System::account_nonce(who));
			let nonce = nonces.entry(who.clone()).or_insert(next);
			transactions.push(self.chain.sign_by(&self.keys[who], call.clone(), 0, *nonce));
			*nonce += 1;
		}
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
		for record in self.chain.read(|| System::read_events_no_consensus().collect::<Vec<_>>()) {
			use pallet_transaction_payment::Event::TransactionFeePaid;
			if let RuntimeEvent::TransactionPayment(TransactionFeePaid { who, actual_fee, .. }) = &record.event {
				*self.fees.entry(who.clone()).or_default() += actual_fee;
			}
			self.events.push(record.event);
		}
		results.iter().map(Result::is_ok).collect()
	}

	/// What everybody does who has something to do.
	fn calls(&mut self) -> Vec<(AccountId, RuntimeCall)> {
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
		let done = self.results.entry(task).or_insert_with(|| Done::new(&task, leaves, rightly));
		let checks: Vec<_> = self.chain.read(|| Checks::<Runtime>::iter_prefix(task).collect());
		let digest = |leaf| computed(&task, leaf, true).digest(blake2_256, &task.0, leaf);
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
						let finding: Finding<Audit> = Ok(Audit { opening, digest: digest(leaf) });
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
			let Leaf { output, carry, trace } = computed(&task, leaf, true);
			let digest = computed(&task, leaf, true).digest(blake2_256, &task.0, leaf);
			let found = |seed: H256| -> Finding<Vote> {
				if record.is_claim {
					return Err(Obstacle::InputMissing);
				}
				let binding = binding(blake2_256, &seed.0, &[output, carry, trace].concat());
				Ok(Vote { digest, binding })
			};
			for ballot in self.chain.read(|| Ballots::<Runtime>::get(task, (leaf, jury.round))) {
				let who = ballot.operator;
				match (jury.stage, ballot.answer) {
					(JuryStage::Voting { seed }, Answer::Silent) => {
						let commitment = leaf_commitment(&task, leaf, jury.round, &who, &found(seed));
						calls.push((who, Call::commit_vote { task, leaf, commitment }.into()));
					}
					(JuryStage::Revealing { seed }, Answer::Committed(_)) => {
						let finding = found(seed);
						calls.push((who, Call::reveal_vote { task, leaf, finding, salt: SALT }.into()));
					}
					_ => {}
				}
			}
		}
	}

	fn play_until(&mut self, what: &str, done: impl Fn() -> bool) {
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
	fn gain(&mut self, who: &AccountId) -> i128 {
		let has = self.chain.read(wealth);
		has[who] as i128 - self.had[who] as i128 + self.fees.get(who).copied().unwrap_or_default() as i128
	}

	/// What was burned since the beginning.
	fn burned(&mut self) -> Balance {
		let had: Balance = self.had.values().sum();
		let minted = self.chain.read(ogpu_token::Minted::<Runtime>::get) - self.minted;
		let has: Balance = self.chain.read(wealth).values().sum();
		assert_eq!(has, self.chain.read(Balances::total_issuance), "everything belongs to somebody");
		had + minted - has
	}

	/// The first that one of the events says.
	fn said<T>(&self, what: impl Fn(&RuntimeEvent) -> Option<T>) -> T {
		self.events.iter().find_map(what).expect("it was said")
	}

	/// Everything is over, and nothing is left.
	fn close(mut self) {
		self.chain.read(|| {
			assert_eq!(Tasks::<Runtime>::iter().count(), 0);
			assert_eq!(Jobs::<Runtime>::iter().count(), 0);
			assert_eq!(Requests::<Runtime>::iter().count(), 0);
			assert_eq!(ogpu_staking_trustlock::Pins::<Runtime>::iter().count(), VALIDATORS.len(), "only seats");
		});
		self.chain.check();
	}
}

fn conclusion(task: &H256) -> Option<Conclusion> {
	Records::<Runtime>::get(task).map(|record| record.conclusion)
}

/// A job of 60 leaves in three parts, for at most 3 OGPU.
fn job(assurance: Assurance) -> (Spec, Balance) {
	let spec = Spec {
		kind: Kind::Training,
		manifest: H256::repeat_byte(1),
		start: START,
		leaves: 60,
		part_leaves: 20,
		leaf: LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1_000_000 },
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

impl World {
	/// A job for which these bid, until it is given out. Returns its name and the fee that is agreed.
	fn auction(&mut self, spec: Spec, ceiling: Balance, bids: &[(&AccountId, Balance, u32)]) -> (H256, Balance) {
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

	fn gains(&mut self, who: &[&AccountId]) -> Vec<i128> {
		who.iter().map(|who| self.gain(who)).collect()
	}
}

#[test]
fn a_training_job_is_sold_done_in_milestones_and_paid() {
	let mut world = World::new();
	let [eve, one] = [Eve, One].map(|key| key.to_account_id());
	world.provider(&eve);
	world.provider(&one);
	world.begin();
	let (spec, ceiling) = job(Assurance::Standard);
	let (id, fee) = world.auction(spec, ceiling, &[(&eve, OGPU, 1_000), (&one, 2 * OGPU, 1_500)]);
	assert!(fee > OGPU && fee < 3 * OGPU, "the second price");
	world.play_until("the job ends", || Jobs::<Runtime>::get(id).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());

	let tasks: Vec<_> = (0..3).map(|number| TrainingAuction::task_name(&id, number)).collect();
	assert!(tasks.iter().all(|task| world.chain.read(|| conclusion(task)) == Some(Conclusion::Accepted)));
	let milestones = world
		.events
		.iter()
		.filter(|event| matches!(event, RuntimeEvent::TrainingAuction(ogpu_training_auction::Event::PartsPaid { .. })));
	assert_eq!(milestones.count(), 2);
	let burned = world.burned();
	// The client pays the fee and what checking costs; the provider has the fee but for what is burned.
	let [eves, ones] = world.gains(&[&eve, &one])[..] else { unreachable!() };
	assert_eq!((eves + burned as i128, ones), (fee as i128, 0));
	assert!(burned >= fee / 50 && burned < fee / 50 + 4, "a fiftieth, rounded up at each payment");
	let client = CLIENT.to_account_id();
	let checking = -world.gain(&client) - fee as i128;
	// One leaf in twenty of each part, a fifth of them twice, and the last ones of both milestones.
	let leaf_fee = ogpu_protocol::cost::CheckingTariff::default().leaf_fee(&LeafCost {
		work: GIGA,
		recompute_work: GIGA,
		fetched_bytes: 1_000_000,
	});
	let audited = |leaves: u128| (leaf_fee * leaves + leaf_fee * leaves / 5) as i128;
	assert_eq!(checking, 3 * audited(1) + 2 * audited(1));
	world.close();
}

#[test]
fn a_provider_vanishes_half_way_and_the_runner_up_finishes() {
	let mut world = World::new();
	let [eve, one] = [Eve, One].map(|key| key.to_account_id());
	world.provider(&eve);
	world.provider(&one);
	world.begin();
	let (spec, ceiling) = job(Assurance::Standard);
	let spec = Spec { longest_blocks: 1_500, ..spec };
	let (id, fee) = world.auction(spec, ceiling, &[(&eve, OGPU, 400), (&one, 3 * OGPU / 2, 900)]);
	let run = move || Jobs::<Runtime>::get(id).and_then(|job| job.run);
	world.play_until("the first part is committed", || run().is_some_and(|run| run.parts.len() == 1));
	world.idle.insert(eve.clone());
	world.play_until("it is verified", || Jobs::<Runtime>::get(id).is_some_and(|job| job.verified == 1));
	world.gone.insert(eve.clone());
	world.play_until("the job ends", || Jobs::<Runtime>::get(id).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());

	use ogpu_training_auction::{End, Event};
	let end = world.said(|event| match event {
		RuntimeEvent::TrainingAuction(Event::Closed { end, .. }) => Some(*end),
		_ => None,
	});
	assert_eq!(end, End::Settled);
	let (substitute, first, rest) = world.said(|event| match event {
		RuntimeEvent::TrainingAuction(Event::Offered { provider, fee, part, is_substitute: true, .. }) => {
			Some((provider.clone(), *part, *fee))
		}
		_ => None,
	});
	assert_eq!((substitute, rest), (one.clone(), OGPU), "two thirds of its own bid, from the last verified leaf");
	assert!(first >= 1);
	let taken = world.said(|event| match event {
		RuntimeEvent::TrainingAuction(Event::Abandoned { taken, .. }) => Some(*taken),
		_ => None,
	});
	assert_eq!(taken, fee.div_ceil(5));
	// It keeps what was released for the first third, less what is retained, and loses a fifth of its fee.
	let released = fee / 3 - (fee / 3).div_ceil(10);
	let [eves, ones, clients] = world.gains(&[&eve, &one, &CLIENT.to_account_id()])[..] else { unreachable!() };
	assert!((eves - (released as i128 - (released / 50) as i128 - taken as i128)).abs() <= 3, "{eves}");
	assert!((ones - (rest - rest / 50) as i128).abs() <= 3, "{ones}");
	assert!(clients > -((released + rest) as i128) + taken as i128 - (OGPU / 100) as i128);
	world.close();
}

#[test]
fn a_client_that_withholds_its_input_pays_for_the_time() {
	let mut world = World::new();
	let [eve, one] = [Eve, One].map(|key| key.to_account_id());
	world.provider(&eve);
	world.provider(&one);
	world.begin();
	let (spec, ceiling) = job(Assurance::Standard);
	let (id, fee) = world.auction(spec, ceiling, &[(&eve, OGPU, 1_000), (&one, 2 * OGPU, 1_500)]);
	world.withheld.insert(id);
	world.play_until("the job ends", || Jobs::<Runtime>::get(id).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	let task = TrainingAuction::task_name(&id, 0);
	assert_eq!(world.chain.read(|| conclusion(&task)), Some(Conclusion::InputAtFault));
	let burned = world.burned() as i128;
	let [eves, clients] = world.gains(&[&eve, &CLIENT.to_account_id()])[..] else { unreachable!() };
	// What it can have computed meanwhile: its device does a thousand leaves in a block, so all of the first part.
	assert_eq!(-clients, (fee * 20 / 60) as i128);
	assert_eq!(eves + burned, -clients, "nobody else has anything of it");
	world.close();
}

fn service(width: u32, delivery: Delivery, class: Class) -> ogpu_continuous_pool::Call<Runtime> {
	let leaf = LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1_000_000 };
	let requirements = Requirements { kind: None, memory_mb: 0, score: 0, reputation_billionths: 0 };
	let terms =
		ogpu_continuous_pool::Terms { floor: OGPU / 1_000, class, capability: 0, width, delivery, requirements };
	ogpu_continuous_pool::Call::publish_service { manifest: H256::repeat_byte(1), leaf, terms }
}

fn order(leaves: u32) -> Order {
	Order { inputs: START, ceiling_leaves: leaves, prompt_work: 0, max_price: OGPU, window_blocks: 60, secret: None }
}

/// One leaf, by one auditor.
const ONCE: Class = Class { doubled_billionths: 0, leaves_billionths: 1, ..Class::STANDARD };

#[test]
fn of_three_racers_one_cheats_and_loses_its_bond() {
	let mut world = World::new();
	let racers = [Eve, One, Two].map(|key| key.to_account_id());
	racers.iter().for_each(|who| world.provider(who));
	world.send(&CLIENT.to_account_id(), service(3, Delivery::Verified, ONCE));
	for who in &racers {
		let device = world.devices[who];
		world.send(who, ogpu_continuous_pool::Call::join { service: 0, device });
	}
	// Whoever leads the first race lies.
	let request = |world: &mut World| {
		world.events.clear();
		world.send(&CLIENT.to_account_id(), ogpu_continuous_pool::Call::request { service: 0, order: order(10) });
		world.said(|event| match event {
			RuntimeEvent::ContinuousPool(ogpu_continuous_pool::Event::Requested { request, .. }) => Some(*request),
			_ => None,
		})
	};
	world.begin();
	let name = request(&mut world);
	world.play_until("racers are drawn", || !Requests::<Runtime>::get(name).unwrap().racers.is_empty());
	let drawn = world.chain.read(|| Requests::<Runtime>::get(name).unwrap().racers);
	let cheat = drawn[0].operator.clone();
	world.liars.insert(cheat.clone());
	let bond = world.chain.read(|| Requests::<Runtime>::get(name).unwrap().bond);
	// A stranger's commitment, and a second one, are refused before they enter a block.
	let stranger = world.keys[&Dave.to_account_id()].clone();
	let call = ogpu_continuous_pool::Call::commit { request: name, commitment: SALT, leaves: 10 };
	let nonce = world.chain.read(|| System::account_nonce(Dave.to_account_id()));
	let refused = world.chain.sign_by(&stranger, call.into(), 0, nonce);
	assert_eq!(world.chain.block(vec![refused]), [Err(InvalidTransaction::Custom(Useless::NotDrawn as u8).into())]);
	world.play_until("it is judged", || conclusion(&name).is_some());
	world.play_until("the request ends", || Requests::<Runtime>::get(name).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	assert_eq!(world.chain.read(|| conclusion(&name)), Some(Conclusion::Convicted));
	let fee = 10 * OGPU / 1_000;
	let lots: u32 = drawn.iter().filter(|racer| racer.operator == cheat).map(|racer| racer.lots).sum();
	let [cheats, clients] = world.gains(&[&cheat, &CLIENT.to_account_id()])[..] else { unreachable!() };
	assert_eq!(cheats, -(bond as i128));
	let at_stake = fee + fee / 4 * Balance::from(lots) / 3;
	assert_eq!(clients, at_stake.div_ceil(10) as i128, "it has all of its money back, and a tenth of the fee");

	// The others serve the next one, and are paid.
	let had = racers.clone().map(|who| world.gain(&who));
	let name = request(&mut world);
	world.liars.clear();
	world.play_until("the request ends", || Requests::<Runtime>::get(name).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	assert_eq!(world.chain.read(|| conclusion(&name)), Some(Conclusion::Accepted));
	let has = racers.clone().map(|who| world.gain(&who));
	let earned: i128 = has.iter().zip(had).map(|(has, had)| has - had).sum();
	assert!(earned > (fee * 9 / 10) as i128, "{earned}");
	world.close();
}

#[test]
fn a_thousand_requests_are_in_flight_and_all_of_them_end() {
	const REQUESTS: usize = 1_000;
	const CLIENTS: u32 = 5;
	let mut world = World::new();
	let numbered = |number: u32| sr25519::Pair::from_string(&format!("//many/{number}"), None).unwrap();
	let add = |world: &mut World, number| {
		let pair = numbered(number);
		let who = AccountId::from(pair.public());
		world.keys.insert(who.clone(), pair);
		let value = 1_500 * OGPU;
		let call = pallet_balances::Call::transfer_keep_alive { dest: who.clone().into(), value };
		world.send(&Alice.to_account_id(), call);
		who
	};
	let clients: Vec<_> = (0..CLIENTS).map(|number| add(&mut world, number)).collect();
	let providers: Vec<_> = (0..36).map(|number| add(&mut world, 100 + number)).collect();
	world.send(&CLIENT.to_account_id(), service(1, Delivery::Verified, ONCE));
	clients.iter().for_each(|who| world.lock(who, 1_000 * OGPU));
	for who in &providers {
		world.provider(who);
		let device = world.devices[who];
		world.send(who, ogpu_continuous_pool::Call::join { service: 0, device });
	}
	world.begin();
	let mut left: Vec<_> = (0..REQUESTS).map(|number| clients[number % clients.len()].clone()).collect();
	let order = Order { window_blocks: 300, ..order(1) };
	let mut most = 0;
	let open = || Requests::<Runtime>::iter().count();
	while !left.is_empty() {
		let call = |who: &AccountId| (who.clone(), ogpu_continuous_pool::Call::request { service: 0, order }.into());
		let mut calls = world.calls();
		let others = calls.len();
		calls.extend(left.iter().take(200).map(call));
		let done = world.block(calls);
		let mut sent = done.into_iter().skip(others).chain(std::iter::repeat(false));
		left.retain(|_| !sent.next().unwrap());
	}
	for _ in 0..1_500 {
		let in_flight = world.chain.read(open);
		most = most.max(in_flight);
		if in_flight == 0 {
			break;
		}
		let calls = world.calls();
		world.block(calls);
	}
	assert_eq!(world.chain.read(open), 0, "all of them ended");
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	let ended = world.events.iter().filter_map(|event| match event {
		RuntimeEvent::ContinuousPool(ogpu_continuous_pool::Event::Closed { ending, .. }) => Some(*ending),
		_ => None,
	});
	let settled = ended.clone().filter(|ending| *ending == ogpu_continuous_pool::Ending::Settled).count();
	assert_eq!(ended.count(), REQUESTS);
	assert!(most > 900, "{most} were in flight");
	assert_eq!(settled, REQUESTS, "all were served");
	world.close();
}
