//! A chain of real blocks in one process: built from a preset of the wasm blob, each block with the author's VRF claim,
//! a timestamp and signed transactions, executed by the native runtime.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

pub mod fuzz;
pub mod import;
pub mod world;

use codec::{Decode, Encode};
use frame_support::traits::{TryState, TryStateSelect};
use ogpu_protocol::time::BLOCK_MILLIS;
use ogpu_runtime::{
	genesis_config_presets::LOCAL_TESTNET, AccountId, Address, AllPalletsWithSystem, Balance, Block, Executive, Hash,
	Header, Nonce, Runtime, RuntimeCall, RuntimeGenesisConfig, Session, SessionConfig, SessionKeys, SignedPayload,
	StakingConfig, System, TxExtension, UncheckedExtrinsic, VERSION,
};
use polkadot_sdk::*;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data,
};
use sp_core::{crypto::VrfSecret, sr25519, Pair};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::{
	generic::{Digest, DigestItem, Era},
	traits::{Block as _, Header as _, TransactionExtension},
	ApplyExtrinsicResult, BuildStorage, MultiSignature,
};

include!(concat!(env!("OUT_DIR"), "/next_runtime.rs"));

/// The runtime's wasm under the next version number.
pub fn next_runtime() -> &'static [u8] {
	WASM_BINARY.expect("the tests need the wasm blobs: build without SKIP_WASM_BUILD")
}

pub struct Chain {
	pub state: sp_io::TestExternalities,
	pub head: Header,
	/// Validators whose machines do not run.
	pub silent: Vec<AccountId>,
	/// By so many blocks authors see finality behind.
	pub finality_lag: u32,
	slot: u64,
}

impl Chain {
	pub fn from_preset(preset: &str) -> Self {
		Self::from_genesis(preset, |_| {})
	}

	/// The local preset with these validators, each with the same stake, and all with seats.
	pub fn of_validators(validators: &[Sr25519Keyring]) -> Self {
		Self::from_genesis(LOCAL_TESTNET, |config| {
			let SessionConfig { keys, .. } = &mut config.session;
			let StakingConfig { stakers, validator_count, .. } = &mut config.staking;
			let bond = stakers[0].2;
			let lock = config.staking_trustlock.locks[0].1;
			let finalizers: Vec<_> = Sr25519Keyring::iter().zip(Ed25519Keyring::iter()).collect();
			let keys_of = |validator: &Sr25519Keyring| SessionKeys {
				babe: validator.public().into(),
				grandpa: finalizers.iter().find(|(key, _)| key == validator).unwrap().1.public().into(),
				authority_discovery: validator.public().into(),
			};
			let stashes = || validators.iter().map(|validator| validator.to_account_id());
			*keys = stashes().zip(validators).map(|(who, key)| (who.clone(), who, keys_of(key))).collect();
			*stakers = stashes().map(|who| (who.clone(), who, bond, pallet_staking::StakerStatus::Validator)).collect();
			*validator_count = validators.len() as u32;
			config.staking_trustlock.locks = stashes().map(|who| (who, lock)).collect();
			config.result_validation.verifiers = stashes().collect();
		})
	}

	fn from_genesis(preset: &str, change: impl FnOnce(&mut RuntimeGenesisConfig)) -> Self {
		let state = sp_io::TestExternalities::new(genesis(preset, change));
		let head = Header::new(0, Default::default(), Default::default(), Default::default(), Default::default());
		Self { state, head, silent: Vec::new(), finality_lag: 3, slot: 1_000 }
	}

	/// Reads the state of the head.
	pub fn read<T>(&mut self, read: impl FnOnce() -> T) -> T {
		self.state.execute_with(read)
	}

	/// Authors a block with these transactions, and returns what became of each.
	pub fn block(&mut self, transactions: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
		self.slot = self.next_slot();
		let (slot, parent, lag) = (self.slot, self.head.clone(), self.finality_lag);
		let (header, _, results) = self.state.execute_with(|| author(&parent, slot, lag, transactions));
		self.head = header;
		// The root of the next block's state is computed over what is not committed.
		self.state.commit_all().expect("no storage transaction is open");
		results
	}

	/// Signs a call and sends it, which must succeed. As the pool does, it waits for a block that has room: one with an
	/// election has none.
	pub fn send(&mut self, signer: Sr25519Keyring, call: impl Into<RuntimeCall>) {
		let transaction = self.sign(signer, call.into());
		for _ in 0..5 {
			match self.block(vec![transaction.clone()])[0] {
				Ok(result) => return result.unwrap_or_else(|error| panic!("{signer:?}: {error:?}")),
				Err(error) => assert!(error.exhausted_resources(), "{signer:?}: {error:?}"),
			}
		}
		panic!("no block had room for {signer:?}");
	}

