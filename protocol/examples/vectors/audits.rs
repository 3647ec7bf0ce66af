//! Who checks what, and how a difference is decided.

use super::{
	any, blake2,
	hashing::{audit_json, vote_json},
	json::{case, name, object, Json},
	lots::{held_json, table},
	stream, Area,
};
use ogpu_protocol::{
	audit::{assign, double, drawn_leaves, is_unanimous, leaves, probability_billionths, Check, CLEAN_FEES},
	class::Class,
	commitment::{domain, Audit, Finding, Obstacle, Vote},
	jury::{standings, Ballot, Dispute, Next, Rules, Tally, Verdict},
	merkle::Hash,
	random::{Random, CERTAIN_BILLIONTHS},
	token::{Balance, OGPU},
};
use std::ops::Range;

pub fn audit() -> Area {
	let class_case = |(class_name, class): (&str, Class)| {
		let Class { audit_billionths, leaves_billionths, doubled_billionths, jury } = class;
		let out = object! { audit_billionths, leaves_billionths, doubled_billionths, jury: rules_json(&jury) };
		case(object! { class: class_name }, out)
	};
	let probability_case = |(floor_billionths, clean_fees, fee, times): (u32, Balance, Balance, u32)| {
		let out = probability_billionths(floor_billionths, clean_fees, fee, times);
		case(object! { floor_billionths, clean_fees, fee, times }, out)
	};
	let share = CERTAIN_BILLIONTHS / 20;
	let drawn_case =
		|(leaves, share_billionths)| case(object! { leaves, share_billionths }, drawn_leaves(leaves, share_billionths));
	let check_json = |Check { leaf, seat, second_seat }: &Check| object! { leaf, seat, second_seat };
	let draw_case = |range: Range<u32>, class: Class, is_milestone: bool, held: &[u32], seed: &str| {
		let table = table(held);
		let (seed, second_seed) = (any(seed), any(&format!("later than {seed}")));
		let Class { audit_billionths, leaves_billionths, doubled_billionths, .. } = class;
		let mut random = stream(&domain::AUDIT_DRAWS, &seed);
		let drawn = leaves(&mut random, range.clone(), audit_billionths, leaves_billionths, is_milestone);
		let checks = assign(&mut random, drawn.iter().copied(), &table).map(|mut checks| {
			double(&mut stream(&domain::SECOND_DRAWS, &second_seed), &mut checks, doubled_billionths, &table);
			checks.iter().map(check_json).collect::<Vec<_>>()
		});
		let input = object! {
			seed, second_seed, start: range.start, end: range.end, audit_billionths, leaves_billionths,
			doubled_billionths, is_milestone, table: held_json(&table),
		};
		case(input, object! { leaves: drawn, checks })
	};
	let many = [300, 0, 250, 200, 150, 100];
	let certain = Class { doubled_billionths: CERTAIN_BILLIONTHS, ..Class::STANDARD };
	let economy = ["a", "b", "c"].map(|seed| draw_case(0..100, Class::ECONOMY, true, &many, seed));
	let draws = [
		draw_case(0..1_000, Class::STANDARD, false, &many, "standard"),
		draw_case(960..1_000, Class::STANDARD, true, &many, "milestone"),
		draw_case(100..103, Class::ASSURED, true, &many, "assured"),
		draw_case(0..40, certain, false, &[7], "one operator alone"),
		draw_case(0..40, certain, false, &[], "nobody"),
		draw_case(5..5, Class::STANDARD, true, &many, "no leaves"),
		draw_case(999_900..1_000_000, Class { leaves_billionths: 1, ..certain }, false, &many, "one of a hundred"),
	];
	let (opening, digest) = (any("opening"), any("digest"));
	let right = Some(Ok(Audit { opening, digest }));
	let unanimous_case = |findings: &[Option<Finding<Audit>>]| {
		let json: Vec<_> = findings.iter().map(|found| found.as_ref().map(audit_json)).collect();
		case(object! { opening, digest, findings: json }, is_unanimous(&opening, &digest, findings))
	};
	Area {
		name: "audit",
		description: "Audit classes; how likely a task is audited; how many leaves are drawn; which leaves \
			of a range are, by whom, and by whom a second time (leaves and first auditors from \
			one stream, ogpu/audit-draws, second auditors from ogpu/twice-drawn); and whether \
			the auditors of a leaf agree with what is revealed.",
		sections: vec![
			(
				"classes",
				[
					("economy", Class::ECONOMY),
					("standard", Class::STANDARD),
					("high", Class::HIGH),
					("assured", Class::ASSURED),
				]
				.map(class_case)
				.to_vec(),
			),
			(
				"probabilities",
				[
					(share, 0, 0, CLEAN_FEES),
					(share, 10 * OGPU, OGPU, CLEAN_FEES),
					(share, 10 * OGPU - 1, OGPU, CLEAN_FEES),
					(share, Balance::MAX, Balance::MAX, 1),
					(share, Balance::MAX, Balance::MAX, 2),
					(0, 0, 5, 0),
				]
				.map(probability_case)
				.to_vec(),
			),
			(
				"drawn_leaves",
				[
					(0, share),
					(1, share),
					(20, share),
					(21, share),
					(1_000, share),
					(1_000, 0),
					(1_000, CERTAIN_BILLIONTHS),
					(u32::MAX, CERTAIN_BILLIONTHS),
					(u32::MAX, 1),
					(7, u32::MAX),
				]
				.map(drawn_case)
				.to_vec(),
			),
			("draws", [economy.as_slice(), &draws].concat()),
			(
				"unanimous",
				vec![
					unanimous_case(&[right]),
					unanimous_case(&[right, right]),
					unanimous_case(&[]),
					unanimous_case(&[right, None]),
					unanimous_case(&[Some(Ok(Audit { opening: digest, digest: opening }))]),
					unanimous_case(&[right, Some(Err(Obstacle::OutputMissing))]),
				],
			),
		],
	}
}

