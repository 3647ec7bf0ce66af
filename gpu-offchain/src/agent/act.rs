//! Doing what was planned.

use super::{
	alone::{self, Foreign},
	desk::{cases, Desk},
	dispute::wrong_leaves,
	earnings::Earnings,
	engine,
	lane::{self, Done, Ended, Failed, Lane, Shop},
	library::Missing,
	plan::{plan, Action, Do, Say, Works},
	proven::Shown,
	view::{Origin, View, Watcher},
	Keys,
};
use crate::{
	artifacts::{Artifact, Name, MOST_BYTES},
	chain::{self, calls, types::*, At, Call, Chain, Happened, Sender},
	config::Config,
	job::blake2,
	journal::{Journal, ObstacleForm, Phase, Work, WorkId},
};
use anyhow::{Context, Result};
use ogpu_protocol::{
	auction::Offer,
	commitment::{binding_prefix, leaf_task, Audit, Finding, Obstacle, Outcome, Place, Vote},
	leaf::{self, Leaf, Proven, Reveal},
};
use std::{
	collections::{BTreeMap, BTreeSet},
	io::Read,
	sync::Arc,
	time::{Duration, Instant},
};
use subxt::ext::scale_decode::DecodeAsType;
use tokio::sync::mpsc;

/// What a call has changed, the state says within so many blocks, or a fork has taken its block and it is sent again.
const LANDED_BLOCKS: BlockNumber = 8;
/// After a failure, a call is not tried again for so many blocks, and twice as many after the next.
const FIRST_REST: BlockNumber = 2;
const MOST_REST: BlockNumber = 64;
/// What has not been seen for so many blocks, the last of which is final, is over.
const GONE_BLOCKS: BlockNumber = 16;
/// Leaves that are posted or shown in one call.
const LEAVES_OF_CALL: usize = 64;
/// Calls that are on their way at once.
const MOST_FLIGHTS: usize = 64;
/// A work that lacks something is tried again after so many blocks, where it still counts.
const MISSING_REST: BlockNumber = 16;
/// How often seals are looked at that may be old.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// With less on the disk, nothing new is taken on.
const LEAST_FREE: u64 = 256 << 20;

/// A worker at work.
pub struct Agent {
	config: Config,
	operator: AccountId,
	worker: Sender,
	operator_key: Option<Sender>,
	journal: Arc<Journal>,
	desk: Arc<Desk>,
	earnings: Earnings,
	watcher: Watcher,
	lanes: BTreeMap<Option<DeviceId>, Lane>,
	shop: Shop,
	works: Works,
	view: View,
	/// When the block came that it is of.
	seen: Instant,
	/// Works that lanes have, and when they are due.
	running: BTreeMap<WorkId, BlockNumber>,
	/// Nothing new is taken on any more.
	is_leaving: bool,
	/// What is open in this worker's name and not in its journal.
	foreign: BTreeSet<Foreign>,
	/// Works that failed here, and until which block they rest.
	resting: BTreeMap<WorkId, BlockNumber>,
	/// Calls on their way.
	flights: BTreeSet<Say>,
	/// Calls that came into a block, since which one.
	landed: BTreeMap<Say, BlockNumber>,
	/// Calls that failed: until which block they rest, and for how long.
	failures: BTreeMap<Say, (BlockNumber, BlockNumber)>,
	/// Works of which nothing is open, since which block.
	gone: BTreeMap<WorkId, BlockNumber>,
	/// What was planned and is not done, and when it is due.
	pending: BTreeMap<Say, BlockNumber>,
	/// When old seals were looked for.
	pruned: Option<Instant>,
	/// Who was let in, to which leaf of which task.
	admitted: BTreeSet<(Hash, AccountId, u32)>,
	landings: (mpsc::UnboundedSender<Landing>, mpsc::UnboundedReceiver<Landing>),
}

/// What became of a call.
pub struct Landing {
	say: Say,
	call: String,
	end: chain::Result<()>,
}

/// The salt that a leader has revealed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Revealed {
	task: Hash,
	salt: Hash,
}

