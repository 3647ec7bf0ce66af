//! What the markets cost the chain: the whole life of a request and of a job, in transfers and for each inference; how many
//! requests a second can be settled; and whether a block takes longer when many requests are open.
//!
//!   cargo bench --workspace --bench markets

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use frame_support::{dispatch::DispatchClass, traits::fungible::Mutate};
use ogpu_continuous_pool::{Delivery, Ending, Event, Order, Requests};
use ogpu_protocol::{class::Class, token::OGPU};
use ogpu_result_validation::Tasks;
use ogpu_runtime::{
	clock, configs::system::Weights, AccountId, Balances, ContinuousPool, Runtime, RuntimeEvent, StakingTrustlock,
};
use ogpu_runtime_testing::{
	import::{self, Executor, RUNS},
	transfer,
	world::{job, order, service, World, CLIENT, ONCE},
	Chain,
};
use ogpu_staking_trustlock::traits::Record;
use ogpu_training_auction::{Assurance, Jobs};
use polkadot_sdk::*;
use sp_keyring::Sr25519Keyring::{Eve, One, Two};
use std::time::Duration;

/// In a validator's time of a block: what is left of three seconds for its transactions.
const BLOCK_SECONDS: f64 = 3.0;

/// So many requests are open in a busy network, of so many for each client.
const MOST_REQUESTS: u32 = 100_000;
const OPEN_OF_A_CLIENT: u32 = 100;

fn main() {
	let executor = Executor::builder().build();
	let transfer = transfer_time();
	println!("in transfers, by weight                        whole life    its transactions    for each inference");
	for (name, class) in [("economy", Class::ECONOMY), ("standard", Class::STANDARD), ("high", Class::HIGH)] {
		for batch in [1, 64, 1_024] {
			let (life, sent) = request(class, batch);
			let (life, sent) = (life / transfer, sent / transfer);
			println!(
				"request, {name:<9} batch of {batch:>5}          {life:>12.1}    {sent:>16.1}    {:>18.3}",
				life / f64::from(batch)
			);
		}
	}
	let (life, calls) = training(Assurance::Standard);
	println!("training job, three milestones                 {:>12.1}", life / transfer);
	for ((pallet, call), (count, time)) in calls {
		println!("  {count:>4} {pallet}.{call:<24} {:>12.2} each", time as f64 / f64::from(count) / transfer);
	}

	for (requests, batch) in [(1_000, 1), (200, 64), (40, 1_024)] {
		let Flood { import, weight } = flood(&executor, requests, batch);
		let most = Weights::get().get(DispatchClass::Normal).max_total.unwrap().ref_time();
		let (settled, in_time) = (f64::from(requests), import.as_secs_f64());
		println!("{requests:>5} requests, batch of {batch:>5}: settled / second of import {:>9.1}", settled / in_time);
		println!(
			"                      inferences / second of import          {:>9.1}",
			settled * f64::from(batch) / in_time
		);
		let sustained = settled / (weight / most as f64) / BLOCK_SECONDS;
		println!("                      settled / second of a chain full by weight {sustained:>5.1}");
		println!("                      time / what its weight stands for      {:>9.2}", in_time * 1e12 / weight);
	}

	let (mut few, mut many) = (open_requests(100), open_requests(MOST_REQUESTS));
	import::compare(&executor, &mut few, &mut many, "requests");
	for mut chain in [few, many] {
		assert!(!chain.read(is_one_drawn));
		chain.block(vec![]);
		assert!(chain.read(is_one_drawn), "it was due in the block that was measured");
	}
}

/// What a transfer takes, by weight.
fn transfer_time() -> f64 {
	let mut world = World::default();
	world.begin();
	world.send(&CLIENT.to_account_id(), transfer(&Eve.to_account_id(), OGPU));
	work(&world)
}

/// What all transactions took by weight, but for the heartbeats, which a device sends in any case.
fn work(world: &World) -> f64 {
	let spent = world.weighed.iter().filter(|((_, call), _)| *call != "heartbeat");
	spent.map(|(_, (_, time))| *time as f64).sum()
}

/// And beside that, what the chain itself did, compared with another that had nothing to do.
fn work_and_steps(busy: &World, mut idle: World) -> f64 {
	while idle.steps.len() < busy.steps.len() {
		let calls = idle.calls();
		idle.block(calls);
	}
	let steps = |world: &World| world.steps.iter().sum::<u64>() as f64;
	work(busy) + steps(busy) - steps(&idle)
}

/// A market with three providers of good name.
fn pool(class: Class) -> World {
	let mut world = World::default();
	let client = CLIENT.to_account_id();
	world.send(&client, service(1, Delivery::Verified, class));
	for who in [Eve, One, Two].map(|key| key.to_account_id()) {
		world.provider(&who);
		world.change(|| <StakingTrustlock as Record<AccountId>>::audited(&who, 1_000_000 * OGPU));
		let device = world.devices[&who];
		world.send(&who, ogpu_continuous_pool::Call::join { service: 0, device });
	}
	world.begin();
	world
}

