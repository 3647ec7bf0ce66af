//! What must not be forgotten: to what this worker has committed, with the salts, and how far its work is. It is on the
//! disk before the chain hears of it.
//!
//! Three rules make it whole. For each place there is one value, ever: who asks again gets the salt of the first time, so
//! nothing can be committed to twice. Nothing is sent that is not written down. And what is written down survives whatever
//! happens to the process or the power, since each write is a transaction of the database that is on the disk when it ends.

use crate::chain::types::{AccountId, DeviceId, Hash};
use anyhow::{ensure, Context, Result};
use ogpu_protocol::{
	auction::Offer,
	commitment::{leaf_task, Audit, Finding, Obstacle, Outcome, Place, Value, Vote},
	leaf::Leaf,
};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::{
	io::Read,
	path::{Path, PathBuf},
	sync::{PoisonError, RwLock},
	time::Duration,
};

const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
const SEALED: TableDefinition<&[u8], &[u8]> = TableDefinition::new("sealed");
const WORKS: TableDefinition<&str, &[u8]> = TableDefinition::new("works");

/// Of the journal's form.
const VERSION: &[u8] = b"1";

/// A seal that is so old, and belongs to no work, is forgotten: nothing on the chain stays open for so long.
const KEPT: Duration = Duration::from_secs(60 * 86_400);

/// Held back on the disk, so that the journal can go on for a while where something else has filled it.
const RESERVE_BYTES: u64 = 2 << 20;

/// The journal of one worker on one chain.
pub struct Journal {
	path: PathBuf,
	/// None where the disk has failed and the file could not be opened again yet.
	database: RwLock<Option<Database>>,
}

/// What of a seal is looked at when old ones are forgotten.
#[derive(Deserialize)]
struct Dated {
	#[serde(default)]
	at: u64,
}

/// A value that was committed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed<V> {
	pub value: V,
	pub salt: Hash,
	pub commitment: Hash,
	/// When, in seconds since 1970.
	#[serde(default)]
	pub at: u64,
}

/// What can be written down of a value that is committed to.
pub trait Kept: Value {
	type Form: Serialize + DeserializeOwned;
	fn form(&self) -> Self::Form;
	fn restore(form: Self::Form) -> Self;
}

/// A finding as it is written down.
#[derive(Serialize, Deserialize)]
pub enum FindingForm {
	Found(Hash, Hash),
	OutputMissing,
	InputMissing,
	InputInvalid,
}

fn finding_form(finding: Finding<(Hash, Hash)>) -> FindingForm {
	match finding {
		Ok((one, other)) => FindingForm::Found(one, other),
		Err(Obstacle::OutputMissing) => FindingForm::OutputMissing,
		Err(Obstacle::InputMissing) => FindingForm::InputMissing,
		Err(Obstacle::InputInvalid) => FindingForm::InputInvalid,
	}
}

fn finding_of(form: FindingForm) -> Finding<(Hash, Hash)> {
	match form {
		FindingForm::Found(one, other) => Ok((one, other)),
		FindingForm::OutputMissing => Err(Obstacle::OutputMissing),
		FindingForm::InputMissing => Err(Obstacle::InputMissing),
		FindingForm::InputInvalid => Err(Obstacle::InputInvalid),
	}
}

impl Kept for Outcome {
	type Form = (Hash, Hash);

	fn form(&self) -> Self::Form {
		(self.root, self.output)
	}

	fn restore((root, output): Self::Form) -> Self {
		Self { root, output }
	}
}

impl Kept for Finding<Audit> {
	type Form = FindingForm;

	fn form(&self) -> Self::Form {
		finding_form(self.map(|audit| (audit.opening, audit.digest)))
	}

	fn restore(form: Self::Form) -> Self {
		finding_of(form).map(|(opening, digest)| Audit { opening, digest })
	}
}

impl Kept for Finding<Vote> {
	type Form = FindingForm;

	fn form(&self) -> Self::Form {
		finding_form(self.map(|vote| (vote.digest, vote.binding)))
	}

