//! What the worker sends, by the names that the runtime gives it.

use super::types::*;
use ogpu_protocol::{
	commitment::{Audit, Finding, Obstacle, Vote},
	leaf::{Proven, Reveal},
};
use subxt::{
	ext::scale_value::{Composite, Value},
	tx::DynamicPayload,
};

const LOCKS: &str = "StakingTrustlock";
const VALIDATION: &str = "ResultValidation";
const POOL: &str = "ContinuousPool";
const AUCTION: &str = "TrainingAuction";

/// A call with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
	pub pallet: String,
	pub name: String,
	pub arguments: Vec<(String, Value)>,
}

impl Call {
	pub fn new(pallet: &str, name: &str) -> Self {
		Self { pallet: pallet.into(), name: name.into(), arguments: Vec::new() }
	}

	pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
		self.arguments.push((name.into(), value.into()));
		self
	}

	pub fn payload(&self) -> DynamicPayload<Composite<()>> {
		subxt::dynamic::tx(self.pallet.clone(), self.name.clone(), Composite::Named(self.arguments.clone()))
	}

	/// As an argument of another call.
	pub fn value(self) -> Value {
		let inner = Value::variant(self.name, Composite::Named(self.arguments));
		Value::unnamed_variant(self.pallet, [inner])
	}
}

impl std::fmt::Display for Call {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "{}.{}", self.pallet, self.name)
	}
}

pub fn bytes(bytes: impl AsRef<[u8]>) -> Value {
	Value::from_bytes(bytes)
}

pub fn number(number: impl Into<u128>) -> Value {
	Value::u128(number.into())
}

pub fn option(value: Option<Value>) -> Value {
	match value {
		Some(value) => Value::unnamed_variant("Some", [value]),
		None => Value::unnamed_variant("None", []),
	}
}

pub fn name(variant: &str) -> Value {
	Value::unnamed_variant(variant, [])
}

pub fn list(values: impl IntoIterator<Item = Value>) -> Value {
	Value::unnamed_composite(values)
}

pub fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
	Value::named_composite(fields)
}

fn outcome(outcome: &ogpu_protocol::commitment::Outcome) -> Value {
	record([("root", bytes(outcome.root)), ("output", bytes(outcome.output))])
}

fn finding(found: Finding<Value>) -> Value {
	match found {
		Ok(value) => Value::unnamed_variant("Ok", [value]),
		Err(obstacle) => Value::unnamed_variant(
			"Err",
			[name(match obstacle {
				Obstacle::OutputMissing => "OutputMissing",
				Obstacle::InputMissing => "InputMissing",
				Obstacle::InputInvalid => "InputInvalid",
			})],
		),
	}
}

fn proven(proven: &Proven) -> Value {
	let leaf = record([
		("output", bytes(proven.leaf.output)),
		("carry", bytes(proven.leaf.carry)),
		("trace", bytes(proven.leaf.trace)),
	]);
	record([("leaf", leaf), ("proof", list(proven.proof.iter().map(bytes)))])
}

/// The calls of operators.
pub mod operator {
	use super::*;

	pub fn lock(amount: Balance) -> Call {
		Call::new(LOCKS, "lock").with("amount", number(amount))
	}

	/// `consent` is the worker's signature of what [`crate::keys::consent`] says.
	pub fn authorise_worker(worker: &AccountId, consent: [u8; 64]) -> Call {
		let consent = Value::unnamed_variant("Sr25519", [bytes(consent)]);
		Call::new(LOCKS, "authorise_worker").with("worker", bytes(worker)).with("consent", consent)
	}

