//! What of the chain concerns this worker, as it stands after a block.

use super::{
	kept::{Kept, Step, Trail, MOST_STEPS},
	proven::Openings,
};
use crate::{
	chain::{state, types::*, At, Chain, Error, Happened, Result},
	config::Config,
	store::{Endpoint, Key},
};
use futures::{future, stream, StreamExt, TryFutureExt, TryStreamExt};
use std::{
	collections::{BTreeMap, BTreeSet},
	future::Future,
};

/// More than this is open at once in no honest network.
const MOST: usize = 1 << 20;
/// Leaves of a task that are looked at.
const MOST_CHECKS: usize = 1 << 12;
/// Records that a node is asked for at the same time.
const AT_ONCE: usize = 32;

/// A validation of another's result, with the leaves that are looked at.
type Rival = (Task, BTreeMap<u32, Check>);

/// A request in whose present race the operator is, with what is open of it for a runner-up.
#[derive(Clone)]
struct Race {
	request: Request,
	/// Whether its leader must have another result, and nobody has said so.
	is_alarming: bool,
	/// What of its leader's result can be challenged.
	rival: Option<Rival>,
}

impl Race {
	/// Whether its deadline has passed, or that of its leader's validation.
	fn is_overdue(&self, now: BlockNumber) -> bool {
		let rival = self.rival.as_ref();
		self.request.has_deadline() && self.request.due < now || rival.is_some_and(|(task, _)| task.due < now)
	}
}

/// A job, and whether the operator has sealed a bid for it.
type Sale = (Job, bool);

/// The state after a block, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
	/// The number of the block, in which seeds are counted.
	pub number: BlockNumber,
	/// What the network's clock shows, by which deadlines go.
	pub now: BlockNumber,
	/// The last block that is final.
	pub last_final: BlockNumber,
	pub operator: AccountId,
	/// The worker key's free balance.
	pub balance: Balance,
	pub locked: Balance,
	/// What of the lock answers for nothing yet.
	pub free_lock: Balance,
	pub devices: BTreeMap<DeviceId, Device>,
	/// Services that the configuration names.
	pub services: BTreeMap<ServiceId, Service>,
	pub members: BTreeSet<(ServiceId, DeviceId)>,
	/// Requests in whose present race the operator is.
	pub requests: BTreeMap<Hash, Request>,
	/// Those of them whose leader must have another result, and about which nobody has said so.
	pub alarming: BTreeSet<Hash>,
	/// Those of them whose leader is another, and can be challenged now, with the leaves that are looked at.
	pub challengeable: BTreeMap<Hash, Rival>,
	/// What may be bonded: the operator's free balance, or the worker key's where that alone is here.
	pub purse: Balance,
	/// Jobs that are for sale, or sold to the operator.
	pub jobs: BTreeMap<Hash, Job>,
	/// Jobs for which it has sealed a bid.
	pub sealed: BTreeSet<Hash>,
	/// Validations of its results, and those for which it is drawn.
	pub tasks: BTreeMap<Hash, TaskView>,
	pub window: Option<Window>,
	pub offers_seats: bool,
	/// For how long a heartbeat counts.
	pub heartbeat_blocks: BlockNumber,
	/// This machine's disk has no room for more work.
	pub is_full: bool,
}

/// A validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
	pub task: Task,
	/// What is validated.
	pub origin: Origin,
	pub checks: BTreeMap<u32, Check>,
	/// Juries that sit, each with what the operator says in this round, if it was drawn.
	pub juries: BTreeMap<u32, (Jury, Option<Ballot>)>,
	/// Who was drawn to look at leaves, or to judge them in this round.
	pub checkers: BTreeMap<AccountId, BTreeSet<u32>>,
	/// The first block after which it was seen to be in this stage.
	pub since: BlockNumber,
}

impl TaskView {
	/// Until when nothing happens unless somebody says something: while a jury sits, its deadline counts.
	fn due(&self) -> BlockNumber {
		if matches!(self.task.stage, Stage::Judging { .. }) {
			let sitting = self.juries.values().filter(|(jury, _)| jury.stage != JuryStage::Closed);
			return sitting.map(|(jury, _)| jury.due).min().unwrap_or_default();
		}
		self.task.due
	}
}