fn rules_json(Rules { draw_seats, margin_seats, cap_seats, redraw_seats }: &Rules) -> Json {
	object! { draw_seats, margin_seats, cap_seats, redraw_seats }
}

fn tally_json(Tally { upheld, input_at_fault, convicted, copied }: &Tally) -> Json {
	object! { upheld, input_at_fault, convicted, copied }
}

fn ballot_json(Ballot { seats, finding }: &Ballot) -> Json {
	object! { seats, finding: finding.as_ref().map(vote_json) }
}

fn next_json(next: &Next) -> Json {
	match next {
		Next::Draw(Dispute { drawn_seats, silent_seats, tally, .. }, draw) => {
			object! { draw, drawn_seats, silent_seats, tally: tally_json(tally) }
		}
		Next::Decided(verdict, tally) => object! { verdict: name(verdict), tally: tally_json(tally) },
		Next::Void(tally) => object! { void: true, tally: tally_json(tally) },
	}
}

/// The ballots of a round in which so many seats are drawn.
type Say<'a> = &'a mut dyn FnMut(u32) -> Vec<Ballot>;

/// A dispute to its end: what was said in each round, how it went on after each, and how the jurors stand.
fn walk(rules: Rules, claimed: Hash, eligible_seats: u32, say: Say) -> Json {
	let mut next = Dispute::open(rules, claimed, eligible_seats);
	let (mut rounds, mut nexts, mut verdict) = (vec![], vec![next], None);
	while let Next::Draw(dispute, seats) = next {
		let ballots = say(seats);
		next = dispute.round(&ballots);
		rounds.push(ballots);
		nexts.push(next);
	}
	if let Next::Decided(decided, _) = next {
		verdict = Some(decided);
	}
	let standings: Vec<_> =
		standings(&claimed, verdict, &rounds).iter().map(|round| round.iter().map(name).collect::<Vec<_>>()).collect();
	let rounds: Vec<_> = rounds.iter().map(|round| round.iter().map(ballot_json).collect::<Vec<_>>()).collect();
	let nexts: Vec<_> = nexts.iter().map(next_json).collect();
	case(object! { rules: rules_json(&rules), claimed, eligible_seats, rounds }, object! { nexts, standings })
}

