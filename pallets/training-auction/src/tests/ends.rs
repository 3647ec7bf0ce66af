//! Work that is not done: no-shows, deadlines, convictions, cancellations, claims, and whoever takes over.

use super::*;
use ogpu_protocol::commitment::Obstacle;

const CEILING: Balance = 100 * OGPU;
const BIDS: [(u8, Balance, u32); 3] = [(ADA, 60 * OGPU, 2_000), (BOB, 80 * OGPU, 4_000), (EVE, 90 * OGPU, 10)];

fn hide(world: &World, task: H256) {
	world.played.borrow_mut().get_mut(&task).unwrap().shows = false;
}

#[test]
fn a_winner_that_does_not_start_has_left() {
	story(|world| {
		let id = create(spec(), CEILING);
		world.auction(id, &BIDS);
		let (ada, client_had) = (wealth(&provider(ADA)), wealth(&client()));
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		assert_eq!(about(ada - wealth(&provider(ADA))), 16 * OGPU, "a fifth of the fee of 80");
		assert_eq!(about(wealth(&client()) - client_had), 16 * OGPU);
		let name = Auctions::bid_name(&id, &provider(ADA));
		assert_eq!(TrustLock::pinned(&provider(ADA), name), 0);
		let run = run(&id);
		let paid = (about(run.award.fee), run.bid.eta_blocks, run.is_substitute);
		assert_eq!(paid, (90 * OGPU, 4_000, true), "what it would have been paid had Ada never bid");
		start(BOB, id);
		world.deliver_all(BOB, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert!(Sales::<Test>::get(Kind::Training).is_empty(), "nobody competed for that price");
		assert_all_is_over();
	});
}

#[test]
fn whoever_stands_by_may_say_no() {
	story(|world| {
		for says_so in [false, true] {
			let before = wealth(&client());
			let id = create(spec(), CEILING);
			world.auction(id, &BIDS);
			world.until(|| run(&id).bid.bidder.operator == provider(BOB));
			let bob = wealth(&provider(BOB));
			if says_so {
				send(provider(BOB), Call::abandon { job: id }).unwrap();
			}
			assert_eq!(world.until_ended(&id), End::Failed(Failure::Abandoned));
			assert_eq!(wealth(&provider(BOB)), bob);
			assert_eq!(about(wealth(&client())), about(before + 16 * OGPU));
		}
		assert_all_is_over();
	});
}

#[test]
fn the_runner_up_takes_over_from_the_last_verified_leaf_at_its_own_price_and_time() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		let kept = wealth(&provider(ADA));
		let carry = job(&id).carry;
		send(provider(ADA), Call::abandon { job: id }).unwrap();
		assert_eq!(about(kept - wealth(&provider(ADA))), 16 * OGPU);
		let run = run(&id);
		assert_eq!(run.bid.bidder.operator, provider(BOB));
		assert_eq!((run.award.fee, run.bid.eta_blocks, run.first), (60 * OGPU, 3_000, 1), "three quarters");
		assert_eq!(run.deadline - run.since, 3_750);
		start(BOB, id);
		let task = world.deliver(BOB, id, &[]);
		assert_eq!(Tasks::<Test>::get(task).unwrap().first_leaf, 5);
		assert_eq!(ogpu_result_validation::Tasks::<Test>::get(task).unwrap().request.start, carry);
		let bob = wealth(&provider(BOB));
		world.deliver_all(BOB, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert_eq!(wealth(&provider(BOB)) - bob, 60 * OGPU * 98 / 100);
		assert_all_is_over();
	});
}

#[test]
fn the_runner_up_is_held_to_its_time_as_well() {
	story(|world| {
		let spec = Spec { speed_billionths: 500_000_000, longest_blocks: 1_000, ..spec() };
		let id = create(spec, CEILING);
		world.auction(id, &[(ADA, 20 * OGPU, 100), (BOB, 60 * OGPU, 200)]);
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		start(BOB, id);
		let run = run(&id);
		world.until_time(run.since + 400);
		world.deliver_all(BOB, id);
		world.until_ended(&id);
		// Two hundred blocks of a thousand are worth as much as a fifth of the ceiling.
		let settled = events().into_iter().find_map(|event| match event {
			Event::Settled { fee, is_late, .. } => Some((about(fee), is_late)),
			_ => None,
		});
		assert_eq!(settled, Some((40 * OGPU, true)));
	});
}

