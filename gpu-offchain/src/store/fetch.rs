//! Artifacts from peers: from several at once, each piece checked before it is written, and never waiting for whoever
//! lies, stalls or goes away.

use super::{
	hash,
	ledger::{room, seconds, Record, PARTIAL_GRACE},
	serve, Endpoint, Error, Inner, Key, Refusal, Result, Store,
};
use crate::artifacts::{Artifact, Name, MOST_BYTES};
use futures::{stream::FuturesUnordered, StreamExt};
use iroh::endpoint::{ConnectOptions, Connection, QuicTransportConfig};
use iroh_blobs::{
	api::blobs::{Bitfield, BlobStatus},
	get::{
		fsm::{self, AtBlobHeaderNextError, BlobContentNext, ConnectedNext, DecodeError},
		request::get_verified_size,
		GetError,
	},
	protocol::{ChunkRanges, ChunkRangesExt, GetRequest, ALPN, ERR_INTERNAL, ERR_LIMIT, ERR_PERMISSION},
	Hash, HashAndFormat,
};
use std::{
	collections::{HashMap, HashSet, VecDeque},
	future::Future,
	num::NonZeroU64,
	ops::Range,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex, MutexGuard,
	},
	time::{Duration, SystemTime},
};
use tokio::{
	sync::{mpsc, Notify, Semaphore},
	task::JoinSet,
	time::{timeout, Instant},
};

/// How long a source is borne with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
	/// Until it answers a call.
	pub connect: Duration,
	/// Between two pieces of 16 KiB.
	pub silence: Duration,
	/// Whoever gives less over `silence` and more is dropped.
	pub least_bytes_per_second: u64,
}

impl Default for Patience {
	fn default() -> Self {
		Self { connect: Duration::from_secs(10), silence: Duration::from_secs(10), least_bytes_per_second: 16 << 10 }
	}
}

/// How an artifact came.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
	/// Bytes that were here before.
	pub had: u64,
	/// Who gave how many bytes.
	pub from: Vec<(Endpoint, u64)>,
	/// Who was given up, and why.
	pub refusals: Vec<Refusal>,
}

impl Fetched {
	pub fn received(&self) -> u64 {
		self.from.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
	}
}

/// A source works on pieces of so many KiB, the unit of ranges: small enough that all sources have several of them.
const LEAST_PIECE: u64 = 1 << 10;
const MOST_PIECE: u64 = 16 << 10;
const PIECES: u64 = 128;

/// Below so many bytes it is not worth a record that an artifact is half here.
const RESUMABLE: u64 = 1 << 20;

/// How long a piece may take before a source that has nothing else to do helps with it, and how often that is looked at.
const HELP_AFTER: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Pieces that one source works on at once, so that it never waits for our next question.
const LANES: usize = 4;

/// How often a source is called whose line breaks.
const CALLS: usize = 3;

/// Requests on one line at once: fewer than a source allows.
const REQUESTS: usize = 12;

/// Lines that stay open for the next fetch. Sources close them when we are silent for too long.
const LINES: usize = 64;

/// Sources at once; others wait until one of these is dropped.
const SOURCES: usize = 4;

/// Nobody who gives nothing is waited for alone: after so long the next is asked as well.
const ALONE: Duration = Duration::from_secs(1);

/// Bytes on their way to us in one piece. The transport gives up a connection when a stream has more than 1024 gaps: in
/// so many bytes there are not so many packets, whichever are lost.
const STREAM_WINDOW: u32 = 2 << 20;

/// A range of KiB of an artifact.
#[derive(Debug)]
struct Piece {
	range: Range<u64>,
	is_done: bool,
	/// Which sources work on it: a second one helps out when nothing else is left to do.
	by: Vec<usize>,
	since: Instant,
	/// Bytes of it that are here.
	here: u64,
}

/// Who does what.
#[derive(Debug)]
struct Plan {
	pieces: Mutex<Vec<Piece>>,
	changed: Notify,
}

enum Turn {
	Work(usize, Range<u64>),
	Wait,
	Over,
}

