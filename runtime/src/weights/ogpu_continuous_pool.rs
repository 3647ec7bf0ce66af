//! What the calls of `ogpu_continuous_pool` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_continuous_pool::WeightInfo for WeightInfo<T> {
	fn publish_service() -> Weight {
		// At least 49_193_000 picoseconds.
		Weight::from_parts(54_171_000, 3748)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn update_service() -> Weight {
		// At least 65_798_000 picoseconds.
		Weight::from_parts(84_406_000, 3906)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retire_service() -> Weight {
		// At least 74_020_000 picoseconds.
		Weight::from_parts(100_680_000, 3906)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn join() -> Weight {
		// At least 112_738_000 picoseconds.
		Weight::from_parts(141_461_000, 3906)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn leave() -> Weight {
		// At least 108_783_000 picoseconds.
		Weight::from_parts(158_026_000, 6506)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn request() -> Weight {
		// At least 776_358_000 picoseconds.
		Weight::from_parts(857_740_000, 16059)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn decline() -> Weight {
		// At least 126_258_000 picoseconds.
		Weight::from_parts(160_579_000, 16059)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn commit() -> Weight {
		// At least 67_160_000 picoseconds.
		Weight::from_parts(101_571_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn alarm() -> Weight {
		// At least 71_747_000 picoseconds.
		Weight::from_parts(92_358_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn confirm() -> Weight {
		// At least 131_096_000 picoseconds.
		Weight::from_parts(146_889_000, 6196)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn claim_share() -> Weight {
		// At least 254_920_000 picoseconds.
		Weight::from_parts(308_300_000, 16059)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	/// `n` is 1 to 128.
	fn draw(n: u32, ) -> Weight {
		// At least 201_370_000 picoseconds.
		Weight::from_parts(320_094_515, 11066)
			.saturating_add(Weight::from_parts(59_109_279, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads(8).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
	fn step() -> Weight {
		// At least 311_895_000 picoseconds.
		Weight::from_parts(355_690_000, 11402)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	/// `n` is 2 to 24.
	fn concluded(n: u32, ) -> Weight {
		// At least 292_046_000 picoseconds.
		Weight::from_parts(437_603_907, 65763)
			.saturating_add(Weight::from_parts(16_050_740, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(16))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 3184).saturating_mul(n.into()))
	}
}
