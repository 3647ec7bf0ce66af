//! How long a validator takes to execute a block of others. The wasm blob runs as in the node, on a state in memory; the
//! disk is not measured.

use crate::Chain;
use codec::Encode;
use ogpu_runtime::UncheckedExtrinsic;
use polkadot_sdk::*;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_state_machine::{Ext, OverlayedChanges};
use std::time::{Duration, Instant};

pub type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// So many runs give a median on which two runs of a benchmark agree.
pub const RUNS: usize = 15;

/// The median time of executing the next block, with as many of these transactions as fit, and their number. The head
/// stays.
pub fn time(
	executor: &Executor,
	chain: &mut Chain,
	transactions: Vec<UncheckedExtrinsic>,
	runs: usize,
) -> (Duration, u32) {
	chain.state.commit_all().unwrap();
	let backend = chain.state.as_backend();
	let block = chain.sealed(transactions);
	// The first two extrinsics are inherents.
	let count = block.extrinsics.len() as u32 - 2;
	let encoded = block.encode();
	let code = ogpu_runtime::wasm_binary().unwrap();
	let mut times: Vec<_> = (0..=runs)
		.map(|_| {
			let mut overlay = OverlayedChanges::default();
			let mut ext = Ext::new(&mut overlay, &backend, None);
			let fetcher = WrappedRuntimeCode(code.into());
			let runtime_code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: vec![1] };
			let start = Instant::now();
			let (result, _) = executor.call(
				&mut ext,
				&runtime_code,
				"Core_execute_block",
				&encoded,
				CallContext::Onchain { import: true },
			);
			let time = start.elapsed();
			result.expect("the wasm runtime must agree with the native one");
			time
		})
		// The first run compiles the blob.
		.skip(1)
		.collect();
	times.sort();
	(times[runs / 2], count)
}
