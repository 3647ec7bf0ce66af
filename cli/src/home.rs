//! What a client remembers: a folder for each chain and account, with the store of its artifacts and a journal of what
//! was asked. Losing it loses no money: the chain knows all tasks.

use crate::{address, hex, AccountId, Error, Hash, Result, ServiceId};
use ogpu_worker::artifacts::{read_file, Name};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fs,
	io::{ErrorKind, Write},
	net::SocketAddr,
	path::{Path, PathBuf},
};

/// No file of the journal is longer.
const MOST_BYTES: u64 = 1 << 20;

/// Where all of it is.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
	/// This folder, or the platform's for data.
	pub fn new(folder: Option<PathBuf>) -> Result<Self> {
		let platform = || Some(directories::ProjectDirs::from("", "", "ogpu")?.data_dir().join("client"));
		let folder = folder.or_else(platform);
		folder.map(Self).ok_or_else(|| Error::invalid("this machine has no folder for data: give one with --home"))
	}

	pub fn path(&self) -> &Path {
		&self.0
	}

	/// Refuses a node that was one of another chain when it was last asked. Development chains come and go.
	pub fn recognise(&self, url: &str, genesis: &Hash, is_development: bool) -> Result<()> {
		let path = self.0.join("nodes.json");
		let mut nodes: BTreeMap<String, String> = read(&path)?.unwrap_or_default();
		let genesis = hex(genesis);
		match nodes.get(url) {
			Some(known) if *known == genesis => return Ok(()),
			Some(known) if !is_development => {
				return Err(Error::ChainChanged {
					url: url.into(),
					was: known.clone(),
					is: genesis,
					file: path.display().to_string(),
				})
			}
			_ => {}
		}
		nodes.insert(url.into(), genesis);
		write(&path, &nodes)
	}

	/// The folder of an account on a chain.
	pub fn account(&self, genesis: &Hash, account: &AccountId) -> Journal {
		Journal(self.chain(genesis).join(address(account)))
	}

	fn chain(&self, genesis: &Hash) -> PathBuf {
		let digits: String = hex(genesis).trim_start_matches("0x").chars().take(16).collect();
		self.0.join(digits)
	}

	/// The folder of the gateway to a chain, which has a store and no account.
	pub fn gateway(&self, genesis: &Hash) -> Journal {
		Journal(self.chain(genesis).join("gateway"))
	}

	/// The other chains on which something of this name was asked.
	pub fn chains_with(&self, task: &Hash) -> Vec<PathBuf> {
		let folders = |path: &Path| -> Vec<PathBuf> {
			fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
		};
		let accounts = folders(&self.0).into_iter().flat_map(|chain| folders(&chain));
		accounts.filter(|account| Journal(account.clone()).path(task).exists()).collect()
	}
}

/// What an account has asked on a chain.
#[derive(Clone, Debug)]
pub struct Journal(PathBuf);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
	Training,
	Rendering,
	Request,
}

impl std::fmt::Display for Kind {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(match self {
			Self::Training => "training",
			Self::Rendering => "rendering",
			Self::Request => "request",
		})
	}
}

/// A result that a provider committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
	pub root: Name,
	pub output: Name,
}

/// A part of a job, or all of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
	/// The name of its validation.
	pub task: Name,
	pub provider: Option<Name>,
	pub outcome: Option<Committed>,
	/// How its validation ended, as the chain says it.
	pub conclusion: Option<String>,
}

/// A task, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
	pub name: Name,
	pub kind: Kind,
	pub service: Option<ServiceId>,
	pub manifest: Name,
	pub inputs: Option<Name>,
	/// In seconds since 1970.
	pub asked: u64,
	/// In which of the account's stores its artifacts are.
	#[serde(default = "first_store")]
	pub store: u8,
	/// Where its result is to go.
	pub output: Option<PathBuf>,
	/// How many parts it has: one, if it is a request.
	pub parts_in_all: u32,
	/// By their numbers; the last validation of each.
	#[serde(default)]
	pub parts: BTreeMap<u32, Part>,
	/// How it ended, in words. Until then its inputs have to be served.
	#[serde(default)]
	pub ended: Option<String>,
}

