//! Who takes part in a network for development: accounts that everybody knows, each with a worker or a store.

use anyhow::{Context, Result};
use ogpu_worker::{
	chain::{address, AccountId, Sender},
	keys::{self, KeySource},
	store::{Settings, Store},
};
use std::{
	fs,
	net::{SocketAddr, UdpSocket},
	path::{Path, PathBuf},
	str::FromStr,
};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// Those who provide, in this order. Dave and Eve are left to whoever tries the network.
pub const PROVIDERS: [&str; 16] = [
	"Bob", "Charlie", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
	"Twelve", "Thirteen", "Fourteen",
];
/// The validator of development chains, which holds the key for sudo as well.
pub const VERIFIER: &str = "Alice";
pub const PUBLISHER: &str = "Ferdie";
pub const CLIENTS: [&str; 2] = ["Dave", "Eve"];

/// In services of this kind a liar takes part.
const LIARS_KIND: &str = "embed";

/// The key of a well-known account.
pub fn key(name: &str) -> Result<Keypair> {
	let uri = SecretUri::from_str(&format!("//{name}")).map_err(|_| anyhow::anyhow!("no account is called {name}"))?;
	Keypair::from_uri(&uri).map_err(|error| anyhow::anyhow!("the key of {name}: {error}"))
}

/// All of them with their names.
pub fn everybody() -> Result<Vec<(AccountId, &'static str)>> {
	let names = PROVIDERS.iter().chain([&VERIFIER, &PUBLISHER]).chain(&CLIENTS);
	names.map(|name| Ok((key(name)?.public_key().0, *name))).collect()
}

/// What somebody does with its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
	/// Does work; the number says how dear it is beside the others.
	Provider {
		number: u8,
		is_dishonest: bool,
	},
	Verifier,
}

/// An account with a worker.
pub struct Party {
	pub name: &'static str,
	pub role: Role,
	pub sender: Sender,
	pub worker: Keypair,
	pub folder: PathBuf,
	/// Where the worker serves artifacts, and what it registers of that.
	pub listen: SocketAddr,
	pub endpoint: String,
}

impl Party {
	/// Prepares its folder, or finds it as it was left.
	pub async fn new(name: &'static str, role: Role, place: &Path) -> Result<Self> {
		let folder = place.join(name.to_lowercase());
		fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
		let file = folder.join("worker.key");
		let worker = if file.exists() {
			KeySource { file: Some(file), password_file: None, keystore: None, account: None }.load()?
		} else {
			keys::create(&file)?
		};
		// The store makes its key when it is opened first.
		let (store, listen) = open_store(&folder.join("listen"), folder.join("data/store")).await?;
		let endpoint = store.endpoint().to_string();
		store.close().await;
		Ok(Self { name, role, sender: Sender::new(key(name)?), worker, folder, listen, endpoint })
	}

	pub fn account(&self) -> AccountId {
		self.sender.account()
	}

	pub fn address(&self) -> String {
		address(&self.account())
	}

	pub fn is_provider(&self) -> bool {
		matches!(self.role, Role::Provider { .. })
	}

	pub fn is_dishonest(&self) -> bool {
		matches!(self.role, Role::Provider { is_dishonest: true, .. })
	}

	/// Whether it serves services of this kind. Where a liar does not, everybody is honest.
	pub fn serves(&self, kind: &str) -> bool {
		match self.role {
			Role::Provider { is_dishonest, .. } => !is_dishonest || kind == LIARS_KIND,
			Role::Verifier => false,
		}
	}

	/// Writes what its worker is to do, and says where.
	pub fn configure(
		&self,
		node: &str,
		device: u32,
		services: &[u32],
		engine: &Path,
		threads: usize,
	) -> Result<PathBuf> {
		let text = |text: &str| toml::Value::from(text);
		let path = |path: &Path| toml::Value::from(path.display().to_string());
		let engine = if self.is_dishonest() { format!("engine = {}\n", path(engine)) } else { String::new() };
		let what = match self.role {
			Role::Provider { number, is_dishonest } => format!(
				"# Speed is written into the chain's state at the start: no benchmarks on a machine that does all.\n\
				[[device]]\nid = {device}\nthreads = {threads}\nservices = {services:?}\nbids = {}\nbenchmarks = false\n\n\
				[market]\n# Dear enough that one sees money move.\ncost_of_tera = {}.0\n",
				!is_dishonest,
				number.saturating_add(1)
			),
			Role::Verifier => format!("[verifier]\nenabled = true\nthreads = {threads}\n"),
		};
		let config = format!(
			"# The worker of {}. Written anew by `ogpu dev` whenever it starts.\n{engine}data = {}\n\n[chain]\nnodes = [{}]\n\n\
			[key]\nfile = {}\n\n[store]\nlisten = {}\n\n[metrics]\nlisten = \"127.0.0.1:0\"\n\n{what}",
			self.name,
			path(&self.folder.join("data")),
			text(node),
			path(&self.folder.join("worker.key")),
			text(&self.listen.to_string()),
		);
		ogpu_worker::config::Config::parse(&config, []).with_context(|| format!("what {} is to do", self.name))?;
		let file = self.folder.join("config.toml");
		fs::write(&file, config).with_context(|| file.display().to_string())?;
		Ok(file)
	}
}

/// Opens a store where it was before, or else at any free port, and remembers that.
pub async fn open_store(remembered: &Path, folder: PathBuf) -> Result<(Store, SocketAddr)> {
	let before = fs::read_to_string(remembered).ok().and_then(|text| text.trim().parse::<SocketAddr>().ok());
	let listen = match before.filter(|before| UdpSocket::bind(before).is_ok()) {
		Some(before) => before,
		None => UdpSocket::bind("127.0.0.1:0")?.local_addr()?,
	};
	fs::write(remembered, format!("{listen}\n")).with_context(|| remembered.display().to_string())?;
	let mut settings = Settings::new(folder);
	settings.listen = listen;
	Ok((Store::open(settings).await?, listen))
}
