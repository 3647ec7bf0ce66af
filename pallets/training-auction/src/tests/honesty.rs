//! Whether it pays to lie, played through the chain: bids, work, lateness, settlement.

use super::*;
use ogpu_protocol::cost::{burned, BURNED_BILLIONTHS};
use proptest::prelude::*;

const CEILING: Balance = OGPU;
const LONGEST: u32 = 300;
/// Prices are a hundredth of it, or two, or three, so that bids are often close.
const UNIT: Balance = CEILING / 100;

/// What a bidder says.
#[derive(Clone, Copy, Debug)]
struct Says {
	price: Balance,
	eta: u32,
}

/// What it is like.
#[derive(Clone, Copy, Debug)]
struct Is {
	cost: Balance,
	taken: u32,
}

/// What a bidder does with its bid and with the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
	Works,
	/// It does not reveal.
	Hides,
	/// It does not begin when it has won.
	StaysAway,
}

#[derive(Clone, Debug)]
struct Market {
	speed: u32,
	rivals: Vec<Says>,
	/// Whether each bidder has a name.
	is_known: [bool; 6],
}

/// The least price that covers the cost after the burn.
fn honest_price(cost: Balance) -> Balance {
	(cost * 50 / 49..).find(|price| price - burned(*price, BURNED_BILLIONTHS) >= cost).unwrap()
}

/// What an account gained, in 10⁻¹⁸ OGPU.
fn gain(who: &AccountId32, before: Balance) -> i128 {
	wealth(who) as i128 - before as i128
}

/// Plays an auction to its end among the rivals, who do as they say, and these others, and returns what the others gained
/// together. Whoever of them gets the work has its costs.
fn play(market: &Market, others: &[(Says, Does)], is: Is) -> i128 {
	let mut gained = 0;
	story(|world| {
		for who in (0..PROVIDERS).filter(|who| market.is_known[usize::from(*who)]) {
			<TrustLock as Record<_>>::audited(&provider(who), 1_000 * OGPU);
		}
		let spec = Spec { speed_billionths: market.speed, longest_blocks: LONGEST, ..spec() };
		let id = create(spec, CEILING);
		let rivals = market.rivals.iter().map(|says| (*says, Does::Works));
		// The others come last among providers, so that their names do not depend on how many rivals there are.
		let first = PROVIDERS - others.len() as u8;
		let bidders: Vec<_> = (0u8..).zip(rivals).chain((first..).zip(others.iter().copied())).collect();
		let before: Vec<_> = others.iter().enumerate().map(|(at, _)| wealth(&provider(first + at as u8))).collect();
		for (who, (says, _)) in &bidders {
			bid(*who, id, says.price, says.eta);
		}
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		for (who, (says, _)) in bidders.iter().filter(|(_, (_, does))| *does != Does::Hides) {
			reveal(*who, id, says.price, says.eta);
		}
		while Jobs::<Test>::contains_key(id) {
			let working = Jobs::<Test>::get(id).filter(|job| job.stage == Stage::Offered).and_then(|job| job.run);
			if let Some(run) = working {
				let at = |(who, _): &&(u8, (Says, Does))| provider(*who) == run.bid.bidder.operator;
				let (who, (says, does)) = *bidders.iter().find(at).unwrap();
				if does == Does::Works {
					start(who, id);
					let taken = if who >= first { is.taken } else { says.eta };
					// It takes as long as it takes; what is late for the client is not done.
					world.until_time(run.since + taken.min(LONGEST));
					if who >= first {
						gained -= is.cost as i128;
					}
					world.deliver_all(who, id);
				}
			}
			world.block();
		}
		for (at, before) in before.into_iter().enumerate() {
			gained += gain(&provider(first + at as u8), before);
		}
	});
	gained
}

fn says() -> impl Strategy<Value = Says> {
	(0..=100 as Balance, 1..=LONGEST).prop_map(|(price, eta)| Says { price: price * UNIT, eta })
}

fn market(rivals: std::ops::Range<usize>) -> impl Strategy<Value = Market> {
	let speed = prop_oneof![Just(0u32), Just(300_000_000), Just(900_000_000), 0..900_000_000u32];
	(speed, prop::collection::vec(says(), rivals), any::<[bool; 6]>()).prop_map(|(speed, rivals, is_known)| Market {
		speed,
		rivals,
		is_known,
	})
}