impl Plan {
	fn new(missing: &ChunkRanges) -> Self {
		let ranges = || missing.boundaries().chunks_exact(2);
		let total = ranges().fold(0u64, |sum, bounds| match bounds {
			[start, end] => sum.saturating_add(end.0.saturating_sub(start.0)),
			_ => sum,
		});
		let size = (total / PIECES).next_power_of_two().clamp(LEAST_PIECE, MOST_PIECE);
		let mut pieces = Vec::new();
		for bounds in ranges() {
			let [start, end] = bounds else { continue };
			let mut start = start.0;
			while start < end.0 {
				// Where pieces begin and end, the tree does as well.
				let next = start.saturating_add(1).next_multiple_of(size).min(end.0);
				let range = start..next;
				pieces.push(Piece { range, is_done: false, by: Vec::new(), since: Instant::now(), here: 0 });
				start = next;
			}
		}
		Self { pieces: Mutex::new(pieces), changed: Notify::new() }
	}

	fn pieces(&self) -> MutexGuard<'_, Vec<Piece>> {
		self.pieces.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	fn len(&self) -> usize {
		self.pieces().len()
	}

	/// The next piece for that source: one that nobody has, or else one that another source is slow with.
	fn turn(&self, source: usize) -> Turn {
		let mut pieces = self.pieces();
		let free = pieces.iter().position(|piece| !piece.is_done && piece.by.is_empty());
		let slow = || {
			pieces.iter().position(|piece| {
				let is_alone = piece.by.len() == 1 && !piece.by.contains(&source);
				!piece.is_done && is_alone && piece.since.elapsed() > HELP_AFTER
			})
		};
		if let Some(nth) = free.or_else(slow) {
			if let Some(piece) = pieces.get_mut(nth) {
				piece.by.push(source);
				piece.since = Instant::now();
				return Turn::Work(nth, piece.range.clone());
			}
		}
		if pieces.iter().all(|piece| piece.is_done) {
			Turn::Over
		} else {
			Turn::Wait
		}
	}

	/// So many bytes of a piece are here: says how many of them nobody has counted yet.
	fn here(&self, nth: usize, bytes: u64) -> u64 {
		match self.pieces().get_mut(nth) {
			Some(piece) => {
				let more = bytes.saturating_sub(piece.here);
				piece.here = piece.here.max(bytes);
				more
			}
			None => 0,
		}
	}

	fn end(&self, nth: usize, source: usize, is_done: bool) {
		if let Some(piece) = self.pieces().get_mut(nth) {
			piece.is_done |= is_done;
			piece.by.retain(|other| *other != source);
		}
		self.changed.notify_waiters();
	}

	/// That source works on nothing any more.
	fn leave(&self, source: usize) {
		for piece in self.pieces().iter_mut() {
			piece.by.retain(|other| *other != source);
		}
		self.changed.notify_waiters();
	}

	fn is_over(&self) -> bool {
		self.pieces().iter().all(|piece| piece.is_done)
	}
}

/// An open connection to a source, shared by all fetches from it.
#[derive(Clone)]
struct Line {
	connection: Connection,
	requests: Arc<Semaphore>,
}

/// Open lines, by key. Whoever calls holds the lock of that key, so that nobody calls twice.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Option<Line>>>>>);

impl Lines {
	fn of(&self, key: Key) -> Arc<tokio::sync::Mutex<Option<Line>>> {
		let mut lines = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		if lines.len() >= LINES {
			lines.retain(|_, line| Arc::strong_count(line) > 1);
		}
		lines.entry(key).or_default().clone()
	}

	/// Whether a peer was reached before, and has not gone since.
	fn is_open(&self, key: Key) -> bool {
		let lines = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let Some(line) = lines.get(&key) else { return false };
		let line = line.try_lock();
		line.is_ok_and(|line| line.as_ref().is_some_and(|line| line.connection.close_reason().is_none()))
	}
}

/// What all lanes of a fetch share.
struct Job {
	inner: Arc<Inner>,
	artifact: Artifact,
	size: NonZeroU64,
	plan: Plan,
	/// Bytes that came, for whoever watches.
	came: mpsc::UnboundedSender<u64>,
	/// What this machine failed with first: what follows from it says less.
	trouble: Mutex<Option<String>>,
}

