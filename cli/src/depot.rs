//! The client's artifacts: those that it has to serve, and those that it fetched.

use crate::{
	home::{Journal, Listening},
	Artifact, Error, Hash, Name, Result,
};
use ogpu_worker::store::{self, Endpoint, Key, Settings, Store};
use std::{
	collections::BTreeSet,
	fs,
	net::SocketAddr,
	path::{Path, PathBuf},
	time::{Duration, SystemTime},
};

/// What is asked for stays so long, and so does what came back.
const KEPT: Duration = Duration::from_secs(100 * 24 * 60 * 60);
/// Files that are looked at for what a manifest names.
const MOST_FILES: usize = 10_000;
/// Folders beside a manifest in which what it names may be.
const BESIDE: [&str; 2] = ["artifacts", "data"];

/// Stores of an account, for as many commands at once.
pub const MOST_STORES: u8 = 8;

/// A store, which is open and serves.
pub struct Depot {
	store: Store,
	/// Which of the account's stores it is.
	pub number: u8,
}

impl Depot {
	/// Opens a store of an account: this one if it is free, else the first that is.
	pub(crate) async fn open(journal: &Journal, said: &Listening, is_local: bool, wanted: u8) -> Result<Self> {
		let others = (1..=MOST_STORES).filter(|number| *number != wanted);
		let mut in_use = None;
		for number in [wanted].into_iter().chain(others) {
			match Self::open_one(journal, said, is_local, number).await {
				Err(Error::Store(error)) if is_in_use(&error) => in_use = Some(error),
				end => return end,
			}
		}
		Err(Error::Invalid(format!(
			"{MOST_STORES} commands use the stores of this account: let one finish, or stop it with Ctrl-C ({})",
			in_use.map(|error| error.to_string()).unwrap_or_default()
		)))
	}

	/// Opens this store: where it was said, where it was last time, or anywhere.
	pub(crate) async fn open_one(journal: &Journal, said: &Listening, is_local: bool, number: u8) -> Result<Self> {
		let known = journal.listening(number)?;
		let announce = if said.announce.is_empty() { known.announce.clone() } else { said.announce.clone() };
		let any = SocketAddr::from((if is_local { [127, 0, 0, 1] } else { [0, 0, 0, 0] }, 0));
		let mut settings = Settings::new(journal.store(number));
		settings.announce.clone_from(&announce);
		settings.listen = said.listen.or(known.listen).unwrap_or(any);
		let store = match Store::open(settings.clone()).await {
			// The port of the last time is somebody else's now.
			Err(error) if said.listen.is_none() && known.listen.is_some() && !is_in_use(&error) => {
				settings.listen = SocketAddr::new(settings.listen.ip(), 0);
				Store::open(settings.clone()).await
			}
			opened => opened,
		}?;
		// Where it was announced elsewhere, its own port is not known here.
		let bound = store.endpoint().addresses().first().filter(|_| announce.is_empty());
		let port = bound.map_or(settings.listen.port(), SocketAddr::port);
		let listening = Listening { listen: Some(SocketAddr::new(settings.listen.ip(), port)), announce };
		if listening != known {
			journal.listen(number, &listening)?;
		}
		Ok(Self { store, number })
	}

	pub fn store(&self) -> &Store {
		&self.store
	}

	/// Adds bytes, and keeps them for a task or a service, which somebody is named by.
	pub async fn add(&self, bytes: Vec<u8>, keeper: &Hash) -> Result<Artifact> {
		let artifact = self.store.add(bytes).await?;
		self.keep(&artifact, keeper).await?;
		Ok(artifact)
	}

	pub async fn keep(&self, artifact: &Artifact, keeper: &Hash) -> Result<()> {
		let until = SystemTime::now().checked_add(KEPT).ok_or_else(|| Error::invalid("the clock is wrong"))?;
		Ok(self.store.keep(artifact, *keeper, until).await?)
	}

	/// Puts what a manifest names into the store: from these files and folders, and from beside the manifest.
	pub async fn supply(&self, named: &[Artifact], files: &[PathBuf], beside: &Path, keeper: &Hash) -> Result<()> {
		let given = expand(files)?;
		let around: Vec<PathBuf> =
			BESIDE.iter().map(|folder| beside.join(folder)).filter(|path| path.is_dir()).collect();
		let all: Vec<(PathBuf, u64)> = given.iter().cloned().chain(expand(&around)?).collect();
		let mut tried = BTreeSet::new();
		let mut missing = Vec::new();
		for artifact in named {
			for (path, _) in all.iter().filter(|(_, bytes)| *bytes == artifact.bytes) {
				if self.store.has(artifact).await? {
					break;
				}
				if tried.insert(path.clone()) {
					self.store.add_file(path).await?;
				}
			}
			if self.store.has(artifact).await? {
				self.keep(artifact, keeper).await?;
			} else {
				missing.push(format!("{{ hash = \"{}\", bytes = {} }}", artifact.hash, artifact.bytes));
			}
		}
		if missing.is_empty() {
			return Ok(());
		}
		let mut instead = Vec::new();
		for (path, _) in given.iter().take(8) {
			let artifact = self.store.add_file(path).await?;
			instead.push(format!(
				"{} is {{ hash = \"{}\", bytes = {} }}",
				path.display(),
				artifact.hash,
				artifact.bytes
			));
		}
		let instead = if instead.is_empty() { "give the files with --data".into() } else { instead.join("; ") };
		Err(Error::Invalid(format!("the manifest names what is nowhere here: {}. {instead}", missing.join(", "))))
	}

