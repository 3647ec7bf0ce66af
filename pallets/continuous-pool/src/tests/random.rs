//! Random markets, each played to its end, and random calls by anybody.

use super::*;
use ogpu_protocol::cost::GIGA;
use ogpu_staking_trustlock::traits::Record as _;
use proptest::prelude::*;

/// Something that happens beside the market.
#[derive(Clone, Copy, Debug)]
enum Happening {
	Ask {
		by: u8,
		leaves: u32,
		window: u32,
	},
	Confirm,
	Challenge {
		leaf: u32,
	},
	Accept,
	Update {
		width: u32,
		floor: Balance,
	},
	Retire,
	Join(u8),
	Leave(u8),
	Suspend(u8),
	Ruin(u8, Balance),
	Measure(u8, u64),
	Session,
	/// The clock stands still for so many blocks.
	Halt(u16),
	/// So few steps fit into a block from now on; none if zero.
	Steps(u64),
	/// Somebody does all that is due.
	Advance,
}

fn happening() -> impl Strategy<Value = Happening> {
	prop_oneof![
		4 => (0..4u8, 1..25u32, 1..80u32).prop_map(|(by, leaves, window)| Happening::Ask { by, leaves, window }),
		1 => Just(Happening::Confirm),
		2 => (0..25u32).prop_map(|leaf| Happening::Challenge { leaf }),
		1 => Just(Happening::Accept),
		1 => (0..7u32, 0..2 * FLOOR).prop_map(|(width, floor)| Happening::Update { width, floor }),
		1 => Just(Happening::Retire),
		1 => (0..PROVIDERS).prop_map(Happening::Join),
		2 => (0..PROVIDERS).prop_map(Happening::Leave),
		1 => (0..PROVIDERS).prop_map(Happening::Suspend),
		1 => (0..PROVIDERS, 0..2_100 * OGPU).prop_map(|(who, amount)| Happening::Ruin(who, amount)),
		1 => (0..PROVIDERS, 0..3_000u64).prop_map(|(who, speed)| Happening::Measure(who, speed)),
		1 => Just(Happening::Session),
		1 => prop_oneof![3 => 1..100u16, 1 => 1..2_100u16].prop_map(Happening::Halt),
		1 => (0..4u64).prop_map(Happening::Steps),
		1 => Just(Happening::Advance),
	]
}

fn conduct() -> impl Strategy<Value = Conduct> {
	let after = prop_oneof![6 => (0..12u32).prop_map(Some), 1 => (12..90u32).prop_map(Some), 1 => Just(None)];
	let leaves = prop_oneof![3 => Just(None), 1 => (1..12u32).prop_map(Some)];
	let rarely = || prop::bool::weighted(0.15);
	let usually = || prop::bool::weighted(0.9);
	(after, leaves, rarely(), rarely(), rarely(), usually(), usually()).prop_map(
		|(commits_after, leaves, cheats, declines, alarms, answers, claims)| Conduct {
			commits_after,
			leaves,
			cheats,
			pads_from: None,
			declines,
			alarms,
			answers,
			claims,
		},
	)
}

fn some_terms() -> impl Strategy<Value = Terms> {
	let delivery = prop_oneof![Just(Delivery::Verified), Just(Delivery::FirstResponse), Just(Delivery::Manual)];
	let class = prop_oneof![
		Just(Class::STANDARD),
		Just(Class::ECONOMY),
		Just(Class::ASSURED),
		Just(Class { leaves_billionths: 300_000_000, ..Class::ECONOMY }),
	];
	(delivery, class, 1..6u32, 1..2 * FLOOR).prop_map(|(delivery, class, width, floor)| Terms {
		floor,
		class,
		width,
		delivery,
		..terms()
	})
}

/// A market, and what happens in which of its blocks.
#[derive(Clone, Debug)]
struct Scene {
	luck: u64,
	terms: Terms,
	conducts: Vec<Conduct>,
	inputs_missing: bool,
	verifiers_sleep: bool,
	happenings: Vec<(u16, Happening)>,
}

fn scene() -> impl Strategy<Value = Scene> {
	let conducts = prop::collection::vec(conduct(), usize::from(PROVIDERS));
	let happenings = prop::collection::vec((0..300u16, happening()), 0..16);
	let rarely = || prop::bool::weighted(0.1);
	(any::<u64>(), some_terms(), conducts, rarely(), rarely(), happenings).prop_map(
		|(luck, terms, conducts, inputs_missing, verifiers_sleep, happenings)| Scene {
			luck,
			terms,
			conducts,
			inputs_missing,
			verifiers_sleep,
			happenings,
		},
	)
}