impl Store {
	/// Fetches an artifact from these sources, from several at once if it is large, and keeps it for an hour or until
	/// [`Store::keep`] says for whom. `progress` hears how many bytes are here. What was fetched before, and before a
	/// crash, is not fetched again; what is fetched and given up stays for a day.
	pub async fn fetch(
		&self,
		artifact: &Artifact,
		sources: &[Endpoint],
		mut progress: impl FnMut(u64) + Send,
	) -> Result<Fetched> {
		if artifact.bytes > MOST_BYTES {
			return Err(Error::invalid(format_args!("{} bytes: an artifact has at most {MOST_BYTES}", artifact.bytes)));
		}
		let turn = {
			let mut fetching = self.0.fetching.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
			fetching.retain(|_, turn| Arc::strong_count(turn) > 1);
			fetching.entry(artifact.hash).or_default().clone()
		};
		let _turn = turn.lock().await;
		// Nothing is collected that is being written.
		let value = HashAndFormat::raw(hash(&artifact.hash));
		let mut tag = self.0.blobs.tags().temp_tag(value).await.map_err(Error::machine)?;
		let had = match self.had(artifact).await? {
			Some(had) => had,
			None => {
				drop(tag);
				self.forget(&artifact.hash).await?;
				tag = self.0.blobs.tags().temp_tag(value).await.map_err(Error::machine)?;
				0
			}
		};
		let _tag = tag;
		progress(had);
		if had == artifact.bytes && self.has(artifact).await? {
			self.settle(artifact).await?;
			return Ok(Fetched { had, ..Fetched::default() });
		}
		let Some(size) = NonZeroU64::new(artifact.bytes) else {
			return Err(Error::invalid("no bytes have another name than this"));
		};
		self.promise_fetch(artifact, artifact.bytes.saturating_sub(had)).await?;

		let (came, mut news) = mpsc::unbounded_channel();
		let missing = every(artifact).difference(&self.bitfield(artifact).await?.ranges);
		let job = Arc::new(Job {
			inner: self.0.clone(),
			artifact: *artifact,
			size,
			plan: Plan::new(&missing),
			came,
			trouble: Mutex::default(),
		});
		let mut race = Race::new(job.clone(), sources);
		let mut here = had;
		let outcome = loop {
			tokio::select! {
				biased;
				Some(bytes) = news.recv() => {
					here = here.saturating_add(bytes).min(artifact.bytes);
					progress(here);
				}
				is_running = race.step() => if !is_running { break race.fetched },
			}
		};
		if race.failure.is_some() {
			// Others fail for the same reason soon; the first of them knows it.
			timeout(LOOK_EVERY, async { while race.lanes.join_next().await.is_some() {} }).await.ok();
		}
		// Whoever still sends what another has given is cut off.
		race.lanes.shutdown().await;
		let fetched = Fetched { had, ..outcome };
		self.0.counters.fetched.fetch_add(fetched.received(), Ordering::Relaxed);
		if let Some(error) = race.failure {
			let trouble = job.trouble.lock().ok().and_then(|mut trouble| trouble.take());
			return Err(trouble.map_or(error, Error::machine));
		}
		if self.has(artifact).await? {
			self.settle(artifact).await?;
			progress(artifact.bytes);
			return Ok(fetched);
		}
		if self.bitfield(artifact).await?.is_empty() {
			self.abandon(artifact).await?;
		}
		Err(Error::Unfetched { name: artifact.hash, refusals: fetched.refusals })
	}

	/// An artifact of which only the name is known: the first source that has it says its size, and proves it by the last
	/// piece. Refused if it has more than `most` bytes.
	pub async fn find(&self, name: &Name, most: u64, sources: &[Endpoint]) -> Result<Artifact> {
		let found = |bytes: u64| {
			if bytes <= most {
				return Ok(Artifact { hash: *name, bytes });
			}
			Err(Error::Invalid(format!("artifact {name} has {bytes} bytes, and {most} are the most that it may have")))
		};
		if *name == Name::of(&[]) {
			return found(0);
		}
		if let BlobStatus::Complete { size } = self.0.blobs.status(hash(name)).await.map_err(Error::machine)? {
			return found(size);
		}
		let ask = |source| self.0.clone().size_at(source, *name);
		found(self.0.first(sources, ask, |refusals| Error::Unfetched { name: *name, refusals }).await?)
	}