fn first_store() -> u8 {
	1
}

impl Entry {
	/// Remembers a validation of a part, and says whether that is news.
	pub fn note(&mut self, number: u32, task: Hash) -> &mut Part {
		let fresh = Part { task: Name(task), provider: None, outcome: None, conclusion: None };
		let part = self.parts.entry(number).or_insert_with(|| fresh.clone());
		if part.task.0 != task {
			*part = fresh;
		}
		part
	}
}

/// Where a client's store listens: as it was said last, so that its endpoint stays the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
	pub listen: Option<SocketAddr>,
	#[serde(default)]
	pub announce: Vec<SocketAddr>,
}

/// A private request of which a page has told its gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivateRequest {
	pub request: Name,
	pub inputs: Name,
	/// In seconds since 1970.
	pub since: u64,
}

impl Journal {
	pub fn folder(&self) -> &Path {
		&self.0
	}

	/// The folder of a store. An account has several, where several commands run at once; they count from 1.
	pub fn store(&self, number: u8) -> PathBuf {
		self.0.join(format!("store-{number}"))
	}

	fn listening_file(&self, number: u8) -> PathBuf {
		self.0.join(format!("listening-{number}.json"))
	}

	fn path(&self, task: &Hash) -> PathBuf {
		self.0.join("tasks").join(format!("{}.json", Name(*task)))
	}

	pub fn get(&self, task: &Hash) -> Result<Option<Entry>> {
		read(&self.path(task))
	}

	pub fn put(&self, entry: &Entry) -> Result<()> {
		write(&self.path(&entry.name.0), entry)
	}

	/// All that was asked, the oldest first.
	pub fn all(&self) -> Result<Vec<Entry>> {
		let files = match fs::read_dir(self.0.join("tasks")) {
			Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
			files => files?,
		};
		let mut all = Vec::new();
		for file in files {
			let path = file?.path();
			if path.extension().is_some_and(|extension| extension == "json") {
				all.extend(read::<Entry>(&path)?);
			}
		}
		all.sort_by_key(|entry| (entry.asked, entry.name.0));
		Ok(all)
	}

	/// Waits until no other command gives a transaction of this account to a node, and keeps others waiting while it is
	/// held: both would take the same nonce, and one transaction the place of the other.
	pub fn turn(&self) -> Result<fs::File> {
		let path = self.0.join("turn");
		let take = || -> std::io::Result<fs::File> {
			fs::create_dir_all(&self.0)?;
			let file = fs::File::create(&path)?;
			file.lock()?;
			Ok(file)
		};
		take().map_err(|error| at(&path, error))
	}

	pub fn listening(&self, store: u8) -> Result<Listening> {
		Ok(read(&self.listening_file(store))?.unwrap_or_default())
	}

	pub fn listen(&self, store: u8, listening: &Listening) -> Result<()> {
		write(&self.listening_file(store), listening)
	}

	fn private_file(&self) -> PathBuf {
		self.0.join("private.json")
	}

	/// The private requests for which a gateway lets in who checks.
	pub(crate) fn private(&self) -> Result<Vec<PrivateRequest>> {
		Ok(read(&self.private_file())?.unwrap_or_default())
	}

	pub(crate) fn put_private(&self, all: &[PrivateRequest]) -> Result<()> {
		write(&self.private_file(), &all)
	}
}

fn at(path: &Path, error: impl std::fmt::Display) -> Error {
	Error::Machine(anyhow::anyhow!("{}: {error}", path.display()))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
	match fs::metadata(path) {
		Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
		Err(error) => return Err(at(path, error)),
		Ok(_) => {}
	}
	let bytes = read_file(path, MOST_BYTES).map_err(|error| at(path, error))?;
	let read = serde_json::from_slice(&bytes);
	read.map(Some)
		.map_err(|error| at(path, format_args!("it is damaged ({error}); remove it, the chain knows the rest")))
}

