//! What the calls of `ogpu_training_auction` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_training_auction::WeightInfo for WeightInfo<T> {
	fn create() -> Weight {
		// At least 315_520_000 picoseconds.
		Weight::from_parts(376_282_000, 16059)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn top_up() -> Weight {
		// At least 348_219_000 picoseconds.
		Weight::from_parts(391_044_000, 16059)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn extend() -> Weight {
		// At least 102_262_000 picoseconds.
		Weight::from_parts(119_158_000, 7691)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn cancel() -> Weight {
		// At least 1_645_065_000 picoseconds.
		Weight::from_parts(1_776_601_000, 287301)
			.saturating_add(T::DbWeight::get().reads(72))
			.saturating_add(T::DbWeight::get().writes(71))
	}
	fn commit_bid() -> Weight {
		// At least 201_911_000 picoseconds.
		Weight::from_parts(232_937_000, 16059)
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn reveal_bid() -> Weight {
		// At least 196_203_000 picoseconds.
		Weight::from_parts(250_444_000, 16059)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn start() -> Weight {
		// At least 76_063_000 picoseconds.
		Weight::from_parts(88_091_000, 6673)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit_part() -> Weight {
		// At least 332_526_000 picoseconds.
		Weight::from_parts(405_505_000, 16059)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	fn claim_inputs() -> Weight {
		// At least 194_200_000 picoseconds.
		Weight::from_parts(225_336_000, 9083)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	fn abandon() -> Weight {
		// At least 253_038_000 picoseconds.
		Weight::from_parts(322_451_000, 16059)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn step() -> Weight {
		// At least 243_453_000 picoseconds.
		Weight::from_parts(345_846_000, 16059)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn count() -> Weight {
		// At least 2_305_700_000 picoseconds.
		Weight::from_parts(2_776_593_000, 242094)
			.saturating_add(T::DbWeight::get().reads(101))
			.saturating_add(T::DbWeight::get().writes(100))
	}
	fn conclude() -> Weight {
		// At least 358_835_000 picoseconds.
		Weight::from_parts(384_774_000, 46197)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(10))
	}
}