impl Agent {
	pub fn new(
		config: Config,
		keys: &Keys,
		operator: AccountId,
		journal: Arc<Journal>,
		watcher: Watcher,
		lanes: BTreeMap<Option<DeviceId>, Lane>,
		shop: Shop,
	) -> Result<Self> {
		let desk = Arc::new(Desk::new(operator, journal.clone(), shop.jobs.clone()));
		let earnings = Earnings::open(&config, operator);
		let works: Works = journal.works()?.into_iter().collect();
		if !works.is_empty() {
			tracing::info!("{} works in the journal", works.len());
		}
		Ok(Self {
			config,
			operator,
			worker: Sender::new(keys.worker.clone()),
			operator_key: keys.operator.clone().map(Sender::new),
			journal,
			desk,
			earnings,
			watcher,
			lanes,
			shop,
			works,
			view: View::default(),
			seen: Instant::now(),
			running: BTreeMap::new(),
			is_leaving: false,
			foreign: BTreeSet::new(),
			resting: BTreeMap::new(),
			flights: BTreeSet::new(),
			landed: BTreeMap::new(),
			failures: BTreeMap::new(),
			gone: BTreeMap::new(),
			pending: BTreeMap::new(),
			pruned: None,
			admitted: BTreeSet::new(),
			landings: mpsc::unbounded_channel(),
		})
	}

	/// Where clients are answered.
	pub fn desk(&self) -> Arc<Desk> {
		self.desk.clone()
	}

	/// Looks at a block, and does what follows.
	pub async fn look(&mut self, chain: &Chain, at: &At, last_final: BlockNumber, arrived: Instant) -> Result<()> {
		// What has landed and is not in the state by now is said again, but not by a state that is old.
		let is_over = |since: &BlockNumber| at.number() >= since.saturating_add(LANDED_BLOCKS);
		for about in self.landed.iter().filter(|(_, since)| is_over(since)).filter_map(|(say, _)| say.about()) {
			self.watcher.forget(&about);
		}
		self.view = self.watcher.look(chain, at, last_final).await?;
		self.view.is_full = self.shop.library.store().free().is_ok_and(|free| free < LEAST_FREE);
		self.seen = arrived;
		super::bear(self.look_for_others())?;
		// What is due goes first: the rest is for others, or for later.
		self.act(chain);
		let untold = self.watcher.take_untold();
		let noted = self.note(chain, &untold).await;
		if noted.is_err() {
			self.watcher.give_back(untold);
		}
		super::bear(noted)?;
		super::bear(self.admit(at).await)?;
		self.desk.open(cases(&self.view, &self.works));
		self.measure();
		Ok(())
	}

	/// Whether this worker is the only one in its name.
	fn look_for_others(&mut self) -> Result<()> {
		let foreign = alone::foreign(&self.view, &self.config, &self.journal)?;
		self.shop.metrics.foreign.set(i64::try_from(foreign.len()).unwrap_or(i64::MAX));
		for foreign in foreign.difference(&self.foreign) {
			tracing::error!(
				"{foreign} was committed to in this worker's name, and not by it: another one runs with its key, or \
				 its data is lost or an old copy. As long as that is open, nothing new is taken on"
			);
		}
		if foreign.is_empty() && !self.foreign.is_empty() {
			tracing::info!("what others had committed to in this worker's name is over: it goes on");
		}
		self.foreign = foreign;
		Ok(())
	}

	/// What happened that the state does not keep.
	async fn note(&mut self, chain: &Chain, happened: &[(Hash, Happened)]) -> Result<()> {
		for (block, event) in happened.iter().filter(|(_, event)| event.name == "Revealed") {
			let Some(task) = event.about else { continue };
			let id = WorkId::Result { task };
			let Some(work) = self.works.get(&id).filter(|work| work.leader_salt.is_none()) else { continue };
			let sent: Vec<Revealed> = chain.at(*block).await?.sent("ResultValidation", "reveal").await?;
			if let Some(revealed) = sent.into_iter().find(|revealed| revealed.task == task) {
				let work = Work { leader_salt: Some(revealed.salt), ..work.clone() };
				self.put(id, work)?;
			}
		}
		if self.config.market.most_challenge_bond > 0.0 {
			self.doubt(chain, happened).await?;
		}
		Ok(())
	}

