//! What is drawn: lots, samples, urns, and seats.

use super::{
	any,
	json::{case, object, Json, ToJson},
	stream, Area,
};
use ogpu_protocol::{
	commitment::{domain, Domain},
	merkle::Hash,
	random::{sample, Random, Urn, Weights, CERTAIN_BILLIONTHS},
	seats::{allot, draw, Table, SEATS},
	token::{Balance, OGPU},
};
use std::collections::BTreeMap;

pub fn random() -> Area {
	let (audits, jurors) = (domain::AUDIT_DRAWS, domain::JUROR_DRAWS);
	let lots_case = |domain: Domain, seed: Hash, bounds: &[u64]| {
		let mut random = stream(&domain, &seed);
		let lots: Vec<_> = bounds.iter().map(|bound| random.below(*bound)).collect();
		case(object! { domain, seed, bounds }, lots)
	};
	// More than a third of all words are refused: a word holds the bound one and a half times.
	let refusing = [(1 << 63) + (1 << 62); 12];
	let edges = [0, 1, 2, 3, 10, 1_000, 1 << 32, (1 << 53) + 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX, 0, 7];
	let chances_case = |seed: Hash, billionths: &[u32]| {
		let mut random = stream(&audits, &seed);
		let hits: Vec<_> = billionths.iter().map(|chance| random.chance(*chance)).collect();
		case(object! { domain: audits, seed, billionths }, hits)
	};
	let half = CERTAIN_BILLIONTHS / 2;
	let chances = [
		0,
		CERTAIN_BILLIONTHS,
		half,
		half,
		half,
		half,
		half,
		CERTAIN_BILLIONTHS / 20,
		1,
		CERTAIN_BILLIONTHS - 1,
		u32::MAX,
	];
	let sample_case = |(size, count): (u32, u32)| {
		let seed = any("samples");
		case(object! { domain: audits, seed, size, count }, sample(&mut stream(&audits, &seed), size, count))
	};
	let samples =
		[(0, 0), (0, 3), (1, 0), (1, 1), (7, 3), (10, 10), (5, 9), (1_000, 50), (1_000_000, 20), (u32::MAX, 5)];
	let urn_case = |size: u64, gone: &[u64], count: usize| {
		let seed = any("urns");
		let mut random = stream(&jurors, &seed);
		let mut urn = Urn::resume(size, gone.iter().copied());
		let lots: Vec<_> = (0..count).map_while(|_| urn.draw(&mut random)).collect();
		case(object! { domain: jurors, seed, size, gone, count }, object! { lots, left: urn.left() })
	};
	let weights_case = |weights: &[u64], count: usize, outside: usize| {
		let seed = any("weights");
		let input = object! { domain: audits, seed, weights, count, outside };
		let out = Weights::new(weights.iter().copied()).map(|table| {
			let drawn = table.draw(&mut stream(&audits, &seed), count);
			let point_outside = table.point_outside(outside, &mut stream(&audits, &seed));
			object! { drawn, point_outside }
		});
		case(input, out)
	};
	Area {
		name: "random",
		description: "Lots of a seed for a purpose. Lots below bounds, one after the other; chances; \
			samples without repetition (each from a fresh stream); urns, from which some lots \
			are gone; and items drawn by weight, with a point outside of one item, each from a \
			fresh stream.",
		sections: vec![
			(
				"lots",
				vec![
					lots_case(audits, any("lots"), &edges),
					lots_case(jurors, any("lots"), &edges),
					lots_case(audits, [0; 32], &[1_000; 12]),
					lots_case(audits, any("refused"), &refusing),
				],
			),
			("chances", vec![chances_case(any("chances"), &chances)]),
			("samples", samples.map(sample_case).to_vec()),
			(
				"urns",
				vec![
					urn_case(0, &[], 2),
					urn_case(1, &[], 3),
					urn_case(20, &[], 20),
					urn_case(20, &[3, 19, 4, 0, 3, 25], 17),
					urn_case(1_000, &[], 11),
					urn_case(u64::MAX, &[0, u64::MAX - 1], 5),
				],
			),
			(
				"weights",
				vec![
					weights_case(&[], 2, 0),
					weights_case(&[5, 0, 3, 2], 5, 2),
					weights_case(&[0, 0], 1, 1),
					weights_case(&[9], 2, 0),
					weights_case(&[1, u64::MAX - 2, 1], 3, 1),
					weights_case(&[1, u64::MAX], 2, 0),
					weights_case(&[10, 20, 30, 40, 50, 60, 70], 4, 7),
				],
			),
		],
	}
}

