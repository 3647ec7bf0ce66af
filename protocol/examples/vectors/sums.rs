//! Sums: exact arithmetic, emission, detection and bonds.

use super::{
	json::{case, object},
	Area,
};
use ogpu_protocol::{
	class::Class,
	detection::Sampling,
	emission::{nominal_millis, payout, BUDGET, YEARLY_SHARE_BILLIONTHS, YEAR_MILLIS},
	math::mul_div,
	random::CERTAIN_BILLIONTHS,
	time::{EPOCH_BLOCKS, SESSIONS_PER_ERA},
	token::{Balance, CAP, OGPU},
};

pub fn math() -> Area {
	let mul_div_case = |(a, b, c)| case(object! { a, b, c }, mul_div(a, b, c));
	let max = u128::MAX;
	let cases = [
		(0, 0, 0),
		(1, 1, 0),
		(0, max, 1),
		(7, 3, 2),
		(1, 1, 2),
		(max, max, max),
		(max, max, max - 1),
		(max, 2, 1),
		(max, 2, 2),
		(max - 1, max, max),
		(1 << 127, 1 << 127, 1 << 126),
		(1 << 127, 1 << 127, (1 << 126) + 1),
		(CAP, CAP, OGPU),
		(CAP, 123_456_789, 1_000_000_000),
		(340_282_366_920_938_463, 999_999_999_999_999_989, 1_000_000_007),
	];
	Area {
		name: "math",
		description: "The product of two numbers divided by a third, rounded down; null where the divisor \
			is zero or the result exceeds 128 bits.",
		sections: vec![("mul_div", cases.map(mul_div_case).to_vec())],
	}
}

pub fn emission() -> Area {
	let era = nominal_millis(EPOCH_BLOCKS, SESSIONS_PER_ERA);
	let payout_case = |(left, yearly_share_billionths, elapsed_millis, nominal_millis)| {
		let out = payout(left, yearly_share_billionths, elapsed_millis, nominal_millis);
		case(object! { left, yearly_share_billionths, elapsed_millis, nominal_millis }, out)
	};
	let share = YEARLY_SHARE_BILLIONTHS;
	let payouts = [
		(BUDGET, share, era, era),
		(BUDGET, share, 0, era),
		(BUDGET, share, era - 1, era),
		(BUDGET, share, 2 * era, era),
		(BUDGET, share, 3 * era, era),
		(BUDGET, share, YEAR_MILLIS, YEAR_MILLIS),
		(BUDGET, 0, era, era),
		(0, share, era, era),
		(1, share, era, era),
		(OGPU, share, era, era),
		(BUDGET, 1_000_000_000, YEAR_MILLIS, YEAR_MILLIS),
		(BUDGET, u32::MAX, u64::MAX, u64::MAX),
		(Balance::MAX, u32::MAX, u64::MAX, u64::MAX),
		(Balance::MAX, share, era, era),
		(CAP, share, u64::MAX, 0),
	];
	let mut left = BUDGET;
	let eras: Vec<_> = (0..8)
		.map(|_| {
			let paid = payout(left, share, era, era);
			left -= paid;
			paid
		})
		.collect();
	let nominal_case = |(epoch_blocks, sessions_per_era)| {
		case(object! { epoch_blocks, sessions_per_era }, nominal_millis(epoch_blocks, sessions_per_era))
	};
	let row = case(object! { left: BUDGET, yearly_share_billionths: share, nominal_millis: era, eras: 8u32 }, eras);
	Area {
		name: "emission",
		description: "What an era pays to stakers, single and one after the other from the whole budget; \
			how long an era is meant to take.",
		sections: vec![
			("payouts", payouts.map(payout_case).to_vec()),
			("rows", vec![row]),
			(
				"nominal",
				[(EPOCH_BLOCKS, SESSIONS_PER_ERA), (0, 6), (1, 1), (u32::MAX, u32::MAX)].map(nominal_case).to_vec(),
			),
		],
	}
}