	fn restore(form: Self::Form) -> Self {
		finding_of(form).map(|(digest, binding)| Vote { digest, binding })
	}
}

impl Kept for Offer {
	/// Amounts as text: JSON knows no numbers so large.
	type Form = (String, u32, Hash);

	fn form(&self) -> Self::Form {
		(self.price.to_string(), self.eta_blocks, self.device)
	}

	fn restore((price, eta_blocks, device): Self::Form) -> Self {
		Self { price: price.parse().unwrap_or_default(), eta_blocks, device }
	}
}

/// Names a piece of work in the journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkId {
	/// The result of a request, or of a benchmark.
	Result { task: Hash },
	/// A part of a job, from when it was sold for the time `round` on.
	Part { job: Hash, part: u32 },
	/// A leaf of somebody's result.
	Check { task: Hash, leaf: u32 },
}

impl std::fmt::Display for WorkId {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		let name = |hash: &Hash| blake3::Hash::from_bytes(*hash).to_hex();
		match self {
			Self::Result { task } => write!(f, "result-{}", name(task)),
			Self::Part { job, part } => write!(f, "part-{}-{part}", name(job)),
			Self::Check { task, leaf } => write!(f, "check-{}-{leaf}", name(task)),
		}
	}
}

impl std::str::FromStr for WorkId {
	type Err = anyhow::Error;

	fn from_str(text: &str) -> Result<Self> {
		let mut parts = text.split('-');
		let mut next = || parts.next().context("a work in the journal has a name of another form");
		let (kind, hash) = (next()?.to_owned(), next()?.to_owned());
		let hash = crate::chain::parse_hash(&hash).context("a work in the journal is named by no hash")?;
		Ok(match kind.as_str() {
			"result" => Self::Result { task: hash },
			"part" => Self::Part { job: hash, part: next()?.parse()? },
			"check" => Self::Check { task: hash, leaf: next()?.parse()? },
			_ => anyhow::bail!("the journal has a work of a kind that this version does not know: {kind}"),
		})
	}
}

/// How far a work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
	/// It will be done.
	Accepted,
	/// It is being done; what is finished of it is in its folder.
	Computing,
	/// It is done.
	Computed,
	/// It cannot be done, and why is known.
	Failed,
	/// The chain was told, under seal.
	Committed,
	/// The chain was told.
	Revealed,
	/// It is settled, and only served.
	Serving,
}

/// What is known of a work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
	pub phase: Phase,
	/// The device that does it; none for checks.
	pub device: Option<DeviceId>,
	/// What its leaves are hashed with, once that is known.
	pub task: Option<Hash>,
	/// Of a result: how many leaves it has.
	pub leaves: u32,
	/// Of a result: the hash of its output.
	pub output: Option<Hash>,
	/// Of a check: what the leaf is.
	pub leaf: Option<LeafForm>,
	/// Of a check that cannot be done: what is missing.
	pub obstacle: Option<ObstacleForm>,
	/// When it need not be served any more, in seconds since 1970.
	pub serve_until: Option<u64>,
	/// How often it has failed on this machine.
	pub tries: u32,
	/// What the leader of the race has revealed besides its result.
	pub leader_salt: Option<Hash>,
	/// Leaves of the leader that cannot be right if this result is.
	#[serde(default)]
	pub doubts: Vec<Doubt>,
}

/// A leaf of somebody else that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
	pub leaf: u32,
	/// From what it begins, which is the same.
	pub opening: Hash,
	/// What it should be.
	pub digest: Hash,
}

/// A leaf as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafForm {
	pub output: Hash,
	pub carry: Hash,
	pub trace: Hash,
}

impl From<Leaf> for LeafForm {
	fn from(Leaf { output, carry, trace }: Leaf) -> Self {
		Self { output, carry, trace }
	}
}

impl From<LeafForm> for Leaf {
	fn from(LeafForm { output, carry, trace }: LeafForm) -> Self {
		Self { output, carry, trace }
	}
}