fn is() -> impl Strategy<Value = Is> {
	(0..=98 as Balance, 1..=LONGEST).prop_map(|(cost, taken)| Is { cost: cost * UNIT, taken })
}

fn truth(is: Is) -> Says {
	Says { price: honest_price(is.cost), eta: is.taken }
}

/// What rounding of scores may move a price by.
const DUST: i128 = 10_000;

proptest! {
	#![proptest_config(ProptestConfig::with_cases(24))]

	/// Rivals may be the client's shills, as far as a bidder can tell: whatever they say, the truth does best.
	#[test]
	fn no_other_price_or_time_gains_more_than_the_truth(market in market(1..4), is in is(), lies in prop::collection::vec(says(), 3)) {
		let honest = play(&market, &[(truth(is), Does::Works)], is);
		prop_assert!(honest >= -DUST, "the truth loses nothing: {}", honest);
		let near = [
			Says { price: (truth(is).price + UNIT).min(CEILING), ..truth(is) },
			Says { price: truth(is).price.saturating_sub(UNIT), ..truth(is) },
			Says { eta: (is.taken * 2 / 3).max(1), ..truth(is) },
		];
		for lie in lies.into_iter().chain(near) {
			let gained = play(&market, &[(lie, Does::Works)], is);
			prop_assert!(gained <= honest + DUST, "{:?} gains {} and the truth {}", lie, gained, honest);
		}
	}

	/// Neither does a second bid under another name, be it revealed, kept back, or only there to win and stay away.
	#[test]
	fn a_second_name_gains_nothing_against_a_rival(
		market in market(1..4),
		is in is(),
		mine in says(),
		sybil in says(),
	) {
		// Neither name is better known than the other: else it would do best under the better one.
		let mut market = market;
		market.is_known[4] = market.is_known[5];
		let honest = play(&market, &[(truth(is), Does::Works)], is);
		for does in [Does::Works, Does::Hides, Does::StaysAway] {
			for (first, second) in [(mine, sybil), (truth(is), sybil)] {
				let mine = Says { eta: is.taken, ..first };
				let gained = play(&market, &[(mine, Does::Works), (second, does)], is);
				prop_assert!(
					gained <= honest + DUST,
					"{:?} and {:?}, which {:?}, gain {}, and the truth {}", mine, second, does, gained, honest
				);
			}
		}
	}

	/// A client that lets a friend bid gets the work no cheaper than from the best bidder at its own price, which a
	/// ceiling could do as well; and the best bidder, which said the truth, does not lose.
	#[test]
	fn a_clients_shill_takes_no_bidder_below_its_own_price(market in market(0..3), is in is(), shill in says()) {
		for does in [Does::Works, Does::Hides, Does::StaysAway] {
			let mut with_shill = market.clone();
			with_shill.rivals.truncate(2);
			let gained = shilled(&with_shill, shill, does, is);
			prop_assert!(gained >= -DUST, "{}", gained);
		}
	}
}

/// What an honest bidder gains among rivals and a shill.
fn shilled(market: &Market, shill: Says, does: Does, is: Is) -> i128 {
	let mut honest = 0;
	story(|world| {
		let spec = Spec { speed_billionths: market.speed, longest_blocks: LONGEST, ..spec() };
		let id = create(spec, CEILING);
		let (me, friend) = (5u8, 4u8);
		let truth = truth(is);
		let before = wealth(&provider(me));
		let mut bids: Vec<_> = (0u8..).zip(market.rivals.iter().copied()).collect();
		bids.extend([(friend, shill), (me, truth)]);
		bids.iter().for_each(|(who, says)| bid(*who, id, says.price, says.eta));
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		for (who, says) in bids.iter().filter(|(who, _)| *who != friend || does != Does::Hides) {
			reveal(*who, id, says.price, says.eta);
		}
		while Jobs::<Test>::contains_key(id) {
			let working = Jobs::<Test>::get(id).filter(|job| job.stage == Stage::Offered).and_then(|job| job.run);
			if let Some(run) = working {
				let (who, says) = *bids.iter().find(|(who, _)| provider(*who) == run.bid.bidder.operator).unwrap();
				// An honest bidder that is offered the rest for less than its cost says no.
				if who != friend || does != Does::StaysAway {
					start(who, id);
					world.until_time(run.since + says.eta.min(run.bid.eta_blocks));
					if who == me {
						honest -= is.cost as i128;
					}
					world.deliver_all(who, id);
				}
			}
			world.block();
		}
		honest += gain(&provider(me), before);
	});
	honest
}
