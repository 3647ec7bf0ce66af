//! Artifacts on disk, served to peers and fetched from them: `docs/artifacts.md` is for those who use it.
//!
//! Bytes are named by their BLAKE3 hash and travel with the tree of it, so each piece of 16 KiB is checked before it is
//! written, whoever sent it, and what is here is checked again whenever it is read. All of iroh and iroh-blobs is behind
//! the types of this folder.

mod ask;
mod endpoint;
mod error;
mod fetch;
mod folder;
mod ledger;
mod private;
mod seal;
mod serve;
mod talk;

pub mod bench;

pub use ask::{Answer, Committed, Denial, Desk, Progress, MOST_LOSSES, MOST_RESULTS};
pub use endpoint::{Endpoint, Key, Secret, ENDPOINT_BYTES};
pub use error::{Error, Refusal, Result};
pub use fetch::{Fetched, Patience};
pub use ledger::Owner;
pub use seal::ContentKey;
pub use serve::Limits;

use crate::artifacts::{self, Artifact, Name, MOST_BYTES};
use futures::StreamExt;
use iroh_blobs::{
	api::{
		blobs::{AddPathOptions, BlobStatus, EncodedItem, ImportMode},
		TempTag,
	},
	protocol::{ChunkRanges, ChunkRangesExt},
	store::{
		fs::{options::Options, FsStore},
		GcConfig, ProtectOutcome,
	},
	BlobFormat, Hash, HashAndFormat,
};
use ledger::{room, seconds, Ledger, Record, GRACE, NEWCOMER};
use std::{
	collections::{HashMap, HashSet},
	fs,
	future::Future,
	net::SocketAddr,
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex, MutexGuard,
	},
	time::{Duration, SystemTime},
};
use tokio::{
	io::AsyncWriteExt,
	runtime::Handle,
	sync::{mpsc, watch, Notify},
	task::JoinHandle,
};

/// How often what nobody keeps is collected, room or not.
const COLLECT_EVERY: Duration = Duration::from_secs(10 * 60);

const COLLECT_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Pieces of a stream that wait for whoever reads it.
const PIECES_AHEAD: usize = 16;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Settings {
	pub folder: PathBuf,
	/// Where peers are answered.
	pub listen: SocketAddr,
	/// Under which addresses peers reach it; those of this machine if there are none.
	pub announce: Vec<SocketAddr>,
	pub quota_bytes: u64,
	/// What stays free on the disk whatever comes: the store's own database needs some, and so does the machine.
	pub spare_bytes: u64,
	/// 32 bytes, created if absent.
	pub key_file: PathBuf,
	/// A server that passes on what cannot go directly. It learns who talks to whom, never what.
	pub relay: Option<String>,
	pub limits: Limits,
	pub patience: Patience,
}

impl Settings {
	/// In that folder, on every address of this machine, up to 64 GiB.
	pub fn new(folder: impl Into<PathBuf>) -> Self {
		let folder = folder.into();
		Self {
			key_file: folder.join("transport.key"),
			folder,
			listen: SocketAddr::from(([0, 0, 0, 0], 4071)),
			announce: Vec::new(),
			quota_bytes: 64 << 30,
			spare_bytes: 64 << 20,
			relay: None,
			limits: Limits::default(),
			patience: Patience::default(),
		}
	}
}

/// A folder of artifacts, and the endpoint that serves them. Clones are the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
	folder: PathBuf,
	quota: u64,
	spare: u64,
	secret: Secret,
	endpoint: Endpoint,
	patience: Patience,
	has_relay: bool,
	transport: iroh::Endpoint,
	blobs: FsStore,
	ledger: Mutex<Ledger>,
	collector: tokio::sync::Mutex<watch::Receiver<u64>>,
	collect: Arc<Notify>,
	/// Held to read while something is added, to write while leavings are swept.
	adding: tokio::sync::RwLock<()>,
	/// Open connections to sources.
	lines: fetch::Lines,
	/// One fetch of each artifact at a time.
	fetching: Mutex<HashMap<Name, Arc<tokio::sync::Mutex<()>>>>,
	counters: Arc<Counters>,
	/// Of sealed artifacts, as peers have given them.
	keys: Mutex<HashMap<Name, ContentKey>>,
	/// Who answers questions of clients, where somebody does.
	reception: Mutex<Option<ask::Reception>>,
	tasks: Mutex<Vec<JoinHandle<()>>>,
	/// Locked as long as it is open.
	_lock: fs::File,
}