/// Why a leaf cannot be checked, as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObstacleForm {
	OutputMissing,
	InputMissing,
	InputInvalid,
}

impl From<ObstacleForm> for Obstacle {
	fn from(form: ObstacleForm) -> Self {
		match form {
			ObstacleForm::OutputMissing => Self::OutputMissing,
			ObstacleForm::InputMissing => Self::InputMissing,
			ObstacleForm::InputInvalid => Self::InputInvalid,
		}
	}
}

impl Work {
	pub fn accepted(device: Option<DeviceId>, task: Option<Hash>) -> Self {
		Self {
			phase: Phase::Accepted,
			device,
			task,
			leaves: 0,
			output: None,
			leaf: None,
			obstacle: None,
			serve_until: None,
			tries: 0,
			leader_salt: None,
			doubts: Vec::new(),
		}
	}

	/// Whether what is said of it is sealed under this name.
	fn is_sealed_as(&self, id: &WorkId, name: &[u8]) -> bool {
		match id {
			WorkId::Result { task } => name == task,
			// Bids are sealed under the job's name.
			WorkId::Part { job, .. } => name == job || self.task.is_some_and(|task| name == task),
			WorkId::Check { task, leaf } => name == leaf_task(crate::job::blake2, task, *leaf),
		}
	}
}

impl Journal {
	/// Opens the journal of this worker on this chain, or begins it.
	pub fn open(path: &Path, genesis: &Hash, account: &AccountId) -> Result<Self> {
		let database = Database::create(path).with_context(|| {
			format!("the journal {}: if another worker runs with the same data, stop it", path.display())
		})?;
		let journal = Self { path: path.to_owned(), database: RwLock::new(Some(database)) };
		journal.reserve().context("the disk is full")?;
		journal.write(|transaction| {
			transaction.open_table(SEALED)?;
			transaction.open_table(WORKS)?;
			let mut about = transaction.open_table(ABOUT)?;
			for (name, value) in
				[("version", VERSION), ("genesis", genesis.as_slice()), ("account", account.as_slice())]
			{
				let found = about.get(name)?.map(|found| found.value().to_vec());
				match found {
					None => {
						about.insert(name, value)?;
					}
					Some(found) => ensure!(
						found == value,
						"the journal {} is of another {name}: give each chain and each key a data folder of its own",
						path.display()
					),
				}
			}
			Ok(())
		})?;
		Ok(journal)
	}

	fn reserve_file(&self) -> PathBuf {
		self.path.with_extension("reserve")
	}

	/// Holds room back, if it is not held.
	fn reserve(&self) -> std::io::Result<()> {
		let path = self.reserve_file();
		if std::fs::metadata(&path).is_ok_and(|about| about.len() == RESERVE_BYTES) {
			return Ok(());
		}
		let fill = || {
			let mut file = std::fs::File::create(&path)?;
			std::io::copy(&mut std::io::repeat(0).take(RESERVE_BYTES), &mut file).map(drop)
		};
		fill().inspect_err(|_| {
			let _ = std::fs::remove_file(&path);
		})
	}

	/// Does something with the database. One that the disk has failed refuses everything until its file is opened again:
	/// that is done at once, with the room that was held back for it.
	fn with<T>(&self, work: impl Fn(&Database) -> Result<T>) -> Result<T> {
		let attempt = |database: &Option<Database>| match database {
			Some(database) => work(database),
			None => Err(redb::StorageError::PreviousIo.into()),
		};
		let result = attempt(&self.database.read().unwrap_or_else(PoisonError::into_inner));
		if !result.as_ref().is_err_and(is_of_disk) {
			return result;
		}
		let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
		// Closed first: two cannot have the file.
		*database = None;
		if std::fs::remove_file(self.reserve_file()).is_ok() {
			tracing::error!("the disk of {} is full: make room, or work is lost", self.path.display());
		}
		*database = Some(Database::open(&self.path).with_context(|| self.path.display().to_string())?);
		attempt(&database)
	}

