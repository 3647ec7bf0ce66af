//! What the network's methods answer and take, as JSON. Amounts, and work in multiply-adds, are decimal text: JavaScript's
//! numbers have not enough digits for them. Times are blocks of the network's clock.

use crate::rpc::account::named;
use ogpu_continuous_pool::{
	quote::Quote,
	status::{RequestStatus, ServiceStatus},
	Order, RacerRecord, ServiceId,
};
use ogpu_protocol::{cost::LeafCost, jury::Tally};
use ogpu_result_validation::{
	status::{JuryStatus, Next as NextAct, Page, Status},
	ValidationRecord,
};
use ogpu_runtime::{AccountId, Balance, BlockNumber, Hash};
use ogpu_staking_trustlock::{
	status::{DeviceStatus, OperatorStatus},
	traits::{DeviceId, DeviceKind},
};
use ogpu_training_auction::{
	quote::{JobQuote, Unfit},
	status::JobStatus,
	Assurance, Kind, Needs, Spec,
};
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{Debug, Display};

/// The name of a variant without fields, as JSON names things.
fn name(variant: impl Debug) -> String {
	let text = format!("{variant:?}");
	let end = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len());
	text.chars()
		.take(end)
		.enumerate()
		.map(|(at, letter)| if at == 0 { letter.to_ascii_lowercase() } else { letter })
		.collect()
}

fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(value)
}

/// A number of any size: decimal text, or a number as far as JSON has digits.
fn any_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
	#[derive(Deserialize)]
	#[serde(untagged)]
	enum Number {
		Text(String),
		Plain(u64),
	}
	match Number::deserialize(deserializer)? {
		Number::Plain(number) => Ok(number.into()),
		Number::Text(text) => {
			text.parse().map_err(|_| de::Error::custom(format!("{text:?} is no decimal number below 2^128")))
		}
	}
}

/// What the network's clock shows. It goes on with every block: that is no change of what it stands beside.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Now(BlockNumber);

impl PartialEq for Now {
	fn eq(&self, _: &Self) -> bool {
		true
	}
}

/// What [`ogpu_token::Supply`] says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Supply {
	#[serde(serialize_with = "as_text")]
	cap: Balance,
	#[serde(serialize_with = "as_text")]
	minted: Balance,
	#[serde(serialize_with = "as_text")]
	issued: Balance,
	#[serde(serialize_with = "as_text")]
	burned: Balance,
	#[serde(serialize_with = "as_text")]
	unclaimed: Balance,
	claims_deadline: Option<BlockNumber>,
	#[serde(serialize_with = "as_text")]
	emission_left: Balance,
	#[serde(serialize_with = "as_text")]
	next_era_payout: Balance,
}

impl From<ogpu_token::Supply<BlockNumber>> for Supply {
	fn from(supply: ogpu_token::Supply<BlockNumber>) -> Self {
		let ogpu_token::Supply {
			cap,
			minted,
			issued,
			burned,
			unclaimed,
			claims_deadline,
			emission_left,
			next_era_payout,
		} = supply;
		Self { cap, minted, issued, burned, unclaimed, claims_deadline, emission_left, next_era_payout }
	}
}

/// What comes next, until when, and by whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
	act: String,
	/// `null` where it waits for something that has a deadline of its own.
	due: Option<BlockNumber>,
	/// Empty where it is nobody in particular.
	by: Vec<AccountId>,
}

impl<Act: Debug> From<NextAct<Act>> for Next {
	fn from(NextAct { act, due, by }: NextAct<Act>) -> Self {
		Self { act: name(act), due: (due < BlockNumber::MAX).then_some(due), by }
	}
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Jury {
	leaf: u32,
	round: u32,
	/// The seats that were heard: for the provider, for inputs at fault, against the provider, and copied votes.
	upheld: u32,
	input_at_fault: u32,
	convicted: u32,
	copied: u32,
	/// By so many seats one side must be ahead of the others together.
	margin_seats: u32,
}

impl From<JuryStatus> for Jury {
	fn from(JuryStatus { leaf, round, tally, margin_seats }: JuryStatus) -> Self {
		let Tally { upheld, input_at_fault, convicted, copied } = tally;
		Self { leaf, round, upheld, input_at_fault, convicted, copied, margin_seats }
	}
}

/// A result: the root of its leaves, and the hash of its output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
	root: Hash,
	output: Hash,
}

impl From<ogpu_protocol::commitment::Outcome> for Outcome {
	fn from(outcome: ogpu_protocol::commitment::Outcome) -> Self {
		Self { root: outcome.root.into(), output: outcome.output.into() }
	}
}