#[derive(Debug, Default)]
struct Counters {
	served: AtomicU64,
	fetched: AtomicU64,
	peers: AtomicU64,
	refused: AtomicU64,
}

/// Figures for people and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
	pub artifacts: u64,
	/// On disk or promised, their trees included.
	pub bytes: u64,
	pub quota_bytes: u64,
	/// Since it was opened.
	pub served_bytes: u64,
	pub fetched_bytes: u64,
	/// Requests that were refused.
	pub refused: u64,
	/// Connected now.
	pub peers: u64,
}

/// Room that is taken until this is dropped.
struct Promise<'a> {
	store: &'a Store,
	bytes: u64,
}

impl Drop for Promise<'_> {
	fn drop(&mut self) {
		self.store.ledger().redeem(self.bytes);
	}
}

impl Store {
	/// Takes the folder for this process, mends what a crash left, and answers peers from now on.
	pub async fn open(settings: Settings) -> Result<Self> {
		let folder = settings.folder.clone();
		fs::create_dir_all(&folder).map_err(|error| Error::machine(format_args!("{}: {error}", folder.display())))?;
		let folder = fs::canonicalize(&folder)?;
		let lock = folder::lock(&folder)?;
		let secret = Secret::load(&settings.key_file)?;

		let collect = Arc::new(Notify::new());
		let (blobs, collected) = open_blobs(&folder, collect.clone()).await?;
		let mut ledger = Ledger::default();
		let mut tags = blobs.tags().list().await.map_err(Error::database)?;
		while let Some(tag) = tags.next().await {
			let tag = tag.map_err(Error::database)?;
			let text = std::str::from_utf8(tag.name.as_ref())
				.map_err(|_| Error::invalid("the store's database has a tag that is no text"))?;
			ledger.read(text.parse()?);
		}
		let here = blobs.list().hashes().await.map_err(Error::database)?;
		for hash in &here {
			if let BlobStatus::Complete { size } = blobs.status(*hash).await.map_err(Error::database)? {
				ledger.enter(Name(*hash.as_bytes()), size);
			}
		}
		ledger.count_partial();
		let here: HashSet<_> = here.into_iter().collect();
		folder::remove_orphans(&folder, |name| here.contains(&hash(name)))?;
		folder::remove_passing(&folder)?;

		let transport = serve::bind(&settings, &secret).await?;
		let endpoint = announce(&settings, &secret, &transport)?;
		let store = Self(Arc::new(Inner {
			folder,
			quota: settings.quota_bytes,
			spare: settings.spare_bytes,
			secret,
			endpoint,
			patience: settings.patience,
			has_relay: settings.relay.is_some(),
			transport,
			blobs,
			ledger: Mutex::new(ledger),
			collector: tokio::sync::Mutex::new(collected),
			collect,
			adding: Default::default(),
			lines: Default::default(),
			fetching: Default::default(),
			counters: Default::default(),
			keys: Default::default(),
			reception: Default::default(),
			tasks: Default::default(),
			_lock: lock,
		}));
		let tasks = vec![tokio::spawn(serve::serve(&store, settings.limits)), tokio::spawn(tidy(&store))];
		*store.0.tasks.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = tasks;
		Ok(store)
	}

	/// What goes into the chain's registry.
	pub fn endpoint(&self) -> &Endpoint {
		&self.0.endpoint
	}

	pub fn key(&self) -> Key {
		self.0.secret.key()
	}

