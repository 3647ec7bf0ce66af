//! Queues: what is most urgent is computed first, one job after the other on each device. Fetching what a job needs does
//! not hold the device up, so nobody who serves slowly can.

use super::{
	engine::{self, Act, Engine, Fault, JobFolder, Order, PartOrder, WorkKind},
	library::{Brought, Library, Missing},
	plan::{Do, What},
};
use crate::{
	artifacts::{Artifact, Name},
	chain::{types::*, Chain},
	journal::WorkId,
};
use anyhow::Result;
use std::{
	collections::BTreeMap,
	path::PathBuf,
	sync::{Arc, Mutex},
	time::{Duration, SystemTime},
};
use tokio::{
	sync::{mpsc, watch, Notify, Semaphore},
	time::Instant,
};

/// A block of the chain.
pub const BLOCK: Duration = Duration::from_secs(3);
/// Jobs whose artifacts are fetched at once.
const FETCHING: usize = 16;
/// A check that finds something missing has tried for so long, if there was time.
const HONEST_TRY: Duration = Duration::from_secs(30);
/// Nor longer than this: whoever is looked for keeps others from being fetched from.
const LONGEST_TRY: Duration = Duration::from_secs(60 * 60);

/// What became of a work.
#[derive(Debug)]
pub struct Done {
	pub id: WorkId,
	pub end: std::result::Result<Ended, Failed>,
}

#[derive(Debug)]
pub enum Ended {
	/// A result: how many leaves it has, and what its last one and its output are.
	Result {
		leaves: u32,
		output: Name,
		last: ogpu_protocol::leaf::Leaf,
	},
	Checked {
		leaf: ogpu_protocol::leaf::Leaf,
	},
}

#[derive(Debug)]
pub enum Failed {
	/// What it needs is missing, or may not be run.
	Missing(Missing),
	/// The engine could not do it.
	Engine(Fault),
}

impl std::fmt::Display for Failed {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Missing(missing) => missing.fmt(f),
			Self::Engine(fault) => fault.fmt(f),
		}
	}
}

/// What all lanes share.
#[derive(Clone)]
pub struct Shop {
	pub library: Library,
	pub chain: watch::Receiver<Option<Chain>>,
	/// Folders of jobs.
	pub jobs: PathBuf,
	pub done: mpsc::UnboundedSender<Done>,
	pub serve: Duration,
	pub metrics: crate::metrics::Metrics,
	fetching: Arc<Semaphore>,
}

impl Shop {
	pub fn new(
		library: Library,
		chain: watch::Receiver<Option<Chain>>,
		jobs: PathBuf,
		done: mpsc::UnboundedSender<Done>,
		serve: Duration,
		metrics: crate::metrics::Metrics,
	) -> Self {
		Self { library, chain, jobs, done, serve, metrics, fetching: Arc::new(Semaphore::new(FETCHING)) }
	}

	pub fn folder(&self, id: &WorkId) -> JobFolder {
		JobFolder::new(self.jobs.join(id.to_string()))
	}
}

/// What a lane computes with.
#[derive(Clone, Debug)]
pub struct Means {
	pub name: String,
	pub engine: Engine,
	pub device: String,
	pub threads: usize,
}

/// A queue and what works it off.
#[derive(Clone)]
pub struct Lane {
	means: Means,
	shop: Shop,
	waiting: Arc<Mutex<BTreeMap<(BlockNumber, u64), Ready>>>,
	count: Arc<Mutex<u64>>,
	news: Arc<Notify>,
}

/// A job that has all it needs.
struct Ready {
	work: Do,
	brought: Brought,
	deadline: Instant,
}

impl Lane {
	/// Starts a lane, which lives as long as it has somebody.
	pub fn start(means: Means, shop: Shop) -> Self {
		let lane = Self { means, shop, waiting: Arc::default(), count: Arc::default(), news: Arc::new(Notify::new()) };
		tokio::spawn(lane.clone().work());
		lane
	}

	/// Takes a work on. `now` is what the network's clock shows.
	pub fn take(&self, work: Do, now: BlockNumber) {
		let lane = self.clone();
		let left = BLOCK.saturating_mul(work.due.saturating_sub(now).min(100_000));
		let deadline = after(left);
		tokio::spawn(async move {
			let id = work.id.clone();
			match lane.bring(&work, left).await {
				Ok(brought) => lane.queue(Ready { work, brought, deadline }),
				Err(missing) => {
					let _ = lane.shop.done.send(Done { id, end: Err(Failed::Missing(missing)) });
				}
			}
		});
	}

