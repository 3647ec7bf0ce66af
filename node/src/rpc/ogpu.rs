//! The network's own methods, thin over what the runtime answers.

use crate::service::{Block, FullClient};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, types::ErrorObjectOwned};
use ogpu_runtime::{BlockNumber, Hash};
use ogpu_token::runtime_api::TokenApi;
use polkadot_sdk::*;
use serde::Serialize;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use std::sync::Arc;

/// The codes of refusals, from the table in `docs/errors.md`.
const UNKNOWN_BLOCK: i32 = 9001;
const NO_STATE: i32 = 9002;
const NO_TOKEN: i32 = 9003;
const RUNTIME_FAILED: i32 = 9004;

#[rpc(server)]
pub trait OgpuApi {
	/// The token's supply in this block, or in the best one.
	#[method(name = "ogpu_supply", blocking)]
	fn supply(&self, at: Option<Hash>) -> RpcResult<Supply>;
}

/// What [`ogpu_token::Supply`] says. Amounts are in the smallest unit and decimal, as text: JavaScript's numbers have not
/// enough digits for them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Supply {
	/// The block whose state this is.
	block: Hash,
	cap: String,
	minted: String,
	issued: String,
	burned: String,
	unclaimed: String,
	claims_deadline: Option<BlockNumber>,
	emission_left: String,
	next_era_payout: String,
}

pub struct Ogpu {
	client: Arc<FullClient>,
}

impl Ogpu {
	pub fn new(client: Arc<FullClient>) -> Self {
		Self { client }
	}
}

impl OgpuApiServer for Ogpu {
	fn supply(&self, at: Option<Hash>) -> RpcResult<Supply> {
		let block = at.unwrap_or_else(|| self.client.chain_info().best_hash);
		let unreadable =
			|error: String| refusal(NO_STATE, format!("the state of block {block:?} is not here: {error}"));
		let header = self.client.header(block).map_err(|error| unreadable(error.to_string()))?;
		if header.is_none() {
			return Err(refusal(UNKNOWN_BLOCK, format!("this node knows no block {block:?}")));
		}
		let api = self.client.runtime_api();
		if !api.has_api::<dyn TokenApi<Block>>(block).map_err(|error| unreadable(error.to_string()))? {
			return Err(refusal(NO_TOKEN, format!("the runtime of block {block:?} does not count the supply")));
		}
		let failed =
			|error: ApiError| refusal(RUNTIME_FAILED, format!("the runtime of block {block:?} failed: {error}"));
		let ogpu_token::Supply {
			cap,
			minted,
			issued,
			burned,
			unclaimed,
			claims_deadline,
			emission_left,
			next_era_payout,
		} = api.supply(block).map_err(failed)?;
		Ok(Supply {
			block,
			cap: cap.to_string(),
			minted: minted.to_string(),
			issued: issued.to_string(),
			burned: burned.to_string(),
			unclaimed: unclaimed.to_string(),
			claims_deadline,
			emission_left: emission_left.to_string(),
			next_era_payout: next_era_payout.to_string(),
		})
	}
}

fn refusal(code: i32, reason: String) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code, reason, None::<()>)
}
