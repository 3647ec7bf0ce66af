//! What stakers earn beyond fees: in each era a fixed share of what is left to emit, in proportion to the time that the
//! era took. So it falls smoothly, never ends, and never exceeds its budget.

use crate::{
	math::mul_div,
	random::CERTAIN_BILLIONTHS,
	time::{BlockNumber, BLOCK_MILLIS},
	token::{Balance, CAP, CIRCULATING},
};

/// What is emitted in all, for ever: what the Ethereum token left of the cap.
pub const BUDGET: Balance = CAP - CIRCULATING;

/// A Julian year.
pub const YEAR_MILLIS: u64 = 31_557_600_000;

/// Of what is left, in a year, in billionths: a fifth. Half of the budget is out after 3.5 years.
pub const YEARLY_SHARE_BILLIONTHS: u32 = 200_000_000;

/// An era counts for at most so many times its intended length, so that a chain which stood still emits nothing for it.
pub const MOST_ERA_LENGTHS: u64 = 2;

/// The payout of an era that took `elapsed_millis`, of which it counts `nominal_millis` twice at most, when `left` is
/// left to emit. Never more than `left`.
pub fn payout(left: Balance, yearly_share_billionths: u32, elapsed_millis: u64, nominal_millis: u64) -> Balance {
	let counted = elapsed_millis.min(nominal_millis.saturating_mul(MOST_ERA_LENGTHS));
	let share = u128::from(counted).saturating_mul(yearly_share_billionths.into());
	let whole = u128::from(YEAR_MILLIS).saturating_mul(CERTAIN_BILLIONTHS.into());
	mul_div(left, share, whole).unwrap_or(left).min(left)
}

/// How long an era is meant to take.
pub fn nominal_millis(epoch_blocks: BlockNumber, sessions_per_era: u32) -> u64 {
	u64::from(epoch_blocks).saturating_mul(sessions_per_era.into()).saturating_mul(BLOCK_MILLIS)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		time::{EPOCH_BLOCKS, SESSIONS_PER_ERA},
		token::OGPU,
	};
	use proptest::prelude::*;

	fn era() -> u64 {
		nominal_millis(EPOCH_BLOCKS, SESSIONS_PER_ERA)
	}

	#[test]
	fn a_century_of_eras_pays_ever_less_and_stays_within_the_budget() {
		let (mut left, mut paid, mut last) = (BUDGET, 0, Balance::MAX);
		let eras = 100 * YEAR_MILLIS / era();
		for year_era in 0..eras {
			let payout = payout(left, YEARLY_SHARE_BILLIONTHS, era(), era());
			assert!(payout > 0 && payout < last, "era {year_era} pays {payout} after {last}");
			(left, paid, last) = (left - payout, paid + payout, payout);
		}
		assert_eq!(left + paid, BUDGET);
		// Continuously compounded, e⁻²⁰ of the budget would be left.
		let expected = (BUDGET as f64) * (-20f64).exp();
		assert!(((left as f64) / expected - 1.0).abs() < 0.01, "{left} is left, not about {expected}");
	}

	#[test]
	fn the_first_year_pays_eighteen_percent_of_the_budget() {
		let (mut left, eras) = (BUDGET, YEAR_MILLIS / era());
		for _ in 0..eras {
			left -= payout(left, YEARLY_SHARE_BILLIONTHS, era(), era());
		}
		let first_year = (BUDGET - left) / OGPU;
		assert!((246_000..247_500).contains(&first_year), "{first_year}");
	}

	proptest! {
		#[test]
		fn it_never_exceeds_what_is_left_and_grows_with_time_rate_and_budget(
			left in 0..=CAP, share: u32, elapsed: u64, nominal: u64, more in 0..=CAP,
		) {
			let base = payout(left, share, elapsed, nominal);
			prop_assert!(base <= left);
			prop_assert!(payout(left, share, elapsed.saturating_add(1_000), nominal) >= base);
			prop_assert!(payout(left, share.saturating_add(1_000), elapsed, nominal) >= base);
			prop_assert!(payout(left.saturating_add(more), share, elapsed, nominal) >= base);
			prop_assert_eq!(payout(left, share, u64::MAX, nominal), payout(left, share, nominal.saturating_mul(2), nominal));
			prop_assert_eq!(payout(left, 0, elapsed, nominal), 0);
		}

		/// Cutting an era in two pays no more than rounding and the fall between them allow.
		#[test]
		fn the_length_of_eras_hardly_matters(left in OGPU..=BUDGET, halves in 1_000u64..50_000_000) {
			let whole = payout(left, YEARLY_SHARE_BILLIONTHS, 2 * halves, 2 * halves);
			let first = payout(left, YEARLY_SHARE_BILLIONTHS, halves, halves);
			let second = payout(left - first, YEARLY_SHARE_BILLIONTHS, halves, halves);
			prop_assert!(first + second <= whole + 1);
			prop_assert!(whole - (first + second).min(whole) <= whole / 1_000 + 2);
		}
	}
}
