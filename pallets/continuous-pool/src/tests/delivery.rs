//! The three ways to be paid, to the last unit.

use super::*;
use ogpu_protocol::slashing::Pay;

/// What a fee burns.
fn burned(amount: Balance) -> Balance {
	amount.div_ceil(50)
}

/// What checking so many leaves costs in class standard, with the last one besides or not.
fn checking(leaves: u32, with_last: bool) -> Balance {
	let (_, leaf_fee) = Pool::leaf_terms(LEAF).unwrap();
	ogpu_protocol::cost::Checking::of(&Class::STANDARD, leaves, with_last.into(), 0, 0).expected_fee(leaf_fee)
}

#[test]
fn a_verified_result_is_paid_when_it_was_validated() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let world = World::default();
		let request = ask(service, order(10));
		assert_eq!(held(&client(), HoldReason::Request), 10 * FLOOR + checking(10, true) + FOR_REQUEST);
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		assert_eq!(since.gain(&provider(0)), 0, "not yet");
		assert_eq!(held(&client(), HoldReason::Request), 10 * FLOOR + FOR_REQUEST, "the fee waits");
		assert_eq!(world.until_ended(request), Ending::Settled);
		let fee = 10 * FLOOR;
		assert_eq!(since.gain(&provider(0)), (fee - burned(fee)) as i128);
		assert_eq!(since.gain(&client()), -((fee + checking(10, false)) as i128));
		assert_eq!(since.burned(), burned(fee) as i128);
		assert_eq!(since.verifiers(), checking(10, false) as i128);
		assert_eq!(TrustLock::pinned(&provider(0), request) + TrustLock::pinned(&client(), request), 0);
	});
}

#[test]
fn leaves_that_were_not_used_are_refunded_and_the_last_one_is_audited() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let world = World::with([(0, Conduct { leaves: Some(4), ..HONEST })]);
		let request = ask(service, order(10));
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		assert_eq!(held(&client(), HoldReason::Request), 4 * FLOOR + FOR_REQUEST, "the rest is back already");
		let task = validation::Tasks::<Test>::get(request).unwrap();
		assert!(task.request.is_milestone, "it says that there are no more");
		assert_eq!((task.request.leaves, task.request.fee), (4, 4 * FLOOR));
		assert_eq!(world.until_ended(request), Ending::Settled);
		assert_eq!(since.gain(&client()), -((4 * FLOOR + checking(4, true)) as i128));
	});
}

#[test]
fn a_long_prompt_counts_as_the_leaves_that_it_weighs() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let prompted = Order { prompt_work: LEAF.work + 1, ..order(10) };
		let world = World::with([(0, Conduct { leaves: Some(4), ..HONEST })]);
		let (_, ending) = world.play(service, prompted);
		assert_eq!(ending, Ending::Settled);
		assert_eq!(since.gain(&client()), -((6 * FLOOR + checking(4, true)) as i128));
	});
}

#[test]
fn a_first_response_is_paid_at_once_and_its_bond_is_its_own() {
	story(|| {
		let service = serve(Terms { delivery: Delivery::FirstResponse, ..terms() }, 1);
		let since = Since::now();
		let world = World::default();
		let request = ask(service, order(10));
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		let fee = 10 * FLOOR;
		assert_eq!(since.gain(&provider(0)), (fee - burned(fee)) as i128, "before anything was checked");
		assert_eq!(held(&client(), HoldReason::Request), FOR_REQUEST);
		let pins = ogpu_staking_trustlock::Pins::<Test>::get(provider(0));
		assert!(pins.iter().all(|pin| pin.pin == ogpu_staking_trustlock::traits::Pin::Own && pin.amount > fee));
		assert_eq!(world.until_ended(request), Ending::Settled);
		assert_eq!(since.gain(&provider(0)), (fee - burned(fee)) as i128, "once");
		assert_eq!(since.gain(&client()), -((fee + checking(10, false)) as i128));
	});
}

#[test]
fn a_first_response_that_was_wrong_is_paid_back_out_of_the_bond() {
	story(|| {
		let service = serve(Terms { delivery: Delivery::FirstResponse, ..terms() }, 1);
		let since = Since::now();
		let request = ask(service, order(10));
		let world = World::with([(0, CHEAT)]);
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		let bond = record(request).bond;
		assert_eq!(world.until_ended(request), Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::Convicted));
		let (fee, paid) = (10 * FLOOR, 10 * FLOOR - burned(10 * FLOOR));
		assert_eq!(since.gain(&client()), (fee / 10) as i128, "all of its money, and a tenth of the fee");
		assert_eq!(since.gain(&provider(0)), paid as i128 - bond as i128);
	});
}

#[test]
fn a_client_may_confirm_before_the_network_does() {
	story(|| {
		let service = serve(Terms { delivery: Delivery::Manual, ..terms() }, 1);
		let since = Since::now();
		let world = World::default();
		let request = ask(service, order(10));
		refused(client(), Call::confirm { request }, Error::<Test>::WrongStage);
		world.until_stage(request, |stage| matches!(stage, Stage::AwaitingConfirmation { .. }));
		refused(publisher(), Call::confirm { request }, Error::<Test>::NotYourRequest);
		send(client(), Call::confirm { request }).unwrap();
		refused(client(), Call::confirm { request }, Error::<Test>::WrongStage);
		let fee = 10 * FLOOR;
		assert_eq!(since.gain(&provider(0)), (fee - burned(fee)) as i128);
		assert_eq!(world.until_ended(request), Ending::Settled);
		assert_eq!(since.gain(&provider(0)), (fee - burned(fee)) as i128, "once");
	});
}

