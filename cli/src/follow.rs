//! Following a task to its end, whatever happens to the connection.

use crate::{
	answers::{Ended, Task},
	home::{Entry, Kind},
	node::next,
	outcome::{is_right, why, Delivered, Known, Provenance},
	private::let_in,
	tasks::now,
	Client, Hash, Result,
};
use futures::Stream;
use ogpu_worker::{
	chain::{self, calls::client, types::AccountId, Head},
	store::{self, Progress, Store},
};
use std::{
	collections::{BTreeMap, BTreeSet, VecDeque},
	pin::Pin,
	time::{Duration, Instant},
};

/// What was asked just now may not be in the block that the node knows.
const YOUNG: u64 = 60;
/// Between two questions to whoever does the work; and after one that was not answered.
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_secs(60);

type Heads = Pin<Box<dyn Stream<Item = chain::Result<Head>> + Send>>;

/// Something new.
#[derive(Clone, Debug)]
pub enum Update {
	/// It stands somewhere else.
	Standing(Box<Task>),
	/// A part's result is here, or is surer than before.
	Delivered { part: u32, delivered: Delivered },
	/// How far its provider says that it is. Nothing of it is proven.
	Progress(Progress),
	/// The provider does not give a result that it has revealed, or not yet.
	Withheld { part: u32, reason: String },
	/// The window for challenges was waived, as it was wished.
	Waived { part: u32 },
	/// The node cannot be reached. It is tried again.
	Cut { reason: String },
	/// It can be reached again.
	Mended,
	/// It is over.
	Ended(End),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
	pub is_accepted: bool,
	/// In words.
	pub why: String,
	/// What the chain keeps of the last validation, if there was one.
	pub record: Option<Ended>,
}

/// A task that is followed.
pub struct Follow {
	client: Client,
	pub entry: Entry,
	/// From where its inputs are served.
	store: Store,
	/// Who was let in to check what came of private ones.
	let_in: BTreeSet<AccountId>,
	/// Whether the window for challenges is waived as soon as it opens.
	waives: bool,
	heads: Option<Heads>,
	last: Option<Task>,
	is_cut: bool,
	delivered: BTreeMap<u32, Delivered>,
	withheld: BTreeMap<u32, String>,
	waived: Vec<Hash>,
	/// What the provider says, and when it may be asked again.
	told: BTreeMap<Hash, store::Committed>,
	progress: Option<Progress>,
	ask_from: Option<Instant>,
	news: VecDeque<Update>,
	is_over: bool,
}

impl Client {
	/// Follows a task that was asked, by this client or by another.
	pub async fn follow(&self, name: &Hash, waives: bool) -> Result<Follow> {
		let entry = self.entry(name).await?;
		let store = self.depot_of(entry.store).await?.store().clone();
		Ok(Follow {
			client: self.clone(),
			entry,
			store,
			let_in: BTreeSet::new(),
			waives,
			heads: None,
			last: None,
			is_cut: false,
			delivered: BTreeMap::new(),
			withheld: BTreeMap::new(),
			waived: Vec::new(),
			told: BTreeMap::new(),
			progress: None,
			ask_from: None,
			news: VecDeque::new(),
			is_over: false,
		})
	}
}

impl Follow {
	/// Says that another of the client's stores serves the inputs.
	pub fn serving_from(self, store: Store) -> Self {
		Self { store, ..self }
	}

	/// Waits for something new. `None` when it is over.
	pub async fn next(&mut self) -> Result<Option<Update>> {
		loop {
			if let Some(update) = self.news.pop_front() {
				return Ok(Some(update));
			}
			if self.is_over {
				return Ok(None);
			}
			if let Err(error) = self.step().await {
				if !error.is_of_connection() {
					return Err(error);
				}
				self.heads = None;
				if !self.is_cut {
					self.is_cut = true;
					return Ok(Some(Update::Cut { reason: error.to_string() }));
				}
				self.client.node.mend(|_| {}).await?;
			}
		}
	}

	/// Looks at the next block, or at the present one if none was looked at.
	async fn step(&mut self) -> Result<()> {
		match &mut self.heads {
			Some(heads) => {
				next(heads).await?;
			}
			None => {
				if self.is_cut {
					self.client.node.reconnect().await?;
				}
				self.heads = Some(Box::pin(self.client.node.chain().await.heads().await?));
			}
		}
		self.look().await?;
		if std::mem::take(&mut self.is_cut) {
			self.news.push_front(Update::Mended);
		}
		Ok(())
	}

