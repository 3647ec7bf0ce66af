//! Load on a network: many requests to a service from many accounts at a bounded rate, all of them followed by one
//! subscription to blocks. `docs/performance.md` has figures.
//!
//! - `accounts`: who asks; funded and equipped before anything is measured.
//! - `book`: what became of each request, as the blocks tell it.
//! - `memory`: how much of it the node takes.

mod accounts;
mod book;
mod memory;

pub use accounts::Asker;
pub use book::{Centiles, Latencies, Report};

use crate::{
	orders::{prompt_work, Offer, Question},
	Balance, BlockNumber, Client, Error, Hash, Name, Result, ServiceId,
};
use accounts::Accounts;
use book::Book;
use futures::{stream::FuturesUnordered, StreamExt};
use memory::Memory;
use ogpu_worker::{
	artifacts::Artifact,
	chain::{
		calls::client::{self, NewOrder},
		At, Chain, Head,
	},
};
use std::{
	future::Future,
	sync::{Mutex, MutexGuard},
	time::Duration,
};
use tokio::{
	sync::{watch, Mutex as Turns},
	time::{interval, sleep, timeout, Interval, MissedTickBehavior},
};

/// Whatever is asked for, no more than this.
pub const MOST_REQUESTS: u32 = 100_000;
pub const MOST_ACCOUNTS: u16 = 1_000;
pub const MOST_RATE: f64 = 1_000.0;
/// What was sent and is in no block so much later never will be.
const LIFE_BLOCKS: BlockNumber = 48;
/// A node that tells nothing for so long is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(120);
/// After a refusal, an account waits so long.
const PAUSE: Duration = Duration::from_secs(3);

/// What is asked, how often, and by whom.
#[derive(Clone, Debug)]
pub struct Plan {
	pub service: ServiceId,
	pub requests: u32,
	pub accounts: u16,
	/// A second.
	pub rate: f64,
	/// From the first request on.
	pub limit: Duration,
	/// For how long whoever is drawn may compute.
	pub window_blocks: BlockNumber,
	/// The most for a leaf; four times what it costs now, if it is `None`.
	pub max_price: Option<Balance>,
}

/// How it goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
	/// Accounts are given what they need.
	Funding { accounts: u16, each: Balance, all: Balance },
	/// All are ready, and asking begins.
	Begun,
	/// A final block was looked at.
	Block { number: BlockNumber, submitted: u64, refused: u64, open: u64, settled: u64 },
	/// The node cannot be reached; it is tried again.
	Cut { reason: String },
}

/// What all of it shares.
struct Load<'a> {
	client: &'a Client,
	plan: &'a Plan,
	offer: &'a Offer,
	max_price: Balance,
	book: Mutex<Book>,
	/// The state of a late block, for whose successors transactions are signed.
	late: watch::Sender<At>,
}

impl Plan {
	fn check(&self) -> Result<()> {
		let is_within = (1..=MOST_REQUESTS).contains(&self.requests) && (1..=MOST_ACCOUNTS).contains(&self.accounts);
		if !(is_within && self.rate > 0.0 && self.rate <= MOST_RATE) {
			return Err(Error::Invalid(format!(
				"from 1 to {MOST_REQUESTS} requests from 1 to {MOST_ACCOUNTS} accounts, above 0 to {MOST_RATE} a second"
			)));
		}
		Ok(())
	}

	/// How many requests an account makes, at most.
	fn share(&self) -> u32 {
		self.requests.div_ceil(self.accounts.into())
	}
}

impl Client {
	/// Asks a service as the plan says, until all requests have ended, the time is over or `stop` says so. Who asks are
	/// accounts derived from this client's key, which pays for what they miss and keep.
	pub async fn load(
		&self,
		asker: &Asker,
		plan: &Plan,
		stop: impl Future<Output = ()>,
		mut told: impl FnMut(Update),
	) -> Result<Report> {
		plan.check()?;
		let offer = self.offer(plan.service).await?;
		let question = Question { window_blocks: plan.window_blocks, ..Question::new(vec![text(0)]) };
		let quote = self.quote_request(&offer, &question).await?;
		if !quote.devices.iter().any(|device| device.reasons.is_empty()) {
			return Err(Error::Invalid(format!(
				"no device can answer service {} now: ask `ogpu quote ask`",
				plan.service
			)));
		}
		let max_price = plan.max_price.unwrap_or(quote.leaf_price.0.saturating_mul(4));
		let accounts = Accounts::derive(asker, plan.accounts)?;
		accounts.equip(self, plan.share(), &quote, max_price, &mut told).await?;
		let chain = self.node.chain().await;
		let memory = Memory::of_node(self.node.url());
		let (late, _) = watch::channel(chain.last_final().await?);
		let load = Load { client: self, plan, offer: &offer, max_price, book: Mutex::default(), late };
		load.book().begin(memory.as_ref().and_then(Memory::bytes));
		told(Update::Begun);
		let work = async {
			let asking = load.ask(&accounts);
			let following = load.follow(memory.as_ref(), &mut told);
			tokio::try_join!(asking, following).map(drop)
		};
		tokio::select! {
			result = timeout(plan.limit, work) => match result {
				Ok(result) => result?,
				Err(_) => load.book().is_over = true,
			},
			() = stop => load.book().is_stopped = true,
		}
		let book = load.book.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
		let report = book.report(plan);
		// Nobody needs the inputs of what has ended.
		if report.is_whole {
			self.depot().await?.store().release(keeper()).await?;
		}
		Ok(report)
	}
}