/// Whose result a validation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
	Request {
		service: ServiceId,
		client: AccountId,
		device: Option<DeviceId>,
		manifest: Hash,
		inputs: Hash,
		most_bytes: u128,
	},
	Part {
		job: Hash,
		first_leaf: u32,
		client: AccountId,
		device: Option<DeviceId>,
		manifest: Hash,
		most_bytes: u128,
	},
	Benchmark {
		device: DeviceId,
	},
	/// The market's record is gone.
	Unknown,
}

impl Origin {
	/// The device that computed it.
	pub fn device(&self) -> Option<DeviceId> {
		match self {
			Self::Request { device, .. } | Self::Part { device, .. } => *device,
			Self::Benchmark { device } => Some(*device),
			Self::Unknown => None,
		}
	}
}

/// Follows the chain from block to block.
pub struct Watcher {
	operator: AccountId,
	account: AccountId,
	devices: BTreeSet<DeviceId>,
	services: BTreeSet<ServiceId>,
	bids: bool,
	challenges: bool,
	has_operator: bool,
	is_verifier: bool,
	/// The blocks that were looked at last.
	trail: Trail,
	/// What happened in them, and nobody has heard of yet.
	untold: Vec<(Hash, Happened)>,
	races: Kept<Race>,
	sales: Kept<Sale>,
	tasks: Kept<TaskView>,
	/// When each validation was first seen in its stage.
	since: BTreeMap<Hash, (Stage, BlockNumber)>,
	openings: Openings,
	heartbeat_blocks: BlockNumber,
}

impl Watcher {
	pub fn new(config: &Config, account: AccountId, operator: AccountId, heartbeat_blocks: BlockNumber) -> Self {
		let services = config.devices.iter().flat_map(|device| device.services.iter().copied());
		Self {
			operator,
			account,
			devices: config.devices.iter().map(|device| device.id).collect(),
			services: services.collect(),
			bids: config.devices.iter().any(|device| device.bids),
			challenges: config.market.most_challenge_bond > 0.0,
			has_operator: config.operator.is_some(),
			is_verifier: config.verifier.enabled,
			trail: Trail::default(),
			untold: Vec::new(),
			races: Kept::default(),
			sales: Kept::default(),
			tasks: Kept::default(),
			since: BTreeMap::new(),
			openings: Openings::default(),
			heartbeat_blocks,
		}
	}

	/// Looks at a block. Returns what the chain looks like from here.
	pub async fn look(&mut self, chain: &Chain, at: &At, last_final: BlockNumber) -> Result<View> {
		let step = self.step_to(chain, at).await?;
		match &step {
			Some(step) => self.touch(step),
			None => self.scan(at).await?,
		}
		let step = step.unwrap_or_else(|| Step { from: 0, blocks: vec![(at.hash(), Vec::new())] });
		for (block, events) in &step.blocks {
			self.untold.extend(events.iter().map(|event| (*block, event.clone())));
		}
		// From here on records are read that are of this block: should the rest fail, it is known which block that was.
		self.trail.go(step);
		// What a fork took back has not happened, and another node may not know it.
		self.untold.retain(|(block, _)| self.trail.after(block).is_some());
		let mut view = self.read(at, last_final).await?;
		self.openings.find(chain, at, &mut view).await?;
		Ok(view)
	}

	/// What happened in the blocks that were looked at since this was asked last.
	pub fn take_untold(&mut self) -> Vec<(Hash, Happened)> {
		std::mem::take(&mut self.untold)
	}

	/// It is told again the next time.
	pub fn give_back(&mut self, untold: Vec<(Hash, Happened)>) {
		self.untold.splice(..0, untold);
	}

	/// What a call of this worker was about has changed. Not every call has an event.
	pub fn forget(&mut self, about: &Hash) {
		self.races.touch(about);
		self.sales.touch(about);
		self.tasks.touch(about);
	}

