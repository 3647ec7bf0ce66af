//! A chain of real blocks in one process: built from a preset of the wasm blob, each block with the author's VRF claim,
//! a timestamp and signed transactions, executed by the native runtime.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use codec::Encode;
use ogpu_protocol::time::BLOCK_MILLIS;
use ogpu_runtime::{
	AccountId, Address, Balance, Block, Executive, Header, Runtime, RuntimeCall, SignedPayload, System, TxExtension,
	UncheckedExtrinsic, VERSION,
};
use polkadot_sdk::*;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data,
};
use sp_core::{crypto::VrfSecret, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::{Digest, DigestItem, Era},
	traits::{Block as _, Header as _},
	ApplyExtrinsicResult, MultiSignature,
};

pub struct Chain {
	pub state: sp_io::TestExternalities,
	pub head: Header,
	slot: u64,
}

impl Chain {
	pub fn from_preset(preset: &str) -> Self {
		let code = ogpu_runtime::wasm_binary().expect("the tests need the wasm blob");
		let storage = sc_chain_spec::GenesisConfigBuilderRuntimeCaller::<sp_io::SubstrateHostFunctions>::new(code)
			.get_storage_for_named_preset(Some(&preset.to_string()))
			.expect("the preset must build");
		let state = sp_io::TestExternalities::new(storage);
		let head = Header::new(0, Default::default(), Default::default(), Default::default(), Default::default());
		Self { state, head, slot: 1_000 }
	}

	/// Reads the state of the head.
	pub fn read<T>(&mut self, read: impl FnOnce() -> T) -> T {
		self.state.execute_with(read)
	}

	/// Authors a block with these transactions, and returns what became of each.
	pub fn block(&mut self, transactions: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
		self.slot += 1;
		let (slot, parent) = (self.slot, self.head.clone());
		let (header, _, results) = self.state.execute_with(|| author(&parent, slot, transactions));
		self.head = header;
		results
	}

	/// The next block with those of these transactions that fit, whole, as a validator sends it to others. The head
	/// stays.
	pub fn sealed(&mut self, transactions: Vec<UncheckedExtrinsic>) -> Block {
		let (slot, parent) = (self.slot + 1, self.head.clone());
		self.state.execute_with(|| {
			sp_io::storage::start_transaction();
			let (header, extrinsics, _) = author(&parent, slot, transactions);
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
		let account = signer.to_account_id();
		let genesis = self.read(|| System::block_hash(0));
		let extension: TxExtension = (
			frame_system::AuthorizeCall::new(),
			frame_system::CheckNonZeroSender::new(),
			frame_system::CheckSpecVersion::new(),
			frame_system::CheckTxVersion::new(),
			frame_system::CheckGenesis::new(),
			frame_system::CheckMortality::from(Era::Immortal),
			frame_system::CheckNonce::from(nonce),
			frame_system::CheckWeight::new(),
			pallet_transaction_payment::ChargeTransactionPayment::from(tip),
			frame_metadata_hash_extension::CheckMetadataHash::new(false),
			frame_system::WeightReclaim::new(),
		);
		let versions = (VERSION.spec_version, VERSION.transaction_version);
		let implicit = ((), (), versions.0, versions.1, genesis, genesis, (), (), (), None, ());
		let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
		let signature: MultiSignature = payload.using_encoded(|payload| signer.pair().sign(payload)).into();
		UncheckedExtrinsic::new_signed(call, Address::Id(account), signature, extension)
	}
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
	transactions: Vec<UncheckedExtrinsic>,
) -> (Header, Vec<UncheckedExtrinsic>, Vec<ApplyExtrinsicResult>) {
	let digest = Digest { logs: vec![claim(slot)] };
	let header = Header::new(parent.number + 1, Default::default(), Default::default(), parent.hash(), digest);
	Executive::initialize_block(&header);
	let now = slot * BLOCK_MILLIS;
	let time = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }));
	Executive::apply_extrinsic(time.clone()).unwrap().unwrap();
	let results: Vec<_> = transactions.iter().cloned().map(apply).collect();
	let included = transactions.into_iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|(tx, _)| tx);
	let extrinsics = std::iter::once(time).chain(included).collect();
	(Executive::finalize_block(), extrinsics, results)
}

/// The claim of whichever validator the slot's number points at, with a real VRF signature.
fn claim(slot: u64) -> DigestItem {
	let authorities = pallet_babe::Authorities::<Runtime>::get();
	let index = (slot % authorities.len() as u64) as usize;
	let author = Sr25519Keyring::iter()
		.find(|key| key.public() == authorities[index].0.clone().into())
		.expect("the validators of the presets are well-known keys");
	let epoch = pallet_babe::EpochIndex::<Runtime>::get();
	let randomness = pallet_babe::Randomness::<Runtime>::get();
	let vrf_signature = author.pair().vrf_sign(&make_vrf_sign_data(&randomness, slot.into(), epoch));
	DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
		authority_index: index as u32,
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
