//! Results are validated in real blocks: who is right is paid, who is wrong pays, to the last unit. The tests
//! open validations themselves, as markets do; `markets.rs` plays with those.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use ogpu_protocol::{
	class::Class,
	commitment::{binding, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	leaf::{tree, Leaf, Proven, Reveal},
	merkle::{Hash, Tree},
	phases::Sale,
	slashing::challenge_bond,
	token::OGPU,
};
use ogpu_result_validation::{
	Answer, Auditor, BallotOf, Ballots, Call, Checks, Conclusion, CurrentTable, Event, Juries, JuryRecord, JuryStage,
	Records, Request, Stage, Strikes, Tables, Tasks, Validation, ValidationRecord,
};
use ogpu_runtime::{
	clock, configs::staking::TreasuryAccount, free_calls::Useless, genesis_config_presets::LOCAL_TESTNET, AccountId,
	Balance, Balances, ResultValidation, Runtime, RuntimeCall, RuntimeEvent, StakingTrustlock, System,
};
use ogpu_runtime_testing::{free, Chain};
use ogpu_staking_trustlock::traits::{Collateral, DeviceKind, Devices, Fault, Pin, Record};
use polkadot_sdk::*;
use sp_consensus_babe::digests::CompatibleDigestItem;
use sp_core::{Pair, H256};
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One};
use sp_runtime::{transaction_validity::InvalidTransaction, ApplyExtrinsicResult, Percent};
use std::collections::BTreeMap;

const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];
const PROVIDER: Sr25519Keyring = Eve;
const CLIENT: Sr25519Keyring = Ferdie;
const CHALLENGER: Sr25519Keyring = One;

const TASK: H256 = H256::repeat_byte(7);
/// As much as the stake of the four allows, 10 OGPU of each.
const FEE: Balance = 4 * OGPU;
const LEAF_FEE: Balance = OGPU / 100;
const CHECKING: Balance = 100 * LEAF_FEE;
const LOCK: Balance = 50 * OGPU;
const PIN: Balance = 20 * OGPU;

const SALT: H256 = H256::repeat_byte(5);
const START: Hash = [9; 32];
/// What liars find.
const LIE: Hash = [66; 32];

/// How a verifier behaves.
#[derive(Clone, Copy, Default)]
enum Conduct {
	#[default]
	Honest,
	Lie,
	InputMissing,
	Silent,
}

impl Conduct {
	fn finding<T>(self, honest: T, lie: T) -> Option<Finding<T>> {
		match self {
			Self::Honest => Some(Ok(honest)),
			Self::Lie => Some(Ok(lie)),
			Self::InputMissing => Some(Err(Obstacle::InputMissing)),
			Self::Silent => None,
		}
	}
}

/// What computing a leaf gives, done rightly or not.
fn computed(index: u32, rightly: bool) -> Leaf {
	let part = |part: u8| blake2_256(&[TASK.as_bytes(), &index.to_le_bytes(), &[part, rightly.into()]].concat());
	Leaf { output: part(0), carry: part(1), trace: part(2) }
}

fn digest(index: u32) -> Hash {
	computed(index, true).digest(blake2_256, &TASK.0, index)
}

fn commitment<V: Value>(leaf: u32, round: u32, who: &AccountId, value: &V) -> H256 {
	let place = Place { task: leaf_task(blake2_256, &TASK.0, leaf), round, account: who.clone().into() };
	H256(place.commit(blake2_256, value, &SALT.0))
}

/// A job, and what its provider claims.
struct Job {
	request: Request,
	claimed: Vec<Leaf>,
	tree: Tree,
}

