//! The market: auctions, pools, names and fines. All with the default parameters.

use super::{
	any, blake2,
	json::{case, name, object, Json},
	stream, Area,
};
use ogpu_protocol::{
	auction::{tie, AuctionParameters, Award, Bar, Bid, Offer, RecentSales, Standing, Terms},
	commitment::{Domain, Place},
	pool::{draw, leader, pot_share, Arrival, Candidate, Market, PriceParameters, Race, RaceParameters, Racer, Served},
	reputation::{decayed, Reputation, ReputationParameters},
	slashing::{
		false_challenge, input_fault, pin, unrevealed_bid, Conviction, Distribution, Escrow, Metered, Pay, Penalty,
		SeatFault, Settlement, SlashingParameters, Undecided, Undone, Unserved,
	},
	time::DAYS,
	token::{Balance, CAP, OGPU},
};

const BILLION: u32 = 1_000_000_000;

pub fn auction() -> Area {
	let parameters = AuctionParameters::default();
	let AuctionParameters { most_speed_billionths, handicap_billionths, window_blocks } = parameters;
	let defaults = case(object! {}, object! { most_speed_billionths, handicap_billionths, window_blocks });
	let bid = |bidder: u32, price, eta_blocks, reputation_billionths| {
		let tie = any(&format!("tie {bidder}"));
		Bid { bidder, price, eta_blocks, reputation_billionths, tie }
	};
	let bid_json = |Bid { bidder, price, eta_blocks, reputation_billionths, tie }: &Bid<u32>| {
		object! { bidder, price, eta_blocks, reputation_billionths, tie }
	};
	let auction_case =
		|ceiling: Balance, longest_blocks: u32, speed_billionths: u32, usual: Option<Balance>, bids: &[Bid<u32>]| {
			let late_blocks = [0, 10, longest_blocks / 2, longest_blocks, longest_blocks.saturating_add(1)];
			let out = Terms::new(ceiling, longest_blocks, speed_billionths, &parameters).map(|terms| {
				let mut standing = Standing::default();
				let out_of_it: Vec<_> =
					bids.iter().map(|bid| standing.rank(*bid, &terms).map(|bid| bid.bidder)).collect();
				let scores: Vec<_> = bids.iter().map(|bid| terms.score(bid)).collect();
				let award = standing.award(&terms, usual).map(|award| {
					let Award { fee, bar: Bar { score, must_beat }, .. } = award;
					let fees_when_late: Vec<_> =
						late_blocks.iter().map(|taken| award.fee_when_late(&terms, *taken)).collect();
					let eta = standing.winner.unwrap().eta_blocks;
					let course = |elapsed, verified| award.fee_on_course(&terms, eta, elapsed, verified, 1_000);
					let fees_on_course = vec![
						course(0, 0),
						course(1, 0),
						course(5, 500),
						course(longest_blocks / 2, 333),
						course(longest_blocks, 1_000),
					];
					object! { fee, score, must_beat, fees_when_late, fees_on_course }
				});
				let [winner, runner_up] = [standing.winner, standing.runner_up].map(|bid| bid.map(|bid| bid.bidder));
				object! { scores, out: out_of_it, winner, runner_up, award }
			});
			let bids: Vec<_> = bids.iter().map(bid_json).collect();
			case(
				object! {
					ceiling, longest_blocks, speed_billionths, usual_price: usual, bids,
					late_blocks: late_blocks.to_vec(),
				},
				out,
			)
		};
	let five = [
		bid(0, 8 * OGPU, 300, BILLION),
		bid(1, 7 * OGPU + 1, 500, BILLION / 2),
		bid(2, 10 * OGPU + 1, 10, BILLION),
		bid(3, 3 * OGPU, 1_200, 0),
		bid(4, OGPU, 1_201, BILLION),
	];
	let alike = [bid(5, OGPU, 7, BILLION / 3), bid(6, OGPU, 7, BILLION / 3), bid(7, OGPU, 7, BILLION / 3)];
	let auctions = vec![
		auction_case(10 * OGPU, 1_200, BILLION / 2, None, &five),
		auction_case(10 * OGPU, 1_200, 0, None, &five),
		auction_case(10 * OGPU, 1_200, most_speed_billionths, None, &five),
		auction_case(10 * OGPU, 1_200, most_speed_billionths + 1, None, &five),
		auction_case(0, 1_200, 0, None, &five),
		auction_case(10 * OGPU, 0, 0, None, &five),
		auction_case(2 * OGPU, 20, BILLION / 3, None, &alike),
		auction_case(10 * OGPU, 1_200, BILLION / 2, Some(4 * OGPU), &five[3..]),
		auction_case(10 * OGPU, 1_200, BILLION / 2, Some(2 * OGPU), &five[3..]),
		auction_case(10 * OGPU, 1_200, BILLION / 2, Some(CAP), &five[3..]),
		auction_case(10 * OGPU, 1_200, BILLION / 2, None, &five[4..]),
		auction_case(10 * OGPU, 1_200, BILLION / 2, Some(OGPU), &[]),
		auction_case(1, 1, 1, None, &[bid(8, 0, 0, 0), bid(9, 1, 1, u32::MAX)]),
		auction_case(CAP, u32::MAX, 123_456_789, None, &[bid(10, CAP, u32::MAX, 7), bid(11, CAP - 1, u32::MAX, 7)]),
	];
	let tie_case = |seed, operator| case(object! { seed, operator }, tie(blake2, &seed, &operator));
	let offer_case = |price: Balance, eta_blocks: u32| {
		let (task, account, device, salt) = (any("request"), any("operator"), any("device"), any("salt"));
		let out = Place { task, round: 0, account }.commit(blake2, &Offer { price, eta_blocks, device }, &salt);
		case(object! { task, round: 0u32, account, value: object! { price, eta_blocks, device }, salt }, out)
	};
	let sales_case = |notes: &[(u32, Balance, u128)], now: u32, work: u128| {
		let mut sales = RecentSales::default();
		for (settled, fee, work) in notes {
			sales.note(*settled, *fee, *work, &parameters);
		}
		let notes: Vec<_> = notes.iter().map(|(settled, fee, work)| object! { settled, fee, work }).collect();
		case(object! { sales: notes, now, work }, sales.usual_price(now, work, &parameters))
	};
	let three = [(100, OGPU, 7_000_000_000), (200, 9 * OGPU, 20_000_000_000), (300, 5, 1)];
	let crowd: Vec<_> = (0..40u32)
		.map(|sale| (sale, OGPU + 1_000 * u128::from(sale % 7), 1_000_000_000 + u128::from(sale * sale % 11)))
		.collect();
	Area {
		name: "auction",
		description: "Auctions: bids in the order of their reveals, their scores, who is out of the \
			running after each, and what the winner is paid, in time, late, and at the pace so \
			far (after 0 and 1 blocks with nothing verified of 1,000, after 5 with 500, after \
			half of the longest time with 333, after all of it with 1,000); what decides ties; \
			sealed bids; the usual price.",
		sections: vec![
			("defaults", vec![defaults]),
			("auctions", auctions),
			("ties", vec![tie_case(any("seed"), any("operator")), tie_case([0; 32], [0xff; 32])]),
			("offers", vec![offer_case(OGPU, 100), offer_case(0, 0), offer_case(Balance::MAX, u32::MAX)]),
			(
				"usual_prices",
				vec![
					sales_case(&three, 300, 1_000_000_000),
					sales_case(&three, 100 + window_blocks, 3),
					sales_case(&three, 101 + window_blocks, 3),
					sales_case(&three, 301 + window_blocks, 3),
					sales_case(&[(1, OGPU, 0)], 1, 1),
					sales_case(&crowd, 50, 1_000_000_000),
				],
			),
		],
	}
}

