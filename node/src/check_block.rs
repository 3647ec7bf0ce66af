//! `ogpu-node check-block`: executes a block of the database once more. The SDK's own command hands it to the import
//! queue, which executes no block that it has.

use crate::{
	error::refusal,
	service::{Block, FullClient},
};
use polkadot_sdk::*;
use sc_cli::{BlockNumberOrHash, Result};
use sc_client_api::{BlockBackend, HeaderBackend};
use sp_api::{ApiExt, Core, ProvideRuntimeApi};
use sp_consensus::BlockStatus;
use sp_core::traits::CallContext;
use sp_runtime::generic::BlockId;
use std::time::Instant;

pub fn run(client: &FullClient, input: &BlockNumberOrHash) -> Result<()> {
	let id: BlockId<Block> = input.parse()?;
	let unknown = || match &id {
		BlockId::Hash(hash) => refusal(format!("the database has no block {hash:?}")),
		BlockId::Number(number) => refusal(format!("the database has no block #{number}")),
	};
	let hash = client.block_hash_from_id(&id)?.ok_or_else(unknown)?;
	let mut block = client.block(hash)?.ok_or_else(unknown)?.block;
	let (number, parent) = (block.header.number, block.header.parent_hash);
	if client.block_status(parent)? != BlockStatus::InChainWithState {
		return Err(refusal(format!(
			"block #{number} cannot be executed: the database does not hold the state before it; it keeps those of the \
			 last 256 final blocks, or of all with --state-pruning archive"
		)));
	}
	// The author's seal, always the last item: the runtime has not seen it when it made the header.
	block.header.digest.pop();

	let mut api = client.runtime_api();
	// As a block is imported; other calls get other limits.
	api.set_call_context(CallContext::Onchain { import: true });
	// Compiles the runtime, so that the time is that of the block alone.
	api.version(parent).map_err(sp_blockchain::Error::from)?;
	let start = Instant::now();
	let executed = api.execute_block(parent, block.into());
	let duration = start.elapsed().as_millis();
	executed.map_err(|error| {
		let text = error.to_string();
		let reason = text.split("WASM backtrace:").next().unwrap_or_default();
		refusal(format!("block #{number} ({hash:?}) is not valid, its execution failed: {reason}"))
	})?;
	println!("Block #{number} ({hash:?}) is valid. It was executed in {duration} ms.");
	Ok(())
}
