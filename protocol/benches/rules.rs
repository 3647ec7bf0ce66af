//! How fast the rules are that a block pays for: drawing seats, counting a jury's round, checking what a provider
//! shows, and the bond of a job. Hashes are BLAKE2b-256, as on the chain, but native and not in wasm. What matters are the
//! ratios, measured in one run: what may not grow, does not.
//!
//!   cargo bench -p ogpu-protocol --bench rules

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use blake2::{digest::consts::U32, Blake2b, Digest};
use ogpu_protocol::{
	class::Class,
	commitment::{domain, Vote},
	detection::Sampling,
	jury::{Ballot, Dispute, Next, Tally},
	leaf::{self, Job, Leaf, Proven, Reveal},
	merkle::Hash,
	random::Stream,
	seats::{allot, draw, Table, SEATS},
	token::OGPU,
};
use std::{
	collections::BTreeMap,
	hint::black_box,
	time::{Duration, Instant},
};

/// Each measurement is the best of so many, since whatever else the machine does only slows it.
const RUNS: usize = 9;
const RUN_TIME: Duration = Duration::from_millis(80);

fn main() {
	println!("in a second");
	let [few, many, spread] = seats();
	let margin = margins();
	let [short, long] = rounds();
	let [small, large] = openings();
	let [detection, bond, bond_of_million] = bonds();

	println!("\nratios");
	ratio("seats: 1,000 units / 1,000,000 units", few, many);
	ratio("seats: 100 operators / 10,000 operators", many, spread);
	ratio("margin tests / jury rounds of 11 ballots", margin, short);
	ratio("jury rounds: 11 ballots / 207 ballots", short, long);
	ratio("opening checks: 1,000 leaves / 1,000,000 leaves", small, large);
	ratio("bonds / detections", bond, detection);
	ratio("bonds: 1,000 leaves / 1,000,000 leaves", bond, bond_of_million);
}

fn ratio(what: &str, one: f64, other: f64) {
	println!("{what:<56}{:>12.2}", one / other);
}

/// How many things in a second, of which an operation does so many; and says so.
fn rate<T>(what: &str, things: u32, mut operation: impl FnMut(u64) -> T) -> f64 {
	let mut count = 0;
	let run = |_| {
		let (start, before) = (Instant::now(), count);
		while start.elapsed() < RUN_TIME {
			// The clock is looked at rarely, so that it does not count.
			for _ in 0..64 {
				black_box(operation(count));
				count += 1;
			}
		}
		(count - before) as f64 * f64::from(things) / start.elapsed().as_secs_f64()
	};
	let best = (0..RUNS).map(run).fold(0.0, f64::max);
	println!("{what:<56}{best:>12.0}");
	best
}

fn blake2(bytes: &[u8]) -> Hash {
	Blake2b::<U32>::digest(bytes).into()
}

fn any(number: u64) -> Hash {
	blake2(&number.to_le_bytes())
}

/// Seats drawn in rounds of eleven and grouped by operator, from a table with a seat for each unit of stake: of a
/// thousand units, of a million in as few hands, and of a million in many.
fn seats() -> [f64; 3] {
	const ROUND: u32 = 11;
	[(100, 1_000), (100, 1_000_000), (10_000, 1_000_000)].map(|(operators, units): (u64, u32)| {
		let stakes: Vec<_> = (0..operators).map(|place| OGPU + u128::from(place)).collect();
		let allotted = allot(&stakes, units).unwrap();
		let table = Table::new((0..operators).map(any).zip(allotted).collect::<BTreeMap<_, _>>()).unwrap();
		rate(&format!("seats drawn from {units} units of {operators} operators"), ROUND, |round| {
			let mut random = Stream::new(blake2, &domain::JUROR_DRAWS, &any(round));
			let seats = draw(&mut table.urn(), &mut random, ROUND);
			table.group(seats).len()
		})
	})
}

/// Whether a tally has its margin.
fn margins() -> f64 {
	rate("margin tests", 1, |round| {
		let tally = Tally { upheld: (round % 99) as u32, convicted: (round % 7) as u32, ..Tally::default() };
		black_box(tally).verdict(black_box(10))
	})
}

/// A round of a jury with its margin test, in which each seat has an operator of its own and one in ten is wrong: the
/// smallest round, and all that a large jury may hear at once.
fn rounds() -> [f64; 2] {
	let rules = Class::HIGH.jury;
	[11, rules.cap_seats].map(|seats| {
		let Next::Draw(dispute, _) = Dispute::open(rules, any(0), SEATS) else { panic!("there are seats") };
		let ballot = |seat: u32| {
			let digest = any(u64::from(seat % 10 == 9));
			Ballot { seats: 1, finding: Some(Ok(Vote { digest, binding: blake2(&digest) })) }
		};
		let ballots: Vec<_> = (0..seats).map(ballot).collect();
		rate(&format!("jury rounds of {seats} ballots"), 1, |_| black_box(dispute).round(black_box(&ballots)))
	})
}

/// Checks of a revealed leaf and the one before it, against the root of a job.
fn openings() -> [f64; 2] {
	[1_000, 1_000_000].map(|count: u32| {
		let task = any(0);
		let leaf = |index: u32| {
			let part = |part: u64| any(u64::from(index) * 3 + part);
			Leaf { output: part(0), carry: part(1), trace: part(2) }
		};
		let leaves: Vec<_> = (0..count).map(leaf).collect();
		let tree = leaf::tree(blake2, &task, &leaves).unwrap();
		let job = Job { task, leaves: count, root: tree.root(), start: any(1) };
		let reveals: Vec<_> = (0..64)
			.map(|place| {
				let index = 1 + (place * 7_919) % (count - 1);
				let proven = |at: u32| Proven { leaf: leaves[at as usize], proof: tree.proof(at).unwrap() };
				(
					index,
					leaves[index as usize - 1].carry,
					Reveal { leaf: proven(index), before: Some(proven(index - 1)) },
				)
			})
			.collect();
		rate(&format!("opening checks in a job of {count} leaves"), 1, |round| {
			let (index, opening, reveal) = &reveals[round as usize % reveals.len()];
			job.check(blake2, *index, opening, reveal).unwrap()
		})
	})
}

/// What a quote computes: how surely a tenth of wrong leaves is detected, and the bond.
fn bonds() -> [f64; 3] {
	let sampling = |leaves| Sampling::of(&Class::STANDARD, leaves);
	let (thousand, million) = (sampling(1_000), sampling(1_000_000));
	[
		rate("detections of 100 wrong ones of 1,000 leaves", 1, |_| {
			black_box(thousand).detection_billionths(100).unwrap()
		}),
		rate("bonds, 1,000 leaves", 1, |fee| black_box(thousand).bond(OGPU + u128::from(fee), 0).unwrap()),
		rate("bonds, 1,000,000 leaves", 1, |fee| black_box(million).bond(OGPU + u128::from(fee), 0).unwrap()),
	]
}