pub fn pool() -> Area {
	let (prices, races) = (PriceParameters::default(), RaceParameters::default());
	let PriceParameters {
		slot_blocks,
		target_billionths,
		step_billionths,
		most_floors,
		surcharge_burned_billionths,
		burned_billionths,
	} = prices;
	let RaceParameters { tie_blocks, weight_per_ogpu, pot_billionths } = races;
	let defaults = case(
		object! {},
		object! {
			slot_blocks, target_billionths, step_billionths, most_floors, surcharge_burned_billionths, burned_billionths,
			tie_blocks, weight_per_ogpu, pot_billionths,
		},
	);
	let next_case = |(price, floor, used, capacity): (Balance, Balance, u64, u64)| {
		case(object! { price, floor, used, capacity }, prices.next_price(price, floor, used, capacity))
	};
	let nexts = [
		(OGPU, OGPU / 10, 100, 100),
		(OGPU, OGPU / 10, 75, 100),
		(OGPU, OGPU / 10, 76, 100),
		(OGPU, OGPU / 10, 74, 100),
		(OGPU, OGPU / 10, 0, 100),
		(OGPU, OGPU / 10, 0, 0),
		(OGPU, OGPU / 10, 5, 0),
		(OGPU, OGPU / 10, u64::MAX, 1),
		(OGPU, OGPU, 0, 1),
		(100 * OGPU, OGPU, 1, 1),
		(1, 0, 1, 1),
		(1, 0, 0, 1),
		(7, 1, 8, 10),
		(Balance::MAX, Balance::MAX, 1, 1),
		(0, 3, 0, 1),
	];
	let pay_case = |(leaf_price, floor, leaves): (Balance, Balance, u32)| {
		let out = prices.pay(leaf_price, floor, leaves).map(|Pay { provider, burned }| object! { provider, burned });
		case(object! { leaf_price, floor, leaves }, out)
	};
	let pays = [
		(OGPU, OGPU, 10),
		(3 * OGPU, OGPU, 7),
		(OGPU, 2 * OGPU, 3),
		(1, 1, 1),
		(2, 1, 1),
		(0, 0, 5),
		(OGPU, 0, 0),
		(Balance::MAX, 0, 2),
	];
	let market_case = |floor: Balance, start: u32, steps: &[(u32, u32, u64, usize)]| {
		let mut market = Market::new(start, floor);
		let mut devices = [None::<Served>; 3];
		let look = |market: &Market| {
			let Market { leaf_price, slot, opened, settled, capacity } = market;
			object! { leaf_price, slot, opened, settled: settled.to_vec(), capacity: capacity.to_vec() }
		};
		let out: Vec<_> = steps
			.iter()
			.map(|(now, leaves, capacity, device)| {
				market = market.at(*now, floor, &prices);
				devices[*device] = Some(market.settle(*leaves, *capacity, devices[*device]));
				look(&market)
			})
			.collect();
		let steps: Vec<_> =
			steps.iter().map(|(now, leaves, capacity, device)| object! { now, leaves, capacity, device }).collect();
		case(object! { floor, start, steps }, out)
	};
	let busy: Vec<_> = (0..15).map(|step| (1_000 + 100 * step, 90, 100, (step % 2) as usize)).collect();
	let pauses = [
		(0, 5, 10, 0),
		(50, 5, 12, 0),
		(450, 1, 10, 1),
		(1_300, 9, 10, 2),
		(1_300 + 100 * 4_031, 1, 1, 0),
		(1_300 + 100 * 8_064, 1, 1, 0),
	];
	let markets =
		vec![market_case(OGPU / 1_000, 999, &busy), market_case(1, 0, &pauses), market_case(0, 0, &pauses[..2])];
	let candidates = |weights: &[(&str, u64)]| {
		weights
			.iter()
			.map(|(operator, weight)| Candidate { operator: any(operator), weight: *weight })
			.collect::<Vec<_>>()
	};
	const DOMAIN: Domain = *b"ogpu/vectors-own";
	let draw_case = |weights: &[(&str, u64)], width: u32, seed: &str| {
		let (seed, candidates) = (any(seed), candidates(weights));
		let drawn = draw(&candidates, width, &mut stream(&DOMAIN, &seed));
		let out: Vec<_> = drawn.iter().map(|Racer { candidate, lots }| object! { candidate, lots }).collect();
		let candidates: Vec<_> =
			candidates.iter().map(|Candidate { operator, weight }| object! { operator, weight }).collect();
		case(object! { domain: DOMAIN, seed, candidates, width }, out)
	};
	let field = [("a", 50), ("b", 30), ("a", 20), ("c", 0), ("d", 5), ("e", 100)];
	let draws = vec![
		draw_case(&field, 1, "one"),
		draw_case(&field, 3, "three"),
		draw_case(&field, 4, "four"),
		draw_case(&field, 99, "all"),
		draw_case(&[("a", 1)], 5, "alone"),
		draw_case(&[("a", 0)], 2, "nothing"),
		draw_case(&[], 2, "nobody"),
		draw_case(&[("a", u64::MAX), ("b", u64::MAX), ("c", u64::MAX), ("d", 1)], 4, "heavy"),
	];
	let leader_case = |arrivals: &[(u32, u32)]| {
		let arrivals: Vec<_> = arrivals.iter().map(|(rank, block)| Arrival { rank: *rank, block: *block }).collect();
		let out = leader(&arrivals, &races);
		let arrivals: Vec<_> = arrivals.iter().map(|Arrival { rank, block }| object! { rank, block }).collect();
		case(object! { arrivals }, out)
	};
	let arrived = [Arrival { rank: 2, block: 10 }, Arrival { rank: 0, block: 12 }];
	let admit_case = |(drawn, closes, has_ended, rank, now): (u32, u32, bool, Option<u32>, u32)| {
		let race = Race { drawn, arrivals: &arrived, closes, has_ended };
		let out = match race.admit(rank, now) {
			Ok(rank) => object! { rank },
			Err(reason) => object! { refused: name(reason) },
		};
		let arrivals: Vec<_> = arrived.iter().map(|Arrival { rank, block }| object! { rank, block }).collect();
		case(object! { drawn, arrivals, closes, has_ended, rank, now }, out)
	};
	let admits = [
		(4, 20, false, Some(1), 20),
		(4, 20, false, Some(1), 21),
		(4, 20, true, Some(1), 21),
		(4, 20, false, Some(2), 5),
		(4, 20, false, Some(4), 5),
		(4, 20, false, None, 5),
		(2, 20, false, Some(1), 5),
	];
	let weight_case = |(score, observed, free_bond): (u64, Option<u64>, Balance)| {
		case(object! { score, observed, free_bond }, races.draw_weight(score, observed, free_bond))
	};
	let pot_case = |(fee, width, lots): (Balance, u32, u32)| {
		let pot = races.pot(fee, width);
		case(object! { fee, width, lots }, object! { pot, share: pot_share(pot, lots, width) })
	};
	Area {
		name: "pool",
		description: "Pools: the price after a slot, what becomes of a fee, markets in which leaves are \
			settled (each step at a time, by a device), races drawn by weight, who leads, who \
			may still commit, weights of devices, pots and parts in them.",
		sections: vec![
			("defaults", vec![defaults]),
			("next_prices", nexts.map(next_case).to_vec()),
			("pays", pays.map(pay_case).to_vec()),
			("markets", markets),
			("draws", draws),
			(
				"leaders",
				vec![
					leader_case(&[]),
					leader_case(&[(3, 10)]),
					leader_case(&[(3, 10), (1, 12), (0, 13)]),
					leader_case(&[(2, 11), (2, 10), (4, 9)]),
				],
			),
			("admissions", admits.map(admit_case).to_vec()),
			(
				"weights",
				[
					(500, None, OGPU),
					(500, Some(400), OGPU),
					(500, Some(600), OGPU / 4),
					(u64::MAX, None, Balance::MAX),
					(5, Some(5), 0),
				]
				.map(weight_case)
				.to_vec(),
			),
			(
				"pots",
				[(OGPU, 1, 1), (OGPU + 1, 3, 1), (OGPU + 1, 3, 3), (7, 16, 5), (7, 99, 16), (0, 0, 0), (OGPU, 2, 0)]
					.map(pot_case)
					.to_vec(),
			),
		],
	}
}

