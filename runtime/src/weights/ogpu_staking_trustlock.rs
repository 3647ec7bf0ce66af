//! What the calls of `ogpu_staking_trustlock` cost, estimated above what they do, until `make weights` has measured them.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_staking_trustlock::WeightInfo for WeightInfo<T> {
	fn lock() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn unlock() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn cancel_unlock() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn authorise_worker() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn rotate_worker() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn revoke_worker() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn register_device() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn update_device() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn retire_device() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn heartbeat() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
}
