//! What operators type, right and wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use anyhow::{Context, Result};
use common::{path, refusal, run, Node, NODE};
use jsonrpsee::rpc_params;
use ogpu_protocol::{time::DAYS, token::SS58_PREFIX};
use polkadot_sdk::*;
use serde_json::{json, Value};
use sp_core::crypto::Ss58Codec;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// A node may be running beside the tests.
const ANY_PORTS: [&str; 4] = ["--rpc-port", "0", "--port", "0"];

#[test]
fn an_unknown_or_missing_chain_is_refused_with_the_names_that_exist() {
	assert!(
		refusal(&["--chain", "nonsense"]).contains("no chain is called 'nonsense' (there are dev, local and testnet)")
	);
	assert!(refusal(&[]).contains("which chain? Give --dev"));
	assert!(refusal(&["export-chain-spec", "--chain", "nonsense"]).contains("nonsense"));
}

#[test]
fn a_broken_spec_is_refused_and_left_as_it_is() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let file = dir.path().join("spec.json");
	for broken in ["", "{", "[]", "{\"name\": 1}", "\u{0}\u{1}"] {
		fs::write(&file, broken)?;
		let error = refusal(&["--chain", path(&file), "--tmp"]);
		assert!(error.contains("is not a chain spec of this node"), "{error}");
		assert_eq!(fs::read_to_string(&file)?, broken);
	}
	Ok(())
}

#[test]
fn a_spec_whose_genesis_makes_no_sense_is_refused() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let file = dir.path().join("spec.json");
	let mut spec: Value = serde_json::from_slice(&run(&["export-chain-spec", "--chain", "local"]).stdout)?;
	spec["genesis"]["runtimeGenesis"]["patch"]["balances"]["balances"] = json!("many");
	fs::write(&file, spec.to_string())?;
	let base = dir.path().join("base");
	let args = ["--chain", path(&file), "--base-path", path(&base)];
	let error = refusal(&[&args[..], &ANY_PORTS].concat());
	assert!(error.contains("balances"), "{error}");
	Ok(())
}

#[test]
fn a_busy_port_is_refused_with_a_way_out() -> Result<()> {
	let taken = TcpListener::bind("0.0.0.0:0")?;
	let port = taken.local_addr()?.port().to_string();
	for option in ["--rpc-port", "--prometheus-port", "--port"] {
		// The others are free: a node may be running beside the tests.
		let mut args = vec!["--dev"];
		for other in ["--rpc-port", "--port"] {
			args.extend([other, if other == option { &port } else { "0" }]);
		}
		match option {
			"--prometheus-port" => args.extend([option, &port]),
			_ => args.push("--no-prometheus"),
		}
		let error = refusal(&args);
		assert!(error.contains(&port) && error.contains(option), "{error}");
	}
	Ok(())
}

#[test]
fn a_validator_without_a_node_key_is_given_the_command_that_makes_one() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let error = refusal(&["--chain", "testnet", "--validator", "--base-path", path(dir.path())]);
	let (_, command) = error.split_once("make it with: ogpu-node ").context(error.clone())?;
	let output = run(&command.split(' ').collect::<Vec<_>>());
	assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
	let key = fs::metadata(dir.path().join("chains/ogpu-testnet/network/secret_ed25519"))?;
	assert_eq!(key.permissions().mode() & 0o777, 0o600, "the key is its owner's alone");

	assert!(refusal(&["--chain", "local", "--alice", "--tmp"]).contains("--unsafe-force-node-key-generation"));
	Ok(())
}

#[test]
fn a_secret_that_everybody_knows_is_not_stored_by_mistake() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = dir.path().join("base");
	let file = dir.path().join("secret");
	let insert = ["key", "insert", "--chain", "dev", "--key-type", "babe", "--scheme", "sr25519", "--base-path"];
	fs::write(&file, "\n")?;
	for (secret, reason) in [
		("/does/not/exist", "there is no file '/does/not/exist'"),
		("./mistyped", "there is no file './mistyped'"),
		("", "holds no secret"),
		(path(&file), "holds no secret"),
	] {
		let error = refusal(&[&insert[..], &[path(&base), "--suri", secret][..]].concat());
		assert!(error.contains(reason), "{error}");
		let error = refusal(&["key", "inspect", secret]);
		assert!(error.contains(reason), "{error}");
	}
	assert!(!base.exists());

	fs::write(&file, "//Alice\n")?;
	for secret in ["//Alice", path(&file)] {
		let output = run(&[&insert[..], &[path(&base), "--suri", secret][..]].concat());
		assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	}
	let keys = fs::read_dir(base.join("chains/ogpu-dev/keystore"))?.count();
	assert_eq!(keys, 1, "both are the same key");
	Ok(())
}