#[test]
fn a_deadline_that_passes_is_paid_for_and_what_was_committed_to_still_counts() {
	story(|world| {
		let id = world.sold(
			Spec { longest_blocks: 2_000, ..with_milestones() },
			CEILING,
			&[BIDS[0], (BOB, 80 * OGPU, 1_900)],
		);
		let run_of_ada = run(&id);
		world.until_time(run_of_ada.deadline - 10);
		let before = wealth(&provider(ADA));
		world.deliver(ADA, id, &[]);
		world.until_time(run_of_ada.deadline + 1);
		assert_eq!(job(&id).stage, Stage::Ending, "nobody begins before it is known where");
		assert_eq!(about(before - wealth(&provider(ADA))), 16 * OGPU);
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		assert_eq!(job(&id).verified, 1);
		assert_eq!(run(&id).first, 1);
	});
}

#[test]
fn a_wrong_milestone_convicts_and_the_runner_up_begins_before_it() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		let spent = run(&id).spent;
		let (ada, client_had) = (TrustLock::locked(&provider(ADA)), wealth(&client()));
		let held = job(&id).held;
		// The last leaf of a milestone is always audited.
		let task = world.deliver(ADA, id, &[4]);
		let (pinned, spent_then) = (TrustLock::pinned(&provider(ADA), task), run(&id).spent);
		assert!(spent_then > spent);
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		assert_eq!(ada - TrustLock::locked(&provider(ADA)), pinned);
		assert_eq!(job(&id).verified, 1, "what was verified stays so");
		// All that it had paid since the beginning, and a tenth of what was at stake.
		let checking = held - job(&id).held;
		let at_stake = 20 * OGPU;
		assert_eq!(wealth(&client()) + checking - client_had, spent_then + at_stake / 10);
		start(BOB, id);
		world.deliver_all(BOB, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert_all_is_over();
	});
}

#[test]
fn a_provider_that_shows_nothing_is_convicted() {
	story(|world| {
		let id = world.sold(spec(), CEILING, &BIDS[..1]);
		let before = wealth(&client());
		let task = world.deliver(ADA, id, &[]);
		hide(world, task);
		assert_eq!(world.until_ended(&id), End::Failed(Failure::Convicted));
		assert!(wealth(&client()) >= before + 6 * OGPU - OGPU / 100, "a tenth of the fee, and all that was held");
		assert_all_is_over();
	});
}

#[test]
fn parts_that_are_built_on_a_wrong_one_are_not_verified() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		world.deliver(ADA, id, &[4]);
		// It is shown before auditors have said what they found.
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).stage == Stage::Ending);
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		assert_eq!((job(&id).verified, job(&id).carry), (0, spec().start));
		assert_eq!(Tasks::<Test>::iter().count(), 0);
	});
}

#[test]
fn being_convicted_of_other_work_ends_the_run_unpaid_and_the_client_keeps_what_is_right() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		let other = world.sold(spec(), CEILING, &BIDS[..1]);
		world.deliver(ADA, id, &[]);
		let task = world.deliver(ADA, other, &[]);
		hide(world, task);
		let before = wealth(&provider(ADA)) - TrustLock::locked(&provider(ADA));
		assert_eq!(world.until_ended(&other), End::Failed(Failure::Convicted));
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
		assert_eq!(job(&id).verified, 1, "it was right");
		assert_eq!(wealth(&provider(ADA)) - TrustLock::locked(&provider(ADA)), before, "but is not paid");
		assert_eq!(run(&id).award.fee, 60 * OGPU);
	});
}

#[test]
fn without_anybody_who_stands_by_the_rest_is_sold_anew() {
	story(|world| {
		let id = world.sold(Spec { reopens: 1, ..with_milestones() }, CEILING, &BIDS[..1]);
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		send(provider(ADA), Call::abandon { job: id }).unwrap();
		let sold = job(&id);
		assert_eq!((sold.stage, sold.round, sold.first), (Stage::Bidding, 1, 1));
		assert_eq!((sold.terms.ceiling, sold.terms.longest_blocks), (75 * OGPU, 3_750), "three quarters");
		world.auction(id, &[(BOB, 50 * OGPU, 3_000), (EVE, 60 * OGPU, 3_000)]);
		assert_eq!(about(run(&id).award.fee), 60 * OGPU);
		start(BOB, id);
		world.deliver(BOB, id, &[]);
		world.until(|| job(&id).verified == 2);
		send(provider(BOB), Call::abandon { job: id }).unwrap();
		assert_eq!(run(&id).award.fee, 40 * OGPU, "Eve bid 60 for three quarters, and a half is left");
		start(EVE, id);
		world.deliver(EVE, id, &[]);
		send(provider(EVE), Call::abandon { job: id }).unwrap();
		assert_eq!(world.until_ended(&id), End::Failed(Failure::Abandoned), "it was to be sold anew once");
		assert_all_is_over();
	});
}