impl Job {
	fn new(leaves: u32, rightly: bool, class: Class) -> Self {
		let claimed: Vec<_> = (0..leaves).map(|index| computed(index, rightly)).collect();
		let tree = tree(blake2_256, &TASK.0, &claimed).unwrap();
		let place = Place { task: TASK.0, round: 0, account: PROVIDER.to_account_id().into() };
		let commitment = place.commit(blake2_256, &outcome(&tree), &SALT.0);
		let request = Request {
			task: TASK,
			client: CLIENT.to_account_id(),
			provider: PROVIDER.to_account_id(),
			commitment: H256(commitment),
			manifest: H256::repeat_byte(8),
			start: H256(START),
			leaves,
			class,
			capability: 0,
			leaf_blocks: 1,
			leaf_fee: LEAF_FEE,
			fee: FEE,
			spent: CHECKING,
			sale: Sale::Pool,
			seed_from: 0,
			secret: None,
			is_milestone: false,
		};
		Self { request, claimed, tree }
	}

	/// One of twenty leaves is audited, by one auditor.
	fn audited_once(rightly: bool, class: Class) -> Self {
		Self::new(20, rightly, Class { doubled_billionths: 0, ..class })
	}

	fn opening(&self, index: u32) -> Hash {
		index.checked_sub(1).map_or(START, |before| self.claimed[before as usize].carry)
	}

	fn reveal(&self, index: u32) -> Reveal {
		let proven = |index| Proven { leaf: self.claimed[index as usize], proof: self.tree.proof(index).unwrap() };
		Reveal { leaf: proven(index), before: index.checked_sub(1).map(proven) }
	}

	/// What everybody who has something to say says next, each one thing.
	fn said(&self, conduct: &BTreeMap<Sr25519Keyring, Conduct>) -> BTreeMap<Sr25519Keyring, RuntimeCall> {
		let mut said = BTreeMap::new();
		let mut say = |who: Sr25519Keyring, call: Call<Runtime>| {
			said.entry(who).or_insert_with(|| call.into());
		};
		let conduct = |who| conduct.get(&who).copied().unwrap_or_default();
		let Some(record) = Tasks::<Runtime>::get(TASK) else { return said };
		let checks = || Checks::<Runtime>::iter_prefix(TASK);
		match record.stage {
			Stage::Opening => {
				let missing = checks().filter(|(_, check)| check.opening.is_none());
				let openings: Vec<_> = missing.map(|(leaf, _)| (leaf, H256(self.opening(leaf)))).collect();
				if !openings.is_empty() {
					say(PROVIDER, Call::post_openings { task: TASK, openings: openings.try_into().unwrap() });
				}
			}
			Stage::Revealing if record.outcome.is_none() => {
				say(PROVIDER, Call::reveal { task: TASK, outcome: outcome(&self.tree), salt: SALT });
			}
			Stage::Revealing | Stage::Challengeable | Stage::Answering => {
				let missing = checks().filter(|(_, check)| check.digest.is_none());
				let reveals: Vec<_> = missing.map(|(leaf, _)| (leaf, self.reveal(leaf))).collect();
				if !reveals.is_empty() {
					say(PROVIDER, Call::reveal_leaves { task: TASK, reveals: reveals.try_into().unwrap() });
				}
			}
			Stage::Judging { .. } => {
				for (leaf, jury) in Juries::<Runtime>::iter_prefix(TASK) {
					for ballot in Ballots::<Runtime>::get(TASK, (leaf, jury.round)) {
						let who = key(&ballot.operator);
						if let Some(call) = vote(leaf, &jury, &ballot, conduct(who)) {
							say(who, call);
						}
					}
				}
			}
			stage => {
				for (leaf, check) in checks() {
					for auditor in check.auditors() {
						let (who, opening) = (key(&auditor.operator), check.opening.unwrap_or_default());
						if let Some(call) = audit(stage, leaf, opening, auditor, conduct(who)) {
							say(who, call);
						}
					}
				}
			}
		}
		said
	}
}

fn outcome(tree: &Tree) -> Outcome {
	Outcome { root: tree.root(), output: [1; 32] }
}

/// What an auditor says of a leaf in this stage.
fn audit(stage: Stage, leaf: u32, opening: H256, auditor: &Auditor, conduct: Conduct) -> Option<Call<Runtime>> {
	let found = |digest| Audit { opening: opening.0, digest };
	let finding = conduct.finding(found(digest(leaf)), found(LIE))?;
	match (stage, auditor.answer) {
		(Stage::Auditing | Stage::AuditingTwice, Answer::Silent) => {
			let commitment = commitment(leaf, 0, &auditor.operator, &finding);
			Some(Call::commit_audit { task: TASK, leaf, commitment })
		}
		(Stage::Comparing, Answer::Committed(_)) => Some(Call::reveal_audit { task: TASK, leaf, finding, salt: SALT }),
		_ => None,
	}
}