	/// The next block with those of these transactions that fit, whole, as a validator sends it to others. The head
	/// stays.
	pub fn sealed(&mut self, transactions: Vec<UncheckedExtrinsic>) -> Block {
		let (slot, parent, lag) = (self.next_slot(), self.head.clone(), self.finality_lag);
		self.state.execute_with(|| {
			sp_io::storage::start_transaction();
			let (header, extrinsics, _) = author(&parent, slot, lag, transactions);
			sp_io::storage::rollback_transaction();
			Block::new(header, extrinsics)
		})
	}

	/// Authors empty blocks until the condition holds, at most `limit` of them.
	pub fn blocks_until(&mut self, limit: u32, what: &str, mut done: impl FnMut() -> bool) {
		for _ in 0..limit {
			if self.state.execute_with(&mut done) {
				return;
			}
			self.block(vec![]);
		}
		panic!("not within {limit} blocks: {what}");
	}

	/// The next slot whose author is at work and may author.
	fn next_slot(&mut self) -> u64 {
		let (first, silent) = (self.slot + 1, self.silent.clone());
		self.read(|| {
			let disabled = Session::disabled_validators();
			let works = |slot: &u64| {
				let (index, author) = author_of(*slot);
				!disabled.contains(&index) && !silent.contains(&author.to_account_id())
			};
			(first..first + 1_000).find(works).expect("some validator must work")
		})
	}

	/// Authors empty blocks until this era is active.
	pub fn until_era(&mut self, era: u32) {
		let active = || pallet_staking::ActiveEra::<Runtime>::get().map(|era| era.index).unwrap_or_default();
		self.blocks_until(20_000, "the era must begin", || active() >= era);
	}

	/// What the wasm in the state answers.
	pub fn call_wasm(&mut self, method: &str, data: &[u8]) -> Vec<u8> {
		use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
		let code = self.read(|| sp_io::storage::get(sp_core::storage::well_known_keys::CODE)).expect("there is code");
		let executor = sc_executor::WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
		let runtime = RuntimeCode {
			code_fetcher: &WrappedRuntimeCode(code.as_ref().into()),
			heap_pages: None,
			hash: sp_io::hashing::blake2_256(&code).to_vec(),
		};
		executor
			.call(&mut self.state.ext(), &runtime, method, data, CallContext::Offchain)
			.0
			.expect("the wasm must answer")
	}

	/// Executes an empty block by the wasm in the state, which need not be the native runtime's version.
	pub fn block_by_wasm(&mut self) {
		let slot = self.next_slot();
		self.slot = slot;
		let digest = self.read(|| Digest { logs: vec![claim(slot)] });
		let parent = &self.head;
		let header = Header::new(parent.number + 1, Default::default(), Default::default(), parent.hash(), digest);
		self.call_wasm("Core_initialize_block", &header.encode());
		let now = slot * BLOCK_MILLIS;
		let time = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }));
		let applied = self.call_wasm("BlockBuilder_apply_extrinsic", &time.encode());
		ApplyExtrinsicResult::decode(&mut applied.as_slice()).unwrap().unwrap().unwrap();
		let header = self.call_wasm("BlockBuilder_finalize_block", &[]);
		self.head = Header::decode(&mut header.as_slice()).unwrap();
	}

	/// Every invariant that any pallet knows must hold.
	pub fn check(&mut self) {
		self.read(|| AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All))
			.expect("all invariants must hold");
	}

	/// A transaction that this account signs for the next block.
	pub fn sign(&mut self, signer: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
		self.sign_with_tip(signer, call, 0)
	}

	pub fn sign_with_tip(&mut self, signer: Sr25519Keyring, call: RuntimeCall, tip: Balance) -> UncheckedExtrinsic {
		let nonce = self.read(|| System::account_nonce(signer.to_account_id()));
		self.sign_as(signer, call, tip, nonce)
	}

	/// A transaction that this account signs with any nonce.
	pub fn sign_as(
		&mut self,
		signer: Sr25519Keyring,
		call: RuntimeCall,
		tip: Balance,
		nonce: u32,
	) -> UncheckedExtrinsic {
		self.sign_by(&signer.pair(), call, tip, nonce)
	}

	/// A transaction that any key signs, with any nonce.
	pub fn sign_by(
		&mut self,
		signer: &sr25519::Pair,
		call: RuntimeCall,
		tip: Balance,
		nonce: u32,
	) -> UncheckedExtrinsic {
		let account = signer.public().into();
		let genesis = self.read(|| System::block_hash(0));
		let (extension, implicit) = extension(nonce, tip, genesis, None);
		let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
		let signature: MultiSignature = payload.using_encoded(|payload| signer.sign(payload)).into();
		UncheckedExtrinsic::new_signed(call, Address::Id(account), signature, extension)
	}
}

