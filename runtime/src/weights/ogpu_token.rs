//! Rough first figures, to be replaced by measured ones.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_token::WeightInfo for WeightInfo<T> {
	fn claim() -> Weight {
		Weight::from_parts(200_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(5, 5))
	}

	fn authorize_claim() -> Weight {
		Weight::from_parts(150_000_000, 0).saturating_add(T::DbWeight::get().reads(4))
	}

	fn close_claims(chunks: u32) -> Weight {
		Weight::from_parts(20_000_000, 0)
			.saturating_add(Weight::from_parts(1_000_000, 0).saturating_mul(chunks.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
			.saturating_add(T::DbWeight::get().reads_writes(1, 1).saturating_mul(chunks.into()))
	}
}