#[test]
fn silence_confirms() {
	story(|| {
		let service = serve(Terms { delivery: Delivery::Manual, ..terms() }, 1);
		let since = Since::now();
		let (_, ending) = World::default().play(service, order(10));
		assert_eq!(ending, Ending::Settled);
		assert_eq!(since.gain(&provider(0)), (10 * FLOOR - burned(10 * FLOOR)) as i128);
	});
}

#[test]
fn to_refuse_is_to_challenge_a_leaf() {
	for cheats in [false, true] {
		story(|| {
			// An audit sees next to nothing of it.
			let class = Class { leaves_billionths: 1, ..Class::STANDARD };
			let service = serve(Terms { delivery: Delivery::Manual, class, ..terms() }, 1);
			let world = World::with([(0, Conduct { cheats, ..HONEST })]);
			let request = ask(service, order(10));
			let is_open = |phase| phase == validation::Stage::Challengeable;
			world.until(|| {
				let task = validation::Tasks::<Test>::get(request);
				task.is_some_and(|task| is_open(task.stage)) || stage(request).is_none()
			});
			if stage(request).is_none() {
				assert_eq!(conclusion(request), Some(Conclusion::Convicted), "found by the one auditor");
				return;
			}
			let since = Since::now();
			validate(client(), validation::Call::challenge { task: request, leaf: 3 }).unwrap();
			let expected = if cheats { Ending::Refunded } else { Ending::Settled };
			assert_eq!(world.until_ended(request), expected);
			assert!(since.gain(&provider(0)) > 0, "also half of the bond of a false challenge");
		});
	}
}

#[test]
fn a_pot_is_shared_by_lots_and_what_nobody_earned_returns() {
	story(|| {
		let service = serve(wide(3), 5);
		let since = Since::now();
		let request = ask(service, order(10));
		let world = World::default();
		world.until_stage(request, |stage| stage == Stage::Racing);
		let racers = record(request).racers;
		assert_eq!(world.until_ended(request), Ending::Settled);
		let (fee, pot) = (10 * FLOOR, 10 * FLOOR / 4);
		let share = |lots: u32| pot * Balance::from(lots) / 3;
		for (rank, racer) in racers.iter().enumerate() {
			let Pay { provider, .. } = Pay::of(share(racer.lots), &Penalties::get());
			let expected = if rank == 0 { provider + fee - burned(fee) } else { provider };
			assert_eq!(since.gain(&racer.operator), expected as i128, "{racer:?}");
		}
		let shares: Balance = racers.iter().map(|racer| share(racer.lots)).sum();
		assert_eq!(since.gain(&client()), -((fee + shares + checking(10, false)) as i128));
		assert!(pot - shares < 3, "only what division leaves returns");
	});
}

#[test]
fn runners_up_who_are_slow_wrong_or_silent_earn_nothing() {
	story(|| {
		let service = serve(wide(5), 5);
		let world = World::with([
			(0, HONEST),
			(1, Conduct { commits_after: Some(30), ..HONEST }),
			(2, Conduct { commits_after: Some(5), ..CHEAT }),
			(3, SILENT),
			(4, Conduct { commits_after: Some(60), ..HONEST }),
		]);
		let mut luck = 0;
		// Until all five are drawn, who are five of five lots.
		let (request, world) = loop {
			let world = world.lucky(luck);
			let request = ask(service, order(10));
			world.until_stage(request, |stage| stage == Stage::Racing);
			if record(request).racers.len() == 5 {
				break (request, world);
			}
			world.until_ended(request);
			luck += 1;
		};
		let since = Since::now();
		assert_eq!(world.until_ended(request), Ending::Settled);
		let gains = [0, 1, 2, 3, 4].map(|number| since.gain(&provider(number)));
		let share = Pay::of(10 * FLOOR / 4 / 5, &Penalties::get()).provider as i128;
		let lead = (10 * FLOOR - burned(10 * FLOOR)) as i128;
		assert_eq!(gains, [lead + share, share, 0, 0, 0], "whoever is later than the race does not even try");
		let members: Vec<_> = (0..5).map(|number| Members::<Test>::get(service, device(number)).unwrap()).collect();
		assert!(members[0].served.is_some() && members[1].served.is_some());
		assert!(
			members[3].observed.unwrap() < SPEED && members[4].observed.unwrap() < SPEED,
			"they were drawn for nothing"
		);
	});
}

#[test]
fn who_does_not_claim_its_share_leaves_it_to_the_client() {
	story(|| {
		let service = serve(wide(2), 2);
		let world = World::with([(0, HONEST), (1, Conduct { claims: false, commits_after: Some(9), ..HONEST })]);
		let mut luck = 0;
		loop {
			let world = world.lucky(luck);
			let since = Since::now();
			let request = ask(service, order(10));
			world.until_stage(request, |stage| stage == Stage::Racing);
			let both = record(request).racers.len() == 2;
			assert_eq!(world.until_ended(request), Ending::Settled);
			if both {
				let (fee, pot) = (10 * FLOOR, 10 * FLOOR / 4);
				assert_eq!(since.gain(&provider(1)), 0);
				assert_eq!(since.gain(&client()), -((fee + pot / 2 + checking(10, false)) as i128));
				return;
			}
			luck += 1;
		}
	});
}

#[test]
fn a_client_that_freezes_its_balance_pays_all_the_same() {
	use frame_support::traits::fungible::{Mutate, MutateFreeze};
	story(|| {
		let service = serve(terms(), 1);
		let request = ask(service, order(10));
		Balances::set_balance(&client(), LEAST);
		Balances::set_freeze(b"votes123", &client(), wealth(&client())).unwrap();
		let since = Since::now();
		assert_eq!(World::default().until_ended(request), Ending::Settled);
		assert!(since.gain(&provider(0)) > 0);
	});
}
