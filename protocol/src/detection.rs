//! How surely an audit finds a provider that cheats, and the bond that makes cheating a loss. Rounding errs on the safe
//! side: detection is rounded down, the bond up.
//!
//! Of n leaves, w are wrong; s are drawn; each drawn leaf has an auditor that is dishonest with probability f, and with
//! probability δ a second one, dishonest with probability f as well. So no honest second auditor looks at it with
//! probability u = 1 − δ (1 − f), a drawn wrong leaf passes with probability e = fu, and all w pass with probability
//! U(w), the mean of eˣ, where x, the number of wrong leaves among the drawn, follows the hypergeometric distribution.
//! The audit, which takes place with probability p, detects with P(w) = p (1 − U(w)).
//!
//! # Re-rolled seeds multiply the odds of passing by 4/3
//! That is so if seeds are fair. But authors of blocks who are friends of the provider know what their own blocks would
//! add to a seed, and may skip those that they dislike. Let g be their share of the slots. With n blocks of a seed
//! missing, and the next L slots theirs (with probability (1 − g) gᴸ), they can choose among (L over n) seeds. So they
//! are caught if a fair seed catches them and none of those does: with probability D, which is P times the product of
//! h(n), the mean of P^(L over n), for n = 1, 2, … up to the blocks of a seed. What a seed is worth may also lie
//! between all and nothing, but of equal means that choice is the less valuable one.
//!
//! The odds of passing, (1 − D) / D, are at most κ (1 − P) / P, where κ = (1 − g) / (1 − 2g), 4/3 if g is a fifth:
//! 1. L is zero with probability 1 − g, and else one more than a number L′ like it. (L over n) is then (L′ over n) and
//!    (L′ over n − 1) together, which grow both with L′, so that the mean of a product is at least the product of the
//!    means (Chebyshev): h(n) ≥ 1 − g + g h(n) h(n − 1), where h(0) is P.
//! 2. Let ρ = g / (1 − g), q = 1 − P and Sₙ = ρ + … + ρⁿ. With equality, 1. has the solution (1 + qSₙ₋₁) / (1 + qSₙ); so
//!    h(n) is at least that, and the product of all is at least 1 / (1 + qS) with the sum S of the whole series, κ − 1.
//! 3. D ≥ P / (1 + q (κ − 1)) is the claim.
//!
//! There are two seeds: leaves and first auditors come from one, second auditors from a later one. The later one lets x
//! leaves pass with probability r(uˣ) at most, where r(u) = κu / (1 + (κ − 1) u) has κ times the odds of u. That is at
//! most r(u)ˣ: of one and κ − 1 parts of u, the mean's power is at most the power's mean. So it is as if u were r(u). The
//! former multiplies the odds of all.
//!
//! # The cheater's best is one wrong leaf, or all of them
//! The bond covers the largest of (w / n) F (1 − D) / D, taken as κF / n times w / P(w) − w. It is enough to look at w = 1
//! and w = n, because y(w) = w / (1 − U(w)) is convex:
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

use crate::{audit::drawn_leaves, class::Class, math::mul_div_up, random::CERTAIN_BILLIONTHS, token::Balance};
use primitive_types::U256;

