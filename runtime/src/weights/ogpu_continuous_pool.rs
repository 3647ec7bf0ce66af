//! What the calls of `ogpu_continuous_pool` cost, estimated above what they do, until `make weights` has measured them.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_continuous_pool::WeightInfo for WeightInfo<T> {
	fn publish_service() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	fn update_service() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	fn retire_service() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	fn join() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn leave() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn request() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(20, 14))
	}
	fn decline() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(10, 8))
	}
	fn commit() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(10, 6))
	}
	fn alarm() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(8, 4))
	}
	fn confirm() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(12, 10))
	}
	fn claim_share() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(16, 14))
	}
	fn draw(n: u32, ) -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(Weight::from_parts(60000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(20, 20))
			.saturating_add(T::DbWeight::get().reads_writes(8, 0).saturating_mul(n.into()))
	}
	fn step() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(40, 30))
	}
	fn concluded(n: u32, ) -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(Weight::from_parts(30000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(20, 20))
			.saturating_add(T::DbWeight::get().reads_writes(3, 3).saturating_mul(n.into()))
	}
}