	/// What happened between the blocks that were looked at and this one. `None` if that is too far away from them: then
	/// anything may have.
	async fn step_to(&self, chain: &Chain, at: &At) -> Result<Option<Step>> {
		let (mut blocks, mut block) = (Vec::new(), at.hash());
		let from = loop {
			if let Some(from) = self.trail.after(&block) {
				break from;
			}
			if self.trail.is_empty() || blocks.len() >= MOST_STEPS {
				return Ok(None);
			}
			blocks.push(block);
			let Some(parent) = chain.parent(block).await? else { return Ok(None) };
			block = parent;
		};
		let mut told = Vec::new();
		for block in blocks.into_iter().rev() {
			let events =
				if block == at.hash() { at.happened().await? } else { chain.at(block).await?.happened().await? };
			told.push((block, events));
		}
		Ok(Some(Step { from, blocks: told }))
	}

	/// Notes what has changed, and what may concern this worker from now on; whether it does, [`Self::read`] finds out.
	fn touch(&mut self, step: &Step) {
		// What a fork took back may be as it was before, also what had ended.
		let abandoned: Vec<_> = self.trail.beyond(step.from).filter_map(|event| event.about).collect();
		if self.trail.leads_elsewhere(step.from) {
			self.races.touch_all();
			self.sales.touch_all();
			self.tasks.touch_all();
			self.since.clear();
		}
		for about in abandoned {
			self.races.note(about);
			self.sales.note(about);
			self.tasks.note(about);
		}
		for event in step.blocks.iter().flat_map(|(_, events)| events) {
			let Some(about) = event.about else { continue };
			// The validation of a request has its name.
			self.forget(&about);
			match (event.pallet.as_str(), event.name.as_str()) {
				("ContinuousPool", "Drawn") => self.races.note(about),
				("TrainingAuction", "Entered") => self.sales.note(about),
				("ResultValidation", "Opened" | "Claimed" | "Drawn" | "Redrawn" | "Doubled" | "JurorsDrawn") => {
					self.tasks.note(about)
				}
				_ => {}
			}
		}
	}

	/// Looks at everything.
	async fn scan(&mut self, at: &At) -> Result<()> {
		let requests = at.all(&state::REQUESTS, (), MOST).await?;
		self.races = requests.into_iter().map(|((request,), _)| request).collect();
		let jobs = at.all(&state::JOBS, (), MOST).await?;
		self.sales = jobs.into_iter().map(|((job,), _)| job).collect();
		let tasks = at.all(&state::TASKS, (), MOST).await?;
		self.tasks = tasks.into_iter().map(|((task,), _)| task).collect();
		Ok(())
	}

	async fn read(&mut self, at: &At, last_final: BlockNumber) -> Result<View> {
		let members = self.services.iter().flat_map(|service| self.devices.iter().map(|device| (*service, *device)));
		let members: Vec<_> = members.collect();
		let own = self.read_own(at, last_final).await?;
		let (number, now) = (own.number, own.now);
		let races = self.races.stale(number, |race| race.is_overdue(now));
		// Few are given out to one operator, and milestones change them.
		let sales = self.sales.stale(number, |(job, _)| job.due < now || job.run.is_some());
		let tasks = self.tasks.stale(number, |task| task.due() < now);
		let (devices, services, members, found_races, found_sales, found_tasks) = tokio::try_join!(
			each(self.devices.iter().copied(), |device| at.get(&state::DEVICES, (device,))),
			each(self.services.iter().copied(), |service| at.get(&state::SERVICES, (service,))),
			each(members, |member| at.get(&state::MEMBERS, member)),
			each(races.iter().copied(), |request| self.read_race(at, request)),
			each(sales.iter().copied(), |job| self.read_sale(at, job)),
			each(tasks.iter().copied(), |task| self.read_task(at, task)),
		)?;
		// What is over, or concerns others, is forgotten: what becomes of it is told.
		self.races.keep(number, races, found_races);
		self.sales.keep(number, sales, found_sales);
		self.tasks.keep(number, tasks, found_tasks);
		let mut view = View { devices, services, ..own };
		view.members = members.into_iter().filter(|(_, member)| member.left.is_none()).map(|(name, _)| name).collect();
		for (name, Race { request, is_alarming, rival }) in self.races.iter() {
			// It comes into the next block at the earliest.
			if is_alarming && number.saturating_add(1) < request.race.seed_from {
				view.alarming.insert(name);
			}
			if let Some(rival) = rival {
				view.challengeable.insert(name, rival);
			}
			view.requests.insert(name, request);
		}
		// Whatever it was drawn for: its operator may have joined more than the configuration names.
		let drawn: BTreeSet<_> = view.requests.values().map(|request| request.service).collect();
		let more = drawn.into_iter().filter(|service| !view.services.contains_key(service));
		view.services.extend(each(more.collect::<Vec<_>>(), |service| at.get(&state::SERVICES, (service,))).await?);
		for (job, (record, is_sealed)) in self.sales.iter() {
			if is_sealed {
				view.sealed.insert(job);
			}
			view.jobs.insert(job, record);
		}
		let before = std::mem::take(&mut self.since);
		for (name, mut task) in self.tasks.iter() {
			task.since = match before.get(&name) {
				Some((stage, since)) if *stage == task.task.stage => *since,
				_ => at.number(),
			};
			self.since.insert(name, (task.task.stage.clone(), task.since));
			view.tasks.insert(name, task);
		}
		Ok(view)
	}