	/// How many bytes of it are here and right. `None` if what is here came under the same name with another size: one
	/// of the names lies, and so may the tree that came with it.
	async fn had(&self, artifact: &Artifact) -> Result<Option<u64>> {
		let (is_partial, is_unsettled, known) = {
			let ledger = self.ledger();
			let name = &artifact.hash;
			(ledger.is_partial(name), ledger.is_partial(name) || ledger.owners(name) == 0, ledger.size(name))
		};
		let present = self.bitfield(artifact).await?;
		if present.is_complete() && present.size() != artifact.bytes {
			return Err(Error::invalid(format_args!(
				"artifact {} has {} bytes, not {}",
				artifact.hash,
				present.size(),
				artifact.bytes
			)));
		}
		if present.is_complete() {
			// It was completed, and the process ended before it was known to be on the disk.
			if is_unsettled {
				self.read(artifact, |_| std::future::ready(Ok(()))).await?;
			}
			return Ok(Some(artifact.bytes));
		}
		if is_partial && known.is_some_and(|known| known != artifact.bytes) {
			return Ok(None);
		}
		let every = every(artifact);
		let bytes = Bitfield::new(&every & &present.ranges, artifact.bytes).total_bytes();
		Ok(Some(bytes.min(artifact.bytes)))
	}

	async fn bitfield(&self, artifact: &Artifact) -> Result<Bitfield> {
		self.0.blobs.observe(hash(&artifact.hash)).await.map_err(Error::machine)
	}

	/// Room for what is still to come; it counts as the artifact's from now on.
	async fn promise_fetch(&self, artifact: &Artifact, missing: u64) -> Result<()> {
		let is_counted = self.ledger().size(&artifact.hash).is_some();
		let promise = self.promise(if is_counted { 0 } else { room(artifact.bytes) }, room(missing)).await?;
		let until = seconds(SystemTime::now()).saturating_add(PARTIAL_GRACE.as_secs());
		self.ledger().enter(artifact.hash, artifact.bytes);
		drop(promise);
		if artifact.bytes < RESUMABLE {
			return Ok(());
		}
		self.hold(Record::Partial { name: artifact.hash, bytes: artifact.bytes, until }).await?;
		self.commit().await
	}

	/// Nothing of it came.
	async fn abandon(&self, artifact: &Artifact) -> Result<()> {
		let record = {
			let mut ledger = self.ledger();
			ledger.leave(&artifact.hash);
			ledger.settle(&artifact.hash)
		};
		self.strike(record).await
	}
}

/// All ranges of an artifact, in KiB.
fn every(artifact: &Artifact) -> ChunkRanges {
	ChunkRanges::chunks(..artifact.bytes.div_ceil(1 << 10).max(1))
}

/// Sources at work, and those that wait.
struct Race {
	job: Arc<Job>,
	lanes: JoinSet<Lane>,
	waiting: VecDeque<(usize, Endpoint)>,
	all: Vec<Endpoint>,
	given: Vec<Arc<AtomicU64>>,
	running: Vec<usize>,
	dropped: HashSet<usize>,
	fetched: Fetched,
	failure: Option<Error>,
}

/// How a lane ended.
struct Lane {
	source: usize,
	end: std::result::Result<(), Fault>,
}

/// Why a source is given up, or this machine.
pub(super) enum Fault {
	/// It does wrong, or has nothing.
	Source(String),
	/// The line to it broke, which is nobody's fault the first time.
	Line(String),
	Here(Error),
}

impl Fault {
	/// As an error, where nobody else can be asked.
	pub(super) fn or_else(self, error: impl FnOnce(String) -> Error) -> Error {
		match self {
			Self::Source(reason) | Self::Line(reason) => error(reason),
			Self::Here(error) => error,
		}
	}
}

impl Race {
	fn new(job: Arc<Job>, sources: &[Endpoint]) -> Self {
		let all = job.inner.in_order(sources);
		let waiting = all.iter().cloned().enumerate().collect();
		let given = all.iter().map(|_| Arc::default()).collect();
		let mut race = Self {
			job,
			lanes: JoinSet::new(),
			waiting,
			running: Vec::new(),
			given,
			all,
			dropped: HashSet::new(),
			fetched: Fetched::default(),
			failure: None,
		};
		race.start(race.job.plan.len().max(1));
		race
	}

	/// Lets waiting sources in, until so many are at work.
	fn start(&mut self, wanted: usize) {
		self.running.retain(|source| !self.dropped.contains(source));
		while self.running.len() < wanted.min(SOURCES) {
			let Some((source, endpoint)) = self.waiting.pop_front() else { return };
			self.running.push(source);
			let given = self.given.get(source).cloned().unwrap_or_default();
			self.lanes.spawn(self.job.clone().work(source, endpoint, given));
		}
	}