/// Everything belongs to somebody, and nothing is minted.
fn balance(issued: Balance) -> Balance {
	check_books();
	let now = Balances::total_issuance();
	let all: Balance = frame_system::Account::<Test>::iter_keys().map(|who| wealth(&who)).sum();
	assert_eq!(all, now);
	assert!(now <= issued, "nothing is minted");
	now
}

fn open_requests() -> Vec<H256> {
	Requests::<Test>::iter_keys().collect()
}

impl Happening {
	/// Whether it is in place is not the point.
	fn happens(self, service: ServiceId, halted: &mut u16) {
		let somebody = account(77);
		let clients = [client(), publisher(), provider(0), verifier(0)];
		match self {
			Self::Ask { by, leaves, window } => {
				let order = Order { window_blocks: window, prompt_work: u128::from(window) * GIGA, ..order(leaves) };
				let order = Order { max_price: 10 * OGPU, ..order };
				let _ = send(clients[usize::from(by)].clone(), Call::request { service, order });
			}
			Self::Confirm => {
				for request in open_requests() {
					let _ = send(record(request).client, Call::confirm { request });
				}
			}
			Self::Challenge { leaf } => {
				for task in validation::Tasks::<Test>::iter_keys().collect::<Vec<_>>() {
					let _ = validate(client(), validation::Call::challenge { task, leaf });
				}
			}
			Self::Accept => {
				for task in validation::Tasks::<Test>::iter_keys().collect::<Vec<_>>() {
					let _ = validate(client(), validation::Call::accept { task });
				}
			}
			Self::Update { width, floor } => {
				let terms = Terms { width, floor, ..terms() };
				let _ = send(publisher(), Call::update_service { service, terms });
			}
			Self::Retire => drop(send(publisher(), Call::retire_service { service })),
			Self::Join(who) => drop(send(provider(who), Call::join { service, device: device(who) })),
			Self::Leave(who) => drop(send(provider(who), Call::leave { service, device: device(who) })),
			Self::Suspend(who) => TrustLock::suspend(&provider(who)),
			Self::Ruin(who, amount) => ruin(&provider(who), amount),
			Self::Measure(who, speed) => {
				<TrustLock as Devices<_>>::measured(device(who), Work::from(speed) * GIGA);
			}
			Self::Session => next_session(),
			Self::Halt(blocks) => *halted = blocks,
			Self::Steps(steps) => {
				let all = AgendaWeight::get().ref_time();
				StepWeight::set(&all.checked_div(steps).unwrap_or(all + 1));
			}
			Self::Advance => {
				for request in open_requests() {
					let item = validation::Item::Market(request);
					let _ = validate(somebody.clone(), validation::Call::advance { item });
				}
			}
		}
	}
}

impl Scene {
	/// Plays to the end, with a look at the books after every block.
	fn play(&self) {
		let mut left = Balances::total_issuance();
		let service = serve(self.terms, PROVIDERS);
		let conducts = (0..).zip(self.conducts.iter().copied());
		let world = World { is_disturbed: true, luck: self.luck, ..World::with(conducts) };
		let world = World { inputs_missing: self.inputs_missing, verifiers_sleep: self.verifiers_sleep, ..world };
		let first = ask_as(client(), service, Order { max_price: OGPU, ..order(7) }).unwrap();
		let mut halted = 0u16;
		for block in 0..60_000u16 {
			for (_, happening) in self.happenings.iter().filter(|(at, _)| *at == block) {
				happening.happens(service, &mut halted);
			}
			// Whoever stopped the agenda does not do so for ever.
			if block == 400 {
				StepWeight::set(&0);
			}
			IsClockStopped::set(&(halted > 0));
			halted = halted.saturating_sub(1);
			world.block();
			if block < 450 || block % 10 == 0 {
				left = balance(left);
			}
			if block > 300 && Requests::<Test>::iter().next().is_none() {
				left = balance(left);
				let _ = left;
				assert!(ending(first).is_some());
				assert_eq!(Races::<Test>::iter().count(), 0);
				for who in [client(), publisher(), provider(0), verifier(0)] {
					assert_eq!(held(&who, HoldReason::Request), 0, "all money is where it belongs");
				}
				return;
			}
		}
		panic!("it never ends: {:?}", Requests::<Test>::iter().collect::<Vec<_>>());
	}
}

/// A call that may make sense or not.
#[derive(Clone, Copy, Debug)]
struct Arbitrary {
	kind: u8,
	request: u8,
	service: u32,
	number: u32,
	amount: Balance,
	hash: H256,
	is_sensible: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
	Call(u8, Arbitrary),
	Blocks(u8),
	Happening(Happening),
}