#[test]
fn an_error_of_a_file_names_the_file() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let (file, base) = (dir.path().join("file"), dir.path().join("base"));
	fs::write(&file, "")?;
	let (impossible, base) = (file.join("below"), path(&base));
	let impossible = path(&impossible);
	for args in [
		&["--dev", "--base-path", impossible][..],
		&["import-blocks", impossible, "--dev", "--base-path", base][..],
		&["export-chain-spec", "--chain", "dev", "--output", impossible][..],
		&["key", "generate-node-key", "--chain", "dev", "--base-path", impossible][..],
		&["key", "generate-node-key", "--chain", "dev", "--file", impossible][..],
	] {
		let error = refusal(args);
		assert!(error.contains(impossible), "{error}");
	}
	Ok(())
}

#[test]
fn a_mistyped_base_path_makes_no_new_database() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = dir.path().join("mistyped");
	for command in ["chain-info", "revert", "export-blocks", "export-state", "check-block 1"] {
		let mut args: Vec<_> = command.split(' ').collect();
		args.extend(["--dev", "--base-path", path(&base)]);
		let error = refusal(&args);
		assert!(error.contains("there is no database at") && error.contains(path(&base)), "{error}");
	}
	assert!(!base.exists());
	Ok(())
}

#[tokio::test]
async fn a_database_that_is_in_use_or_incomplete_is_refused_and_not_touched() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = path(dir.path());
	let info = ["chain-info", "--dev", "--base-path", base];
	let mut node = Node::start("dev", &["--dev", "--base-path", base]).await?;
	node.finalised(1).await?;
	for args in [&info[..], &["purge-chain", "-y", "--dev", "--base-path", base][..]] {
		let error = refusal(args);
		assert!(error.contains("a node is running on it, stop it first") && error.contains(base), "{error}");
	}
	node.finalised(2).await?;
	node.stop().await?;

	let database = dir.path().join("chains/ogpu-dev/paritydb/full");
	let (metadata, aside) = (database.join("metadata"), dir.path().join("metadata"));
	fs::rename(&metadata, &aside)?;
	for args in [&info[..], &["--dev", "--base-path", base][..]] {
		let error = refusal(args);
		assert!(error.contains("its file `metadata` is missing") && error.contains(path(&database)), "{error}");
		assert!(!metadata.exists(), "no new database over the old one");
	}
	fs::rename(&aside, &metadata)?;

	// The first opening moves the blocks from the log into tables.
	assert!(run(&info).status.success());
	for entry in fs::read_dir(&database)? {
		let file = entry?.path();
		if path(&file).contains("table_") {
			fs::remove_file(file)?;
		}
	}
	let error = refusal(&info);
	assert!(error.contains("a file of it is missing or damaged") && error.contains(path(&database)), "{error}");
	Ok(())
}

#[tokio::test]
async fn a_block_of_the_database_is_executed_once_more() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = path(dir.path());
	let mut node = Node::start("dev", &["--dev", "--base-path", base, "--state-pruning", "2"]).await?;
	node.finalised(6).await?;
	let eighth = node.block_hash(8).await?.context("what is final is two blocks behind the best")?;
	node.stop().await?;

	// Raw, so that the commands need not build the genesis first.
	let spec = dir.path().join("raw.json");
	assert!(run(&["export-chain-spec", "--chain", "dev", "--raw", "--output", path(&spec)]).status.success());
	let spec = path(&spec);
	let output = run(&["check-block", "8", "--chain", spec, "--base-path", base]);
	let (stdout, stderr) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
	assert!(output.status.success(), "{stderr}");
	assert!(stdout.contains(&format!("Block #8 ({eighth}) is valid")), "{stdout}");
	let unknown = format!("0x{}", "11".repeat(32));
	for (block, reason) in
		[("1", "does not hold the state before it"), (unknown.as_str(), "the database has no block 0x1111")]
	{
		let error = refusal(&["check-block", block, "--chain", spec, "--base-path", base]);
		assert!(error.contains(reason), "{error}");
	}
	let error = refusal(&["export-blocks", "/does/not/exist", "--chain", spec, "--base-path", base]);
	assert!(error.contains("/does/not/exist"), "{error}");
	Ok(())
}

#[tokio::test]
async fn a_corrupt_database_is_refused_and_not_touched() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let args = ["--dev", "--base-path", path(dir.path())];
	let mut node = Node::start("dev", &args).await?;
	node.finalised(1).await?;
	assert!(node.stop().await?.success(), "SIGTERM ends a node in order");

	let metadata = dir.path().join("chains/ogpu-dev/paritydb/full/metadata");
	let intact = fs::read(&metadata)?;
	fs::write(&metadata, "nonsense")?;
	let error = refusal(&[&args[..], &ANY_PORTS].concat());
	assert!(error.to_lowercase().contains("metadata") || error.to_lowercase().contains("database"), "{error}");
	assert_eq!(fs::read_to_string(&metadata)?, "nonsense", "the node must not touch what it cannot read");

	fs::write(&metadata, intact)?;
	Node::start("dev", &args).await?.finalised(2).await?;
	Ok(())
}