pub fn reputation() -> Area {
	let parameters = ReputationParameters::default();
	let ReputationParameters {
		merit_half_life_blocks,
		fault_half_life_blocks,
		half_experience,
		punctuality_credit,
		trusted_multiple,
	} = parameters;
	let defaults = case(
		object! {},
		object! {
			merit_half_life_blocks, fault_half_life_blocks, half_experience, punctuality_credit,
			trusted_multiple,
		},
	);
	let decay_case = |(amount, since, now, half_life_blocks): (u128, u32, u32, u32)| {
		case(object! { amount, since, now, half_life_blocks }, decayed(amount, since, now, half_life_blocks))
	};
	let decays = [
		(OGPU, 0, 0, 100),
		(OGPU, 0, 50, 100),
		(OGPU, 0, 100, 100),
		(OGPU, 30, 130, 100),
		(OGPU, 99, 100, 100),
		(OGPU, 130, 30, 100),
		(OGPU, 7, 7_000, 100),
		(OGPU, 0, u32::MAX, 1),
		(OGPU, 0, 5, 0),
		(u128::MAX, 99, 100, 100),
		(u128::MAX, 0, 300, u32::MAX),
		(3, 0, 150, 100),
	];
	let json = |record: &Reputation| {
		let Reputation { clean, punctual, late, faults_billionths, written } = *record;
		object! { clean, punctual, late, faults_billionths, written }
	};
	/// What happened to an escrow.
	#[derive(Clone, Copy)]
	enum Deed {
		Audited(Balance),
		Punctual(Balance),
		Late(Balance),
		Fault,
	}
	use Deed::*;
	let life_case = |deeds: &[(u32, Deed)], looks: &[u32]| {
		let step = |record: Reputation, (now, deed): &(u32, Deed)| match *deed {
			Audited(fee) => record.audited(*now, fee, &parameters),
			Punctual(fee) => record.delivered(*now, fee, false, &parameters),
			Late(fee) => record.delivered(*now, fee, true, &parameters),
			Fault => record.faulted(*now, &parameters),
		};
		let record = deeds.iter().fold(Reputation::default(), step);
		let look = |now: &u32| {
			let seen = record.assess(*now, &parameters);
			let audits: Vec<_> = [0, OGPU, 50 * OGPU, CAP]
				.iter()
				.map(|at_stake| record.audit_billionths(*now, *at_stake, BILLION / 20, &parameters))
				.collect();
			object! {
				score: seen.score_billionths, experience: seen.experience_billionths,
				punctuality: seen.punctuality_billionths,
				faultlessness: seen.faultlessness_billionths, record: json(&seen.record),
				audits, words: seen.to_string(),
			}
		};
		let looked: Vec<_> = looks.iter().map(look).collect();
		let deed = |(now, deed): &(u32, Deed)| {
			let (what, fee) = match deed {
				Audited(fee) => ("audited", *fee),
				Punctual(fee) => ("punctual", *fee),
				Late(fee) => ("late", *fee),
				Fault => ("fault", 0),
			};
			object! { now, what, fee }
		};
		let deeds: Vec<_> = deeds.iter().map(deed).collect();
		case(object! { deeds, looks }, object! { record: json(&record), looked })
	};
	let (day, month) = (DAYS, 30 * DAYS);
	let good = [
		(day, Audited(400 * OGPU)),
		(day, Punctual(400 * OGPU)),
		(month, Audited(900 * OGPU)),
		(month, Punctual(850 * OGPU)),
		(month + 7, Late(50 * OGPU)),
	];
	let fallen: Vec<_> =
		good.into_iter().chain([(2 * month, Fault), (3 * month, Audited(10 * OGPU)), (3 * month, Fault)]).collect();
	let lives = vec![
		life_case(&[], &[0, day]),
		life_case(&good, &[month, 2 * month, 12 * month, 200 * month]),
		life_case(&fallen, &[3 * month, 12 * month]),
		life_case(&[(5, Late(OGPU))], &[5]),
		life_case(
			&[(0, Audited(Balance::MAX)), (0, Audited(1)), (0, Punctual(Balance::MAX)), (0, Late(Balance::MAX))],
			&[0, 180 * day],
		),
	];
	Area {
		name: "reputation",
		description: "Reputation: how amounts fade; and accounts to which something happened, seen at some \
			times: the score and its parts in billionths, how likely a task is audited with 0, \
			1, 50 and 21,000,000 OGPU at stake in a class of a twentieth, and the words.",
		sections: vec![("defaults", vec![defaults]), ("decays", decays.map(decay_case).to_vec()), ("lives", lives)],
	}
}

