//! What the calls of `ogpu_training_auction` cost, estimated above what they do, until `make weights` has measured them.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_training_auction::WeightInfo for WeightInfo<T> {
	fn create() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(14, 10))
	}
	fn top_up() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 6))
	}
	fn extend() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 6))
	}
	fn cancel() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(60, 60))
	}
	fn commit_bid() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(12, 10))
	}
	fn reveal_bid() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(16, 14))
	}
	fn start() -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(8, 6))
	}
	fn commit_part() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(28, 20))
	}
	fn claim_inputs() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(24, 18))
	}
	fn abandon() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(24, 18))
	}
	fn step() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(28, 20))
	}
	fn count() -> Weight {
		Weight::from_parts(600000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(120, 110))
	}
	fn conclude() -> Weight {
		Weight::from_parts(400000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(30, 24))
	}
}