/// What a juror says of a leaf in this stage of its jury.
fn vote(leaf: u32, jury: &JuryRecord, ballot: &BallotOf<Runtime>, conduct: Conduct) -> Option<Call<Runtime>> {
	let Leaf { output, carry, trace } = computed(leaf, true);
	let found =
		|digest, seed: H256| Vote { digest, binding: binding(blake2_256, &seed.0, &[output, carry, trace].concat()) };
	match (jury.stage, ballot.answer) {
		(JuryStage::Voting { seed }, Answer::Silent) => {
			let finding = conduct.finding(found(digest(leaf), seed), found(LIE, seed))?;
			let commitment = commitment(leaf, jury.round, &ballot.operator, &finding);
			Some(Call::commit_vote { task: TASK, leaf, commitment })
		}
		(JuryStage::Revealing { seed }, Answer::Committed(_)) => {
			let finding = conduct.finding(found(digest(leaf), seed), found(LIE, seed))?;
			Some(Call::reveal_vote { task: TASK, leaf, finding, salt: SALT })
		}
		_ => None,
	}
}

fn key(account: &AccountId) -> Sr25519Keyring {
	Sr25519Keyring::from_account_id(account).expect("all who play are well known")
}

/// What each account has, free and held.
fn wealth() -> BTreeMap<AccountId, Balance> {
	let all = frame_system::Account::<Runtime>::iter();
	all.map(|(who, info)| (who, info.data.free + info.data.reserved)).collect()
}

fn stage() -> Option<Stage> {
	Tasks::<Runtime>::get(TASK).map(|record| record.stage)
}

/// A network in which a job is validated, and what its blocks say about money.
struct Story {
	chain: Chain,
	job: Job,
	conduct: BTreeMap<Sr25519Keyring, Conduct>,
	/// What everybody had at the beginning, and what had been minted.
	had: BTreeMap<AccountId, Balance>,
	minted: Balance,
	/// What each account paid for transactions, and what of it went to the treasury.
	fees: BTreeMap<Sr25519Keyring, Balance>,
	to_treasury: Balance,
	/// What verifiers were paid and fined.
	paid: BTreeMap<Sr25519Keyring, Balance>,
	fined: BTreeMap<Sr25519Keyring, Balance>,
	/// How many findings each of them revealed.
	found: BTreeMap<Sr25519Keyring, Balance>,
}

impl Story {
	fn begin(job: Job) -> Self {
		let mut chain = Chain::from_preset(LOCAL_TESTNET);
		chain.block(vec![]);
		let (had, minted) = (chain.read(wealth), chain.read(ogpu_token::Minted::<Runtime>::get));
		let mut story = Self {
			chain,
			job,
			conduct: BTreeMap::new(),
			had,
			minted,
			fees: BTreeMap::new(),
			to_treasury: 0,
			paid: BTreeMap::new(),
			fined: BTreeMap::new(),
			found: BTreeMap::new(),
		};
		story.send(PROVIDER, ogpu_staking_trustlock::Call::lock { amount: LOCK });
		story
	}

	/// Opens the validation, as a market does when a provider commits to a result.
	fn open(&mut self) {
		let Self { chain, job, .. } = self;
		chain.read(|| {
			let request = Request { seed_from: System::block_number() + 1, ..job.request.clone() };
			StakingTrustlock::pin(&request.provider, TASK, PIN, Pin::Shared).unwrap();
			let (checking, client) = (request.spent, request.client.clone());
			ResultValidation::open(request, checking, &client).unwrap();
		});
		chain.state.commit_all().unwrap();
	}