	/// What a device is, as its operator says.
	#[derive(Clone, Debug, PartialEq, Eq)]
	pub struct DeviceSpec<'a> {
		pub kind: DeviceKind,
		pub name: &'a str,
		pub memory_mb: u32,
		pub endpoint: &'a str,
		pub worker: AccountId,
	}

	fn described(call: Call, spec: &DeviceSpec) -> Call {
		call.with("kind", super::name(kind_name(&spec.kind)))
			.with("name", bytes(spec.name))
			.with("memory_mb", number(spec.memory_mb))
			.with("endpoint", bytes(spec.endpoint))
			.with("worker", bytes(spec.worker))
	}

	pub fn register_device(spec: &DeviceSpec) -> Call {
		described(Call::new(LOCKS, "register_device"), spec)
	}

	pub fn update_device(id: DeviceId, spec: &DeviceSpec) -> Call {
		described(Call::new(LOCKS, "update_device").with("id", number(id)), spec)
	}

	pub fn join(service: ServiceId, device: DeviceId) -> Call {
		Call::new(POOL, "join").with("service", number(service)).with("device", number(device))
	}

	pub fn leave(service: ServiceId, device: DeviceId) -> Call {
		Call::new(POOL, "leave").with("service", number(service)).with("device", number(device))
	}

	pub fn offer_seats(capabilities: u32, device: Option<DeviceId>) -> Call {
		let device = option(device.map(number));
		Call::new(VALIDATION, "offer_seats").with("capabilities", number(capabilities)).with("device", device)
	}

	pub fn withdraw_seats() -> Call {
		Call::new(VALIDATION, "withdraw_seats")
	}

	pub fn transfer(to: &AccountId, amount: Balance) -> Call {
		let to = Value::unnamed_variant("Id", [bytes(to)]);
		Call::new("Balances", "transfer_keep_alive").with("dest", to).with("value", number(amount))
	}
}

/// The calls of clients.
pub mod client {
	use super::*;
	use ogpu_protocol::class::Class;

	/// When the provider of a service is paid.
	#[derive(Clone, Copy, Debug, PartialEq, Eq)]
	pub enum Delivery {
		Verified,
		FirstResponse,
		Manual,
	}

	/// What a publisher says of a service besides its manifest.
	#[derive(Clone, Debug, PartialEq, Eq)]
	pub struct ServiceTerms {
		pub floor: Balance,
		pub class: Class,
		pub capability: u8,
		pub width: u32,
		pub delivery: Delivery,
		pub needs: Needs,
		pub reputation_billionths: u32,
	}

	fn class(class: &Class) -> Value {
		let jury = record([
			("draw_seats", number(class.jury.draw_seats)),
			("margin_seats", number(class.jury.margin_seats)),
			("cap_seats", number(class.jury.cap_seats)),
			("redraw_seats", number(class.jury.redraw_seats)),
		]);
		record([
			("audit_billionths", number(class.audit_billionths)),
			("leaves_billionths", number(class.leaves_billionths)),
			("doubled_billionths", number(class.doubled_billionths)),
			("jury", jury),
		])
	}

	fn leaf(shape: &LeafShape) -> Value {
		record([
			("work", number(shape.work)),
			("recompute_work", number(shape.recompute_work)),
			("fetched_bytes", number(shape.fetched_bytes)),
		])
	}

	pub fn publish_service(manifest: Hash, shape: &LeafShape, terms: &ServiceTerms) -> Call {
		let requirements = record([
			("kind", option(terms.needs.kind.as_ref().map(|kind| super::name(kind_name(kind))))),
			("memory_mb", number(terms.needs.memory_mb)),
			("score", number(terms.needs.work_per_block)),
			("reputation_billionths", number(terms.reputation_billionths)),
		]);
		let delivery = match terms.delivery {
			Delivery::Verified => "Verified",
			Delivery::FirstResponse => "FirstResponse",
			Delivery::Manual => "Manual",
		};
		let terms = record([
			("floor", number(terms.floor)),
			("class", class(&terms.class)),
			("capability", number(terms.capability)),
			("width", number(terms.width)),
			("delivery", super::name(delivery)),
			("requirements", requirements),
		]);
		Call::new(POOL, "publish_service")
			.with("manifest", bytes(manifest))
			.with("leaf", leaf(shape))
			.with("terms", terms)
	}

	/// What a client asks of a service.
	#[derive(Clone, Copy, Debug, PartialEq, Eq)]
	pub struct NewOrder {
		pub inputs: Hash,
		pub ceiling_leaves: u32,
		pub prompt_work: Work,
		pub max_price: Balance,
		pub window_blocks: BlockNumber,
		pub secret: Option<Hash>,
	}

	pub fn request(service: ServiceId, order: &NewOrder) -> Call {
		let order = record([
			("inputs", bytes(order.inputs)),
			("ceiling_leaves", number(order.ceiling_leaves)),
			("prompt_work", number(order.prompt_work)),
			("max_price", number(order.max_price)),
			("window_blocks", number(order.window_blocks)),
			("secret", option(order.secret.map(bytes))),
		]);
		Call::new(POOL, "request").with("service", number(service)).with("order", order)
	}