	/// Fetches an artifact of which only the name is known, and keeps it.
	pub async fn fetch(&self, name: &Name, most: u64, sources: &[Endpoint], keeper: &Hash) -> Result<Artifact> {
		let artifact = self.store.find(name, most, sources).await?;
		self.bring(&artifact, sources, keeper).await?;
		Ok(artifact)
	}

	/// The same of something that only these may have from here.
	pub async fn fetch_for(
		&self,
		allowed: &[Key],
		name: &Name,
		most: u64,
		sources: &[Endpoint],
		keeper: &Hash,
	) -> Result<Artifact> {
		let artifact = self.store.find(name, most, sources).await?;
		if artifact.bytes > 0 {
			self.store.restrict(&artifact, allowed).await?;
		}
		self.bring(&artifact, sources, keeper).await?;
		Ok(artifact)
	}

	pub(crate) async fn bring(&self, artifact: &Artifact, sources: &[Endpoint], keeper: &Hash) -> Result<()> {
		if artifact.bytes == 0 {
			return Ok(());
		}
		if !self.store.has(artifact).await? {
			self.store.fetch(artifact, sources, |_| {}).await?;
		}
		self.keep(artifact, keeper).await
	}

	/// The bytes of an artifact that is here.
	pub async fn get(&self, artifact: &Artifact) -> Result<Vec<u8>> {
		if artifact.bytes == 0 {
			return Ok(Vec::new());
		}
		Ok(self.store.get(artifact).await?)
	}
}

fn is_in_use(error: &store::Error) -> bool {
	matches!(error, store::Error::InUse { .. })
}

/// Files as they are, and those in folders, with their sizes.
fn expand(paths: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>> {
	let mut files = Vec::new();
	let about = |path: &Path| {
		fs::metadata(path).map_err(|error| Error::Machine(anyhow::anyhow!("{}: {error}", path.display())))
	};
	for path in paths {
		let found = about(path)?;
		if !found.is_dir() {
			files.push((path.clone(), found.len()));
			continue;
		}
		for file in fs::read_dir(path)? {
			let file = file?.path();
			let found = about(&file)?;
			if found.is_file() {
				files.push((file, found.len()));
			}
			if files.len() > MOST_FILES {
				return Err(Error::Invalid(format!("{} has more than {MOST_FILES} files", path.display())));
			}
		}
	}
	Ok(files)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::home::Home;

	#[tokio::test]
	async fn what_a_manifest_names_is_found_by_its_hash_or_said_to_be_missing() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Home::new(Some(folder.path().join("home"))).unwrap().account(&[1; 32], &[2; 32]);
		let depot = Depot::open(&journal, &Listening::default(), true, 1).await.unwrap();
		let beside = folder.path().join("jobs");
		fs::create_dir_all(beside.join("data")).unwrap();
		fs::write(beside.join("data/right"), "some data").unwrap();
		fs::write(folder.path().join("wrong"), "same size").unwrap();
		let named = [Artifact::of(b"some data")];
		depot.supply(&named, &[folder.path().join("wrong")], &beside, &[3; 32]).await.unwrap();
		assert_eq!(depot.get(&named[0]).await.unwrap(), b"some data");
		let other = [Artifact::of(b"other data")];
		let error = depot.supply(&other, &[folder.path().join("wrong")], &beside, &[3; 32]).await.unwrap_err();
		let error = error.to_string();
		assert!(error.contains(&other[0].hash.to_string()), "{error}");
		assert!(error.contains(&Name::of(b"same size").to_string()), "{error}");
		depot.store().close().await;
	}

	#[tokio::test]
	async fn a_store_is_reached_where_it_was_and_a_second_command_has_another() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Home::new(Some(folder.path().into())).unwrap().account(&[1; 32], &[2; 32]);
		let open = async |wanted| Depot::open(&journal, &Listening::default(), true, wanted).await.unwrap();
		let depot = open(1).await;
		let endpoint = depot.store().endpoint().clone();
		let second = open(1).await;
		assert_eq!((depot.number, second.number), (1, 2));
		assert_ne!(*second.store().endpoint(), endpoint);
		for depot in [depot, second] {
			depot.store().close().await;
		}
		assert_eq!(open(2).await.number, 2);
		let again = open(1).await;
		assert_eq!(*again.store().endpoint(), endpoint);
		again.store().close().await;
	}
}
