//! What the calls of `ogpu_continuous_pool` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_continuous_pool::WeightInfo for WeightInfo<T> {
	fn publish_service() -> Weight {
		// At least 49_174_000 picoseconds.
		Weight::from_parts(72_859_000, 3748)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn update_service() -> Weight {
		// At least 79_649_000 picoseconds.
		Weight::from_parts(109_763_000, 3906)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retire_service() -> Weight {
		// At least 95_963_000 picoseconds.
		Weight::from_parts(119_268_000, 3906)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn join() -> Weight {
		// At least 90_265_000 picoseconds.
		Weight::from_parts(196_934_000, 3906)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn leave() -> Weight {
		// At least 142_683_000 picoseconds.
		Weight::from_parts(189_132_000, 6506)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn request() -> Weight {
		// At least 914_164_000 picoseconds.
		Weight::from_parts(1_005_721_000, 16059)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn decline() -> Weight {
		// At least 154_200_000 picoseconds.
		Weight::from_parts(206_388_000, 16059)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn commit() -> Weight {
		// At least 77_947_000 picoseconds.
		Weight::from_parts(102_673_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn alarm() -> Weight {
		// At least 79_719_000 picoseconds.
		Weight::from_parts(107_681_000, 6133)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// With the record of a validation, which is estimated.
	fn confirm() -> Weight {
		// At least 93_480_000 picoseconds.
		Weight::from_parts(139_613_000, 6196)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn claim_share() -> Weight {
		// At least 254_260_000 picoseconds.
		Weight::from_parts(405_535_000, 16059)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	/// `n` is 1 to 128.
	fn draw(n: u32, ) -> Weight {
		// At least 273_989_000 picoseconds.
		Weight::from_parts(1_884_337_868, 11066)
			.saturating_add(Weight::from_parts(125_104_854, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().reads(8).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
	fn step() -> Weight {
		// At least 346_748_000 picoseconds.
		Weight::from_parts(493_206_000, 11402)
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	/// `n` is 2 to 24.
	fn concluded(n: u32, ) -> Weight {
		// At least 337_613_000 picoseconds.
		Weight::from_parts(398_565_905, 65763)
			.saturating_add(Weight::from_parts(30_946_546, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(16))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 3184).saturating_mul(n.into()))
	}
}