fn distribution_json(Distribution { client, jury, finder, provider, treasury, burned }: &Distribution) -> Json {
	object! { client, jury, finder, provider, treasury, burned }
}

fn penalty_json(Penalty { taken, to }: &Penalty) -> Json {
	object! { taken, to: distribution_json(to) }
}

fn settlement_json(Settlement { from_held, from_bond, to }: &Settlement) -> Json {
	object! { from_held, from_bond, to: distribution_json(to) }
}

pub fn slashing() -> Area {
	let parameters = SlashingParameters::default();
	let SlashingParameters {
		burned_billionths,
		compensation_billionths,
		finder_billionths,
		lateness_billionths,
		abandoned_billionths,
		retained_billionths,
		unrevealed_billionths,
		challenged_billionths,
		silence_tenths,
		vote_tenths,
		approval_tenths,
	} = parameters;
	let defaults = case(
		object! {},
		object! {
			burned_billionths, compensation_billionths, finder_billionths, lateness_billionths, abandoned_billionths,
			retained_billionths, unrevealed_billionths, challenged_billionths, silence_tenths,
			vote_tenths, approval_tenths,
		},
	);
	let conviction_case = |(lock, bond, jury_bill, fee, spent_by_client, has_finder): (
		Balance,
		Balance,
		Balance,
		Balance,
		Balance,
		bool,
	)| {
		let out = Conviction { lock, bond, jury_bill, fee, spent_by_client, has_finder }.penalty(&parameters);
		case(object! { lock, bond, jury_bill, fee, spent_by_client, has_finder }, penalty_json(&out))
	};
	let convictions = [
		(100 * OGPU, 20 * OGPU, OGPU / 10, OGPU, OGPU / 2, false),
		(100 * OGPU, 20 * OGPU, OGPU / 10, OGPU, OGPU / 2, true),
		(100 * OGPU, 3, 7, 11, 2, true),
		(5, 20, 4, 10, 3, true),
		(5, 20, 4, 10, 9, true),
		(0, 20, 4, 10, 3, true),
		(10, 0, 0, 0, 0, true),
		(Balance::MAX, Balance::MAX, 1, Balance::MAX, 1, true),
	];
	let pin_case = |(bond, jury_bill, fee, released_at_most): (Balance, Balance, Balance, Balance)| {
		let out = pin(bond, jury_bill, fee, released_at_most, &parameters);
		case(object! { bond, jury_bill, fee, released_at_most }, out)
	};
	let pins = [
		(1_000, 5, 100, 50),
		(0, 5, 101, 50),
		(0, 0, 101, 0),
		(0, 0, 0, 0),
		(Balance::MAX, 1, 1, 1),
		(1, Balance::MAX, 1, 1),
	];
	let fault_case = |(fault, jury_bill, stake, leaf_fee): (&str, Balance, Balance, Balance)| {
		let it = match fault {
			"FalseAlarm" => SeatFault::FalseAlarm { jury_bill },
			"WrongApproval" => SeatFault::WrongApproval { jury_bill },
			"LostVote" => SeatFault::LostVote { jury_bill },
			"SilentBeforeCommit" => SeatFault::SilentBeforeCommit,
			"SilentAfterCommit" => SeatFault::SilentAfterCommit { jury_bill },
			"SilentAfterReveal" => SeatFault::SilentAfterReveal { jury_bill },
			_ => SeatFault::Unserved { jury_bill },
		};
		case(object! { fault, jury_bill, stake, leaf_fee }, penalty_json(&it.penalty(stake, leaf_fee, &parameters)))
	};
	let kinds = [
		"FalseAlarm",
		"WrongApproval",
		"LostVote",
		"SilentBeforeCommit",
		"SilentAfterCommit",
		"SilentAfterReveal",
		"Unserved",
	];
	let sums = [(1_000, OGPU, 101), (0, OGPU, 101), (1_000, 300, 101), (1_000, 0, 101), (10, OGPU, 1)];
	let faults = kinds.iter().flat_map(|kind| sums.map(|(bill, stake, leaf_fee)| (*kind, bill, stake, leaf_fee)));
	let unserved_case = |(jury_bill, auditors, pinned): (Balance, u32, Balance)| {
		let unserved = Unserved { jury_bill, auditors };
		let seats = unserved.auditors().map(|fault| penalty_json(&fault.penalty(OGPU, 101, &parameters)));
		let out = object! { provider: penalty_json(&unserved.provider(pinned)), auditors: seats.collect::<Vec<_>>() };
		case(object! { jury_bill, auditors, pinned }, out)
	};
	let challenge_case = |(bond, jury_bill): (Balance, Balance)| {
		case(object! { bond, jury_bill }, penalty_json(&false_challenge(bond, jury_bill, &parameters)))
	};
	let input_case = |(lock, elapsed_pay, jury_bill): (Balance, Balance, Balance)| {
		case(
			object! { lock, elapsed_pay, jury_bill },
			penalty_json(&input_fault(lock, elapsed_pay, jury_bill, &parameters)),
		)
	};
	let unrevealed_case = |(lock, ceiling): (Balance, Balance)| {
		case(object! { lock, ceiling }, penalty_json(&unrevealed_bid(lock, ceiling, &parameters)))
	};
	let undecided_case =
		|(fee, checking, challenge_bond, jury_bill, grant): (Balance, Balance, Balance, Balance, Balance)| {
			let out = Undecided { fee, checking, challenge_bond, jury_bill, grant }.settle();
			let out = out.map(
				|Undone { client, jury, challenger, from_treasury }| object! { client, jury, challenger, from_treasury },
			);
			case(object! { fee, checking, challenge_bond, jury_bill, grant }, out)
		};
	let end_case = |(held, fee, released, bond): (Balance, Balance, Balance, Balance)| {
		let escrow = Escrow { held, fee, released, bond };
		let (third, since) = (fee / 3, Metered { anchored: 250, work_per_block: 20, elapsed_blocks: 10 });
		let milestone = |verified, total, course| {
			escrow.milestone(verified, total, course, &parameters).as_ref().map(settlement_json)
		};
		let cancelled = |verified, total, since, course| {
			escrow.cancelled(verified, total, since, course, &parameters).as_ref().map(settlement_json)
		};
		let out = object! {
			finished: settlement_json(&escrow.finished(&parameters)),
			late: settlement_json(&escrow.finished_late(third, &parameters)),
			abandoned: penalty_json(&escrow.abandoned(&parameters)),
			milestones: vec![milestone(500, 1_000, fee), milestone(2_000, 1_000, third), milestone(0, 0, fee)],
			cancelled: vec![
				cancelled(500, 1_000, since, fee),
				cancelled(500, 1_000, since, third),
				cancelled(0, 1_000, Metered::default(), fee),
				cancelled(0, 0, since, fee),
			],
		};
		case(object! { held, fee, released, bond }, out)
	};
	let ends = [
		(10 * OGPU, 9 * OGPU + 7, 0, 3 * OGPU),
		(6 * OGPU, 9 * OGPU + 7, 4 * OGPU, 3 * OGPU),
		(OGPU, 9 * OGPU, 8 * OGPU, OGPU / 2),
		(0, 0, 0, 0),
		(1, 1, 0, 1),
		(5, 100, 0, 0),
	];
	Area {
		name: "slashing",
		description: "Where money goes: what to pin of a lock, convictions, faults of seats, juries \
			over leaves of which auditors said that they were not served, false challenges, faulty inputs, bids that were not revealed, disputes without a verdict, and the ends \
			of tasks: in time, late with a third of the fee, abandoned; milestones after 500 of 1,000, after \
			more than all with a third of the fee, and without any work; cancelled after 500 of 1,000 with \
			work since (250 anchored, 20 in each of 10 blocks), the same at a third of the fee, after nothing, \
			and without any work.",
		sections: vec![
			("defaults", vec![defaults]),
			("pins", pins.map(pin_case).to_vec()),
			("convictions", convictions.map(conviction_case).to_vec()),
			("seat_faults", faults.map(fault_case).collect()),
			(
				"unserved",
				[(1_100, 1, OGPU), (1_105, 2, OGPU), (1_103, 2, 300), (1, 1, 1), (0, 2, 0)].map(unserved_case).to_vec(),
			),
			("false_challenges", [(100, 50), (101, 60), (100, 100), (100, 200), (0, 5)].map(challenge_case).to_vec()),
			(
				"input_faults",
				[(1_000, 300, 200), (1_000, 51, 0), (400, 300, 200), (100, 300, 200), (0, 1, 1)]
					.map(input_case)
					.to_vec(),
			),
			("unrevealed_bids", [(OGPU, OGPU), (OGPU, 11), (1, OGPU), (0, 0)].map(unrevealed_case).to_vec()),
			(
				"undecided",
				[
					(100, 20, 30, 10, 5),
					(100, 20, 30, 25, 5),
					(100, 20, 30, 53, 5),
					(100, 20, 30, 99, 5),
					(0, 0, 0, 0, 0),
					(Balance::MAX, 1, 0, 0, 0),
				]
				.map(undecided_case)
				.to_vec(),
			),
			("ends", ends.map(end_case).to_vec()),
		],
	}
}
