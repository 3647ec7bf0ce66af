//! How surely an audit finds a provider that cheats, and the bond that makes cheating a loss. Rounding errs on the safe
//! side: detection is rounded down, the bond up.
//!
//! Of n leaves, w are wrong; s are drawn; each drawn leaf has an auditor that is dishonest with probability f, and with
//! probability δ a second one, dishonest with probability f as well. So a drawn wrong leaf passes with probability
//! e = f (1 − δ (1 − f)), and all w pass with probability U(w), the mean of eˣ, where x, the number of wrong leaves among
//! the drawn, follows the hypergeometric distribution. The audit, which takes place with probability p, detects with
//! P(w) = p (1 − U(w)).
//!
//! # The cheater's best is one wrong leaf, or all of them
//! The bond covers the largest of (w / n) F (1 − P) / P, which is F / n times w / P(w) − w. It is enough to look at
//! w = 1 and w = n, because y(w) = w / (1 − U(w)) is convex:
//! 1. U is log-concave. Up to a constant it is the coefficient of zˢ in (1 + ez)ʷ (1 + z)ⁿ⁻ʷ. Let a, b, c be the
//!    coefficients of zˢ⁻², zˢ⁻¹, zˢ in (1 + ez)ʷ⁻¹ (1 + z)ⁿ⁻ʷ⁻¹, which U(w − 1), U(w) and U(w + 1) have in common.
//!    Then U(w)² − U(w − 1) U(w + 1) is (1 − e)² (b² − ac), and not negative: the coefficients of a polynomial with only
//!    real roots are log-concave (Newton).
//! 2. d(w) = U(w − 1) − U(w), the probability that of the wrong leaves in a row the w-th is the first detected, is
//!    (1 − e) s / n times the U of one leaf and one draw less at w − 1. So d is log-concave as well, and it falls.
//! 3. Clear the denominators of y(w − 1) + y(w + 1) ≥ 2 y(w): it says (w − 1) / d(w + 1) + 2 y(w) ≥ (w + 1) / d(w).
//!    Let t = d(w) / d(w + 1), at least 1. By 2, d(j) ≤ d(w) tʷ⁻ʲ for j ≤ w, and 1 − U(w) is the sum of d(1) to d(w), at
//!    most d(w) (tʷ − 1) / (t − 1). So it is enough that (w − 1) t + 2w (t − 1) / (tʷ − 1) ≥ w + 1, in other words that
//!    (w − 1) tʷ⁺¹ − (w + 1) tʷ + (w + 1) t − (w − 1) is not negative. At t = 1 it is zero and so is its slope, and its
//!    second derivative is w (w² − 1) tʷ⁻² (t − 1).

use crate::{audit::drawn_leaves, class::Class, random::CERTAIN_BILLIONTHS, token::Balance};
use primitive_types::U256;

/// The share of auditors that bonds and quotes take for dishonest: a fifth.
pub const DISHONEST_BILLIONTHS: u32 = CERTAIN_BILLIONTHS / 5;

/// Certainty as a `u128`, and its square and cube: scales of exact products of probabilities.
const ONE: u128 = CERTAIN_BILLIONTHS as u128;
const ONE_SQUARED: u128 = ONE * ONE;
const ONE_CUBED: u128 = ONE_SQUARED * ONE;

/// How a job is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
	/// Leaves of the job.
	pub leaves: u32,
	/// How many of them are drawn.
	pub drawn: u32,
	/// The probability that they are drawn at all.
	pub audit_billionths: u32,
	/// The probability that a drawn leaf has a second auditor.
	pub doubled_billionths: u32,
	/// The probability that an auditor passes a wrong leaf on purpose.
	pub dishonest_billionths: u32,
}

impl Sampling {
	/// How a job with so many leaves is audited in a class.
	pub fn of(class: &Class, leaves: u32) -> Self {
		Self {
			leaves,
			drawn: drawn_leaves(leaves, class.leaves_billionths),
			audit_billionths: class.audit_billionths,
			doubled_billionths: class.doubled_billionths,
			dishonest_billionths: DISHONEST_BILLIONTHS,
		}
	}

