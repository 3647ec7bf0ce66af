//! What anyone may ask about the token.

use codec::{Decode, Encode};
use ogpu_protocol::token::Balance;
use polkadot_sdk::*;
use scale_info::TypeInfo;

/// The state of the supply, in the smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Supply<BlockNumber> {
	/// No more than this will ever exist.
	pub cap: Balance,
	/// All that was ever minted.
	pub minted: Balance,
	/// What exists now.
	pub issued: Balance,
	/// What was destroyed; it is not minted again.
	pub burned: Balance,
	/// What holders of the Ethereum token have not claimed yet.
	pub unclaimed: Balance,
	/// The last block that accepts a claim, if there are claims.
	pub claims_deadline: Option<BlockNumber>,
	/// What is left to emit to stakers.
	pub emission_left: Balance,
	/// What the next era pays to stakers if it takes as long as it is meant to.
	pub next_era_payout: Balance,
}

sp_api::decl_runtime_apis! {
	/// The token's supply.
	pub trait TokenApi {
		/// What exists, what was burned and what may still be minted.
		fn supply() -> Supply<u32>;
	}
}
