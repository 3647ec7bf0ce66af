//! What an account has shown it can do: value that audits found clean, punctuality, faults. Merits fade, so that a good
//! name must be kept up, and faults fade more slowly. Everything is counted by value and not by tasks, so that dust
//! neither builds a name nor hides a fault.
//!
//! A fresh account stands at the bottom: nobody gains by throwing a name away. The same value spread over several
//! accounts scores less on each: nobody gains by splitting.

use crate::{
	audit::{self, CLEAN_FEES},
	math::mul_div,
	random::CERTAIN_BILLIONTHS,
	time::{BlockNumber, DAYS},
	token::{format_ogpu, Balance, OGPU},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// How reputation is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReputationParameters {
	/// Merits and lateness count half after this long. Default: 90 days.
	pub merit_half_life_blocks: BlockNumber,
	/// A fault counts half after this long. Default: 360 days, so that it outlives the merits of its time.
	pub fault_half_life_blocks: BlockNumber,
	/// Who has delivered this much, audited and clean, has half of the full experience. Default: 1,000 OGPU.
	pub half_experience: Balance,
	/// Value in time that everyone is credited with, so that one late trifle does not ruin a beginner. Default: 10
	/// OGPU.
	pub punctuality_credit: Balance,
	/// An account is audited always until what audits found clean is so many times the fee at stake. Default: 10.
	pub trusted_multiple: u32,
}

impl Default for ReputationParameters {
	fn default() -> Self {
		Self {
			merit_half_life_blocks: 90 * DAYS,
			fault_half_life_blocks: 360 * DAYS,
			half_experience: 1_000 * OGPU,
			punctuality_credit: 10 * OGPU,
			trusted_multiple: CLEAN_FEES,
		}
	}
}

impl ReputationParameters {
	/// Whether the parameters make sense together.
	pub fn is_sound(&self) -> bool {
		self.merit_half_life_blocks > 0
			&& self.fault_half_life_blocks >= self.merit_half_life_blocks
			&& self.half_experience > 0
			&& self.punctuality_credit > 0
			&& self.trusted_multiple > 0
	}
}

/// What is left at `now` of an amount that stood at `since`.
///
/// It halves once in each half-life, in a straight line between the halvings, which lie where the calendar puts them
/// and not where the amount was touched. So what is left depends on the two times alone: looking at it, or touching it,
/// in between changes nothing but the rounding of a unit. It is never more than 6.2 % beside the exponential.
pub fn decayed(amount: u128, since: BlockNumber, now: BlockNumber, half_life_blocks: BlockNumber) -> u128 {
	let (half_life, now) = (half_life_blocks.max(1), now.max(since));
	// Twice the height above the next halving's: from 2 at a halving down to 1 at the next, in units of the half-life.
	let height = |block: BlockNumber| {
		let past = block.checked_rem(half_life).unwrap_or(0);
		u128::from(half_life).saturating_mul(2).saturating_sub(past.into())
	};
	let halvings = |block: BlockNumber| block.checked_div(half_life).unwrap_or(0);
	let passed = halvings(now).saturating_sub(halvings(since));
	// Beyond a `u128` there was more to begin with than will ever exist; the ceiling keeps the order.
	mul_div(amount, height(now), height(since)).unwrap_or(u128::MAX).checked_shr(passed).unwrap_or(0)
}

/// The record of an account.
#[derive(
	Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Reputation {
	/// Fees of tasks that were audited and found clean.
	pub clean: Balance,
	/// Fees of tasks delivered in time.
	pub punctual: Balance,
	/// Fees of tasks delivered late, or given to another.
	pub late: Balance,
	/// Convictions, in billionths, as they fade.
	pub faults_billionths: u64,
	/// When the record was last written; it has faded since.
	pub written: BlockNumber,
}

