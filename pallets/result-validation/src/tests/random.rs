//! Random worlds, each played to its end, and random calls by anybody.

use super::*;
use ogpu_protocol::{
	commitment::{secret_commitment, Audit, Obstacle, Outcome, Vote},
	jury::Rules,
};
use ogpu_staking_trustlock::{traits::Fault, Event as LockEvent};
use proptest::prelude::*;
use std::collections::BTreeSet;

const TASK: H256 = H256::repeat_byte(1);
const SECRET: H256 = H256::repeat_byte(8);

/// Something that happens in a world beside the validation.
#[derive(Clone, Copy, Debug)]
enum Happening {
	Challenge {
		leaf: u32,
		by: u8,
	},
	Alarm,
	Accept,
	Withdraw(u8),
	Slash(u8, Balance),
	Session,
	/// The clock stands still for so many blocks.
	Halt(u16),
	/// So few steps fit into a block from now on; none if zero.
	Steps(u64),
	/// Somebody does all that is due.
	Advance,
}

/// A world, and what happens in which of its blocks.
#[derive(Clone, Debug)]
struct Scene {
	luck: u64,
	leaves: u32,
	wrong: BTreeSet<u32>,
	class: Class,
	auditors: Vec<Conduct>,
	jurors: Vec<Conduct>,
	/// Of: posts openings, reveals, shows leaves, answers challenges, keeps to openings, adds a secret.
	does: [bool; 6],
	bond: Balance,
	checking: Balance,
	happenings: Vec<(u16, Happening)>,
}

fn class() -> impl Strategy<Value = Class> {
	let rules =
		|draw_seats, margin_seats, cap_seats, redraw_seats| Rules { draw_seats, margin_seats, cap_seats, redraw_seats };
	let small = Class { leaves_billionths: 300_000_000, ..Class::STANDARD };
	prop_oneof![
		Just(Class::STANDARD),
		Just(Class::ASSURED),
		Just(Class { audit_billionths: 500_000_000, jury: rules(3, 2, 9, 4), ..small }),
		Just(Class { doubled_billionths: 1_000_000_000, jury: rules(1, 1, 1, 0), ..small }),
		Just(Class { jury: rules(4, 7, 7, 2), ..small }),
	]
}

fn obstacle() -> impl Strategy<Value = Obstacle> {
	prop_oneof![Just(Obstacle::OutputMissing), Just(Obstacle::InputMissing), Just(Obstacle::InputInvalid)]
}

fn misconduct() -> impl Strategy<Value = Conduct> {
	prop_oneof![
		Just(Conduct::Approve),
		Just(Conduct::Lie),
		Just(Conduct::Silent),
		Just(Conduct::Withhold),
		obstacle().prop_map(Conduct::Obstacle),
	]
}

fn conducts() -> impl Strategy<Value = Vec<Conduct>> {
	let one = prop_oneof![3 => Just(Conduct::Honest), 2 => misconduct()];
	prop::collection::vec(one, usize::from(VERIFIERS))
}

/// Two of ten behave somehow.
fn mostly_honest() -> impl Strategy<Value = Vec<Conduct>> {
	let two = [(0..VERIFIERS, misconduct()), (0..VERIFIERS, misconduct())];
	two.prop_map(|two| {
		let mut conducts = vec![Conduct::Honest; usize::from(VERIFIERS)];
		two.into_iter().for_each(|(who, conduct)| conducts[usize::from(who)] = conduct);
		conducts
	})
}

fn happening() -> impl Strategy<Value = Happening> {
	prop_oneof![
		4 => (0..24u32, 0..5u8).prop_map(|(leaf, by)| Happening::Challenge { leaf, by }),
		1 => Just(Happening::Alarm),
		1 => Just(Happening::Accept),
		1 => (0..VERIFIERS).prop_map(Happening::Withdraw),
		1 => (0..13u8, 0..1_200 * OGPU).prop_map(|(who, amount)| Happening::Slash(who, amount)),
		1 => Just(Happening::Session),
		1 => (1..2_100u16).prop_map(Happening::Halt),
		1 => (0..4u64).prop_map(Happening::Steps),
		1 => Just(Happening::Advance),
	]
}