	/// Waits for the next end of a source, or until none has given anything for too long; `false` when there is nothing to
	/// wait for.
	async fn step(&mut self) -> bool {
		if !self.job.plan.is_over() && self.failure.is_none() {
			let Ok(ended) = timeout(ALONE, self.lanes.join_next()).await else {
				self.start(self.running.len().saturating_add(1));
				return true;
			};
			if let Some(ended) = ended {
				match ended {
					Ok(Lane { end: Ok(()), .. }) => {}
					Ok(Lane { source, end: Err(Fault::Source(reason) | Fault::Line(reason)) }) => {
						self.give_up(source, reason);
					}
					Ok(Lane { end: Err(Fault::Here(error)), .. }) => self.failure = Some(error),
					Err(error) => self.failure = Some(Error::machine(error)),
				}
				self.start(self.job.plan.len().max(1));
				return true;
			}
		}
		for (source, given) in self.all.iter().zip(&self.given) {
			let bytes = given.load(Ordering::Relaxed);
			if bytes > 0 {
				self.fetched.from.push((source.clone(), bytes));
			}
		}
		false
	}

	fn give_up(&mut self, source: usize, reason: String) {
		if let Some(endpoint) = self.all.get(source).filter(|_| self.dropped.insert(source)) {
			tracing::debug!(source = %endpoint.key(), "given up: {reason}");
			self.fetched.refusals.push(Refusal { source: endpoint.clone(), reason });
		}
	}
}

impl Inner {
	/// Each source once, and not oneself; first those to whom a line is open.
	fn in_order(&self, sources: &[Endpoint]) -> Vec<Endpoint> {
		let mut seen = HashSet::from([self.secret.key()]);
		let all = sources.iter().filter(|source| seen.insert(source.key())).cloned();
		let (mut first, others): (Vec<_>, Vec<_>) = all.partition(|source| self.lines.is_open(source.key()));
		first.extend(others);
		first
	}

	/// What the first of these sources gives that has it; an error of all their refusals, if none has. Nobody is waited for
	/// alone.
	pub(super) async fn first<T, Asking>(
		&self,
		sources: &[Endpoint],
		ask: impl Fn(Endpoint) -> Asking,
		none: impl FnOnce(Vec<Refusal>) -> Error,
	) -> Result<T>
	where
		Asking: Future<Output = (Endpoint, std::result::Result<T, Fault>)>,
	{
		let mut waiting = self.in_order(sources).into_iter();
		let mut asked = FuturesUnordered::new();
		let mut refusals = Vec::new();
		loop {
			match waiting.next() {
				Some(source) => asked.push(ask(source)),
				None if asked.is_empty() => return Err(none(refusals)),
				None => {}
			}
			match timeout(ALONE, asked.next()).await {
				Ok(Some((_, Ok(given)))) => return Ok(given),
				Ok(Some((source, Err(Fault::Source(reason) | Fault::Line(reason))))) => {
					refusals.push(Refusal { source, reason });
				}
				Ok(Some((_, Err(Fault::Here(error))))) => return Err(error),
				Ok(None) | Err(_) => {}
			}
		}
	}

	/// How many bytes a source says that an artifact has, and proves it.
	async fn size_at(self: Arc<Self>, source: Endpoint, name: Name) -> (Endpoint, std::result::Result<u64, Fault>) {
		let asking = async {
			let (line, _) = self.call(&source).await?;
			let _turn = line.requests.acquire().await.map_err(|error| Fault::Here(Error::machine(error)))?;
			let asked = timeout(self.patience.silence, get_verified_size(&line.connection, &hash(&name))).await;
			let asked = asked.map_err(|_| Fault::Source("does not answer".into()))?;
			asked.map(|(size, _)| size).map_err(|error| Fault::Source(format!("does not have it: {error:#}")))
		};
		let answer = asking.await;
		if let Err(Fault::Source(_) | Fault::Line(_)) = &answer {
			// A line that is bad is not used again.
			*self.lines.of(source.key()).lock().await = None;
		}
		(source, answer)
	}

