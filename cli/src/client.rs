//! A client of the network: a key, a node, and what it remembers.

use crate::{
	depot::{Depot, MOST_STORES},
	home::{Home, Journal, Listening},
	node::Node,
	AccountId, Error, Result,
};
use ogpu_worker::{
	chain::{calls, Call, Chain, Sender},
	keys::KeySource,
};
use std::{path::PathBuf, str::FromStr, sync::Arc};
use subxt_signer::{sr25519::Keypair, SecretUri};
use tokio::sync::OnceCell;

/// Who reads and has no key.
pub(crate) const NOBODY: AccountId = [0; 32];

/// Whose key signs.
#[derive(Clone)]
pub enum Key {
	/// A file that nobody else can read: an account of polkadot.js, or a secret URI.
	File { file: PathBuf, password_file: Option<PathBuf> },
	/// A well-known account. Only on chains that say that they are for development.
	Development(String),
	/// One that the program has.
	Pair(Box<Keypair>),
}

impl Key {
	/// Reads it.
	pub fn read(&self) -> Result<Keypair> {
		match self {
			Self::File { file, password_file } => {
				let (file, password_file) = (Some(file.clone()), password_file.clone());
				Ok(KeySource { file, password_file, keystore: None, account: None }.load()?)
			}
			Self::Development(name) => development(name),
			Self::Pair(pair) => Ok((**pair).clone()),
		}
	}

	/// Refuses what everybody has, but on chains for development.
	pub async fn check(&self, chain: &Chain) -> Result<()> {
		let Self::Development(name) = self else { return Ok(()) };
		let (url, kind) = (chain.url(), chain.kind().await?);
		if kind != DEVELOPMENT {
			return Err(Error::Invalid(format!(
				"everybody has the key of {name}, and {url} is a node of a chain that is {kind}, not {DEVELOPMENT}: use a \
				 key of your own with --key FILE"
			)));
		}
		Ok(())
	}
}

/// The key that everybody knows under this name.
fn development(name: &str) -> Result<Keypair> {
	let is_plain = !name.is_empty() && name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
	let mut letters = name.chars();
	let path = letters.next().map(|first| format!("//{}{}", first.to_ascii_uppercase(), letters.as_str()));
	let uri = path.filter(|_| is_plain).and_then(|path| SecretUri::from_str(&path).ok());
	let pair = uri.and_then(|uri| Keypair::from_uri(&uri).ok());
	pair.ok_or_else(|| Error::Invalid("a development account is a name such as alice".into()))
}

/// What chains for development say that they are.
pub const DEVELOPMENT: &str = "Development";

/// Whether a node is on this machine.
pub fn is_here(url: &str) -> bool {
	["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host))
}

/// How a client is set up.
#[derive(Clone, Default)]
pub struct Options {
	/// The WebSocket address of a node; one on this machine if it is `None`.
	pub node: Option<String>,
	/// Without one it can only read.
	pub key: Option<Key>,
	/// Where it remembers; the platform's folder for data if it is `None`.
	pub home: Option<PathBuf>,
	/// Where its store listens for those who fetch. Remembered for the next time.
	pub listening: Listening,
}

/// A client. Clones are the same one.
#[derive(Clone)]
pub struct Client {
	pub(crate) node: Node,
	pub(crate) home: Home,
	pub(crate) journal: Journal,
	sender: Option<Sender>,
	key: Option<Keypair>,
	listening: Listening,
	/// Node and client are on one machine, on a chain for development: nobody else fetches.
	is_local: bool,
	depot: Arc<OnceCell<Depot>>,
}

impl Client {
	/// Connects to the node and reads the key.
	pub async fn connect(options: Options) -> Result<Self> {
		let url = options.node.unwrap_or_else(|| "ws://127.0.0.1:9944".into());
		let key = options.key.as_ref().map(Key::read).transpose()?;
		let home = Home::new(options.home)?;
		let node = Node::connect(&url).await?;
		let chain = node.chain().await;
		if let Some(key) = &options.key {
			key.check(&chain).await?;
		}
		let is_development = chain.kind().await? == DEVELOPMENT;
		home.recognise(&url, &node.genesis(), is_development)?;
		let sender = key.clone().map(Sender::new);
		let account = sender.as_ref().map_or(NOBODY, Sender::account);
		let journal = home.account(&node.genesis(), &account);
		let is_local = is_development && is_here(&url);
		Ok(Self { node, home, journal, sender, key, listening: options.listening, is_local, depot: Arc::default() })
	}

	pub fn node(&self) -> &Node {
		&self.node
	}

	pub fn journal(&self) -> &Journal {
		&self.journal
	}

	/// Whose client it is.
	pub fn account(&self) -> Result<AccountId> {
		self.sender.as_ref().map(Sender::account).ok_or(Error::NoKey)
	}

	/// The key itself, to prove to others who asks.
	pub(crate) fn key(&self) -> Result<&Keypair> {
		self.key.as_ref().ok_or(Error::NoKey)
	}

	/// What signs.
	pub fn sender(&self) -> Result<&Sender> {
		self.sender.as_ref().ok_or(Error::NoKey)
	}

	/// The store of artifacts, which is opened, and serves, from the first use on.
	pub async fn depot(&self) -> Result<&Depot> {
		self.depot_of(1).await
	}

	/// The same; if none is open yet, this one of the account's stores is taken, if it is free.
	pub async fn depot_of(&self, store: u8) -> Result<&Depot> {
		self.depot.get_or_try_init(|| Depot::open(&self.journal, &self.listening, self.is_local, store)).await
	}

	/// The account's other stores, as far as no other command uses them.
	pub async fn other_depots(&self) -> Result<Vec<Depot>> {
		let own = self.depot().await?.number;
		let mut others = Vec::new();
		for number in (1..=MOST_STORES).filter(|number| *number != own && self.journal.store(*number).exists()) {
			match Depot::open_one(&self.journal, &Listening::default(), self.is_local, number).await {
				Ok(depot) => others.push(depot),
				Err(Error::Store(ogpu_worker::store::Error::InUse { .. })) => {}
				Err(error) => return Err(error),
			}
		}
		Ok(others)
	}

	/// Sends calls as one transaction, all or none, and waits until it has succeeded in a block.
	pub async fn send(&self, mut calls: Vec<Call>) -> Result<ogpu_worker::chain::sender::Sent> {
		let sender = self.sender()?;
		let call = match (calls.pop(), calls.is_empty()) {
			(Some(call), true) => call,
			(Some(call), false) => calls::client::together(calls.into_iter().chain([call])),
			(None, _) => return Err(Error::invalid("nothing to send")),
		};
		let journal = self.journal.clone();
		let turn = tokio::task::spawn_blocking(move || journal.turn()).await.map_err(anyhow::Error::from)??;
		Ok(sender.send_and_tell(&self.node.chain().await, &call, move || drop(turn)).await?)
	}

	/// Stops serving. Nothing is lost without it.
	pub async fn close(&self) {
		if let Some(depot) = self.depot.get() {
			depot.store().close().await;
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn development_accounts_are_known_by_name() {
		let alice = development("alice").unwrap().public_key().0;
		assert_eq!(crate::hex(&alice), "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
		assert_eq!(development("Alice").unwrap().public_key().0, alice);
		for wrong in ["", "//Alice", "alice bob", "ä", &"a".repeat(33)] {
			assert!(development(wrong).is_err(), "{wrong}");
		}
	}
}