	/// A block in which each of these accounts sends a call, and what became of them.
	fn block(&mut self, calls: &BTreeMap<Sr25519Keyring, RuntimeCall>) -> Vec<ApplyExtrinsicResult> {
		let transactions = calls.iter().map(|(who, call)| self.chain.sign(*who, call.clone())).collect();
		let results = self.chain.block(transactions);
		for ((who, call), result) in calls.iter().zip(&results) {
			let reveals =
				matches!(call, RuntimeCall::ResultValidation(Call::reveal_audit { .. } | Call::reveal_vote { .. }));
			if reveals && *result == Ok(Ok(())) {
				*self.found.entry(*who).or_default() += 1;
			}
		}
		for record in self.chain.read(|| System::read_events_no_consensus().collect::<Vec<_>>()) {
			self.note(record.event);
		}
		results
	}

	fn note(&mut self, event: RuntimeEvent) {
		use pallet_transaction_payment::Event::TransactionFeePaid;
		let mut add = |sums: fn(&mut Self) -> &mut BTreeMap<_, _>, who: &AccountId, amount| {
			*sums(self).entry(key(who)).or_default() += amount;
		};
		match event {
			RuntimeEvent::TransactionPayment(TransactionFeePaid { who, actual_fee, tip: 0 }) => {
				add(|story| &mut story.fees, &who, actual_fee);
				self.to_treasury += Percent::from_percent(80).mul_ceil(actual_fee);
			}
			RuntimeEvent::ResultValidation(Event::Paid { operator, amount, .. }) => {
				add(|story| &mut story.paid, &operator, amount);
			}
			RuntimeEvent::ResultValidation(Event::Fined { operator, amount, .. }) => {
				add(|story| &mut story.fined, &operator, amount);
			}
			_ => {}
		}
	}

	/// Sends a call, which must succeed, in the next block that has room.
	fn send(&mut self, who: Sr25519Keyring, call: impl Into<RuntimeCall>) {
		let calls = BTreeMap::from([(who, call.into())]);
		assert!((0..5).any(|_| self.all_succeed(&calls)), "no block had room for {who:?}");
	}

	/// A block with these calls. They must succeed if the block has room for them.
	fn all_succeed(&mut self, calls: &BTreeMap<Sr25519Keyring, RuntimeCall>) -> bool {
		let results = self.block(calls);
		for ((who, call), result) in calls.iter().zip(&results) {
			match result {
				Ok(done) => done.unwrap_or_else(|error| panic!("{who:?}: {call:?}: {error:?}")),
				Err(error) => assert!(error.exhausted_resources(), "{who:?}: {call:?}: {error:?}"),
			}
		}
		results.iter().all(Result::is_ok)
	}

	/// A block in which everybody plays.
	fn play(&mut self) {
		let Self { chain, job, conduct, .. } = self;
		let calls = chain.read(|| job.said(conduct));
		self.all_succeed(&calls);
	}

	fn play_until(&mut self, done: impl Fn() -> bool) {
		for _ in 0..5_000 {
			if self.chain.read(&done) {
				return;
			}
			self.play();
		}
		panic!("it never happened: {:?}", self.chain.read(|| Tasks::<Runtime>::get(TASK)));
	}

	/// Plays until the validation has ended and is cleared away, and ends the pin as a market does.
	fn end(&mut self) -> ValidationRecord {
		self.play_until(|| stage().is_none());
		self.chain.read(|| StakingTrustlock::unpin(&PROVIDER.to_account_id(), TASK));
		self.chain.state.commit_all().unwrap();
		self.chain.read(|| Records::<Runtime>::get(TASK)).expect("it has ended")
	}

	/// How much more an account has than at the beginning.
	fn change(&mut self, who: &AccountId) -> i128 {
		let has = self.chain.read(wealth);
		has[who] as i128 - self.had[who] as i128
	}

	/// How much more an account would have, had transactions been free.
	fn gain(&mut self, who: Sr25519Keyring) -> i128 {
		self.change(&who.to_account_id()) + self.fees.get(&who).copied().unwrap_or_default() as i128
	}

	/// What honest verifiers earn: the fee of a leaf for each finding.
	fn earned(&self) -> BTreeMap<Sr25519Keyring, Balance> {
		self.found.iter().map(|(who, findings)| (*who, findings * LEAF_FEE)).collect()
	}