	pub fn accept(task: Hash) -> Call {
		Call::new(VALIDATION, "accept").with("task", bytes(task))
	}

	/// Pays the provider at once, where delivery is manual.
	pub fn confirm(request: Hash) -> Call {
		Call::new(POOL, "confirm").with("request", bytes(request))
	}

	pub fn challenge(task: Hash, leaf: u32) -> Call {
		Call::new(VALIDATION, "challenge").with("task", bytes(task)).with("leaf", number(leaf))
	}

	pub fn cancel(job: Hash) -> Call {
		Call::new(AUCTION, "cancel").with("job", bytes(job))
	}

	pub fn top_up(job: Hash, amount: Balance) -> Call {
		Call::new(AUCTION, "top_up").with("job", bytes(job)).with("amount", number(amount))
	}

	/// Several at once, all or none.
	pub fn together(calls: impl IntoIterator<Item = Call>) -> Call {
		Call::new("Utility", "batch_all").with("calls", list(calls.into_iter().map(Call::value)))
	}

	/// How sure a client of an auction wants to be.
	#[derive(Clone, Copy, Debug, PartialEq, Eq)]
	pub enum Assurance {
		Economy,
		Standard,
		High,
		Assured,
	}

	/// What a client has done by whoever bids best.
	#[derive(Clone, Debug, PartialEq, Eq)]
	pub struct NewJob {
		pub kind: JobKind,
		pub manifest: Hash,
		pub start: Hash,
		pub leaves: u32,
		pub part_leaves: u32,
		pub leaf: LeafShape,
		pub assurance: Assurance,
		pub capability: u8,
		pub needs: Needs,
		pub speed_billionths: u32,
		pub bidding_blocks: BlockNumber,
		pub longest_blocks: BlockNumber,
		pub reopens: u8,
	}

	pub fn create(job: &NewJob, ceiling: Balance) -> Call {
		let kind = match job.kind {
			JobKind::Training => "Training",
			JobKind::Rendering => "Rendering",
		};
		let assurance = match job.assurance {
			Assurance::Economy => "Economy",
			Assurance::Standard => "Standard",
			Assurance::High => "High",
			Assurance::Assured => "Assured",
		};
		let needs = record([
			("kind", option(job.needs.kind.as_ref().map(|kind| super::name(kind_name(kind))))),
			("memory_mb", number(job.needs.memory_mb)),
			("work_per_block", number(job.needs.work_per_block)),
		]);
		let spec = record([
			("kind", super::name(kind)),
			("manifest", bytes(job.manifest)),
			("start", bytes(job.start)),
			("leaves", number(job.leaves)),
			("part_leaves", number(job.part_leaves)),
			("leaf", leaf(&job.leaf)),
			("assurance", super::name(assurance)),
			("capability", number(job.capability)),
			("needs", needs),
			("speed_billionths", number(job.speed_billionths)),
			("bidding_blocks", number(job.bidding_blocks)),
			("longest_blocks", number(job.longest_blocks)),
			("reopens", number(job.reopens)),
		]);
		Call::new(AUCTION, "create").with("spec", spec).with("ceiling", number(ceiling))
	}
}

pub(crate) fn kind_name(kind: &DeviceKind) -> &'static str {
	match kind {
		DeviceKind::Cpu => "Cpu",
		DeviceKind::Cuda => "Cuda",
		DeviceKind::Metal => "Metal",
		DeviceKind::Rocm => "Rocm",
		DeviceKind::Vulkan => "Vulkan",
	}
}

pub fn heartbeat(id: DeviceId) -> Call {
	Call::new(LOCKS, "heartbeat").with("id", number(id))
}

pub fn commit_benchmark(device: DeviceId, leaves: u32, commitment: Hash) -> Call {
	Call::new(VALIDATION, "commit_benchmark")
		.with("device", number(device))
		.with("leaves", number(leaves))
		.with("commitment", bytes(commitment))
}

pub fn commit(request: Hash, commitment: Hash, leaves: u32) -> Call {
	Call::new(POOL, "commit")
		.with("request", bytes(request))
		.with("commitment", bytes(commitment))
		.with("leaves", number(leaves))
}