/// The share of auditors, and of authors of blocks, that bonds and quotes take for dishonest: a fifth.
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
	/// The share of the authors that skip blocks of their own to get another seed. Less than half.
	pub skipping_billionths: u32,
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
			skipping_billionths: DISHONEST_BILLIONTHS,
		}
	}

	/// The same where nobody can choose among seeds, since a client's secret is part of them.
	pub fn with_fair_seeds(self) -> Self {
		Self { skipping_billionths: 0, ..self }
	}

	/// The probability that so many wrong leaves are detected, at least. `None` if there are not so many leaves, or a
	/// share is more than it can be. It takes time in proportion to the leaves that are drawn, not drawn, wrong or
	/// right, whichever are fewest.
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
		let detected = detected.checked_mul(self.audit_billionths.into())?.checked_div(ONE)?;
		// P / (κ − (κ − 1) P)
		let odds = self.rerolled_odds()?;
		let whole = odds.passing.checked_mul(ONE_SQUARED)?;
		let spared = odds.passing.checked_sub(odds.found)?.checked_mul(detected)?;
		let rerolled = detected.checked_mul(odds.found)?.checked_mul(ONE)?.checked_div(whole.checked_sub(spared)?)?;
		rerolled.try_into().ok()
	}

	/// The bond for a job with this fee: what makes cheating a loss whatever the share of wrong leaves, and the bill of
	/// the jury that has to find it. `None` if nothing is ever detected, so that no bond suffices, or it exceeds a
	/// balance.
	pub fn bond(&self, fee: Balance, jury_bill: Balance) -> Option<Balance> {
		let odds = self.rerolled_odds()?;
		let fair = self.one_leaf(fee)?.max(self.all_leaves(fee)?);
		mul_div_up(fair, odds.passing, odds.found)?.checked_add(jury_bill)
	}

	/// What auditing costs, as a share of the work: the drawn leaves, and the second auditors.
	pub fn cost_billionths(&self) -> Option<u64> {
		let executions = u128::from(self.drawn).checked_mul(ONE.checked_add(self.doubled_billionths.into())?)?;
		let cost = executions.checked_mul(self.audit_billionths.into())?;
		cost.div_ceil(ONE.checked_mul(u128::from(self.leaves).max(1))?).try_into().ok()
	}

	/// F / n · (1 / P(1) − 1), where P(1) = p (1 − e) s / n, rounded up.
	fn one_leaf(&self, fee: Balance) -> Option<Balance> {
		let found = ONE_CUBED.checked_sub(self.passed_parts()?)?;
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
		Some(Upper::new(self.passed_parts()?, 0).times(Upper::ratio(1, ONE as u64).power(3)))
	}

	/// The same in billionths of billionths of billionths: exact, but for rounding up if seeds are re-rolled.
	fn passed_parts(&self) -> Option<u128> {
		let possible = [self.audit_billionths, self.doubled_billionths, self.dishonest_billionths]
			.into_iter()
			.all(|share| share <= CERTAIN_BILLIONTHS);
		let (dishonest, doubled) = (u128::from(self.dishonest_billionths), u128::from(self.doubled_billionths));
		let single = ONE_SQUARED.checked_sub(doubled.checked_mul(ONE.checked_sub(dishonest)?)?)?;
		// f κu / (1 + (κ − 1) u)
		let odds = self.rerolled_odds()?;
		let unseen = odds.passing.checked_sub(odds.found)?.checked_mul(single)?;
		let whole = odds.found.checked_mul(ONE_SQUARED)?.checked_add(unseen)?;
		let passed = mul_div_up(dishonest.checked_mul(odds.passing)?.checked_mul(single)?, ONE_SQUARED, whole)?;
		(possible && self.drawn <= self.leaves).then_some(passed)
	}

	/// `None` if half of the authors skip: they could wait for any seed.
	fn rerolled_odds(&self) -> Option<Odds> {
		let skipping = u128::from(self.skipping_billionths);
		let passing = ONE.checked_sub(skipping)?;
		let found = passing.checked_sub(skipping).filter(|found| *found > 0)?;
		Some(Odds { passing, found })
	}
}

/// By what re-rolled seeds multiply the odds of passing: κ, as (1 − g) : (1 − 2g).
struct Odds {
	passing: u128,
	found: u128,
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
	use crate::{
		commitment::SEED_BLOCKS,
		token::{CAP, OGPU},
	};
	use num_bigint::BigUint;
	use proptest::prelude::*;

	fn sampling(leaves: u32, drawn: u32) -> Sampling {
		Sampling { drawn, ..Sampling::of(&Class::STANDARD, leaves) }
	}

