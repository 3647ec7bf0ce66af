//! Exact arithmetic for the rules: what overflows is `None`, never a wrong number.

use crate::random::CERTAIN_BILLIONTHS;
use primitive_types::U256;

/// `a · b / c`, rounded down, with the product in full. `None` if `c` is zero or the result exceeds a `u128`.
pub fn mul_div(a: u128, b: u128, c: u128) -> Option<u128> {
	U256::from(a).checked_mul(b.into())?.checked_div(c.into())?.try_into().ok()
}

/// This share of an amount, rounded down.
pub(crate) fn share(amount: u128, billionths: impl Into<u128>) -> u128 {
	mul_div(amount, billionths.into(), CERTAIN_BILLIONTHS.into()).unwrap_or(u128::MAX)
}

/// This share of an amount, rounded up.
pub(crate) fn share_up(amount: u128, billionths: impl Into<u128>) -> u128 {
	mul_div_up(amount, billionths.into(), CERTAIN_BILLIONTHS.into()).unwrap_or(u128::MAX)
}

/// `a · b / c`, rounded up. `None` if `c` is zero or the result exceeds a `u128`.
pub(crate) fn mul_div_up(a: u128, b: u128, c: u128) -> Option<u128> {
	let floor = mul_div(a, b, c)?;
	let is_exact = U256::from(a).checked_mul(b.into())? == U256::from(floor).checked_mul(c.into())?;
	if is_exact {
		Some(floor)
	} else {
		floor.checked_add(1)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn the_edges_are_exact() {
		assert_eq!(mul_div(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
		assert_eq!(mul_div(u128::MAX, 2, 1), None);
		assert_eq!(mul_div(1, 1, 0), None);
		assert_eq!(mul_div(7, 3, 2), Some(10));
	}

	proptest! {
		#[test]
		fn small_numbers_agree_with_plain_arithmetic(a: u64, b: u64, c in 1..u64::MAX) {
			let (a, b, c) = (u128::from(a), u128::from(b), u128::from(c));
			prop_assert_eq!(mul_div(a, b, c), Some(a * b / c));
		}

		#[test]
		fn a_share_is_exact_to_the_unit(amount: u128, rate in 0..=CERTAIN_BILLIONTHS) {
			let (down, up) = (share(amount, rate), share_up(amount, rate));
			prop_assert!(down <= up && up <= amount && up - down <= 1);
			let rest = U256::from(amount) * U256::from(rate) % U256::from(CERTAIN_BILLIONTHS);
			prop_assert_eq!(up == down, rest == U256::zero());
			prop_assert_eq!(down + share_up(amount, CERTAIN_BILLIONTHS - rate), amount);
		}
	}
}
