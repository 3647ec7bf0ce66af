//! The specs in `chain-specs/` are what the presets of this runtime make. A stale one fails here: `make chain-specs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use codec::Decode;
use polkadot_sdk::*;
use sc_executor::WasmExecutor;
use serde_json::Value;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use std::collections::HashMap;

const CODE_KEY: &str = "0x3a636f6465";

fn committed(name: &str) -> Value {
	let path = format!("{}/../chain-specs/{name}.json", env!("CARGO_MANIFEST_DIR"));
	let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; run make chain-specs"));
	serde_json::from_str(&text).expect("a chain spec is JSON")
}

fn exported(args: &[&str]) -> Value {
	let output = common::run(args);
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	serde_json::from_slice(&output.stdout).expect("a chain spec is JSON")
}

/// Compares codes by their metadata, version included: another compiler makes other bytes of the same sources.
#[derive(Default)]
struct Codes(HashMap<String, Vec<u8>>);

impl Codes {
	/// Takes the code out of a spec and says what it is.
	fn take(&mut self, spec: &mut Value, pointer: &str, key: &str) -> Vec<u8> {
		let holder = spec.pointer_mut(pointer).and_then(Value::as_object_mut).expect("a spec has a genesis");
		let code = holder.remove(key).expect("a spec has code");
		let code = code.as_str().expect("code is hex").to_owned();
		// The specs share their code, and it takes seconds to compile.
		self.0.entry(code).or_insert_with_key(|code| metadata(&sp_core::bytes::from_hex(code).unwrap())).clone()
	}
}

fn metadata(code: &[u8]) -> Vec<u8> {
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let hash = sp_io::hashing::blake2_256(code).to_vec();
	let runtime_code = RuntimeCode { code_fetcher: &WrappedRuntimeCode(code.into()), heap_pages: None, hash };
	let mut ext = sp_state_machine::BasicExternalities::default();
	let (result, _) = executor.call(&mut ext, &runtime_code, "Metadata_metadata", &[], CallContext::Offchain);
	Vec::<u8>::decode(&mut result.expect("the code answers").as_slice()).unwrap()
}

#[test]
fn every_committed_spec_is_what_its_preset_makes() {
	let mut codes = Codes::default();
	for (name, chain) in [("development", "dev"), ("local", "local"), ("testnet", "testnet")] {
		let hint = "chain-specs/ is stale: run make chain-specs and commit the result";

		let mut plain = committed(name);
		let mut fresh = exported(&["export-chain-spec", "--chain", chain]);
		let genesis = "/genesis/runtimeGenesis";
		assert!(codes.take(&mut plain, genesis, "code") == codes.take(&mut fresh, genesis, "code"), "{name}: {hint}");
		assert_eq!(plain, fresh, "{name}: {hint}");

		let mut raw = committed(&format!("{name}-raw"));
		let mut fresh = exported(&["export-chain-spec", "--chain", chain, "--raw"]);
		let top = "/genesis/raw/top";
		assert!(codes.take(&mut raw, top, CODE_KEY) == codes.take(&mut fresh, top, CODE_KEY), "{name}-raw: {hint}");
		assert_eq!(raw, fresh, "{name}-raw: {hint}");
	}
}

#[test]
fn nothing_but_a_development_chain_has_sudo() {
	let sudo_key = "0x5c0d1176a568c1f92944340dbfed9e9c530ebca703c85910e7164cb7d1c9e47b";
	let has_sudo = |name| committed(name)["genesis"]["raw"]["top"].get(sudo_key).is_some();
	assert!(has_sudo("development-raw") && has_sudo("local-raw"));
	assert!(!has_sudo("testnet-raw"));
}