	/// Tells peers that it goes, and writes down what is not yet. Without it nothing is lost but the time to look again.
	pub async fn close(&self) {
		for task in self.tasks().drain(..) {
			task.abort();
		}
		self.0.transport.close().await;
		if let Err(error) = self.0.blobs.shutdown().await {
			tracing::debug!("the store was closed already: {error}");
		}
	}

	/// Adds bytes, kept for an hour or until [`Store::keep`] says for whom.
	pub async fn add(&self, bytes: impl Into<Vec<u8>>) -> Result<Artifact> {
		let bytes = bytes.into();
		let size = bytes.len() as u64;
		self.add_with(size, move |store| async move {
			store.0.blobs.add_bytes(bytes).temp_tag().await.map_err(Error::machine)
		})
		.await
	}

	/// Adds a file without reading it into memory.
	pub async fn add_file(&self, path: impl AsRef<Path>) -> Result<Artifact> {
		let path = path.as_ref();
		let at = |error: std::io::Error| Error::machine(format_args!("{}: {error}", path.display()));
		let absolute = fs::canonicalize(path).map_err(at)?;
		let about = fs::metadata(&absolute).map_err(at)?;
		if !about.is_file() {
			return Err(Error::invalid(format_args!("{} is no file", path.display())));
		}
		self.add_with(about.len(), move |store| async move {
			let options = AddPathOptions { path: absolute, format: BlobFormat::Raw, mode: ImportMode::Copy };
			store.0.blobs.add_path_with_opts(options).temp_tag().await.map_err(Error::machine)
		})
		.await
	}

	async fn add_with<F>(&self, size: u64, import: impl FnOnce(Self) -> F) -> Result<Artifact>
	where
		F: Future<Output = Result<TempTag>>,
	{
		if size > MOST_BYTES {
			return Err(Error::invalid(format_args!("{size} bytes: an artifact has at most {MOST_BYTES}")));
		}
		let _promise = self.promise(room(size), room(size)).await?;
		// Until the ledger knows it, its files look like leavings.
		let adding = self.0.adding.read().await;
		let tag = match import(self.clone()).await {
			Ok(tag) => tag,
			Err(error) => {
				drop(adding);
				self.sweep().await;
				return Err(error);
			}
		};
		let name = Name(*tag.hash().as_bytes());
		// A file may have grown or shrunk under our hands: its name is that of what was read.
		let bytes = match self.0.blobs.status(tag.hash()).await.map_err(Error::database)? {
			BlobStatus::Complete { size } => size,
			_ => return Err(Error::Missing(name)),
		};
		let artifact = Artifact { hash: name, bytes };
		self.settle(&artifact).await?;
		Ok(artifact)
	}

	/// What has come is on the disk, and is known to be.
	async fn settle(&self, artifact: &Artifact) -> Result<()> {
		let (data, tree) = folder::files(&self.0.folder, &artifact.hash);
		tokio::task::spawn_blocking(move || {
			for path in [data, tree] {
				match fs::File::open(&path) {
					Ok(file) => file.sync_all()?,
					// What is small is in the database.
					Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
					Err(error) => return Err(error),
				}
			}
			Ok(())
		})
		.await
		.map_err(Error::machine)??;
		let until = seconds(SystemTime::now()).saturating_add(GRACE.as_secs());
		self.hold(Record::Keep { owner: NEWCOMER, name: artifact.hash, until }).await?;
		let partial = {
			let mut ledger = self.ledger();
			ledger.enter(artifact.hash, artifact.bytes);
			ledger.settle(&artifact.hash)
		};
		if let Some(record) = partial {
			self.strike([record]).await?;
		}
		self.commit().await
	}

	/// Exactly the bytes of that name and size, checked against it.
	pub async fn get(&self, artifact: &Artifact) -> Result<Vec<u8>> {
		self.whole(artifact).await?;
		let mut bytes = Vec::new();
		self.read(artifact, |piece| {
			bytes.extend_from_slice(piece);
			std::future::ready(Ok(()))
		})
		.await?;
		Ok(bytes)
	}

