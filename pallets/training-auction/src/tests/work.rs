//! Work that is done: milestones, lateness, and what is paid when.

use super::*;
use ogpu_protocol::slashing::Pay;

const CEILING: Balance = 100 * OGPU;

fn pay(fee: Balance) -> Balance {
	Pay::of(fee, &Penalties::get()).provider
}

#[test]
fn milestones_release_their_share_less_a_tenth() {
	story(|world| {
		let before = wealth(&provider(ADA));
		let id = world.sold(with_milestones(), CEILING, &[(ADA, 80 * OGPU, 4_000), (BOB, 80 * OGPU, 4_000)]);
		let ada = run(&id).bid.bidder.operator;
		let number = if ada == provider(ADA) { ADA } else { BOB };
		assert_eq!(job(&id).spec.parts(), 4);
		for parts in 1..4u32 {
			let task = world.deliver(number, id, &[]);
			let record = Tasks::<Test>::get(task).unwrap();
			assert_eq!((record.job, record.first_leaf), (id, (parts - 1) * 5));
			world.until(|| job(&id).verified == parts);
			let paid = wealth(&ada) - before;
			assert_eq!(about(paid), pay(18 * OGPU) * u128::from(parts), "a quarter of 80, less a tenth");
			check_books();
		}
		world.deliver_all(number, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert_eq!(about(wealth(&ada) - before), pay(18 * OGPU) * 3 + pay(26 * OGPU));
		assert_all_is_over();
	});
}

#[test]
fn the_next_part_begins_from_what_the_last_one_handed_on_as_soon_as_it_is_shown() {
	story(|world| {
		use ogpu_result_validation::Tasks as Validating;
		let id = world.sold(with_milestones(), CEILING, &[(ADA, 80 * OGPU, 4_000)]);
		let first = world.commit(ADA, id, &[]).unwrap();
		assert_eq!(Validating::<Test>::get(first).unwrap().request.start, spec().start);
		assert_eq!(world.commit(ADA, id, &[]), Err(Error::<Test>::NotShown.into()));
		let second = world.deliver(ADA, id, &[]);
		assert_eq!(job(&id).verified, 0, "nobody waits for the end of the window for challenges");
		let carry = world.played.borrow()[&first].claimed[4].carry;
		assert_eq!(Validating::<Test>::get(second).unwrap().request.start.0, carry);
		world.deliver_all(ADA, id);
		assert_eq!(world.until_ended(&id), End::Settled);
	});
}

#[test]
fn whoever_takes_longer_than_promised_is_paid_less_and_pays_a_tenth() {
	story(|world| {
		let spec = Spec { speed_billionths: 300_000_000, longest_blocks: 1_000, ..spec() };
		let id = world.sold(spec, CEILING, &[(ADA, 40 * OGPU, 100), (BOB, 50 * OGPU, 400)]);
		let run = run(&id);
		let before = (wealth(&provider(ADA)), TrustLock::locked(&provider(ADA)));
		world.until_time(run.since + 300);
		world.deliver_all(ADA, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		let late = run.award.fee_when_late(&run.terms, 300);
		assert!(late < run.award.fee && late > 0);
		assert_eq!(wealth(&provider(ADA)) - before.0, pay(late) - run.award.fee.div_ceil(10));
		assert_eq!(TrustLock::locked(&provider(ADA)), before.1, "the pay reached");
		let settled = Event::Settled { job: id, provider: provider(ADA), fee: late, is_late: true };
		assert!(events().contains(&settled));
		let (giga, work) =
			(Sales::<Test>::get(Kind::Training)[0].giga_price, Sales::<Test>::get(Kind::Training)[0].work);
		assert_eq!((giga, work), (late.div_ceil(2_000), 2_000 * GIGA), "what came of the fee is what it was sold for");
	});
}

#[test]
fn where_the_pay_does_not_reach_the_lock_pays_for_lateness() {
	story(|world| {
		let spec = Spec { speed_billionths: 900_000_000, longest_blocks: 1_000, ..spec() };
		let id = world.sold(spec, CEILING, &[(ADA, 40 * OGPU, 100), (BOB, 50 * OGPU, 120)]);
		let run = run(&id);
		world.until_time(run.since + 900);
		let (ada, client_had) = (wealth(&provider(ADA)), wealth(&client()));
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		let tenth = run.award.fee.div_ceil(10);
		assert_eq!(ada - wealth(&provider(ADA)), tenth);
		let gained = wealth(&client()) + OGPU / 100 - client_had;
		assert!(gained > tenth - OGPU / 100, "{gained}");
	});
}

#[test]
fn more_time_from_the_client_does_not_undo_a_promise() {
	story(|world| {
		let spec = Spec { speed_billionths: 100_000_000, longest_blocks: 400, ..spec() };
		let id = world.sold(spec, CEILING, &[(ADA, 40 * OGPU, 100), (BOB, 50 * OGPU, 300)]);
		send(client(), Call::extend { job: id, blocks: 200 }).unwrap();
		let run = run(&id);
		assert_eq!(run.deadline, run.since + 600);
		world.until_time(run.since + 550);
		assert_eq!(job(&id).stage, Stage::Working);
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		let at_first_deadline = run.award.fee_when_late(&run.terms, 400);
		let settled = Event::Settled { job: id, provider: provider(ADA), fee: at_first_deadline, is_late: true };
		assert!(events().contains(&settled), "{at_first_deadline}: {:?}", events().last());
	});
}

#[test]
fn a_milestone_behind_the_pace_is_paid_what_can_still_be_earned() {
	story(|world| {
		let spec = Spec { speed_billionths: 500_000_000, longest_blocks: 4_000, ..with_milestones() };
		let id = world.sold(spec, CEILING, &[(ADA, 40 * OGPU, 1_000), (BOB, 60 * OGPU, 1_000)]);
		let run = run(&id);
		world.until_time(run.since + 500);
		let before = wealth(&provider(ADA));
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		let on_course = run.award.fee_when_late(&run.terms, 2_000);
		assert!(on_course > 0 && on_course < run.award.fee);
		let earned = on_course / 4;
		assert_eq!(wealth(&provider(ADA)) - before, pay(earned - earned.div_ceil(10)));
	});
}

#[test]
fn who_is_audited_more_often_than_the_class_asks_pays_for_it_out_of_the_fee() {
	story(|world| {
		let economy = Spec { assurance: Assurance::Economy, leaves: 200, part_leaves: 200, ..spec() };
		let id = world.sold(economy, 10 * OGPU, &[(ADA, 5 * OGPU, 4_000)]);
		let (ada, held) = (wealth(&provider(ADA)), job(&id).held);
		let Checking { class, provider: own } = Auctions::checking_of_the_rest(&job(&id));
		world.commit(ADA, id, &[]).unwrap();
		assert_eq!(held - job(&id).held, class + own);
		assert_eq!(run(&id).released, own);
		assert!(own > 10 * class);
		assert_eq!(wealth(&provider(ADA)), ada, "checking only passes through it");
		world.until_ended(&id);
		assert_eq!(wealth(&provider(ADA)) - ada, pay(5 * OGPU - own));
	});
}

#[test]
fn results_pin_what_a_conviction_would_take() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &[(ADA, 80 * OGPU, 4_000), (BOB, 90 * OGPU, 4_000)]);
		let bond = job(&id).bond;
		let mut last = 0;
		for _ in 0..4 {
			world.until(|| Jobs::<Test>::get(id).unwrap().run.unwrap().is_idle());
			let task = world.deliver(ADA, id, &[]);
			let pinned = TrustLock::pinned(&provider(ADA), task);
			assert!(pinned > last && pinned <= bond, "the more was paid, the more is at stake: {pinned} of {bond}");
			assert!(pinned >= run(&id).spent);
			last = pinned;
		}
		assert_eq!(world.until_ended(&id), End::Settled);
	});
}

use ogpu_result_validation::Checking;
