//! Whatever has happened, and whoever falls silent: every request ends within a bounded time, with all money where it
//! belongs. And there may be many.

use super::*;

/// Nobody does anything any more.
fn everybody_sleeps(request: H256) -> u32 {
	let began = System::block_number();
	for _ in 0..30_000 {
		if stage(request).is_none() {
			return System::block_number() - began;
		}
		next_block(0);
	}
	panic!("it never ends: {:?}", record(request));
}

#[test]
fn from_every_stage_a_request_ends_though_everybody_is_silent() {
	type Moment = (&'static str, fn(Stage) -> bool, Option<Ending>);
	let moments: [Moment; 5] = [
		("drawn", |stage| matches!(stage, Stage::Drawing { .. }), Some(Ending::Refunded)),
		("raced for", |stage| stage == Stage::Racing, Some(Ending::Refunded)),
		("validated", |stage| matches!(stage, Stage::Validating { .. }), Some(Ending::Refunded)),
		("confirmed", |stage| matches!(stage, Stage::AwaitingConfirmation { .. }), Some(Ending::Refunded)),
		("shared", |stage| matches!(stage, Stage::Sharing { .. }), Some(Ending::Settled)),
	];
	for delivery in [Delivery::Verified, Delivery::FirstResponse, Delivery::Manual] {
		for (when, wanted, expected) in moments {
			story(|| {
				let service = serve(Terms { delivery, ..wide(4) }, 5);
				let slow = Conduct { commits_after: Some(9), claims: false, ..HONEST };
				let world = World::with((1..5).map(|number| (number, slow)));
				let request = ask(service, order(5));
				world.until(|| stage(request).is_none_or(wanted));
				if stage(request).is_none() {
					// Not every way leads there.
					assert_eq!(when == "validated", delivery == Delivery::Manual, "{when}");
					assert!(["validated", "confirmed"].contains(&when), "{when}");
					return;
				}
				let taken = everybody_sleeps(request);
				// Draws and races of all attempts; or a validation in which nobody says anything.
				let most = if when == "drawn" || when == "raced for" { (REDRAWS + 1) * (50 + 6) } else { 5_000 };
				assert!(taken <= most, "{when}: {taken}");
				assert_eq!(ending(request), expected, "{when}");
				check_books();
				assert_eq!(held(&client(), HoldReason::Request), 0);
				let pins = |who: &AccountId32| TrustLock::pinned(who, request);
				assert!((0..5).all(|number| pins(&provider(number)) == 0) && pins(&client()) == 0);
				assert_eq!(Races::<Test>::iter().count(), 0);
			});
		}
	}
}

#[test]
fn verifiers_that_sleep_keep_nobody_from_its_end() {
	story(|| {
		let service = serve(wide(2), 2);
		let world = World { verifiers_sleep: true, ..World::default() };
		let request = ask(service, order(10));
		world.until_ended(request);
		assert_eq!(held(&client(), HoldReason::Request), 0);
	});
}

#[test]
fn anybody_can_do_what_the_agenda_cannot() {
	story(|| {
		let service = serve(wide(2), 2);
		let world = World::default();
		let request = ask(service, order(5));
		StepWeight::set(&(AgendaWeight::get().ref_time() + 1));
		for _ in 0..2_000 {
			world.block();
			let due = <Pool as Market>::due(request).filter(|due| *due < ClockAt::get());
			let item = validation::Item::Market(request);
			if due.is_some() {
				assert_eq!(validation::Agenda::<Test>::iter_keys().filter(|(_, other)| *other == item).count(), 1);
				validate(account(77), validation::Call::advance { item }).unwrap();
				let again = validate(account(77), validation::Call::advance { item });
				assert!(again.is_err());
			}
			if stage(request).is_none() {
				break;
			}
			for task in validation::Tasks::<Test>::iter_keys().collect::<Vec<_>>() {
				let _ = validate(account(77), validation::Call::advance { item: validation::Item::Task(task) });
			}
			check_books();
		}
		assert_eq!(ending(request), Some(Ending::Settled));
		StepWeight::set(&0);
		next_block(0);
	});
}

#[test]
fn a_thousand_requests_are_in_flight_and_all_are_served() {
	story(|| {
		let service = serve(terms(), PROVIDERS);
		let clients: Vec<_> = (0..10).map(|number| account(210 + number)).collect();
		clients.iter().for_each(|who| newcomer(who, 100 * OGPU));
		let requests: Vec<_> = (0..1_000)
			.map(|number| {
				System::reset_events();
				ask_as(clients[number % 10].clone(), service, order(1)).unwrap()
			})
			.collect();
		assert_eq!(Services::<Test>::get(service).unwrap().requests, 1_000);
		// No more than a hundred steps fit into a block.
		StepWeight::set(&(AgendaWeight::get().ref_time() / 100));
		let world = World::default();
		let mut blocks = 0;
		while requests.iter().any(|request| stage(*request).is_some()) {
			world.block();
			blocks += 1;
			if blocks % 100 == 7 {
				check_books();
			}
			assert!(blocks < 1_000);
		}
		let settled = |event: &Event<Test>| matches!(event, Event::Closed { ending: Ending::Settled, .. });
		assert_eq!(events().iter().filter(|event| settled(event)).count(), 1_000);
		let served: Vec<_> = (0..PROVIDERS).map(|number| wealth(&provider(number))).collect();
		assert!(served.iter().all(|now| *now > 10_000 * OGPU + 10 * FLOOR), "everybody had a part: {served:?}");
	});
}
