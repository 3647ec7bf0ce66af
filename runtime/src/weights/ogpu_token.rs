//! What the calls of `ogpu_token` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 20 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_token::WeightInfo for WeightInfo<T> {
	fn claim() -> Weight {
		// At least 94_051_000 picoseconds.
		Weight::from_parts(144_526_000, 3597)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn authorize_claim() -> Weight {
		// At least 59_269_000 picoseconds.
		Weight::from_parts(68_592_000, 3597)
			.saturating_add(T::DbWeight::get().reads(4))
	}
	/// `c` is 0 to 977.
	fn close_claims(c: u32, ) -> Weight {
		// At least 31_617_000 picoseconds.
		Weight::from_parts(32_939_000, 3593)
			.saturating_add(Weight::from_parts(1_251_587, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(c.into()))
			.saturating_add(Weight::from_parts(0, 2607).saturating_mul(c.into()))
	}
}