	async fn bring(&self, work: &Do, left: Duration) -> std::result::Result<Brought, Missing> {
		let _permit = self.shop.fetching.acquire().await.map_err(|error| Missing::Machine(error.into()))?;
		// Half of the time is for computing.
		let half = left.checked_div(2).unwrap_or_default();
		let until = after(half.max(HONEST_TRY.min(left)).min(LONGEST_TRY));
		let mut chain = self.shop.chain.clone();
		let chain = loop {
			if let Some(chain) = chain.borrow_and_update().clone() {
				break chain;
			}
			chain.changed().await.map_err(|error| Missing::Machine(error.into()))?;
		};
		let brought = self.shop.library.bring(&chain, &work.what, until).await?;
		if let Some(given) = brought.given() {
			// As long as it may wait and be computed.
			let due = SystemTime::now().checked_add(left).unwrap_or_else(SystemTime::now);
			let kept = self.shop.library.store().keep(&given, owner(&work.id), due).await;
			kept.map_err(|error| Missing::Machine(error.into()))?;
		}
		Ok(brought)
	}

	fn queue(&self, ready: Ready) {
		let number = {
			let mut count = self.count.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
			*count = count.wrapping_add(1);
			*count
		};
		let mut waiting = self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		waiting.insert((ready.work.due, number), ready);
		self.shop.metrics.queue.with_label_values(&[&self.means.name]).set(waiting.len() as i64);
		self.news.notify_one();
	}

	async fn work(self) {
		loop {
			let next = {
				let mut waiting = self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
				let next = waiting.pop_first().map(|(_, ready)| ready);
				self.shop.metrics.queue.with_label_values(&[&self.means.name]).set(waiting.len() as i64);
				next
			};
			let Some(ready) = next else {
				self.news.notified().await;
				continue;
			};
			let id = ready.work.id.clone();
			let end = self.compute(ready).await;
			if self.shop.done.send(Done { id, end }).is_err() {
				return;
			}
		}
	}

	async fn compute(&self, ready: Ready) -> std::result::Result<Ended, Failed> {
		let machine = |error: anyhow::Error| Failed::Engine(Fault::Machine(format!("{error:#}")));
		let folder = self.shop.folder(&ready.work.id);
		let order = self.prepare(&folder, &ready).await.map_err(machine)?;
		let is_check = matches!(order.act, Act::Check { .. });
		let label = if is_check { "checks" } else { "results" };
		let left = ready.deadline.saturating_duration_since(Instant::now());
		let mut before = 0u32;
		let bar = bar(&ready.work);
		let ran = self.means.engine.run(&folder, &order, left, |leaves| {
			let fresh = leaves.saturating_sub(std::mem::replace(&mut before, leaves));
			self.shop.metrics.leaves.with_label_values(&[label]).inc_by(fresh.into());
			bar.set_position(leaves.into());
		});
		let ran = ran.await;
		bar.finish_and_clear();
		ran.map_err(Failed::Engine)?;
		if is_check {
			self.shop.metrics.leaves.with_label_values(&[label]).inc();
			let checked = folder.checked().map_err(machine)?;
			let checked = checked.ok_or_else(|| machine(anyhow::anyhow!("the engine left no result")))?;
			let [output, carry, trace] = checked.leaf.map(|name| name.0);
			return Ok(Ended::Checked { leaf: ogpu_protocol::leaf::Leaf { output, carry, trace } });
		}
		self.publish(&ready, &folder).await.map_err(machine)
	}

