//! Transfer measured against a raw TCP copy between the same two places on the same disk, in turns.

use super::{blocking, Error, Result, Settings, Store};
use std::{
	fs,
	io::{Read, Write},
	net::{TcpListener, TcpStream},
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

/// The best of all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
	pub bytes: u64,
	/// Over a TCP connection without any check, until the bytes are on the disk.
	pub tcp: Took,
	/// From one store to another: encrypted, checked, until the bytes are on the disk and the store knows it.
	pub store: Took,
	/// Hashing alone, by one thread, in pieces as they are checked. Both ends do that.
	pub hashing: Duration,
	/// [`SMALL`] artifacts of 1 KiB, one after the other, each on the disk before the next.
	pub small: Duration,
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
	pub time: Duration,
	/// Of all processors, both ends together. It depends less than the time on what else the machine does.
	pub processor: Duration,
}

impl Took {
	const NEVER: Self = Self { time: Duration::MAX, processor: Duration::MAX };

	/// The best of each.
	fn or(self, other: Self) -> Self {
		Self { time: self.time.min(other.time), processor: self.processor.min(other.processor) }
	}
}

/// A watch for time and for that of the processors.
struct Watch(Instant, Duration);

impl Watch {
	fn start() -> Result<Self> {
		Ok(Self(Instant::now(), processor()?))
	}

	fn stop(self) -> Result<Took> {
		Ok(Took { time: self.0.elapsed(), processor: processor()?.saturating_sub(self.1) })
	}
}

/// What this process has had of all processors so far.
fn processor() -> Result<Duration> {
	let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
	Ok(Duration::new(used.tv_sec.try_into().map_err(Error::machine)?, used.tv_nsec.try_into().map_err(Error::machine)?))
}

/// How many.
pub const SMALL: usize = 1000;

impl Transfer {
	/// The store's speed over that of the TCP copy.
	pub fn ratio(&self) -> f64 {
		self.tcp.time.as_secs_f64() / self.store.time.as_secs_f64()
	}

	/// The same, of the processors' time.
	pub fn processor_ratio(&self) -> f64 {
		self.tcp.processor.as_secs_f64() / self.store.processor.as_secs_f64()
	}
}

/// Copies so many bytes both ways, so many times, in a folder of its own in `within`.
pub async fn transfer(within: &Path, bytes: u64, rounds: usize) -> Result<Transfer> {
	let folder = tempfile::tempdir_in(within)?;
	let at = |name: &str| folder.path().join(name);
	let source = at("source");
	let target = at("target");
	let (path, size) = (source.clone(), bytes);
	blocking(move || noise(&path, size)).await?;
	let giver = open(at("giver")).await?;
	let artifact = giver.add_file(&source).await?;
	let mut best =
		Transfer { bytes, tcp: Took::NEVER, store: Took::NEVER, hashing: Duration::MAX, small: Duration::MAX };
	for _ in 0..rounds {
		let (from, to) = (source.clone(), target.clone());
		best.tcp = best.tcp.or(blocking(move || copy(&from, &to)).await?);
		fs::remove_file(&target)?;

		let taker = open(at("taker")).await?;
		let watch = Watch::start()?;
		taker.fetch(&artifact, &[giver.endpoint().clone()], |_| {}).await?;
		best.store = best.store.or(watch.stop()?);
		taker.close().await;
		drop(taker);
		fs::remove_dir_all(at("taker"))?;

		let from = source.clone();
		best.hashing = best.hashing.min(blocking(move || hash(&from)).await?);
	}
	let mut small = Vec::new();
	for nth in 0..SMALL {
		small.push(giver.add([nth.to_le_bytes().as_slice(), &[7; 1016]].concat()).await?);
	}
	let taker = open(at("taker")).await?;
	let begin = Instant::now();
	for artifact in &small {
		taker.fetch(artifact, &[giver.endpoint().clone()], |_| {}).await?;
	}
	best.small = begin.elapsed();
	taker.close().await;
	giver.close().await;
	Ok(best)
}

async fn open(folder: PathBuf) -> Result<Store> {
	let mut settings = Settings::new(folder);
	settings.listen = ([127, 0, 0, 1], 0).into();
	Store::open(settings).await
}

/// Bytes that no disk and no line can make fewer.
fn noise(path: &Path, bytes: u64) -> Result<()> {
	let noise = blake3::Hasher::new().finalize_xof();
	let mut file = fs::File::create(path)?;
	std::io::copy(&mut noise.take(bytes), &mut file)?;
	Ok(file.sync_all()?)
}

fn copy(from: &Path, to: &Path) -> Result<Took> {
	let listener = TcpListener::bind(("127.0.0.1", 0))?;
	let address = listener.local_addr()?;
	let watch = Watch::start()?;
	let from = from.to_owned();
	let sender = std::thread::spawn(move || pour(fs::File::open(from)?, TcpStream::connect(address)?));
	let (stream, _) = listener.accept()?;
	let file = fs::File::create(to)?;
	pour(stream, &file)?;
	file.sync_all()?;
	sender.join().map_err(|_| Error::machine("the sender has failed"))??;
	watch.stop()
}

/// By hand, because what the standard library does for files and sockets never leaves the kernel.
fn pour(mut from: impl Read, mut to: impl Write) -> std::io::Result<()> {
	let mut buffer = vec![0; 1 << 20];
	loop {
		let read = from.read(&mut buffer)?;
		let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return to.flush() };
		to.write_all(bytes)?;
	}
}

fn hash(path: &Path) -> Result<Duration> {
	let mut file = fs::File::open(path)?;
	let mut piece = vec![0; 16 << 10];
	let mut took = Duration::ZERO;
	loop {
		let read = file.read(&mut piece)?;
		let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(took) };
		let begin = Instant::now();
		std::hint::black_box(blake3::hash(bytes));
		took = took.saturating_add(begin.elapsed());
	}
}