fn ask(order: Order) -> ogpu_continuous_pool::Call<Runtime> {
	ogpu_continuous_pool::Call::request { service: 0, order }
}

/// The life of a request, and what of that its transactions are, on average over some.
fn request(class: Class, batch: u32) -> (f64, f64) {
	const REQUESTS: usize = 10;
	let mut world = pool(class);
	for _ in 0..REQUESTS {
		world.send(&CLIENT.to_account_id(), ask(order(batch)));
		world.play_until("the request ends", || Requests::<Runtime>::iter().next().is_none());
	}
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	assert_eq!(settled(&world), REQUESTS);
	let (life, sent) = (work_and_steps(&world, pool(class)), work(&world));
	(life / REQUESTS as f64, sent / REQUESTS as f64)
}

fn settled(world: &World) -> usize {
	let ended = world
		.events
		.iter()
		.filter(|event| matches!(event, RuntimeEvent::ContinuousPool(Event::Closed { ending: Ending::Settled, .. })));
	ended.count()
}

type Calls = std::collections::BTreeMap<(&'static str, &'static str), (u32, u64)>;

/// The life of a job for which two bid, and its transactions.
fn training(assurance: Assurance) -> (f64, Calls) {
	let sellers = || {
		let mut world = World::default();
		for who in [Eve, One] {
			world.provider(&who.to_account_id());
		}
		world.begin();
		world
	};
	let (mut world, [eve, one]) = (sellers(), [Eve, One].map(|key| key.to_account_id()));
	let (spec, ceiling) = job(assurance);
	let (id, _) = world.auction(spec, ceiling, &[(&eve, OGPU, 1_000), (&one, 2 * OGPU, 1_500)]);
	world.play_until("the job ends", || Jobs::<Runtime>::get(id).is_none());
	world.play_until("all is forgotten", || Tasks::<Runtime>::iter().next().is_none());
	let life = work_and_steps(&world, sellers());
	(life, world.weighed)
}

/// What settling many requests took.
struct Flood {
	/// The time of executing all blocks, less that of as many empty ones.
	import: Duration,
	/// And by weight, in picoseconds.
	weight: f64,
}

/// Requests that all come at once to many providers, each with a leaf for each inference of which one is audited.
fn flood(executor: &Executor, requests: u32, batch: u32) -> Flood {
	let crowd = || World::crowd(5, 36, ONCE);
	let (mut world, clients) = crowd();
	let mut left: Vec<_> = clients.iter().cycle().take(requests as usize).cloned().collect();
	let (empty, _) = import::time(executor, &mut world.chain, vec![], RUNS);
	let order = Order { window_blocks: 300, ..order(batch) };
	let (mut import, mut blocks) = (Duration::ZERO, 0);
	while !left.is_empty() || world.chain.read(|| Requests::<Runtime>::iter().next().is_some()) {
		let mut calls = world.calls();
		let others = calls.len();
		calls.extend(left.iter().take(200).map(|who| (who.clone(), ask(order).into())));
		let transactions = world.sign(&calls);
		import += import::time(executor, &mut world.chain, transactions, 1).0;
		blocks += 1;
		let done = world.block(calls);
		let mut sent = done.into_iter().skip(others).chain(std::iter::repeat(false));
		left.retain(|_| !sent.next().unwrap());
		assert!(blocks < 5_000, "all must end");
	}
	assert_eq!(settled(&world), requests as usize);
	let weight = work_and_steps(&world, crowd().0);
	Flood { import: import.saturating_sub(empty * blocks), weight }
}

/// A chain on which so many requests are open, of which one is due. The accounts are the same whatever the number, so that
/// nothing but the requests is compared.
fn open_requests(count: u32) -> Chain {
	let mut world = pool(ONCE);
	let now = world.chain.read(clock::Now::<Runtime>::get);
	let Chain { state, .. } = &mut world.chain;
	state.execute_with(|| {
		let clients = (0..MOST_REQUESTS / OPEN_OF_A_CLIENT).map(|index| {
			let who = AccountId::new(sp_io::hashing::blake2_256(&[index.to_le_bytes(), [2; 4]].concat()));
			Balances::mint_into(&who, 10_000 * OGPU).unwrap();
			let origin = frame_system::RawOrigin::Signed(who);
			StakingTrustlock::lock(origin.clone().into(), 1_000 * OGPU).unwrap();
			origin
		});
		let clients: Vec<_> = clients.collect();
		for index in 0..count {
			// All but the first are drawn in a later hour.
			clock::Now::<Runtime>::put(if index == 0 { now } else { now + 2_000 + index });
			let client = clients[(index / OPEN_OF_A_CLIENT) as usize].clone();
			ContinuousPool::request(client.into(), 0, order(1)).unwrap();
		}
		clock::Now::<Runtime>::put(now);
	});
	for _ in 0..4 {
		world.chain.block(vec![]);
	}
	world.chain
}

fn is_one_drawn() -> bool {
	Requests::<Runtime>::iter_values().any(|request| !request.racers.is_empty())
}
