//! What the calls of `ogpu_continuous_pool` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_continuous_pool::WeightInfo for WeightInfo<T> {
	fn publish_service() -> Weight {
		// At least 47_541_000 picoseconds.
		Weight::from_parts(50_325_000, 3748)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn update_service() -> Weight {
		// At least 70_815_000 picoseconds.
		Weight::from_parts(111_937_000, 3906)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retire_service() -> Weight {
		// At least 81_401_000 picoseconds.
		Weight::from_parts(111_637_000, 3906)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn join() -> Weight {
		// At least 96_093_000 picoseconds.
		Weight::from_parts(135_562_000, 3906)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn leave() -> Weight {
		// At least 109_002_000 picoseconds.
		Weight::from_parts(132_217_000, 6506)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn request() -> Weight {
		// At least 776_128_000 picoseconds.
		Weight::from_parts(836_258_000, 16059)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn decline() -> Weight {
		// At least 112_357_000 picoseconds.
		Weight::from_parts(138_957_000, 16059)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn commit() -> Weight {
		// At least 62_613_000 picoseconds.
		Weight::from_parts(90_755_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn alarm() -> Weight {
		// At least 58_968_000 picoseconds.
		Weight::from_parts(80_220_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn confirm() -> Weight {
		// At least 105_457_000 picoseconds.
		Weight::from_parts(127_851_000, 6196)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn claim_share() -> Weight {
		// At least 220_419_000 picoseconds.
		Weight::from_parts(264_635_000, 16059)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	/// `n` is 1 to 128.
	fn draw(n: u32, ) -> Weight {
		// At least 201_050_000 picoseconds.
		Weight::from_parts(529_587_372, 11066)
			.saturating_add(Weight::from_parts(52_981_570, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().reads(8).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
	fn step() -> Weight {
		// At least 304_063_000 picoseconds.
		Weight::from_parts(340_929_000, 11402)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	/// `n` is 2 to 24.
	fn concluded(n: u32, ) -> Weight {
		// At least 279_306_000 picoseconds.
		Weight::from_parts(403_297_368, 65763)
			.saturating_add(Weight::from_parts(19_962_397, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(16))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 3184).saturating_mul(n.into()))
	}
}
