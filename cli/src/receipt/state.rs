//! What the state of a block says, by the nodes of its trie that a receipt brings along.

use super::{Record, Refusal};
use codec::DecodeAll;
use ogpu_protocol::{
	receipt::Bytes,
	record::{record_key, GENESIS_HASH, TIME},
};
use polkadot_sdk::{
	sp_core::{crypto::AccountId32, H256},
	sp_crypto_hashing::blake2_128,
	sp_runtime::traits::BlakeTwo256,
	sp_trie::{read_trie_value, LayoutV1, MemoryDB, StorageProof},
};

pub(super) struct State {
	root: H256,
	nodes: MemoryDB<BlakeTwo256>,
}

impl State {
	/// Every node goes by its hash, so one that was changed is one that is missing.
	pub(super) fn new(root: H256, nodes: &[Bytes]) -> Self {
		let nodes = StorageProof::new(nodes.iter().map(|node| node.0.clone()));
		Self { root, nodes: nodes.into_memory_db() }
	}

	/// The hash of the first block, which the chain keeps for ever.
	pub(super) fn genesis(&self) -> Result<H256, Refusal> {
		self.read(&GENESIS_HASH, || "hash of the first block".into())
	}

	pub(super) fn time(&self) -> Result<u64, Refusal> {
		self.read(&TIME, || "time".into())
	}

	pub(super) fn record(&self, name: H256) -> Result<Record<AccountId32>, Refusal> {
		self.read(&record_key(blake2_128, name.as_fixed_bytes()), || format!("record of {name:?}"))
	}

	fn read<T: DecodeAll>(&self, key: &[u8], what: impl Fn() -> String) -> Result<T, Refusal> {
		let value = read_trie_value::<LayoutV1<BlakeTwo256>, _>(&self.nodes, &self.root, key, None, None)
			.map_err(|_| Refusal::StateIncomplete { what: format!("the {}", what()) })?
			.ok_or_else(|| Refusal::NotInState { what: what() })?;
		T::decode_all(&mut value.as_slice()).map_err(|_| Refusal::Unreadable { what: format!("the {}", what()) })
	}
}
