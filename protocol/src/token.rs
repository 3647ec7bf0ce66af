//! The token's units and its address format.

use alloc::{format, string::String};

/// The smallest unit is 10⁻¹⁸ OGPU, as on Ethereum.
pub type Balance = u128;

pub const SYMBOL: &str = "OGPU";
pub const DECIMALS: u8 = 18;

/// The network's number in the [SS58 registry](https://github.com/paritytech/ss58-registry): addresses begin with it.
pub const SS58_PREFIX: u16 = 1071;

pub const OGPU: Balance = 1_000_000_000_000_000_000;
pub const MILLI_OGPU: Balance = OGPU / 1_000;
pub const MICRO_OGPU: Balance = MILLI_OGPU / 1_000;

/// No more than this will ever exist.
pub const CAP: Balance = 21_000_000 * OGPU;

/// What circulates on Ethereum, and can be claimed here one to one: 19,639,104.8193 OGPU.
pub const CIRCULATING: Balance = 19_639_104_819_300 * MICRO_OGPU;

/// What one vote in an election weighs. Votes are `u64`, and the cap in the smallest unit overflows that, so a balance
/// is divided by this factor first.
pub const VOTE_UNIT: Balance = 2_000_000;

const _: () = assert!(CAP / VOTE_UNIT <= u64::MAX as u128, "the whole supply must fit into one vote");
const _: () = assert!(OGPU == 10u128.pow(DECIMALS as u32), "OGPU is the unit of the decimals that wallets show");

/// Reads an amount of OGPU as people write it, `1000` or `0.5`, to the last digit. Anything else is `None`: signs,
/// exponents, separators, more than 18 decimals, more than a [`Balance`] holds.
pub fn parse_ogpu(text: &str) -> Option<Balance> {
	let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
	let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
	let missing = usize::from(DECIMALS).checked_sub(fraction.len())?;
	if !digits(whole) || !digits(fraction) {
		return None;
	}
	let scale = 10u128.checked_pow(missing.try_into().ok()?)?;
	let fraction = fraction.parse::<Balance>().ok()?.checked_mul(scale)?;
	whole.parse::<Balance>().ok()?.checked_mul(OGPU)?.checked_add(fraction)
}

/// Writes an amount as people read it, without needless zeros: `1000` or `0.5`.
pub fn format_ogpu(amount: Balance) -> String {
	let (whole, fraction) = (amount / OGPU, amount % OGPU);
	let text = format!("{whole}.{fraction:018}");
	text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn an_amount_that_is_not_plainly_one_is_refused() {
		for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "0x1", "1.2.3", "0.0000000000000000001"] {
			assert_eq!(parse_ogpu(wrong), None, "{wrong:?}");
		}
		assert_eq!(parse_ogpu("9".repeat(40).as_str()), None, "more than a balance holds");
	}

	proptest! {
		#[test]
		fn an_amount_is_read_to_the_last_digit(amount in 0..=CAP) {
			let text = format!("{}.{:018}", amount / OGPU, amount % OGPU);
			prop_assert_eq!(parse_ogpu(&text), Some(amount));
			prop_assert_eq!(parse_ogpu(&format_ogpu(amount)), Some(amount));
		}

		#[test]
		fn no_text_makes_it_panic(text in ".*") {
			let _ = parse_ogpu(&text);
		}
	}
}
