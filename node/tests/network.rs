//! Four validators of the local network, as separate processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use anyhow::Result;
use common::{path, Node};

#[tokio::test]
async fn four_validators_agree_and_go_on_when_one_dies() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let mut nodes: Vec<Node> = Vec::new();
	for name in ["alice", "bob", "charlie", "dave"] {
		let base = dir.path().join(name);
		let key = format!("--{name}");
		let mut args = vec!["--chain", "local", "--validator", "--base-path", path(&base), &key];
		args.push("--unsafe-force-node-key-generation");
		let bootnode = match nodes.first() {
			Some(first) => first.address().await?,
			None => String::new(),
		};
		if !bootnode.is_empty() {
			args.extend(["--bootnodes", &bootnode]);
		}
		nodes.push(Node::start(name, &args).await?);
	}

	let agreed = nodes[0].finalised(3).await?;
	for node in &nodes[1..] {
		assert_eq!(node.finalised(3).await?, agreed, "{} must finalise the same block", node.name);
	}

	nodes.pop().unwrap().kill();
	let height = common::height_of(&nodes[0].call("chain_getHeader", jsonrpsee::rpc_params![]).await?)?;
	let later = nodes[0].finalised(height.saturating_add(3)).await?;
	assert_eq!(nodes[2].finalised(height.saturating_add(3)).await?, later, "three of four must go on together");
	Ok(())
}
