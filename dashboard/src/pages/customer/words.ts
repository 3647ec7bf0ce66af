// What the stages and ends of work are called.

import type { Conclusion, EndedTask, JobTask, RequestTask, Task, Validation } from "../../chain/ogpu";
import { plural, spoken } from "../../format";

const OF_JOB: Record<string, string> = {
	bid: "Providers seal their bids",
	awaitSeed: "The seed for ties is made by the authors of blocks",
	revealBids: "Bids are revealed",
	count: "The work is awarded",
	start: "The winner has to start",
	work: "The provider computes",
	awaitJury: "A jury looks for the inputs",
	awaitVerdicts: "All is committed; the last verdicts are awaited",
};

const OF_REQUEST: Record<string, string> = {
	awaitSeed: "It is drawn who computes",
	commit: "Racers compute",
	awaitVerdict: "The answer is here; it is being checked",
	confirm: "You have to confirm the answer, or to challenge it",
	claimShare: "It was accepted; runners-up show that they had the same",
};

const OF_VALIDATION: Record<string, string> = {
	awaitSeed: "The seed is made that decides what is audited",
	postOpenings: "The provider shows what the drawn leaves begin from",
	commitAudits: "Auditors recompute what was drawn",
	reveal: "The provider reveals its result",
	revealAudits: "Auditors reveal what they found",
	commitVotes: "Jurors recompute what is in dispute",
	revealVotes: "Jurors reveal what they found",
	challenge: "Anybody may challenge a leaf until the window closes",
	answer: "The provider has to answer a challenge",
	awaitOthers: "Other validations have to end first",
	close: "It is being closed",
};

/** What happens now. */
export function happens(task: Task): string {
	switch (task.is) {
		case "job":
			return task.isCancelled
				? "Cancelled; what was committed is judged"
				: (OF_JOB[task.next.act] ?? spoken(task.next.act));
		case "request":
			// While it is validated, the validation says more.
			if (task.next.act === "awaitVerdict" && task.validation) return checks(task.validation);
			return OF_REQUEST[task.next.act] ?? spoken(task.next.act);
		case "validation":
			return checks(task);
		case "ended":
			return CONCLUSIONS[task.conclusion] ?? spoken(task.conclusion);
	}
}

export function checks(validation: Validation): string {
	return OF_VALIDATION[validation.next.act] ?? spoken(validation.next.act);
}

/** The deadline that counts, and who must act for it. */
export function next(task: Exclude<Task, EndedTask>): { act: string; due: number | null; by: string[]; now: number } {
	const inner = task.is === "request" && task.next.due === null ? task.validation : undefined;
	const { act, due, by } = inner ? inner.next : task.next;
	return { act, due, by, now: task.now };
}

export const JOB_STEPS = ["Bidding", "Award", "Computing", "Checking", "Done"];
const JOB_AT: Record<string, number> = {
	bid: 0,
	awaitSeed: 1,
	revealBids: 1,
	count: 1,
	start: 1,
	work: 2,
	awaitJury: 2,
	awaitVerdicts: 3,
};

export function jobAt(task: JobTask): number {
	return JOB_AT[task.next.act] ?? 0;
}

export const REQUEST_STEPS = ["Drawing", "Computing", "Checking", "Window", "Done"];

export function requestAt(task: RequestTask): number {
	if (task.next.act === "awaitSeed") return 0;
	if (task.next.act === "commit") return 1;
	if (task.next.act === "awaitVerdict") return task.validation?.next.act === "challenge" ? 3 : 2;
	return task.next.act === "confirm" ? 3 : 4;
}

const CONCLUSIONS: Record<Conclusion, string> = {
	accepted: "It was accepted",
	forfeited: "Its provider did not show what it was asked to, and lost its bond; your money is back",
	convicted: "It was wrong: its provider was convicted and lost its bond; your money is back, and a tenth more",
	inputAtFault: "Your inputs were missing or could not be used: your lock paid for it",
	void: "The jury could not agree; your money is back",
	unfounded: "The claim that inputs were missing was unfounded",
};

/** Whether the result stands. */
export function isRight(conclusion: string): boolean {
	return conclusion === "accepted" || conclusion === "forfeited";
}

const REASONS: Record<string, string> = {
	hasLeft: "has left the service",
	offline: "sends no heartbeats",
	kind: "is of another kind",
	wrongKind: "is of another kind",
	memory: "has too little memory",
	tooLittleMemory: "has too little memory",
	score: "was not measured, or is too slow",
	tooSlow: "was not measured, or is too slow",
	reputation: "has too low a score",
	client: "is yours",
	clients: "is yours",
	busy: "runs in as many races as it may",
	ranBefore: "ran before",
	bond: "has not enough locked",
	bondTooHigh: "has not enough locked",
	checking: "would pay more for its audits than it earns",
	suspended: "is suspended",
	noSuchDevice: "does not exist",
};

/** Why a device cannot do it. */
export function reason(name: string): string {
	return REASONS[name] ?? spoken(name);
}

export function kindTitle(task: Task): string {
	if (task.is === "job") return task.kind === "training" ? "Training" : "Rendering";
	if (task.is === "request") return `Request to service ${task.service}`;
	return "Validation";
}

export function leavesOf(task: JobTask): string {
	return task.parts > 1
		? `${plural(task.leaves, "leaf", "leaves")} in ${task.parts} parts`
		: plural(task.leaves, "leaf", "leaves");
}

const ENDS: Record<string, string> = {
	Settled: "Done",
	Refunded: "Refunded",
	Void: "Void",
	Cancelled: "Cancelled",
	Unsold: "Nobody bid",
	Failed: "Failed",
};

export function ending(how: string): string {
	return ENDS[how] ?? spoken(how);
}
