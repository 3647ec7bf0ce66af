//! What is to be done: from what the chain shows and what the journal knows, and from nothing else. What was planned and
//! does not come about is planned again after the next block, so that forks, restarts and lost transactions need no rules
//! of their own.

use super::view::{Origin, TaskView, View};
use crate::{
	chain::{calls::Item, types::*},
	config::{Config, DeviceConfig},
	journal::{Doubt, ObstacleForm, Phase, Work as Undertaken, WorkId},
};
use std::collections::{BTreeMap, BTreeSet};

/// So long after its deadline the chain's agenda should have come to an item.
const OVERDUE_BLOCKS: BlockNumber = 5;
/// Within so many blocks more, all who wait for it have tried to move it on, one after the other as chance has it.
const SPREAD_BLOCKS: BlockNumber = 16;
/// Items that one worker moves on at once.
const MOST_ADVANCES: usize = 4;
/// From a computed result to its commitment in a block.
const SENDING_BLOCKS: BlockNumber = 3;
/// How often work is tried that this machine failed to do.
pub const MOST_TRIES: u32 = 4;
/// A score is renewed when it is so old: it counts for a week.
const SCORE_BLOCKS: BlockNumber = 3 * 28_800;
/// What validating a part takes at most before the next one can be committed: the seed's height is the next multiple of a
/// hundred, then openings, two audits and the reveal.
const PART_BLOCKS: BlockNumber = 260;

/// Starting again takes no longer, as a rule: what is due later can be done then.
pub const RESTART_BLOCKS: BlockNumber = 20;

/// Works that are known, as the journal has them.
pub type Works = BTreeMap<WorkId, Undertaken>;

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Say {
	Heartbeat(DeviceId),
	Join(ServiceId, DeviceId),
	OfferSeats,
	Commit { request: Hash },
	Decline { request: Hash },
	Alarm { request: Hash },
	Challenge { task: Hash, leaf: u32 },
	ClaimShare { request: Hash },
	PostOpenings { task: Hash, leaves: Vec<u32> },
	Reveal { task: Hash },
	RevealLeaves { task: Hash, leaves: Vec<u32> },
	CommitAudit { task: Hash, leaf: u32 },
	RevealAudit { task: Hash, leaf: u32 },
	CommitVote { task: Hash, leaf: u32, round: u32, seed: Hash },
	RevealVote { task: Hash, leaf: u32, round: u32 },
	Bid { job: Hash, round: u32, device: DeviceId, price: Balance, eta_blocks: BlockNumber },
	RevealBid { job: Hash, round: u32 },
	Start { job: Hash },
	CommitPart { job: Hash, part: u32, task: Hash },
	ClaimInputs { job: Hash },
	CommitBenchmark { device: DeviceId, task: Hash },
	Advance(Item),
}