	/// Compares leaves that leaders have shown with one's own.
	async fn doubt(&mut self, chain: &Chain, happened: &[(Hash, Happened)]) -> Result<()> {
		for (block, event) in happened.iter().filter(|(_, event)| event.name == "LeavesRevealed") {
			let Some((task, request)) = event.about.and_then(|task| Some((task, self.view.requests.get(&task)?)))
			else {
				continue;
			};
			let id = WorkId::Result { task };
			let leads = request.leader().is_some_and(|leader| leader.operator == self.operator);
			let (false, Some(work)) = (leads, self.works.get(&id)) else { continue };
			let (start, work) = (request.order.inputs, work.clone());
			let Some(saved) = self.shop.folder(&id).saved()? else { continue };
			let sent: Vec<Shown> = chain.at(*block).await?.sent("ResultValidation", "reveal_leaves").await?;
			let shown: Vec<_> =
				sent.into_iter().filter(|shown| shown.task == task).flat_map(|shown| shown.reveals).collect();
			let doubts = wrong_leaves(&task, &saved.leaves(), start, &shown);
			if !doubts.is_empty() && doubts != work.doubts {
				tracing::warn!(work = %id, ?doubts, "the leader's result cannot be right if ours is");
				self.put(id, Work { doubts, ..work })?;
			}
		}
		Ok(())
	}

	/// Lets those have a request's inputs and openings who were drawn to check its result.
	async fn admit(&mut self, at: &At) -> Result<()> {
		let operator = self.operator;
		let mut fresh = Vec::new();
		for (name, task) in &self.view.tasks {
			let Origin::Request { inputs, device, .. } = task.origin else { continue };
			if task.task.request.provider != operator || !self.config.has(device) {
				continue;
			}
			for (checker, leaves) in &task.checkers {
				let leaves = leaves.iter().filter(|leaf| !self.admitted.contains(&(*name, *checker, **leaf)));
				fresh.extend(leaves.map(|leaf| (*name, inputs, *checker, *leaf)));
			}
		}
		self.admitted.retain(|(name, ..)| self.view.tasks.contains_key(name));
		for (name, inputs, checker, leaf) in fresh {
			let keys = super::view::keys_of(at, checker).await?;
			if keys.is_empty() {
				// It may still register one.
				tracing::debug!(
					checker = chain::address(&checker),
					"who checks has no device that it could fetch with"
				);
				continue;
			}
			for artifact in self.needed(&name, inputs, leaf).await? {
				self.shop.library.store().restrict(&artifact, &keys).await?;
			}
			self.admitted.insert((name, checker, leaf));
		}
		Ok(())
	}

	/// What whoever checks a leaf of an own result must have from here.
	async fn needed(&self, task: &Hash, inputs: Hash, leaf: u32) -> Result<Vec<Artifact>> {
		let Some(leaves) = self.own_result(task)? else { return Ok(Vec::new()) };
		let before = leaf.checked_sub(1).and_then(|before| leaves.get(before as usize));
		let mut needed = Vec::new();
		for name in [Some(inputs), before.map(|before| before.carry)].into_iter().flatten() {
			let found = self.shop.library.store().find(&Name(name), MOST_BYTES, &[]).await;
			needed.extend(found.ok().filter(|found| found.bytes > 0));
		}
		Ok(needed)
	}

	fn measure(&self) {
		let metrics = &self.shop.metrics;
		metrics.block.set(self.view.number.into());
		metrics.final_block.set(self.view.last_final.into());
		metrics.clock.set(self.view.now.into());
		let ogpu = |amount: Balance| amount as f64 / ogpu_protocol::token::OGPU as f64;
		metrics.balance.set(ogpu(self.view.balance));
		metrics.locked.set(ogpu(self.view.locked));
		metrics.works.reset();
		for work in self.works.values() {
			metrics.works.with_label_values(&[&format!("{:?}", work.phase).to_lowercase()]).inc();
		}
	}

