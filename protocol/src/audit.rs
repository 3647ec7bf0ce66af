//! Audits: whether a task is looked at, which of its leaves, and by whom. One stream of lots decides in this order:
//! first [`leaves`], then [`assign`]; [`double`] has its own.
//!
//! Every leaf's auditor is drawn on its own, and so is whether it has a second one, so that what an auditor sees of its
//! own task tells nothing about any other, and the [detection probability](crate::detection) is exact.

use crate::{
	commitment::{Audit, Finding},
	merkle::Hash,
	random::{sample, Random, CERTAIN_BILLIONTHS},
	seats::Table,
	token::Balance,
};
use alloc::vec::Vec;
use core::ops::Range;

/// How many times the fee at stake an account must have earned, audited and clean, before its audits become rare.
pub const CLEAN_FEES: u32 = 10;

/// The probability that a task is audited: always, until the clean audited fees of its provider reach so many times its
/// fee, then the class's floor. Who wants to cheat rarely audited must first have been honest for more than it can
/// gain; who has not yet been found clean of anything is not known, though nothing be at stake.
pub fn probability_billionths(floor_billionths: u32, clean_fees: Balance, fee: Balance, times: u32) -> u32 {
	let known = clean_fees > 0 && fee.checked_mul(times.into()).is_some_and(|enough| clean_fees >= enough);
	if known {
		floor_billionths
	} else {
		CERTAIN_BILLIONTHS
	}
}

/// How many of so many leaves are drawn: the share, rounded up, so at least one.
pub fn drawn_leaves(leaves: u32, share_billionths: u32) -> u32 {
	let share = u64::from(leaves).saturating_mul(share_billionths.into()).div_ceil(CERTAIN_BILLIONTHS.into());
	// A share above one is refused elsewhere; a share of nothing still draws one.
	u32::try_from(share).unwrap_or(leaves).max(1).min(leaves)
}

/// Which of these leaves are audited, in ascending order: with the task's probability the class's share of them, else
/// none. The last leaf of a milestone always is, since what follows begins from it; it comes in addition to what is
/// drawn, because its provider knows of it.
pub fn leaves(
	random: &mut impl Random,
	leaves: Range<u32>,
	audit_billionths: u32,
	share_billionths: u32,
	is_milestone: bool,
) -> Vec<u32> {
	let count = leaves.end.saturating_sub(leaves.start);
	let wanted = if random.chance(audit_billionths) { drawn_leaves(count, share_billionths) } else { 0 };
	let drawn = sample(random, count, wanted).into_iter().map(|leaf| leaf.saturating_add(leaves.start));
	let mut drawn: Vec<_> = drawn.collect();
	let last = leaves.last().filter(|last| is_milestone && drawn.last() != Some(last));
	drawn.extend(last);
	drawn
}

/// A leaf and the seats that audit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
	pub leaf: u32,
	pub seat: u32,
	/// Of another operator.
	pub second_seat: Option<u32>,
}

/// Draws an auditor for each leaf. `None` if nobody may sit.
pub fn assign<Operator: Ord>(
	random: &mut impl Random,
	leaves: impl IntoIterator<Item = u32>,
	table: &Table<Operator>,
) -> Option<Vec<Check>> {
	leaves.into_iter().map(|leaf| Some(Check { leaf, seat: table.any(random)?, second_seat: None })).collect()
}

/// Gives some of the leaves a second auditor of another operator, each with this probability, if there is another. It
/// wants a source of its own, so that it can come from a later seed than the first auditors: as long as that one is
/// unknown, none of them can tell whether somebody checks it.
pub fn double<Operator: Ord>(
	random: &mut impl Random,
	checks: &mut [Check],
	doubled_billionths: u32,
	table: &Table<Operator>,
) {
	for check in checks {
		if random.chance(doubled_billionths) {
			check.second_seat = table.other(check.seat, random);
		}
	}
}

