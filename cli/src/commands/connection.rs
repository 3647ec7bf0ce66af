//! Which node commands ask, and whose key signs what they send.

use crate::output::quoted;
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use ogpu_worker::{
	chain::{Chain, Sender},
	keys::KeySource,
};
use std::{future::Future, path::PathBuf, str::FromStr};
use subxt_signer::{sr25519::Keypair, SecretUri};

const NODE: &str = "ws://127.0.0.1:9944";

/// The node to ask.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
	/// The node to ask, by its WebSocket address [default: what OGPU_NODE_URL says, else ws://127.0.0.1:9944]
	#[arg(long, value_name = "URL", help_heading = "Connection")]
	pub node: Option<String>,
}

impl NodeArgs {
	pub fn url(&self) -> String {
		let said = self.node.clone().or_else(|| std::env::var("OGPU_NODE_URL").ok().filter(|url| !url.is_empty()));
		said.unwrap_or_else(|| NODE.into())
	}

	pub async fn connect(&self) -> Result<Chain> {
		Ok(Chain::connect(&[self.url()], None).await?)
	}
}

/// The key that signs.
#[derive(Clone, Debug, Args)]
pub struct KeyArgs {
	/// The file with your key: an account exported by polkadot.js (JSON), or a secret URI [default: what OGPU_KEY says]
	#[arg(long, value_name = "FILE", help_heading = "Connection")]
	pub key: Option<PathBuf>,
	/// The password of a JSON file, in a file of its own; else it is asked for
	#[arg(long, value_name = "FILE", help_heading = "Connection")]
	pub password_file: Option<PathBuf>,
	/// Instead of a key: a well-known account of development chains, such as alice
	#[arg(long, value_name = "NAME", conflicts_with = "key", help_heading = "Connection")]
	pub dev: Option<String>,
}

impl KeyArgs {
	/// Reads the key. Those that everybody knows are for development chains alone.
	pub async fn load(&self, chain: &Chain) -> Result<Keypair> {
		if let Some(name) = &self.dev {
			return development_key(chain, name).await;
		}
		let file = self.key.clone().or_else(|| std::env::var_os("OGPU_KEY").map(PathBuf::from));
		match file.filter(|file| !file.as_os_str().is_empty()) {
			Some(file) => {
				let password_file = self.password_file.clone();
				KeySource { file: Some(file), password_file, keystore: None, account: None }.load()
			}
			None => bail!(crate::output::Usage(
				"say whose key signs: --key FILE, or OGPU_KEY=FILE; on a development chain --dev alice will do".into()
			)),
		}
	}
}

/// The key of a well-known account, such as alice.
pub async fn development_key(chain: &Chain, name: &str) -> Result<Keypair> {
	let kind = chain.kind().await?;
	ensure!(
		kind == "Development",
		"{} is a node of a chain of the kind {}, on which everybody could take what belongs to {}; give a key of your own \
		 with --key FILE",
		chain.url(),
		quoted(&kind),
		quoted(name)
	);
	let mut letters = name.chars();
	let name: String = letters.next().iter().flat_map(|first| first.to_uppercase()).chain(letters).collect();
	let uri = SecretUri::from_str(&format!("//{name}")).ok();
	let key = uri.and_then(|uri| Keypair::from_uri(&uri).ok());
	key.with_context(|| format!("no development account is called {}; say alice, bob, dave …", quoted(&name)))
}

/// Both, for commands that sign.
#[derive(Clone, Debug, Args)]
pub struct Connection {
	#[command(flatten)]
	pub node: NodeArgs,
	#[command(flatten)]
	pub key: KeyArgs,
}

impl Connection {
	/// The chain, and who signs there.
	pub async fn open(&self) -> Result<(Chain, Sender)> {
		let chain = self.node.connect().await?;
		let key = self.key.load(&chain).await?;
		Ok((chain, Sender::new(key)))
	}
}

/// Runs something that waits for a node.
pub fn wait_for<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
	tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
