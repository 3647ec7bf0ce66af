//! Chains as their specs describe them: the first block, and who finalises what follows.

use super::{error::tamed, finality::Header, Authorities};
use anyhow::{anyhow, bail, ensure, Context, Result};
use ogpu_protocol::receipt::Bytes;
use polkadot_sdk::{
	sp_consensus_grandpa::AuthorityId,
	sp_core::{ed25519, Pair, H256},
	sp_crypto_hashing::twox_128,
	sp_runtime::{
		generic::Digest,
		traits::{BlakeTwo256, Hash, Header as _},
		StateVersion,
	},
	sp_trie::{LayoutV1, TrieConfiguration},
};
use serde::{de::IgnoredAny, Deserialize};
use std::collections::BTreeMap;

/// No chain spec is larger.
pub const MOST_SPEC_BYTES: u64 = 64 << 20;

/// Whose keys everybody has.
const PUBLIC: [&str; 6] = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];

/// A chain, as far as receipts need it.
#[derive(Clone, Debug)]
pub struct Chain {
	/// What it calls itself, for people.
	pub name: String,
	/// The hash of its first block.
	pub genesis: H256,
	/// Who finalises what follows.
	pub authorities: Authorities,
}

#[derive(Deserialize)]
struct Spec {
	name: String,
	genesis: Genesis,
}

#[derive(Deserialize)]
struct Genesis {
	raw: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
	top: BTreeMap<Bytes, Bytes>,
	#[serde(default)]
	children_default: BTreeMap<Bytes, IgnoredAny>,
}

impl Chain {
	/// Reads a raw chain spec, and computes from its state what the first block is.
	pub fn of_spec(text: &str) -> Result<Self> {
		let spec: Spec =
			serde_json::from_str(text).map_err(|error| anyhow!("it is not a chain spec: {}", tamed(&error)))?;
		let Some(Raw { top, children_default }) = spec.genesis.raw else {
			bail!("it is not raw, so only a node can tell its genesis: ogpu-node export-chain-spec --chain FILE --raw");
		};
		ensure!(children_default.is_empty(), "it has child tries, which chains of OGPU have not");
		let key = Bytes([twox_128(b"Grandpa"), twox_128(b"Authorities")].concat());
		let list =
			top.get(&key).context("it does not say who finalises blocks: nothing is stored for Grandpa.Authorities")?;
		let authorities =
			Authorities::read(0, list).ok().context("its list of those who finalise blocks makes no sense")?;
		let state = top.iter().map(|(key, value)| (&key.0, &value.0));
		let root = LayoutV1::<BlakeTwo256>::trie_root(state);
		let no_transactions = BlakeTwo256::trie_root(Vec::new(), StateVersion::V1);
		let first = Header::new(0, no_transactions, root, H256::zero(), Digest::default());
		Ok(Self { name: spec.name, genesis: first.hash(), authorities })
	}

	/// Whether everybody could sign for those who finalise its blocks, as on chains for trying things out.
	pub fn is_public(&self) -> bool {
		let public: Vec<AuthorityId> = PUBLIC
			.iter()
			.filter_map(|seed| ed25519::Pair::from_string(seed, None).ok())
			.map(|pair| pair.public().into())
			.collect();
		self.authorities.weight_of(|id| public.contains(id)) >= self.authorities.needed()
	}
}

/// The chains whose specs come with this program, by what they are called on the command line.
pub const KNOWN: [(&str, &str); 3] = [
	("development", include_str!("../../../chain-specs/development-raw.json")),
	("local", include_str!("../../../chain-specs/local-raw.json")),
	("testnet", include_str!("../../../chain-specs/testnet-raw.json")),
];

/// The one of them that begins with this block, and what it is called.
pub fn known(genesis: H256) -> Result<Option<(&'static str, Chain)>> {
	for (name, spec) in KNOWN {
		let chain = Chain::of_spec(spec)?;
		if chain.genesis == genesis {
			return Ok(Some((name, chain)));
		}
	}
	Ok(None)
}