/// As a whole or not at all, also when the power fails.
fn write(path: &Path, value: &impl Serialize) -> Result<()> {
	let folder = path.parent().unwrap_or(Path::new("."));
	fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
	let write = || -> std::io::Result<()> {
		let mut file = tempfile::NamedTempFile::new_in(folder)?;
		file.write_all(&serde_json::to_vec_pretty(value)?)?;
		file.as_file().sync_all()?;
		file.persist(path).map_err(|error| error.error)?;
		Ok(())
	};
	write().map_err(|error| at(path, error))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn entry(name: u8) -> Entry {
		Entry {
			name: Name([name; 32]),
			kind: Kind::Request,
			service: Some(3),
			manifest: Name::of(b"manifest"),
			inputs: Some(Name::of(b"inputs")),
			asked: 10u64.abs_diff(name.into()),
			store: 1,
			output: None,
			parts_in_all: 1,
			parts: BTreeMap::new(),
			ended: None,
		}
	}

	#[test]
	fn what_was_asked_is_remembered_by_chain_and_account_the_oldest_first() {
		let folder = tempfile::tempdir().unwrap();
		let home = Home::new(Some(folder.path().into())).unwrap();
		let journal = home.account(&[1; 32], &[2; 32]);
		assert_eq!(journal.all().unwrap(), []);
		journal.put(&entry(1)).unwrap();
		let mut later = entry(2);
		later.note(0, [9; 32]).conclusion = Some("accepted".into());
		journal.put(&later).unwrap();
		assert_eq!(journal.all().unwrap(), [later, entry(1)]);
		assert_eq!(home.account(&[1; 32], &[3; 32]).all().unwrap(), []);
		assert_eq!(home.chains_with(&[1; 32]), [journal.folder()]);
	}

	#[test]
	fn commands_of_an_account_take_turns() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Home::new(Some(folder.path().into())).unwrap().account(&[1; 32], &[2; 32]);
		let other = journal.clone();
		let turn = journal.turn().unwrap();
		let (tell, heard) = std::sync::mpsc::channel();
		let waiting = std::thread::spawn(move || {
			let _turn = other.turn().unwrap();
			tell.send(()).unwrap();
		});
		assert!(heard.recv_timeout(std::time::Duration::from_millis(50)).is_err());
		drop(turn);
		waiting.join().unwrap();
		assert!(heard.try_recv().is_ok());
	}

	#[test]
	fn a_part_that_is_done_again_forgets_what_failed() {
		let mut entry = entry(1);
		entry.note(0, [1; 32]).conclusion = Some("convicted".into());
		assert_eq!(entry.note(0, [1; 32]).conclusion.as_deref(), Some("convicted"));
		assert_eq!(entry.note(0, [2; 32]).conclusion, None);
	}

	#[test]
	fn a_node_that_has_become_one_of_another_chain_is_refused_unless_it_is_for_development() {
		let folder = tempfile::tempdir().unwrap();
		let home = Home::new(Some(folder.path().into())).unwrap();
		home.recognise("ws://node", &[1; 32], false).unwrap();
		home.recognise("ws://node", &[1; 32], false).unwrap();
		let refused = home.recognise("ws://node", &[2; 32], false).unwrap_err().to_string();
		assert!(refused.contains("nodes.json"), "{refused}");
		home.recognise("ws://node", &[2; 32], true).unwrap();
	}

	#[test]
	fn a_damaged_journal_says_which_file_it_is() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Home::new(Some(folder.path().into())).unwrap().account(&[1; 32], &[2; 32]);
		journal.put(&entry(1)).unwrap();
		fs::write(journal.path(&[1; 32]), "{").unwrap();
		let error = journal.all().unwrap_err().to_string();
		assert!(error.contains(".json") && error.contains("damaged"), "{error}");
	}
}
