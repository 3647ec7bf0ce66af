//! What developers use to reach a node: plain JSON-RPC and @polkadot/api.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use anyhow::{Context, Result};
use codec::{Decode, Encode};
use common::{within, Node};
use jsonrpsee::{core::client::SubscriptionClientT, rpc_params};
use ogpu_protocol::{
	claims::checksummed,
	time::DAYS,
	token::{CAP, OGPU, SS58_PREFIX, SYMBOL},
};
use ogpu_runtime::{
	genesis_config_presets::development_snapshot, Address, Runtime, RuntimeCall, SessionKeys, SignedPayload,
	UncheckedExtrinsic, VERSION,
};
use polkadot_sdk::{
	sp_core::{sr25519, Pair, H256},
	sp_runtime::{AccountId32, MultiSignature},
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

/// A signed transaction, as hex; with the hash of the metadata, its check is on.
fn signed(
	signer: &sr25519::Pair,
	nonce: u32,
	call: RuntimeCall,
	genesis: H256,
	metadata_hash: impl Into<Option<[u8; 32]>>,
) -> String {
	let (extension, implicit) = ogpu_runtime_testing::extension(nonce, 0, genesis, metadata_hash.into());
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

/// What a script of `js/` reports about this node.
fn script(name: &str, node: &Node) -> Result<Value> {
	let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js");
	assert!(
		std::path::Path::new(scripts).join("node_modules").exists(),
		"the JavaScript packages are missing: run scripts/setup.sh --tests"
	);
	let output = Command::new("node").arg(name).arg(&node.url).current_dir(scripts).output()?;
	assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
	let report: Value = serde_json::from_slice(&output.stdout)?;
	println!("{report:#}");
	assert_eq!(report["warnings"], json!([]), "no type may be unknown to the library");
	Ok(report)
}

#[tokio::test]
async fn a_developer_sends_a_transfer_with_polkadot_js() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let report = script("transfer.mjs", &node)?;
	assert_eq!(report["chain"], "OGPU Development");
	assert_eq!(report["ss58Format"], json!(SS58_PREFIX));
	assert_eq!(report["token"], SYMBOL);
	assert_eq!(report["received"], report["sent"]);
	assert!(report["refusal"].as_str().unwrap().contains("bad signature"), "{}", report["refusal"]);
	assert!(report["storageItems"].as_u64().unwrap() > 50, "all plain storage must decode");
	Ok(())
}

#[tokio::test]
async fn a_client_asks_a_service_with_polkadot_js() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let report = script("market.mjs", &node)?;
	assert_eq!(report["service"]["leafPrice"], json!((OGPU / 1_000).to_string()));
	assert_eq!(
		(&report["quote"]["of"], &report["quote"]["fee"]),
		(&json!("request"), &json!((OGPU / 250).to_string()))
	);
	assert_eq!(report["quote"]["devices"], json!([]), "nobody serves it");
	assert_eq!(report["refusal"], "stakingTrustlock.NotFree", "inputs need a lock that answers for them");
	// Drawn again and again, until the client has its money back.
	let told = report["told"].as_array().unwrap();
	assert_eq!((&told[0], told.last()), (&json!("awaitSeed"), Some(&Value::Null)), "{told:?}");
	assert_eq!(report["open"], json!([]));
	Ok(())
}

#[tokio::test]
async fn a_holder_claims_with_a_signature_of_an_ethereum_wallet() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let report = script("claim.mjs", &node)?;

	let (holders, amounts): (Vec<_>, Vec<_>) = development_snapshot()
		.map(|(_, holder, amount)| (checksummed(sp_io::hashing::keccak_256, &holder), amount))
		.unzip();
	assert_eq!(report["holders"], json!(holders));
	assert_eq!(report["root"]["computed"], report["root"]["stored"]);

	let claims = report["claims"].as_array().unwrap();
	let forms: Vec<_> = claims.iter().map(|claim| claim["form"].as_str().unwrap()).collect();
	assert_eq!(forms, ["bare", "general"]);
	for (claim, amount) in claims.iter().zip(&amounts) {
		assert_eq!(claim["before"], "0");
		assert_eq!(claim["received"], json!(amount.to_string()), "the amount, and no fee was taken from it");
		let events: Vec<_> = claim["events"].as_array().unwrap().iter().map(|event| event.as_str().unwrap()).collect();
		assert!(events.contains(&"ogpuToken.Claimed") && events.contains(&"system.ExtrinsicSuccess"), "{events:?}");
		assert!(!events.contains(&"transactionPayment.TransactionFeePaid"), "{events:?}");
	}
	let supply: Value = node.call("ogpu_supply", rpc_params![]).await?;
	assert_eq!(supply["unclaimed"], json!(amounts[2].to_string()), "the third leaf is left");

	let refused = |name: &str, error: ogpu_token::Error<Runtime>| {
		let told = report["refusals"][name].as_str().unwrap();
		let code = error.refusal_code();
		assert!(told.starts_with("1010:") && told.ends_with(&format!("Custom error: {code}")), "{name}: {told}");
	};
	refused("anotherWallet", ogpu_token::Error::WrongSigner);
	refused("anotherChain", ogpu_token::Error::WrongSigner);
	refused("anotherDestination", ogpu_token::Error::WrongSigner);
	refused("noSignature", ogpu_token::Error::BadSignature);
	refused("wrongProof", ogpu_token::Error::WrongProof);
	refused("shortProof", ogpu_token::Error::WrongProof);
	refused("wrongAmount", ogpu_token::Error::WrongProof);
	refused("anotherHolder", ogpu_token::Error::WrongProof);
	refused("noSuchLeaf", ogpu_token::Error::NoSuchLeaf);
	refused("belowTheLeastBalance", ogpu_token::Error::DestinationCannotReceive);
	refused("moreThanIsLeft", ogpu_token::Error::SnapshotExhausted);
	refused("replayInAnotherForm", ogpu_token::Error::AlreadyClaimed);
	refused("replayToAnotherDestination", ogpu_token::Error::AlreadyClaimed);
	// On other chains than this one, the pool bans these bytes for a while.
	refused("replayOfTheSameBytes", ogpu_token::Error::AlreadyClaimed);
	Ok(())
}

