//! Whoever buys from itself to get a good name pays more for it than the name saves.

use super::*;
use std::cell::Cell;

/// What a provider and its friend, a client, have gained once the friend had this many requests served, and then a
/// stranger that many.
fn gained(by_the_friend: u32, by_a_stranger: u32) -> i128 {
	let gained = Cell::new(0);
	story(|| {
		let (seller, friend) = (provider(0), provider(1));
		let service = serve(Terms { class: Class::ECONOMY, ..terms() }, 1);
		let (world, since) = (World::default(), Since::now());
		for _ in 0..by_the_friend {
			let request = ask_as(friend.clone(), service, order(10)).unwrap();
			assert_eq!(world.until_ended(request), Ending::Settled);
		}
		for _ in 0..by_a_stranger {
			assert_eq!(world.play(service, order(10)).1, Ending::Settled);
		}
		gained.set(since.gain(&seller) + since.gain(&friend));
	});
	gained.get()
}

#[test]
fn a_name_that_is_bought_from_oneself_costs_more_than_it_saves() {
	for by_a_stranger in [0, 3, 12, 25] {
		let honest = gained(0, by_a_stranger);
		for by_the_friend in [1, 6, 12] {
			let bought = gained(by_the_friend, by_a_stranger);
			assert!(bought < honest, "{by_the_friend} and {by_a_stranger}: {bought} and {honest}");
		}
	}
}
