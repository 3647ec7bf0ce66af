//! Receipts, made of what this node has: how finality came to be what it is, and proofs out of the state. What is in one, and
//! how it is checked, stands in `docs/receipts.md`.

use super::{refusal, FinalityHistory, NO_STATE, UNKNOWN_TASK};
use crate::service::{Block, FullClient};
use codec::{DecodeAll, Encode};
use jsonrpsee::{core::RpcResult, types::ErrorObjectOwned};
use ogpu_protocol::{
	receipt::{Bytes, Final, Receipt, Since, MOST_BYTES, MOST_NAMES, VERSION},
	record::part_name,
};
use ogpu_result_validation::runtime_api::ValidationApi;
use ogpu_runtime::{BlockNumber, Hash};
use polkadot_sdk::*;
use sc_client_api::ProofProvider;
use sc_consensus_grandpa::warp_proof::WarpSyncFragment;
use sc_network_sync::strategy::warp::{EncodedProof, WarpSyncProvider};
use sp_api::ProvideRuntimeApi;
use sp_consensus_grandpa::{ConsensusLog, GRANDPA_ENGINE_ID};
use sp_io::hashing::{blake2_128, blake2_256};
use std::fmt::Display;

/// No more of how finality has changed hands is looked through.
const MOST_HISTORY_BYTES: usize = 256 << 20;

/// Of a validation that has ended, or of all those of a job; for readers who trust the set of authorities with this number,
/// or else the first.
pub fn of(client: &FullClient, history: &FinalityHistory, name: Hash, since: Option<u64>) -> RpcResult<Receipt> {
	let genesis = client.chain_info().genesis_hash;
	let mut finals = finals(history, genesis)?;
	let last = finals.pop().ok_or_else(|| unprovable("no block is final yet: ask again in some seconds"))?;
	let since = since.filter(|set| *set > 0).map(|set| begin_with(set, &mut finals)).transpose()?;
	let bytes = finals.iter().fold(0usize, |sum, change| sum.saturating_add(change.encoded_size()));
	// As text it is twice as long.
	if bytes > MOST_BYTES / 4 {
		return Err(unprovable("who finalises has changed too often since: name a later set that its reader trusts"));
	}
	let block = last.header.hash();
	let (job, names) = names(client, name, block)?;
	let keys = Receipt::keys(blake2_128, &names);
	let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
	let proof = client.read_proof(block, &mut keys.into_iter()).map_err(unprovable)?;
	Ok(Receipt {
		version: VERSION,
		genesis,
		job,
		names,
		since,
		authorities: finals.into_iter().map(encoded).collect(),
		block: encoded(last),
		state: proof.into_iter_nodes().map(Bytes).collect(),
	})
}

/// The blocks that changed who finalises, since the first one, and the last that is final.
fn finals(history: &FinalityHistory, genesis: Hash) -> RpcResult<Vec<WarpSyncFragment<Block>>> {
	let (mut finals, mut from, mut bytes) = (Vec::<WarpSyncFragment<Block>>::new(), genesis, 0usize);
	loop {
		let EncodedProof(proof) = history.generate(from).map_err(unprovable)?;
		bytes = bytes.saturating_add(proof.len());
		if bytes > MOST_HISTORY_BYTES {
			return Err(unprovable("who finalises has changed too often since the first block"));
		}
		let (more, is_finished) =
			<(Vec<WarpSyncFragment<Block>>, bool)>::decode_all(&mut proof.as_slice()).map_err(unprovable)?;
		let end = more.last().map(|last| last.header.hash());
		finals.extend(more);
		match end {
			Some(end) if !is_finished => from = end,
			_ => return Ok(finals),
		}
	}
}

/// Leaves out how this set came to be, and says who is in it.
fn begin_with(set: u64, finals: &mut Vec<WarpSyncFragment<Block>>) -> RpcResult<Since> {
	let unknown = || unprovable(format!("there has been no set of authorities with the number {set} after the first"));
	let passed = usize::try_from(set).ok().filter(|passed| *passed <= finals.len()).ok_or_else(unknown)?;
	let last = finals.drain(..passed).next_back().ok_or_else(unknown)?;
	let logs = last.header.digest.logs.iter();
	let list =
		logs.filter_map(|log| log.consensus_try_to::<ConsensusLog<BlockNumber>>(&GRANDPA_ENGINE_ID)).find_map(|log| {
			match log {
				ConsensusLog::ScheduledChange(change) => Some(change.next_authorities),
				_ => None,
			}
		});
	Ok(Since { set, authorities: Bytes(list.ok_or_else(unknown)?.encode()) })
}

/// What a name stands for: itself, or the validations of a job.
fn names(client: &FullClient, name: Hash, block: Hash) -> RpcResult<(Option<Hash>, Vec<Hash>)> {
	let api = client.runtime_api();
	let has_record = |name: &Hash| api.record(block, *name).map(|record| record.is_some()).map_err(unprovable);
	if has_record(&name)? {
		return Ok((None, vec![name]));
	}
	let mut parts = Vec::new();
	for number in 0..MOST_NAMES as u32 {
		let part = part_name(blake2_256, name.as_fixed_bytes(), number).into();
		if !has_record(&part)? {
			break;
		}
		parts.push(part);
	}
	if parts.is_empty() {
		let reason = format!(
			"in block {block:?}, the last that is final, nothing is recorded of {name:?}: has it ended, and is that final? \
			 `ogpu_task` tells"
		);
		return Err(refusal(UNKNOWN_TASK, reason));
	}
	Ok((Some(name), parts))
}

fn encoded(last: WarpSyncFragment<Block>) -> Final {
	Final { header: Bytes(last.header.encode()), justification: Bytes(last.justification.encode()) }
}

fn unprovable(error: impl Display) -> ErrorObjectOwned {
	refusal(NO_STATE, format!("this node cannot prove it: {error}"))
}
