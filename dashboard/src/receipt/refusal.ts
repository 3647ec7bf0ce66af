// Why a receipt proves nothing, and which part of it is to blame.

/** A part of a receipt, or what it is held against. */
export type Part =
	/** The file as such: no JSON, another version, too large. */
	| "file"
	/** Not what its reader trusts: of another chain, or beginning with another set. */
	| "trust"
	/** The set of authorities that it begins with. */
	| "since"
	/** A change of authorities; the first is number 1. */
	| { change: number }
	/** The block with the records. */
	| "block"
	/** The nodes of its state. */
	| "state"
	/** The names that it is about, and whether they belong together. */
	| "names";

export class Refusal extends Error {
	constructor(
		readonly part: Part,
		message: string,
	) {
		super(message);
		this.name = "Refusal";
	}
}

/** What is wrong with a signed part. */
export class Fault extends Error {}

export const FAULTS = {
	header: "has a header that cannot be decoded",
	justification: "has a justification that cannot be decoded",
	backwards: "is not higher than what comes before it",
	otherBlock: "has a justification of another block",
	tooMany: "carries more than two votes for each of the set before it",
	stranger: "carries a vote of somebody who is not in the set before it",
	signature: "carries a vote whose signature is wrong",
	elsewhere: "carries a vote for a block that is not shown to follow it",
	unneeded: "carries a header that no vote needs",
	noChange: "changes nothing: its header names no new authorities",
	forced: "forces new authorities, without which nobody signed them; no receipt can lead across it",
	delayed: "changes authorities later than with its own block, which this chain never does",
	noSet: "is no set that could sign anything: it is not encoded well, is empty, or its weights are too large",
} as const;

export const tooFew = (weight: bigint, needed: bigint): Fault =>
	new Fault(
		`is not signed by two thirds of the set before it: the weight of its votes is ${weight}, and ${needed} is needed`,
	);

function ordinal(number: number): string {
	const teens = number % 100 >= 11 && number % 100 <= 13;
	return `${number}${teens ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th")}`;
}

export function partName(part: Part): string {
	if (typeof part === "object") return `the ${ordinal(part.change)} change of authorities`;
	return {
		file: "the file",
		trust: "what you trust",
		since: "the set of authorities that it begins with",
		block: "the block",
		state: "the state",
		names: "the names",
	}[part];
}

/** Runs a step whose faults are those of a part. */
export function at<T>(part: Part, step: () => T): T {
	try {
		return step();
	} catch (error) {
		if (error instanceof Fault) throw new Refusal(part, `${partName(part)} ${error.message}`);
		throw error;
	}
}
