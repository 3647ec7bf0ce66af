//! What the worker reads of the chain's records: the fields it needs, under the names that the runtime gives them. The
//! rest of a record may change without it.

#![allow(unused_imports, reason = "what is derived for an enum without fields imports more than it uses")]

use subxt::ext::scale_decode::DecodeAsType;

pub type Hash = [u8; 32];
pub type AccountId = [u8; 32];
pub type Balance = u128;
pub type BlockNumber = u32;
pub type DeviceId = u32;
pub type ServiceId = u32;
/// Multiply-adds.
pub type Work = u128;

/// Declares records, each with what reads it.
macro_rules! records {
	($($(#[$attribute:meta])* $kind:ident $name:ident { $($body:tt)* })*) => {$(
		$(#[$attribute])*
		#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		pub $kind $name { $($body)* }
	)*};
}

records! {
	/// What an event is about.
	struct AboutTask {
		pub task: Hash,
	}

	struct AboutRequest {
		pub request: Hash,
	}

	struct AboutJob {
		pub job: Hash,
	}

	/// Money that came to an account.
	struct Deposit {
		pub who: AccountId,
		pub amount: Balance,
	}

	struct RacerPaid {
		pub request: Hash,
		pub operator: AccountId,
		pub amount: Balance,
	}

	struct CheckerPaid {
		pub operator: AccountId,
		pub task: Hash,
		pub amount: Balance,
	}

	struct PartsPaid {
		pub job: Hash,
		pub provider: AccountId,
		pub paid: Balance,
	}

	struct JobSettled {
		pub job: Hash,
		pub provider: AccountId,
	}

	/// A lock.
	struct Lock {
		pub locked: Balance,
		pub unbonding: Vec<Unbonding>,
	}

	struct Unbonding {
		pub amount: Balance,
		pub free_at: BlockNumber,
	}

	/// What a lock answers for.
	struct Pinned {
		pub work: Hash,
		pub amount: Balance,
		pub pin: Pin,
	}

	/// How it counts beside others.
	enum Pin {
		Shared,
		Own,
	}

	/// What belongs to an operator.
	struct Operator {
		pub workers: Vec<AccountId>,
		pub devices: Vec<DeviceId>,
	}

	/// A worker key.
	struct Worker {
		pub operator: AccountId,
	}

	enum DeviceKind {
		Cpu,
		Cuda,
		Metal,
		Rocm,
		Vulkan,
	}

	struct DeviceSpec {
		pub kind: DeviceKind,
		pub name: Vec<u8>,
		pub memory_mb: u32,
		pub endpoint: Vec<u8>,
		pub worker: AccountId,
	}

	struct Measurement {
		pub work_per_block: Work,
		pub at: BlockNumber,
	}

	struct Device {
		pub operator: AccountId,
		pub spec: DeviceSpec,
		pub measured: Option<Measurement>,
		pub heartbeat: Option<BlockNumber>,
	}

	/// Something that an account was found to have done.
	struct FaultRecord {
		pub work: Hash,
		pub at: BlockNumber,
		pub taken: Balance,
	}

	/// A balance.
	struct Account {
		pub nonce: u32,
		pub data: AccountData,
	}

	struct AccountData {
		pub free: Balance,
		pub reserved: Balance,
		pub frozen: Balance,
	}

	/// The declared shape of a leaf of a service.
	struct LeafShape {
		pub work: Work,
		pub recompute_work: Work,
		pub fetched_bytes: u128,
	}

	struct Terms {
		pub floor: Balance,
		pub width: u32,
	}

	struct Service {
		pub publisher: AccountId,
		pub manifest: Hash,
		pub leaf: LeafShape,
		pub terms: Terms,
		pub is_retired: bool,
	}

	/// A device that serves a service.
	struct Member {
		pub operator: AccountId,
		pub left: Option<BlockNumber>,
	}

	struct Order {
		pub inputs: Hash,
		pub ceiling_leaves: u32,
		pub prompt_work: Work,
		pub window_blocks: BlockNumber,
	}

	/// Where a request stands.
	enum RequestStage {
		Drawing { seed_from: BlockNumber },
		Racing,
		Validating { leader: u32, is_paid: bool },
		AwaitingConfirmation { leader: u32 },
		Sharing { leader: u32 },
	}

	/// What a racer has done.
	enum Racing {
		Running,
		Out,
		Silent,
		Committed { commitment: Hash, leaves: u32 },
		Paid,
	}

	struct Racer {
		pub operator: AccountId,
		pub device: DeviceId,
		pub racing: Racing,
	}

	struct Race {
		pub first: u32,
		pub drawn: BlockNumber,
		pub closes: BlockNumber,
		pub seed_from: BlockNumber,
	}

	/// A request to a service.
	struct Request {
		pub service: ServiceId,
		pub client: AccountId,
		pub order: Order,
		pub leaf_work: Work,
		pub leaf_price: Balance,
		pub bond: Balance,
		pub race: Race,
		pub racers: Vec<Racer>,
		pub stage: RequestStage,
		pub due: BlockNumber,
	}

	enum JobKind {
		Training,
		Rendering,
	}

	struct Needs {
		pub kind: Option<DeviceKind>,
		pub memory_mb: u32,
		pub work_per_block: Work,
	}

	/// What is to be done in a job.
	struct Spec {
		pub kind: JobKind,
		pub manifest: Hash,
		pub start: Hash,
		pub leaves: u32,
		pub part_leaves: u32,
		pub leaf: LeafShape,
		pub needs: Needs,
		pub longest_blocks: BlockNumber,
	}

	enum JobStage {
		Bidding,
		Drawing { seed_from: BlockNumber },
		Revealing { seed: Hash },
		Counting,
		Offered,
		Working,
		Claimed,
		Ending,
	}

	struct JobTerms {
		pub ceiling: Balance,
		pub longest_blocks: BlockNumber,
		pub speed_billionths: u32,
	}

	/// A bidder, and the device that it bids with.
	struct Bidder {
		pub operator: AccountId,
		pub device: DeviceId,
	}

	/// A revealed bid.
	struct Bid {
		pub bidder: Bidder,
		pub price: Balance,
		pub eta_blocks: BlockNumber,
	}

	struct SealedBid {
		pub commitment: Hash,
	}

	struct Award {
		pub fee: Balance,
	}

	enum PartState {
		Open,
		Verified { carry: Hash },
		Failed,
	}

	struct Part {
		pub task: Hash,
		pub committed: BlockNumber,
		pub state: PartState,
	}

	/// The work of a provider on a job.
	struct Run {
		pub bid: Bid,
		pub award: Award,
		pub first: u32,
		pub since: BlockNumber,
		pub deadline: BlockNumber,
		pub parts: Vec<Part>,
		pub claim: Option<Hash>,
		pub has_claimed: bool,
	}

	/// A job for sale, or sold.
	struct Job {
		pub client: AccountId,
		pub spec: Spec,
		pub leaf_blocks: BlockNumber,
		pub stage: JobStage,
		pub due: BlockNumber,
		pub is_cancelled: bool,
		pub round: u32,
		pub terms: JobTerms,
		pub bond: Balance,
		pub tasks: u32,
		pub first: u32,
		pub verified: u32,
		pub carry: Hash,
		pub run: Option<Run>,
	}

	/// To which job a validation belongs.
	struct JobTask {
		pub job: Hash,
		pub first_leaf: u32,
	}

	/// How a difference is decided.
	struct JuryRules {
		pub draw_seats: u32,
	}

	struct CheckClass {
		pub jury: JuryRules,
	}

	/// What a market asked to be validated.
	struct Claim {
		pub client: AccountId,
		pub provider: AccountId,
		pub commitment: Hash,
		pub start: Hash,
		pub leaves: u32,
		pub class: CheckClass,
		pub leaf_blocks: BlockNumber,
		pub leaf_fee: Balance,
		pub fee: Balance,
		pub seed_from: BlockNumber,
	}

	/// Where a validation stands.
	enum Stage {
		Sealed,
		Opening,
		Auditing,
		Doubling { seed_from: BlockNumber },
		AuditingTwice,
		Revealing,
		Comparing,
		Judging { after_challenges: bool },
		Challengeable,
		Answering,
		Accepted,
		Closing { conclusion: Conclusion },
	}

	enum Conclusion {
		Accepted,
		Forfeited,
		Convicted,
		InputAtFault,
		Void,
		Unfounded,
	}

	struct Outcome {
		pub root: Hash,
		pub output: Hash,
	}

	/// What a benchmark measures.
	struct Measured {
		pub device: DeviceId,
		pub work_per_block: Work,
	}

	/// A validation.
	struct Task {
		pub request: Claim,
		pub is_claim: bool,
		pub measures: Option<Measured>,
		pub stage: Stage,
		pub due: BlockNumber,
		pub alarmed_by: Option<AccountId>,
		pub outcome: Option<Outcome>,
		pub carry: Option<Hash>,
		pub challenges: u32,
	}

	/// A leaf as its provider shows it.
	struct LeafParts {
		pub output: Hash,
		pub carry: Hash,
		pub trace: Hash,
	}

	struct LeafProof {
		pub leaf: LeafParts,
		pub proof: Vec<Hash>,
	}

	struct LeafReveal {
		pub leaf: LeafProof,
		pub before: Option<LeafProof>,
	}

	/// How a validation ended.
	struct Record {
		pub provider: AccountId,
		pub client: AccountId,
		pub manifest: Hash,
		pub start: Hash,
		pub outcome: Option<Outcome>,
		pub conclusion: Conclusion,
		pub leaves: u32,
		pub audit_billionths: u32,
		pub drawn: u32,
		pub juries: u32,
		pub detects_one_billionths: u32,
		pub detects_tenth_billionths: u32,
		pub closed: BlockNumber,
	}

	/// What somebody said who checks a leaf.
	enum Answer {
		Silent,
		Committed(Hash),
		Revealed,
	}

	struct Auditor {
		pub operator: AccountId,
		pub answer: Answer,
	}

	/// A leaf that is looked at.
	struct Check {
		pub opening: Option<Hash>,
		pub digest: Option<Hash>,
		pub first: Option<Auditor>,
		pub second: Option<Auditor>,
		pub challenge: Option<(AccountId, Balance)>,
	}

	enum JuryStage {
		Drawing { seed_from: BlockNumber },
		Voting { seed: Hash },
		Revealing { seed: Hash },
		Closed,
	}

	/// The jury on a leaf.
	struct Jury {
		pub round: u32,
		pub stage: JuryStage,
		pub due: BlockNumber,
	}

	struct Ballot {
		pub operator: AccountId,
		pub answer: Answer,
	}

	enum WindowStage {
		Placing { seed_from: BlockNumber },
		Seeding { seed_from: BlockNumber, devices: DeviceId },
		Open { seed: Hash, opened: BlockNumber, devices: DeviceId },
	}

	/// The benchmark of a session.
	struct Window {
		pub stage: WindowStage,
		pub due: BlockNumber,
	}
}

impl Request {
	/// The racer of an operator in the present race.
	pub fn racer(&self, operator: &AccountId) -> Option<&Racer> {
		self.racers.iter().skip(self.race.first as usize).find(|racer| racer.operator == *operator)
	}

	/// The racer whose result is validated.
	pub fn leader(&self) -> Option<&Racer> {
		match self.stage {
			RequestStage::Validating { leader, .. }
			| RequestStage::AwaitingConfirmation { leader }
			| RequestStage::Sharing { leader } => self.racers.get(leader as usize),
			RequestStage::Drawing { .. } | RequestStage::Racing => None,
		}
	}

	/// Whether it waits for its own deadline, and not for a validation.
	pub fn has_deadline(&self) -> bool {
		!matches!(self.stage, RequestStage::Validating { .. } | RequestStage::AwaitingConfirmation { .. })
	}

	/// Whether an operator has committed to another number of leaves than the leader of its race. Results stay sealed, but
	/// how many leaves they have is said in clear.
	pub fn differs_from_leader(&self, operator: &AccountId) -> bool {
		let leaves = |racer: &Racer| match racer.racing {
			Racing::Committed { leaves, .. } => Some(leaves),
			_ => None,
		};
		let (own, leader) = (self.racer(operator).and_then(leaves), self.leader().and_then(leaves));
		own.zip(leader).is_some_and(|(own, leader)| own != leader)
	}
}

impl From<&LeafParts> for ogpu_protocol::leaf::Leaf {
	fn from(LeafParts { output, carry, trace }: &LeafParts) -> Self {
		Self { output: *output, carry: *carry, trace: *trace }
	}
}

impl Task {
	/// What the next challenge of it must be bonded with.
	pub fn challenge_bond(&self) -> Balance {
		let jury = self.request.leaf_fee.saturating_mul(self.request.class.jury.draw_seats.into());
		let bond = ogpu_protocol::slashing::challenge_bond(jury);
		bond.saturating_mul(1u128.checked_shl(self.challenges).unwrap_or(Balance::MAX))
	}
}

impl Spec {
	pub fn parts(&self) -> u32 {
		self.leaves.div_ceil(self.part_leaves.max(1))
	}

	pub fn last_part(&self) -> u32 {
		self.parts().saturating_sub(1)
	}

	/// The leaves before a part.
	pub fn leaves_before(&self, part: u32) -> u32 {
		part.saturating_mul(self.part_leaves).min(self.leaves)
	}

	pub fn leaves_of(&self, part: u32) -> u32 {
		self.leaves_before(part.saturating_add(1)).saturating_sub(self.leaves_before(part))
	}
}

impl Run {
	/// The part that comes next.
	pub fn next(&self) -> u32 {
		self.first.saturating_add(u32::try_from(self.parts.len()).unwrap_or(u32::MAX))
	}
}

impl Check {
	/// What this operator said of the leaf, and whether it was drawn to audit it twice.
	pub fn auditor(&self, operator: &AccountId) -> Option<(&Auditor, bool)> {
		let first = self.first.iter().map(|auditor| (auditor, false));
		let second = self.second.iter().map(|auditor| (auditor, true));
		first.chain(second).find(|(auditor, _)| auditor.operator == *operator)
	}
}

impl Device {
	/// Where it can be reached.
	pub fn endpoint(&self) -> Option<&str> {
		std::str::from_utf8(&self.spec.endpoint).ok().filter(|text| !text.is_empty())
	}
}