#[test]
fn a_job_that_nobody_wants_anew_is_given_back() {
	story(|world| {
		let id = world.sold(Spec { reopens: 2, ..spec() }, CEILING, &BIDS[..1]);
		send(provider(ADA), Call::abandon { job: id }).unwrap();
		assert_eq!(world.until_ended(&id), End::Unsold);
		assert_all_is_over();
	});
}

#[test]
fn before_anybody_works_cancelling_gives_everybody_back_what_it_gave() {
	let with_bids = |world: &World| {
		let id = create(spec(), CEILING);
		BIDS.iter().for_each(|(who, price, eta)| bid(*who, id, *price, *eta));
		(id, world.luck)
	};
	let until: [Until; 4] = [
		&|_, _| (),
		&|world, id| world.until_stage(&id, |stage| matches!(stage, Stage::Drawing { .. })),
		&|world, id| {
			world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
			reveal(ADA, id, BIDS[0].1, BIDS[0].2);
		},
		&|world, id| {
			world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
			BIDS.iter().for_each(|(who, price, eta)| reveal(*who, id, *price, *eta));
			world.until_stage(&id, |stage| stage == Stage::Offered);
		},
	];
	for wait in until {
		story(|world| {
			let before: Vec<_> = everybody().map(|who| wealth(&who)).collect();
			let (id, _) = with_bids(world);
			wait(world, id);
			send(client(), Call::cancel { job: id }).unwrap();
			assert_eq!(world.until_ended(&id), End::Cancelled);
			assert_eq!(everybody().map(|who| wealth(&who)).collect::<Vec<_>>(), before);
			assert_all_is_over();
		});
	}
}

#[test]
fn cancelled_work_is_paid_as_far_as_it_is_verified_and_nothing_is_retained() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		let before = wealth(&provider(ADA));
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		world.deliver(ADA, id, &[]);
		send(client(), Call::cancel { job: id }).unwrap();
		assert_eq!(job(&id).stage, Stage::Ending);
		refused(client(), Call::cancel { job: id }, Error::<Test>::WrongStage);
		refused(client(), Call::top_up { job: id, amount: 1 }, Error::<Test>::WrongStage);
		assert_eq!(world.until_ended(&id), End::Cancelled);
		assert_eq!(about(wealth(&provider(ADA)) - before), 40 * OGPU * 98 / 100, "half of 80");
		assert_all_is_over();
	});
}

#[test]
fn anchored_work_of_a_cancelled_job_that_is_wrong_convicts() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		let before = wealth(&provider(ADA));
		world.deliver(ADA, id, &[4]);
		send(client(), Call::cancel { job: id }).unwrap();
		assert_eq!(world.until_ended(&id), End::Failed(Failure::Convicted));
		assert!(wealth(&provider(ADA)) < before);
		assert_all_is_over();
	});
}

#[test]
fn a_client_that_withholds_inputs_pays_for_the_time() {
	story(|world| {
		let id = world.sold(spec(), CEILING, &BIDS);
		*world.obstacle.borrow_mut() = Some(Obstacle::InputMissing);
		let (ada, lock) = (wealth(&provider(ADA)), TrustLock::locked(&client()));
		let pinned = TrustLock::pinned(&client(), id);
		world.until_time(run(&id).since + 1);
		send(provider(ADA), Call::claim_inputs { job: id }).unwrap();
		let fee = events().into_iter().rev().find_map(|event| match event {
			Event::InputsClaimed { fee, .. } => Some(fee),
			_ => None,
		});
		assert_eq!(fee.map(about), Some(40 * OGPU), "in one block it does half of the work, at a fee of 80");
		assert_eq!(world.commit(ADA, id, &[]), Err(Error::<Test>::WrongStage.into()));
		assert_eq!(world.until_ended(&id), End::Failed(Failure::InputAtFault));
		assert_eq!(about(wealth(&provider(ADA)) - ada), 40 * OGPU * 98 / 100);
		let taken = lock - TrustLock::locked(&client());
		assert!(about(taken) == 40 * OGPU && taken <= pinned, "{taken} of {pinned}");
		assert_all_is_over();
	});
}

