//! Exact arithmetic for the rules: what overflows is `None`, never a wrong number.

use primitive_types::U256;

/// `a · b / c`, rounded down, with the product in full. `None` if `c` is zero or the result exceeds a `u128`.
pub fn mul_div(a: u128, b: u128, c: u128) -> Option<u128> {
	U256::from(a).checked_mul(b.into())?.checked_div(c.into())?.try_into().ok()
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
	}
}
