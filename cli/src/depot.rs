//! The client's artifacts: those that it has to serve, and those that it fetched.

use crate::{
	home::{Journal, Listening},
	Artifact, Error, Hash, Name, Result,
};
use ogpu_worker::store::{self, Endpoint, Settings, Store};
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

/// A store, and where it is reached.
pub struct Depot {
	store: Store,
}

impl Depot {
	/// Opens the store of an account: where it was said, where it was last time, or anywhere.
	pub(crate) async fn open(journal: &Journal, said: &Listening, is_local: bool) -> Result<Self> {
		let known = journal.listening()?;
		let announce = if said.announce.is_empty() { known.announce.clone() } else { said.announce.clone() };
		let any = SocketAddr::from((if is_local { [127, 0, 0, 1] } else { [0, 0, 0, 0] }, 0));
		let mut settings = Settings::new(journal.store());
		settings.announce = announce.clone();
		settings.listen = said.listen.or(known.listen).unwrap_or(any);
		let opened = match Store::open(settings.clone()).await {
			// The port of the last time is somebody else's now.
			Err(error) if said.listen.is_none() && known.listen.is_some() && !is_in_use(&error) => {
				settings.listen = SocketAddr::new(settings.listen.ip(), 0);
				Store::open(settings.clone()).await
			}
			opened => opened,
		};
		let store = opened.map_err(|error| match error {
			store::Error::InUse { folder, by } => Error::Invalid(format!(
				"the store of this account, {}, is used by {by}, another `ogpu`. Let it finish, stop it with Ctrl-C (what \
				 it watches goes on), or give this one a folder of its own with --home",
				folder.display()
			)),
			error => error.into(),
		})?;
		let port = store.endpoint().addresses().first().map_or(settings.listen.port(), SocketAddr::port);
		let listen = if settings.listen.port() == 0 { port } else { settings.listen.port() };
		let listening = Listening { listen: Some(SocketAddr::new(settings.listen.ip(), listen)), announce };
		if listening != known {
			journal.listen(&listening)?;
		}
		Ok(Self { store })
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
		if artifact.bytes > 0 && !self.store.has(&artifact).await? {
			self.store.fetch(&artifact, sources, |_| {}).await?;
		}
		if artifact.bytes > 0 {
			self.keep(&artifact, keeper).await?;
		}
		Ok(artifact)
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
		let depot = Depot::open(&journal, &Listening::default(), true).await.unwrap();
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
	async fn a_store_is_reached_where_it_was_and_taken_once() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Home::new(Some(folder.path().into())).unwrap().account(&[1; 32], &[2; 32]);
		let depot = Depot::open(&journal, &Listening::default(), true).await.unwrap();
		let endpoint = depot.store().endpoint().clone();
		let taken = Depot::open(&journal, &Listening::default(), true).await.err().unwrap().to_string();
		assert!(taken.contains("Ctrl-C") && taken.contains("--home"), "{taken}");
		depot.store().close().await;
		drop(depot);
		let again = Depot::open(&journal, &Listening::default(), true).await.unwrap();
		assert_eq!(*again.store().endpoint(), endpoint);
		again.store().close().await;
	}
}