	/// Its pieces in order, each checked, for whoever passes them on. After an error there are no more.
	pub async fn stream(&self, artifact: &Artifact) -> Result<mpsc::Receiver<Result<Vec<u8>>>> {
		self.whole(artifact).await?;
		let (pieces, reader) = mpsc::channel(PIECES_AHEAD);
		let (store, artifact) = (self.clone(), *artifact);
		tokio::spawn(async move {
			let read = store.read(&artifact, |piece| {
				let (piece, pieces) = (piece.to_vec(), pieces.clone());
				async move { pieces.send(Ok(piece)).await.map_err(|_| Error::invalid("nobody reads any more")) }
			});
			if let Err(error) = read.await {
				// Whoever has gone does not want to know.
				let _ = pieces.send(Err(error)).await;
			}
		});
		Ok(reader)
	}

	/// Writes it to a file, which appears when it is whole.
	pub async fn export(&self, artifact: &Artifact, path: impl AsRef<Path>) -> Result<()> {
		self.whole(artifact).await?;
		let path = path.as_ref();
		let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
		fs::create_dir_all(folder)?;
		let at = |error: std::io::Error| Error::machine(format_args!("{}: {error}", path.display()));
		let temporary = folder::passing(folder)?;
		let file = tokio::fs::File::from_std(temporary.reopen().map_err(at)?);
		let writer = tokio::sync::Mutex::new(tokio::io::BufWriter::with_capacity(1 << 20, file));
		self.read(artifact, |piece| {
			let piece = piece.to_vec();
			let writer = &writer;
			async move { Ok(writer.lock().await.write_all(&piece).await?) }
		})
		.await?;
		let mut writer = writer.into_inner();
		writer.flush().await.map_err(at)?;
		writer.get_ref().sync_all().await.map_err(at)?;
		fs::set_permissions(temporary.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).map_err(at)?;
		temporary.persist(path).map_err(|error| at(error.error))?;
		Ok(())
	}

	/// Whether all of it is here.
	pub async fn has(&self, artifact: &Artifact) -> Result<bool> {
		let status = self.0.blobs.status(hash(&artifact.hash)).await.map_err(Error::database)?;
		Ok(matches!(status, BlobStatus::Complete { size } if size == artifact.bytes))
	}

	async fn whole(&self, artifact: &Artifact) -> Result<()> {
		if self.has(artifact).await? {
			Ok(())
		} else {
			Err(Error::Missing(artifact.hash))
		}
	}

	/// Its first bytes, checked: so many, or all.
	async fn begin(&self, artifact: &Artifact, bytes: u64) -> Result<Vec<u8>> {
		self.whole(artifact).await?;
		let bytes = bytes.min(artifact.bytes);
		let mut begin = Vec::new();
		let take = |piece: &[u8]| {
			begin.extend_from_slice(piece);
			std::future::ready(Ok(()))
		};
		self.read_ranges(artifact, ChunkRanges::bytes(..bytes), bytes, take).await?;
		begin.truncate(bytes.try_into().unwrap_or(usize::MAX));
		Ok(begin)
	}

	/// Its pieces in order, each checked.
	async fn read<F>(&self, artifact: &Artifact, take: impl FnMut(&[u8]) -> F) -> Result<()>
	where
		F: Future<Output = Result<()>>,
	{
		self.read_ranges(artifact, ChunkRanges::all(), artifact.bytes, take).await
	}

	/// The pieces of these ranges, which have at least so many bytes.
	async fn read_ranges<F>(
		&self,
		artifact: &Artifact,
		ranges: ChunkRanges,
		least: u64,
		mut take: impl FnMut(&[u8]) -> F,
	) -> Result<()>
	where
		F: Future<Output = Result<()>>,
	{
		let mut given = 0u64;
		let stream = self.0.blobs.export_bao(hash(&artifact.hash), ranges).stream();
		let mut stream = std::pin::pin!(stream);
		while let Some(item) = stream.next().await {
			match item {
				EncodedItem::Leaf(leaf) => {
					given = given.saturating_add(leaf.data.len() as u64);
					take(&leaf.data).await?;
				}
				EncodedItem::Error(error) => return Err(self.diagnose(artifact, error.to_string()).await),
				_ => {}
			}
		}
		if (least..=artifact.bytes).contains(&given) {
			Ok(())
		} else {
			Err(self.diagnose(artifact, format!("{given} of {} bytes", artifact.bytes)).await)
		}
	}