	async fn look(&mut self) -> Result<()> {
		let before = self.entry.clone();
		let task = self.client.task(&self.entry.name.0).await?;
		if self.entry.kind != Kind::Request && task.is_some() {
			self.client.note_parts(&mut self.entry).await?;
		} else if self.entry.kind == Kind::Request {
			let is_validated = match &task {
				Some(Task::Request(request)) => request.validation.is_some() || request.next.act == "claimShare",
				Some(_) => true,
				None => false,
			};
			if is_validated {
				self.entry.note(0, self.entry.name.0);
				if let Some(inputs) = &self.entry.inputs {
					let at = self.client.node.chain().await.best().await?;
					match let_in(&at, &self.store, &self.entry.name.0, inputs, &self.let_in).await {
						Ok(let_in) => self.let_in = let_in,
						Err(error) if error.is_of_connection() => return Err(error),
						// A disk that is full, say: it is tried again after the next block.
						Err(_) => {}
					}
				}
			}
		}
		self.listen(task.as_ref()).await?;
		let mut record = None;
		for (number, part) in self.entry.parts.clone() {
			record = self.look_at(number, &part.task.0).await?.or(record);
		}
		self.end(task.as_ref(), record);
		if let Some(task) = task {
			if self.last.as_ref().is_none_or(|last| differs(last, &task)) {
				self.news.push_front(Update::Standing(Box::new(task.clone())));
			}
			self.last = Some(task);
		}
		// What another's task comes to is not remembered.
		let is_own = self
			.client
			.account()
			.is_ok_and(|account| self.last.as_ref().and_then(Task::client).is_none_or(|client| client == account));
		if self.entry != before && is_own {
			self.client.journal.put(&self.entry)?;
		}
		Ok(())
	}

	/// Asks whoever does the work what it has committed to and how far it is, if that is known to nobody else yet.
	async fn listen(&mut self, task: Option<&Task>) -> Result<()> {
		let is_worth = match task {
			Some(Task::Job(job)) => job.provider.is_some(),
			Some(Task::Request(request)) => {
				request.validation.is_some() && self.entry.parts.values().any(|part| part.outcome.is_none())
			}
			_ => false,
		};
		let is_due = self.ask_from.is_none_or(|from| from <= Instant::now());
		if !is_worth || !is_due || !self.client.account().is_ok_and(|own| task.and_then(Task::client) == Some(own)) {
			return Ok(());
		}
		let pause = match self.client.told(&self.entry.name.0).await {
			Ok(Some(answer)) => {
				self.told.extend(answer.committed.iter().map(|committed| (committed.task, *committed)));
				if answer.progress.is_some() && answer.progress != self.progress {
					self.progress.clone_from(&answer.progress);
					self.news.extend(answer.progress.map(Update::Progress));
				}
				ASK_EVERY
			}
			Ok(None) => ASK_EVERY,
			Err(error) if error.is_of_connection() => return Err(error),
			// Without it, the result comes when it is revealed.
			Err(_) => ASK_AGAIN,
		};
		self.ask_from = Instant::now().checked_add(pause);
		Ok(())
	}

	/// Looks at the validation of a part: its outcome, its verdict, and the bytes. Returns what is left of it if it ended.
	async fn look_at(&mut self, number: u32, task: &Hash) -> Result<Option<Ended>> {
		let is_final = |part: &Delivered| part.provenance == Provenance::Accepted;
		if self.delivered.get(&number).is_some_and(is_final) {
			return Ok(None);
		}
		let mut known = self.client.known(task).await?;
		if let Some(told) = self.told.get(task) {
			known.hear(told);
		}
		let part = self.entry.note(number, *task);
		part.provider = known.provider.map(crate::Name).or(part.provider);
		part.outcome = known.outcome.or(part.outcome);
		part.conclusion = known.ended.as_ref().map(|ended| ended.conclusion.clone()).or(part.conclusion.clone());
		let remembered = part.outcome;
		let is_rejected = known.ended.as_ref().is_some_and(|ended| !is_right(&ended.conclusion));
		if !is_rejected {
			self.fetch(number, task, &known, remembered).await?;
			self.waive(number, task).await?;
		}
		Ok(known.ended)
	}

	async fn fetch(
		&mut self,
		number: u32,
		task: &Hash,
		known: &Known,
		remembered: Option<crate::home::Committed>,
	) -> Result<()> {
		let outcome = known.outcome.or(remembered);
		let before = self.delivered.get(&number).filter(|before| Some(before.outcome) == outcome).copied();
		let delivered = match before {
			Some(before) => Ok(Some(Delivered { provenance: known.provenance(), ..before })),
			None => self.client.outcome(self.entry.kind, task, known, remembered).await,
		};
		match delivered {
			Ok(Some(delivered)) => {
				let before = self.delivered.insert(number, delivered);
				if before.is_none_or(|before| before.provenance < delivered.provenance) {
					self.news.push_back(Update::Delivered { part: number, delivered });
				}
			}
			Ok(None) => {}
			Err(error) if error.is_of_connection() => return Err(error),
			// It is asked again after the next block; what stands in the way is said once.
			Err(error) => {
				let reason = error.to_string();
				if self.withheld.insert(number, reason.clone()).is_none() {
					self.news.push_back(Update::Withheld { part: number, reason });
				}
			}
		}
		Ok(())
	}