#[test]
fn the_table_of_refusals_is_true() {
	use ogpu_token::Error::*;
	let document = include_str!("../../docs/errors.md");
	let errors: [ogpu_token::Error<Runtime>; 9] = [
		NoClaims,
		TooLate,
		NoSuchLeaf,
		AlreadyClaimed,
		WrongProof,
		BadSignature,
		WrongSigner,
		DestinationCannotReceive,
		SnapshotExhausted,
	];
	for error in errors {
		let start = format!("| {} | {error:?} |", error.refusal_code());
		assert!(document.lines().any(|line| line.starts_with(&start)), "no row '{start}'");
	}
}

#[tokio::test]
async fn the_supply_is_told_for_any_block_and_stays_within_the_cap() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let first = node.finalised(1).await?;
	let genesis = format!("{:?}", genesis(&node).await?);

	for at in [Some(&genesis), Some(&first), None] {
		let supply: Value = node.call("ogpu_supply", rpc_params![at]).await?;
		println!("{supply:#}");
		let amount = |name: &str| -> u128 { supply[name].as_str().unwrap().parse().unwrap() };
		assert_eq!(amount("cap"), CAP);
		assert!(amount("issued") <= amount("minted") && amount("minted") <= CAP);
		assert_eq!(amount("burned"), amount("minted") - amount("issued"));
		assert!(amount("minted") + amount("unclaimed") + amount("emissionLeft") <= CAP);
		assert_eq!(amount("unclaimed"), development_snapshot().map(|(_, _, amount)| amount).sum::<u128>());
		assert_eq!(supply["claimsDeadline"], json!(365 * DAYS));
		assert!(amount("nextEraPayout") > 0 && amount("nextEraPayout") < amount("emissionLeft"));
		if let Some(block) = at {
			assert_eq!(supply["block"], json!(block));
		}
	}

	let unknown = format!("{:?}", H256::repeat_byte(7));
	let refused = node.call::<Value>("ogpu_supply", rpc_params![&unknown]).await.unwrap_err();
	let refused = format!("{refused:?}");
	assert!(refused.contains("9001") && refused.contains(&unknown), "{refused}");
	Ok(())
}

#[tokio::test]
async fn a_running_node_goes_on_with_a_new_runtime() -> Result<()> {
	let node = Node::start("dev", &["--dev"]).await?;
	let (genesis, hash) = (genesis(&node).await?, metadata_hash(&node).await?);
	let alice = sr25519::Pair::from_string("//Alice", None)?;
	let version = || node.call::<Value>("state_getRuntimeVersion", rpc_params![]);
	assert_eq!(version().await?["specVersion"], json!(VERSION.spec_version));

	// On a public chain a referendum authorises the code; here sudo sets it.
	let set_code = frame_system::Call::set_code { code: ogpu_runtime_testing::next_runtime().to_vec() };
	let sudo = pallet_sudo::Call::sudo { call: Box::new(set_code.into()) };
	submit(&node, signed(&alice, 0, sudo.into(), genesis, hash)).await?;
	assert_eq!(version().await?["specVersion"], json!(VERSION.spec_version + 1));

	// Blocks go on and become final, and a transaction for the old version is refused.
	let head: Value = node.call("chain_getHeader", rpc_params![]).await?;
	node.finalised(common::height_of(&head)? + 2).await?;
	let remark = frame_system::Call::remark { remark: vec![] };
	let old = signed(&alice, 1, remark.into(), genesis, None);
	let refused = node.call::<Value>("author_submitExtrinsic", rpc_params![old]).await.unwrap_err();
	assert!(format!("{refused:?}").contains("bad signature"), "{refused:?}");
	Ok(())
}