impl Say {
	/// Whether this says the same, though perhaps in other words: a bid's price follows from the moment.
	pub fn is_same(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Bid { job, round, .. }, Self::Bid { job: others, round: others_round, .. }) => {
				(job, round) == (others, others_round)
			}
			_ => self == other,
		}
	}

	/// Whether it takes something on. Whoever is about to stop does not.
	pub fn is_new(&self) -> bool {
		matches!(
			self,
			Self::Heartbeat(_)
				| Self::Join(..)
				| Self::OfferSeats
				| Self::Bid { .. }
				| Self::Start { .. }
				| Self::Advance(_)
		)
	}

	/// The request, job or validation that it changes.
	pub fn about(&self) -> Option<Hash> {
		match self {
			Self::Heartbeat(_) | Self::Join(..) | Self::OfferSeats | Self::Advance(Item::Window) => None,
			Self::Commit { request }
			| Self::Decline { request }
			| Self::Alarm { request }
			| Self::ClaimShare { request } => Some(*request),
			Self::Challenge { task, .. }
			| Self::PostOpenings { task, .. }
			| Self::Reveal { task }
			| Self::RevealLeaves { task, .. }
			| Self::CommitAudit { task, .. }
			| Self::RevealAudit { task, .. }
			| Self::CommitVote { task, .. }
			| Self::RevealVote { task, .. }
			| Self::CommitBenchmark { task, .. }
			| Self::Advance(Item::Task(task) | Item::Jury(task, _) | Item::Market(task)) => Some(*task),
			Self::Bid { job, .. }
			| Self::RevealBid { job, .. }
			| Self::Start { job }
			| Self::CommitPart { job, .. }
			| Self::ClaimInputs { job } => Some(*job),
		}
	}

	/// What it is, for people and figures.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Heartbeat(_) => "heartbeat",
			Self::Join(..) => "join",
			Self::OfferSeats => "offer_seats",
			Self::Commit { .. } => "commit",
			Self::Decline { .. } => "decline",
			Self::Alarm { .. } => "alarm",
			Self::Challenge { .. } => "challenge",
			Self::ClaimShare { .. } => "claim_share",
			Self::PostOpenings { .. } => "post_openings",
			Self::Reveal { .. } => "reveal",
			Self::RevealLeaves { .. } => "reveal_leaves",
			Self::CommitAudit { .. } => "commit_audit",
			Self::RevealAudit { .. } => "reveal_audit",
			Self::CommitVote { .. } => "commit_vote",
			Self::RevealVote { .. } => "reveal_vote",
			Self::Bid { .. } => "bid",
			Self::RevealBid { .. } => "reveal_bid",
			Self::Start { .. } => "start",
			Self::CommitPart { .. } => "commit_part",
			Self::ClaimInputs { .. } => "claim_inputs",
			Self::CommitBenchmark { .. } => "commit_benchmark",
			Self::Advance(_) => "advance",
		}
	}
}

/// Something to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Do {
	pub id: WorkId,
	/// The device, or none for checks.
	pub device: Option<DeviceId>,
	pub what: What,
	/// The last block, by the network's clock, in which the result is of use.
	pub due: BlockNumber,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
	/// All leaves of a request, no more than it allows.
	Request {
		task: Hash,
		service: ServiceId,
		client: AccountId,
		manifest: Hash,
		inputs: Hash,
		most_leaves: u32,
		most_bytes: u128,
	},
	/// A part of a job.
	Part { job: Hash, client: AccountId, manifest: Hash, first: u32, leaves: u32, start: Hash, most_bytes: u128 },
	/// As many leaves of the benchmark as there is time for.
	Benchmark { task: Hash },
	/// One leaf of somebody's result.
	Check {
		task: Hash,
		leaf: u32,
		opening: Hash,
		start: Hash,
		leaves: u32,
		provider: AccountId,
		origin: Origin,
		is_claim: bool,
	},
}

/// What to do after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
	Say {
		what: Say,
		due: BlockNumber,
	},
	Do(Box<Do>),
	/// Nothing is open any more about a work: it is served for a while, and then forgotten.
	Settle(WorkId),
}

/// What to do, the most urgent first.
pub fn plan(view: &View, works: &Works, config: &Config) -> Vec<Action> {
	let mut planner = Planner { view, works, config, actions: Vec::new(), load: load(works) };
	planner.devices();
	planner.own_results();
	planner.checks();
	planner.races();
	planner.challenges();
	planner.jobs();
	planner.benchmarks();
	planner.overdue();
	planner.settled();
	let mut actions = planner.actions;
	actions.sort_by_key(|action| match action {
		Action::Say { due, .. } => *due,
		Action::Do(work) => work.due,
		Action::Settle(_) => BlockNumber::MAX,
	});
	actions
}

/// How many works wait for each device, or are being done.
fn load(works: &Works) -> BTreeMap<Option<DeviceId>, usize> {
	let mut load = BTreeMap::<_, usize>::new();
	for work in works.values().filter(|work| matches!(work.phase, Phase::Accepted | Phase::Computing)) {
		let count = load.entry(work.device).or_default();
		*count = count.saturating_add(1);
	}
	load
}

