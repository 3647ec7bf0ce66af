//! What happens when somebody fails, and that everybody gets what is due.

use super::*;
use ogpu_protocol::slashing::Pay;

#[test]
fn a_wrong_result_is_convicted_and_the_client_has_all_and_a_tenth_more() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let request = ask(service, order(10));
		let world = World::with([(0, CHEAT)]);
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		let bond = record(request).bond;
		assert_eq!(world.until_ended(request), Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::Convicted));
		assert_eq!(since.gain(&client()), FLOOR as i128, "a tenth of ten leaves, and all that it had paid");
		assert_eq!(since.gain(&provider(0)), -(bond as i128));
	});
}

#[test]
fn a_provider_that_is_silent_under_audit_is_convicted() {
	story(|| {
		let service = serve(terms(), 1);
		let world = World::with([(0, Conduct { answers: false, ..HONEST })]);
		let (request, ending) = world.play(service, order(10));
		assert_eq!((ending, conclusion(request)), (Ending::Refunded, Some(Conclusion::Convicted)));
	});
}

#[test]
fn runners_up_of_a_convicted_leader_earn_nothing() {
	story(|| {
		let service = serve(wide(2), 2);
		let world = World::with([(0, CHEAT), (1, Conduct { commits_after: Some(9), ..HONEST })]);
		for luck in 0..20 {
			let since = Since::now();
			let request = ask(service, order(10));
			let world = world.lucky(luck);
			world.until_stage(request, |stage| stage == Stage::Racing);
			if record(request).racers.len() == 2 {
				assert_eq!(world.until_ended(request), Ending::Refunded);
				assert_eq!(since.gain(&provider(1)), 0);
				return;
			}
			world.until_ended(request);
		}
		panic!("they never met");
	});
}

#[test]
fn clients_that_withhold_inputs_pay_for_the_work_out_of_their_lock() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let lock = TrustLock::locked(&client());
		let request = ask(service, order(10));
		let world = World { inputs_missing: true, ..World::default() };
		let pinned = TrustLock::pinned(&client(), request);
		assert!(pinned > 10 * FLOOR);
		assert_eq!(world.until_ended(request), Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::InputAtFault));
		let fee = 10 * FLOOR;
		assert_eq!(since.gain(&provider(0)), Pay::of(fee, &Penalties::get()).provider as i128);
		let paid = lock - TrustLock::locked(&client());
		assert!(paid >= fee && paid <= pinned, "the fee and the jury, which it had pinned: {paid} of {pinned}");
		assert_eq!(held(&client(), HoldReason::Request), 0);
	});
}

#[test]
fn who_was_paid_before_inputs_turned_out_to_be_missing_is_not_paid_again() {
	for delivery in [Delivery::FirstResponse, Delivery::Manual] {
		story(|| {
			let service = serve(Terms { delivery, ..terms() }, 1);
			let since = Since::now();
			let lock = TrustLock::locked(&client());
			let request = ask(service, order(10));
			let world = World { inputs_missing: true, ..World::default() };
			world.until(|| validation::Tasks::<Test>::contains_key(request));
			if delivery == Delivery::Manual {
				send(client(), Call::confirm { request }).unwrap();
			}
			let pay = Pay::of(10 * FLOOR, &Penalties::get()).provider as i128;
			assert_eq!(since.gain(&provider(0)), pay);
			assert_eq!(world.until_ended(request), Ending::Refunded);
			assert_eq!(conclusion(request), Some(Conclusion::InputAtFault));
			assert_eq!(since.gain(&provider(0)), pay, "once");
			assert!(lock - TrustLock::locked(&client()) < 10 * FLOOR, "the jury, and not the fee again");
		});
	}
}

#[test]
fn a_client_that_confirmed_what_was_wrong_is_paid_back_out_of_the_bond() {
	story(|| {
		let service = serve(Terms { delivery: Delivery::Manual, ..terms() }, 1);
		let since = Since::now();
		let request = ask(service, order(10));
		let world = World::with([(0, CHEAT)]);
		world.until_stage(request, |stage| matches!(stage, Stage::AwaitingConfirmation { .. }));
		let (bond, fee) = (record(request).bond, 10 * FLOOR);
		send(client(), Call::confirm { request }).unwrap();
		let pay = Pay::of(fee, &Penalties::get()).provider;
		assert_eq!(world.until_ended(request), Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::Convicted));
		assert_eq!(since.gain(&client()), (fee / 10) as i128, "all of its money, and a tenth of the fee");
		assert_eq!(since.gain(&provider(0)), pay as i128 - bond as i128);
	});
}

#[test]
fn a_jury_that_cannot_agree_gives_the_client_its_money_back() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let request = ask(service, order(10));
		let mut world = World::default();
		world.until(|| validation::Tasks::<Test>::get(request).is_some());
		world.verifiers_sleep = true;
		assert_eq!(world.until_ended(request), Ending::Void);
		assert_eq!(since.gain(&provider(0)), 0, "nobody is slashed");
		assert_eq!(held(&client(), HoldReason::Request), 0);
	});
}

