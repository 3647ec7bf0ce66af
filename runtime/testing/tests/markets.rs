//! Work is sold in real blocks: jobs by auction, requests by races. Validators recompute what is drawn, and whatever
//! happens, the money adds up to the last unit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use ogpu_continuous_pool::{Delivery, Order, Requests};
use ogpu_protocol::token::OGPU;
use ogpu_result_validation::{Conclusion, Records, Tasks};
use ogpu_runtime::{free_calls::Useless, AccountId, Balance, Runtime, RuntimeEvent, System, TrainingAuction};
use ogpu_runtime_testing::world::{job, order, service, World, CLIENT, LEAF, ONCE, SALT};
use ogpu_training_auction::{Assurance, Jobs, Spec};
use polkadot_sdk::*;
use sp_core::H256;
use sp_keyring::Sr25519Keyring::{Dave, Eve, One, Two};
use sp_runtime::transaction_validity::InvalidTransaction;

fn conclusion(task: &H256) -> Option<Conclusion> {
	Records::<Runtime>::get(task).map(|record| record.conclusion)
}

#[test]
fn a_training_job_is_sold_done_in_milestones_and_paid() {
	let mut world = World::default();
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
	let leaf_fee = ogpu_protocol::cost::CheckingTariff::default().leaf_fee(&LEAF);
	let audited = |leaves: u128| (leaf_fee * leaves + leaf_fee * leaves / 5) as i128;
	assert_eq!(checking, 3 * audited(1) + 2 * audited(1));
	world.close();
}

#[test]
fn a_provider_vanishes_half_way_and_the_runner_up_finishes() {
	let mut world = World::default();
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
	let mut world = World::default();
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

#[test]
fn of_three_racers_one_cheats_and_loses_its_bond() {
	let mut world = World::default();
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
	let (mut world, clients) = World::crowd(5, 36, ONCE);
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