pub fn alarm(request: Hash) -> Call {
	Call::new(POOL, "alarm").with("request", bytes(request))
}

pub fn decline(request: Hash) -> Call {
	Call::new(POOL, "decline").with("request", bytes(request))
}

pub fn claim_share(request: Hash, result: &ogpu_protocol::commitment::Outcome, salt: Hash, leader_salt: Hash) -> Call {
	Call::new(POOL, "claim_share")
		.with("request", bytes(request))
		.with("outcome", outcome(result))
		.with("salt", bytes(salt))
		.with("leader_salt", bytes(leader_salt))
}

pub fn post_openings(task: Hash, openings: &[(u32, Hash)]) -> Call {
	let openings = openings.iter().map(|(leaf, opening)| list([number(*leaf), bytes(opening)]));
	Call::new(VALIDATION, "post_openings").with("task", bytes(task)).with("openings", list(openings))
}

pub fn reveal(task: Hash, result: &ogpu_protocol::commitment::Outcome, salt: Hash) -> Call {
	Call::new(VALIDATION, "reveal").with("task", bytes(task)).with("outcome", outcome(result)).with("salt", bytes(salt))
}

pub fn reveal_leaves(task: Hash, reveals: &[(u32, Reveal)]) -> Call {
	let reveals = reveals.iter().map(|(leaf, reveal)| {
		let before = option(reveal.before.as_ref().map(proven));
		list([number(*leaf), record([("leaf", proven(&reveal.leaf)), ("before", before)])])
	});
	Call::new(VALIDATION, "reveal_leaves").with("task", bytes(task)).with("reveals", list(reveals))
}

pub fn commit_audit(task: Hash, leaf: u32, commitment: Hash) -> Call {
	Call::new(VALIDATION, "commit_audit")
		.with("task", bytes(task))
		.with("leaf", number(leaf))
		.with("commitment", bytes(commitment))
}

pub fn reveal_audit(task: Hash, leaf: u32, found: Finding<Audit>, salt: Hash) -> Call {
	let found = found.map(|audit| record([("opening", bytes(audit.opening)), ("digest", bytes(audit.digest))]));
	Call::new(VALIDATION, "reveal_audit")
		.with("task", bytes(task))
		.with("leaf", number(leaf))
		.with("finding", finding(found))
		.with("salt", bytes(salt))
}

pub fn challenge(task: Hash, leaf: u32) -> Call {
	Call::new(VALIDATION, "challenge").with("task", bytes(task)).with("leaf", number(leaf))
}

pub fn commit_vote(task: Hash, leaf: u32, commitment: Hash) -> Call {
	Call::new(VALIDATION, "commit_vote")
		.with("task", bytes(task))
		.with("leaf", number(leaf))
		.with("commitment", bytes(commitment))
}

pub fn reveal_vote(task: Hash, leaf: u32, found: Finding<Vote>, salt: Hash) -> Call {
	let found = found.map(|vote| record([("digest", bytes(vote.digest)), ("binding", bytes(vote.binding))]));
	Call::new(VALIDATION, "reveal_vote")
		.with("task", bytes(task))
		.with("leaf", number(leaf))
		.with("finding", finding(found))
		.with("salt", bytes(salt))
}

/// What can be overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
	Task(Hash),
	Jury(Hash, u32),
	Market(Hash),
	Window,
}

pub fn advance(item: Item) -> Call {
	let item = match item {
		Item::Task(task) => Value::unnamed_variant("Task", [bytes(task)]),
		Item::Jury(task, leaf) => Value::unnamed_variant("Jury", [bytes(task), number(leaf)]),
		Item::Market(item) => Value::unnamed_variant("Market", [bytes(item)]),
		Item::Window => name("Window"),
	};
	Call::new(VALIDATION, "advance").with("item", item)
}

pub fn commit_bid(job: Hash, commitment: Hash) -> Call {
	Call::new(AUCTION, "commit_bid").with("job", bytes(job)).with("commitment", bytes(commitment))
}

pub fn reveal_bid(job: Hash, offer: &ogpu_protocol::auction::Offer, device: DeviceId, salt: Hash) -> Call {
	let offer = record([
		("price", number(offer.price)),
		("eta_blocks", number(offer.eta_blocks)),
		("worker", bytes(offer.device)),
	]);
	Call::new(AUCTION, "reveal_bid")
		.with("job", bytes(job))
		.with("offer", offer)
		.with("device", number(device))
		.with("salt", bytes(salt))
}

