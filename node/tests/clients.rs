//! What developers use to reach a node: plain JSON-RPC and @polkadot/api.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use anyhow::{Context, Result};
use codec::{Decode, Encode};
use common::{within, Node};
use jsonrpsee::{core::client::SubscriptionClientT, rpc_params};
use ogpu_protocol::token::{OGPU, SS58_PREFIX, SYMBOL};
use ogpu_runtime::{
	Address, Runtime, RuntimeCall, SessionKeys, SignedPayload, TxExtension, UncheckedExtrinsic, VERSION,
};
use polkadot_sdk::{
	sp_core::{sr25519, Pair, H256},
	sp_runtime::{generic::Era, AccountId32, MultiSignature},
	*,
};
use serde_json::{json, Value};
use std::process::Command;

/// The metadata's hash as a wallet computes it, from nothing but what the node answers.
async fn metadata_hash(node: &Node) -> Result<[u8; 32]> {
	let encoded: String = node
		.call("state_call", rpc_params!["Metadata_metadata_at_version", format!("0x{}", hex(&15u32.encode()))])
		.await?;
	let opaque = Option::<Vec<u8>>::decode(&mut bytes(&encoded).as_slice())?.context("version 15 is offered")?;
	let metadata = frame_metadata::RuntimeMetadataPrefixed::decode(&mut opaque.as_slice())?;
	let hash = merkleized_metadata::generate_metadata_digest(
		&metadata.1,
		merkleized_metadata::ExtraInfo {
			spec_version: VERSION.spec_version,
			spec_name: VERSION.spec_name.to_string(),
			base58_prefix: SS58_PREFIX,
			decimals: ogpu_protocol::token::DECIMALS,
			token_symbol: SYMBOL.into(),
		},
	)
	.map_err(anyhow::Error::msg)?
	.hash();
	Ok(hash)
}

fn hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(hex).expect("the node answers hex")
}

/// A transaction signed with the metadata hash check on, as hex.
fn signed(signer: &sr25519::Pair, nonce: u32, call: RuntimeCall, genesis: H256, metadata_hash: [u8; 32]) -> String {
	let extension: TxExtension = (
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		frame_metadata_hash_extension::CheckMetadataHash::new(true),
		frame_system::WeightReclaim::new(),
	);
	let implicit = (
		(),
		(),
		VERSION.spec_version,
		VERSION.transaction_version,
		genesis,
		genesis,
		(),
		(),
		(),
		Some(metadata_hash),
		(),
	);
	let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
	let signature: MultiSignature = payload.using_encoded(|payload| signer.sign(payload)).into();
	let transaction = UncheckedExtrinsic::new_signed(call, Address::Id(signer.public().into()), signature, extension);
	format!("0x{}", hex(&transaction.encode()))
}

async fn genesis(node: &Node) -> Result<H256> {
	let hash = node.block_hash(0).await?.context("every chain has a genesis")?;
	Ok(H256::from_slice(&bytes(&hash)))
}

/// Submits a transaction and waits until its block is final.
async fn submit(node: &Node, transaction: String) -> Result<()> {
	let mut states = node
		.client
		.subscribe::<Value, _>("author_submitAndWatchExtrinsic", rpc_params![transaction], "author_unwatchExtrinsic")
		.await?;
	let final_state = async {
		while let Some(state) = states.next().await {
			if state?.get("finalized").is_some() {
				return Ok(());
			}
		}
		anyhow::bail!("the node dropped the transaction")
	};
	within(final_state, "the transaction must be final").await
}

#[tokio::test]
async fn a_developer_sends_a_transfer_over_plain_json_rpc() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let genesis = genesis(&node).await?;
	let alice = sr25519::Pair::from_string("//Alice", None)?;
	let recipient = AccountId32::new([7; 32]);
	let hash = metadata_hash(&node).await?;

	let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
		dest: Address::Id(recipient.clone()),
		value: 2 * OGPU,
	});

	// A wallet that shows something else than the chain executes signs another hash, and the pool refuses it.
	let other = signed(&alice, 0, transfer.clone(), genesis, [9; 32]);
	let refused = node.call::<Value>("author_submitExtrinsic", rpc_params![other]).await.unwrap_err();
	assert!(format!("{refused:?}").contains("bad signature"), "{refused:?}");

	submit(&node, signed(&alice, 0, transfer, genesis, hash)).await?;
	let key = frame_system::Account::<Runtime>::hashed_key_for(&recipient);
	let stored: String = node.call("state_getStorage", rpc_params![format!("0x{}", hex(&key))]).await?;
	let account =
		frame_system::AccountInfo::<u32, pallet_balances::AccountData<u128>>::decode(&mut bytes(&stored).as_slice())?;
	assert_eq!(account.data.free, 2 * OGPU);
	Ok(())
}

#[tokio::test]
async fn a_validator_rotates_its_session_keys_with_a_proof_that_it_holds_them() -> Result<()> {
	let node = Node::start("dev", &["--dev", "--rpc-methods", "unsafe"]).await?;
	let (genesis, hash) = (genesis(&node).await?, metadata_hash(&node).await?);
	let alice = sr25519::Pair::from_string("//Alice", None)?;
	let bob = sr25519::Pair::from_string("//Bob", None)?;
	let owner = format!("0x{}", hex(&alice.public().0));
	let made: Value = node.call("author_rotateKeysWithOwner", rpc_params![owner]).await?;
	let part = |name: &str| bytes(made[name].as_str().expect("the answer has keys and a proof"));
	let set_keys = || {
		let keys = SessionKeys::decode(&mut part("keys").as_slice()).expect("the keys are of this runtime");
		RuntimeCall::Session(pallet_session::Call::set_keys { keys, proof: part("proof") })
	};
	let next_keys = |account: sr25519::Public| {
		let key = pallet_session::NextKeys::<Runtime>::hashed_key_for(AccountId32::from(account));
		node.call::<Option<String>>("state_getStorage", rpc_params![format!("0x{}", hex(&key))])
	};

	// Bob cannot claim keys whose proof names Alice.
	submit(&node, signed(&bob, 0, set_keys(), genesis, hash)).await?;
	assert_eq!(next_keys(bob.public()).await?, None);

	submit(&node, signed(&alice, 0, set_keys(), genesis, hash)).await?;
	assert_eq!(next_keys(alice.public()).await?.map(|keys| bytes(&keys)), Some(part("keys")));
	Ok(())
}

#[tokio::test]
async fn a_developer_sends_a_transfer_with_polkadot_js() -> Result<()> {
	let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js");
	assert!(
		std::path::Path::new(scripts).join("node_modules").exists(),
		"the JavaScript packages are missing: run scripts/setup.sh --tests"
	);
	let node = Node::start("dev", &["--dev"]).await?;
	let output = Command::new("node").arg("transfer.mjs").arg(&node.url).current_dir(scripts).output()?;
	let stderr = String::from_utf8_lossy(&output.stderr);
	assert!(output.status.success(), "{stderr}");
	let report: Value = serde_json::from_slice(&output.stdout)?;
	println!("{report:#}");

	assert_eq!(report["chain"], "OGPU Development");
	assert_eq!(report["ss58Format"], json!(SS58_PREFIX));
	assert_eq!(report["token"], SYMBOL);
	assert_eq!(report["received"], report["sent"]);
	assert!(report["refusal"].as_str().unwrap().contains("bad signature"), "{}", report["refusal"]);
	assert!(report["storageItems"].as_u64().unwrap() > 50, "all plain storage must decode");
	assert_eq!(report["warnings"], json!([]), "no type may be unknown to the library");
	Ok(())
}