#[tokio::test]
async fn a_spec_of_another_chain_with_the_same_id_is_refused_and_the_database_kept() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = dir.path().join("base");
	let mut node = Node::start("dev", &["--dev", "--base-path", path(&base)]).await?;
	let first = node.finalised(1).await?;
	node.stop().await?;

	let file = dir.path().join("other.json");
	let mut spec: Value = serde_json::from_slice(&run(&["export-chain-spec", "--chain", "dev"]).stdout)?;
	spec["genesis"]["runtimeGenesis"]["patch"]["timing"]["epochBlocks"] = json!(50);
	fs::write(&file, spec.to_string())?;
	let error = refusal(&["--chain", path(&file), "--base-path", path(&base), "--rpc-port", "0", "--no-prometheus"]);
	assert!(error.contains("the database is of another chain"), "{error}");

	let node = Node::start("dev", &["--dev", "--base-path", path(&base)]).await?;
	assert_eq!(node.block_hash(1).await?, Some(first));
	Ok(())
}

#[tokio::test]
async fn what_was_final_survives_a_crash() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let args = ["--dev", "--base-path", path(dir.path())];
	let mut node = Node::start("dev", &args).await?;
	let third = node.finalised(3).await?;
	node.kill();
	let node = Node::start("dev", &args).await?;
	assert_eq!(node.block_hash(3).await?, Some(third), "a final block is never lost");
	node.finalised(6).await?;
	Ok(())
}

#[tokio::test]
async fn purging_a_chain_keeps_its_keys() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let base = path(dir.path());
	let mut node = Node::start("dev", &["--dev", "--base-path", base, "--rpc-methods", "unsafe"]).await?;
	let keys: String = node.call("author_rotateKeys", rpc_params![]).await?;
	let known: bool = node.call("author_hasSessionKeys", rpc_params![keys]).await?;
	assert!(known);
	node.stop().await?;
	let keystore = dir.path().join("chains/ogpu-dev/keystore");
	let before = fs::read_dir(&keystore)?.count();

	assert!(run(&["purge-chain", "--dev", "--base-path", base, "-y"]).status.success());
	assert!(!dir.path().join("chains/ogpu-dev/paritydb").exists());
	assert_eq!(fs::read_dir(&keystore)?.count(), before);
	assert_eq!(before, 3, "one key each for babe, grandpa and authority discovery");
	Ok(())
}

/// The treasury's account, `modlog/trsry`.
const TREASURY: &str = "5EYCAe5iXH6cRQo2UwjKFMM3Eu9ufmvWNfTPctNDwjHoR5ox";

fn network(dir: &Path, change: impl FnOnce(&mut Value)) -> std::path::PathBuf {
	let validators: Vec<_> = [Sr25519Keyring::Alice, Sr25519Keyring::Bob]
		.iter()
		.zip([Ed25519Keyring::Alice, Ed25519Keyring::Bob])
		.map(|(sr25519, ed25519)| {
			let keys = [sr25519.public().0, ed25519.public().0, sr25519.public().0].concat();
			let hex: String = keys.iter().map(|byte| format!("{byte:02x}")).collect();
			json!({ "stash": sr25519.to_account_id().to_string(), "session_keys": format!("0x{hex}"), "bond": "1000" })
		})
		.collect();
	let mut network = json!({
		"name": "Our Network",
		"id": "our-network",
		"validators": validators,
		"balances": {
			Sr25519Keyring::Alice.to_account_id().to_string(): "1001",
			Sr25519Keyring::Bob.to_account_id().to_string(): "5000.5",
		},
	});
	change(&mut network);
	let file = dir.join("network.json");
	fs::write(&file, network.to_string()).unwrap();
	file
}