/// Whether all auditors of a leaf (at least one) found just what its provider reveals. If not, also if one is silent, a
/// jury decides.
pub fn is_unanimous(opening: &Hash, digest: &Hash, findings: &[Option<Finding<Audit>>]) -> bool {
	let revealed = Some(Ok(Audit { opening: *opening, digest: *digest }));
	!findings.is_empty() && findings.iter().all(|finding| *finding == revealed)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		class::Class,
		commitment::Obstacle,
		random::tests::{assert_follows, assert_uniform, stream},
	};
	use proptest::prelude::*;

	fn table(seats: &[u32]) -> Table<usize> {
		Table::new(seats.iter().copied().enumerate().collect()).unwrap()
	}

	#[test]
	fn a_provider_is_audited_always_until_its_clean_fees_are_ten_times_what_it_could_gain() {
		let probability = |clean| probability_billionths(Class::ECONOMY.audit_billionths, clean, 100, CLEAN_FEES);
		assert_eq!(probability(0), CERTAIN_BILLIONTHS);
		assert_eq!(probability(999), CERTAIN_BILLIONTHS);
		assert_eq!(probability(1_000), 50_000_000);
		let for_nothing = |clean| probability_billionths(1, clean, 0, CLEAN_FEES);
		assert_eq!([0, 1].map(for_nothing), [CERTAIN_BILLIONTHS, 1], "a stranger is audited even for nothing");
		assert_eq!(probability_billionths(1, Balance::MAX, Balance::MAX, CLEAN_FEES), CERTAIN_BILLIONTHS);
	}

	#[test]
	fn a_twentieth_of_the_leaves_is_drawn_and_at_least_one() {
		let drawn = |leaves| drawn_leaves(leaves, Class::STANDARD.leaves_billionths);
		assert_eq!([0, 1, 19, 20, 21, 1_000, u32::MAX].map(drawn), [0, 1, 1, 1, 2, 50, 214_748_365]);
		assert_eq!(drawn_leaves(77, Class::ASSURED.leaves_billionths), 77);
	}

	#[test]
	fn every_leaf_every_seat_and_a_fifth_to_be_doubled_come_as_often_as_the_others() {
		let (table, mut random) = (table(&[4, 6]), stream(1));
		let (mut by_leaf, mut by_seat, mut second) = (vec![0; 40], vec![0; 10], vec![0; 2]);
		for _ in 0..10_000 {
			let leaves = leaves(&mut random, 100..140, CERTAIN_BILLIONTHS, Class::STANDARD.leaves_billionths, false);
			let mut checks = assign(&mut random, leaves, &table).unwrap();
			double(&mut random, &mut checks, Class::STANDARD.doubled_billionths, &table);
			for check in checks {
				by_leaf[check.leaf as usize - 100] += 1;
				by_seat[check.seat as usize] += 1;
				second[usize::from(check.second_seat.is_some())] += 1;
			}
		}
		assert_uniform(&by_leaf);
		assert_uniform(&by_seat);
		assert_follows(&second, &[0.8, 0.2]);
	}

	#[test]
	fn a_known_provider_in_the_economy_class_is_audited_once_in_twenty_tasks() {
		let (mut random, mut counts) = (stream(9), [0; 2]);
		for _ in 0..20_000 {
			let class = Class::ECONOMY;
			let leaves = leaves(&mut random, 0..100, class.audit_billionths, class.leaves_billionths, false);
			assert!(leaves.is_empty() || leaves.len() == 5);
			counts[usize::from(leaves.is_empty())] += 1;
		}
		assert_follows(&counts, &[0.05, 0.95]);
	}

	#[test]
	fn without_seats_there_is_no_audit_and_without_a_second_operator_no_second_auditor() {
		assert_eq!(assign(&mut stream(1), [3], &table(&[])), None);
		let alone = table(&[10]);
		let mut checks = assign(&mut stream(1), 0..50, &alone).unwrap();
		double(&mut stream(2), &mut checks, CERTAIN_BILLIONTHS, &alone);
		assert!(checks.iter().all(|check| check.second_seat.is_none()));
	}

	#[test]
	fn a_difference_an_obstacle_or_silence_calls_a_jury() {
		let (opening, digest) = ([1; 32], [2; 32]);
		let same = Some(Ok(Audit { opening, digest }));
		let judge = |findings: &[_]| is_unanimous(&opening, &digest, findings);
		assert!(judge(&[same, same]));
		assert!(!judge(&[same, Some(Ok(Audit { opening: digest, digest }))]));
		assert!(!judge(&[Some(Ok(Audit { opening, digest: opening })), same]));
		assert!(!judge(&[same, Some(Err(Obstacle::OutputMissing))]));
		assert!(!judge(&[None]));
		assert!(!judge(&[]));
	}

	proptest! {
		#[test]
		fn the_drawn_leaves_are_of_the_range_in_order_and_a_milestone_ends_with_its_last(
			start in 0u32..1_000_000, count in 0u32..300, share in 1u32..=CERTAIN_BILLIONTHS, is_milestone: bool,
			seed: u64,
		) {
			let range = start..start + count;
			let draw = |audit, is_milestone| leaves(&mut stream(seed), range.clone(), audit, share, is_milestone);
			let (plain, drawn) = (draw(CERTAIN_BILLIONTHS, false), draw(CERTAIN_BILLIONTHS, is_milestone));
			prop_assert!(plain.is_sorted_by(|one, next| one < next));
			prop_assert!(plain.iter().all(|leaf| range.contains(leaf)));
			prop_assert_eq!(plain.len() as u32, drawn_leaves(count, share));
			// Known to be audited, the last leaf takes no drawn one's place.
			let last = is_milestone.then_some(range.clone().last()).flatten();
			let mut expected = plain.clone();
			expected.extend(last);
			expected.dedup();
			prop_assert_eq!(drawn, expected);
			prop_assert_eq!(draw(0, is_milestone), last.into_iter().collect::<Vec<_>>());
		}

		#[test]
		fn the_second_auditor_is_of_another_operator_and_changes_nothing_for_the_first(
			seats in prop::collection::vec(1u32..30, 2..20), count in 1u32..40, seed: u64,
		) {
			let table = table(&seats);
			let first = assign(&mut stream(seed), 0..count, &table).unwrap();
			let mut checks = first.clone();
			double(&mut stream(!seed), &mut checks, CERTAIN_BILLIONTHS, &table);
			for (check, before) in checks.iter().zip(first) {
				prop_assert_eq!((check.leaf, check.seat), (before.leaf, before.seat));
				prop_assert_ne!(table.operator(check.second_seat.unwrap()), table.operator(check.seat));
			}
		}
	}
}