	/// The probability that so many wrong leaves are detected. `None` if there are not so many leaves, or a share is
	/// more than one. It takes time in proportion to the leaves that are drawn, not drawn, wrong or right, whichever
	/// are fewest.
	pub fn detection_billionths(&self, wrong: u32) -> Option<u32> {
		let passed = self.passed()?;
		let (drawn, leaves) = (u64::from(self.drawn), u64::from(self.leaves));
		let (few, many) = if self.drawn < wrong { (drawn, wrong.into()) } else { (wrong.into(), drawn) };
		let spare = leaves.checked_sub(many)?;

		// The terms P(x) eˣ, from the smallest possible x. How they follow from one another is symmetric in the leaves
		// that are wrong and those that are drawn.
		let least = few.saturating_sub(spare);
		let mut term = Upper::ratio_of_choices(few.max(spare), leaves, few.min(spare)).times(passed.power(least));
		let mut undetected = term;
		for x in least..few {
			let next = x.saturating_add(1);
			let ways = few.saturating_sub(x).saturating_mul(many.saturating_sub(x));
			let loss = next.saturating_mul(next.saturating_add(spare).saturating_sub(few));
			term = term.times(Upper::ratio(ways, loss)).times(passed);
			undetected = undetected.plus(term);
		}
		let detected = ONE_SQUARED.saturating_sub(undetected.scaled(ONE_SQUARED));
		let detected = detected.saturating_mul(self.audit_billionths.into()).checked_div(ONE_SQUARED)?;
		detected.try_into().ok()
	}

	/// The bond for a job with this fee: what makes cheating a loss whatever the share of wrong leaves, and the bill of
	/// the jury that has to find it. `None` if nothing is ever detected, so that no bond suffices, or it exceeds a
	/// balance.
	pub fn bond(&self, fee: Balance, jury_bill: Balance) -> Option<Balance> {
		self.one_leaf(fee)?.max(self.all_leaves(fee)?).checked_add(jury_bill)
	}

	/// What auditing costs, as a share of the work: the drawn leaves, and the second auditors.
	pub fn cost_billionths(&self) -> Option<u64> {
		let executions = u128::from(self.drawn).checked_mul(ONE.checked_add(self.doubled_billionths.into())?)?;
		let cost = executions.checked_mul(self.audit_billionths.into())?;
		cost.div_ceil(ONE.checked_mul(u128::from(self.leaves).max(1))?).try_into().ok()
	}

	/// F / n · (1 / P(1) − 1), where P(1) = p (1 − e) s / n, rounded up.
	fn one_leaf(&self, fee: Balance) -> Option<Balance> {
		let found = ONE_CUBED.checked_sub(self.passed_exactly()?)?;
		let whole = U256::from(fee).checked_mul(ONE_CUBED.into())?.checked_mul(ONE.into())?;
		let part = U256::from(found).checked_mul(self.audit_billionths.into())?.checked_mul(self.drawn.into())?;
		let (quotient, rest) = whole.checked_div(part).zip(whole.checked_rem(part))?;
		let loss = Balance::try_from(quotient).ok()?.checked_add((!rest.is_zero()).into())?;
		loss.checked_sub(fee.checked_div(self.leaves.into())?)
	}

	/// F · (1 / P(n) − 1), where P(n) = p (1 − eˢ), rounded up.
	fn all_leaves(&self, fee: Balance) -> Option<Balance> {
		let passed = self.passed()?.power(self.drawn.into()).scaled(ONE_SQUARED);
		let found = ONE_SQUARED.checked_sub(passed)?.checked_mul(self.audit_billionths.into())?;
		let whole = U256::from(fee).checked_mul(ONE_CUBED.into())?;
		let (quotient, rest) = whole.checked_div(found.into()).zip(whole.checked_rem(found.into()))?;
		let loss = Balance::try_from(quotient).ok()?.checked_add((!rest.is_zero()).into())?;
		loss.checked_sub(fee)
	}

