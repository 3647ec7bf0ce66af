//! The whole runtime under hostile transactions, in real blocks. A network of honest people does its work; between their
//! calls come those of strangers and of its own members: any call with any arguments, calls of honest people with a part
//! of them changed, calls wrapped in batches, proxies and multisigs, transactions of any form, and bytes that are none.
//!
//! Nothing may panic; after each block all pallets' invariants must hold, the money must add up, the block must have kept
//! to its limits, and what was free must have been of use. All is chosen from a seed, so that it can be repeated.

mod actors;
mod values;

pub use actors::Network;

use crate::{import, UncheckedExtrinsic};
use codec::{DecodeLimit, Encode};
use frame_support::{
	dispatch::DispatchClass,
	traits::{GetCallMetadata, IsInherent, PalletsInfoAccess, TryState, TryStateSelect},
};
use frame_system::limits::BlockWeights;
use ogpu_protocol::token::CAP;
use ogpu_runtime::{AccountId, AllPalletsWithSystem, Balance, Balances, Executive, Runtime, RuntimeEvent, System};
use polkadot_sdk::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sp_runtime::transaction_validity::TransactionSource;
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
	time::{Duration, Instant},
};
use values::{Types, MOST_NESTED};

/// What anybody may ask a node of, and who pays nothing for it.
const APIS: [&str; 7] =
	["TokenApi", "TrustApi", "ValidationApi", "AuctionApi", "PoolApi", "StakingApi", "NominationPoolsApi"];

/// Every so many blocks the wasm executes one too, and must come to the same state.
const WASM_BLOCKS: u32 = 16;

/// Transactions may take so much of a block.
const MOST_BYTES: usize = 5 * 1024 * 1024;

/// What became of what was sent.
#[derive(Clone, Debug, Default)]
pub struct Tally {
	pub blocks: u32,
	pub done: u32,
	/// In a block, and paid for, but an error.
	pub failed: u32,
	pub refused: u32,
	/// Bytes that are no transaction.
	pub undecodable: u32,
	pub by_wasm: u32,
	/// How often each call was done, and how often it failed.
	pub calls: BTreeMap<(&'static str, &'static str), (u32, u32)>,
	pub slowest: Duration,
	/// A hash of all results: runs of the same seed have the same.
	pub digest: [u8; 32],
}

impl fmt::Display for Tally {
	fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
		let Self { blocks, done, failed, refused, undecodable, by_wasm, calls, slowest, digest } = self;
		let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
		let kinds = calls.values().filter(|(done, _)| *done > 0).count();
		write!(
			formatter,
			"{blocks} blocks, {done} transactions done, {failed} failed, {refused} refused, {undecodable} undecodable; \
			 {kinds} calls of {} were done at least once; {by_wasm} blocks by wasm too; the slowest took {slowest:.2?}; \
			 results {digest}",
			calls.len()
		)
	}
}

/// A network under attack.
pub struct Fuzz {
	chance: ChaCha8Rng,
	types: Types,
	network: Network,
	executor: import::Executor,
	minted: Balance,
	/// What is in the block that is being made, or what is asked; shown if it breaks something.
	pending: Vec<UncheckedExtrinsic>,
	asked: String,
	pub tally: Tally,
}

impl Fuzz {
	pub fn new(seed: u64) -> Self {
		Self {
			chance: ChaCha8Rng::seed_from_u64(seed),
			types: Types::of_the_runtime(&APIS),
			network: Network::at_work(),
			executor: import::Executor::builder().build(),
			minted: 0,
			pending: Vec::new(),
			asked: String::new(),
			tally: Tally::default(),
		}
	}

	/// One block, whatever is in it, and all that must hold after it.
	pub fn block(&mut self) {
		self.pending.clear();
		self.network.learn(&mut self.chance);
		let mut transactions = Vec::new();
		let mut nonces = BTreeMap::<AccountId, u32>::new();
		for (who, call) in self.network.calls(&self.types, &mut self.chance) {
			let next = self.network.nonce(&who);
			let nonce = *nonces.get(&who).unwrap_or(&next);
			let tip = if self.chance.gen_ratio(1, 20) {
				self.chance.gen::<u128>() >> self.chance.gen_range(40..128)
			} else {
				0
			};
			let transaction = self.network.sign(&who, call, tip, nonce);
			// What the pool refuses, a dishonest author may still take.
			if self.pool_takes(&transaction) {
				nonces.insert(who, nonce + 1);
				transactions.push(transaction);
			} else if self.chance.gen_ratio(1, 8) {
				transactions.push(transaction);
			}
		}
		for _ in 0..self.chance.gen_range(0..6) {
			let bytes = self.network.bytes(&self.types, &mut self.chance);
			match UncheckedExtrinsic::decode_all_with_depth_limit(MOST_NESTED, &mut bytes.as_slice()) {
				Ok(transaction) => {
					let is_taken = self.pool_takes(&transaction);
					// What authors say themselves; to say it twice makes a block invalid.
					if Runtime::is_inherent(&transaction) {
						assert!(!is_taken, "nobody else may say what authors do");
						self.tally.refused += 1;
					} else {
						transactions.push(transaction);
					}
				}
				Err(_) => self.tally.undecodable += 1,
			}
		}
		self.ask();
		self.apply(transactions);
		self.check();
	}

	/// As a node asks before it lets a transaction into its pool.
	fn pool_takes(&mut self, transaction: &UncheckedExtrinsic) -> bool {
		self.pending = vec![transaction.clone()];
		let parent = self.network.world.chain.head.hash();
		let validity = self.network.world.chain.read(|| {
			sp_io::storage::start_transaction();
			let validity = Executive::validate_transaction(TransactionSource::External, transaction.clone(), parent);
			sp_io::storage::rollback_transaction();
			validity
		});
		validity.is_ok()
	}