	/// Tells apart what the disk holds wrongly, which must go, from what cannot be read now.
	async fn diagnose(&self, artifact: &Artifact, reason: String) -> Error {
		let (data, _) = folder::files(&self.0.folder, &artifact.hash);
		let expected = artifact.hash;
		let is_damaged = tokio::task::spawn_blocking(move || match fs::File::open(&data) {
			Ok(file) => {
				let mut hasher = blake3::Hasher::new();
				hasher.update_reader(file).is_ok_and(|hasher| *hasher.finalize().as_bytes() != expected.0)
			}
			Err(error) => error.kind() == std::io::ErrorKind::NotFound,
		})
		.await
		.unwrap_or(false);
		if !is_damaged && !reason.contains("mismatch") {
			return Error::machine(format_args!("artifact {} cannot be read: {reason}", artifact.hash));
		}
		tracing::error!("artifact {} is damaged on disk: {reason}", artifact.hash);
		match self.forget(&artifact.hash).await {
			Ok(()) => Error::Damaged(artifact.hash),
			Err(error) => error,
		}
	}

	/// Removes an artifact, whoever keeps it.
	async fn forget(&self, name: &Name) -> Result<()> {
		let records = self.ledger().forget(name);
		self.strike(records).await?;
		self.collect(SystemTime::now()).await?;
		Ok(())
	}

	/// Keeps an artifact for someone until then, or until [`Store::release`]. What is kept longer already stays so.
	pub async fn keep(&self, artifact: &Artifact, owner: Owner, until: SystemTime) -> Result<()> {
		self.whole(artifact).await?;
		self.hold(Record::Keep { owner, name: artifact.hash, until: seconds(until) }).await?;
		self.commit().await
	}

	/// That owner needs nothing any more. What nobody else keeps goes with the next collection.
	pub async fn release(&self, owner: Owner) -> Result<()> {
		self.ledger().release(&owner);
		self.0.blobs.tags().delete_prefix(Record::of_owner(&owner)).await.map_err(Error::database)?;
		self.commit().await
	}

	/// Serves an artifact to these keys alone, and to those named in earlier calls. It may be said before the artifact is
	/// added or fetched, so that there is no moment in which others can have it.
	pub async fn restrict(&self, artifact: &Artifact, allowed: &[Key]) -> Result<()> {
		let name = artifact.hash;
		let until = seconds(SystemTime::now()).saturating_add(GRACE.as_secs());
		// Our own key stands for "nobody" where nobody is named.
		let own = self.key();
		for key in allowed.iter().chain([&own]) {
			self.hold(Record::Only { name, key: *key }).await?;
		}
		self.hold(Record::Keep { owner: NEWCOMER, name, until }).await?;
		self.commit().await
	}

	/// Serves an artifact to everybody again.
	pub async fn lift(&self, artifact: &Artifact) -> Result<()> {
		let records = self.ledger().lift(&artifact.hash);
		self.strike(records).await?;
		self.commit().await
	}