	fn honest(leaves: u32, drawn: u32) -> Sampling {
		Sampling { dishonest_billionths: 0, ..sampling(leaves, drawn).with_fair_seeds() }
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

	/// What the documentation says of P(w) and D(w), without rounding.
	fn detection(s: &Sampling, wrong: u32) -> Exact {
		let [audited, doubled, dishonest] =
			[s.audit_billionths, s.doubled_billionths, s.dishonest_billionths].map(Exact::of_billionths);
		let passing = BigUint::from(CERTAIN_BILLIONTHS - s.skipping_billionths);
		let found = BigUint::from(CERTAIN_BILLIONTHS - 2 * s.skipping_billionths);
		// κ times the odds.
		let rerolled = |Exact(pass, whole): Exact| {
			let fail = &whole - &pass;
			Exact(&pass * &passing, pass * &passing + fail * &found)
		};
		let e = dishonest.times(&rerolled(doubled.times(&dishonest.complement()).complement()));
		let few = s.drawn.min(wrong);
		let undetected = (0..=few)
			.map(|x| {
				let ways = choose(wrong, x) * choose(s.leaves - wrong, s.drawn - x);
				ways * e.0.pow(x) * e.1.pow(few - x)
			})
			.sum();
		let detected = audited.times(&Exact(undetected, choose(s.leaves, s.drawn) * e.1.pow(few)).complement());
		rerolled(detected.complement()).complement()
	}

	/// F (1 − D) / D · w / n, rounded up, for the worst w.
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
		let colluding = sampling(1_000, 50).with_fair_seeds();
		assert!((98.5..99.0).contains(&percent(colluding, 100)), "{}", percent(colluding, 100));
		let single = percent(Sampling { doubled_billionths: 0, ..colluding }, 100);
		assert!((98.5..98.7).contains(&single), "{single}");
		assert_eq!(honest(1_000, 50).detection_billionths(1), Some(50_000_000 - 1), "5 %, rounded down");
		let assured = Sampling::of(&Class::ASSURED, 1_000).with_fair_seeds();
		assert_eq!(assured.detection_billionths(1), Some(832_000_000 - 1), "an auditor of five, or a second one, lies");
		assert_eq!(Sampling { dishonest_billionths: 0, ..assured }.detection_billionths(1), Some(CERTAIN_BILLIONTHS));
	}

	#[test]
	fn bonds_of_the_classes() {
		let bond = |class: &Class, leaves| Sampling::of(class, leaves).bond(OGPU, 0).unwrap() as f64 / OGPU as f64;
		// Rarely audited, all leaves are worth faking: 19 fees stand against the one of twenty, or with re-rolled seeds
		// a third more.
		assert!((25.33..25.36).contains(&bond(&Class::ECONOMY, 1_000)));
		// Always audited, a single leaf is: it earns a thousandth of the fee, and is found once in 32 times.
		assert!((0.0309..0.031).contains(&bond(&Class::STANDARD, 1_000)));
		assert!((0.00028..0.00029).contains(&bond(&Class::ASSURED, 1_000)));
		// A job of one leaf: it is drawn, and passes with 17.5 %, or with re-rolled seeds 22 %.
		assert!((0.2828..0.2829).contains(&bond(&Class::STANDARD, 1)));
		let fair = Sampling::of(&Class::STANDARD, 1_000).with_fair_seeds().bond(OGPU, 0).unwrap();
		assert_eq!(fair / (OGPU / 100_000), 2_303, "a client's secret saves a quarter");
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
		let half = Sampling { skipping_billionths: CERTAIN_BILLIONTHS / 2, ..sampling(100, 5) };
		assert_eq!((half.bond(OGPU, 0), half.detection_billionths(100)), (None, None), "they wait for any seed");
	}