	/// Plans, and does what is not being done. What cannot be written down, on a disk that is full, is not done now; the
	/// rest goes on.
	fn act(&mut self, chain: &Chain) {
		let number = self.view.number;
		self.landed.retain(|_, since| number < since.saturating_add(LANDED_BLOCKS));
		self.failures.retain(|_, (until, _)| number < until.saturating_add(MOST_REST));
		self.resting.retain(|_, until| number < *until);
		let actions = plan(&self.view, &self.works, &self.config);
		let mut still_gone = BTreeMap::new();
		let mut pending = BTreeMap::new();
		for action in actions {
			match action {
				Action::Say { what, .. } if self.is_kept_back(&what) => {}
				Action::Do(work) if self.is_new(&work) => {}
				Action::Say { what, due } => {
					pending.insert(what.clone(), due);
					if let Err(error) = self.say(chain, what.clone()) {
						tracing::error!("cannot say {what:?}: {error:#}");
						self.fail(what);
					}
				}
				Action::Do(work) => {
					let id = work.id.clone();
					if let Err(error) = self.take(*work) {
						tracing::error!(work = %id, "cannot be taken on: {error:#}");
						self.resting.insert(id, number.saturating_add(FIRST_REST));
					}
				}
				Action::Settle(id) => {
					let since = self.gone.get(&id).copied().unwrap_or(number);
					let is_over = number >= since.saturating_add(GONE_BLOCKS) && self.view.last_final >= since;
					let settled = is_over && !self.running.contains_key(&id);
					let settled = if settled { self.settle(id.clone()).map(|()| true) } else { Ok(false) };
					match settled {
						Ok(true) => {}
						Ok(false) => drop(still_gone.insert(id, since)),
						Err(error) => {
							tracing::error!(work = %id, "cannot be settled: {error:#}");
							still_gone.insert(id, since);
						}
					}
				}
			}
		}
		self.gone = still_gone;
		for (say, due) in std::mem::replace(&mut self.pending, pending) {
			// What has landed is no longer pending.
			let is_said = self.flights.contains(&say) || self.landed.contains_key(&say);
			if !self.pending.contains_key(&say) && due < self.view.now && !is_said {
				tracing::warn!(what = say.name(), due, now = self.view.now, "missed a deadline");
				self.shop.metrics.missed.with_label_values(&[say.name()]).inc();
			}
		}
	}

	/// What is not said now: whoever is about to stop takes nothing on, and neither does who is not alone in its name. What
	/// that other one was drawn for is not declined either.
	fn is_kept_back(&self, say: &Say) -> bool {
		let is_other = !self.foreign.is_empty();
		say.is_new() && (self.is_leaving || is_other) || is_other && matches!(say, Say::Decline { .. })
	}

	/// Work that is not begun now, for the same reasons. Duties are done by whoever is first: the chain takes one answer.
	fn is_new(&self, work: &Do) -> bool {
		let is_duty = matches!(work.id, WorkId::Check { .. });
		(self.is_leaving || !self.foreign.is_empty() && !is_duty) && !self.works.contains_key(&work.id)
	}

	fn put(&mut self, id: WorkId, work: Work) -> Result<()> {
		self.journal.put(&id, &work).context("the journal cannot be written")?;
		tracing::debug!(work = %id, phase = ?work.phase, "journal");
		self.works.insert(id, work);
		Ok(())
	}

	/// Has a work done, if nobody does it.
	fn take(&mut self, work: Do) -> Result<()> {
		if self.running.contains_key(&work.id) || self.resting.contains_key(&work.id) {
			return Ok(());
		}
		let Some(lane) = self.lanes.get(&work.device).cloned() else { return Ok(()) };
		let task = match &work.id {
			WorkId::Result { task } | WorkId::Check { task, .. } => Some(*task),
			WorkId::Part { .. } => None,
		};
		let known = self.works.get(&work.id).cloned();
		if known.is_none() {
			tracing::info!(work = %work.id, due = work.due, now = self.view.now, "taken on");
		}
		let known = known.unwrap_or_else(|| Work::accepted(work.device, task));
		if matches!(known.phase, Phase::Accepted | Phase::Failed) {
			self.put(work.id.clone(), Work { phase: Phase::Computing, obstacle: None, ..known })?;
		}
		self.running.insert(work.id.clone(), work.due);
		lane.take(work, self.view.now);
		Ok(())
	}

	/// A work has ended.
	pub fn ended(&mut self, chain: &Chain, Done { id, end }: Done) -> Result<()> {
		self.running.remove(&id);
		let Some(work) = self.works.get(&id).cloned() else { return Ok(()) };
		let label = match &end {
			Ok(_) => "done",
			Err(Failed::Missing(_)) => "missing",
			Err(Failed::Engine(_)) => "failed",
		};
		self.shop.metrics.jobs.with_label_values(&[label]).inc();
		let work = match end {
			Ok(Ended::Result { leaves, output, last }) => {
				tracing::info!(work = %id, leaves, "computed");
				Work { phase: Phase::Computed, leaves, output: Some(output.0), leaf: Some(last.into()), ..work }
			}
			Ok(Ended::Checked { leaf }) => {
				tracing::info!(work = %id, "checked");
				Work { phase: Phase::Computed, leaf: Some(leaf.into()), ..work }
			}
			Err(failed) => self.failed(&id, work, failed),
		};
		if let Err(error) = self.put(id.clone(), work) {
			// What it has computed is on the disk: it is found there the next time.
			self.resting.insert(id, self.view.number.saturating_add(FIRST_REST));
			return Err(error);
		}
		// At once, not after the next block.
		self.seen = Instant::now();
		self.act(chain);
		Ok(())
	}