	/// What there is but once.
	async fn read_own(&self, at: &At, last_final: BlockNumber) -> Result<View> {
		let purse_of = if self.challenges && self.has_operator { self.operator } else { self.account };
		let (now, window, account, purse, lock, pins, offers) = tokio::try_join!(
			at.get(&state::NOW, ()),
			at.get(&state::WINDOW, ()),
			at.get(&state::ACCOUNTS, (self.account,)),
			at.get(&state::ACCOUNTS, (purse_of,)),
			at.get(&state::LOCKS, (self.operator,)),
			at.get(&state::PINS, (self.operator,)),
			at.get(&state::OFFERS, (self.operator,)),
		)?;
		let mut view = View {
			number: at.number(),
			now: now.unwrap_or_default(),
			last_final,
			operator: self.operator,
			heartbeat_blocks: self.heartbeat_blocks,
			window,
			balance: account.map_or(0, |account| account.data.free),
			purse: purse.map_or(0, |account| account.data.free),
			offers_seats: self.is_verifier && offers.is_some(),
			..View::default()
		};
		if let Some(lock) = lock {
			let unbonding = lock.unbonding.iter().fold(0u128, |sum, part| sum.saturating_add(part.amount));
			view.locked = lock.locked;
			view.free_lock = lock.locked.saturating_sub(unbonding).saturating_sub(pinned(&pins.unwrap_or_default()));
		}
		Ok(view)
	}

	/// A request in whose present race the operator is.
	async fn read_race(&self, at: &At, name: Hash) -> Result<Option<Race>> {
		let Some(request) = at.get(&state::REQUESTS, (name,)).await? else { return Ok(None) };
		if !request.racers.iter().any(|racer| racer.operator == self.operator) {
			return Ok(None);
		}
		let may_alarm = at.number() < request.race.seed_from && request.differs_from_leader(&self.operator);
		let may_challenge = self.challenges && request.leader().is_some_and(|leader| leader.operator != self.operator);
		let task = if may_alarm || may_challenge { at.get(&state::TASKS, (name,)).await? } else { None };
		let Some(task) = task else { return Ok(Some(Race { request, is_alarming: false, rival: None })) };
		let is_alarming = may_alarm && task.stage == Stage::Sealed && task.alarmed_by.is_none();
		let is_open = may_challenge && task.stage == Stage::Challengeable;
		let rival = if is_open { Some((task, read_checks(at, name).await?)) } else { None };
		Ok(Some(Race { request, is_alarming, rival }))
	}

