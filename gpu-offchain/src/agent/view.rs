//! What of the chain concerns this worker, as it stands after a block.

use super::proven::Openings;
use crate::{
	chain::{state, types::*, At, Chain, Error, Happened, Result},
	config::Config,
};
use std::collections::{BTreeMap, BTreeSet};

/// More than this is open at once in no honest network.
const MOST: usize = 1 << 20;
/// Leaves of a task that are looked at.
const MOST_CHECKS: usize = 1 << 12;
/// A head may be so many blocks away from the one that was looked at before. If it is farther, everything is looked at.
const MOST_STEPS: usize = 64;

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
	pub challengeable: BTreeMap<Hash, (Task, BTreeMap<u32, Check>)>,
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
	/// The block that was looked at last.
	head: Option<Hash>,
	requests: BTreeSet<Hash>,
	jobs: BTreeSet<Hash>,
	tasks: BTreeSet<Hash>,
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
			head: None,
			requests: BTreeSet::new(),
			jobs: BTreeSet::new(),
			tasks: BTreeSet::new(),
			since: BTreeMap::new(),
			openings: Openings::default(),
			heartbeat_blocks,
		}
	}

	/// Looks at a block. Returns what the chain looks like from here, and what happened since the block before.
	pub async fn look(
		&mut self,
		chain: &Chain,
		at: &At,
		last_final: BlockNumber,
	) -> Result<(View, Vec<(Hash, Happened)>)> {
		let happened = match self.events_since(chain, at).await? {
			Some(happened) => {
				self.touch(&happened);
				happened
			}
			None => {
				self.scan(at).await?;
				Vec::new()
			}
		};
		let mut view = self.read(at, last_final).await?;
		self.openings.find(chain, at, &mut view).await?;
		self.head = Some(at.hash());
		Ok((view, happened))
	}

	/// What happened in the blocks since the one that was looked at last. `None` if that is too long ago, or on a branch
	/// that leads nowhere: then anything may have.
	async fn events_since(&self, chain: &Chain, at: &At) -> Result<Option<Vec<(Hash, Happened)>>> {
		let Some(last) = self.head else { return Ok(None) };
		let mut blocks = vec![at.hash()];
		if at.hash() == last {
			return Ok(Some(Vec::new()));
		}
		let mut block = at.hash();
		loop {
			let Some(parent) = chain.parent(block).await? else { return Ok(None) };
			if parent == last {
				break;
			}
			if blocks.len() >= MOST_STEPS {
				return Ok(None);
			}
			blocks.push(parent);
			block = parent;
		}
		let mut happened = Vec::new();
		for block in blocks.into_iter().rev() {
			let events =
				if block == at.hash() { at.happened().await? } else { chain.at(block).await?.happened().await? };
			happened.extend(events.into_iter().map(|event| (block, event)));
		}
		Ok(Some(happened))
	}

	/// Notes what may concern this worker from now on; whether it does, [`Self::read`] finds out.
	fn touch(&mut self, happened: &[(Hash, Happened)]) {
		for (_, event) in happened {
			let Some(about) = event.about else { continue };
			match (event.pallet.as_str(), event.name.as_str()) {
				("ContinuousPool", "Drawn") => self.requests.insert(about),
				("TrainingAuction", "Entered") => self.jobs.insert(about),
				("ResultValidation", "Opened" | "Claimed" | "Drawn" | "Redrawn" | "Doubled" | "JurorsDrawn") => {
					self.tasks.insert(about)
				}
				_ => false,
			};
		}
	}

	/// Looks at everything.
	async fn scan(&mut self, at: &At) -> Result<()> {
		let requests = at.all(&state::REQUESTS, (), MOST).await?;
		self.requests = requests.into_iter().map(|((request,), _)| request).collect();
		let jobs = at.all(&state::JOBS, (), MOST).await?;
		self.jobs = jobs.into_iter().map(|((job,), _)| job).collect();
		let tasks = at.all(&state::TASKS, (), MOST).await?;
		self.tasks = tasks.into_iter().map(|((task,), _)| task).collect();
		Ok(())
	}

	async fn read(&mut self, at: &At, last_final: BlockNumber) -> Result<View> {
		let (now, window, account, lock, pins) = tokio::try_join!(
			at.get(&state::NOW, ()),
			at.get(&state::WINDOW, ()),
			at.get(&state::ACCOUNTS, (self.account,)),
			at.get(&state::LOCKS, (self.operator,)),
			at.get(&state::PINS, (self.operator,)),
		)?;
		let mut view = View {
			number: at.number(),
			now: now.unwrap_or_default(),
			last_final,
			operator: self.operator,
			heartbeat_blocks: self.heartbeat_blocks,
			window,
			balance: account.map_or(0, |account| account.data.free),
			..View::default()
		};
		view.purse = view.balance;
		if self.challenges && self.has_operator {
			view.purse = at.get(&state::ACCOUNTS, (self.operator,)).await?.map_or(0, |account| account.data.free);
		}
		if let Some(lock) = lock {
			let unbonding = lock.unbonding.iter().fold(0u128, |sum, part| sum.saturating_add(part.amount));
			view.locked = lock.locked;
			view.free_lock = lock.locked.saturating_sub(unbonding).saturating_sub(pinned(&pins.unwrap_or_default()));
		}
		for device in &self.devices {
			if let Some(record) = at.get(&state::DEVICES, (*device,)).await? {
				view.devices.insert(*device, record);
			}
		}
		for service in &self.services {
			if let Some(record) = at.get(&state::SERVICES, (*service,)).await? {
				view.services.insert(*service, record);
			}
			for device in &self.devices {
				let member = at.get(&state::MEMBERS, (*service, *device)).await?;
				if member.is_some_and(|member| member.left.is_none()) {
					view.members.insert((*service, *device));
				}
			}
		}
		view.offers_seats = self.is_verifier && at.get(&state::OFFERS, (self.operator,)).await?.is_some();
		self.read_requests(at, &mut view).await?;
		// Whatever it was drawn for: its operator may have joined more than the configuration names.
		for service in view.requests.values().map(|request| request.service).collect::<BTreeSet<_>>() {
			if view.services.contains_key(&service) {
				continue;
			}
			if let Some(record) = at.get(&state::SERVICES, (service,)).await? {
				view.services.insert(service, record);
			}
		}
		self.read_jobs(at, &mut view).await?;
		self.read_tasks(at, &mut view).await?;
		Ok(view)
	}

	async fn read_requests(&mut self, at: &At, view: &mut View) -> Result<()> {
		for request in self.requests.clone() {
			match at.get(&state::REQUESTS, (request,)).await? {
				Some(record) if record.racers.iter().any(|racer| racer.operator == self.operator) => {
					// It comes into the next block at the earliest.
					if view.number.saturating_add(1) < record.race.seed_from
						&& record.differs_from_leader(&self.operator)
					{
						let task = at.get(&state::TASKS, (request,)).await?;
						let may_say = task.is_some_and(|task| task.stage == Stage::Sealed && task.alarmed_by.is_none());
						if may_say {
							view.alarming.insert(request);
						}
					}
					if self.challenges && record.leader().is_some_and(|leader| leader.operator != self.operator) {
						self.read_rival(at, request, view).await?;
					}
					view.requests.insert(request, record);
				}
				// Who is not drawn now may be in another race of it, which is told.
				_ => {
					self.requests.remove(&request);
				}
			}
		}
		Ok(())
	}

	async fn read_rival(&self, at: &At, request: Hash, view: &mut View) -> Result<()> {
		let task = at.get(&state::TASKS, (request,)).await?;
		let Some(task) = task.filter(|task| task.stage == Stage::Challengeable) else { return Ok(()) };
		let checks = at.all(&state::CHECKS, (request,), MOST_CHECKS).await?;
		let checks = checks.into_iter().map(|((_, leaf), check)| (leaf, check)).collect();
		view.challengeable.insert(request, (task, checks));
		Ok(())
	}

	async fn read_jobs(&mut self, at: &At, view: &mut View) -> Result<()> {
		for job in self.jobs.clone() {
			let record = at.get(&state::JOBS, (job,)).await?;
			let Some(record) = record else {
				self.jobs.remove(&job);
				continue;
			};
			let is_ours = record.run.as_ref().is_some_and(|run| run.bid.bidder.operator == self.operator);
			let is_sealed = at.get(&state::BIDS, (job, self.operator)).await?.is_some();
			if is_sealed {
				view.sealed.insert(job);
			}
			let is_for_sale = self.bids
				&& matches!(record.stage, JobStage::Bidding | JobStage::Drawing { .. } | JobStage::Revealing { .. });
			if is_ours || is_sealed || is_for_sale {
				view.jobs.insert(job, record);
			} else {
				// What becomes of it is told.
				self.jobs.remove(&job);
			}
		}
		Ok(())
	}

	async fn read_tasks(&mut self, at: &At, view: &mut View) -> Result<()> {
		for name in self.tasks.clone() {
			let Some(task) = at.get(&state::TASKS, (name,)).await? else {
				self.tasks.remove(&name);
				self.since.remove(&name);
				continue;
			};
			let is_ours = task.request.provider == self.operator;
			if matches!(task.stage, Stage::Closing { .. }) || !(is_ours || self.is_verifier) {
				self.tasks.remove(&name);
				self.since.remove(&name);
				continue;
			}
			let checks = at.all(&state::CHECKS, (name,), MOST_CHECKS).await?;
			let checks: BTreeMap<_, _> = checks.into_iter().map(|((_, leaf), check)| (leaf, check)).collect();
			let mut checkers = BTreeMap::<AccountId, BTreeSet<u32>>::new();
			for (leaf, check) in &checks {
				for auditor in check.first.iter().chain(&check.second) {
					checkers.entry(auditor.operator).or_default().insert(*leaf);
				}
			}
			let juries = self.read_juries(at, name, &task, &mut checkers).await?;
			let is_drawn = checks.values().any(|check| check.auditor(&self.operator).is_some())
				|| juries.values().any(|(_, ballot)| ballot.is_some());
			if !is_ours && !is_drawn {
				// Who is drawn later is told.
				self.tasks.remove(&name);
				self.since.remove(&name);
				continue;
			}
			let since = match self.since.get(&name) {
				Some((stage, since)) if *stage == task.stage => *since,
				_ => {
					self.since.insert(name, (task.stage.clone(), at.number()));
					at.number()
				}
			};
			let origin = origin(at, name, &task).await?;
			view.tasks.insert(name, TaskView { task, origin, checks, juries, checkers, since });
		}
		Ok(())
	}

	async fn read_juries(
		&self,
		at: &At,
		name: Hash,
		task: &Task,
		checkers: &mut BTreeMap<AccountId, BTreeSet<u32>>,
	) -> Result<BTreeMap<u32, (Jury, Option<Ballot>)>> {
		let mut juries = BTreeMap::new();
		if !matches!(task.stage, Stage::Judging { .. }) {
			return Ok(juries);
		}
		for ((_, leaf), jury) in at.all(&state::JURIES, (name,), MOST_CHECKS).await? {
			let ballots = at.get(&state::BALLOTS, (name, (leaf, jury.round))).await?.unwrap_or_default();
			for ballot in &ballots {
				checkers.entry(ballot.operator).or_default().insert(leaf);
			}
			let ballot = ballots.into_iter().find(|ballot| ballot.operator == self.operator);
			juries.insert(leaf, (jury, ballot));
		}
		Ok(juries)
	}
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

/// Where the devices of an operator, or of whoever this key works for, can be reached.
pub async fn endpoints_of(at: &At, account: AccountId) -> Result<Vec<String>> {
	let operator = at.get(&state::WORKERS, (account,)).await?.map_or(account, |worker| worker.operator);
	let record = at.get(&state::OPERATORS, (operator,)).await?;
	let mut endpoints = Vec::new();
	for device in record.map(|record| record.devices).unwrap_or_default() {
		endpoints.extend(endpoint_of(at, device).await?);
	}
	Ok(endpoints)
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