impl Reputation {
	/// The record as it stands now. Reading it changes nothing.
	pub fn at(&self, now: BlockNumber, parameters: &ReputationParameters) -> Self {
		let now = now.max(self.written);
		let merit = |amount| decayed(amount, self.written, now, parameters.merit_half_life_blocks);
		let faults = decayed(self.faults_billionths.into(), self.written, now, parameters.fault_half_life_blocks);
		Self {
			clean: merit(self.clean),
			punctual: merit(self.punctual),
			late: merit(self.late),
			faults_billionths: faults.try_into().unwrap_or(u64::MAX),
			written: now,
		}
	}

	/// A task was audited, and nothing was found.
	pub fn audited(&self, now: BlockNumber, fee: Balance, parameters: &ReputationParameters) -> Self {
		let record = self.at(now, parameters);
		Self { clean: record.clean.saturating_add(fee), ..record }
	}

	/// A task was settled, in time or late.
	pub fn delivered(&self, now: BlockNumber, fee: Balance, is_late: bool, parameters: &ReputationParameters) -> Self {
		let record = self.at(now, parameters);
		if is_late {
			Self { late: record.late.saturating_add(fee), ..record }
		} else {
			Self { punctual: record.punctual.saturating_add(fee), ..record }
		}
	}

	/// The account was convicted, or silent under audit: what was found clean before counts no more.
	pub fn faulted(&self, now: BlockNumber, parameters: &ReputationParameters) -> Self {
		let record = self.at(now, parameters);
		Self {
			clean: 0,
			faults_billionths: record.faults_billionths.saturating_add(CERTAIN_BILLIONTHS.into()),
			..record
		}
	}

	/// How likely a task is audited while fees of `at_stake` in all, this task's among them, wait for settlement:
	/// always, until the account has shown enough; then as its class asks.
	///
	/// Pass the sum and not the fee of one task: otherwise many small tasks at once would hide behind a record that
	/// covers each of them and not all.
	pub fn audit_billionths(
		&self,
		now: BlockNumber,
		at_stake: Balance,
		class_billionths: u32,
		parameters: &ReputationParameters,
	) -> u32 {
		let clean = self.at(now, parameters).clean;
		audit::probability_billionths(class_billionths, clean, at_stake, parameters.trusted_multiple)
	}

	/// The score, and what it is made of.
	pub fn assess(&self, now: BlockNumber, parameters: &ReputationParameters) -> Assessment {
		let record = self.at(now, parameters);
		let experience = part(record.clean, parameters.half_experience.max(1));
		let in_time = record.punctual.saturating_add(parameters.punctuality_credit.max(1));
		let punctuality = CERTAIN_BILLIONTHS.saturating_sub(part(record.late, in_time));
		let faultlessness =
			CERTAIN_BILLIONTHS.saturating_sub(part(record.faults_billionths.into(), CERTAIN_BILLIONTHS.into()));
		Assessment {
			score_billionths: times(times(experience, punctuality), faultlessness),
			experience_billionths: experience,
			punctuality_billionths: punctuality,
			faultlessness_billionths: faultlessness,
			record,
		}
	}
}

/// `some / (some + other)` in billionths, rounded down.
fn part(some: u128, other: u128) -> u32 {
	// Two shifted bits hardly matter, and the sum cannot overflow.
	let (some, other) = if some.checked_add(other).is_some() { (some, other) } else { (some >> 2, other >> 2) };
	let part = mul_div(some, CERTAIN_BILLIONTHS.into(), some.saturating_add(other)).unwrap_or(0);
	part.try_into().unwrap_or(CERTAIN_BILLIONTHS)
}

fn times(a: u32, b: u32) -> u32 {
	mul_div(a.into(), b.into(), CERTAIN_BILLIONTHS.into()).and_then(|product| product.try_into().ok()).unwrap_or(0)
}

/// A score with its reasons. It is the product of the three parts, each between nothing and a billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Assessment {
	pub score_billionths: u32,
	/// Clean value against the value that gives half.
	pub experience_billionths: u32,
	/// One less the late share of what was delivered.
	pub punctuality_billionths: u32,
	/// A half with one fresh conviction, a third with two.
	pub faultlessness_billionths: u32,
	/// As it has faded.
	pub record: Reputation,
}