	/// Looks at the books: nothing came from nowhere, and nothing is gone but what was burned. `granted` is what the
	/// treasury gave.
	fn close(mut self, burned: Balance, granted: Balance) {
		let gain: i128 = VALIDATORS.map(|validator| self.gain(validator)).into_iter().sum();
		let to_authors = self.fees.values().sum::<Balance>() - self.to_treasury;
		let earned = (self.paid.values().sum::<Balance>() + to_authors) as i128;
		assert_eq!(gain, earned - self.fined.values().sum::<Balance>() as i128, "validators");
		let treasury = self.change(&TreasuryAccount::get());
		assert_eq!(treasury, self.to_treasury as i128 - granted as i128, "treasury");
		let had: Balance = self.had.values().sum();
		let minted = self.chain.read(ogpu_token::Minted::<Runtime>::get) - self.minted;
		assert_eq!(self.chain.read(Balances::total_issuance), had + minted - burned, "issuance");
		assert_eq!(self.chain.read(wealth).values().sum::<Balance>(), had + minted - burned, "everything");
		self.chain.check();
	}
}

#[test]
fn an_honest_result_is_accepted_and_its_auditors_are_paid() {
	let mut story = Story::begin(Job::new(60, true, Class::STANDARD));
	story.open();
	story.play_until(|| stage() == Some(Stage::Challengeable));
	let window = story.chain.head.number + 200;
	story.send(CLIENT, Call::accept { task: TASK });
	let ended = story.end();
	assert!(story.chain.head.number < window, "the client waived it");
	assert_eq!((ended.conclusion, ended.drawn, ended.juries), (Conclusion::Accepted, 3, 0));
	assert!(story.found.values().sum::<Balance>() >= 3);
	assert_eq!(story.paid, story.earned());
	assert!(story.fined.is_empty());
	assert_eq!(story.gain(PROVIDER), 0, "its market pays it");
	assert_eq!(story.gain(CLIENT), -(CHECKING as i128));
	story.close(0, 0);
}

#[test]
fn a_wrong_result_costs_its_provider_the_bond_which_makes_the_client_whole() {
	let mut story = Story::begin(Job::new(60, false, Class::STANDARD));
	story.open();
	story.play_until(|| matches!(stage(), Some(Stage::Judging { .. })));
	let for_audits: Balance = story.found.values().sum();
	let ended = story.end();
	assert_eq!((ended.conclusion, ended.drawn, ended.juries), (Conclusion::Convicted, 3, 1), "one is enough");
	let votes = story.found.values().sum::<Balance>() - for_audits;
	assert_eq!(Balance::from(ended.executions), votes);
	assert_eq!(story.paid, story.earned());
	assert!(story.fined.is_empty());
	assert_eq!(story.gain(PROVIDER), -(PIN as i128));
	assert_eq!(story.gain(CLIENT), FEE as i128 / 10, "all that it spent is back, and a tenth of the fee");
	let provider = PROVIDER.to_account_id();
	let faults = story.chain.read(|| ogpu_staking_trustlock::Faults::<Runtime>::get(&provider));
	assert_eq!(faults.iter().map(|fault| (fault.fault, fault.taken)).collect::<Vec<_>>(), [(Fault::Convicted, PIN)]);
	assert_eq!(story.chain.read(|| StakingTrustlock::locked(&provider)), LOCK - PIN);
	story.close(PIN - votes * LEAF_FEE - CHECKING - FEE / 10, 0);
}

/// The auditor, whoever it is, lies: a jury meets. Of the other three, in their order, each behaves in its way.
fn disputed_by_a_liar(job: Job, jurors: [Conduct; 3]) -> (Story, Sr25519Keyring, Vec<Sr25519Keyring>) {
	let mut story = Story::begin(job);
	story.open();
	story.play_until(|| stage() == Some(Stage::Opening));
	let first = || Checks::<Runtime>::iter_prefix_values(TASK).find_map(|check| check.first);
	let auditor = key(&story.chain.read(first).expect("a leaf is drawn").operator);
	let others: Vec<_> = VALIDATORS.into_iter().filter(|validator| *validator != auditor).collect();
	story.conduct = others.iter().copied().zip(jurors).chain([(auditor, Conduct::Lie)]).collect();
	(story, auditor, others)
}

