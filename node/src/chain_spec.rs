//! The chains that the node knows by name, and those it reads from files.

use ogpu_protocol::token;
use ogpu_runtime::genesis_config_presets::{DEVELOPMENT, LOCAL_TESTNET, TESTNET};
use polkadot_sdk::{sc_chain_spec::ChainSpecExtension, *};
use sc_service::{ChainType, GenericChainSpec, Properties};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a spec may carry beside the genesis state.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
	/// Hashes that nodes must have at some heights.
	pub fork_blocks: sc_client_api::ForkBlocks<crate::service::Block>,
	/// Hashes that nodes must never import.
	pub bad_blocks: sc_client_api::BadBlocks<crate::service::Block>,
	/// Where light clients start from.
	pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

pub type ChainSpec = GenericChainSpec<Extensions>;

/// The spec that `--chain` names: one of ours, or a file.
pub fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"dev" | "development" => from_preset("OGPU Development", "ogpu-dev", ChainType::Development, DEVELOPMENT),
		"local" => from_preset("OGPU Local Testnet", "ogpu-local", ChainType::Local, LOCAL_TESTNET),
		"testnet" => from_preset("OGPU Testnet", "ogpu-testnet", ChainType::Live, TESTNET),
		"" => Err("which chain? Give --dev for a chain of your own, or --chain with dev, local, testnet or the path \
			of a chain spec"
			.into()),
		path if Path::new(path).is_file() => ChainSpec::from_json_file(path.into())
			.map_err(|error| format!("'{path}' is not a chain spec of this node: {error}")),
		unknown => Err(format!("no chain is called '{unknown}' (there are dev, local and testnet), and no such file")),
	}
}

fn from_preset(name: &str, id: &str, kind: ChainType, preset: &str) -> Result<ChainSpec, String> {
	Ok(builder(name, id, kind)?.with_genesis_config_preset_name(preset).build())
}

pub fn builder(name: &str, id: &str, kind: ChainType) -> Result<sc_chain_spec::ChainSpecBuilder<Extensions>, String> {
	let builder = ChainSpec::builder(ogpu_runtime::wasm_binary()?, Extensions::default())
		.with_name(name)
		.with_id(id)
		.with_chain_type(kind)
		.with_protocol_id("ogpu")
		.with_properties(properties());
	Ok(builder)
}

/// What wallets need to show balances and addresses.
fn properties() -> Properties {
	Properties::from_iter([
		("tokenSymbol".into(), token::SYMBOL.into()),
		("tokenDecimals".into(), token::DECIMALS.into()),
		("ss58Format".into(), token::SS58_PREFIX.into()),
	])
}
