//! What the calls of `ogpu_result_validation` cost, estimated above what they do, until `make weights` has measured them.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_result_validation::WeightInfo for WeightInfo<T> {
	fn offer_seats() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn withdraw_seats() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn reveal_secret() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn post_openings(n: u32, ) -> Weight {
		Weight::from_parts(80000000, 0)
			.saturating_add(Weight::from_parts(4000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(12, 12))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1).saturating_mul(n.into()))
	}
	fn commit_audit() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn reveal() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn reveal_leaves(n: u32, ) -> Weight {
		Weight::from_parts(80000000, 0)
			.saturating_add(Weight::from_parts(60000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(12, 12))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1).saturating_mul(n.into()))
	}
	fn reveal_audit() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn challenge() -> Weight {
		Weight::from_parts(80000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(8, 6))
	}
	fn commit_vote() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn reveal_vote() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn accept() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
	}
	fn task_step(n: u32, ) -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(Weight::from_parts(10000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(20, 20))
			.saturating_add(T::DbWeight::get().reads_writes(4, 2).saturating_mul(n.into()))
	}
	fn jury_step(n: u32, ) -> Weight {
		Weight::from_parts(200000000, 0)
			.saturating_add(Weight::from_parts(20000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(20, 20))
			.saturating_add(T::DbWeight::get().reads_writes(2, 2).saturating_mul(n.into()))
	}
	fn commit_benchmark() -> Weight {
		Weight::from_parts(150000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(20, 12))
	}
	fn window_step() -> Weight {
		Weight::from_parts(60000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(20, 4))
	}
	fn agenda_look() -> Weight {
		Weight::from_parts(5000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	fn keep_output() -> Weight {
		Weight::from_parts(5000000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}
	fn next_session(n: u32, ) -> Weight {
		Weight::from_parts(80000000, 0)
			.saturating_add(Weight::from_parts(40000000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(12, 12))
			.saturating_add(T::DbWeight::get().reads_writes(6, 4).saturating_mul(n.into()))
	}
}
