//! Auctions, from the first bid to the award.

use super::*;

const CEILING: Balance = 100 * OGPU;

#[test]
fn the_cheapest_wins_and_is_paid_what_the_second_asked() {
	story(|world| {
		let before = wealth(&client());
		let id = create(spec(), CEILING);
		world.auction(id, &[(ADA, 40 * OGPU, 1_000), (BOB, 55 * OGPU, 900), (EVE, 70 * OGPU, 10)]);
		let run = run(&id);
		assert_eq!((run.bid.bidder.operator, about(run.award.fee)), (provider(ADA), 55 * OGPU));
		assert_eq!(job(&id).runner_up.unwrap().bidder.operator, provider(BOB));
		let name = Auctions::bid_name(&id, &provider(EVE));
		assert_eq!(TrustLock::pinned(&provider(EVE), name), 0, "who has no chance is free");
		start(ADA, id);
		let earned = wealth(&provider(ADA));
		world.deliver_all(ADA, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert_eq!(about(wealth(&provider(ADA)) - earned), 55 * OGPU * 98 / 100);
		let checking = before - wealth(&client()) - run.award.fee;
		assert!(checking > 0 && checking < OGPU / 100, "{checking}");
		assert_all_is_over();
	});
}

#[test]
fn a_lone_bidder_gets_the_usual_price() {
	story(|world| {
		let id = world.sold(spec(), CEILING, &[(ADA, 40 * OGPU, 500), (BOB, 50 * OGPU, 500)]);
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		let id = world.sold(spec(), CEILING, &[(ADA, 20 * OGPU, 500)]);
		assert_eq!(about(run(&id).award.fee), 50 * OGPU);
		let id = world.sold(Spec { kind: Kind::Rendering, ..spec() }, CEILING, &[(ADA, 20 * OGPU, 500)]);
		assert_eq!(run(&id).award.fee, 20 * OGPU, "what training costs says nothing about rendering");
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		assert!(Sales::<Test>::get(Kind::Rendering).is_empty(), "a price that nobody competed for is none");
	});
}

#[test]
fn a_bid_that_is_not_revealed_costs_a_tenth_of_the_ceiling() {
	story(|world| {
		let id = create(spec(), CEILING);
		bid(ADA, id, 40 * OGPU, 500);
		bid(BOB, id, 50 * OGPU, 500);
		let (bob, treasury) = (wealth(&provider(BOB)), wealth(&TREASURY));
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		reveal(ADA, id, 40 * OGPU, 500);
		world.until_stage(&id, |stage| stage == Stage::Offered);
		assert_eq!(bob - wealth(&provider(BOB)), 10 * OGPU);
		assert_eq!(wealth(&TREASURY) - treasury, 10 * OGPU);
		assert_eq!(run(&id).award.fee, 40 * OGPU, "who did not reveal sets no price");
		assert!(events().contains(&Event::BidForfeited { job: id, bidder: provider(BOB), taken: 10 * OGPU }));
	});
}

#[test]
fn a_job_that_nobody_wants_is_given_back() {
	story(|world| {
		let before = wealth(&client());
		let id = create(spec(), CEILING);
		assert_eq!(world.until_ended(&id), End::Unsold);
		assert_eq!(wealth(&client()), before);
		// Nor one for which all bids are too high or too late.
		let id = create(spec(), CEILING);
		bid(ADA, id, 101 * OGPU, 500);
		bid(BOB, id, 1, 5_001);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		reveal(ADA, id, 101 * OGPU, 500);
		reveal(BOB, id, 1, 5_001);
		assert_eq!(world.until_ended(&id), End::Unsold);
		assert_eq!(wealth(&client()), before);
		assert_all_is_over();
	});
}

#[test]
fn reputation_counts_as_it_was_when_the_bid_was_sealed() {
	story(|world| {
		<TrustLock as Record<_>>::audited(&provider(BOB), 100_000 * OGPU);
		let id = create(spec(), CEILING);
		bid(ADA, id, 49 * OGPU, 500);
		bid(BOB, id, 50 * OGPU, 500);
		<TrustLock as Record<_>>::faulted(&provider(BOB), Fault::Convicted, H256::zero());
		<TrustLock as Record<_>>::audited(&provider(ADA), 100_000 * OGPU);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		reveal(ADA, id, 49 * OGPU, 500);
		reveal(BOB, id, 50 * OGPU, 500);
		world.until_stage(&id, |stage| stage == Stage::Offered);
		assert_eq!(run(&id).bid.bidder.operator, provider(BOB), "a name is worth a tenth");
	});
}

#[test]
fn the_lot_between_equal_bids_is_drawn_between_the_last_seal_and_the_first_reveal() {
	let mut winners = std::collections::BTreeSet::new();
	for luck in 0..12 {
		story(|_| {
			let world = World { luck, ..World::default() };
			let id = create(spec(), CEILING);
			let bidding = job(&id).due;
			bid(ADA, id, 50 * OGPU, 500);
			bid(BOB, id, 50 * OGPU, 500);
			world.until_stage(&id, |stage| matches!(stage, Stage::Drawing { .. }));
			let Stage::Drawing { seed_from } = job(&id).stage else { unreachable!() };
			assert!(now() > bidding && seed_from > System::block_number());
			world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
			assert!(System::block_number() >= seed_from + 16, "its blocks have come");
			reveal(BOB, id, 50 * OGPU, 500);
			reveal(ADA, id, 50 * OGPU, 500);
			world.until_stage(&id, |stage| stage == Stage::Offered);
			assert_eq!(about(run(&id).award.fee), 50 * OGPU);
			winners.insert(run(&id).bid.bidder.operator);
		});
	}
	assert_eq!(winners.len(), 2, "neither account always wins");
}

/// Forty of them, with a lock each.
fn strangers_bid(job: H256) {
	for number in 0..40u8 {
		let who = account(200 + number);
		let treasury = RuntimeOrigin::signed(TREASURY);
		Balances::transfer_allow_death(treasury, who.clone(), 210 * OGPU).unwrap();
		TrustLock::lock(RuntimeOrigin::signed(who.clone()), 200 * OGPU).unwrap();
		send(who, Call::commit_bid { job, commitment: SALT }).unwrap();
	}
}

#[test]
fn many_sealed_bids_of_a_cancelled_job_are_given_back_in_steps() {
	story(|world| {
		let id = create(spec(), CEILING);
		strangers_bid(id);
		send(client(), Call::cancel { job: id }).unwrap();
		assert_eq!((job(&id).stage, job(&id).sealed), (Stage::Counting, 40 - COUNTED));
		refused(provider(ADA), Call::commit_bid { job: id, commitment: SALT }, Error::<Test>::WrongStage);
		assert_eq!(world.until_ended(&id), End::Cancelled);
		assert!((0..40).all(|number| wealth(&account(200 + number)) == 210 * OGPU));
		assert_all_is_over();
	});
}

#[test]
fn many_unrevealed_bids_are_fined_in_steps() {
	story(|world| {
		let id = create(spec(), CEILING);
		strangers_bid(id);
		bid(ADA, id, 50 * OGPU, 500);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		reveal(ADA, id, 50 * OGPU, 500);
		world.until_stage(&id, |stage| stage == Stage::Counting);
		assert_eq!(job(&id).sealed, 40 - COUNTED);
		refused(client(), Call::cancel { job: id }, Error::<Test>::WrongStage);
		check_books();
		world.until_stage(&id, |stage| stage == Stage::Offered);
		let fined = events().iter().filter(|event| matches!(event, Event::BidForfeited { .. })).count();
		assert_eq!(fined, 40);
		assert!((0..40).all(|number| TrustLock::locked(&account(200 + number)) == 190 * OGPU));
	});
}

#[test]
fn a_worker_key_bids_for_its_operator() {
	story(|world| {
		use sp_core::{sr25519, Pair};
		let pair = sr25519::Pair::from_seed(&[7; 32]);
		let worker = AccountId32::from(pair.public());
		let consent = sp_runtime::MultiSignature::from(pair.sign(&TrustLock::consent(&provider(ADA))));
		TrustLock::authorise_worker(RuntimeOrigin::signed(provider(ADA)), worker.clone(), consent).unwrap();
		let id = create(spec(), CEILING);
		let commitment = sealed(ADA, &id, 40 * OGPU, 500);
		send(worker.clone(), Call::commit_bid { job: id, commitment }).unwrap();
		refused(provider(ADA), Call::commit_bid { job: id, commitment }, Error::<Test>::AlreadyBid);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		let (offer, device) = (offer_of(ADA, 40 * OGPU, 500), ADA.into());
		send(worker.clone(), Call::reveal_bid { job: id, offer, device, salt: SALT }).unwrap();
		world.until_stage(&id, |stage| stage == Stage::Offered);
		send(worker, Call::start { job: id }).unwrap();
		assert_eq!(run(&id).bid.bidder.operator, provider(ADA));
	});
}
