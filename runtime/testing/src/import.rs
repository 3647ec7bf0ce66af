//! How long a validator takes to execute a block of others. The wasm blob runs as in the node, on a state in memory; the
//! disk is not measured.

use crate::{transfer, Chain};
use codec::Encode;
use ogpu_protocol::token::OGPU;
use ogpu_runtime::{AccountId, System, UncheckedExtrinsic};
use polkadot_sdk::*;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_keyring::Sr25519Keyring::Eve;
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

/// More transfers to new accounts than one block takes.
pub fn transfers(chain: &mut Chain) -> Vec<UncheckedExtrinsic> {
	let first = chain.read(|| System::account_nonce(Eve.to_account_id()));
	let to = |nonce: u32| AccountId::new(sp_io::hashing::blake2_256(&nonce.to_le_bytes()));
	let transfers = (first..first + 12_000).map(|nonce| chain.sign_as(Eve, transfer(&to(nonce), OGPU / 100), 0, nonce));
	transfers.collect()
}

/// The times of a block of nothing but what is due, and of one that is full of transfers besides.
pub struct Times {
	pub alone: Duration,
	pub full: Duration,
}

impl Times {
	pub fn of(executor: &Executor, chain: &mut Chain) -> Self {
		let (alone, _) = time(executor, chain, Vec::new(), RUNS);
		let transfers = transfers(chain);
		let offered = transfers.len() as u32;
		let (full, count) = time(executor, chain, transfers, RUNS);
		assert!(count < offered, "the block must be full");
		Self { alone, full }
	}

	/// What a hundred and what a hundred thousand of something do to a block.
	pub fn compare(few: &Self, many: &Self, what: &str) {
		let ratio = |many: Duration, few: Duration| many.as_secs_f64() / few.as_secs_f64();
		for (block, few, many) in [("full", few.full, many.full), ("empty", few.alone, many.alone)] {
			println!(
				"{block:<5} block with 100 / 100,000 {what:<12} {few:>9.2?} / {many:>9.2?}: {:.2}",
				ratio(many, few)
			);
		}
	}
}