	/// A line to a source, and whether it is a new one.
	async fn call(&self, endpoint: &Endpoint) -> std::result::Result<(Line, bool), Fault> {
		let line = self.lines.of(endpoint.key());
		let mut line = line.lock().await;
		if let Some(open) = line.as_ref().filter(|line| line.connection.close_reason().is_none()) {
			return Ok((open.clone(), false));
		}
		let connection = self.connect(endpoint, ALPN).await?;
		let open = Line { connection, requests: Arc::new(Semaphore::new(REQUESTS)) };
		Ok((line.insert(open).clone(), true))
	}

	/// A new connection for a protocol.
	pub(super) async fn connect(&self, endpoint: &Endpoint, protocol: &[u8]) -> std::result::Result<Connection, Fault> {
		let dial = endpoint.dial(self.has_relay).map_err(Fault::Here)?;
		let connecting = async {
			let options = ConnectOptions::new().with_transport_config(transport());
			let connecting = self.transport.connect_with_opts(dial, protocol, options).await;
			let connecting = connecting.map_err(|error| Fault::Source(format!("cannot be called: {error}")))?;
			connecting.await.map_err(|error| Fault::Source(format!("cannot be reached: {error}")))
		};
		timeout(self.patience.connect, connecting).await.map_err(|_| Fault::Source("does not answer".into()))?
	}
}

impl Job {
	/// Calls a source, again if the line breaks after it gave something, or if it was an old line.
	async fn work(self: Arc<Self>, source: usize, endpoint: Endpoint, given: Arc<AtomicU64>) -> Lane {
		let mut calls = 1usize;
		loop {
			let before = given.load(Ordering::Relaxed);
			let (is_fresh, end) = match self.inner.call(&endpoint).await {
				Ok((line, is_fresh)) => (is_fresh, self.visit(source, &line, &given).await),
				Err(fault) => (true, Err(fault)),
			};
			if end.is_err() {
				*self.inner.lines.of(endpoint.key()).lock().await = None;
			}
			let is_worth_it = !is_fresh || given.load(Ordering::Relaxed) > before;
			match end {
				Err(Fault::Line(_)) if calls < CALLS && is_worth_it => calls = calls.saturating_add(1),
				end => return Lane { source, end },
			}
		}
	}

	/// Has a source give piece after piece, several at once.
	async fn visit(
		self: &Arc<Self>,
		source: usize,
		line: &Line,
		given: &Arc<AtomicU64>,
	) -> std::result::Result<(), Fault> {
		let mut lanes = JoinSet::new();
		for _ in 0..LANES.min(self.plan.len()) {
			let (job, line, given) = (self.clone(), line.clone(), given.clone());
			lanes.spawn(async move { job.lane(source, &line, &given).await });
		}
		let mut end = Ok(());
		while let Some(lane) = lanes.join_next().await {
			end = lane.unwrap_or_else(|error| Err(Fault::Here(Error::machine(error))));
			match end {
				Ok(()) => {}
				Err(Fault::Here(_)) => {
					timeout(LOOK_EVERY, async { while lanes.join_next().await.is_some() {} }).await.ok();
					break;
				}
				Err(_) => break,
			}
		}
		// The first lie or silence of one lane ends the others too, and gives their pieces back.
		lanes.shutdown().await;
		self.plan.leave(source);
		end
	}

	async fn lane(&self, source: usize, line: &Line, given: &AtomicU64) -> std::result::Result<(), Fault> {
		loop {
			let changed = self.plan.changed.notified();
			let mut changed = std::pin::pin!(changed);
			changed.as_mut().enable();
			match self.plan.turn(source) {
				Turn::Over => return Ok(()),
				Turn::Wait => {
					timeout(LOOK_EVERY, changed).await.ok();
				}
				Turn::Work(nth, range) => {
					let outcome = self.piece(nth, range, line, given).await;
					self.plan.end(nth, source, outcome.is_ok());
					outcome?;
				}
			}
		}
	}