/// A validation that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
	client: AccountId,
	provider: AccountId,
	now: Now,
	next: Next,
	leaves: u32,
	#[serde(serialize_with = "as_text")]
	fee: Balance,
	manifest: Hash,
	start: Hash,
	outcome: Option<Outcome>,
	audit_billionths: u32,
	checked: u32,
	shown: u32,
	challenges: u32,
	juries: Vec<Jury>,
}

impl From<Status> for Validation {
	fn from(status: Status) -> Self {
		let Status {
			client,
			provider,
			now,
			next,
			leaves,
			fee,
			manifest,
			start,
			outcome,
			audit_billionths,
			checked,
			shown,
			challenges,
			juries,
		} = status;
		Self {
			client,
			provider,
			now: Now(now),
			next: next.into(),
			leaves,
			fee,
			manifest,
			start,
			outcome: outcome.map(Into::into),
			audit_billionths,
			checked,
			shown,
			challenges,
			juries: juries.into_iter().map(Into::into).collect(),
		}
	}
}

/// What is left of a validation that has ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
	provider: AccountId,
	client: AccountId,
	manifest: Hash,
	start: Hash,
	outcome: Option<Outcome>,
	conclusion: String,
	leaves: u32,
	audit_billionths: u32,
	drawn: u32,
	juries: u32,
	executions: u32,
	/// How likely one wrong leaf, and one in ten, would have been detected.
	detects_one_billionths: u32,
	detects_tenth_billionths: u32,
	closed: BlockNumber,
}

impl From<ValidationRecord> for Ended {
	fn from(record: ValidationRecord) -> Self {
		let ValidationRecord {
			provider,
			client,
			manifest,
			start,
			outcome,
			conclusion,
			leaves,
			audit_billionths,
			drawn,
			juries,
			executions,
			detects_one_billionths,
			detects_tenth_billionths,
			closed,
		} = record;
		let (outcome, conclusion) = (outcome.map(Into::into), name(conclusion));
		Self {
			provider,
			client,
			manifest: manifest.into(),
			start: start.into(),
			outcome,
			conclusion,
			leaves,
			audit_billionths,
			drawn,
			juries,
			executions,
			detects_one_billionths,
			detects_tenth_billionths,
			closed,
		}
	}
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Racer {
	operator: AccountId,
	device: DeviceId,
	lots: u32,
	state: String,
}

impl From<RacerRecord> for Racer {
	fn from(RacerRecord { operator, device, lots, racing, .. }: RacerRecord) -> Self {
		Self { operator, device, lots, state: name(racing) }
	}
}

/// A request that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
	service: ServiceId,
	client: AccountId,
	inputs: Hash,
	ceiling_leaves: u32,
	now: Now,
	next: Next,
	#[serde(serialize_with = "as_text")]
	leaf_price: Balance,
	#[serde(serialize_with = "as_text")]
	held: Balance,
	redraws: u32,
	racers: Vec<Racer>,
	leader: Option<AccountId>,
	validation: Option<Box<Validation>>,
}

impl Request {
	pub fn new(status: RequestStatus, validation: Option<Status>) -> Self {
		let RequestStatus { service, client, order, now, next, leaf_price, held, redraws, racers, leader } = status;
		let Order { inputs, ceiling_leaves, .. } = order;
		let (now, next, racers) = (Now(now), next.into(), racers.into_iter().map(Into::into).collect());
		let validation = validation.map(|status| Box::new(status.into()));
		Self {
			service,
			client,
			inputs,
			ceiling_leaves,
			now,
			next,
			leaf_price,
			held,
			redraws,
			racers,
			leader,
			validation,
		}
	}
}

/// A part of a job to which its provider has committed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
	/// Its validation: ask `ogpu_task` for it.
	task: Hash,
	committed: BlockNumber,
	state: String,
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
	kind: String,
	client: AccountId,
	manifest: Hash,
	leaves: u32,
	now: Now,
	next: Next,
	#[serde(serialize_with = "as_text")]
	budget: Balance,
	#[serde(serialize_with = "as_text")]
	held: Balance,
	sealed_bids: u32,
	provider: Option<AccountId>,
	#[serde(serialize_with = "as_text")]
	fee: Balance,
	#[serde(serialize_with = "as_text")]
	released: Balance,
	deadline: Option<BlockNumber>,
	parts: u32,
	verified_parts: u32,
	committed: Vec<Part>,
	is_cancelled: bool,
}