	/// A job that is for sale or sold to the operator, or for which it has sealed a bid, and whether it has.
	async fn read_sale(&self, at: &At, job: Hash) -> Result<Option<Sale>> {
		let (record, bid) = tokio::try_join!(at.get(&state::JOBS, (job,)), at.get(&state::BIDS, (job, self.operator)))?;
		let Some(record) = record else { return Ok(None) };
		let is_ours = record.run.as_ref().is_some_and(|run| run.bid.bidder.operator == self.operator);
		let is_for_sale = self.bids
			&& matches!(record.stage, JobStage::Bidding | JobStage::Drawing { .. } | JobStage::Revealing { .. });
		let is_sealed = bid.is_some();
		Ok((is_ours || is_sealed || is_for_sale).then_some((record, is_sealed)))
	}

	/// A validation of the operator's result, or for which it is drawn.
	async fn read_task(&self, at: &At, name: Hash) -> Result<Option<TaskView>> {
		let Some(task) = at.get(&state::TASKS, (name,)).await? else { return Ok(None) };
		let is_ours = task.request.provider == self.operator;
		if matches!(task.stage, Stage::Closing { .. }) || !(is_ours || self.is_verifier) {
			return Ok(None);
		}
		let checks = read_checks(at, name).await?;
		let panels = read_panels(at, name, &task).await?;
		let checkers = checkers(&checks, &panels);
		let juries: BTreeMap<_, _> = panels
			.into_iter()
			.map(|(leaf, (jury, ballots))| {
				let own = ballots.into_iter().find(|ballot| ballot.operator == self.operator);
				(leaf, (jury, own))
			})
			.collect();
		let is_drawn = checks.values().any(|check| check.auditor(&self.operator).is_some())
			|| juries.values().any(|(_, ballot)| ballot.is_some());
		if !is_ours && !is_drawn {
			return Ok(None);
		}
		let origin = origin(at, name, &task).await?;
		Ok(Some(TaskView { task, origin, checks, juries, checkers, since: at.number() }))
	}
}

/// What is there of some names, many of which are asked for at once.
async fn each<Name: Copy + Ord, Record, Reading: Future<Output = Result<Option<Record>>>>(
	names: impl IntoIterator<Item = Name>,
	read: impl Fn(Name) -> Reading,
) -> Result<BTreeMap<Name, Record>> {
	let reading = stream::iter(names).map(|name| read(name).map_ok(move |record| (name, record)));
	let found = reading
		.buffer_unordered(AT_ONCE)
		.try_filter_map(|(name, record)| future::ok(record.map(|record| (name, record))));
	found.try_collect().await
}

/// Who was drawn to look at leaves of this result, or to judge them in this round.
pub async fn checkers_of(at: &At, name: Hash, task: &Task) -> Result<BTreeMap<AccountId, BTreeSet<u32>>> {
	Ok(checkers(&read_checks(at, name).await?, &read_panels(at, name, task).await?))
}

fn checkers(
	checks: &BTreeMap<u32, Check>,
	panels: &BTreeMap<u32, (Jury, Vec<Ballot>)>,
) -> BTreeMap<AccountId, BTreeSet<u32>> {
	let mut checkers = BTreeMap::<AccountId, BTreeSet<u32>>::new();
	let auditors = checks
		.iter()
		.flat_map(|(leaf, check)| check.first.iter().chain(&check.second).map(|auditor| (auditor.operator, *leaf)));
	let jurors = panels.iter().flat_map(|(leaf, (_, ballots))| ballots.iter().map(|ballot| (ballot.operator, *leaf)));
	for (operator, leaf) in auditors.chain(jurors) {
		checkers.entry(operator).or_default().insert(leaf);
	}
	checkers
}

/// Juries that sit, each with what all who were drawn say in this round.
async fn read_panels(at: &At, name: Hash, task: &Task) -> Result<BTreeMap<u32, (Jury, Vec<Ballot>)>> {
	let mut panels = BTreeMap::new();
	if !matches!(task.stage, Stage::Judging { .. }) {
		return Ok(panels);
	}
	for ((_, leaf), jury) in at.all(&state::JURIES, (name,), MOST_CHECKS).await? {
		let ballots = at.get(&state::BALLOTS, (name, (leaf, jury.round))).await?.unwrap_or_default();
		panels.insert(leaf, (jury, ballots));
	}
	Ok(panels)
}