	/// What becomes of a work that cannot be done, or not now.
	fn failed(&mut self, id: &WorkId, work: Work, failed: Failed) -> Work {
		let obstacle = match (&failed, id) {
			(Failed::Missing(Missing::Output(_)), _) => Some(ObstacleForm::OutputMissing),
			(Failed::Engine(engine::Fault::Opening(_)), _) => Some(ObstacleForm::OutputMissing),
			(Failed::Missing(Missing::Input(_)), _) => Some(ObstacleForm::InputMissing),
			(Failed::Missing(Missing::Invalid(_)) | Failed::Engine(engine::Fault::Invalid(_)), _) => {
				Some(ObstacleForm::InputInvalid)
			}
			_ => None,
		};
		let tries = work.tries.saturating_add(1);
		tracing::warn!(work = %id, tries, "{failed}");
		if obstacle.is_some() || tries >= super::plan::MOST_TRIES {
			self.resting.insert(id.clone(), self.view.number.saturating_add(MISSING_REST));
			return Work { phase: Phase::Failed, obstacle, tries, ..work };
		}
		let rest = FIRST_REST.checked_shl(tries).unwrap_or(MOST_REST).min(MOST_REST);
		self.resting.insert(id.clone(), self.view.number.saturating_add(rest));
		Work { phase: Phase::Accepted, tries, ..work }
	}

	/// Nothing is open any more about a work.
	fn settle(&mut self, id: WorkId) -> Result<()> {
		let Some(work) = self.works.get(&id).cloned() else { return Ok(()) };
		if work.phase >= Phase::Committed && !matches!(id, WorkId::Check { .. }) {
			tracing::info!(work = %id, "settled");
			self.shop.metrics.settled.inc();
			// It can still be shown: the node that says that nothing is open may be wrong, or on a branch that leads nowhere.
			self.shop.folder(&id).trim()?;
			let until = lane::now().saturating_add(self.shop.serve.as_secs());
			return self.put(id, Work { phase: Phase::Serving, serve_until: Some(until), ..work });
		}
		self.shop.folder(&id).remove()?;
		self.journal.forget(&id)?;
		self.works.remove(&id);
		Ok(())
	}