	/// A transaction that is on the disk when this returns.
	fn write<T>(&self, change: impl Fn(&redb::WriteTransaction) -> Result<T>) -> Result<T> {
		self.with(|database| {
			let mut transaction = database.begin_write()?;
			transaction.set_durability(Durability::Immediate)?;
			let result = change(&transaction)?;
			transaction.commit()?;
			Ok(result)
		})
	}

	fn read<T>(&self, look: impl Fn(&redb::ReadTransaction) -> Result<T>) -> Result<T> {
		self.with(|database| look(&database.begin_read()?))
	}

	/// The value of this place under its seal, and whether it is the one that was given: what was sealed before stays.
	pub fn seal<V: Kept>(&self, place: &Place, value: &V) -> Result<Sealed<V>> {
		let key = key::<V>(place);
		self.write(|transaction| {
			let mut table = transaction.open_table(SEALED)?;
			let found = table.get(key.as_slice())?.map(|found| found.value().to_vec());
			if let Some(found) = found {
				return restore(&found);
			}
			let mut salt = [0; 32];
			crate::keys::fill_random(&mut salt)?;
			let commitment = place.commit(crate::job::blake2, value, &salt);
			let form = Sealed { value: value.form(), salt, commitment, at: now() };
			table.insert(key.as_slice(), serde_json::to_vec(&form)?.as_slice())?;
			restore(&serde_json::to_vec(&form)?)
		})
	}

	/// What was sealed in this place.
	pub fn sealed<V: Kept>(&self, place: &Place) -> Result<Option<Sealed<V>>> {
		self.read(|transaction| {
			let table = transaction.open_table(SEALED)?;
			let found = table.get(key::<V>(place).as_slice())?;
			found.map(|found| restore(found.value())).transpose()
		})
	}

	/// Writes down how far a work is.
	pub fn put(&self, id: &WorkId, work: &Work) -> Result<()> {
		self.write(|transaction| {
			let mut table = transaction.open_table(WORKS)?;
			table.insert(id.to_string().as_str(), serde_json::to_vec(work)?.as_slice())?;
			Ok(())
		})
	}

	/// Forgets a work. Its seals stay, so that nothing is sealed again, until [`Self::prune`] finds them old.
	pub fn forget(&self, id: &WorkId) -> Result<()> {
		self.write(|transaction| {
			transaction.open_table(WORKS)?.remove(id.to_string().as_str())?;
			Ok(())
		})
	}

	/// Forgets seals that are old at that time, in seconds since 1970, and of no work that is known. Returns how many.
	/// Holds room back again, where it was needed.
	pub fn prune(&self, now: u64) -> Result<usize> {
		if let Err(error) = self.reserve() {
			tracing::warn!("the disk of {} has no room to hold back: {error}", self.path.display());
		}
		let works = self.works()?;
		let is_of_work = |task: &[u8]| works.iter().any(|(id, work)| work.is_sealed_as(id, task));
		self.write(|transaction| {
			let mut table = transaction.open_table(SEALED)?;
			let mut old = Vec::new();
			let mut undated = Vec::new();
			for entry in table.iter()? {
				let (key, value) = entry?;
				let (key, value) = (key.value().to_vec(), value.value());
				match serde_json::from_slice::<Dated>(value)?.at {
					// An earlier version did not say when. Its time begins now.
					0 => undated.push((key, value.to_vec())),
					at => {
						let is_old = now.saturating_sub(at) > KEPT.as_secs();
						if is_old && !task_of(&key).is_some_and(is_of_work) {
							old.push(key);
						}
					}
				}
			}
			for (key, value) in undated {
				let mut value: serde_json::Value = serde_json::from_slice(&value)?;
				let value_of = value.as_object_mut().context("a seal in the journal has another form")?;
				value_of.insert("at".into(), now.into());
				table.insert(key.as_slice(), serde_json::to_vec(&value)?.as_slice())?;
			}
			for key in &old {
				table.remove(key.as_slice())?;
			}
			Ok(old.len())
		})
	}