#[test]
fn jurors_who_do_not_agree_leave_it_void_and_nobody_is_fined() {
	// Against two others of as many seats, none of the three gets far enough ahead.
	let mut job = Job::audited_once(true, Class::HIGH);
	job.request.spent = 5 * LEAF_FEE;
	let conduct = [Conduct::Honest, Conduct::Lie, Conduct::InputMissing];
	let (mut story, auditor, jurors) = disputed_by_a_liar(job, conduct);
	let ended = story.end();
	assert_eq!((ended.conclusion, ended.drawn, ended.juries), (Conclusion::Void, 1, 1));
	let seats = Class::HIGH.jury;
	let rounds = Balance::from(seats.cap_seats / seats.draw_seats);
	assert_eq!(Balance::from(ended.executions), 3 * rounds, "all are heard until the cap");
	// Who computed something is paid, whatever it was.
	let paid = |who, leaves: Balance| (who, leaves * LEAF_FEE);
	assert_eq!(story.paid, BTreeMap::from([paid(auditor, 1), paid(jurors[0], rounds), paid(jurors[1], rounds)]));
	assert!(story.fined.is_empty());
	assert_eq!(story.gain(PROVIDER), 0);
	assert_eq!(story.gain(CLIENT), -(5 * LEAF_FEE as i128), "its market returns the fee");
	// The checking fee paid for five; for the others, nobody is to blame.
	story.close(0, (1 + 2 * rounds - 5) * LEAF_FEE);
}

#[test]
fn jurors_who_say_nothing_leave_it_void_and_are_fined() {
	let job = Job::audited_once(true, Class::STANDARD);
	let (mut story, auditor, jurors) = disputed_by_a_liar(job, [Conduct::Silent; 3]);
	let ended = story.end();
	assert_eq!((ended.conclusion, ended.executions), (Conclusion::Void, 0));
	assert_eq!(story.paid, BTreeMap::from([(auditor, LEAF_FEE)]), "nobody knows that it lied");
	// Silent seats are replaced by as many as are heard at most; then they count.
	let seats = Class::STANDARD.jury;
	let rounds = Balance::from((seats.redraw_seats + seats.cap_seats) / seats.draw_seats);
	let fine = LEAF_FEE / 10;
	assert_eq!(story.fined.keys().copied().collect::<Vec<_>>(), jurors);
	assert!(story.fined.values().all(|fined| fined % fine == 0 && *fined <= rounds * fine));
	assert!(jurors.iter().all(|juror| story.chain.read(|| StakingTrustlock::is_suspended(&juror.to_account_id()))));
	assert_eq!(story.gain(PROVIDER), 0);
	assert_eq!(story.gain(CLIENT), -(CHECKING as i128));
	let burned = story.fined.values().sum();
	story.close(burned, 0);
}

#[test]
fn a_false_challenge_pays_the_jury_and_the_provider() {
	let mut story = Story::begin(Job::new(20, true, Class::STANDARD));
	story.open();
	story.play_until(|| stage() == Some(Stage::Challengeable));
	let audits: Balance = story.found.values().sum();
	let leaf = story.chain.read(|| (0..20).find(|leaf| !Checks::<Runtime>::contains_key(TASK, leaf)).unwrap());
	story.send(CHALLENGER, Call::challenge { task: TASK, leaf });
	assert_eq!(story.gain(CHALLENGER), 0, "its bond is held");
	let ended = story.end();
	assert_eq!((ended.conclusion, ended.drawn, ended.juries), (Conclusion::Accepted, 1, 1));
	let votes = story.found.values().sum::<Balance>() - audits;
	assert_eq!(Balance::from(ended.executions), votes);
	assert_eq!(story.paid, story.earned());
	assert!(story.fined.is_empty());
	let bond = challenge_bond(Balance::from(Class::STANDARD.jury.draw_seats) * LEAF_FEE);
	assert_eq!(story.gain(CHALLENGER), -(bond as i128));
	assert_eq!(story.gain(PROVIDER), bond as i128 / 2);
	assert_eq!(story.gain(CLIENT), -(CHECKING as i128));
	story.close(bond - votes * LEAF_FEE - bond / 2, 0);
}

