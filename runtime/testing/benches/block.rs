//! How long a validator takes to execute a block of others: an empty one, and one as full of transfers as its weight
//! limit allows. The wasm blob runs as in the node, on a state in memory; the disk is not measured.
//!
//!   cargo bench --workspace --bench block

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use codec::Encode;
use ogpu_protocol::token::OGPU;
use ogpu_runtime::{genesis_config_presets::LOCAL_TESTNET, AccountId, UncheckedExtrinsic};
use ogpu_runtime_testing::{transfer, Chain};
use polkadot_sdk::*;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_keyring::Sr25519Keyring::Eve;
use sp_state_machine::{Ext, OverlayedChanges};
use std::time::{Duration, Instant};

type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

const RUNS: usize = 15;

fn main() {
	let executor = Executor::builder().build();
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);

	let (empty, _) = measure(&executor, &mut chain, vec![]);
	let transfers = transfers(&mut chain);
	let offered = transfers.len() as u32;
	let (full, count) = measure(&executor, &mut chain, transfers);
	assert!(count < offered, "the block must be full");

	println!("wasm blob                      {:>10} bytes, compressed", ogpu_runtime::wasm_binary().unwrap().len());
	println!("empty block                    {empty:>10.2?}");
	println!("full block, {count:>5} transfers    {full:>10.2?}");
	println!("one transfer more              {:>10.2?}", full.saturating_sub(empty) / count);
	println!("full / empty                   {:>10.1}", full.as_secs_f64() / empty.as_secs_f64());
	println!("full / time its weight allows  {:>10.2}", full.as_secs_f64() / 0.75);
}

/// More transfers to new accounts than one block takes.
fn transfers(chain: &mut Chain) -> Vec<UncheckedExtrinsic> {
	(0..12_000u32)
		.map(|nonce| {
			let to = AccountId::new(sp_io::hashing::blake2_256(&nonce.to_le_bytes()));
			chain.sign_as(Eve, transfer(&to, OGPU / 100), 0, nonce)
		})
		.collect()
}

/// The median time of executing a block with as many of these transactions as fit, and their number.
fn measure(executor: &Executor, chain: &mut Chain, transactions: Vec<UncheckedExtrinsic>) -> (Duration, u32) {
	chain.state.commit_all().unwrap();
	let backend = chain.state.as_backend();
	let block = chain.sealed(transactions);
	// The first extrinsic is the timestamp.
	let count = block.extrinsics.len() as u32 - 1;
	let encoded = block.encode();
	let code = ogpu_runtime::wasm_binary().unwrap();
	let mut times: Vec<_> = (0..=RUNS)
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
	(times[RUNS / 2], count)
}
