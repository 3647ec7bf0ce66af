//! Measuring devices: once in a session, all at the same time, so that one device cannot be measured under two names, and
//! on a task that nobody could know before, so that nobody can have prepared it.

use crate::{
	class::Class,
	commitment::domain,
	cost::{CheckingTariff, Leaf, LeafCost, ReferenceVerifier, Work},
	detection::Sampling,
	merkle::Hash,
	random::{Random, Stream, CERTAIN_BILLIONTHS},
	slashing::{pin, SlashingParameters},
	time::{BlockNumber, MINUTES},
	token::Balance,
};

/// How devices are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchmarkParameters {
	/// The side of the matrices. Default: 2,048, which is 16 MB.
	pub side: u32,
	/// Multiplications of a leaf. Default: 8, so that hashing what is handed on takes little of the time.
	pub steps: u32,
	/// A device says how far it came so many blocks after the seed, at the latest. Default: 40.
	pub window_blocks: BlockNumber,
	/// Who comes sooner is measured as if it had taken so long, so that a block more or less, and the time until a
	/// transaction is in one, matter little. Default: 20, a minute.
	pub least_blocks: BlockNumber,
	/// The window opens within so many blocks after a session has begun and the seed is known that says when. Default:
	/// half an hour.
	pub spread_blocks: BlockNumber,
	/// Leaves that are audited, if there are so many. Default: 60.
	pub audited_leaves: u32,
}

impl Default for BenchmarkParameters {
	fn default() -> Self {
		Self {
			side: 2_048,
			steps: 8,
			window_blocks: 40,
			least_blocks: MINUTES,
			spread_blocks: 30 * MINUTES,
			audited_leaves: 60,
		}
	}
}

impl BenchmarkParameters {
	/// Whether the parameters make sense together, and a verifier can check a leaf.
	pub fn is_sound(&self, verifier: &ReferenceVerifier) -> bool {
		(1..=self.window_blocks).contains(&self.least_blocks)
			&& self.spread_blocks > 0
			&& self.audited_leaves > 0
			&& self.leaf().work > 0
			&& verifier.leaf_blocks(&self.leaf()).is_some()
	}

	pub fn leaf(&self) -> LeafCost {
		Leaf::Benchmark { side: self.side, steps: self.steps }.cost()
	}

	/// After so many blocks the window opens, by a seed of the session.
	pub fn delay(&self, hash: impl Fn(&[u8]) -> Hash, seed: &Hash) -> BlockNumber {
		let delay = Stream::new(hash, &domain::BENCHMARK, seed).below(self.spread_blocks.max(1).into());
		delay.try_into().unwrap_or(self.spread_blocks)
	}

	/// The class in which so many leaves are validated: audited in any case, but no more of them than is needed.
	pub fn class(&self, leaves: u32) -> Class {
		let share = u64::from(self.audited_leaves).saturating_mul(CERTAIN_BILLIONTHS.into());
		let share = share.checked_div(leaves.into()).and_then(|share| u32::try_from(share).ok());
		let share = share.map_or(CERTAIN_BILLIONTHS, |share| share.clamp(1, CERTAIN_BILLIONTHS));
		Class { leaves_billionths: share, ..Class::STANDARD }
	}

	/// What a device does in a block that committed to so many leaves so long after the seed.
	pub fn score(&self, leaves: u32, elapsed_blocks: BlockNumber) -> Work {
		let elapsed = elapsed_blocks.max(self.least_blocks).max(1);
		self.leaf().work.saturating_mul(leaves.into()).checked_div(elapsed.into()).unwrap_or(0)
	}

	/// What is at stake for whoever claims so many leaves: as much as checking all of them would cost. And what is pinned
	/// for it. `None` if that is more than there can be.
	pub fn stake(
		&self,
		leaves: u32,
		tariff: &CheckingTariff,
		slashing: &SlashingParameters,
	) -> Option<(Balance, Balance)> {
		let (class, leaf_fee) = (self.class(leaves), tariff.leaf_fee(&self.leaf()));
		let fee = leaf_fee.checked_mul(leaves.into())?;
		let jury_bill = leaf_fee.checked_mul(class.jury.draw_seats.into())?;
		let bond = Sampling::of(&class, leaves).bond(fee, jury_bill)?;
		Some((fee, pin(bond, jury_bill, fee, 0, slashing)))
	}
}