/// Jurors who say what comes by lot, many of them what the provider says.
fn crowd(seed: &str, claimed: Hash, honest_percent: u64, silent_percent: u64) -> impl FnMut(u32) -> Vec<Ballot> {
	let mut random = stream(b"ogpu/vectors-own", &any(seed));
	move |drawn| {
		let (mut left, mut ballots) = (drawn, vec![]);
		while left > 0 {
			let seats = (1 + random.below(3) as u32).min(left);
			left -= seats;
			let other = any(&format!("other digest {}", random.below(2)));
			let vote = |digest: Hash, bytes: &str| Some(Ok(Vote { digest, binding: any(bytes) }));
			let lot = random.below(100);
			let finding = if lot < silent_percent {
				None
			} else if lot < silent_percent + honest_percent {
				vote(claimed, "bound")
			} else {
				match random.below(6) {
					0 => Some(Err(Obstacle::OutputMissing)),
					1 => Some(Err(Obstacle::InputMissing)),
					2 => vote(claimed, "guessed"),
					3 => vote(other, "guessed"),
					_ => vote(other, "bound"),
				}
			};
			ballots.push(Ballot { seats, finding });
		}
		ballots
	}
}

pub fn jury() -> Area {
	let (small, large) = (Class::STANDARD.jury, Class::HIGH.jury);
	let short = Rules { draw_seats: 3, margin_seats: 2, cap_seats: 9, redraw_seats: 4 };
	let (claimed, other, third) = (any("claimed"), any("other"), any("third"));
	let ballot = |seats, finding| Ballot { seats, finding };
	let bound = |seats, digest: Hash| ballot(seats, Some(Ok(Vote { digest, binding: blake2(&digest) })));
	let guessed = |seats, digest, guess: &str| ballot(seats, Some(Ok(Vote { digest, binding: any(guess) })));
	let says = |seats, obstacle| ballot(seats, Some(Err(obstacle)));
	let silent = |seats| ballot(seats, None);
	use Obstacle::*;
	let scripts: Vec<(Rules, u32, Vec<Vec<Ballot>>)> = vec![
		(small, 1_000, vec![vec![bound(11, claimed)]]),
		(small, 1_000, vec![vec![bound(4, other), bound(7, other)]]),
		(small, 1_000, vec![vec![bound(5, other), bound(3, third), says(3, OutputMissing)]]),
		(small, 1_000, vec![vec![says(5, InputMissing), says(6, InputInvalid)]]),
		(small, 1_000, vec![vec![bound(10, claimed), bound(1, other)], vec![bound(1, claimed), silent(10)]]),
		// Copies stand against whatever would win.
		(
			small,
			1_000,
			vec![
				vec![bound(6, claimed), guessed(3, claimed, "a"), guessed(2, claimed, "b")],
				vec![bound(11, claimed)],
				vec![bound(10, claimed), guessed(1, other, "c")],
			],
		),
		// Equally many seats for two bindings of one digest: the lower one counts.
		(
			small,
			1_000,
			vec![
				vec![guessed(5, claimed, "x"), guessed(5, claimed, "y"), bound(1, other)],
				vec![bound(11, claimed)],
				vec![bound(11, claimed)],
			],
		),
		// Nobody else names this digest: any binding is the one with the most seats.
		(small, 1_000, vec![vec![guessed(11, other, "alone")]]),
		// Silent seats are replaced first, then as many as are silent again.
		(
			small,
			1_000,
			vec![vec![bound(8, claimed), silent(3)], vec![bound(1, claimed), silent(2)], vec![bound(2, claimed)]],
		),
		// Two digests convict equally strongly: nobody is right.
		(small, 1_000, vec![vec![bound(5, other), bound(5, third), says(1, OutputMissing)]]),
		(
			small,
			1_000,
			vec![vec![bound(2, other), bound(1, claimed), says(8, OutputMissing)], vec![says(11, OutputMissing)]],
		),
		// Silence beyond what is excused counts to the cap.
		(
			short,
			100,
			vec![
				vec![silent(3)],
				vec![silent(3)],
				vec![silent(1)],
				vec![bound(1, claimed), silent(2)],
				vec![bound(1, other), silent(2)],
				vec![silent(1)],
			],
		),
		// A tie until the cap.
		(short, 100, vec![vec![bound(1, claimed), bound(1, other), says(1, InputMissing)]; 3]),
		(small, 5, vec![vec![bound(5, claimed)]]),
		(
			small,
			14,
			vec![vec![bound(7, claimed), bound(2, other), silent(2)], vec![bound(2, claimed)], vec![bound(1, claimed)]],
		),
		(small, 0, vec![]),
		(small, 1_000, vec![vec![]]),
		(large, 1_000, vec![vec![bound(22, claimed), bound(1, other)], vec![bound(23, claimed)]]),
	];
	let mut walks: Vec<_> = scripts
		.into_iter()
		.map(|(rules, eligible, rounds)| {
			let mut rounds = rounds.into_iter();
			walk(rules, claimed, eligible, &mut |_| rounds.next().unwrap_or_default())
		})
		.collect();
	for (seed, rules, honest, silent) in [
		("mostly honest", small, 85, 5),
		("divided", small, 50, 10),
		("lazy", small, 40, 50),
		("hostile", small, 20, 5),
		("large", large, 80, 5),
	] {
		walks.push(walk(rules, claimed, 1_000, &mut crowd(seed, claimed, honest, silent)));
	}
	let verdict_case = |(tally, margin_seats): ([u32; 4], u32)| {
		let [upheld, input_at_fault, convicted, copied] = tally;
		let tally = Tally { upheld, input_at_fault, convicted, copied };
		case(object! { tally: tally_json(&tally), margin_seats }, tally.verdict(margin_seats).map(name))
	};
	let standings_case = |verdict: Option<Verdict>| {
		let rounds = [
			vec![bound(7, other), bound(1, claimed), bound(1, third), guessed(1, other, "z"), silent(1)],
			vec![says(2, OutputMissing), says(1, InputMissing), bound(8, other)],
		];
		let out: Vec<_> = standings(&claimed, verdict, &rounds)
			.iter()
			.map(|round| round.iter().map(name).collect::<Vec<_>>())
			.collect();
		let rounds: Vec<_> = rounds.iter().map(|round| round.iter().map(ballot_json).collect::<Vec<_>>()).collect();
		case(object! { claimed, verdict: verdict.map(name), rounds }, out)
	};
	let all = [Some(Verdict::Upheld), Some(Verdict::Convicted), Some(Verdict::InputAtFault), None];
	Area {
		name: "jury",
		description: "Juries. Walks: the ballots of each round, and how the dispute goes on when it is \
			opened and after each round, with how the jurors stand at the end. Verdicts of \
			single tallies. How jurors stand under each verdict (null: none was found).",
		sections: vec![
			("walks", walks),
			(
				"verdicts",
				[
					([0; 4], 0),
					([1, 0, 0, 0], 0),
					([10, 0, 0, 0], 10),
					([9, 0, 0, 0], 10),
					([20, 0, 5, 5], 10),
					([19, 0, 5, 5], 10),
					([0, 30, 10, 10], 10),
					([3, 3, 16, 0], 10),
					([0, 0, 0, 99], 10),
					([u32::MAX, 0, 0, u32::MAX], 1),
					([u32::MAX, u32::MAX, u32::MAX, u32::MAX], u32::MAX),
					([0, 0, u32::MAX, 0], u32::MAX),
				]
				.map(verdict_case)
				.to_vec(),
			),
			("standings", all.map(standings_case).to_vec()),
		],
	}
}
