//! Which node commands ask, and whose key signs what they send.

use anyhow::{bail, Result};
use clap::Args;
use ogpu::{home::Listening, Client, Key, Options};
use ogpu_worker::chain::{Chain, Sender};
use std::{net::SocketAddr, path::PathBuf};

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
		Ok(Chain::connect(&[self.url()], None).await.map_err(ogpu::Error::from)?)
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
	/// Where the key is, before it is read.
	pub fn source(&self) -> Result<Key> {
		if let Some(name) = &self.dev {
			return Ok(Key::Development(name.clone()));
		}
		let file = self.key.clone().or_else(|| std::env::var_os("OGPU_KEY").map(PathBuf::from));
		match file.filter(|file| !file.as_os_str().is_empty()) {
			Some(file) => Ok(Key::File { file, password_file: self.password_file.clone() }),
			None => bail!(crate::output::Usage(
				"say whose key signs: --key FILE, or OGPU_KEY=FILE; on a development chain --dev alice will do".into()
			)),
		}
	}
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
		let source = self.key.source()?;
		let key = source.read()?;
		let chain = self.node.connect().await?;
		source.check(&chain).await?;
		Ok((chain, Sender::new(key)))
	}
}

/// What commands of clients need besides: what they remember, and where their store is reached.
#[derive(Clone, Debug, Args)]
pub struct ClientArgs {
	#[command(flatten)]
	pub connection: Connection,
	#[command(flatten)]
	pub store: StoreArgs,
}

/// Where a store of artifacts is, and where it is reached.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
	/// Where to remember what was asked, with the store of artifacts [default: the platform's folder for data]
	#[arg(long, value_name = "DIR", help_heading = "Connection")]
	pub home: Option<PathBuf>,
	/// Where workers fetch your artifacts (UDP) [default: where they did last, at first some free port]
	#[arg(long, value_name = "ADDRESS:PORT", help_heading = "Connection")]
	pub listen: Option<SocketAddr>,
	/// Under which address they reach it, where this machine does not know it: behind a router, say
	#[arg(long, value_name = "ADDRESS:PORT", help_heading = "Connection")]
	pub announce: Vec<SocketAddr>,
}

impl StoreArgs {
	pub fn listening(&self) -> Listening {
		Listening { listen: self.listen, announce: self.announce.clone() }
	}
}

impl ClientArgs {
	/// Connects, to sign.
	pub async fn client(&self) -> Result<Client> {
		self.connect(Some(self.connection.key.source()?)).await
	}

	/// Connects, to read; whose tasks are meant is known if a key was given.
	pub async fn reader(&self) -> Result<Client> {
		self.connect(self.connection.key.source().ok()).await
	}

	async fn connect(&self, key: Option<Key>) -> Result<Client> {
		let (node, home) = (Some(self.connection.node.url()), self.store.home.clone());
		Ok(Client::connect(Options { node, key, home, listening: self.store.listening() }).await?)
	}
}