pub fn start(job: Hash) -> Call {
	Call::new(AUCTION, "start").with("job", bytes(job))
}

/// A milestone, or, as the last part, the result.
pub fn commit_part(job: Hash, commitment: Hash, is_result: bool) -> Call {
	let name = if is_result { "commit_result" } else { "report_progress" };
	Call::new(AUCTION, name).with("job", bytes(job)).with("commitment", bytes(commitment))
}

pub fn claim_inputs(job: Hash) -> Call {
	Call::new(AUCTION, "claim_inputs").with("job", bytes(job))
}

pub fn abandon(job: Hash) -> Call {
	Call::new(AUCTION, "abandon").with("job", bytes(job))
}

/// What clients send, with the names of its arguments, for [`super::needs`].
pub const OF_CLIENTS: &[(&str, &str, &[&str])] = &[
	("Utility", "batch_all", &["calls"]),
	(LOCKS, "lock", &["amount"]),
	(LOCKS, "register_device", &["kind", "name", "memory_mb", "endpoint", "worker"]),
	(LOCKS, "update_device", &["id", "kind", "name", "memory_mb", "endpoint", "worker"]),
	(POOL, "publish_service", &["manifest", "leaf", "terms"]),
	(POOL, "request", &["service", "order"]),
	(POOL, "confirm", &["request"]),
	(AUCTION, "create", &["spec", "ceiling"]),
	(AUCTION, "cancel", &["job"]),
	(AUCTION, "top_up", &["job", "amount"]),
	(VALIDATION, "accept", &["task"]),
	(VALIDATION, "challenge", &["task", "leaf"]),
];

/// All that is sent, with the names of its arguments, for [`super::needs`].
pub const ALL: &[(&str, &str, &[&str])] = &[
	("Balances", "transfer_keep_alive", &["dest", "value"]),
	(LOCKS, "lock", &["amount"]),
	(LOCKS, "authorise_worker", &["worker", "consent"]),
	(LOCKS, "register_device", &["kind", "name", "memory_mb", "endpoint", "worker"]),
	(LOCKS, "update_device", &["id", "kind", "name", "memory_mb", "endpoint", "worker"]),
	(LOCKS, "heartbeat", &["id"]),
	(POOL, "join", &["service", "device"]),
	(POOL, "leave", &["service", "device"]),
	(POOL, "commit", &["request", "commitment", "leaves"]),
	(POOL, "decline", &["request"]),
	(POOL, "alarm", &["request"]),
	(POOL, "claim_share", &["request", "outcome", "salt", "leader_salt"]),
	(POOL, "publish_service", &["manifest", "leaf", "terms"]),
	(POOL, "request", &["service", "order"]),
	(AUCTION, "create", &["spec", "ceiling"]),
	(VALIDATION, "accept", &["task"]),
	(VALIDATION, "offer_seats", &["capabilities", "device"]),
	(VALIDATION, "withdraw_seats", &[]),
	(VALIDATION, "post_openings", &["task", "openings"]),
	(VALIDATION, "reveal", &["task", "outcome", "salt"]),
	(VALIDATION, "reveal_leaves", &["task", "reveals"]),
	(VALIDATION, "commit_audit", &["task", "leaf", "commitment"]),
	(VALIDATION, "reveal_audit", &["task", "leaf", "finding", "salt"]),
	(VALIDATION, "challenge", &["task", "leaf"]),
	(VALIDATION, "commit_vote", &["task", "leaf", "commitment"]),
	(VALIDATION, "reveal_vote", &["task", "leaf", "finding", "salt"]),
	(VALIDATION, "advance", &["item"]),
	(VALIDATION, "commit_benchmark", &["device", "leaves", "commitment"]),
	(AUCTION, "commit_bid", &["job", "commitment"]),
	(AUCTION, "reveal_bid", &["job", "offer", "device", "salt"]),
	(AUCTION, "start", &["job"]),
	(AUCTION, "report_progress", &["job", "commitment"]),
	(AUCTION, "commit_result", &["job", "commitment"]),
	(AUCTION, "claim_inputs", &["job"]),
	(AUCTION, "abandon", &["job"]),
];