	/// The probability that a drawn wrong leaf passes.
	fn passed(&self) -> Option<Upper> {
		Some(Upper::new(self.passed_exactly()?, 0).times(Upper::ratio(1, ONE as u64).power(3)))
	}

	/// The same, exact, in billionths of billionths of billionths.
	fn passed_exactly(&self) -> Option<u128> {
		let possible = [self.audit_billionths, self.doubled_billionths, self.dishonest_billionths]
			.into_iter()
			.all(|share| share <= CERTAIN_BILLIONTHS);
		let (dishonest, doubled) = (u128::from(self.dishonest_billionths), u128::from(self.doubled_billionths));
		let second_honest = doubled.checked_mul(ONE.checked_sub(dishonest)?)?;
		let passed = dishonest.checked_mul(ONE_SQUARED.checked_sub(second_honest)?)?;
		(possible && self.drawn <= self.leaves).then_some(passed)
	}
}

/// A number that is nowhere below the exact one: 64 binary digits, an exponent, and every operation rounded up. Chances
/// of passing span thousands of digits, so fixed point would not do, and each is a product of up to a million factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Upper {
	/// Its highest bit is set, unless the number is zero.
	mantissa: u64,
	exponent: i64,
}

impl Upper {
	/// `value` · 2^`exponent`.
	fn new(value: u128, exponent: i64) -> Self {
		let normal = value.checked_shl(value.leading_zeros()).unwrap_or(0);
		let exponent = exponent.saturating_sub(value.leading_zeros().into()).saturating_add(64);
		let (high, low) = ((normal >> 64) as u64, normal as u64);
		match high.checked_add((low > 0).into()) {
			Some(mantissa) => Self { mantissa, exponent },
			None => Self { mantissa: 1 << 63, exponent: exponent.saturating_add(1) },
		}
	}

	/// `dividend` / `divisor`, which is not zero.
	fn ratio(dividend: u64, divisor: u64) -> Self {
		let (shift, less) = (dividend.leading_zeros(), divisor.leading_zeros());
		let normal = |number: u64, shift| u128::from(number.checked_shl(shift).unwrap_or(0));
		let quotient = (normal(dividend, shift) << 64).div_ceil(normal(divisor, less).max(1));
		Self::new(quotient, i64::from(less).saturating_sub(shift.into()).saturating_sub(64))
	}

	/// The ways to choose `chosen` of `some`, as a share of the ways to choose as many of `all`.
	fn ratio_of_choices(some: u64, all: u64, chosen: u64) -> Self {
		let factor = |index| Self::ratio(some.saturating_sub(index), all.saturating_sub(index));
		(0..chosen).fold(Self::new(1, 0), |product, index| product.times(factor(index)))
	}

	fn times(self, other: Self) -> Self {
		let product = u128::from(self.mantissa).saturating_mul(other.mantissa.into());
		Self::new(product, self.exponent.saturating_add(other.exponent))
	}

	fn plus(self, other: Self) -> Self {
		let (more, less) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
		if more.mantissa == 0 || less.mantissa == 0 {
			return Self { mantissa: self.mantissa | other.mantissa, ..if more.mantissa == 0 { less } else { more } };
		}
		let apart = u32::try_from(more.exponent.saturating_sub(less.exponent)).unwrap_or(u32::MAX);
		let sum = u128::from(more.mantissa).saturating_add(shifted(less.mantissa.into(), apart));
		Self::new(sum, more.exponent)
	}

	fn power(self, exponent: u64) -> Self {
		let (mut power, mut square, mut rest) = (Self::new(1, 0), self, exponent);
		while rest > 0 {
			if rest % 2 == 1 {
				power = power.times(square);
			}
			square = square.times(square);
			rest /= 2;
		}
		power
	}

	/// How many parts of so many (at most 2⁶⁴) the number is, rounded up; all of them if it is one or more.
	fn scaled(self, parts: u128) -> u128 {
		let product = u128::from(self.mantissa).saturating_mul(parts);
		match u32::try_from(self.exponent.saturating_neg()) {
			Ok(shift) => shifted(product, shift).min(parts),
			Err(_) if self.exponent > 0 => parts,
			Err(_) => (product > 0).into(),
		}
	}
}