/// What every signer of a transaction signs without sending it.
pub type Implicit = <TxExtension as TransactionExtension<RuntimeCall>>::Implicit;

/// What surrounds the call of a transaction that is valid for ever, and what its signer signs beside it. With the hash of
/// the metadata, the chain checks that too.
pub fn extension(
	nonce: Nonce,
	tip: Balance,
	genesis: Hash,
	metadata_hash: Option<[u8; 32]>,
) -> (TxExtension, Implicit) {
	let extension: TxExtension = (
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_skip_feeless_payment::SkipCheckIfFeeless::from(
			pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		)
		.into(),
		frame_metadata_hash_extension::CheckMetadataHash::new(metadata_hash.is_some()),
		frame_system::WeightReclaim::new(),
	);
	let versions = (VERSION.spec_version, VERSION.transaction_version);
	let implicit = ((), (), versions.0, versions.1, genesis, genesis, (), (), (), metadata_hash, ());
	(extension, implicit)
}

/// The state that a preset describes, made by the native runtime: compiling the wasm would take seconds.
fn genesis(preset: &str, change: impl FnOnce(&mut RuntimeGenesisConfig)) -> sp_core::storage::Storage {
	let patch = ogpu_runtime::genesis_config_presets::get_preset(&preset.into()).expect("the preset exists");
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("it is plain data");
	sc_chain_spec::json_patch::merge(&mut config, serde_json::from_slice(&patch).expect("presets are JSON"));
	let mut config: RuntimeGenesisConfig = serde_json::from_value(config).expect("the preset is a genesis");
	change(&mut config);
	let mut storage = config.build_storage().expect("the genesis must build");
	let code = ogpu_runtime::wasm_binary().expect("the tests need the wasm blob").to_vec();
	storage.top.insert(sp_core::storage::well_known_keys::CODE.to_vec(), code);
	storage
}

/// As an author does: a transaction that is refused leaves no trace in the block.
fn apply(transaction: UncheckedExtrinsic) -> ApplyExtrinsicResult {
	sp_io::storage::start_transaction();
	let result = Executive::apply_extrinsic(transaction);
	match result {
		Ok(_) => sp_io::storage::commit_transaction(),
		Err(_) => sp_io::storage::rollback_transaction(),
	}
	result
}

/// Executes a block on the current state: its header, its extrinsics, and what became of the transactions.
fn author(
	parent: &Header,
	slot: u64,
	finality_lag: u32,
	transactions: Vec<UncheckedExtrinsic>,
) -> (Header, Vec<UncheckedExtrinsic>, Vec<ApplyExtrinsicResult>) {
	let digest = Digest { logs: vec![claim(slot)] };
	let header = Header::new(parent.number + 1, Default::default(), Default::default(), parent.hash(), digest);
	Executive::initialize_block(&header);
	let now = slot * BLOCK_MILLIS;
	let time = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }));
	let number = parent.number.saturating_sub(finality_lag);
	let finality = UncheckedExtrinsic::new_bare(RuntimeCall::Clock(ogpu_runtime::clock::Call::note_final { number }));
	for inherent in [&time, &finality] {
		Executive::apply_extrinsic(inherent.clone()).unwrap().unwrap();
	}
	let results: Vec<_> = transactions.iter().cloned().map(apply).collect();
	let included = transactions.into_iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|(tx, _)| tx);
	let extrinsics = [time, finality].into_iter().chain(included).collect();
	(Executive::finalize_block(), extrinsics, results)
}

/// Whose slot it is, by its number.
fn author_of(slot: u64) -> (u32, Sr25519Keyring) {
	let authorities = pallet_babe::Authorities::<Runtime>::get();
	let index = slot % authorities.len() as u64;
	let author = Sr25519Keyring::iter()
		.find(|key| key.public() == authorities[index as usize].0.clone().into())
		.expect("the validators of the presets are well-known keys");
	(index as u32, author)
}

/// The claim of whichever validator the slot's number points at, with a real VRF signature.
fn claim(slot: u64) -> DigestItem {
	let (authority_index, author) = author_of(slot);
	let epoch = pallet_babe::EpochIndex::<Runtime>::get();
	let randomness = pallet_babe::Randomness::<Runtime>::get();
	let vrf_signature = author.pair().vrf_sign(&make_vrf_sign_data(&randomness, slot.into(), epoch));
	DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
		authority_index,
		slot: slot.into(),
		vrf_signature,
	}))
}

pub fn account(seed: u8) -> AccountId {
	AccountId::new([seed; 32])
}

pub fn free(account: &AccountId) -> Balance {
	pallet_balances::Pallet::<Runtime>::free_balance(account)
}

pub fn transfer(to: &AccountId, value: Balance) -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest: Address::Id(to.clone()), value })
}