fn scene() -> impl Strategy<Value = Scene> {
	let job = (any::<u64>(), 1..24u32, prop::collection::btree_set(0..24u32, 0..6), class());
	let usually = || prop::bool::weighted(0.9);
	let does = (usually(), usually(), usually(), usually(), usually(), usually()).prop_map(|it| it.into());
	let money = (prop_oneof![Just(100 * OGPU), 0..3 * OGPU], prop_oneof![Just(OGPU), 0..OGPU / 10]);
	let happenings = prop::collection::vec((0..500u16, happening()), 0..12);
	(job, conducts(), conducts(), does, money, happenings).prop_map(
		|((luck, leaves, wrong, class), auditors, jurors, does, (bond, checking), happenings)| Scene {
			luck,
			leaves,
			wrong: wrong.into_iter().filter(|leaf| *leaf < leaves).collect(),
			class,
			auditors,
			jurors,
			does,
			bond,
			checking,
			happenings,
		},
	)
}

fn actor(number: u8) -> AccountId32 {
	match number {
		0..=2 => [provider(), client(), challenger()][usize::from(number)].clone(),
		_ => verifier(number - 3),
	}
}

/// What leaves locks and bonds: no more than this can be burned.
fn taken() -> Balance {
	let taken = |record: frame_system::EventRecord<RuntimeEvent, H256>| match record.event {
		RuntimeEvent::TrustLock(LockEvent::Slashed { amount, .. }) => amount,
		RuntimeEvent::Validations(Event::Challenged { bond, .. }) => bond,
		_ => 0,
	};
	System::events().into_iter().map(taken).sum()
}

/// The books of all that there is: everything belongs to somebody, and nothing is minted.
fn balance(issued: Balance) -> Balance {
	check_books();
	let everybody = (0..13).map(actor).chain([TREASURY, Validations::pot()]);
	let now = Balances::total_issuance();
	assert_eq!(everybody.map(|who| wealth(&who)).sum::<Balance>(), now);
	assert!(now <= issued, "nothing is minted");
	now
}

impl Scene {
	/// Plays to the end, with a look at the books after every block.
	fn play(&self) -> Conclusion {
		let issued = Balances::total_issuance();
		let [posts, reveals, shows, answers, keeps, adds_secret] = self.does;
		let wrong: Vec<_> = self.wrong.iter().copied().collect();
		let mut job = Job { posts, reveals, shows, answers, ..Job::new(1, self.leaves, &wrong, self.class) };
		job.swaps_openings = !keeps;
		(job.bond, job.checking) = (self.bond, self.checking);
		if adds_secret {
			let secret = secret_commitment(blake2_256, client().as_ref(), &SECRET.0);
			job.request.secret = Some(H256(secret));
		}
		job.open().unwrap();
		if adds_secret {
			send(client(), Call::reveal_secret { task: TASK, secret: SECRET }).unwrap();
		}
		let mut world = World::with([job]);
		world.luck = self.luck;
		world.auditors = verifiers().zip(self.auditors.iter().copied()).collect();
		world.jurors = verifiers().zip(self.jurors.iter().copied()).collect();

		let (mut halted, mut left) = (0u16, issued);
		for block in 0..60_000u16 {
			for (_, happening) in self.happenings.iter().filter(|(at, _)| *at == block) {
				self.happens(*happening, &mut halted);
			}
			// Whoever stopped the agenda does not do so for ever.
			if block == 600 {
				StepWeight::set(&0);
			}
			IsClockStopped::set(&(halted > 0));
			halted = halted.saturating_sub(1);
			world.block();
			left = balance(left);
			if stage(&TASK).is_none() {
				assert!(issued - left <= taken(), "what is burned was taken from somebody");
				return conclusion(&TASK).expect("what is forgotten has ended");
			}
		}
		panic!("it never ends: {:?}", Tasks::<Test>::get(TASK));
	}

