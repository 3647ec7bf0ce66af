//! What the calls of `ogpu_training_auction` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_training_auction::WeightInfo for WeightInfo<T> {
	fn create() -> Weight {
		// At least 242_192_000 picoseconds.
		Weight::from_parts(268_130_000, 16059)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn top_up() -> Weight {
		// At least 239_768_000 picoseconds.
		Weight::from_parts(284_164_000, 16059)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn extend() -> Weight {
		// At least 93_419_000 picoseconds.
		Weight::from_parts(110_875_000, 7691)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn cancel() -> Weight {
		// At least 1_528_912_000 picoseconds.
		Weight::from_parts(1_629_071_000, 287301)
			.saturating_add(T::DbWeight::get().reads(72))
			.saturating_add(T::DbWeight::get().writes(71))
	}
	fn commit_bid() -> Weight {
		// At least 177_705_000 picoseconds.
		Weight::from_parts(201_341_000, 16059)
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn reveal_bid() -> Weight {
		// At least 182_913_000 picoseconds.
		Weight::from_parts(206_758_000, 16059)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn start() -> Weight {
		// At least 54_721_000 picoseconds.
		Weight::from_parts(71_967_000, 6673)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit_part() -> Weight {
		// At least 284_304_000 picoseconds.
		Weight::from_parts(323_092_000, 16059)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	fn claim_inputs() -> Weight {
		// At least 171_216_000 picoseconds.
		Weight::from_parts(188_631_000, 9083)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	fn abandon() -> Weight {
		// At least 207_500_000 picoseconds.
		Weight::from_parts(254_019_000, 16059)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn step() -> Weight {
		// At least 215_792_000 picoseconds.
		Weight::from_parts(244_135_000, 16059)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn count() -> Weight {
		// At least 2_103_219_000 picoseconds.
		Weight::from_parts(2_262_987_000, 242094)
			.saturating_add(T::DbWeight::get().reads(101))
			.saturating_add(T::DbWeight::get().writes(100))
	}
	fn conclude() -> Weight {
		// At least 315_742_000 picoseconds.
		Weight::from_parts(354_179_000, 46197)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(10))
	}
}