impl From<JobStatus> for Job {
	fn from(status: JobStatus) -> Self {
		let JobStatus {
			client,
			spec,
			now,
			next,
			budget,
			held,
			sealed,
			provider,
			fee,
			released,
			deadline,
			parts,
			verified,
			tasks,
			is_cancelled,
		} = status;
		let committed =
			tasks.into_iter().map(|part| Part { task: part.task, committed: part.committed, state: name(part.state) });
		Self {
			kind: name(spec.kind),
			client,
			manifest: spec.manifest,
			leaves: spec.leaves,
			now: Now(now),
			next: next.into(),
			budget,
			held,
			sealed_bids: sealed,
			provider,
			fee,
			released,
			deadline,
			parts,
			verified_parts: verified,
			committed: committed.collect(),
			is_cancelled,
		}
	}
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum Task {
	Job(Job),
	Request(Request),
	Validation(Validation),
	/// A validation that has ended; of a request, the request has ended with it.
	Ended(Ended),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Names {
	names: Vec<Hash>,
	/// Go on after this one; `null` if there is nothing more.
	next: Option<Hash>,
}

impl From<Page> for Names {
	fn from(Page { names, next }: Page) -> Self {
		Self { names, next }
	}
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tasks {
	pub jobs: Names,
	pub requests: Names,
}

/// Where to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
	pub jobs: Option<Hash>,
	pub requests: Option<Hash>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
	id: DeviceId,
	kind: String,
	name: String,
	memory_mb: u32,
	endpoint: String,
	worker: AccountId,
	/// Multiply-adds in a block, and when they were measured.
	work_per_block: Option<String>,
	measured_at: Option<BlockNumber>,
	is_online: bool,
}

impl From<DeviceStatus> for Device {
	fn from(DeviceStatus { id, spec, measured, is_online }: DeviceStatus) -> Self {
		let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
		Self {
			id,
			kind: name(spec.kind),
			name: text(&spec.name),
			memory_mb: spec.memory_mb,
			endpoint: text(&spec.endpoint),
			worker: spec.worker,
			work_per_block: measured.map(|measured| measured.work_per_block.to_string()),
			measured_at: measured.map(|measured| measured.at),
			is_online,
		}
	}
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unbonding {
	#[serde(serialize_with = "as_text")]
	amount: Balance,
	free_at: BlockNumber,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
	work: Hash,
	#[serde(serialize_with = "as_text")]
	amount: Balance,
	counts: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
	fault: String,
	work: Hash,
	at: BlockNumber,
	#[serde(serialize_with = "as_text")]
	taken: Balance,
}

/// A score, and what it is the product of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reputation {
	score_billionths: u32,
	experience_billionths: u32,
	punctuality_billionths: u32,
	faultlessness_billionths: u32,
	#[serde(serialize_with = "as_text")]
	clean: Balance,
	#[serde(serialize_with = "as_text")]
	punctual: Balance,
	#[serde(serialize_with = "as_text")]
	late: Balance,
}

/// What stands about an operator.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
	now: Now,
	#[serde(serialize_with = "as_text")]
	locked: Balance,
	#[serde(serialize_with = "as_text")]
	free: Balance,
	unbonding: Vec<Unbonding>,
	pins: Vec<Pin>,
	reputation: Reputation,
	faults: Vec<Fault>,
	suspended_until: Option<BlockNumber>,
	workers: Vec<AccountId>,
	devices: Vec<Device>,
}

impl From<OperatorStatus> for Provider {
	fn from(status: OperatorStatus) -> Self {
		let OperatorStatus {
			now,
			locked,
			free,
			unbonding,
			pins,
			assessment,
			faults,
			suspended_until,
			workers,
			devices,
		} = status;
		let unbonding = unbonding.into_iter().map(|it| Unbonding { amount: it.amount, free_at: it.free_at });
		let pins = pins.into_iter().map(|it| Pin { work: it.work, amount: it.amount, counts: name(it.pin) });
		let faults =
			faults.into_iter().map(|it| Fault { fault: name(it.fault), work: it.work, at: it.at, taken: it.taken });
		let reputation = Reputation {
			score_billionths: assessment.score_billionths,
			experience_billionths: assessment.experience_billionths,
			punctuality_billionths: assessment.punctuality_billionths,
			faultlessness_billionths: assessment.faultlessness_billionths,
			clean: assessment.record.clean,
			punctual: assessment.record.punctual,
			late: assessment.record.late,
		};
		Self {
			now: Now(now),
			locked,
			free,
			unbonding: unbonding.collect(),
			pins: pins.collect(),
			reputation,
			faults: faults.collect(),
			suspended_until,
			workers,
			devices: devices.into_iter().map(Into::into).collect(),
		}
	}
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
	id: ServiceId,
	publisher: AccountId,
	manifest: Hash,
	#[serde(serialize_with = "as_text")]
	leaf_work: u128,
	#[serde(serialize_with = "as_text")]
	leaf_price: Balance,
	#[serde(serialize_with = "as_text")]
	floor: Balance,
	width: u32,
	delivery: String,
	/// Of the class: how likely a task is audited, which share of its leaves is drawn, and the seats of a jury's round.
	audit_billionths: u32,
	leaves_billionths: u32,
	jury_seats: u32,
	members: u32,
	open_requests: u32,
	is_retired: bool,
}

impl From<ServiceStatus> for Service {
	fn from(ServiceStatus { id, record, leaf_price }: ServiceStatus) -> Self {
		let terms = record.terms;
		Self {
			id,
			publisher: record.publisher,
			manifest: record.manifest,
			leaf_work: record.leaf.work,
			leaf_price,
			floor: terms.floor,
			width: terms.width,
			delivery: name(terms.delivery),
			audit_billionths: terms.class.audit_billionths,
			leaves_billionths: terms.class.leaves_billionths,
			jury_seats: terms.class.jury.draw_seats,
			members: record.members,
			open_requests: record.requests,
			is_retired: record.is_retired,
		}
	}
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Services {
	pub services: Vec<Service>,
}

/// Of what a quote is asked: of a request, if it names a service.
#[derive(Clone, Debug)]
pub enum Asked {
	Request(AskedRequest),
	Job(Box<AskedJob>),
}

// By hand, so that a refusal says which field is wrong.
impl<'de> Deserialize<'de> for Asked {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let asked = serde_json::Value::deserialize(deserializer)?;
		let asked = if asked.get("service").is_some() {
			serde_json::from_value(asked).map(Self::Request)
		} else {
			serde_json::from_value(asked).map(Self::Job)
		};
		asked.map_err(de::Error::custom)
	}
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedRequest {
	#[serde(deserialize_with = "named")]
	pub client: AccountId,
	pub service: ServiceId,
	ceiling_leaves: u32,
	#[serde(default)]
	inputs: Hash,
	#[serde(default, deserialize_with = "any_number")]
	prompt_work: u128,
	#[serde(default = "any_price", deserialize_with = "any_number")]
	max_price: Balance,
	#[serde(default = "usual_window")]
	window_blocks: BlockNumber,
}

fn any_price() -> Balance {
	Balance::MAX
}

/// Three minutes.
fn usual_window() -> BlockNumber {
	60
}

impl AskedRequest {
	pub fn order(&self) -> Order {
		let Self { inputs, ceiling_leaves, prompt_work, max_price, window_blocks, .. } = *self;
		Order { inputs, ceiling_leaves, prompt_work, max_price, window_blocks, secret: None }
	}
}

/// [`Kind`] in JSON.
#[derive(Deserialize)]
#[serde(remote = "Kind", rename_all = "camelCase")]
enum KindInJson {
	Training,
	Rendering,
}

/// [`Assurance`] in JSON.
#[derive(Deserialize)]
#[serde(remote = "Assurance", rename_all = "camelCase")]
enum AssuranceInJson {
	Economy,
	Standard,
	High,
	Assured,
}

/// [`DeviceKind`] in JSON.
#[derive(Deserialize)]
#[serde(remote = "DeviceKind", rename_all = "camelCase")]
enum DeviceKindInJson {
	Cpu,
	Cuda,
	Metal,
	Rocm,
	Vulkan,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct OfKind(#[serde(with = "DeviceKindInJson")] DeviceKind);

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedJob {
	#[serde(deserialize_with = "named")]
	pub client: AccountId,
	#[serde(deserialize_with = "any_number")]
	pub ceiling: Balance,
	#[serde(with = "KindInJson")]
	job: Kind,
	leaves: u32,
	part_leaves: u32,
	#[serde(deserialize_with = "any_number")]
	leaf_work: u128,
	#[serde(deserialize_with = "any_number")]
	recompute_work: u128,
	#[serde(deserialize_with = "any_number")]
	fetched_bytes: u128,
	#[serde(with = "AssuranceInJson")]
	class: Assurance,
	#[serde(default)]
	capability: u8,
	device: Option<OfKind>,
	#[serde(default)]
	memory_mb: u32,
	#[serde(default, deserialize_with = "any_number")]
	work_per_block: u128,
	#[serde(default)]
	speed_billionths: u32,
	bidding_blocks: BlockNumber,
	longest_blocks: BlockNumber,
	#[serde(default)]
	reopens: u8,
	/// Of which devices to say whether they may be bid with.
	#[serde(default)]
	pub devices: Vec<DeviceId>,
}

impl AskedJob {
	pub fn spec(&self) -> Spec {
		Spec {
			kind: self.job,
			manifest: Hash::default(),
			start: Hash::default(),
			leaves: self.leaves,
			part_leaves: self.part_leaves,
			leaf: LeafCost {
				work: self.leaf_work,
				recompute_work: self.recompute_work,
				fetched_bytes: self.fetched_bytes,
			},
			assurance: self.class,
			capability: self.capability,
			needs: Needs {
				kind: self.device.map(|OfKind(kind)| kind),
				memory_mb: self.memory_mb,
				work_per_block: self.work_per_block,
			},
			speed_billionths: self.speed_billionths,
			bidding_blocks: self.bidding_blocks,
			longest_blocks: self.longest_blocks,
			reopens: self.reopens,
		}
	}
}

/// A device, and why it is not eligible: for no reason, if it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
	device: DeviceId,
	operator: Option<AccountId>,
	/// Each lot falls on it in proportion to this.
	#[serde(skip_serializing_if = "Option::is_none")]
	weight: Option<u64>,
	reasons: Vec<String>,
}

/// What something would cost, and who could do it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "of", rename_all = "camelCase")]
pub enum Quoted {
	#[serde(rename_all = "camelCase")]
	Request {
		#[serde(serialize_with = "as_text")]
		leaf_price: Balance,
		is_affordable: bool,
		price_percentile: Option<u8>,
		#[serde(serialize_with = "as_text")]
		fee: Balance,
		#[serde(serialize_with = "as_text")]
		pot: Balance,
		#[serde(serialize_with = "as_text")]
		checking: Balance,
		#[serde(serialize_with = "as_text")]
		deposit: Balance,
		#[serde(serialize_with = "as_text")]
		client_bond: Balance,
		#[serde(serialize_with = "as_text")]
		bond: Balance,
		devices: Vec<Candidate>,
		matched_blocks: Option<BlockNumber>,
	},
	#[serde(rename_all = "camelCase")]
	Job {
		parts: u32,
		leaf_blocks: BlockNumber,
		#[serde(serialize_with = "as_text")]
		leaf_fee: Balance,
		#[serde(serialize_with = "as_text")]
		checking: Balance,
		#[serde(serialize_with = "as_text")]
		held: Balance,
		#[serde(serialize_with = "as_text")]
		deposit: Balance,
		#[serde(serialize_with = "as_text")]
		client_bond: Balance,
		#[serde(serialize_with = "as_text")]
		bond: Balance,
		usual_price: Option<String>,
		cheaper_billionths: Option<u32>,
		award_blocks: BlockNumber,
		result_blocks: BlockNumber,
		devices: Vec<Candidate>,
	},
}

impl From<Quote> for Quoted {
	fn from(quote: Quote) -> Self {
		let eligible = quote.eligible.into_iter().map(|it| Candidate {
			device: it.device,
			operator: Some(it.operator),
			weight: Some(it.weight),
			reasons: Vec::new(),
		});
		let ineligible = quote.ineligible.into_iter().map(|it| Candidate {
			device: it.device,
			operator: Some(it.operator),
			weight: None,
			reasons: it.reasons.into_iter().map(name).collect(),
		});
		Self::Request {
			leaf_price: quote.leaf_price,
			is_affordable: quote.is_affordable,
			price_percentile: quote.price_percentile,
			fee: quote.fee,
			pot: quote.pot,
			checking: quote.checking,
			deposit: quote.deposit,
			client_bond: quote.client_bond,
			bond: quote.bond,
			devices: eligible.chain(ineligible).collect(),
			matched_blocks: quote.matched_blocks,
		}
	}
}

impl Quoted {
	pub fn job(quote: JobQuote, devices: Vec<(DeviceId, Option<Unfit>)>) -> Self {
		let devices = devices.into_iter().map(|(device, unfit)| Candidate {
			device,
			operator: None,
			weight: None,
			reasons: unfit.into_iter().map(name).collect(),
		});
		Self::Job {
			parts: quote.parts,
			leaf_blocks: quote.leaf_blocks,
			leaf_fee: quote.leaf_fee,
			checking: quote.checking,
			held: quote.held,
			deposit: quote.deposit,
			client_bond: quote.client_bond,
			bond: quote.bond,
			usual_price: quote.usual_price.map(|price| price.to_string()),
			cheaper_billionths: quote.cheaper_billionths,
			award_blocks: quote.award_blocks,
			result_blocks: quote.result_blocks,
			devices: devices.collect(),
		}
	}
}