	/// Removes what nobody keeps at that time, and says how many bytes that freed.
	pub async fn collect(&self, now: SystemTime) -> Result<u64> {
		let mut collected = self.0.collector.lock().await;
		let (before, expired) = {
			let mut ledger = self.ledger();
			(ledger.used(), ledger.expire(seconds(now)))
		};
		self.strike(expired).await?;
		self.commit().await?;
		let runs = *collected.borrow_and_update();
		self.0.collect.notify_one();
		// A collector that has failed does not say so.
		tokio::time::timeout(COLLECT_WITHIN, collected.wait_for(|count| *count > runs))
			.await
			.map_err(|_| Error::database("collecting takes too long"))?
			.map_err(Error::database)?;
		let here: HashSet<_> = self.0.blobs.list().hashes().await.map_err(Error::database)?.into_iter().collect();
		let freed = {
			let mut ledger = self.ledger();
			ledger.retain(|name| here.contains(&hash(name)));
			before.saturating_sub(ledger.used())
		};
		// The blob store forgets some trees of what was fetched. While something is added, its files are not yet known.
		if let Ok(_adding) = self.0.adding.try_write() {
			let is_known = |name: &Name| here.contains(&hash(name)) || self.ledger().size(name).is_some();
			folder::remove_orphans(&self.0.folder, is_known)?;
		}
		Ok(freed)
	}

	/// Every artifact that is here or on its way, and for how many owners each is kept.
	pub fn list(&self) -> Vec<(Artifact, usize)> {
		let ledger = self.ledger();
		let mut list: Vec<_> =
			ledger.all().map(|(name, bytes)| (Artifact { hash: *name, bytes: *bytes }, ledger.owners(name))).collect();
		list.sort_by_key(|(artifact, _)| artifact.hash.0);
		list
	}

	pub fn usage(&self) -> Usage {
		let counters = &self.0.counters;
		let ledger = self.ledger();
		Usage {
			artifacts: ledger.all().count() as u64,
			bytes: ledger.used(),
			quota_bytes: self.0.quota,
			served_bytes: counters.served.load(Ordering::Relaxed),
			fetched_bytes: counters.fetched.load(Ordering::Relaxed),
			refused: counters.refused.load(Ordering::Relaxed),
			peers: counters.peers.load(Ordering::Relaxed),
		}
	}

	/// Bytes that may still be written to its disk.
	pub fn free(&self) -> Result<u64> {
		folder::free(&self.0.folder)
	}

	/// For the engine, which waits. Not to be used on a thread that drives tasks.
	pub fn blocking(&self) -> Blocking {
		Blocking { store: self.clone(), runtime: Handle::current() }
	}

	/// Takes so much of the quota, after a collection if it must be, and looks whether the disk has so much.
	async fn promise(&self, quota: u64, disk: u64) -> Result<Promise<'_>> {
		let missing = |store: &Self| {
			let mut ledger = store.ledger();
			let wanted = ledger.used().saturating_add(quota);
			let missing = wanted.saturating_sub(store.0.quota);
			if missing == 0 {
				ledger.promise(quota);
			}
			missing
		};
		if missing(self) > 0 {
			self.collect(SystemTime::now()).await?;
			let missing = missing(self);
			if missing > 0 {
				return Err(Error::Quota { missing, quota: self.0.quota });
			}
		}
		let promise = Promise { store: self, bytes: quota };
		match disk.saturating_add(self.0.spare).saturating_sub(folder::free(&self.0.folder)?) {
			0 => Ok(promise),
			missing => Err(Error::Disk { missing, folder: self.0.folder.clone() }),
		}
	}

	/// Writes a record, and removes the one that it replaces.
	async fn hold(&self, record: Record) -> Result<()> {
		let replaced = self.ledger().replaced(&record);
		let stands = match (replaced, record) {
			(Some(Record::Keep { until: old, .. }), Record::Keep { until, .. }) => old >= until,
			(replaced, record) => replaced == Some(record),
		};
		if stands {
			return Ok(());
		}
		let tags = self.0.blobs.tags();
		let value = HashAndFormat::raw(hash(&record.name()));
		tags.set(record.to_string(), value).await.map_err(Error::database)?;
		self.ledger().read(record);
		if let Some(replaced) = replaced {
			tags.delete(replaced.to_string()).await.map_err(Error::database)?;
		}
		Ok(())
	}

	/// Removes records, and what was left of older ones.
	async fn strike(&self, records: impl IntoIterator<Item = Record>) -> Result<()> {
		for record in records {
			self.0.blobs.tags().delete_prefix(record.prefix()).await.map_err(Error::database)?;
		}
		Ok(())
	}

	/// What was said so far is on the disk.
	async fn commit(&self) -> Result<()> {
		self.0.blobs.sync_db().await.map_err(Error::database)
	}

	/// Removes what an addition left that failed.
	async fn sweep(&self) {
		let _adding = self.0.adding.write().await;
		if let Err(error) = folder::remove_temporary(&self.0.folder) {
			tracing::warn!("{}: {error}", self.0.folder.display());
		}
	}

	fn ledger(&self) -> MutexGuard<'_, Ledger> {
		// It is only ever changed by calls that cannot fail half way.
		self.0.ledger.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
		self.0.tasks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}
}