fn active_era() -> u32 {
	pallet_staking::ActiveEra::<Runtime>::get().map(|era| era.index).unwrap_or_default()
}

/// Whose block is the head.
fn author(chain: &Chain) -> Sr25519Keyring {
	let claim = chain.head.digest.logs.iter().find_map(|log| log.as_babe_pre_digest()).expect("a block has an author");
	// No validator comes or goes, so they stay in their order.
	VALIDATORS[claim.authority_index() as usize]
}

#[test]
fn skipped_duty_costs_points_and_seats_but_no_authoring() {
	let mut story = Story::begin(Job::new(20, true, Class::ASSURED));
	story.conduct.insert(Dave, Conduct::Silent);
	story.play_until(|| active_era() == 1);
	// Its auditors commit in the last of the era's three sessions.
	story.open();
	let mut duty = |era| {
		let mut authored = BTreeMap::<_, u32>::new();
		while story.chain.read(active_era) == era {
			story.play();
			*authored.entry(author(&story.chain)).or_default() += 1;
		}
		assert!(VALIDATORS.iter().all(|validator| (14..=16).contains(&authored[validator])), "{authored:?}");
		let points = story.chain.read(|| pallet_staking::ErasRewardPoints::<Runtime>::get(era)).individual;
		VALIDATORS.map(|validator| points[&validator.to_account_id()] - 20 * authored[&validator])
	};
	// In each session, as many as a quarter of what authors earn, shared by four.
	assert_eq!(duty(1), [75, 75, 75, 50], "Dave was silent in the last session");
	assert_eq!(duty(2), [75, 75, 75, 0], "Dave has no seats");
	let dave = Dave.to_account_id();
	let holders = || Tables::<Runtime>::get(CurrentTable::<Runtime>::get()).unwrap().holders;
	assert!(story.chain.read(|| StakingTrustlock::is_suspended(&dave)));
	let seated: Vec<_> = story.chain.read(holders).into_iter().map(|holder| holder.operator).collect();
	assert!(seated.len() == 3 && !seated.contains(&dave));

	let ended = story.end();
	assert_eq!((ended.conclusion, ended.drawn), (Conclusion::Accepted, 20));
	assert_eq!(story.paid, story.earned());
	assert_eq!(story.fined.keys().copied().collect::<Vec<_>>(), [Dave]);
	let fined = story.fined[&Dave];
	assert!(fined >= 3 * LEAF_FEE / 10 && fined.is_multiple_of(LEAF_FEE / 10), "three strikes or more: {fined}");
	assert!(story.chain.read(|| Strikes::<Runtime>::iter().all(|(who, _)| who == dave)));
	assert_eq!((story.gain(PROVIDER), story.gain(CLIENT)), (0, -(CHECKING as i128)));
	story.close(fined, 0);
}