	/// Has what is missing of a piece sent, and writes what is right of it.
	async fn piece(
		&self,
		nth: usize,
		range: Range<u64>,
		line: &Line,
		given: &AtomicU64,
	) -> std::result::Result<(), Fault> {
		let hash: Hash = hash(&self.artifact.hash);
		let here = |error: String| Fault::Here(Error::machine(error));
		let present = self.inner.blobs.observe(hash).await.map_err(|error| here(format!("{error:#}")))?;
		let wanted = ChunkRanges::chunks(range);
		let bytes = |ranges: ChunkRanges| Bitfield::new(ranges, self.artifact.bytes).total_bytes();
		let before = bytes(&wanted & &present.ranges);
		let missing = wanted.difference(&present.ranges);
		if missing.is_empty() {
			return Ok(());
		}
		let patience = &self.inner.patience;
		let _request = line.requests.acquire().await.map_err(|error| here(error.to_string()))?;
		let silent = |_| Fault::Line(format!("was silent for {} s", patience.silence.as_secs_f32()));
		let request = GetRequest::blob_ranges(hash, missing);
		let asked = async {
			let start = fsm::start(line.connection.clone(), request, Default::default());
			let connected = start.next().await.map_err(|error| said(error.into()))?;
			match connected.next().await.map_err(|error| said(error.into()))? {
				ConnectedNext::StartRoot(root) => root.next().next().await.map_err(|error| said(error.into())),
				_ => Err(here("a request for no artifact".into())),
			}
		};
		let (mut content, size) = timeout(patience.silence, asked).await.map_err(silent)??;
		if size != self.artifact.bytes {
			return Err(Fault::Source(format!("offers {size} bytes under this name, not {}", self.artifact.bytes)));
		}
		let import =
			self.inner.blobs.import_bao(hash, self.size, 64).await.map_err(|error| here(format!("{error:#}")))?;
		let begin = Instant::now();
		let mut came = 0u64;
		let read = async {
			loop {
				match timeout(patience.silence, content.next()).await.map_err(silent)? {
					BlobContentNext::More((next, item)) => {
						let item = item.map_err(|error| said(GetError::from(error)))?;
						if import.tx.send(item).await.is_err() {
							// Why the disk did not take it, the import says.
							return Ok(());
						}
						let total = next.stats().payload_bytes_read;
						let more = total.saturating_sub(came);
						came = total;
						if more > 0 {
							given.fetch_add(more, Ordering::Relaxed);
							self.came.send(self.plan.here(nth, before.saturating_add(total))).ok();
						}
						let elapsed = begin.elapsed();
						let due = elapsed.as_secs().saturating_mul(patience.least_bytes_per_second);
						if elapsed > patience.silence && came < due {
							return Err(Fault::Source(format!("gave {came} bytes in {} s", elapsed.as_secs())));
						}
						content = next;
					}
					BlobContentNext::Done(_) => return Ok(()),
				}
			}
		};
		let outcome = read.await;
		// What was right until then is written, whatever came after.
		drop(import.tx);
		match import.rx.await {
			Ok(Ok(())) => outcome,
			Ok(Err(error)) => {
				let reason = format!("the disk did not take it: {error:#}");
				// After a failure the store refuses what comes next for the same artifact, which explains nothing.
				if let Ok(mut trouble) = self.trouble.lock() {
					if !reason.contains("poisoned") {
						trouble.get_or_insert(reason.clone());
					}
				}
				Err(here(reason))
			}
			Err(error) => Err(here(format!("the store has failed: {error:#}"))),
		}
	}
}

/// What a source did, in words.
fn said(error: GetError) -> Fault {
	let code = error.iroh_error_code();
	let reason = match &error {
		_ if code == Some(ERR_PERMISSION) => "refuses it to us",
		_ if code == Some(ERR_LIMIT) => "has too many guests",
		_ if code == Some(ERR_INTERNAL) => "does not have it, or not all of it",
		GetError::AtBlobHeaderNext { source: AtBlobHeaderNextError::NotFound { .. }, .. } => "does not have it",
		GetError::Decode { source, .. } => match source {
			DecodeError::ParentHashMismatch { .. } | DecodeError::LeafHashMismatch { .. } => "sent wrong bytes",
			DecodeError::ChunkNotFound { .. }
			| DecodeError::ParentNotFound { .. }
			| DecodeError::LeafNotFound { .. } => "does not have all of it",
			other => return Fault::Line(format!("was cut off: {other}")),
		},
		other => return Fault::Line(format!("was cut off: {other}")),
	};
	Fault::Source(reason.into())
}

fn transport() -> QuicTransportConfig {
	serve::transport()
		.max_concurrent_bidi_streams(0u32.into())
		.stream_receive_window(STREAM_WINDOW.into())
		.receive_window(STREAM_WINDOW.saturating_mul(REQUESTS as u32).into())
		.build()
}