impl Drop for Inner {
	fn drop(&mut self) {
		for task in self.tasks.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).drain(..) {
			task.abort();
		}
	}
}

/// The store as the engine knows it.
#[derive(Clone)]
pub struct Blocking {
	store: Store,
	runtime: Handle,
}

impl artifacts::Store for Blocking {
	fn get(&self, artifact: &Artifact) -> crate::error::Result<Vec<u8>> {
		Ok(self.runtime.block_on(self.store.get(artifact))?)
	}

	fn put(&self, bytes: &[u8]) -> crate::error::Result<Artifact> {
		Ok(self.runtime.block_on(self.store.add(bytes))?)
	}
}

fn hash(name: &Name) -> Hash {
	Hash::from(name.0)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
	tokio::task::spawn_blocking(work).await.map_err(Error::machine)?
}

/// The blob store, with a collector that runs when it is notified and counts its runs.
async fn open_blobs(folder: &Path, collect: Arc<Notify>) -> Result<(FsStore, watch::Receiver<u64>)> {
	folder::remove_temporary(folder)?;
	let (runs, collected) = watch::channel(0u64);
	let is_first = std::sync::atomic::AtomicBool::new(true);
	let runs = Arc::new(runs);
	let mut options = Options::new(folder);
	options.gc = Some(GcConfig {
		interval: Duration::from_millis(1),
		// It is asked before each run: so it can make the run wait until one is wanted, and knows that the last is over.
		add_protected: Some(Arc::new(move |_| {
			if !is_first.swap(false, Ordering::SeqCst) {
				runs.send_modify(|count| *count = count.wrapping_add(1));
			}
			let collect = collect.clone();
			Box::pin(async move {
				collect.notified().await;
				ProtectOutcome::Continue
			})
		})),
	});
	let blobs = FsStore::load_with_opts(folder.join("blobs.db"), options)
		.await
		.map_err(|error| Error::machine(format_args!("the store {}: {error:#}", folder.display())))?;
	Ok((blobs, collected))
}

/// Collects now and then, as long as there is a store.
fn tidy(store: &Store) -> impl Future<Output = ()> {
	let weak = Arc::downgrade(&store.0);
	async move {
		loop {
			tokio::time::sleep(COLLECT_EVERY).await;
			let Some(inner) = weak.upgrade() else { return };
			match Store(inner).collect(SystemTime::now()).await {
				Ok(0) => {}
				Ok(freed) => tracing::info!("collected {freed} bytes that nobody keeps"),
				Err(error) => tracing::error!("the store cannot collect: {error}"),
			}
		}
	}
}

/// The addresses under which peers reach this endpoint.
fn announce(settings: &Settings, secret: &Secret, transport: &iroh::Endpoint) -> Result<Endpoint> {
	let relay = settings.relay.clone();
	if !settings.announce.is_empty() {
		return Endpoint::new(secret.key(), settings.announce.clone(), relay);
	}
	let bound = transport.bound_sockets();
	if !settings.listen.ip().is_unspecified() {
		return Endpoint::new(secret.key(), bound, relay);
	}
	let addresses: Vec<_> = transport.addr().ip_addrs().copied().collect();
	Endpoint::fitting(secret.key(), &addresses, relay)
		.map_err(|_| Error::invalid("no address of this machine is known to it: say under which ones peers reach it"))
}