	/// The runtime must answer whatever it is asked.
	fn ask(&mut self) {
		for _ in 0..4 {
			let (name, given) = self.types.question(&mut self.chance, &self.network.lexicon);
			self.asked = format!("{name}({given:?})");
			let answer = self.network.world.chain.read(|| ogpu_runtime::apis::api::dispatch(name, &given));
			assert!(answer.is_some(), "{name} is offered");
		}
	}

	fn apply(&mut self, transactions: Vec<UncheckedExtrinsic>) {
		self.pending.clone_from(&transactions);
		if self.tally.blocks % WASM_BLOCKS == WASM_BLOCKS - 1 {
			import::check(&self.executor, &mut self.network.world.chain, transactions.clone());
			self.tally.by_wasm += 1;
		}
		let calls: Vec<_> = transactions.iter().map(|transaction| transaction.function.get_call_metadata()).collect();
		let start = Instant::now();
		let results = self.network.world.chain.block(transactions.clone());
		self.tally.slowest = self.tally.slowest.max(start.elapsed());
		self.tally.blocks += 1;
		let mut seen = self.tally.digest.to_vec();
		let included = transactions.iter().zip(&results).filter(|(_, result)| result.is_ok());
		let bytes: usize = included.map(|(transaction, _)| transaction.encoded_size()).sum();
		assert!(bytes <= MOST_BYTES, "the block is too long: {bytes}");
		for (result, name) in results.iter().zip(calls) {
			let (done, failed) = self.tally.calls.entry((name.pallet_name, name.function_name)).or_default();
			match result {
				Ok(Ok(())) => {
					*done += 1;
					self.tally.done += 1;
				}
				Ok(Err(_)) => {
					*failed += 1;
					self.tally.failed += 1;
				}
				Err(_) => self.tally.refused += 1,
			}
			result.encode_to(&mut seen);
		}
		self.tally.digest = sp_io::hashing::blake2_256(&seen);
		self.network.note(&transactions, &results, &mut self.chance);
	}

	fn check(&mut self) {
		let before = self.minted;
		self.minted = self.network.world.chain.read(|| {
			check_invariants();
			let has = frame_system::Account::<Runtime>::iter().map(|(_, info)| info.data.free + info.data.reserved);
			assert_eq!(has.sum::<Balance>(), Balances::total_issuance(), "everything belongs to somebody");
			let minted = ogpu_token::Minted::<Runtime>::get();
			assert!((before..=CAP).contains(&minted), "what is minted stays so: {before}, {minted}");
			check_limits();
			check_free_calls();
			minted
		});
	}
}

/// What all pallets say must always be so; of the first that breaks it, by its name.
fn check_invariants() {
	for pallet in AllPalletsWithSystem::infos() {
		let only = TryStateSelect::Only(vec![pallet.name.as_bytes().to_vec()]);
		if let Err(error) = AllPalletsWithSystem::try_state(System::block_number(), only) {
			panic!("an invariant of {} is broken: {error:?}", pallet.name);
		}
	}
}

/// A block is no heavier than it may be. Mandatory is what must be done whatever it weighs: sessions say of a block in which
/// one ends that it is full.
fn check_limits() {
	let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
	let weight = System::block_weight();
	let sent = weight.total().saturating_sub(*weight.get(DispatchClass::Mandatory));
	assert!(sent.all_lte(limits.max_block), "the block is too heavy: {weight:?}");
	let normal = limits.get(DispatchClass::Normal).max_total.expect("normal calls are limited");
	assert!(weight.get(DispatchClass::Normal).all_lte(normal), "there are too many transactions: {weight:?}");
}

/// What cost nothing was of use.
fn check_free_calls() {
	let mut free = BTreeSet::new();
	for record in System::read_events_no_consensus() {
		let frame_system::Phase::ApplyExtrinsic(index) = record.phase else { continue };
		match record.event {
			RuntimeEvent::FeelessPayment(pallet_skip_feeless_payment::Event::FeeSkipped { .. }) => {
				free.insert(index);
			}
			RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) => {
				assert!(
					!free.contains(&index),
					"a free call failed, so it can be repeated for ever: {dispatch_error:?}"
				);
			}
			_ => {}
		}
	}
}

/// Says how to repeat what breaks something, when it does.
struct Witness {
	seed: u64,
	fuzz: Fuzz,
}

impl Drop for Witness {
	fn drop(&mut self) {
		if std::thread::panicking() {
			let blocks = self.fuzz.tally.blocks + 1;
			for transaction in &self.fuzz.pending {
				eprintln!("in this block: {}", format!("{transaction:?}").chars().take(4_000).collect::<String>());
			}
			eprintln!("asked last: {}", self.fuzz.asked);
			let seed = self.seed;
			eprintln!("block {blocks} of seed {seed}; again: scripts/fuzz.sh runtime --seed {seed} --blocks {blocks}");
		}
	}
}

/// So many blocks of a seed, or as many as fit into a time. Panics if anything breaks, and says how to repeat it.
pub fn run(seed: u64, blocks: u32, until: Option<Instant>) -> Tally {
	let mut witness = Witness { seed, fuzz: Fuzz::new(seed) };
	for _ in 0..blocks {
		if until.is_some_and(|until| Instant::now() > until) {
			break;
		}
		witness.fuzz.block();
	}
	witness.fuzz.tally.clone()
}