pub fn detection() -> Area {
	let one = CERTAIN_BILLIONTHS;
	let sampling = |leaves, drawn, audit_billionths, doubled_billionths, dishonest_billionths| Sampling {
		leaves,
		drawn,
		audit_billionths,
		doubled_billionths,
		dishonest_billionths,
		skipping_billionths: 0,
	};
	let json = |sampling: Sampling| {
		let Sampling { leaves, drawn, audit_billionths, doubled_billionths, dishonest_billionths, .. } = sampling;
		let skipping_billionths = sampling.skipping_billionths;
		object! { leaves, drawn, audit_billionths, doubled_billionths, dishonest_billionths, skipping_billionths }
	};
	let detection_case = |(sampling, wrong): (Sampling, &[u32])| {
		let billionths: Vec<_> = wrong.iter().map(|wrong| sampling.detection_billionths(*wrong)).collect();
		let out = object! { billionths, cost_billionths: sampling.cost_billionths() };
		case(object! { sampling: json(sampling), wrong }, out)
	};
	let bond_case = |(sampling, fee, jury_bill): (Sampling, Balance, Balance)| {
		case(object! { sampling: json(sampling), fee, jury_bill }, sampling.bond(fee, jury_bill))
	};
	let of = Sampling::of;
	let odd = sampling(97, 13, 333_333_333, 123_456_789, 271_828_182);
	let fee = 1_234_567_890_123_456_789;
	let skipped = Sampling { skipping_billionths: 314_159_265, ..odd };
	let half = Sampling { skipping_billionths: one / 2, ..odd };
	let detections: [(Sampling, &[u32]); 16] = [
		(of(&Class::STANDARD, 1_000), &[0, 1, 10, 100, 500, 951, 1_000, 1_001]),
		(of(&Class::ECONOMY, 1_000), &[1, 100, 1_000]),
		(of(&Class::ASSURED, 1_000), &[1, 5, 1_000]),
		(of(&Class::STANDARD, 1), &[0, 1]),
		(odd, &[0, 1, 2, 50, 84, 85, 96, 97]),
		(skipped, &[0, 1, 2, 50, 84, 85, 96, 97]),
		(half, &[1]),
		(of(&Class::STANDARD, 1_000).with_fair_seeds(), &[1, 100]),
		(sampling(97, 97, one, 0, one / 5), &[1, 40, 97]),
		(sampling(97, 13, one, one, one), &[1, 97]),
		(sampling(97, 13, one, one, 0), &[1, 50, 85]),
		(sampling(97, 0, one, 0, 0), &[1, 97]),
		(sampling(97, 98, one, 0, 0), &[1]),
		(sampling(97, 13, one + 1, 0, 0), &[1]),
		(sampling(0, 0, one, 0, 0), &[0, 1]),
		(of(&Class::STANDARD, 100_000), &[1, 30, 90_000]),
	];
	let bonds = [
		(of(&Class::STANDARD, 1_000), OGPU, 0),
		(of(&Class::STANDARD, 1_000), OGPU, OGPU / 3),
		(of(&Class::ECONOMY, 1_000), OGPU, 0),
		(of(&Class::HIGH, 20), fee, 0),
		(of(&Class::ASSURED, 1_000), fee, 7),
		(of(&Class::STANDARD, 1), fee, 0),
		(of(&Class::STANDARD, 1_000_000), CAP, 1),
		(of(&Class::STANDARD, 1_000), 0, 7),
		(odd, fee, 0),
		(odd, CAP, 0),
		(skipped, fee, 0),
		(skipped, CAP, 0),
		(half, fee, 0),
		(of(&Class::STANDARD, 1_000).with_fair_seeds(), OGPU, 0),
		(odd, 1, 0),
		(sampling(97, 97, one, 0, 0), fee, 0),
		(sampling(97, 1, 1, 0, one - 1), 1, 0),
		(sampling(97, 1, 1, 0, one - 1), CAP, 0),
		(sampling(97, 13, one, 0, one), OGPU, 0),
		(sampling(97, 0, one, 0, 0), OGPU, 0),
		(sampling(97, 13, 0, 0, 0), OGPU, 0),
		(sampling(97, 13, one, one + 1, 0), OGPU, 0),
		(sampling(0, 0, one, 0, 0), OGPU, 0),
		(of(&Class::STANDARD, 1_000), OGPU, Balance::MAX),
	];
	Area {
		name: "detection",
		description: "The probability, in billionths, that so many wrong leaves are detected, and what \
			auditing costs as a share of the work; the bond for a fee and a jury's bill. Seeds are \
			re-rolled by the authors that skip. All are rounded to the safe side.",
		sections: vec![
			("detections", detections.map(detection_case).to_vec()),
			("bonds", bonds.map(bond_case).to_vec()),
		],
	}
}