/// Names a device's task in a window, and is what its first matrices are made from.
pub fn task(hash: impl Fn(&[u8]) -> Hash, seed: &Hash, device: u32) -> Hash {
	hash(&[domain::BENCHMARK.as_slice(), seed, &device.to_le_bytes()].concat())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{audit::drawn_leaves, random::tests::keccak};
	use proptest::prelude::*;

	fn rules() -> BenchmarkParameters {
		BenchmarkParameters::default()
	}

	#[test]
	fn the_defaults_make_sense_and_others_do_not() {
		let verifier = ReferenceVerifier::default();
		assert!(rules().is_sound(&verifier));
		assert_eq!(verifier.leaf_blocks(&rules().leaf()), Some(2));
		for nonsense in [
			BenchmarkParameters { least_blocks: 0, ..rules() },
			BenchmarkParameters { least_blocks: 41, ..rules() },
			BenchmarkParameters { spread_blocks: 0, ..rules() },
			BenchmarkParameters { audited_leaves: 0, ..rules() },
			BenchmarkParameters { steps: 0, ..rules() },
			BenchmarkParameters { side: u32::MAX, ..rules() },
		] {
			assert!(!nonsense.is_sound(&verifier), "{nonsense:?}");
		}
	}

	#[test]
	fn who_is_faster_than_the_least_time_gains_nothing_by_it() {
		assert_eq!(rules().score(100, 1), rules().score(100, 20));
		assert_eq!(rules().score(100, 40) * 2, rules().score(100, 20));
		assert_eq!(rules().score(100, 20), 100 * rules().leaf().work / 20);
	}

	#[test]
	fn tasks_differ_by_device_and_by_seed() {
		let tasks = [([1; 32], 1), ([1; 32], 2), ([2; 32], 1)].map(|(seed, device)| task(keccak, &seed, device));
		assert!(tasks[0] != tasks[1] && tasks[0] != tasks[2] && tasks[1] != tasks[2]);
	}

	proptest! {
		#[test]
		fn so_many_leaves_are_audited_and_no_more(leaves in 1u32..) {
			let class = rules().class(leaves);
			prop_assert!(class.validate().is_ok());
			let drawn = drawn_leaves(leaves, class.leaves_billionths);
			prop_assert!(drawn <= 60 && (drawn == leaves || drawn >= 55 || leaves > 50_000_000), "{drawn}");
		}

		/// Who claims twice what it did is found, and what is pinned is more than an honest device ever pays.
		#[test]
		fn a_claim_of_half_as_much_again_is_found(leaves in 60u32..10_000_000) {
			let sampling = Sampling::of(&rules().class(leaves), leaves);
			prop_assert!(sampling.detection_billionths(leaves / 3).unwrap() > 990_000_000);
			let stake = rules().stake(leaves, &CheckingTariff::default(), &SlashingParameters::default());
			let (fee, pinned) = stake.unwrap();
			prop_assert!(pinned > 0 && pinned <= fee.saturating_mul(2));
		}

		#[test]
		fn nothing_makes_it_panic(
			(side, steps, window_blocks) in any::<(u32, u32, u32)>(),
			(least_blocks, spread_blocks, audited_leaves) in any::<(u32, u32, u32)>(),
			(leaves, elapsed, seed) in any::<(u32, u32, Hash)>(),
		) {
			let rules = BenchmarkParameters { side, steps, window_blocks, least_blocks, spread_blocks, audited_leaves };
			let _ = rules.is_sound(&ReferenceVerifier::default());
			prop_assert!(rules.delay(keccak, &seed) <= spread_blocks);
			let _ = rules.score(leaves, elapsed);
			let _ = rules.stake(leaves, &CheckingTariff::default(), &SlashingParameters::default());
		}
	}
}
