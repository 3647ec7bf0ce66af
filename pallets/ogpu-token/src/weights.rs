//! What the calls cost.

use frame_support::weights::Weight;
use polkadot_sdk::*;

pub trait WeightInfo {
	fn claim() -> Weight;
	fn authorize_claim() -> Weight;
	fn close_claims(chunks: u32) -> Weight;
}