/// What keeps the inputs as long as they may be fetched.
fn keeper() -> Hash {
	Name::of(b"ogpu load").0
}

/// What request number so many asks: no two the same, so that each input is fetched.
fn text(number: u32) -> String {
	format!("load {number}")
}

impl Load<'_> {
	fn book(&self) -> MutexGuard<'_, Book> {
		self.book.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	/// Sends all requests, each account one after the other, all of them together at the rate.
	async fn ask(&self, accounts: &Accounts) -> Result<()> {
		let pace = Duration::try_from_secs_f64(1.0 / self.plan.rate).map_err(Error::invalid)?;
		let mut turns = interval(pace);
		// A node that was slow is not flooded afterwards.
		turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
		let (turns, next) = (Turns::new(turns), Mutex::new(0u32));
		let asking: FuturesUnordered<_> =
			accounts.all().iter().map(|sender| self.ask_as(sender, &turns, &next)).collect();
		asking.collect::<Vec<_>>().await.into_iter().collect::<Result<()>>()?;
		self.book().is_asked = true;
		Ok(())
	}

	async fn ask_as(
		&self,
		sender: &ogpu_worker::chain::Sender,
		turns: &Turns<Interval>,
		next: &Mutex<u32>,
	) -> Result<()> {
		let mut nonce = None;
		loop {
			turns.lock().await.tick().await;
			let number = {
				let mut next = next.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
				let number = *next;
				*next = number.saturating_add(1);
				number
			};
			if number >= self.plan.requests {
				return Ok(());
			}
			let order = self.order(number).await?;
			let call = client::request(self.offer.id, &order);
			let chain = self.client.node.chain().await;
			let own = match nonce {
				Some(nonce) => nonce,
				None => match chain.next_nonce(&sender.account()).await {
					Ok(nonce) => nonce,
					Err(error) => {
						self.book().refuse(&error.to_string());
						sleep(PAUSE).await;
						continue;
					}
				},
			};
			let at = self.late.borrow().clone();
			match sender.post(&chain, &at, &call, own).await {
				Ok(()) => {
					nonce = own.checked_add(1);
					self.book().submit(sender.account());
				}
				Err(error) => {
					self.book().refuse(&reason(&error));
					// Perhaps the node knows another one.
					nonce = None;
					sleep(PAUSE).await;
				}
			}
		}
	}

	/// A request whose input is in the store.
	async fn order(&self, number: u32) -> Result<NewOrder> {
		let inputs = serde_json::to_vec(&[text(number)]).map_err(anyhow::Error::from)?;
		let artifact: Artifact = self.client.depot().await?.add(inputs, &keeper()).await?;
		let shape = self.offer.work.shape(1, &ogpu_worker::artifacts::Memory::default())?;
		Ok(NewOrder {
			inputs: artifact.hash.0,
			ceiling_leaves: shape.leaves,
			prompt_work: prompt_work(&self.offer.work, 1, self.offer.service.leaf.recompute_work),
			max_price: self.max_price,
			window_blocks: self.plan.window_blocks,
			secret: None,
		})
	}

	/// Looks at each final block, until all that was asked has ended. A connection that is cut is mended, and no block is
	/// missed.
	async fn follow(&self, memory: Option<&Memory>, told: &mut impl FnMut(Update)) -> Result<()> {
		let mut seen = self.late.borrow().number();
		loop {
			match self.follow_as_long_as_it_lasts(&mut seen, memory, told).await {
				Err(error) if error.is_of_connection() => {
					told(Update::Cut { reason: error.to_string() });
					self.client.node.mend(|_| {}).await?;
				}
				end => return end,
			}
		}
	}

	async fn follow_as_long_as_it_lasts(
		&self,
		seen: &mut BlockNumber,
		memory: Option<&Memory>,
		told: &mut impl FnMut(Update),
	) -> Result<()> {
		let chain = self.client.node.chain().await;
		let gone = || Error::Chain(ogpu_worker::chain::Error::Unreachable("the node stopped telling".into()));
		let mut heads = chain.heads().await?;
		loop {
			let head = timeout(SILENCE, heads.next()).await.map_err(|_| gone())?.ok_or_else(gone)??;
			let Head::Final { number: last, .. } = head else { continue };
			while *seen < last {
				let number = seen.saturating_add(1);
				self.look(&chain, number, memory).await?;
				*seen = number;
				let book = self.book();
				let (submitted, refused, open, settled) = book.counts();
				let is_done = book.is_done(number, LIFE_BLOCKS);
				drop(book);
				told(Update::Block { number, submitted, refused, open, settled });
				if is_done {
					return Ok(());
				}
			}
		}
	}

	async fn look(&self, chain: &Chain, number: BlockNumber, memory: Option<&Memory>) -> Result<()> {
		let unknown = || Error::Chain(ogpu_worker::chain::Error::Unreachable(format!("the node lost block {number}")));
		let at = chain.at(chain.block(number).await?.ok_or_else(unknown)?).await?;
		let time = at.get(&ogpu_worker::chain::state::TIMESTAMP, ()).await?.unwrap_or_default();
		let happened = at.told().await?;
		let mut book = self.book();
		book.read(number, time, &happened, at.metadata());
		book.sample(memory.and_then(Memory::bytes));
		drop(book);
		self.late.send_replace(at);
		Ok(())
	}
}

/// Why a node refused, without what differs from one request to the next.
fn reason(error: &ogpu_worker::chain::Error) -> String {
	match error {
		ogpu_worker::chain::Error::Refused { refusal, .. } => format!("{} {}", refusal.code, refusal.text),
		error => error.to_string(),
	}
}