#[tokio::test]
async fn an_operator_makes_a_network_of_its_own_and_it_runs() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let root = format!("0x{}", "ab".repeat(32));
	let file = network(dir.path(), |network| {
		network["claims"] = json!({ "root": root, "leaves": 3, "unclaimed": "12.5", "deadline_days": 2 });
	});
	let spec = dir.path().join("spec.json");
	let output = run(&["new-chain", path(&file), "--raw", "--output", path(&spec)]);
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

	let start = |name: &'static str, key: &'static str, bootnode: Option<String>| {
		let (spec, base) = (spec.clone(), dir.path().join(name));
		async move {
			let mut args = vec!["--chain", path(&spec), "--base-path", path(&base), "--validator", key];
			args.extend(["--unsafe-force-node-key-generation", "--allow-private-ip"]);
			if let Some(bootnode) = &bootnode {
				args.extend(["--bootnodes", bootnode]);
			}
			Node::start(name, &args).await
		}
	};
	let alice = start("alice", "--alice", None).await?;
	let bob = start("bob", "--bob", Some(alice.address().await?)).await?;
	assert_eq!(alice.finalised(2).await?, bob.finalised(2).await?);
	let chain: String = alice.call("system_chain", rpc_params![]).await?;
	assert_eq!(chain, "Our Network");
	let supply: Value = alice.call("ogpu_supply", rpc_params![]).await?;
	assert_eq!(supply["unclaimed"], "12500000000000000000");
	assert_eq!(supply["claimsDeadline"], json!(2 * DAYS));
	Ok(())
}

#[test]
fn a_network_that_cannot_work_is_refused_with_the_reason() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let alice = Sr25519Keyring::Alice.to_account_id().to_string();
	type Change = Box<dyn FnOnce(&mut Value)>;
	let claims = |unclaimed: &str, leaves: u32, deadline_days: u32| -> Change {
		let root = format!("0x{}", "ab".repeat(32));
		let claims = json!({ "root": root, "leaves": leaves, "unclaimed": unclaimed, "deadline_days": deadline_days });
		Box::new(move |network| network["claims"] = claims)
	};
	let cases: Vec<(&str, Change)> = vec![
		("at least one validator", Box::new(|network| network["validators"] = json!([]))),
		(
			"stands twice",
			Box::new(|network| {
				let first = network["validators"][0].clone();
				network["validators"].as_array_mut().unwrap().push(first);
			}),
		),
		("is not an address", Box::new(|network| network["validators"][0]["stash"] = json!("nobody"))),
		("96 bytes", Box::new(|network| network["validators"][0]["session_keys"] = json!("0x0102"))),
		("not hex", Box::new(|network| network["validators"][0]["session_keys"] = json!("0xzz"))),
		("below the least bond", Box::new(|network| network["validators"][0]["bond"] = json!("9.9"))),
		("is not an amount of OGPU", Box::new(|network| network["validators"][0]["bond"] = json!("-1"))),
		("1 OGPU more", Box::new(move |network| network["balances"][&alice] = json!("1000"))),
		(
			"that circulate on Ethereum",
			Box::new(|network| {
				let rich = Sr25519Keyring::Ferdie.to_account_id().to_string();
				network["balances"][&rich] = json!("21000000");
			}),
		),
		(
			"share a session key",
			Box::new(|network| {
				let keys = network["validators"][0]["session_keys"].clone();
				network["validators"][1]["session_keys"] = keys;
			}),
		),
		(
			"is the treasury's",
			Box::new(|network| {
				network["balances"][TREASURY] = json!("5");
			}),
		),
		(
			"too many",
			Box::new(|network| {
				let first = network["validators"][0].clone();
				network["validators"] = json!(vec![first; 101]);
			}),
		),
		("beside the balances", claims("19639104.8193", 1, 1)),
		("is not an amount of OGPU", claims("all", 1, 1)),
		("must be 1 to 1000000", claims("1", 0, 1)),
		("must be 1 to 1000000", claims("1", 1_000_001, 1)),
		("deadline_days must be 1 to", claims("1", 1, 0)),
		("deadline_days must be 1 to", claims("1", 1, u32::MAX)),
		("is not an id", Box::new(|network| network["id"] = json!("../elsewhere"))),
		("unknown field `sudo`", Box::new(|network| network["sudo"] = json!(true))),
		(
			"missing field `id`",
			Box::new(|network| {
				network.as_object_mut().unwrap().remove("id");
			}),
		),
	];
	for (reason, change) in cases {
		let file = network(dir.path(), change);
		let error = refusal(&["new-chain", path(&file)]);
		assert!(error.contains(reason), "expected '{reason}', got: {error}");
	}
	assert!(refusal(&["new-chain", "/does/not/exist.json"]).contains("cannot read /does/not/exist.json"));
	Ok(())
}

#[test]
fn keys_are_shown_in_the_addresses_of_this_network() -> Result<()> {
	let output = Command::new(NODE).args(["key", "inspect", "//Alice", "--output-type", "json"]).output()?;
	let key: Value = serde_json::from_slice(&output.stdout)?;
	let expected = Sr25519Keyring::Alice.to_account_id().to_ss58check_with_version(SS58_PREFIX.into());
	assert_eq!(key["ss58Address"], expected);
	Ok(())
}