struct Planner<'a> {
	view: &'a View,
	works: &'a Works,
	config: &'a Config,
	actions: Vec<Action>,
	load: BTreeMap<Option<DeviceId>, usize>,
}

impl Planner<'_> {
	fn say(&mut self, what: Say, due: BlockNumber) {
		self.actions.push(Action::Say { what, due });
	}

	/// Has something computed if there is room for it, and says whether there is.
	fn compute(&mut self, work: Do, most: usize) -> bool {
		let is_known = self.works.contains_key(&work.id);
		if !is_known {
			let load = self.load.entry(work.device).or_default();
			if *load >= most {
				return false;
			}
			*load = load.saturating_add(1);
		}
		self.actions.push(Action::Do(Box::new(work)));
		true
	}

	/// Whether work is still to be done, and can be.
	fn is_open(&self, id: &WorkId) -> bool {
		self.works.get(id).is_none_or(|work| matches!(work.phase, Phase::Accepted | Phase::Computing))
	}

	fn is_computed(&self, id: &WorkId) -> bool {
		self.works.get(id).is_some_and(|work| work.phase >= Phase::Computed && work.phase != Phase::Failed)
	}

	/// What was committed to is final, so that no fork can take it back when the value is known.
	fn is_settled_stage(&self, task: &TaskView) -> bool {
		self.view.last_final >= task.since
	}

	fn config_of(&self, device: DeviceId) -> Option<&DeviceConfig> {
		self.config.devices.iter().find(|config| config.id == device)
	}

	/// Heartbeats, and joining.
	fn devices(&mut self) {
		let View { now, heartbeat_blocks, .. } = *self.view;
		let window = |block: BlockNumber| block.checked_div(heartbeat_blocks).unwrap_or_default();
		for (id, device) in &self.view.devices {
			if device.operator != self.view.operator {
				continue;
			}
			if device.heartbeat.is_none_or(|last| window(last) < window(now)) {
				self.say(Say::Heartbeat(*id), now.saturating_add(heartbeat_blocks));
			}
			let Some(config) = self.config_of(*id).filter(|_| self.config.operator.is_some()) else { continue };
			for service in config.services.clone() {
				let is_offered = self.view.services.get(&service).is_some_and(|service| !service.is_retired);
				let can = device.measured.is_some() && is_offered;
				if can && !self.view.members.contains(&(service, *id)) {
					self.say(Say::Join(service, *id), now.saturating_add(heartbeat_blocks));
				}
			}
		}
		if self.config.verifier.offer_seats && !self.view.offers_seats {
			self.say(Say::OfferSeats, now.saturating_add(heartbeat_blocks));
		}
	}

	/// What the operator has to show of its own results.
	fn own_results(&mut self) {
		for (name, task) in &self.view.tasks {
			let is_own = task.task.request.provider == self.view.operator && self.config.has(task.origin.device());
			if !is_own || task.task.is_claim {
				continue;
			}
			let due = task.task.due;
			let missing = |is_missing: &dyn Fn(&Check) -> bool| -> Vec<u32> {
				task.checks.iter().filter(|(_, check)| is_missing(check)).map(|(leaf, _)| *leaf).collect()
			};
			match task.task.stage {
				Stage::Opening => {
					let leaves = missing(&|check| check.opening.is_none());
					if !leaves.is_empty() {
						self.say(Say::PostOpenings { task: *name, leaves }, due);
					}
				}
				Stage::Revealing if !self.is_settled_stage(task) => {}
				Stage::Revealing if task.task.outcome.is_none() => self.say(Say::Reveal { task: *name }, due),
				Stage::Revealing | Stage::Challengeable | Stage::Answering => {
					let leaves = missing(&|check| check.digest.is_none());
					if !leaves.is_empty() {
						self.say(Say::RevealLeaves { task: *name, leaves }, due);
					}
				}
				_ => {}
			}
		}
	}

	/// Audits and juries for which the operator was drawn.
	fn checks(&mut self) {
		if !self.config.verifier.enabled {
			return;
		}
		for (name, task) in &self.view.tasks {
			if task.task.request.provider == self.view.operator {
				continue;
			}
			for (leaf, check) in &task.checks {
				self.audit(*name, task, *leaf, check);
			}
			for (leaf, (jury, ballot)) in &task.juries {
				if let Some(ballot) = ballot {
					self.vote(*name, task, *leaf, jury, ballot);
				}
			}
		}
	}

	fn audit(&mut self, name: Hash, task: &TaskView, leaf: u32, check: &Check) {
		let Some((auditor, is_second)) = check.auditor(&self.view.operator) else { return };
		let due = task.task.due;
		let is_turn = match task.task.stage {
			Stage::Auditing => true,
			Stage::AuditingTwice => is_second,
			Stage::Comparing => {
				if matches!(auditor.answer, Answer::Committed(_)) && self.is_settled_stage(task) {
					self.say(Say::RevealAudit { task: name, leaf }, due);
				}
				false
			}
			_ => false,
		};
		let id = WorkId::Check { task: name, leaf };
		if !is_turn || auditor.answer != Answer::Silent {
			return;
		}
		if self.is_known(&id) {
			self.say(Say::CommitAudit { task: name, leaf }, due);
		} else if self.is_open(&id) {
			self.check(name, task, leaf, check, due);
		}
	}

	fn vote(&mut self, name: Hash, task: &TaskView, leaf: u32, jury: &Jury, ballot: &Ballot) {
		let id = WorkId::Check { task: name, leaf };
		let round = jury.round;
		match (&jury.stage, &ballot.answer) {
			(JuryStage::Voting { seed }, Answer::Silent) => {
				if self.is_known(&id) {
					self.say(Say::CommitVote { task: name, leaf, round, seed: *seed }, jury.due);
				} else if self.is_open(&id) {
					let check = task.checks.get(&leaf).cloned();
					if let Some(check) = check {
						self.check(name, task, leaf, &check, jury.due);
					}
				}
			}
			(JuryStage::Revealing { .. }, Answer::Committed(_)) if self.is_settled_stage(task) => {
				self.say(Say::RevealVote { task: name, leaf, round }, jury.due);
			}
			_ => {}
		}
	}

	/// Whether it is known what a leaf is, or why it cannot be.
	fn is_known(&self, id: &WorkId) -> bool {
		self.works.get(id).is_some_and(|work| work.leaf.is_some() || work.obstacle.is_some())
	}

	fn check(&mut self, name: Hash, task: &TaskView, leaf: u32, check: &Check, due: BlockNumber) {
		let claim = &task.task.request;
		// A leaf that was challenged has no opening that its provider posted: it is what the leaf before handed on, and
		// nobody knows that but from the proofs.
		let Some(opening) = check.opening.or((leaf == 0).then_some(claim.start)) else { return };
		let what = What::Check {
			task: name,
			leaf,
			opening,
			start: claim.start,
			leaves: claim.leaves,
			provider: claim.provider,
			origin: task.origin.clone(),
			is_claim: task.task.is_claim,
		};
		let work = Do { id: WorkId::Check { task: name, leaf }, device: None, what, due };
		self.compute(work, self.config.verifier.queue);
	}

	/// Requests in whose race the operator is.
	fn races(&mut self) {
		for (name, request) in &self.view.requests {
			let Some(racer) = request.racer(&self.view.operator) else { continue };
			let Some(config) = self.config_of(racer.device) else { continue };
			let id = WorkId::Result { task: *name };
			let closes = request.race.closes;
			let is_open = !matches!(request.stage, RequestStage::Drawing { .. } | RequestStage::Sharing { .. })
				&& self.view.now <= closes
				&& self.view.number < request.race.seed_from;
			match racer.racing {
				Racing::Running if is_open && self.is_computed(&id) => self.say(Say::Commit { request: *name }, closes),
				// It cannot be done here, and others need not wait for it.
				Racing::Running if is_open && !self.is_open(&id) => self.say(Say::Decline { request: *name }, closes),
				Racing::Running if is_open => {
					let is_known = self.works.contains_key(&id);
					let most = config.queue;
					let service = self.view.services.get(&request.service);
					let work = service.map(|service| Do {
						id: id.clone(),
						device: Some(racer.device),
						what: What::Request {
							task: *name,
							service: request.service,
							client: request.client,
							manifest: service.manifest,
							inputs: request.order.inputs,
							most_leaves: request.order.ceiling_leaves,
							most_bytes: service.leaf.fetched_bytes,
						},
						due: closes.saturating_sub(SENDING_BLOCKS),
					});
					let fits = is_known || (!self.view.is_full && self.is_worth(request, racer.device));
					let is_taken = work.filter(|_| fits).is_some_and(|work| self.compute(work, most));
					if !is_taken {
						self.say(Say::Decline { request: *name }, closes);
					}
				}
				Racing::Committed { .. } => {
					if self.config.market.alarms && self.view.alarming.contains(name) {
						let left = request.race.seed_from.saturating_sub(self.view.number).saturating_sub(1);
						self.say(Say::Alarm { request: *name }, self.view.now.saturating_add(left));
					}
					let leads = request.leader().is_some_and(|leader| leader.operator == self.view.operator);
					let knows = self.works.get(&id).is_some_and(|work| work.leader_salt.is_some());
					if matches!(request.stage, RequestStage::Sharing { .. }) && !leads && knows {
						self.say(Say::ClaimShare { request: *name }, request.due);
					}
				}
				_ => {}
			}
		}
	}

	/// Leaves of leaders that cannot be right. Each is computed a second time before anything is bonded.
	fn challenges(&mut self) {
		for (name, (task, checks)) in &self.view.challengeable {
			let Some(request) = self.view.requests.get(name) else { continue };
			let (Some(racer), Some(service)) =
				(request.racer(&self.view.operator), self.view.services.get(&request.service))
			else {
				continue;
			};
			let Some(own) = self.works.get(&WorkId::Result { task: *name }) else { continue };
			let is_drawn = |doubt: &&Doubt| checks.get(&doubt.leaf).is_some_and(|check| check.first.is_some());
			let is_disputed = |doubt: &&Doubt| checks.get(&doubt.leaf).is_some_and(|check| check.challenge.is_some());
			// One that is right ends the task: more would only bind money.
			let doubt = own.doubts.iter().find(|doubt| !is_drawn(doubt)).filter(|doubt| !is_disputed(doubt));
			let Some(doubt) = doubt else { continue };
			let most = ogpu(self.config.market.most_challenge_bond).min(self.view.purse.saturating_sub(ogpu(1.0)));
			if task.challenge_bond() > most {
				continue;
			}
			let id = WorkId::Check { task: *name, leaf: doubt.leaf };
			match self.works.get(&id).and_then(|again| again.leaf) {
				Some(again) => {
					let digest = ogpu_protocol::leaf::Leaf::from(again).digest(crate::job::blake2, name, doubt.leaf);
					// A machine that finds two things is no witness.
					if digest == doubt.digest {
						self.say(Say::Challenge { task: *name, leaf: doubt.leaf }, task.due);
					}
				}
				None if self.is_open(&id) => {
					let origin = Origin::Request {
						service: request.service,
						client: request.client,
						device: Some(racer.device),
						manifest: service.manifest,
						inputs: request.order.inputs,
						most_bytes: service.leaf.fetched_bytes,
					};
					let what = What::Check {
						task: *name,
						leaf: doubt.leaf,
						opening: doubt.opening,
						start: task.request.start,
						leaves: task.request.leaves,
						provider: self.view.operator,
						origin,
						is_claim: false,
					};
					let due = task.due.saturating_sub(SENDING_BLOCKS);
					let work = Do { id, device: Some(racer.device), what, due };
					self.compute(work, usize::MAX);
				}
				None => {}
			}
		}
	}

	/// Whether a request brings what the operator wants, and can be done in time.
	fn is_worth(&self, request: &Request, device: DeviceId) -> bool {
		let least = ogpu(self.config.market.least_leaf_price);
		let Some(speed) = self.speed(device) else { return false };
		let work = request.leaf_work.saturating_mul(request.order.ceiling_leaves.into());
		let work = work.saturating_add(request.order.prompt_work);
		let waiting = self.load.get(&Some(device)).copied().unwrap_or_default() as u128;
		// What waits before it is taken to be as large.
		let blocks = work.saturating_mul(waiting.saturating_add(1)).checked_div(speed.max(1)).unwrap_or(u128::MAX);
		let left = request.race.closes.saturating_sub(self.view.now).saturating_sub(SENDING_BLOCKS);
		request.leaf_price >= least && blocks <= left.into()
	}

	/// Multiply-adds in a block.
	fn speed(&self, device: DeviceId) -> Option<Work> {
		Some(self.view.devices.get(&device)?.measured.as_ref()?.work_per_block)
	}

	/// Jobs for sale, and those that were won.
	fn jobs(&mut self) {
		for (name, job) in &self.view.jobs {
			match &job.stage {
				JobStage::Bidding if !self.view.sealed.contains(name) => self.bid(*name, job),
				JobStage::Revealing { .. } if self.view.sealed.contains(name) => {
					self.say(Say::RevealBid { job: *name, round: job.round }, job.due);
				}
				JobStage::Offered | JobStage::Working if self.is_sold_to_us(job) => self.work_on(*name, job),
				_ => {}
			}
		}
	}

	fn is_sold_to_us(&self, job: &Job) -> bool {
		job.run.as_ref().is_some_and(|run| run.bid.bidder.operator == self.view.operator)
	}

	fn bid(&mut self, name: Hash, job: &Job) {
		// Its seal would come too late, or what it brings finds no room.
		if self.view.is_full || job.is_cancelled || job.due < self.view.now.saturating_add(SENDING_BLOCKS) {
			return;
		}
		let bids = self.config.devices.iter().filter(|config| config.bids);
		let fitting = bids.filter_map(|config| {
			let device = self.view.devices.get(&config.id)?;
			let needs = &job.spec.needs;
			let speed = self.speed(config.id)?;
			let load = self.load.get(&Some(config.id)).copied().unwrap_or_default();
			let fits = needs.kind.as_ref().is_none_or(|kind| *kind == device.spec.kind)
				&& device.spec.memory_mb >= needs.memory_mb
				&& speed >= needs.work_per_block
				&& load < config.queue;
			fits.then_some((speed, config.id))
		});
		let Some((speed, device)) = fitting.max() else { return };
		let Some((price, eta_blocks)) = self.offer(job, speed) else { return };
		if job.bond <= ogpu(self.config.market.most_bond) && job.bond <= self.view.free_lock {
			self.say(Say::Bid { job: name, round: job.round, device, price, eta_blocks }, job.due);
		}
	}

	/// What this operator asks for a job, and how long it takes; `None` if the client would not pay or wait so.
	pub fn offer(&self, job: &Job, speed: Work) -> Option<(Balance, BlockNumber)> {
		let market = &self.config.market;
		let leaves = job.spec.leaves.saturating_sub(job.spec.leaves_before(job.verified));
		let work = job.spec.leaf.work.saturating_mul(leaves.into());
		let tera = work as f64 / 1e12;
		let price = ogpu(tera * market.cost_of_tera * (1.0 + market.margin)).max(1);
		let computing = (work as f64 / speed.max(1) as f64) * market.slack;
		let between = job.spec.last_part().saturating_sub(job.verified).saturating_mul(PART_BLOCKS);
		let eta = (computing.ceil() as u64).saturating_add(between.into()).saturating_add(20);
		let eta = BlockNumber::try_from(eta).ok()?;
		(price <= job.terms.ceiling && eta <= job.terms.longest_blocks).then_some((price, eta))
	}

	/// A job that was won: begin, compute the next part, commit to it.
	fn work_on(&mut self, name: Hash, job: &Job) {
		let Some(run) = &job.run else { return };
		if job.stage == JobStage::Offered {
			return self.say(Say::Start { job: name }, job.due);
		}
		let part = run.next();
		let id = WorkId::Part { job: name, part };
		let obstacle = self.works.get(&id).filter(|work| work.phase == Phase::Failed).and_then(|work| work.obstacle);
		match obstacle {
			Some(ObstacleForm::InputMissing | ObstacleForm::InputInvalid) if !run.has_claimed => {
				return self.say(Say::ClaimInputs { job: name }, run.deadline);
			}
			// A jury found that it may be run.
			Some(ObstacleForm::InputInvalid) => return,
			// A jury could have it, or it is what another provider handed on, for which no client answers: it is tried again.
			_ => {}
		}
		let is_missing = obstacle.is_some();
		// From what it begins is known here before the chain has seen it.
		let start = match part.checked_sub(1).filter(|_| part > run.first) {
			None => Some(job.carry),
			Some(before) => self
				.works
				.get(&WorkId::Part { job: name, part: before })
				.and_then(|work| work.leaf)
				.map(|leaf| leaf.carry),
		};
		if self.is_computed(&id) {
			if self.may_commit(run) {
				let task = task_name(&name, job.tasks);
				self.say(Say::CommitPart { job: name, part, task }, run.deadline);
			}
		} else if let (Some(start), true) = (start, is_missing || self.is_open(&id)) {
			let what = What::Part {
				job: name,
				client: job.client,
				manifest: job.spec.manifest,
				first: job.spec.leaves_before(part),
				leaves: job.spec.leaves_of(part),
				start,
				most_bytes: job.spec.leaf.fetched_bytes,
			};
			let work = Do { id, device: Some(run.bid.bidder.device), what, due: run.deadline };
			self.compute(work, usize::MAX);
		}
	}

	/// Whether the part before was shown, so that the next one can be committed to.
	fn may_commit(&self, run: &Run) -> bool {
		run.parts.last().is_none_or(|part| match part.state {
			PartState::Verified { .. } => true,
			PartState::Open => self.view.tasks.get(&part.task).is_some_and(|task| task.task.carry.is_some()),
			PartState::Failed => false,
		})
	}

	/// The benchmark of the session.
	fn benchmarks(&mut self) {
		let Some(Window { stage: WindowStage::Open { seed, devices, .. }, due }) = &self.view.window else { return };
		for config in self.config.devices.iter().filter(|config| config.benchmarks) {
			let Some(device) = self.view.devices.get(&config.id).filter(|_| config.id < *devices) else { continue };
			let is_fresh = device
				.measured
				.as_ref()
				.is_some_and(|measured| measured.at.saturating_add(SCORE_BLOCKS) > self.view.now);
			if is_fresh || device.operator != self.view.operator {
				continue;
			}
			let task = ogpu_protocol::benchmark::task(crate::job::blake2, seed, config.id);
			let id = WorkId::Result { task };
			let is_said = self.view.tasks.contains_key(&task);
			if self.is_computed(&id) && !is_said {
				self.say(Say::CommitBenchmark { device: config.id, task }, *due);
			} else if self.is_open(&id) {
				let due = due.saturating_sub(SENDING_BLOCKS);
				let work = Do { id, device: Some(config.id), what: What::Benchmark { task }, due };
				self.compute(work, usize::MAX);
			}
		}
	}

	/// What this worker waits for and the chain does not come to. Anybody can move it on, and all who wait would at once:
	/// so each does at a moment of its own, and most find it done. What this worker is late with itself it does not hasten.
	fn overdue(&mut self) {
		let view = self.view;
		let mut items = Vec::new();
		for (name, task) in &view.tasks {
			// While a jury sits, its deadline counts, and while the pay waits for other validations there is none.
			if !matches!(task.task.stage, Stage::Judging { .. }) && !self.owes(name) {
				items.push((Item::Task(*name), task.task.due));
			}
			let sitting = task.juries.iter().filter(|(_, (jury, _))| jury.stage != JuryStage::Closed);
			items.extend(sitting.map(|(leaf, (jury, _))| (Item::Jury(*name, *leaf), jury.due)));
		}
		let waiting = view.requests.iter().filter(|(_, request)| request.has_deadline());
		items.extend(waiting.map(|(name, request)| (Item::Market(*name), request.due)));
		let is_late = |job: &Job| matches!(job.stage, JobStage::Offered | JobStage::Working) && self.is_sold_to_us(job);
		let waiting = view.jobs.iter().filter(|(_, job)| !is_late(job));
		items.extend(waiting.map(|(name, job)| (Item::Market(*name), job.due)));
		if self.config.devices.iter().any(|device| device.benchmarks) {
			items.extend(view.window.iter().map(|window| (Item::Window, window.due)));
		}
		let is_turn = |item: &Item, due: BlockNumber| {
			let turn = due.saturating_add(OVERDUE_BLOCKS).saturating_add(self.place_in_line(item, due));
			due < BlockNumber::MAX && turn < view.now
		};
		items.retain(|(item, due)| is_turn(item, *due));
		items.sort_by_key(|(_, due)| *due);
		for (item, _) in items.into_iter().take(MOST_ADVANCES) {
			// What somebody else has done meanwhile was no deadline of this worker.
			self.say(Say::Advance(item), view.now.saturating_add(OVERDUE_BLOCKS));
		}
	}

	/// Whether the operator has something to show in this validation.
	fn owes(&self, name: &Hash) -> bool {
		self.actions.iter().any(|action| match action {
			Action::Say {
				what: Say::PostOpenings { task, .. } | Say::Reveal { task } | Say::RevealLeaves { task, .. },
				..
			} => task == name,
			_ => false,
		})
	}

	/// How long this operator waits until it moves an item on: others wait for other numbers of blocks.
	fn place_in_line(&self, item: &Item, due: BlockNumber) -> BlockNumber {
		let name = format!("{item:?} {due}");
		let lot = crate::job::blake2(&[self.view.operator.as_slice(), name.as_bytes()].concat());
		lot.first().and_then(|lot| BlockNumber::from(*lot).checked_rem(SPREAD_BLOCKS)).unwrap_or_default()
	}

	/// Works about which nothing is open.
	fn settled(&mut self) {
		let mut open: BTreeSet<WorkId> = BTreeSet::new();
		for name in self.view.requests.keys() {
			open.insert(WorkId::Result { task: *name });
		}
		for name in self.view.challengeable.keys() {
			let doubts = self.works.get(&WorkId::Result { task: *name }).map(|work| work.doubts.as_slice());
			open.extend(doubts.into_iter().flatten().map(|doubt| WorkId::Check { task: *name, leaf: doubt.leaf }));
		}
		let jobs = &self.view.jobs;
		for (id, work) in self.works {
			let task = match id {
				WorkId::Result { task } | WorkId::Check { task, .. } => Some(*task),
				WorkId::Part { .. } => work.task,
			};
			let is_validated = task.is_some_and(|task| self.view.tasks.contains_key(&task));
			let is_sold = matches!(id, WorkId::Part { job, .. } if jobs.contains_key(job));
			let is_measured =
				matches!(id, WorkId::Result { .. }) && work.phase < Phase::Committed && self.view.window.is_some();
			if !is_validated && !is_sold && !is_measured && !open.contains(id) && work.serve_until.is_none() {
				self.actions.push(Action::Settle(id.clone()));
			}
		}
	}
}

/// The name of a validation of a job, by how many it had before.
pub fn task_name(job: &Hash, number: u32) -> Hash {
	ogpu_protocol::record::part_name(crate::job::blake2, job, number)
}

/// An amount in the smallest unit.
pub fn ogpu(amount: f64) -> Balance {
	// Amounts of configurations; a saturating cast is what is meant.
	(amount * ogpu_protocol::token::OGPU as f64) as Balance
}

#[cfg(test)]
mod tests;