#[test]
fn a_claim_that_nobody_can_confirm_costs_both_and_the_work_goes_on() {
	story(|world| {
		let id = world.sold(
			Spec { longest_blocks: 400, ..spec() },
			CEILING,
			&[(ADA, 60 * OGPU, 300), (BOB, 80 * OGPU, 300)],
		);
		let deadline = run(&id).deadline;
		world.until_time(deadline - 20);
		send(provider(ADA), Call::claim_inputs { job: id }).unwrap();
		world.until_time(deadline + 10);
		assert_eq!(job(&id).stage, Stage::Claimed, "nobody has left while the jury meets");
		world.until_stage(&id, |stage| stage != Stage::Claimed);
		assert_eq!(job(&id).stage, Stage::Working);
		refused(provider(ADA), Call::claim_inputs { job: id }, Error::<Test>::AlreadyClaimed);
		assert_eq!(world.commit(ADA, id, &[]), Err(Error::<Test>::TooLate.into()), "but no time is gained");
		assert!(TrustLock::locked(&provider(ADA)) < 10_000 * OGPU && TrustLock::locked(&client()) < 10_000 * OGPU);
		world.until(|| run(&id).bid.bidder.operator == provider(BOB));
	});
}

#[test]
fn inputs_that_auditors_miss_are_the_clients_fault_and_all_else_is_paid() {
	story(|world| {
		let id = world.sold(with_milestones(), CEILING, &BIDS);
		let before = wealth(&provider(ADA));
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		world.deliver(ADA, id, &[]);
		*world.obstacle.borrow_mut() = Some(Obstacle::InputMissing);
		assert_eq!(world.until_ended(&id), End::Failed(Failure::InputAtFault));
		assert_eq!(
			about(wealth(&provider(ADA)) - before),
			2 * (20 * OGPU * 98 / 100),
			"out of what was held, and out of the lock"
		);
		assert_all_is_over();
	});
}

#[test]
fn where_a_jury_cannot_decide_nobody_is_punished() {
	story(|world| {
		let id = world.sold(Spec { assurance: Assurance::Assured, ..spec() }, CEILING, &BIDS);
		let (ada, before) = (wealth(&provider(ADA)), wealth(&client()));
		*world.is_divided.borrow_mut() = true;
		send(provider(ADA), Call::claim_inputs { job: id }).unwrap();
		assert_eq!(world.until_ended(&id), End::Failed(Failure::Undecided));
		assert_eq!((wealth(&provider(ADA)), wealth(&client())), (ada, before));
		assert_all_is_over();
	});
}

#[test]
fn a_bigger_budget_pays_nobody_more_than_was_agreed_and_is_there_when_the_rest_is_sold_anew() {
	story(|world| {
		let id = world.sold(Spec { reopens: 1, ..with_milestones() }, CEILING, &BIDS[..1]);
		send(client(), Call::top_up { job: id, amount: CEILING }).unwrap();
		assert_eq!((about(run(&id).award.fee), run(&id).terms.ceiling), (60 * OGPU, CEILING));
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		send(provider(ADA), Call::abandon { job: id }).unwrap();
		assert_eq!(job(&id).terms.ceiling, 150 * OGPU, "three quarters of both");
		world.auction(id, &[(BOB, 120 * OGPU, 3_000)]);
		start(BOB, id);
		world.deliver_all(BOB, id);
		assert_eq!(world.until_ended(&id), End::Settled);
		assert_all_is_over();
	});
}

#[test]
fn as_long_as_nobody_bid_a_client_may_offer_more_money_and_time() {
	story(|_| {
		let id = create(spec(), CEILING);
		let bond = job(&id).bond;
		send(client(), Call::top_up { job: id, amount: CEILING }).unwrap();
		send(client(), Call::extend { job: id, blocks: 100 }).unwrap();
		let terms = job(&id).terms;
		assert_eq!((terms.ceiling, terms.longest_blocks), (2 * CEILING, 5_100));
		assert!(job(&id).bond > bond);
		bid(ADA, id, OGPU, 100);
		send(client(), Call::top_up { job: id, amount: CEILING }).unwrap();
		assert_eq!(job(&id).terms, terms, "somebody has bid on these");
		refused(client(), Call::extend { job: id, blocks: 1 }, Error::<Test>::BidsSealed);
	});
}