/// A share of billionths as people read it, to a tenth of a percent.
struct Percent(u32);

impl fmt::Display for Percent {
	fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
		let tenths = self.0 / 1_000_000;
		write!(out, "{}.{} %", tenths / 10, tenths % 10)
	}
}

impl fmt::Display for Assessment {
	fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
		let whole = |amount: Balance| format_ogpu(amount.saturating_sub(amount % OGPU));
		write!(
			out,
			"{} = experience {} ({} OGPU audited clean) × punctuality {} ({} OGPU late, {} in time) × faultlessness {}",
			Percent(self.score_billionths),
			Percent(self.experience_billionths),
			whole(self.record.clean),
			Percent(self.punctuality_billionths),
			whole(self.record.late),
			whole(self.record.punctual),
			Percent(self.faultlessness_billionths),
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::token::CAP;
	use proptest::prelude::*;

	const DEFAULT: ReputationParameters = ReputationParameters {
		merit_half_life_blocks: 90 * DAYS,
		fault_half_life_blocks: 360 * DAYS,
		half_experience: 1_000 * OGPU,
		punctuality_credit: 10 * OGPU,
		trusted_multiple: 10,
	};

	fn score(record: &Reputation, now: BlockNumber) -> u32 {
		record.assess(now, &DEFAULT).score_billionths
	}

	#[test]
	fn the_defaults_are_sound_and_those_of_the_tests() {
		assert_eq!(ReputationParameters::default(), DEFAULT);
		assert!(DEFAULT.is_sound());
		assert!(!ReputationParameters { fault_half_life_blocks: 1, ..DEFAULT }.is_sound());
	}

	#[test]
	fn a_name_is_half_gone_after_ninety_days_and_gone_after_years() {
		let record = Reputation::default().audited(0, 1_000 * OGPU, &DEFAULT);
		assert_eq!(record.at(90 * DAYS, &DEFAULT).clean, 500 * OGPU);
		assert_eq!(record.at(45 * DAYS, &DEFAULT).clean, 750 * OGPU, "in a straight line between halvings");
		assert_eq!(record.at(900 * DAYS, &DEFAULT).clean, (1_000 * OGPU) >> 10);
		assert_eq!(record.at(u32::MAX, &DEFAULT).clean, 0);
		assert_eq!(score(&record, u32::MAX), 0);
	}

	#[test]
	fn a_provider_earns_a_name_and_a_conviction_takes_it() {
		let mut record = Reputation::default();
		assert_eq!(score(&record, 0), 0, "a stranger stands at the bottom");
		for month in 0..12 {
			let now = month * 30 * DAYS;
			record = record.audited(now, 500 * OGPU, &DEFAULT).delivered(now, 5_000 * OGPU, false, &DEFAULT);
		}
		let now = 11 * 30 * DAYS;
		let before = score(&record, now);
		assert!((600_000_000..750_000_000).contains(&before), "{before}");
		assert_eq!(record.audit_billionths(now, 100 * OGPU, 50_000_000, &DEFAULT), 50_000_000);

		let record = record.faulted(now, &DEFAULT);
		assert_eq!(score(&record, now), 0);
		assert_eq!(record.audit_billionths(now, OGPU, 50_000_000, &DEFAULT), CERTAIN_BILLIONTHS);
		let again = record.audited(now, 2_000 * OGPU, &DEFAULT);
		assert!(score(&again, now) < before / 2 + 1, "the same value again, and the fault still halves it");
	}

	#[test]
	fn anybody_can_read_why() {
		let record = Reputation::default()
			.audited(0, 1_000 * OGPU, &DEFAULT)
			.delivered(0, 80 * OGPU, false, &DEFAULT)
			.delivered(0, 10 * OGPU, true, &DEFAULT);
		assert_eq!(
			alloc::format!("{}", record.assess(0, &DEFAULT)),
			"45.0 % = experience 50.0 % (1000 OGPU audited clean) × punctuality 90.0 % (10 OGPU late, 80 in time) × \
			 faultlessness 100.0 %"
		);
	}

	#[test]
	fn a_late_trifle_neither_ruins_a_beginner_nor_does_dust_hide_a_late_job() {
		let beginner = Reputation::default().delivered(0, OGPU, true, &DEFAULT).assess(0, &DEFAULT);
		assert!(beginner.punctuality_billionths > 900_000_000);
		let mut hiding = Reputation::default().delivered(0, 1_000 * OGPU, true, &DEFAULT);
		for _ in 0..10_000 {
			hiding = hiding.delivered(0, OGPU / 1_000, false, &DEFAULT);
		}
		assert!(hiding.assess(0, &DEFAULT).punctuality_billionths < 20_000_000);
	}

	#[test]
	fn the_document_tells_how_a_name_grows_and_fades() {
		use crate::cost::tests::{assert_documented, percent};
		use alloc::{format, string::ToString};
		let record =
			Reputation::default().audited(0, 1_000 * OGPU, &DEFAULT).delivered(0, 5_000 * OGPU, false, &DEFAULT);
		let late = record.delivered(0, 1_000 * OGPU, true, &DEFAULT);
		let convicted = record.faulted(0, &DEFAULT);
		let back = convicted.audited(0, 1_000 * OGPU, &DEFAULT);
		let rows = [
			("a stranger", Reputation::default(), 0),
			("1,000 OGPU audited clean, 5,000 in time", record, 0),
			("the same, 90 days later", record, 90),
			("the same, a year later", record, 365),
			("with 1,000 OGPU late besides", late, 0),
			("convicted", convicted, 0),
			("convicted, then 1,000 OGPU audited clean again", back, 0),
		];
		assert_documented(rows.map(|(name, record, days)| {
			let Assessment {
				score_billionths,
				experience_billionths,
				punctuality_billionths,
				faultlessness_billionths,
				..
			} = record.assess(days * DAYS, &DEFAULT);
			let [experience, punctuality, faultlessness, score] =
				[experience_billionths, punctuality_billionths, faultlessness_billionths, score_billionths]
					.map(percent);
			format!("| {name} | {experience} | {punctuality} | {faultlessness} | {score} |")
		}));
		assert_documented([late.assess(0, &DEFAULT).to_string()]);
	}

	fn parameters() -> impl Strategy<Value = ReputationParameters> {
		any::<(u32, u32, u128, u128, u32)>().prop_map(
			|(
				merit_half_life_blocks,
				fault_half_life_blocks,
				half_experience,
				punctuality_credit,
				trusted_multiple,
			)| {
				ReputationParameters {
					merit_half_life_blocks,
					fault_half_life_blocks,
					half_experience,
					punctuality_credit,
					trusted_multiple,
				}
			},
		)
	}

	fn records() -> impl Strategy<Value = Reputation> {
		any::<(u128, u128, u128, u64, u32)>().prop_map(|(clean, punctual, late, faults_billionths, written)| {
			Reputation { clean, punctual, late, faults_billionths, written }
		})
	}

	proptest! {
		#[test]
		fn nothing_makes_it_panic_and_two_touches_at_one_time_are_one(
			(record, parameters) in (records(), parameters()),
			(now, fee, is_late) in any::<(u32, u128, bool)>(),
			(at_stake, class) in (any::<u128>(), 0..=CERTAIN_BILLIONTHS),
		) {
			let touched = record.at(now, &parameters);
			prop_assert_eq!(touched.at(now, &parameters), touched);
			prop_assert!(touched.clean <= record.clean && touched.faults_billionths <= record.faults_billionths);
			prop_assert_eq!(touched.assess(now, &parameters), record.assess(now, &parameters));
			let further = record
				.audited(now, fee, &parameters)
				.delivered(now, fee, is_late, &parameters)
				.faulted(now, &parameters);
			prop_assert_eq!(further.clean, 0);
			let assessment = record.assess(now, &parameters);
			prop_assert!(assessment.score_billionths <= assessment.experience_billionths);
			prop_assert_ne!(alloc::string::ToString::to_string(&assessment), "");
			prop_assert!(record.audit_billionths(now, at_stake, class, &parameters) <= CERTAIN_BILLIONTHS);
		}

		#[test]
		fn it_falls_with_time_and_never_below_nothing(amount: u128, since: u32, now: u32, later: u32, half_life: u32) {
			let (now, later) = (now.min(later), now.max(later));
			let left = decayed(amount, since, now, half_life);
			prop_assert!(left <= amount);
			prop_assert!(decayed(amount, since, later, half_life) <= left);
			prop_assert!(decayed(amount.saturating_add(1), since, now, half_life) >= left);
			prop_assert_eq!(decayed(amount, since, since, half_life), amount);
		}

		/// The clock of the network may be read twice, or stand still; an older time than the record's fades nothing.
		#[test]
		fn a_time_before_the_record_changes_nothing(amount: u128, since: u32, half_life: u32) {
			prop_assert_eq!(decayed(amount, since, 0, half_life), amount);
		}

		/// Touching often, at whatever times, neither keeps a name nor wears it out.
		#[test]
		fn touches_in_between_cost_no_more_than_their_rounding(
			amount in 0..=u128::MAX / 2,
			mut times in prop::collection::vec(0u32..20_000_000, 2..20),
			half_life in 1u32..4_000_000,
		) {
			times.sort_unstable();
			let (first, last) = (times[0], *times.last().unwrap());
			let at_once = decayed(amount, first, last, half_life);
			let touched = times.windows(2).fold(amount, |left, pair| decayed(left, pair[0], pair[1], half_life));
			prop_assert!(touched <= at_once);
			prop_assert!(at_once - touched <= 2 * times.len() as u128, "{at_once} {touched}");
		}

		#[test]
		fn it_stays_near_the_exponential(
			since in 0u32..10_000_000, passed in 0u32..10_000_000, half_life in 1_000u32..4_000_000,
		) {
			let amount = 1u128 << 100;
			let left = decayed(amount, since, since + passed, half_life) as f64;
			let exact = amount as f64 * (-f64::from(passed) / f64::from(half_life)).exp2();
			prop_assert!((left - exact).abs() < 0.0616 * exact + 1.0, "{left} instead of {exact}");
		}

		#[test]
		fn more_clean_value_is_better_more_lateness_and_faults_are_worse(record in records(), more: u128, now: u32) {
			let base = score(&record, now);
			let now = now.max(record.written);
			prop_assert!(score(&record.audited(now, more, &DEFAULT), now) >= base);
			prop_assert!(score(&record.delivered(now, more, true, &DEFAULT), now) <= base);
			prop_assert_eq!(score(&record.faulted(now, &DEFAULT), now), 0);
		}

		/// The value of one account, spread over two, scores less on each of them.
		#[test]
		fn splitting_a_name_gains_nothing(value in 1..=CAP, share in 0..=CERTAIN_BILLIONTHS) {
			let part = crate::math::share(value, share);
			let named = |clean| score(&Reputation { clean, ..Reputation::default() }, 0);
			prop_assert!(named(part).max(named(value - part)) <= named(value));
		}

		/// Many tasks at once need as much clean value as one of their size.
		#[test]
		fn tasks_at_once_do_not_hide_behind_one_record(
			clean in 0..=CAP, fees in prop::collection::vec(1..=CAP, 1..8),
		) {
			let record = Reputation { clean, ..Reputation::default() };
			let at_stake = fees.iter().sum();
			let is_trusted = record.audit_billionths(0, at_stake, 0, &DEFAULT) == 0;
			prop_assert_eq!(is_trusted, clean > 0 && clean / 10 >= at_stake);
		}
	}
}