fn step() -> impl Strategy<Value = Step> {
	let number = || prop_oneof![4 => 0..20u32, 1 => any::<u32>(), 1 => Just(u32::MAX)];
	let amount = prop_oneof![3 => 0..OGPU, 1 => any::<u128>(), 1 => Just(u128::MAX), 1 => 0..3u128];
	let hash = prop_oneof![Just(H256::zero()), any::<[u8; 32]>().prop_map(H256)];
	let call = (0..11u8, 0..4u8, prop_oneof![5 => 0..3u32, 1 => any::<u32>()], number(), amount, hash, any::<bool>());
	let call = call.prop_map(|(kind, request, service, number, amount, hash, is_sensible)| Arbitrary {
		kind,
		request,
		service,
		number,
		amount,
		hash,
		is_sensible,
	});
	prop_oneof![
		6 => (0..12u8, call).prop_map(|(who, call)| Step::Call(who, call)),
		4 => (1..20u8).prop_map(Step::Blocks),
		1 => happening().prop_map(Step::Happening),
	]
}

fn anybody(number: u8) -> AccountId32 {
	match number {
		0..=4 => provider(number),
		5 => client(),
		6 => publisher(),
		7..=8 => verifier(number),
		_ => account(70 + number),
	}
}

impl Arbitrary {
	fn call(&self, who: &AccountId32, world: &World) -> Call<Test> {
		let Self { service, number, amount, hash, is_sensible, .. } = *self;
		let open = open_requests();
		let request = open.get(usize::from(self.request)).copied().filter(|_| is_sensible).unwrap_or(hash);
		let requirements = Requirements {
			kind: is_sensible.then_some(DeviceKind::Cuda),
			memory_mb: number,
			score: amount,
			reputation_billionths: number,
		};
		let requirements = if is_sensible { terms().requirements } else { requirements };
		let class = if is_sensible { Class::STANDARD } else { Class { audit_billionths: number, ..Class::STANDARD } };
		let terms = Terms { floor: amount, width: number, class, requirements, ..terms() };
		let known = Requests::<Test>::contains_key(request);
		let (leaves, commitment) = if known { world.commitment(who, request) } else { (number, hash) };
		match self.kind {
			0 => {
				let leaf = LeafCost { work: amount, recompute_work: amount.saturating_mul(2), fetched_bytes: amount };
				Call::publish_service { manifest: hash, leaf: if is_sensible { LEAF } else { leaf }, terms }
			}
			1 => Call::update_service { service, terms },
			2 => Call::retire_service { service },
			3 => Call::join { service, device: number },
			4 => Call::leave { service, device: number },
			5 => Call::request {
				service,
				order: Order {
					inputs: hash,
					ceiling_leaves: number,
					prompt_work: if is_sensible { 0 } else { amount },
					max_price: amount,
					window_blocks: number,
					secret: (!is_sensible).then_some(hash),
				},
			},
			6 => Call::decline { request },
			7 => Call::commit { request, commitment, leaves },
			8 => Call::alarm { request },
			9 => Call::confirm { request },
			_ => Call::claim_share {
				request,
				outcome: if known {
					world.work(request, leaves, u32::MAX).outcome()
				} else {
					Outcome { root: hash.0, output: hash.0 }
				},
				salt: salt_of(who),
				leader_salt: salt_of(&provider(0)),
			},
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn every_market_comes_to_its_end_and_the_books_balance(scene in scene()) {
		story(|| scene.play());
	}

	#[test]
	fn arbitrary_calls_break_nothing(luck: u64, terms in some_terms(), steps in prop::collection::vec(step(), 1..120)) {
		story(|| {
			let service = serve(terms, PROVIDERS);
			let world = World { luck, is_disturbed: true, ..World::with([(0, CHEAT)]) };
			let _ = ask_as(client(), service, Order { max_price: OGPU, ..order(5) });
			let (mut halted, mut issued) = (0u16, Balances::total_issuance());
			for step in steps {
				match step {
					Step::Call(who, arbitrary) => {
						let who = anybody(who);
						let root = || sp_io::storage::root(sp_runtime::StateVersion::V1);
						let (call, before) = (arbitrary.call(&who, &world), root());
						let is_free = {
							use frame_support::dispatch::CheckIfFeeless;
							call.is_feeless(&RuntimeOrigin::signed(who.clone()))
						};
						let sent = send(who, call.clone());
						if sent.is_err() {
							assert_eq!(root(), before, "{call:?}");
							assert!(!is_free, "what is free is not refused: {call:?}");
						}
					}
					Step::Blocks(blocks) => (0..blocks).for_each(|_| world.block()),
					Step::Happening(happening) => happening.happens(service, &mut halted),
				}
				IsClockStopped::set(&(halted > 0));
				halted = halted.saturating_sub(1).min(3);
				issued = balance(issued);
			}
		});
	}
}