/// `value` / 2^`shift`, rounded up.
fn shifted(value: u128, shift: u32) -> u128 {
	let whole = value.checked_shr(shift).unwrap_or(0);
	let exact = whole.checked_shl(shift).unwrap_or(0) == value;
	whole.saturating_add((!exact).into())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::token::{CAP, OGPU};
	use num_bigint::BigUint;
	use proptest::prelude::*;

	fn sampling(leaves: u32, drawn: u32) -> Sampling {
		Sampling { drawn, ..Sampling::of(&Class::STANDARD, leaves) }
	}

	fn honest(leaves: u32, drawn: u32) -> Sampling {
		Sampling { dishonest_billionths: 0, ..sampling(leaves, drawn) }
	}

	/// A fraction without rounding.
	#[derive(Clone)]
	struct Exact(BigUint, BigUint);

	impl Exact {
		fn of_billionths(billionths: u32) -> Self {
			Self(billionths.into(), CERTAIN_BILLIONTHS.into())
		}

		fn times(&self, other: &Self) -> Self {
			Self(&self.0 * &other.0, &self.1 * &other.1)
		}

		fn complement(&self) -> Self {
			Self(&self.1 - &self.0, self.1.clone())
		}

		/// floor(value · this)
		fn floor_of(&self, value: u128) -> BigUint {
			&self.0 * value / &self.1
		}
	}

	fn choose(of: u32, count: u32) -> BigUint {
		if count > of {
			return 0u32.into();
		}
		(0..count).fold(BigUint::from(1u32), |ways, index| ways * (of - index) / (index + 1))
	}

	/// P(w) by its definition.
	fn detection(s: &Sampling, wrong: u32) -> Exact {
		let [audited, doubled, dishonest] =
			[s.audit_billionths, s.doubled_billionths, s.dishonest_billionths].map(Exact::of_billionths);
		let e = dishonest.times(&doubled.times(&dishonest.complement()).complement());
		let few = s.drawn.min(wrong);
		let undetected = (0..=few)
			.map(|x| {
				let ways = choose(wrong, x) * choose(s.leaves - wrong, s.drawn - x);
				ways * e.0.pow(x) * e.1.pow(few - x)
			})
			.sum();
		audited.times(&Exact(undetected, choose(s.leaves, s.drawn) * e.1.pow(few)).complement())
	}

	/// F (1 − P) / P · w / n, rounded up, for the worst w.
	fn worst(s: &Sampling, fee: Balance) -> Option<BigUint> {
		let loss = |wrong| {
			let Exact(part, whole) = detection(s, wrong);
			let (loss, divisor) = ((&whole - &part) * wrong * fee, &part * s.leaves);
			(part > 0u32.into()).then(|| (loss + &divisor - 1u32) / divisor)
		};
		(1..=s.leaves).map(loss).collect::<Option<Vec<_>>>()?.into_iter().max()
	}

	#[test]
	fn the_figures_of_the_protocol() {
		let billion = f64::from(CERTAIN_BILLIONTHS);
		let percent = |s: Sampling, wrong| f64::from(s.detection_billionths(wrong).unwrap()) / billion * 100.0;
		assert_eq!(sampling(1_000, 50).cost_billionths(), Some(60_000_000), "6 %");
		let tenth = percent(honest(1_000, 50), 100);
		assert!((99.5..99.6).contains(&tenth), "{tenth}");
		let colluding = percent(sampling(1_000, 50), 100);
		assert!((98.5..99.0).contains(&colluding), "{colluding}");
		let single = percent(Sampling { doubled_billionths: 0, ..sampling(1_000, 50) }, 100);
		assert!((98.5..98.7).contains(&single), "{single}");
		assert_eq!(honest(1_000, 50).detection_billionths(1), Some(50_000_000 - 1), "5 %, rounded down");
		let assured = Sampling::of(&Class::ASSURED, 1_000);
		assert_eq!(assured.detection_billionths(1), Some(832_000_000 - 1), "an auditor of five, or a second one, lies");
		assert_eq!(Sampling { dishonest_billionths: 0, ..assured }.detection_billionths(1), Some(CERTAIN_BILLIONTHS));
	}

	#[test]
	fn bonds_of_the_classes() {
		let bond = |class: &Class, leaves| Sampling::of(class, leaves).bond(OGPU, 0).unwrap() as f64 / OGPU as f64;
		// Rarely audited, all leaves are worth faking: 19 fees stand against the one of twenty.
		assert!((19.0..19.02).contains(&bond(&Class::ECONOMY, 1_000)));
		// Always audited, a single leaf is: it earns a thousandth of the fee, and is found once in 24 times.
		assert!((0.023..0.0231).contains(&bond(&Class::STANDARD, 1_000)));
		assert!((0.0002..0.00021).contains(&bond(&Class::ASSURED, 1_000)));
		// A job of one leaf: it is drawn, and passes with 16.8 %.
		assert!((0.2019..0.202).contains(&bond(&Class::STANDARD, 1)));
		assert_eq!(Sampling::of(&Class::STANDARD, 1_000).bond(0, 7), Some(7), "the jury bill is added");
	}

	#[test]
	fn where_nothing_is_detected_no_bond_suffices() {
		let blind = Sampling { dishonest_billionths: CERTAIN_BILLIONTHS, ..sampling(100, 5) };
		assert_eq!(blind.bond(OGPU, 0), None);
		assert_eq!(blind.detection_billionths(100), Some(0));
		assert_eq!(sampling(100, 0).bond(OGPU, 0), None);
		assert_eq!(Sampling { audit_billionths: 0, ..sampling(100, 5) }.bond(OGPU, 0), None);
		assert_eq!(sampling(0, 0).bond(OGPU, 0), None);
		assert_eq!(sampling(100, 101).detection_billionths(1), None);
		assert_eq!(sampling(100, 5).detection_billionths(101), None);
		assert_eq!(Sampling { doubled_billionths: u32::MAX, ..sampling(100, 5) }.bond(OGPU, 0), None);
	}

	#[test]
	fn a_million_leaves_are_as_exact() {
		let million = sampling(1_000_000, 50_000);
		let detection = |wrong| million.detection_billionths(wrong).unwrap();
		assert_eq!(detection(0), 0);
		assert!((41_599_999..=41_600_000).contains(&detection(1)));
		let hundred = (1.0 - (1.0f64 - 0.0416).powi(100)) * 1e9;
		assert!((f64::from(detection(100)) - hundred).abs() < 1e5, "{} for {hundred}", detection(100));
		for wrong in [100_000, 500_000, 950_000, 950_001, 1_000_000] {
			assert_eq!(detection(wrong), CERTAIN_BILLIONTHS - 1);
		}
		let half = sampling(1_000_000, 500_000).detection_billionths(500_000);
		assert_eq!(half, Some(CERTAIN_BILLIONTHS - 1));
	}

	/// The theorem at the top of this module, for every job of up to 24 leaves.
	#[test]
	fn the_best_for_a_cheater_is_one_wrong_leaf_or_all() {
		for leaves in 1..=24 {
			for drawn in 1..=leaves {
				for (dishonest_percent, audit_percent) in [(0, 100), (0, 30), (20, 100), (20, 5), (20, 70), (90, 50)] {
					let billionths = |percent| CERTAIN_BILLIONTHS / 100 * percent;
					let sampling = Sampling {
						dishonest_billionths: billionths(dishonest_percent),
						audit_billionths: billionths(audit_percent),
						..sampling(leaves, drawn)
					};
					let fee = 1_000_000_007;
					let (bond, worst) = (sampling.bond(fee, 0).unwrap(), worst(&sampling, fee).unwrap());
					assert!(BigUint::from(bond) >= worst, "{bond} < {worst}: {sampling:?}");
					assert!(BigUint::from(bond) <= worst.clone() + 2u32, "{bond} > {worst}: {sampling:?}");
				}
			}
		}
	}

	fn any_sampling(most_leaves: u32) -> impl Strategy<Value = Sampling> {
		let share =
			|| prop_oneof![Just(0), Just(CERTAIN_BILLIONTHS / 5), 0..=CERTAIN_BILLIONTHS, Just(CERTAIN_BILLIONTHS)];
		(1..=most_leaves, any::<u32>(), share(), share(), share()).prop_map(
			|(leaves, drawn, audit, doubled, dishonest)| Sampling {
				leaves,
				drawn: drawn % (leaves + 1),
				audit_billionths: audit,
				doubled_billionths: doubled,
				dishonest_billionths: dishonest,
			},
		)
	}

	proptest! {
		#[test]
		fn detection_is_the_exact_one_rounded_down(sampling in any_sampling(200), wrong: u32) {
			let wrong = wrong % (sampling.leaves + 1);
			let exact = detection(&sampling, wrong).floor_of(CERTAIN_BILLIONTHS.into());
			let quoted = BigUint::from(sampling.detection_billionths(wrong).unwrap());
			prop_assert!(quoted <= exact, "{quoted} > {exact}");
			prop_assert!(quoted + 1u32 >= exact);
		}

		#[test]
		fn the_bond_is_the_worst_case_of_all_shares_and_hardly_more(sampling in any_sampling(60), fee in 0..=CAP) {
			let worst = worst(&sampling, fee);
			let bond = sampling.bond(fee, 0).map(BigUint::from);
			prop_assert_eq!(bond.is_none(), worst.as_ref().is_none_or(|worst| *worst > Balance::MAX.into()));
			if let (Some(bond), Some(worst)) = (bond, worst) {
				prop_assert!(bond >= worst, "{bond} < {worst}");
				let slack = &worst / 1_000_000_000u32 + fee / 1_000_000_000 + 2u32;
				prop_assert!(bond <= &worst + slack, "{bond} > {worst}");
			}
		}

		#[test]
		fn more_draws_more_wrong_leaves_and_more_honest_auditors_are_never_detected_less(
			sampling in any_sampling(3_000), wrong: u32, less in 1u32..1_000_000,
		) {
			let wrong = wrong % (sampling.leaves + 1);
			let detection = sampling.detection_billionths(wrong).unwrap();
			if wrong < sampling.leaves {
				prop_assert!(sampling.detection_billionths(wrong + 1).unwrap() + 1 >= detection);
			}
			if sampling.drawn < sampling.leaves {
				let more = Sampling { drawn: sampling.drawn + 1, ..sampling };
				prop_assert!(more.detection_billionths(wrong).unwrap() + 1 >= detection);
			}
			let dishonest_billionths = sampling.dishonest_billionths.saturating_sub(less);
			let better = Sampling { dishonest_billionths, ..sampling };
			prop_assert!(better.detection_billionths(wrong).unwrap() + 1 >= detection);
		}

		#[test]
		fn the_bond_grows_with_the_fee_and_shrinks_with_detection(
			sampling in any_sampling(3_000), fee in 0..=CAP, more in 0..=CAP, less in 1u32..1_000_000,
		) {
			let Some(bond) = sampling.bond(fee, 0) else { return Ok(()) };
			prop_assert!(sampling.bond(fee + more, 0).is_none_or(|larger| larger + 1 >= bond));
			let audit_billionths = (sampling.audit_billionths + less).min(CERTAIN_BILLIONTHS);
			let dishonest_billionths = sampling.dishonest_billionths.saturating_sub(less);
			let drawn = (sampling.drawn + 1).min(sampling.leaves);
			for better in [
				Sampling { audit_billionths, ..sampling },
				Sampling { dishonest_billionths, ..sampling },
				Sampling { drawn, ..sampling },
			] {
				prop_assert!(better.bond(fee, 0).unwrap() <= bond + 1);
			}
		}
	}
}