	fn happens(&self, happening: Happening, halted: &mut u16) {
		// Whether it is in place is not the point.
		let _ = match happening {
			Happening::Challenge { leaf, by } => send(actor(by), Call::challenge { task: TASK, leaf }),
			Happening::Alarm => <Validations as Validation>::alarm(TASK, &challenger()),
			Happening::Accept => send(client(), Call::accept { task: TASK }),
			Happening::Withdraw(who) => send(verifier(who), Call::withdraw_seats {}),
			Happening::Slash(who, amount) => {
				drop(<TrustLock as Collateral<_>>::slash(&actor(who), amount, Fault::Abandoned, H256::repeat_byte(99)));
				Ok(())
			}
			Happening::Session => {
				next_session();
				Ok(())
			}
			Happening::Halt(blocks) => {
				*halted = blocks;
				Ok(())
			}
			Happening::Steps(steps) => {
				let all = AgendaWeight::get().ref_time();
				StepWeight::set(&all.checked_div(steps).unwrap_or(all + 1));
				Ok(())
			}
			Happening::Advance => {
				let _ = send(account(77), Call::advance { item: Item::Task(TASK) });
				for leaf in 0..self.leaves {
					let _ = send(account(77), Call::advance { item: Item::Jury(TASK, leaf) });
				}
				Ok(())
			}
		};
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn every_world_ends_in_one_conclusion_and_the_books_balance(scene in scene()) {
		story(|| {
			scene.play();
		});
	}

	#[test]
	fn who_is_right_is_not_convicted_where_most_verifiers_are_honest(
		mut scene in scene(),
		auditors in conducts(),
		jurors in mostly_honest(),
	) {
		scene.wrong.clear();
		scene.class.jury = Class::HIGH.jury;
		scene.does = [true; 6];
		(scene.auditors, scene.jurors) = (auditors, jurors);
		// An agenda that does not move makes nobody late, but who helps it along can make the players miss a block.
		scene.happenings.retain(|(_, happening)| !matches!(happening, Happening::Advance));
		story(|| {
			let conclusion = scene.play();
			assert!(![Conclusion::Convicted, Conclusion::InputAtFault].contains(&conclusion), "{conclusion:?}");
		});
	}

	#[test]
	fn what_is_wrong_in_every_leaf_is_not_accepted_from_honest_auditors(mut scene in scene(), jurors in mostly_honest()) {
		scene.wrong = (0..scene.leaves).collect();
		scene.class = Class { jury: Class::HIGH.jury, audit_billionths: 1_000_000_000, ..scene.class };
		scene.auditors = vec![Conduct::Honest; usize::from(VERIFIERS)];
		scene.jurors = jurors;
		story(|| {
			let conclusion = scene.play();
			assert!(![Conclusion::Accepted, Conclusion::Forfeited].contains(&conclusion), "{conclusion:?}");
		});
	}
}

/// A call by anybody with anything in it, blocks in which everybody plays, or a new job.
#[derive(Clone, Debug)]
enum Step {
	Call(u8, Arbitrary),
	Blocks(u8),
	Open(u8, Box<Wild>),
	Happening(Happening),
}

/// What a call may be made of.
#[derive(Clone, Debug)]
struct Arbitrary {
	kind: u8,
	task: u8,
	leaf: u32,
	hash: H256,
	number: u32,
	obstacle: Option<Obstacle>,
	sensible: bool,
}

/// What a request may ask for.
#[derive(Clone, Debug)]
struct Wild {
	leaves: u32,
	fee: Balance,
	leaf_fee: Balance,
	leaf_blocks: u32,
	spent: Balance,
	checking: Balance,
	capability: u8,
	class: Class,
	parties: [u8; 2],
	is_milestone: bool,
}

fn amount() -> impl Strategy<Value = Balance> {
	prop_oneof![4 => 0..OGPU, 2 => Just(OGPU), 1 => any::<Balance>(), 1 => Just(Balance::MAX), 1 => 0..3u128]
}

fn wild() -> impl Strategy<Value = Wild> {
	let rules = prop_oneof![
		3 => class().prop_map(|class| class.jury),
		1 => any::<[u32; 4]>().prop_map(|[draw_seats, margin_seats, cap_seats, redraw_seats]| Rules {
			draw_seats, margin_seats, cap_seats, redraw_seats
		}),
	];
	let share = || prop_oneof![3 => Just(1_000_000_000), 1 => Just(100_000_000), 1 => any::<u32>()];
	let class = (share(), share(), share(), rules).prop_map(
		|(audit_billionths, leaves_billionths, doubled_billionths, jury)| Class {
			audit_billionths,
			leaves_billionths,
			doubled_billionths,
			jury,
		},
	);
	let number = || prop_oneof![6 => 1..20u32, 1 => any::<u32>(), 1 => Just(u32::MAX)];
	let amounts = (amount(), amount(), amount(), amount());
	let rest = (prop_oneof![9 => Just(0u8), 1 => any::<u8>()], class, any::<[u8; 2]>(), any::<bool>());
	(number(), number(), amounts, rest).prop_map(
		|(leaves, leaf_blocks, (fee, leaf_fee, spent, checking), (capability, class, parties, is_milestone))| Wild {
			leaves,
			fee,
			leaf_fee,
			leaf_blocks,
			spent,
			checking,
			capability,
			class,
			parties,
			is_milestone,
		},
	)
}

fn step() -> impl Strategy<Value = Step> {
	let hash = prop_oneof![Just(H256::zero()), Just(SECRET), any::<[u8; 32]>().prop_map(H256)];
	let leaf = prop_oneof![5 => 0..20u32, 1 => any::<u32>()];
	let number = prop_oneof![3 => 0..4u32, 1 => any::<u32>()];
	let arbitrary = (0..13u8, 0..4u8, leaf, hash, number, prop::option::of(obstacle()), any::<bool>()).prop_map(
		|(kind, task, leaf, hash, number, obstacle, sensible)| Arbitrary {
			kind,
			task,
			leaf,
			hash,
			number,
			obstacle,
			sensible,
		},
	);
	prop_oneof![
		6 => (0..15u8, arbitrary).prop_map(|(who, call)| Step::Call(who, call)),
		5 => (1..30u8).prop_map(Step::Blocks),
		1 => (1..4u8, wild()).prop_map(|(number, wild)| Step::Open(number, Box::new(wild))),
		1 => happening().prop_map(Step::Happening),
	]
}

fn anybody(number: u8) -> AccountId32 {
	if number < 13 {
		actor(number)
	} else {
		account(70 + number)
	}
}

impl Arbitrary {
	fn call(&self, world: &World) -> Call<Test> {
		let Self { leaf, hash, number, obstacle, sensible, .. } = *self;
		let task = H256::repeat_byte(self.task);
		let job = world.jobs.get(&task).filter(|_| sensible);
		let leaf = job.map_or(leaf, |job| leaf % job.request.leaves);
		let outcome = job.map_or(Outcome { root: hash.0, output: hash.0 }, Job::outcome);
		match self.kind {
			0 => Call::offer_seats { capabilities: number, device: (number > 2).then_some(number) },
			1 => Call::withdraw_seats {},
			2 => Call::reveal_secret { task, secret: hash },
			3 => {
				Call::post_openings { task, openings: vec![(leaf, hash); number.min(64) as usize].try_into().unwrap() }
			}
			4 => Call::commit_audit { task, leaf, commitment: hash },
			5 => Call::reveal { task, outcome, salt: if sensible { SALT } else { hash } },
			6 => {
				let nonsense = ogpu_protocol::leaf::Proven {
					leaf: ogpu_protocol::leaf::Leaf { output: hash.0, carry: hash.0, trace: hash.0 },
					proof: vec![hash.0; number.min(100) as usize],
				};
				let nonsense = ogpu_protocol::leaf::Reveal { before: Some(nonsense.clone()), leaf: nonsense };
				let shown = job.map_or(nonsense, |job| job.reveal(leaf));
				Call::reveal_leaves { task, reveals: vec![(leaf, shown)].try_into().unwrap() }
			}
			7 => {
				let finding = obstacle.map_or(Ok(Audit { opening: hash.0, digest: hash.0 }), Err);
				Call::reveal_audit { task, leaf, finding, salt: hash }
			}
			8 => Call::challenge { task, leaf },
			9 => Call::commit_vote { task, leaf, commitment: hash },
			10 => {
				let finding = obstacle.map_or(Ok(Vote { digest: hash.0, binding: hash.0 }), Err);
				Call::reveal_vote { task, leaf, finding, salt: hash }
			}
			11 => Call::accept { task },
			_ => Call::advance { item: item(task, sensible.then_some(leaf)) },
		}
	}
}

impl Wild {
	fn open(&self, number: u8, world: &mut World) {
		// A job that could be played, with a request that may be anything.
		let leaves = self.leaves.clamp(1, 30);
		let mut job = Job::new(number, leaves, &[number.into()], self.class);
		job.request.leaves = self.leaves;
		(job.request.fee, job.request.leaf_fee, job.request.spent) = (self.fee, self.leaf_fee, self.spent);
		(job.request.leaf_blocks, job.request.capability) = (self.leaf_blocks, self.capability);
		(job.request.is_milestone, job.checking, job.bond) = (self.is_milestone, self.checking, OGPU);
		let [client, provider] = self.parties.map(|party| actor(party % 13));
		job.request.client = client;
		let mut job = job.by(provider);
		if frame_support::storage::with_storage_layer(|| job.open()).is_ok() && leaves == self.leaves {
			world.jobs.insert(job.task, job);
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn arbitrary_calls_break_nothing(luck: u64, steps in prop::collection::vec(step(), 1..200)) {
		story(|| {
			// There is something to disturb from the beginning.
			let class = Class { leaves_billionths: 300_000_000, ..Class::STANDARD };
			let mut jobs = [Job::new(1, 20, &[3], class), Job::new(2, 20, &[], class)];
			jobs.iter_mut().for_each(|job| job.open().unwrap());
			let mut world = World { luck, is_disturbed: true, ..World::with(jobs) };
			world = world.auditors([verifier(0), verifier(1)], Conduct::Lie).jurors([verifier(2)], Conduct::Lie);
			let mut halted = 0;
			let scene = Scene {
				luck, leaves: 20, wrong: BTreeSet::new(), class: Class::STANDARD, auditors: vec![], jurors: vec![],
				does: [true; 6], bond: 0, checking: 0, happenings: vec![],
			};
			let mut issued = Balances::total_issuance();
			for step in steps {
				match step {
					Step::Call(who, arbitrary) => {
						let root = || sp_io::storage::root(sp_runtime::StateVersion::V1);
						let (call, before) = (arbitrary.call(&world), root());
						if send(anybody(who), call.clone()).is_err() {
							assert_eq!(root(), before, "{call:?}");
						}
					}
					Step::Blocks(blocks) => (0..blocks).for_each(|_| world.block()),
					Step::Open(number, wild) => wild.open(number, &mut world),
					Step::Happening(happening) => scene.happens(happening, &mut halted),
				}
				IsClockStopped::set(&(halted > 0));
				halted = halted.saturating_sub(1).min(3);
				check_books();
				let now = Balances::total_issuance();
				assert!(now <= issued, "nothing is minted");
				issued = now;
			}
		});
	}
}
