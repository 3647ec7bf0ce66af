//! How long a validator takes to execute a block of others. The wasm blob runs as in the node, on a state in memory; the
//! disk is not measured.

use crate::{transfer, Chain};
use codec::Encode;
use ogpu_protocol::token::OGPU;
use ogpu_runtime::{AccountId, System, UncheckedExtrinsic};
use polkadot_sdk::*;
use sc_executor::WasmExecutor;
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	Blake2Hasher,
};
use sp_keyring::Sr25519Keyring::Eve;
use sp_state_machine::{Ext, InMemoryBackend, OverlayedChanges};
use std::time::{Duration, Instant};

pub type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// So many runs give a median on which two runs of a benchmark agree.
pub const RUNS: usize = 15;

/// The next block of a chain, whose head stays.
struct Next<'e> {
	executor: &'e Executor,
	backend: InMemoryBackend<Blake2Hasher>,
	block: Vec<u8>,
	/// Of its transactions.
	count: u32,
}

impl<'e> Next<'e> {
	/// With as many of these transactions as fit.
	fn of(executor: &'e Executor, chain: &mut Chain, transactions: Vec<UncheckedExtrinsic>) -> Self {
		chain.state.commit_all().unwrap();
		let backend = chain.state.as_backend();
		let block = chain.sealed(transactions);
		// The first two extrinsics are inherents.
		Self { executor, backend, count: block.extrinsics.len() as u32 - 2, block: block.encode() }
	}

	/// How long executing it takes.
	fn time(&self) -> Duration {
		let mut overlay = OverlayedChanges::default();
		let mut ext = Ext::new(&mut overlay, &self.backend, None);
		let fetcher = WrappedRuntimeCode(ogpu_runtime::wasm_binary().unwrap().into());
		let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: vec![1] };
		let start = Instant::now();
		let context = CallContext::Onchain { import: true };
		let (result, _) = self.executor.call(&mut ext, &code, "Core_execute_block", &self.block, context);
		let time = start.elapsed();
		result.expect("the wasm runtime must agree with the native one");
		time
	}
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
	values.sort_by(|a, b| a.partial_cmp(b).unwrap());
	values[values.len() / 2]
}

/// The median time of executing the next block, with as many of these transactions as fit, and their number. The head
/// stays.
pub fn time(
	executor: &Executor,
	chain: &mut Chain,
	transactions: Vec<UncheckedExtrinsic>,
	runs: usize,
) -> (Duration, u32) {
	let next = Next::of(executor, chain, transactions);
	// The first run compiles the blob.
	next.time();
	(median((0..runs).map(|_| next.time()).collect()), next.count)
}

/// Whether the wasm blob comes to the same state as the native runtime with these transactions. The head stays.
pub fn check(executor: &Executor, chain: &mut Chain, transactions: Vec<UncheckedExtrinsic>) {
	Next::of(executor, chain, transactions).time();
}

/// More transfers to new accounts than one block takes.
pub fn transfers(chain: &mut Chain) -> Vec<UncheckedExtrinsic> {
	let first = chain.read(|| System::account_nonce(Eve.to_account_id()));
	let to = |nonce: u32| AccountId::new(sp_io::hashing::blake2_256(&nonce.to_le_bytes()));
	let transfers = (first..first + 12_000).map(|nonce| chain.sign_as(Eve, transfer(&to(nonce), OGPU / 100), 0, nonce));
	transfers.collect()
}

/// What a hundred thousand of something do to a block, beside a hundred: to one of nothing but what is due, and to one that
/// is full of transfers besides. Blocks of both chains take turns, so that what else the machine does slows both.
pub fn compare(executor: &Executor, few: &mut Chain, many: &mut Chain, what: &str) {
	for (block, is_full) in [("full", true), ("empty", false)] {
		let next = |chain: &mut Chain| {
			let transactions = if is_full { transfers(chain) } else { Vec::new() };
			let offered = transactions.len() as u32;
			let next = Next::of(executor, chain, transactions);
			assert!(!is_full || next.count < offered, "the block must be full");
			// The first run compiles the blob.
			next.time();
			next
		};
		let (few, many) = (next(few), next(many));
		let turns: Vec<_> = (0..RUNS).map(|_| (few.time().as_secs_f64(), many.time().as_secs_f64())).collect();
		let ratio = median(turns.iter().map(|(few, many)| many / few).collect());
		let millis = |times: Vec<f64>| median(times) * 1_000.0;
		let (few, many) = turns.into_iter().unzip();
		let (few, many) = (millis(few), millis(many));
		println!("{block:<5} block with 100 / 100,000 {what:<12} {few:>9.2} ms / {many:>9.2} ms: {ratio:.2}");
	}
}