#[test]
fn who_is_convicted_of_one_result_forfeits_the_others_whose_clients_keep_them() {
	story(|| {
		let service = serve(terms(), 1);
		let since = Since::now();
		let right = ask(service, order(10));
		let world = World::default();
		world.until_stage(right, |stage| matches!(stage, Stage::Validating { .. }));
		world.blocks(60);
		let wrong = ask(service, order(10));
		let mut world = World::with([(0, CHEAT)]);
		world.until_stage(wrong, |stage| matches!(stage, Stage::Validating { .. }));
		// What it committed to first was right.
		world.works.borrow_mut().clear();
		let honest = World::default().work(right, 10, u32::MAX);
		world.works.borrow_mut().insert((right, 10, 0), honest);
		world.is_disturbed = true;
		world.until_ended(right);
		assert_eq!(conclusion(wrong), Some(Conclusion::Convicted));
		assert_eq!(conclusion(right), Some(Conclusion::Forfeited));
		assert_eq!(ending(right), Some(Ending::Refunded));
		assert!(since.gain(&provider(0)) < 0);
	});
}

#[test]
fn runners_up_of_a_forfeited_leader_are_paid_for_what_was_right() {
	story(|| {
		let service = serve(wide(2), 2);
		let world = World::with([(1, Conduct { commits_after: Some(9), ..HONEST })]);
		for luck in 0..20 {
			let request = ask(service, order(10));
			let world = world.lucky(luck);
			world.until_stage(request, |stage| stage == Stage::Racing);
			if record(request).racers.len() == 2 {
				world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
				world.until(|| record(request).arrivals().count() == 2);
				// It is convicted of something else meanwhile.
				validation::Providers::<Test>::mutate(provider(0), |record| record.void_below = u64::MAX);
				let since = Since::now();
				assert_eq!(world.until_ended(request), Ending::Refunded);
				assert_eq!(conclusion(request), Some(Conclusion::Forfeited));
				assert_eq!(since.gain(&provider(0)), 0);
				let share = Pay::of(10 * FLOOR / 4 / 2, &Penalties::get());
				assert_eq!(since.gain(&provider(1)), share.provider as i128);
				return;
			}
			world.until_ended(request);
		}
		panic!("they never met");
	});
}

#[test]
fn a_request_that_nobody_serves_is_drawn_again_and_then_refunded_in_full() {
	story(|| {
		let service = serve(terms(), 4);
		let since = Since::now();
		let (request, ending) = World::with((0..4).map(|number| (number, SILENT))).play(service, order(10));
		assert_eq!(ending, Ending::Refunded);
		let drawn = events().iter().filter(|event| matches!(event, Event::Drawn { .. })).count();
		assert_eq!(drawn as u32, REDRAWS + 1);
		assert_eq!(since.gain(&client()), 0);
		assert_eq!(since.burned(), 0);
		// Nobody knows whether the inputs were there, so nobody looks slow for it.
		assert!((0..4).all(|number| Members::<Test>::get(service, device(number)).unwrap().observed.is_none()));
		assert!((0..4).all(|number| TrustLock::pinned(&provider(number), request) == 0));
	});
}

#[test]
fn a_result_that_cannot_be_validated_is_passed_over() {
	story(|| {
		let service = serve(wide(2), 2);
		for luck in 0..20 {
			let world = World::default().lucky(luck);
			let request = ask(service, order(10));
			world.until_stage(request, |stage| stage == Stage::Racing);
			if record(request).racers.len() == 2 {
				let leads = record(request).racers[0].operator.clone();
				// It takes work elsewhere until it may not take more.
				let standing = validation::Standing::Undecided;
				let open = validation::OpenValidation { task: H256::repeat_byte(77), fee: 1, standing };
				validation::Providers::<Test>::mutate(&leads, |record| {
					(0..400).for_each(|number| record.open.try_insert(1_000 + number, open).map_or((), drop));
				});
				world.everybody_acts();
				world.block();
				world.until_stage(request, |stage| matches!(stage, Stage::Validating { leader: 1, .. }));
				assert!(events().contains(&Event::Rejected { request, operator: leads.clone() }));
				validation::Providers::<Test>::mutate_exists(&leads, |record| *record = None);
				assert_eq!(world.until_ended(request), Ending::Settled);
				return;
			}
			world.until_ended(request);
		}
		panic!("they never met");
	});
}

#[test]
fn who_says_that_more_leaves_were_needed_is_found_at_the_last_one() {
	story(|| {
		// Hardly ever audited, as it is well known.
		let service = serve(Terms { class: Class::ECONOMY, ..terms() }, 1);
		<TrustLock as Record<_>>::audited(&provider(0), 1_000_000 * OGPU);
		let (request, ending) = World::default().play(service, order(20));
		assert_eq!(ending, Ending::Settled);
		assert_eq!(validation::Records::<Test>::get(request).unwrap().drawn, 0);
		// The answer ends after the fourth leaf; it adds made-up ones.
		let padding = Conduct { leaves: Some(12), pads_from: Some(4), ..HONEST };
		let since = Since::now();
		let (request, ending) = World::with([(0, padding)]).play(service, order(20));
		assert_eq!(ending, Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::Convicted));
		assert!(since.gain(&provider(0)) < 0);
	});
}