	/// What is done now and then.
	pub async fn chores(&mut self, chain: &Chain) -> Result<()> {
		let metrics = self.shop.metrics.clone();
		self.earnings.count(chain, self.view.last_final, &self.works, &metrics).await?;
		let now = lane::now();
		let over: Vec<_> =
			self.works.iter().filter(|(_, work)| work.serve_until.is_some_and(|until| until < now)).collect();
		let over: Vec<_> = over.into_iter().map(|(id, _)| id.clone()).collect();
		for id in over {
			self.shop.library.store().release(lane::owner(&id)).await?;
			self.shop.folder(&id).remove()?;
			self.journal.forget(&id)?;
			self.works.remove(&id);
		}
		if self.pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
			let old = self.journal.prune(now)?;
			tracing::debug!(old, "old seals are forgotten");
			self.pruned = Some(Instant::now());
		}
		if let Err(error) = self.shop.library.sweep(self.shop.serve.max(Duration::from_secs(3600))) {
			tracing::warn!("cannot remove old artifacts: {error:#}");
		}
		let usage = self.shop.library.store().usage();
		let bytes = &self.shop.metrics.store_bytes;
		bytes.with_label_values(&["held"]).set(usage.bytes as i64);
		bytes.with_label_values(&["quota"]).set(usage.quota_bytes as i64);
		bytes.with_label_values(&["served"]).set(usage.served_bytes as i64);
		bytes.with_label_values(&["fetched"]).set(usage.fetched_bytes as i64);
		Ok(())
	}

	/// From now on nothing new is taken on.
	pub fn leave(&mut self) {
		self.is_leaving = true;
	}

	/// What would be late if this process stopped now and another one had to do it.
	pub fn urgent(&self) -> usize {
		let soon = self.view.now.saturating_add(super::plan::RESTART_BLOCKS);
		let said =
			self.pending.iter().filter(|(say, due)| **due <= soon && !self.flights.contains(say) && !say.is_new());
		let computed = self.running.values().filter(|due| **due <= soon);
		said.count().saturating_add(computed.count()).saturating_add(self.flights.len())
	}

	/// The connection is gone: what was on its way may be sent again.
	pub fn forget_flights(&mut self) {
		for about in self.flights.iter().chain(self.landed.keys()).filter_map(Say::about) {
			self.watcher.forget(&about);
		}
		self.flights.clear();
		self.landed.clear();
	}

	/// The next call that has landed.
	pub async fn landing(&mut self) -> Option<Landing> {
		self.landings.1.recv().await
	}

	pub fn note_landing(&mut self, Landing { say, call, end }: Landing) {
		self.flights.remove(&say);
		if let Some(about) = say.about() {
			self.watcher.forget(&about);
		}
		match end {
			Ok(()) => {
				tracing::info!(call, "in a block");
				self.failures.remove(&say);
				self.pending.remove(&say);
				self.shop.metrics.transactions.with_label_values(&["done"]).inc();
				self.landed.insert(say, self.view.number);
			}
			Err(error) => {
				let label = if error.is_temporary() { "lost" } else { "refused" };
				self.shop.metrics.transactions.with_label_values(&[label]).inc();
				match &error {
					chain::Error::Refused { refusal, .. } if refusal.custom.is_some() => tracing::info!("{error}"),
					chain::Error::Refused { refusal, .. } if refusal.is_poverty() => tracing::error!("{error}"),
					_ => tracing::warn!("{error}"),
				}
				self.fail(say);
			}
		}
	}

	fn fail(&mut self, say: Say) {
		let (_, rest) = self.failures.get(&say).copied().unwrap_or((0, FIRST_REST));
		let until = self.view.number.saturating_add(rest);
		self.failures.insert(say, (until, rest.saturating_mul(2).min(MOST_REST)));
	}

	/// Sends something, if it is not on its way and has not failed lately.
	fn say(&mut self, chain: &Chain, say: Say) -> Result<()> {
		let rests = self.failures.get(&say).is_some_and(|(until, _)| self.view.number < *until);
		let is_said = self.flights.iter().chain(self.landed.keys()).any(|other| other.is_same(&say));
		if rests || is_said || self.flights.len() >= MOST_FLIGHTS {
			return Ok(());
		}
		let Some(call) = self.call(&say)? else { return Ok(()) };
		let sender = match say {
			// Its bond, and what it earns, are the operator's where that can be.
			Say::Challenge { .. } => self.operator_key.as_ref().unwrap_or(&self.worker).clone(),
			Say::Join(..) | Say::OfferSeats => match &self.operator_key {
				Some(key) => key.clone(),
				None => return Ok(()),
			},
			_ => self.worker.clone(),
		};
		tracing::debug!(%call, "sending");
		self.flights.insert(say.clone());
		let (chain, landings) = (chain.clone(), self.landings.0.clone());
		let (since, seconds) = (self.seen, self.shop.metrics.answer_seconds.with_label_values(&[say.name()]));
		tokio::spawn(async move {
			let taken = || {
				seconds.observe(since.elapsed().as_secs_f64());
				tracing::debug!(%call, ms = since.elapsed().as_millis(), "sent");
			};
			let end = sender.send_and_tell(&chain, &call, taken).await.map(|_| ());
			let _ = landings.send(Landing { say, call: call.to_string(), end });
		});
		Ok(())
	}

	/// The call that says it. Whatever it commits to is in the journal when this returns. `None` if it cannot be said.
	fn call(&mut self, say: &Say) -> Result<Option<Call>> {
		Ok(Some(match say {
			Say::Heartbeat(device) => calls::heartbeat(*device),
			Say::Join(service, device) => calls::operator::join(*service, *device),
			Say::OfferSeats => calls::operator::offer_seats(1, None),
			Say::Decline { request } => calls::decline(*request),
			Say::Alarm { request } => calls::alarm(*request),
			Say::Challenge { task, leaf } => calls::challenge(*task, *leaf),
			Say::Start { job } => calls::start(*job),
			Say::ClaimInputs { job } => calls::claim_inputs(*job),
			Say::Advance(item) => calls::advance(*item),
			Say::Commit { request } => {
				let id = WorkId::Result { task: *request };
				let (commitment, leaves) = self.commit_result(&id, *request)?;
				let ceiling = self.view.requests.get(request).map_or(u32::MAX, |request| request.order.ceiling_leaves);
				anyhow::ensure!(leaves <= ceiling, "the result has {leaves} leaves, and the client allows {ceiling}");
				calls::commit(*request, commitment, leaves)
			}
			Say::CommitBenchmark { device, task } => {
				let (commitment, leaves) = self.commit_result(&WorkId::Result { task: *task }, *task)?;
				calls::commit_benchmark(*device, leaves, commitment)
			}
			Say::CommitPart { job, part, task } => {
				let (commitment, _) = self.commit_result(&WorkId::Part { job: *job, part: *part }, *task)?;
				let is_last = self.view.jobs.get(job).is_some_and(|job| *part == job.spec.last_part());
				calls::commit_part(*job, commitment, is_last)
			}
			Say::ClaimShare { request } => {
				let work = self.works.get(&WorkId::Result { task: *request });
				let sealed = self.journal.sealed::<Outcome>(&self.place(*request, 0))?;
				let (Some(leader_salt), Some(sealed)) = (work.and_then(|work| work.leader_salt), sealed) else {
					return Ok(None);
				};
				calls::claim_share(*request, &sealed.value, sealed.salt, leader_salt)
			}
			Say::PostOpenings { task, leaves } => {
				let Some(saved) = self.own_result(task)? else { return Ok(None) };
				let Some(view) = self.view.tasks.get(task) else { return Ok(None) };
				let start = view.task.request.start;
				let opening = |leaf: &u32| {
					let before = leaf.checked_sub(1).map(|before| saved.get(before as usize).map(|leaf| leaf.carry));
					Some((*leaf, before.unwrap_or(Some(start))?))
				};
				let openings: Vec<_> = leaves.iter().take(LEAVES_OF_CALL).filter_map(opening).collect();
				calls::post_openings(*task, &openings)
			}
			Say::Reveal { task } => {
				let Some(sealed) = self.journal.sealed::<Outcome>(&self.place(*task, 0))? else {
					anyhow::bail!("the journal does not know what was committed to");
				};
				calls::reveal(*task, &sealed.value, sealed.salt)
			}
			Say::RevealLeaves { task, leaves } => {
				let Some(saved) = self.own_result(task)? else { return Ok(None) };
				let tree = leaf::tree(blake2, task, &saved).context("a result without leaves")?;
				let proven = |index: u32| Some(Proven { leaf: *saved.get(index as usize)?, proof: tree.proof(index)? });
				let reveal = |index: &u32| {
					let before = index.checked_sub(1).map(&proven);
					Some((*index, Reveal { leaf: proven(*index)?, before: before.flatten() }))
				};
				let reveals: Vec<_> = leaves.iter().take(LEAVES_OF_CALL).filter_map(reveal).collect();
				calls::reveal_leaves(*task, &reveals)
			}
			Say::CommitAudit { task, leaf } => {
				let Some(finding) = self.audit(task, *leaf) else { return Ok(None) };
				let sealed = self.journal.seal(&self.place(leaf_task(blake2, task, *leaf), 0), &finding)?;
				self.advance(&WorkId::Check { task: *task, leaf: *leaf }, Phase::Committed, None)?;
				calls::commit_audit(*task, *leaf, sealed.commitment)
			}
			Say::RevealAudit { task, leaf } => {
				let place = self.place(leaf_task(blake2, task, *leaf), 0);
				let Some(sealed) = self.journal.sealed::<Finding<Audit>>(&place)? else {
					anyhow::bail!("the journal does not know what was committed to");
				};
				// It was sealed before, and is said where nothing can be written as well.
				super::bear(self.advance(&WorkId::Check { task: *task, leaf: *leaf }, Phase::Revealed, None))?;
				calls::reveal_audit(*task, *leaf, sealed.value, sealed.salt)
			}
			Say::CommitVote { task, leaf, round, seed } => {
				let Some(finding) = self.finding(task, *leaf, seed)? else { return Ok(None) };
				let place = self.place(leaf_task(blake2, task, *leaf), *round);
				let sealed = self.journal.seal(&place, &finding)?;
				calls::commit_vote(*task, *leaf, sealed.commitment)
			}
			Say::RevealVote { task, leaf, round } => {
				let place = self.place(leaf_task(blake2, task, *leaf), *round);
				let Some(sealed) = self.journal.sealed::<Finding<Vote>>(&place)? else {
					anyhow::bail!("the journal does not know what was committed to");
				};
				calls::reveal_vote(*task, *leaf, sealed.value, sealed.salt)
			}
			Say::Bid { job, round, device, price, eta_blocks } => {
				let Some(record) = self.view.devices.get(device) else { return Ok(None) };
				let offer = Offer { price: *price, eta_blocks: *eta_blocks, device: record.spec.worker };
				let sealed = self.journal.seal(&self.place(*job, *round), &offer)?;
				calls::commit_bid(*job, sealed.commitment)
			}
			Say::RevealBid { job, round } => {
				let Some(sealed) = self.journal.sealed::<Offer>(&self.place(*job, *round))? else {
					anyhow::bail!("the journal does not know what was bid");
				};
				let mut devices = self.view.devices.iter();
				let device = devices.find(|(id, device)| {
					device.spec.worker == sealed.value.device
						&& self.config.devices.iter().any(|c| c.id == **id && c.bids)
				});
				let (device, _) = device.context("no device has the key that was bid with")?;
				calls::reveal_bid(*job, &sealed.value, *device, sealed.salt)
			}
		}))
	}

	fn place(&self, task: Hash, round: u32) -> Place {
		Place { task, round, account: self.operator }
	}

	/// Writes down to what a result commits under this name, and returns that.
	fn commit_result(&mut self, id: &WorkId, task: Hash) -> Result<(Hash, u32)> {
		let work = self.works.get(id).context("the journal does not know the result")?;
		let output = work.output.context("the result has no output")?;
		let saved = self.shop.folder(id).saved()?.context("the result is not on the disk")?;
		let leaves = saved.leaves();
		let tree = leaf::tree(blake2, &task, &leaves).context("a result without leaves")?;
		let outcome = Outcome { root: tree.root(), output };
		let sealed = self.journal.seal(&self.place(task, 0), &outcome)?;
		anyhow::ensure!(sealed.value == outcome, "another result was committed to before");
		self.advance(id, Phase::Committed, Some(task))?;
		Ok((sealed.commitment, u32::try_from(leaves.len())?))
	}

	/// Notes that a work is further.
	fn advance(&mut self, id: &WorkId, phase: Phase, task: Option<Hash>) -> Result<()> {
		let Some(work) = self.works.get(id) else { return Ok(()) };
		let task = task.or(work.task);
		if work.phase < phase || work.task != task {
			let work = Work { phase: work.phase.max(phase), task, ..work.clone() };
			self.put(id.clone(), work)?;
		}
		Ok(())
	}

	/// The leaves of the operator's own result that is validated as this task.
	fn own_result(&self, task: &Hash) -> Result<Option<Vec<Leaf>>> {
		let is_it = |(id, work): &(&WorkId, &Work)| match id {
			WorkId::Result { task: of } => of == task,
			WorkId::Part { .. } => work.task.as_ref() == Some(task),
			WorkId::Check { .. } => false,
		};
		let Some((id, _)) = self.works.iter().find(is_it) else {
			tracing::error!(task = chain::hex(task), "a result is validated that the journal does not know");
			return Ok(None);
		};
		Ok(self.shop.folder(id).saved()?.map(|saved| saved.leaves()))
	}

	/// What was found of a leaf, for its audit.
	fn audit(&self, task: &Hash, index: u32) -> Option<Finding<Audit>> {
		let work = self.works.get(&WorkId::Check { task: *task, leaf: index })?;
		if let Some(obstacle) = work.obstacle {
			return Some(Err(Obstacle::from(obstacle)));
		}
		let leaf = Leaf::from(work.leaf?);
		let opening = self.view.tasks.get(task)?.checks.get(&index)?.opening?;
		Some(Ok(Audit { opening, digest: engine::digest(task, index, &leaf) }))
	}

	/// What was found of a leaf, for a jury with this seed.
	fn finding(&self, task: &Hash, index: u32, seed: &Hash) -> Result<Option<Finding<Vote>>> {
		let id = WorkId::Check { task: *task, leaf: index };
		let Some(work) = self.works.get(&id) else { return Ok(None) };
		if let Some(obstacle) = work.obstacle {
			return Ok(Some(Err(Obstacle::from(obstacle))));
		}
		let Some(leaf) = work.leaf else { return Ok(None) };
		let mut hasher = blake2b_simd::Params::new().hash_length(32).to_state();
		hasher.update(&binding_prefix(seed));
		let mut file = std::fs::File::open(self.shop.folder(&id).leaf_bytes())?;
		let mut piece = vec![0; 1 << 16];
		loop {
			let read = file.read(&mut piece)?;
			if read == 0 {
				break;
			}
			hasher.update(piece.get(..read).unwrap_or_default());
		}
		let binding = hasher.finalize().as_bytes().try_into()?;
		Ok(Some(Ok(Vote { digest: engine::digest(task, index, &Leaf::from(leaf)), binding })))
	}
}
