//! Prices float with what was served, and are what they were when a request was made.

use super::*;

fn price(service: ServiceId) -> Balance {
	Pool::market_of(&Services::<Test>::get(service).unwrap()).leaf_price
}

/// Keeps the service as busy as its device can be, for so many slots.
fn busy(service: ServiceId, world: &World, slots: u32) {
	// A device does so many leaves in a slot.
	let leaves = (SPEED * 100 / 100) as u32;
	for _ in 0..slots {
		let request = ask(service, order(leaves));
		let _ = request;
		world.blocks(100);
	}
}

#[test]
fn demand_lifts_a_price_and_quiet_lowers_it() {
	story(|| {
		let cheap = Terms { floor: FLOOR / 1_000, class: Class { leaves_billionths: 1, ..Class::STANDARD }, ..terms() };
		let service = serve(cheap, 1);
		let world = World::default();
		assert_eq!(price(service), FLOOR / 1_000);
		busy(service, &world, 8);
		assert_eq!(price(service), FLOOR / 1_000, "what is settled a moment ago is no demand yet");
		busy(service, &world, 16);
		let high = price(service);
		assert!(high > FLOOR / 1_000 * 11 / 10, "{high}");
		// A request pays the price of its moment, and half of what exceeds the floor is burned.
		let since = Since::now();
		let request = ask(service, order(10));
		assert_eq!(record(request).leaf_price, high);
		let surcharge = 10 * (high - FLOOR / 1_000);
		let burned = (10 * high).div_ceil(50) + surcharge.div_ceil(2);
		let before = since.burned();
		world.until(|| {
			events().iter().any(|event| matches!(event, Event::Paid { request: paid, .. } if *paid == request))
		});
		let paid = events().into_iter().find_map(|event| match event {
			Event::Paid { request: of, amount, .. } if of == request => Some(amount),
			_ => None,
		});
		assert_eq!((paid, before), (Some(10 * high - burned), 0));
		world.blocks(12 * 100 * 3);
		assert!(price(service) < high);
		world.blocks(12 * 100 * 10);
		assert_eq!(price(service), FLOOR / 1_000);
	});
}

#[test]
fn a_price_above_the_limit_is_refused() {
	story(|| {
		let service = serve(terms(), 1);
		let too_dear = Order { max_price: FLOOR - 1, ..order(5) };
		refused(client(), Call::request { service, order: too_dear }, Error::<Test>::Overpriced);
		ask(service, Order { max_price: FLOOR, ..order(5) });
	});
}

#[test]
fn a_new_floor_holds_for_requests_to_come() {
	story(|| {
		let service = serve(terms(), 1);
		let before = ask(service, order(5));
		send(publisher(), Call::update_service { service, terms: Terms { floor: 2 * FLOOR, ..terms() } }).unwrap();
		assert_eq!(price(service), 2 * FLOOR, "no price is below its floor");
		let after = ask(service, order(5));
		assert_eq!((record(before).leaf_price, record(after).leaf_price), (FLOOR, 2 * FLOOR));
		send(publisher(), Call::update_service { service, terms: terms() }).unwrap();
		assert_eq!(price(service), 2 * FLOOR, "it falls by itself");
		let world = World::default();
		world.until_ended(before);
		world.until_ended(after);
		world.blocks(3_000);
		assert_eq!(price(service), FLOOR);
	});
}