	async fn prepare(&self, folder: &JobFolder, ready: &Ready) -> Result<Order> {
		folder.create()?;
		if let Some(manifest) = &ready.brought.manifest {
			folder.write("manifest.toml", manifest)?;
		}
		if let Some(opening) = &ready.brought.opening {
			let from = self.shop.library.folder().join(opening.hash.to_string());
			tokio::fs::copy(&from, folder.path().join("opening")).await?;
		}
		// Half of the rest is enough for sending: a benchmark ends when it is told to.
		let left = ready.deadline.saturating_duration_since(Instant::now()).saturating_sub(BLOCK);
		let until = now().saturating_add(left.as_secs());
		let (task, part, act, work) = match &ready.work.what {
			What::Request { task, most_leaves, .. } => {
				(*task, None, Act::Run { until: None, allowed: Some(*most_leaves) }, WorkKind::Manifest)
			}
			What::Part { first, leaves, start, .. } => {
				let part = PartOrder { first: *first, leaves: *leaves, start: Name(*start) };
				// Its leaves are hashed with the task's name when that is known.
				([0; 32], Some(part), Act::Run { until: None, allowed: None }, WorkKind::Manifest)
			}
			What::Benchmark { task } => {
				(*task, None, Act::Run { until: Some(until), allowed: None }, WorkKind::Benchmark)
			}
			What::Check { task, leaf, start, leaves, origin, .. } => {
				use super::view::Origin;
				let (part, work) = match origin {
					Origin::Part { first_leaf, .. } => {
						let part = PartOrder { first: *first_leaf, leaves: *leaves, start: Name(*start) };
						(Some(part), WorkKind::Manifest)
					}
					Origin::Benchmark { .. } => (None, WorkKind::Benchmark),
					Origin::Request { .. } | Origin::Unknown => (None, WorkKind::Manifest),
				};
				(*task, part, Act::Check { leaf: *leaf }, work)
			}
		};
		Ok(Order {
			task: Name(task),
			device: self.means.device.clone(),
			threads: self.means.threads,
			artifacts: self.shop.library.folder().to_owned(),
			work,
			inputs: ready.brought.inputs.map(|inputs| inputs.plain),
			part,
			act,
		})
	}

	/// Puts what others may ask for into the store.
	async fn publish(&self, ready: &Ready, folder: &JobFolder) -> Result<Ended> {
		let saved = folder.saved()?.filter(|saved| saved.is_done);
		let saved = saved.ok_or_else(|| anyhow::anyhow!("the engine left no result"))?;
		let store = self.shop.library.store();
		let owner = owner(&ready.work.id);
		let is_private = matches!(ready.work.what, What::Request { .. });
		let until = SystemTime::now().checked_add(self.shop.serve).unwrap_or_else(SystemTime::now);
		// Whoever checks may not get them from the client. Without them there is a result nevertheless.
		if let Some(given) = ready.brought.given() {
			if let Err(error) = store.keep(&given, owner, until).await {
				tracing::warn!(work = %ready.work.id, "its inputs cannot be served: {error}");
			}
		}
		let mut seen = std::collections::BTreeSet::new();
		for [_, carry, _] in &saved.leaves {
			if *carry == Name::of(&[]) || !seen.insert(carry.0) {
				continue;
			}
			let path = folder.leaves().path(carry);
			let artifact = Artifact { hash: *carry, bytes: std::fs::metadata(&path)?.len() };
			if is_private {
				store.restrict(&artifact, &ready.brought.clients).await?;
			}
			store.add_file(&path).await?;
			store.keep(&artifact, owner, until).await?;
		}
		let output = store.add_file(folder.output()).await?;
		if is_private && output.bytes > 0 {
			store.restrict(&output, &ready.brought.clients).await?;
		}
		if output.bytes > 0 {
			store.keep(&output, owner, until).await?;
		}
		let leaves = saved.leaves();
		let last = leaves.last().copied().ok_or_else(|| anyhow::anyhow!("a result without leaves"))?;
		Ok(Ended::Result { leaves: u32::try_from(leaves.len())?, output: output.hash, last })
	}
}

/// So long from now.
fn after(left: Duration) -> Instant {
	let now = Instant::now();
	now.checked_add(left).unwrap_or(now)
}

/// For whom the store keeps what belongs to a work.
pub fn owner(id: &WorkId) -> [u8; 32] {
	*blake3::hash(id.to_string().as_bytes()).as_bytes()
}

/// A bar on a terminal, and nothing elsewhere.
fn bar(work: &Do) -> indicatif::ProgressBar {
	let leaves = match &work.what {
		What::Request { most_leaves, .. } => u64::from(*most_leaves),
		What::Part { leaves, .. } => u64::from(*leaves),
		What::Benchmark { .. } | What::Check { .. } => return indicatif::ProgressBar::hidden(),
	};
	let bar = indicatif::ProgressBar::new(leaves);
	let style = indicatif::ProgressStyle::with_template("{bar:30} {pos}/{len} leaves, {elapsed} of {duration} {msg}");
	if let Ok(style) = style {
		bar.set_style(style);
	}
	bar.set_message(work.id.to_string().chars().take(20).collect::<String>());
	bar
}

pub use engine::now;