async fn read_checks(at: &At, task: Hash) -> Result<BTreeMap<u32, Check>> {
	let checks = at.all(&state::CHECKS, (task,), MOST_CHECKS).await?;
	Ok(checks.into_iter().map(|((_, leaf), check)| (leaf, check)).collect())
}

/// What is bound of a lock: the largest of what answers for all together, and each of the others.
fn pinned(pins: &[Pinned]) -> Balance {
	let shared = pins.iter().filter(|pin| pin.pin == Pin::Shared).map(|pin| pin.amount).max().unwrap_or(0);
	let own = pins.iter().filter(|pin| pin.pin == Pin::Own).map(|pin| pin.amount);
	own.fold(shared, Balance::saturating_add)
}

/// What a validation is about.
pub async fn origin(at: &At, name: Hash, task: &Task) -> Result<Origin> {
	if let Some(measured) = &task.measures {
		return Ok(Origin::Benchmark { device: measured.device });
	}
	if let Some(request) = at.get(&state::REQUESTS, (name,)).await? {
		let service = at.get(&state::SERVICES, (request.service,)).await?;
		let service = service.ok_or_else(|| Error::Unexpected(format!("service {} is gone", request.service)))?;
		let racers = request.racers.iter().find(|racer| racer.operator == task.request.provider);
		return Ok(Origin::Request {
			service: request.service,
			client: request.client,
			device: racers.map(|racer| racer.device),
			manifest: service.manifest,
			inputs: request.order.inputs,
			most_bytes: service.leaf.fetched_bytes,
		});
	}
	let Some(of) = at.get(&state::JOB_TASKS, (name,)).await? else { return Ok(Origin::Unknown) };
	let Some(job) = at.get(&state::JOBS, (of.job,)).await? else { return Ok(Origin::Unknown) };
	Ok(Origin::Part {
		job: of.job,
		first_leaf: of.first_leaf,
		client: job.client,
		device: job.run.as_ref().map(|run| run.bid.bidder.device),
		manifest: job.spec.manifest,
		most_bytes: job.spec.leaf.fetched_bytes,
	})
}

/// The devices of an operator, or of whoever this key works for.
async fn devices_of(at: &At, account: AccountId) -> Result<Vec<DeviceId>> {
	let operator = at.get(&state::WORKERS, (account,)).await?.map_or(account, |worker| worker.operator);
	let record = at.get(&state::OPERATORS, (operator,)).await?;
	Ok(record.map(|record| record.devices).unwrap_or_default())
}

/// Where the devices of an operator, or of whoever this key works for, can be reached.
pub async fn endpoints_of(at: &At, account: AccountId) -> Result<Vec<String>> {
	let mut endpoints = Vec::new();
	for device in devices_of(at, account).await? {
		endpoints.extend(endpoint_of(at, device).await?);
	}
	Ok(endpoints)
}

/// The transport keys of these devices, for what is served to them alone.
pub async fn keys_of(at: &At, account: AccountId) -> Result<Vec<Key>> {
	let mut keys = Vec::new();
	for device in devices_of(at, account).await? {
		keys.extend(key_of(at, device).await?);
	}
	Ok(keys)
}

/// The transport key of a device, if it has an endpoint that is one.
pub async fn key_of(at: &At, device: DeviceId) -> Result<Option<Key>> {
	let endpoint = endpoint_of(at, device).await?;
	Ok(endpoint.and_then(|text| Some(text.parse::<Endpoint>().ok()?.key())))
}

/// Where a device can be reached.
pub async fn endpoint_of(at: &At, device: DeviceId) -> Result<Option<String>> {
	let device = at.get(&state::DEVICES, (device,)).await?;
	Ok(device.and_then(|device| device.endpoint().map(ToOwned::to_owned)))
}

/// Where the members of a service can be reached: each of them must hold its artifacts.
pub async fn members_of(at: &At, service: ServiceId, most: usize) -> Result<Vec<String>> {
	let mut endpoints = Vec::new();
	for ((_, device), _) in at.all(&state::MEMBERS, (service,), MOST_CHECKS).await?.into_iter().take(most) {
		endpoints.extend(endpoint_of(at, device).await?);
	}
	Ok(endpoints)
}
