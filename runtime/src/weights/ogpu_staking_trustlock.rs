//! What the calls of `ogpu_staking_trustlock` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_staking_trustlock::WeightInfo for WeightInfo<T> {
	fn lock() -> Weight {
		// At least 73_700_000 picoseconds.
		Weight::from_parts(104_365_000, 4170)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn unlock() -> Weight {
		// At least 37_286_000 picoseconds.
		Weight::from_parts(52_118_000, 16059)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn cancel_unlock() -> Weight {
		// At least 26_489_000 picoseconds.
		Weight::from_parts(41_933_000, 4170)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn withdraw() -> Weight {
		// At least 69_194_000 picoseconds.
		Weight::from_parts(99_668_000, 4170)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn authorise_worker() -> Weight {
		// At least 208_100_000 picoseconds.
		Weight::from_parts(261_790_000, 24476)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn rotate_worker() -> Weight {
		// At least 1_963_691_000 picoseconds.
		Weight::from_parts(2_467_001_000, 716254)
			.saturating_add(T::DbWeight::get().reads(266))
			.saturating_add(T::DbWeight::get().writes(261))
	}
	fn revoke_worker() -> Weight {
		// At least 1_487_109_000 picoseconds.
		Weight::from_parts(1_845_504_000, 716254)
			.saturating_add(T::DbWeight::get().reads(262))
			.saturating_add(T::DbWeight::get().writes(261))
	}
	fn register_device() -> Weight {
		// At least 115_593_000 picoseconds.
		Weight::from_parts(152_398_000, 12733)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn update_device() -> Weight {
		// At least 47_090_000 picoseconds.
		Weight::from_parts(71_857_000, 6132)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retire_device() -> Weight {
		// At least 99_588_000 picoseconds.
		Weight::from_parts(130_595_000, 12733)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn heartbeat() -> Weight {
		// At least 11_708_000 picoseconds.
		Weight::from_parts(12_799_000, 3784)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
