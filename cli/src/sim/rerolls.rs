//! Authors of blocks that skip their own to get another seed.
//!
//! The model: a seed is the hash of what the authors of 16 blocks in a row contribute. Every slot has one author, the
//! adversary with probability f, each slot on its own. The adversary knows which slots of its own come next and what it
//! would contribute there, nothing of what others will contribute. It may skip its slots, at no cost; then a later block
//! takes the place.
//!
//! Let n blocks be missing and let the next L slots be the adversary's: P(L) = (1 − f) fᴸ. If it fills the window with n
//! of them it knows the seed beforehand, and has (L over n) such seeds to choose from. Else an honest block comes, and
//! n − 1 or fewer are missing. So where a seed is worth the random X, it can get W(n), with W(0) = E X and
//! W(n) = E max(best of (L over n) X's, W(n − 1)): with more blocks missing it is never worse off, so it does best to skip
//! all of its slots until it likes a seed.
//!
//! The best of c X's exceeds W(n − 1) by at most the sum of what each does, and the mean of (L over n) is ρⁿ with
//! ρ = f / (1 − f). So a rare event becomes at most 1 / (1 − ρ) times as likely: 4/3 at f = 1/5, twice at 1/3.

use ogpu_protocol::commitment::SEED_BLOCKS;

/// What is neglected of a probability, relatively.
const NEGLIGIBLE: f64 = 1e-15;

/// What a seed is worth to an adversary with this share of the slots, where a random one brings each value (between 0
/// and 1) with its probability.
pub fn best_seed(values: &[(f64, f64)], share: f64) -> f64 {
	let plain: f64 = values.iter().map(|(probability, value)| probability * value).sum();
	if share <= 0.0 || plain <= 0.0 {
		return plain;
	}
	let steps = steps(values);
	let odds = share / (1.0 - share);
	(1..=SEED_BLOCKS).fold(plain, |worth, missing| {
		let one = gain(&steps, worth, 1.0);
		let most = one * odds.powi(missing.cast_signed());
		if most <= worth * NEGLIGIBLE {
			return (worth + most).min(1.0);
		}
		// L = n, n + 1, …: the probability that it is at least L, and (L over n).
		let (mut at_least, mut choices, mut sum) = (share.powi(missing.cast_signed()), 1.0, 0.0);
		let mut slots = f64::from(missing);
		while at_least > (worth + sum) * NEGLIGIBLE {
			sum += at_least * (1.0 - share) * gain(&steps, worth, choices);
			slots += 1.0;
			at_least *= share;
			choices *= slots / (slots - f64::from(missing));
		}
		(worth + (sum + at_least).min(most)).min(1.0)
	})
}

/// The values in ascending order, each with the probability of at least so much.
fn steps(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
	let mut steps: Vec<_> = values.iter().map(|(probability, value)| (*value, *probability)).collect();
	steps.sort_by(|one, other| other.0.total_cmp(&one.0));
	let mut at_least = 0.0;
	for (_, probability) in &mut steps {
		at_least += *probability;
		*probability = at_least;
	}
	steps.reverse();
	steps
}

/// By how much the best of so many exceeds a worth, on average: the integral of the probability that one of them does.
fn gain(steps: &[(f64, f64)], worth: f64, choices: f64) -> f64 {
	let mut from = worth;
	let mut sum = 0.0;
	for (value, at_least) in steps.iter().filter(|(value, _)| *value > worth) {
		let one_of_them = -(choices * (-at_least.min(1.0)).ln_1p()).exp_m1();
		sum += (value - from) * one_of_them;
		from = *value;
	}
	sum
}