/// Operators in the table's order, and how many seats each has.
pub fn table(seats: &[u32]) -> Table<Hash> {
	let operators = (0..seats.len()).map(|place| any(&format!("operator {place}")));
	Table::new(operators.zip(seats.iter().copied()).collect::<BTreeMap<_, _>>()).unwrap()
}

pub fn held_json(table: &Table<Hash>) -> Json {
	table.held().map(|(operator, seats)| object! { operator, seats }).collect::<Vec<_>>().json()
}

pub fn seats() -> Area {
	let allot_case = |(stakes, seats): (Vec<Balance>, u32)| case(object! { stakes, seats }, allot(&stakes, seats));
	let many: Vec<_> = (0..40).map(|place: u128| (place * place + 1) * OGPU + place).collect();
	let allotments = [
		(vec![], SEATS),
		(vec![0, 0], SEATS),
		(vec![OGPU], SEATS),
		(vec![0, OGPU, 0], SEATS),
		(vec![1, 1, 1], SEATS),
		(vec![1, 1, 1], 2),
		(vec![1, 2, 3, 4], 7),
		(vec![1; 12], 5),
		(vec![999_999, 1], SEATS),
		(vec![Balance::MAX], u32::MAX),
		(vec![Balance::MAX - 2, 1, 1], SEATS),
		(vec![Balance::MAX, 1], SEATS),
		(vec![5, 7], 0),
		(many, SEATS),
	];
	let drawn_case = |held: &[u32], rounds: &[u32], excluded: Option<usize>| {
		let table =
			table(held).only(|operator| Some(*operator) != excluded.map(|place| any(&format!("operator {place}"))));
		let (domain, mut urn) = (domain::JUROR_DRAWS, table.urn());
		let input: Vec<_> = rounds
			.iter()
			.enumerate()
			.map(|(round, count)| object! { seed: any(&format!("round {round}")), count: *count })
			.collect();
		let out: Vec<_> = rounds
			.iter()
			.enumerate()
			.map(|(round, count)| {
				let seats = draw(&mut urn, &mut stream(&domain, &any(&format!("round {round}"))), *count);
				let operators: Vec<_> = table
					.group(seats.iter().copied())
					.into_iter()
					.map(|(operator, seats)| object! { operator, seats })
					.collect();
				object! { seats, operators }
			})
			.collect();
		case(object! { domain, table: held_json(&table), rounds: input }, out)
	};
	let pair_case = |held: &[u32], seed: Hash| {
		let (table, domain) = (table(held), domain::SECOND_DRAWS);
		let mut random = stream(&domain, &seed);
		let first = table.any(&mut random);
		let other = first.and_then(|seat| table.other(seat, &mut random));
		let operator = |seat: Option<u32>| seat.and_then(|seat| table.operator(seat)).copied();
		let out = object! { seat: first, operator: operator(first), other, other_operator: operator(other) };
		case(object! { domain, seed, table: held_json(&table) }, out)
	};
	let pairs = ["a", "b", "c", "d"].map(|seed| pair_case(&[3, 0, 5, 1], any(seed)));
	let alone = [pair_case(&[4], any("alone")), pair_case(&[], any("alone")), pair_case(&[0, 6], any("alone"))];
	Area {
		name: "seats",
		description: "Verification seats: how stakes become seats; rounds of jurors drawn from one urn of \
			a table, each with a seed of its own, and grouped by operator; a seat, and one of \
			another operator.",
		sections: vec![
			("allotments", allotments.map(allot_case).to_vec()),
			(
				"rounds",
				vec![
					drawn_case(&[400, 1, 99, 300, 200], &[11, 3, 11], None),
					drawn_case(&[400, 1, 99, 300, 200], &[11, 11], Some(0)),
					drawn_case(&[2, 1, 0, 3], &[4, 4, 1], None),
					drawn_case(&[], &[11], None),
				],
			),
			("pairs", [pairs.as_slice(), &alone].concat()),
		],
	}
}
