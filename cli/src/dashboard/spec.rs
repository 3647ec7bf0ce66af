//! The spec of a node's chain, by which a light client in the page finds the chain and the node.

use anyhow::{ensure, Context, Result};
use ogpu::{
	client::is_here,
	receipt::{self, KNOWN, MOST_SPEC_BYTES},
};
use ogpu_worker::{artifacts::read_file, chain::Chain};
use polkadot_sdk::sp_core::H256;
use serde_json::Value;
use std::{ffi::OsStr, path::Path, process::Stdio};
use tokio::process::Command;

/// The one that was said, or the one that comes with this program: a raw spec of this node's chain, or none.
pub async fn of(chain: &Chain, said: Option<&Path>) -> Result<Option<String>> {
	let genesis = H256(chain.genesis());
	let text = match said {
		Some(path) => {
			let at = || path.display().to_string();
			let text = String::from_utf8(read_file(path, MOST_SPEC_BYTES).with_context(at)?).with_context(at)?;
			let found = receipt::Chain::of_spec(&text).with_context(at)?.genesis;
			ensure!(
				found == genesis,
				"{}: the genesis of this chain is {found:?}, and the node's is {genesis:?}",
				at()
			);
			text
		}
		None => {
			let known = receipt::known(genesis)?.and_then(|(name, _)| KNOWN.iter().find(|(known, _)| *known == name));
			let Some((_, text)) = known else { return Ok(None) };
			(*text).to_owned()
		}
	};
	reachable(chain, text).await.map(Some)
}

/// The same of a development chain that this program for nodes began: where none comes with us that is of it, it writes one,
/// which takes it some seconds. None, if another program began the chain.
pub async fn of_development(chain: &Chain, node: &Path) -> Result<Option<String>> {
	if let Some(known) = of(chain, None).await? {
		return Ok(Some(known));
	}
	let text = export(node).await?;
	if receipt::Chain::of_spec(&text)?.genesis != H256(chain.genesis()) {
		return Ok(None);
	}
	reachable(chain, text).await.map(Some)
}

/// The raw spec of development chains, as a program for nodes writes it.
async fn export(node: &Path) -> Result<String> {
	let arguments = ["export-chain-spec", "--chain", "dev", "--raw"].map(OsStr::new);
	let mut command = Command::new(node);
	command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
	let output = command.output().await.with_context(|| node.display().to_string())?;
	ensure!(output.status.success(), "{} writes no chain spec: {}", node.display(), output.status);
	Ok(String::from_utf8(output.stdout)?)
}

/// With this node as one to begin with, if it is on this machine and listens where browsers can call.
async fn reachable(chain: &Chain, text: String) -> Result<String> {
	if !is_here(chain.url()) {
		return Ok(text);
	}
	let listens: Vec<String> = chain.request("system_localListenAddresses", &[]).await?;
	let here = listens.into_iter().find(|address| address.starts_with("/ip4/127.") && address.contains("/ws/p2p/"));
	let Some(here) = here else { return Ok(text) };
	let mut spec: Value = serde_json::from_str(&text)?;
	let nodes = spec.get_mut("bootNodes").and_then(Value::as_array_mut).context("a chain spec without bootNodes")?;
	nodes.push(here.into());
	Ok(spec.to_string())
}