#[test]
fn no_deadline_passes_while_finality_lags_or_in_safe_mode() {
	let mut story = Story::begin(Job::new(20, true, Class::STANDARD));
	story.open();
	story.play_until(|| stage() == Some(Stage::Opening));
	let due = || Tasks::<Runtime>::get(TASK).unwrap().due;
	let left = |story: &mut Story| story.chain.read(|| due() - clock::Now::<Runtime>::get());
	assert_eq!(left(&mut story), 10, "ten blocks for the openings");

	// As many blocks as it takes to move the median pass before the network notices.
	story.chain.finality_lag = 20;
	(0..100).for_each(|_| drop(story.block(&BTreeMap::new())));
	let still = left(&mut story);
	assert!(still >= 10 - clock::LAGS / 2, "the clock stopped too late: {still}");

	let as_root =
		|call: pallet_safe_mode::Call<Runtime>| pallet_sudo::Call::<Runtime>::sudo { call: Box::new(call.into()) };
	story.chain.finality_lag = 3;
	story.send(Alice, as_root(pallet_safe_mode::Call::force_enter {}));
	(0..100).for_each(|_| drop(story.block(&BTreeMap::new())));
	assert_eq!(left(&mut story), still);
	let Story { chain, job, conduct, .. } = &mut story;
	let calls = chain.read(|| job.said(conduct));
	assert_eq!(calls.keys().copied().collect::<Vec<_>>(), [PROVIDER], "the openings are due");
	let refused = frame_system::Error::<Runtime>::CallFiltered.into();
	let mut results = story.block(&calls);
	// A block in which a session ends has no room.
	while results.iter().any(|result| result.as_ref().is_err_and(|error| error.exhausted_resources())) {
		results = story.block(&calls);
	}
	assert_eq!(results, [Ok(Err(refused))]);
	story.send(Alice, as_root(pallet_safe_mode::Call::force_exit {}));

	assert_eq!(story.end().conclusion, Conclusion::Accepted, "everybody was in time");
	assert_eq!(story.paid, story.earned());
	assert_eq!((story.gain(PROVIDER), story.gain(CLIENT)), (0, -(CHECKING as i128)));
	story.close(0, 0);
}

#[test]
fn a_device_says_that_it_is_there_for_free_but_once_in_each_window() {
	let mut story = Story::begin(Job::new(20, true, Class::STANDARD));
	let worker = Sr25519Keyring::numeric(1);
	let account = AccountId::from(worker.public());
	let consent = story.chain.read(|| StakingTrustlock::consent(&PROVIDER.to_account_id()));
	let consent = worker.sign(&consent).into();
	let authorise = ogpu_staking_trustlock::Call::authorise_worker { worker: account.clone(), consent };
	story.send(PROVIDER, authorise);
	let register = ogpu_staking_trustlock::Call::register_device {
		kind: DeviceKind::Cuda,
		name: b"a card".to_vec().try_into().unwrap(),
		memory_mb: 24_576,
		endpoint: Default::default(),
		worker: account.clone(),
	};
	story.send(PROVIDER, register);
	let is_online = || StakingTrustlock::device(0).is_some_and(|device| device.is_online);
	assert!(!story.chain.read(is_online));

	// The worker has no balance: what is not free, it cannot send. A heartbeat that is of no use nobody can.
	let heartbeat = RuntimeCall::from(ogpu_staking_trustlock::Call::heartbeat { id: 0 });
	let first = story.chain.sign_by(&worker, heartbeat.clone(), 0, 0);
	let second = story.chain.sign_by(&worker, heartbeat.clone(), 0, 1);
	let remark = frame_system::Call::remark { remark: vec![] }.into();
	let remark = story.chain.sign_by(&worker, remark, 0, 0);
	let unpaid = Err(InvalidTransaction::Payment.into());
	let early = Err(InvalidTransaction::Custom(Useless::HeartbeatTooEarly as u8).into());
	assert_eq!(story.chain.block(vec![remark, first, second.clone()]), [unpaid, Ok(Ok(())), early]);
	assert!(story.chain.read(is_online));
	let stranger = story.chain.sign_by(&Sr25519Keyring::numeric(2), heartbeat.clone(), 0, 0);
	assert_eq!(story.chain.block(vec![stranger]), [unpaid]);
	let again = story.block(&BTreeMap::from([(PROVIDER, heartbeat)]));
	assert_eq!(again, [early], "not for a fee either");

	let window = || clock::Now::<Runtime>::get() / 200;
	story.play_until(|| window() == 1);
	assert_eq!(story.chain.block(vec![second]), [Ok(Ok(()))], "it waited for the next window");
	story.play_until(|| window() == 3);
	assert!(!story.chain.read(is_online), "nothing was heard in the last window");
	assert_eq!(story.chain.read(|| free(&account)), 0);
	assert_eq!(story.gain(PROVIDER), 0, "what is deposited is its own");
	story.close(0, 0);
}