	/// All works.
	pub fn works(&self) -> Result<Vec<(WorkId, Work)>> {
		self.read(|transaction| {
			let table = transaction.open_table(WORKS)?;
			let mut works = Vec::new();
			for entry in table.iter()? {
				let (id, work) = entry?;
				works.push((id.value().parse()?, serde_json::from_slice(work.value())?));
			}
			Ok(works)
		})
	}
}

/// Whether the disk has failed, after which a database refuses all else.
fn is_of_disk(error: &anyhow::Error) -> bool {
	use redb::{CommitError, StorageError, TableError, TransactionError};
	let is_it = |error: &StorageError| matches!(error, StorageError::Io(_) | StorageError::PreviousIo);
	match error.downcast_ref::<StorageError>() {
		Some(error) => is_it(error),
		None => {
			matches!(error.downcast_ref::<TransactionError>(), Some(TransactionError::Storage(error)) if is_it(error))
				|| matches!(error.downcast_ref::<CommitError>(), Some(CommitError::Storage(error)) if is_it(error))
				|| matches!(error.downcast_ref::<TableError>(), Some(TableError::Storage(error)) if is_it(error))
		}
	}
}

/// The name that a seal is of, by its key.
fn task_of(key: &[u8]) -> Option<&[u8]> {
	let after = key.len().checked_sub(32 + 4 + 32)?;
	key.get(after..after.checked_add(32)?)
}