	/// Waives the window for challenges of a part whose result is here, if that is wished and possible now.
	async fn waive(&mut self, number: u32, task: &Hash) -> Result<()> {
		let is_here = self.delivered.contains_key(&number);
		if !self.waives || !is_here || self.waived.contains(task) {
			return Ok(());
		}
		let open = match self.client.challengeable(task).await {
			Ok(open) => open,
			Err(error) if error.is_of_connection() => return Err(error),
			Err(_) => return Ok(()),
		};
		if open.iter().any(|open| self.client.account().is_ok_and(|account| open.client == account)) {
			self.waived.push(*task);
			// It may be too late for it, or challenged: then it is judged as any other.
			if self.client.send(vec![client::accept(*task)]).await.is_ok() {
				self.news.push_back(Update::Waived { part: number });
			}
		}
		Ok(())
	}

	/// Whether it is over, and how.
	fn end(&mut self, task: Option<&Task>, record: Option<Ended>) {
		let record_of = |task: Option<&Task>| match task {
			Some(Task::Ended(ended)) => Some(ended.clone()),
			_ => record.clone(),
		};
		let end = match (self.entry.kind, task) {
			(Kind::Request, Some(Task::Ended(ended))) => Some(End {
				is_accepted: is_right(&ended.conclusion),
				why: why(&ended.conclusion).into(),
				record: Some(ended.clone()),
			}),
			(Kind::Request, Some(Task::Request(request))) if request.next.act == "claimShare" => {
				Some(End { is_accepted: true, why: why("accepted").into(), record: record_of(task) })
			}
			(Kind::Request, Some(_)) => None,
			(_, Some(Task::Job(_))) => None,
			(Kind::Training | Kind::Rendering, Some(_)) => None,
			(_, None) if self.last.is_none() && self.entry.asked.saturating_add(YOUNG) > now() => None,
			(_, None) => Some(self.gone(record_of(task))),
		};
		if let Some(end) = end {
			self.entry.ended = Some(end.why.clone());
			self.news.push_back(Update::Ended(end));
			self.is_over = true;
		}
	}

	/// How something ended of which the chain says nothing more.
	fn gone(&self, record: Option<Ended>) -> End {
		let accepted =
			self.entry.parts.values().filter(|part| part.conclusion.as_deref().is_some_and(is_right)).count();
		let is_accepted = accepted == self.entry.parts_in_all as usize;
		let failed = self
			.entry
			.parts
			.values()
			.rev()
			.find_map(|part| part.conclusion.as_deref().filter(|conclusion| !is_right(conclusion)));
		let why = match (is_accepted, failed, &self.last) {
			(true, ..) => why("accepted").into(),
			(_, Some(failed), _) => why(failed).into(),
			(_, _, Some(Task::Job(job))) if job.is_cancelled => "you cancelled it; what was not earned is back".into(),
			(_, _, Some(Task::Job(job))) if job.sealed_bids == 0 && job.provider.is_none() => {
				"nobody bid; your money is back. A higher --ceiling, or a longer --bidding, may help".into()
			}
			(_, _, Some(Task::Job(_))) => "nobody delivered it; what was not earned is back".into(),
			(_, _, Some(Task::Request(_))) => "nobody answered; your money is back".into(),
			(..) => format!(
				"the chain says nothing of it any more; {} of {} parts were seen to be accepted",
				accepted, self.entry.parts_in_all
			),
		};
		End { is_accepted, why, record }
	}

	/// What has come so far, by part.
	pub fn delivered(&self) -> &BTreeMap<u32, Delivered> {
		&self.delivered
	}

	/// Where it stood last.
	pub fn standing(&self) -> Option<&Task> {
		self.last.as_ref()
	}
}

/// Whether there is anything to tell: that time has passed is nothing.
fn differs(last: &Task, task: &Task) -> bool {
	let mut last = last.clone();
	match (&mut last, task) {
		(Task::Job(last), Task::Job(task)) => last.now = task.now,
		(Task::Request(last), Task::Request(task)) => {
			last.now = task.now;
			if let (Some(last), Some(task)) = (&mut last.validation, &task.validation) {
				last.now = task.now;
			}
		}
		(Task::Validation(last), Task::Validation(task)) => last.now = task.now,
		_ => {}
	}
	last != *task
}