	#[test]
	fn a_million_leaves_are_as_exact() {
		let million = sampling(1_000_000, 50_000).with_fair_seeds();
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
					assert!(BigUint::from(bond) <= worst.clone() + 4u32, "{bond} > {worst}: {sampling:?}");
				}
			}
		}
	}

	fn any_sampling(most_leaves: u32) -> impl Strategy<Value = Sampling> {
		let share =
			|| prop_oneof![Just(0), Just(CERTAIN_BILLIONTHS / 5), 0..=CERTAIN_BILLIONTHS, Just(CERTAIN_BILLIONTHS)];
		let skipping = prop_oneof![Just(0), Just(CERTAIN_BILLIONTHS / 5), 0..=CERTAIN_BILLIONTHS / 5 * 2];
		(1..=most_leaves, any::<u32>(), share(), share(), share(), skipping).prop_map(
			|(leaves, drawn, audit, doubled, dishonest, skipping_billionths)| Sampling {
				leaves,
				drawn: drawn % (leaves + 1),
				audit_billionths: audit,
				doubled_billionths: doubled,
				dishonest_billionths: dishonest,
				skipping_billionths,
			},
		)
	}

	/// D of a P, as the documentation defines it.
	fn rerolled(fair: f64, skipping: f64) -> f64 {
		(1..=SEED_BLOCKS).fold(fair, |caught, missing| {
			let (mut slots, mut choices, mut share) = (missing, 1.0, (1.0 - skipping) * skipping.powi(missing as i32));
			let mut chosen = 0.0;
			while share > 1e-18 {
				chosen += share * (1.0 - fair.powf(choices));
				slots += 1;
				share *= skipping;
				choices *= f64::from(slots) / f64::from(slots - missing);
			}
			caught * (1.0 - chosen)
		})
	}

	/// D(w) with both seeds re-rolled, as the documentation defines it.
	fn rerolled_detection(s: &Sampling, wrong: u32) -> f64 {
		let plain = |billionths| f64::from(billionths) / f64::from(CERTAIN_BILLIONTHS);
		let [audited, doubled, dishonest, skipping] =
			[s.audit_billionths, s.doubled_billionths, s.dishonest_billionths, s.skipping_billionths].map(plain);
		let float = |ways: BigUint| ways.to_string().parse::<f64>().unwrap();
		let second_sees = |x: u32| rerolled(1.0 - (1.0 - doubled * (1.0 - dishonest)).powi(x as i32), skipping);
		let caught = |x: u32| {
			let ways = float(choose(wrong, x) * choose(s.leaves - wrong, s.drawn - x));
			ways * (1.0 - dishonest.powi(x as i32) * (1.0 - second_sees(x)))
		};
		let fair = (0..=s.drawn.min(wrong)).map(caught).sum::<f64>() / float(choose(s.leaves, s.drawn));
		rerolled(audited * fair, skipping)
	}

	#[test]
	fn a_fifth_of_the_authors_multiplies_the_odds_of_passing_by_hardly_less_than_four_thirds() {
		for percent in 1..100 {
			let fair = f64::from(percent) / 100.0;
			let odds = |found: f64| (1.0 - found) / found;
			let times = odds(rerolled(fair, 0.2)) / odds(fair);
			assert!((1.315..1.333_334).contains(&times), "{times} at {fair}");
		}
	}

	proptest! {
		/// Whatever the share of wrong leaves, and although both seeds are re-rolled.
		#[test]
		fn no_cheater_gains_by_skipping_blocks(sampling in any_sampling(40)) {
			let Some(bond) = sampling.bond(OGPU, 0) else { return Ok(()) };
			let fees = bond as f64 / OGPU as f64;
			for wrong in 1..=sampling.leaves {
				let found = rerolled_detection(&sampling, wrong);
				let quoted = f64::from(sampling.detection_billionths(wrong).unwrap()) / 1e9;
				prop_assert!(quoted <= found + 1e-12, "{quoted} quoted of {found}");
				let gain = f64::from(wrong) / f64::from(sampling.leaves) * (1.0 - found);
				prop_assert!(gain <= fees * found * (1.0 + 1e-9) + 1e-12, "{gain} for {wrong} and {fees} at {found}");
			}
		}

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
				let slack = &worst / 1_000_000_000u32 + fee / 1_000_000_000 + 4u32;
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
			prop_assert!(sampling.bond(fee + more, 0).is_none_or(|larger| larger + 4 >= bond));
			let audit_billionths = (sampling.audit_billionths + less).min(CERTAIN_BILLIONTHS);
			let dishonest_billionths = sampling.dishonest_billionths.saturating_sub(less);
			let drawn = (sampling.drawn + 1).min(sampling.leaves);
			for better in [
				Sampling { audit_billionths, ..sampling },
				Sampling { dishonest_billionths, ..sampling },
				Sampling { drawn, ..sampling },
			] {
				prop_assert!(better.bond(fee, 0).unwrap() <= bond + 4);
			}
		}
	}
}