/// Seconds since 1970.
fn now() -> u64 {
	std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A place and what kind of value it is for.
fn key<V: Value>(place: &Place) -> Vec<u8> {
	[V::DOMAIN.as_slice(), &place.task, &place.round.to_le_bytes(), &place.account].concat()
}

fn restore<V: Kept>(bytes: &[u8]) -> Result<Sealed<V>> {
	let Sealed { value, salt, commitment, at } = serde_json::from_slice::<Sealed<V::Form>>(bytes)?;
	Ok(Sealed { value: V::restore(value), salt, commitment, at })
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use std::collections::BTreeMap;

	const GENESIS: Hash = [1; 32];
	const ACCOUNT: AccountId = [2; 32];

	fn open(folder: &Path) -> Result<Journal> {
		Journal::open(&folder.join("journal.redb"), &GENESIS, &ACCOUNT)
	}

	fn place(task: u8, round: u32) -> Place {
		Place { task: [task; 32], round, account: ACCOUNT }
	}

	fn outcome(number: u8) -> Outcome {
		Outcome { root: [number; 32], output: [number; 32] }
	}

	#[test]
	fn nothing_is_sealed_twice_in_a_place() {
		let folder = tempfile::tempdir().unwrap();
		let journal = open(folder.path()).unwrap();
		let first = journal.seal(&place(1, 0), &outcome(1)).unwrap();
		assert_eq!(first.commitment, place(1, 0).commit(crate::job::blake2, &outcome(1), &first.salt));
		assert_eq!(journal.seal(&place(1, 0), &outcome(2)).unwrap(), first, "the first value stays");
		assert_ne!(journal.seal(&place(1, 1), &outcome(1)).unwrap().salt, first.salt);
		let audit: Finding<Audit> = Err(Obstacle::InputMissing);
		journal.seal(&place(1, 0), &audit).unwrap();
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.sealed(&place(1, 0)).unwrap(), Some(first));
		assert_eq!(journal.sealed(&place(1, 0)).unwrap().map(|sealed| sealed.value), Some(audit));
		assert_eq!(journal.sealed::<Finding<Vote>>(&place(1, 0)).unwrap(), None);
	}

	#[test]
	fn a_journal_belongs_to_one_chain_and_one_key() {
		let folder = tempfile::tempdir().unwrap();
		drop(open(folder.path()).unwrap());
		let other = |genesis, account| Journal::open(&folder.path().join("journal.redb"), &genesis, &account);
		assert!(other([9; 32], ACCOUNT).err().unwrap().to_string().contains("another genesis"));
		assert!(other(GENESIS, [9; 32]).err().unwrap().to_string().contains("another account"));
		open(folder.path()).unwrap();
	}

	#[test]
	fn amounts_that_json_does_not_know_are_kept() {
		let folder = tempfile::tempdir().unwrap();
		let journal = open(folder.path()).unwrap();
		let offer = Offer { price: u128::MAX, eta_blocks: 7, device: [3; 32] };
		journal.seal(&place(1, 0), &offer).unwrap();
		assert_eq!(journal.sealed::<Offer>(&place(1, 0)).unwrap().unwrap().value, offer);
	}

	#[test]
	fn seals_that_are_old_and_of_no_work_are_forgotten() {
		let folder = tempfile::tempdir().unwrap();
		let journal = open(folder.path()).unwrap();
		let long_after = now() + KEPT.as_secs() + 1;
		let audit: Finding<Audit> = Err(Obstacle::InputMissing);
		let of_check = Place { task: leaf_task(crate::job::blake2, &[7; 32], 3), round: 0, account: ACCOUNT };
		let (job, part) = (place(8, 0), WorkId::Part { job: [8; 32], part: 1 });
		journal.seal(&place(1, 0), &outcome(1)).unwrap();
		journal.seal(&of_check, &audit).unwrap();
		journal.seal(&job, &Offer { price: 1, eta_blocks: 7, device: [3; 32] }).unwrap();
		let works = [WorkId::Check { task: [7; 32], leaf: 3 }, part];
		for id in &works {
			journal.put(id, &Work::accepted(None, None)).unwrap();
		}
		assert_eq!(journal.prune(now()).unwrap(), 0);
		assert_eq!(journal.prune(long_after).unwrap(), 1, "the others are of works");
		assert_eq!(journal.sealed::<Outcome>(&place(1, 0)).unwrap(), None);
		assert!(journal.sealed::<Finding<Audit>>(&of_check).unwrap().is_some());
		for id in &works {
			journal.forget(id).unwrap();
		}
		assert_eq!(journal.prune(long_after).unwrap(), 2);

		// An earlier version did not say when it sealed something.
		let key = key::<Outcome>(&place(1, 0));
		let zero: Hash = [0; 32];
		let undated = serde_json::json!({ "value": [zero, zero], "salt": zero, "commitment": zero });
		let undated = serde_json::to_vec(&undated).unwrap();
		let put = |transaction: &redb::WriteTransaction| {
			transaction.open_table(SEALED)?.insert(key.as_slice(), undated.as_slice())?;
			Ok(())
		};
		journal.write(put).unwrap();
		assert_eq!(journal.prune(long_after).unwrap(), 0);
		assert_eq!(journal.sealed::<Outcome>(&place(1, 0)).unwrap().unwrap().at, long_after);
		assert_eq!(journal.prune(long_after + KEPT.as_secs() + 1).unwrap(), 1);
	}

	/// A disk that can be full.
	#[derive(Debug)]
	struct Disk {
		file: redb::backends::FileBackend,
		is_full: std::sync::Arc<std::sync::atomic::AtomicBool>,
	}

	impl redb::StorageBackend for Disk {
		fn len(&self) -> std::io::Result<u64> {
			self.file.len()
		}

		fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
			self.file.read(offset, out)
		}

		fn set_len(&self, len: u64) -> std::io::Result<()> {
			self.file.set_len(len)
		}

		fn close(&self) -> std::io::Result<()> {
			self.file.close()
		}

		fn sync_data(&self) -> std::io::Result<()> {
			self.file.sync_data()
		}

		fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
			if self.is_full.load(std::sync::atomic::Ordering::SeqCst) {
				return Err(std::io::ErrorKind::StorageFull.into());
			}
			self.file.write(offset, data)
		}
	}

	#[test]
	fn a_disk_that_was_full_keeps_no_journal_from_being_read_or_written_later() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("journal.redb");
		let first = open(folder.path()).unwrap().seal(&place(1, 0), &outcome(1)).unwrap();
		let is_full = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
		let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
		let disk = Disk { file: redb::backends::FileBackend::new(file).unwrap(), is_full: is_full.clone() };
		let database = Database::builder().create_with_backend(disk).unwrap();
		let journal = Journal { path, database: RwLock::new(Some(database)) };
		assert!(journal.reserve_file().exists());
		is_full.store(true, std::sync::atomic::Ordering::SeqCst);
		// The one that has failed is closed, and opened again on a disk that has room.
		let second = journal.seal(&place(2, 0), &outcome(2)).unwrap();
		assert_eq!(journal.sealed(&place(1, 0)).unwrap(), Some(first.clone()));
		assert!(!journal.reserve_file().exists(), "what was held back was given for it");
		journal.prune(now()).unwrap();
		assert!(journal.reserve_file().exists(), "and is held back again");
		drop(journal);
		let journal = open(folder.path()).unwrap();
		assert_eq!(journal.sealed(&place(1, 0)).unwrap(), Some(first));
		assert_eq!(journal.sealed(&place(2, 0)).unwrap(), Some(second));
	}

	/// What a worker writes down, one after the other.
	#[derive(Clone, Debug)]
	enum Step {
		Seal(u8, u32, u8),
		Put(u8, u8),
		Forget(u8),
	}

	fn steps() -> impl Strategy<Value = Vec<Step>> {
		let step = prop_oneof![
			(0u8..4, 0u32..3, any::<u8>()).prop_map(|(task, round, value)| Step::Seal(task, round, value)),
			(0u8..4, 0u8..6).prop_map(|(task, phase)| Step::Put(task, phase)),
			(0u8..4).prop_map(Step::Forget),
		];
		prop::collection::vec(step, 1..24)
	}

	fn id(task: u8) -> WorkId {
		WorkId::Check { task: [task; 32], leaf: task.into() }
	}

	fn work(phase: u8) -> Work {
		let phases =
			[Phase::Accepted, Phase::Computing, Phase::Computed, Phase::Failed, Phase::Committed, Phase::Revealed];
		Work { phase: phases[usize::from(phase)], ..Work::accepted(None, None) }
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(24))]

		/// The machine stops after any write: what was written is there, what was being written is there or not, and
		/// nothing else has changed. The file of the database is copied while it is open, as the disk would have it.
		#[test]
		fn a_worker_that_stops_at_any_step_finds_what_it_had_written(steps in steps()) {
			let folder = tempfile::tempdir().unwrap();
			let journal = open(folder.path()).unwrap();
			let mut sealed = BTreeMap::<(u8, u32), Sealed<Outcome>>::new();
			let mut works = BTreeMap::<WorkId, Work>::new();
			for (number, step) in steps.iter().enumerate() {
				match step {
					Step::Seal(task, round, value) => {
						let now = journal.seal(&place(*task, *round), &outcome(*value)).unwrap();
						let first = sealed.entry((*task, *round)).or_insert_with(|| now.clone());
						prop_assert_eq!(&*first, &now);
					}
					Step::Put(task, phase) => {
						journal.put(&id(*task), &work(*phase)).unwrap();
						works.insert(id(*task), work(*phase));
					}
					Step::Forget(task) => {
						journal.forget(&id(*task)).unwrap();
						works.remove(&id(*task));
					}
				}
				let copy = folder.path().join(format!("stopped-{number}"));
				std::fs::create_dir(&copy).unwrap();
				std::fs::copy(folder.path().join("journal.redb"), copy.join("journal.redb")).unwrap();
				let found = open(&copy).unwrap();
				prop_assert_eq!(&found.works().unwrap().into_iter().collect::<BTreeMap<_, _>>(), &works);
				for ((task, round), expected) in &sealed {
					prop_assert_eq!(&found.sealed::<Outcome>(&place(*task, *round)).unwrap(), &Some(expected.clone()));
				}
			}
		}
	}
}
