// The answers of a node's `ogpu_*` methods. Amounts and work are decimal text, times are blocks of the network's clock.

export type Hash = string;
export type Address = string;
/** In the smallest unit, as decimal text. */
export type Amount = string;

export interface Supply {
	block: Hash;
	cap: Amount;
	minted: Amount;
	issued: Amount;
	burned: Amount;
	unclaimed: Amount;
	claimsDeadline: number | null;
	emissionLeft: Amount;
	nextEraPayout: Amount;
}

export interface Next<Act extends string = string> {
	act: Act;
	/** The last block for it; null where it waits for a validation, which has a deadline of its own. */
	due: number | null;
	by: Address[];
}

export interface Outcome {
	root: Hash;
	output: Hash;
}

export interface Jury {
	leaf: number;
	round: number;
	upheld: number;
	inputAtFault: number;
	convicted: number;
	copied: number;
	marginSeats: number;
}

export interface Validation {
	client: Address;
	provider: Address;
	now: number;
	next: Next;
	leaves: number;
	fee: Amount;
	manifest: Hash;
	start: Hash;
	outcome: Outcome | null;
	auditBillionths: number;
	checked: number;
	shown: number;
	challenges: number;
	juries: Jury[];
}

export interface Part {
	task: Hash;
	committed: number;
	state: "open" | "verified" | "failed";
}

export interface JobTask {
	is: "job";
	kind: "training" | "rendering";
	client: Address;
	manifest: Hash;
	leaves: number;
	now: number;
	next: Next;
	budget: Amount;
	held: Amount;
	sealedBids: number;
	provider: Address | null;
	fee: Amount;
	released: Amount;
	deadline: number | null;
	parts: number;
	verifiedParts: number;
	committed: Part[];
	isCancelled: boolean;
}

export interface Racer {
	operator: Address;
	device: number;
	lots: number;
	state: "running" | "out" | "silent" | "committed" | "paid";
}

export interface RequestTask {
	is: "request";
	service: number;
	client: Address;
	inputs: Hash;
	ceilingLeaves: number;
	now: number;
	next: Next;
	leafPrice: Amount;
	held: Amount;
	redraws: number;
	racers: Racer[];
	leader: Address | null;
	validation: Validation | null;
}

export interface ValidationTask extends Validation {
	is: "validation";
}

export type Conclusion = "accepted" | "forfeited" | "convicted" | "inputAtFault" | "void" | "unfounded";

export interface EndedTask {
	is: "ended";
	provider: Address;
	client: Address;
	manifest: Hash;
	start: Hash;
	outcome: Outcome | null;
	conclusion: Conclusion;
	leaves: number;
	auditBillionths: number;
	drawn: number;
	juries: number;
	executions: number;
	detectsOneBillionths: number;
	detectsTenthBillionths: number;
	closed: number;
}

export type Task = JobTask | RequestTask | ValidationTask | EndedTask;

export interface Names {
	names: Hash[];
	next: Hash | null;
}

export interface Tasks {
	block: Hash;
	jobs: Names;
	requests: Names;
}

export type DeviceKind = "cpu" | "cuda" | "metal" | "rocm" | "vulkan";

export interface Device {
	id: number;
	kind: DeviceKind;
	name: string;
	memoryMb: number;
	endpoint: string;
	worker: Address;
	workPerBlock: string | null;
	measuredAt: number | null;
	isOnline: boolean;
}

export interface Reputation {
	scoreBillionths: number;
	experienceBillionths: number;
	punctualityBillionths: number;
	faultlessnessBillionths: number;
	clean: Amount;
	punctual: Amount;
	late: Amount;
}

export type Fault =
	| "convicted"
	| "silentProvider"
	| "abandoned"
	| "unrevealedBid"
	| "inputAtFault"
	| "falseAlarm"
	| "wrongApproval"
	| "lostVote"
	| "unserved"
	| "silentSeat"
	| "falseChallenge";

export interface Provider {
	block: Hash;
	now: number;
	locked: Amount;
	free: Amount;
	unbonding: { amount: Amount; freeAt: number }[];
	pins: { work: Hash; amount: Amount; counts: "shared" | "own" }[];
	reputation: Reputation;
	faults: { fault: Fault; work: Hash; at: number; taken: Amount }[];
	suspendedUntil: number | null;
	workers: Address[];
	devices: Device[];
}

export interface Service {
	id: number;
	publisher: Address;
	manifest: Hash;
	leafWork: string;
	leafPrice: Amount;
	floor: Amount;
	width: number;
	delivery: "verified" | "firstResponse" | "manual";
	auditBillionths: number;
	leavesBillionths: number;
	jurySeats: number;
	members: number;
	openRequests: number;
	isRetired: boolean;
}

export interface Services {
	block: Hash;
	services: Service[];
}

export interface Candidate {
	device: number;
	operator: Address | null;
	/** Each lot falls on it in proportion to this. */
	weight?: number;
	/** Why it is not eligible; empty if it is. */
	reasons: string[];
}

export interface RequestQuote {
	of: "request";
	leafPrice: Amount;
	isAffordable: boolean;
	pricePercentile: number | null;
	fee: Amount;
	pot: Amount;
	checking: Amount;
	deposit: Amount;
	clientBond: Amount;
	bond: Amount;
	devices: Candidate[];
	matchedBlocks: number | null;
}

export interface JobQuote {
	of: "job";
	parts: number;
	leafBlocks: number;
	leafFee: Amount;
	checking: Amount;
	held: Amount;
	deposit: Amount;
	clientBond: Amount;
	bond: Amount;
	usualPrice: Amount | null;
	cheaperBillionths: number | null;
	awardBlocks: number;
	resultBlocks: number;
	devices: Candidate[];
}

export interface AskedRequest {
	client: Address;
	service: number;
	ceilingLeaves: number;
	inputs?: Hash;
	promptWork?: string;
	maxPrice?: string;
	windowBlocks?: number;
}

export type Class = "economy" | "standard" | "high" | "assured";

export interface AskedJob {
	client: Address;
	ceiling: string;
	job: "training" | "rendering";
	leaves: number;
	partLeaves: number;
	leafWork: string;
	recomputeWork: string;
	fetchedBytes: string;
	class: Class;
	biddingBlocks: number;
	longestBlocks: number;
	capability?: number;
	device?: DeviceKind | null;
	memoryMb?: number;
	workPerBlock?: string;
	speedBillionths?: number;
	reopens?: number;
	devices?: number[];
}

/** The methods, by what they take and answer. */
export interface Methods {
	ogpu_supply: { takes: []; answers: Supply };
	ogpu_quote: { takes: [AskedRequest | AskedJob]; answers: RequestQuote | JobQuote };
	ogpu_task: { takes: [Hash]; answers: Task };
	ogpu_tasks: { takes: [Address, { jobs?: Hash | null; requests?: Hash | null }]; answers: Tasks };
	ogpu_provider: { takes: [Address]; answers: Provider };
	ogpu_services: { takes: [number]; answers: Services };
	ogpu_receipt: { takes: [Hash, number?]; answers: unknown };
}

/** A node knows no task of this name. */
export const UNKNOWN_TASK = 9005;
/** The chain would refuse it. */
export const REFUSED_BY_CHAIN = 9006;
