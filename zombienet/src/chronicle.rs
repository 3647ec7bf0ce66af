//! What has happened on a chain, as far as it is final: nothing of it is taken back.

use std::{
	collections::{BTreeMap, VecDeque},
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};

use anyhow::{bail, Context, Result};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
	chain::{Chain, Event},
	LONGEST,
};

/// Events that are remembered one by one; of those before, only how many there were.
const REMEMBERED: usize = 20_000;
/// A node that does not answer is asked again after so long.
const PAUSE: Duration = Duration::from_secs(2);
/// What concerns the work on this network.
const PALLETS: [&str; 5] = ["ContinuousPool.", "TrainingAuction.", "ResultValidation.", "StakingTrustlock.", "Sudo."];

/// Follows a node from block to block, whatever happens to the node.
pub struct Chronicle {
	shared: Arc<Mutex<Told>>,
	written: watch::Receiver<u32>,
	task: JoinHandle<()>,
}

#[derive(Default)]
struct Told {
	events: VecDeque<Event>,
	counts: BTreeMap<String, u64>,
}

impl Drop for Chronicle {
	fn drop(&mut self) {
		self.task.abort();
	}
}

impl Chronicle {
	/// Begins after the last final block.
	pub async fn begin(url: &str) -> Result<Self> {
		let (_, begun) = Chain::connect(url).await?.head(true).await?;
		let shared = Arc::<Mutex<Told>>::default();
		let (writer, written) = watch::channel(begun);
		let (url, told) = (url.to_owned(), shared.clone());
		let task = tokio::spawn(async move {
			let mut last = begun;
			while !writer.is_closed() {
				if let Err(error) = follow(&url, &told, &writer, &mut last).await {
					eprintln!("chronicle: {error:#}; trying again");
				}
				tokio::time::sleep(PAUSE).await;
			}
		});
		Ok(Self { shared, written, task })
	}

	/// The last block that is written down.
	pub fn height(&self) -> u32 {
		*self.written.borrow()
	}

	/// How many events there were of each name.
	pub fn counts(&self) -> BTreeMap<String, u64> {
		self.shared.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
	}

	/// All events of this name that are remembered.
	pub fn all(&self, name: &str) -> Vec<Event> {
		let told = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
		told.events.iter().filter(|event| event.name == name).cloned().collect()
	}

	/// Waits for an event, unless there was one.
	pub async fn event(&self, name: &str, is_it: impl Fn(&Event) -> bool) -> Result<Event> {
		let mut written = self.written.clone();
		let happens = async {
			loop {
				if let Some(event) = self.all(name).into_iter().find(&is_it) {
					return Ok(event);
				}
				written.changed().await?;
			}
		};
		match timeout(LONGEST, happens).await {
			Ok(event) => event,
			Err(_) => bail!("{name} did not happen within {LONGEST:?}; block {} is final", self.height()),
		}
	}

	/// Waits until this block is written down.
	pub async fn reach(&self, height: u32) -> Result<()> {
		let mut written = self.written.clone();
		let reached = timeout(LONGEST, written.wait_for(|written| *written >= height)).await;
		reached.with_context(|| format!("block {height} was not final within {LONGEST:?}"))??;
		Ok(())
	}
}

async fn follow(url: &str, told: &Mutex<Told>, writer: &watch::Sender<u32>, last: &mut u32) -> Result<()> {
	let chain = Chain::connect(url).await?;
	let mut heads = chain.heads(true).await?;
	loop {
		let (_, height) = chain.head(true).await?;
		while *last < height {
			let next = last.saturating_add(1);
			let mut events = chain.events(chain.hash(next).await?, next).await?;
			events.retain(|event| PALLETS.iter().any(|pallet| event.name.starts_with(pallet)));
			let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
			for event in events {
				*told.counts.entry(event.name.clone()).or_default() += 1;
				told.events.push_back(event);
			}
			while told.events.len() > REMEMBERED {
				told.events.pop_front();
			}
			*last = next;
			writer.send_replace(next);
		}
		heads.next().await?;
	}
}
