// Receipts: whether a file proves that the chain has recorded what it says. Everything is computed here from the file and
// from what the reader trusts; nothing is asked of anybody. docs/receipts.md has the format and the steps.

import type { Chain } from "./chain";
import type { Receipt } from "./file";
import { Authorities, header, justification, type Signed } from "./finality";
import { type ChainRecord, GENESIS_HASH, partOf, readRecord, recordKey, TIME } from "./record";
import { at, FAULTS, Fault, Refusal } from "./refusal";
import { all, hex, Malformed, type Reader, unhex } from "./scale";
import { Incomplete, Trie } from "./trie";

export { type Chain, chainOf, MOST_SPEC_BYTES, NoSpec } from "./chain";
export { check, MOST_BYTES, parse, type Receipt } from "./file";
export { Authorities, type Signed } from "./finality";
export type { ChainRecord, Conclusion } from "./record";
export { type Part, partName, Refusal } from "./refusal";

/** A job had no more validations than this. */
const MOST_PARTS = 10_000;

/** What a reader of receipts takes for granted: who finalised the first block of a chain, or a set by its hash. */
export type Trust = { chain: Chain } | { authorities: string };

export interface Entry {
	name: string;
	/** The number among the validations of the job, for a receipt of a job. */
	part?: number;
	record: ChainRecord;
}

/** What a receipt proves. */
export interface Proven {
	genesis: string;
	block: string;
	number: number;
	/** When the block was made, in milliseconds since 1970, by its author's clock. */
	time: bigint;
	/** Of how many changes of authorities it was followed. */
	changes: number;
	/** Who finalised the block. */
	authorities: Authorities;
	signed: Signed;
	job?: string;
	records: Entry[];
}

export interface Watching {
	/** Called after each signed part, with how many of them are checked. */
	onProgress?: (done: number, all: number) => void;
	signal?: AbortSignal;
}

/** Follows a receipt from what is trusted to the records, or throws a refusal that says where it breaks. */
export async function verify(receipt: Receipt, trust: Trust, watching: Watching = {}): Promise<Proven> {
	const pause = pauses(watching, receipt.authorities.length + 1);
	let authorities = first(receipt, trust);
	let last = 0;
	for (const [index, change] of receipt.authorities.entries()) {
		await pause(index);
		at({ change: index + 1 }, () => {
			const { block } = finalised(change, authorities, last);
			last = block.number;
			authorities = authorities.next(block);
		});
	}
	await pause(receipt.authorities.length);
	const { block, signed } = at("block", () => finalised(receipt.block, authorities, last));
	await pause(receipt.authorities.length + 1);

	const state = new State(block.stateRoot, receipt.state);
	const genesis = state.read(unhex(GENESIS_HASH), "hash of the first block", (reader) => reader.hash());
	if (genesis !== receipt.genesis) {
		throw new Refusal("state", `the state is of a block of another chain, with the genesis ${genesis}`);
	}
	const records = parts(receipt).map(({ name, part }) => ({
		name,
		...(part !== undefined && { part }),
		record: state.read(recordKey(name), `record of ${name}`, readRecord),
	}));
	if (receipt.job) sameWork(records);
	return {
		genesis,
		block: block.hash,
		number: block.number,
		time: state.read(unhex(TIME), "time", (reader) => reader.u64()),
		changes: receipt.authorities.length,
		authorities,
		signed,
		...(receipt.job && { job: receipt.job }),
		records,
	};
}

function finalised(part: Receipt["block"], authorities: Authorities, last: number) {
	const block = header(unhex(part.header));
	const signatures = justification(unhex(part.justification));
	if (block.number <= last) throw new Fault(FAULTS.backwards);
	return { block, signed: authorities.finalises(block, signatures) };
}

/** Tells how far the check is and lets the page breathe, now and then. */
function pauses({ onProgress, signal }: Watching, all: number) {
	let breath = performance.now();
	return async (done: number) => {
		signal?.throwIfAborted();
		onProgress?.(done, all);
		if (performance.now() - breath < 30) return;
		await new Promise((resume) => setTimeout(resume, 0));
		breath = performance.now();
	};
}

/** The set that a receipt begins with, if it is the one that is trusted. */
function first({ genesis, since }: Receipt, trust: Trust): Authorities {
	const begun = since && at("since", () => Authorities.read(BigInt(since.set), unhex(since.authorities)));
	if ("chain" in trust) {
		const { chain } = trust;
		if (chain.genesis !== genesis) {
			throw new Refusal(
				"trust",
				`it is of the chain with the genesis ${genesis}, and what you trust is ${chain.genesis}`,
			);
		}
		if (!begun || begun.hash() === chain.authorities.hash()) return chain.authorities;
		throw new Refusal(
			"trust",
			`it begins with set ${begun.set} of authorities, not with the chain's first; if you know from elsewhere that the ` +
				`hash of that set is ${begun.hash()}, say that you trust it, otherwise ask a node for a whole one`,
		);
	}
	if (!begun) {
		throw new Refusal("trust", "it does not say with which set of authorities it begins; trust a chain instead");
	}
	if (begun.hash() !== trust.authorities.toLowerCase()) {
		const hash = begun.hash();
		throw new Refusal("trust", `it begins with authorities whose hash is ${hash}, which are not those that you trust`);
	}
	return begun;
}

/** What the state of a block says, by the nodes of its trie that a receipt brings along. */
class State {
	readonly #trie: Trie;

	constructor(root: string, nodes: readonly string[]) {
		this.#trie = new Trie(root, nodes.map(unhex));
	}

	read<T>(key: Uint8Array, what: string, read: (reader: Reader) => T): T {
		try {
			const value = this.#trie.read(key);
			if (!value) throw new Refusal("state", `the state proves that the block has no ${what}`);
			return all(value, read);
		} catch (error) {
			if (error instanceof Incomplete) {
				const why = "they were changed, or some are missing";
				throw new Refusal("state", `the nodes of the state do not reach from the block to the ${what}; ${why}`);
			}
			if (error instanceof Malformed) {
				throw new Refusal("state", `the ${what} is encoded in a way that this page does not know; use a newer one`);
			}
			throw error;
		}
	}
}

/** What a receipt is about, each once, and all of one job if it says so. */
function parts({ names, job }: Receipt): { name: string; part?: number }[] {
	const seen = new Set<string>();
	let number = 0;
	return names.map((name) => {
		if (seen.has(name)) throw new Refusal("names", `it names the validation ${name} twice`);
		seen.add(name);
		if (!job) return { name };
		while (number < MOST_PARTS && partOf(job, number) !== name) number += 1;
		if (number === MOST_PARTS) {
			const problem = "is no validation of the job that the receipt is about, or stands in the wrong place";
			throw new Refusal("names", `${name} ${problem}`);
		}
		number += 1;
		return { name, part: number - 1 };
	});
}

/** Whether all records are of the same work. */
function sameWork(records: Entry[]): void {
	const [first] = records;
	for (const { name, record } of records) {
		if (record.client !== first?.record.client || record.manifest !== first.record.manifest) {
			throw new Refusal("names", `the validation ${name} has another client or manifest than the first of its job`);
		}
	}
}

/** The same receipt for those who trust the set that signed its block. */
export function shortened(receipt: Receipt, { authorities }: Proven): Receipt {
	const set = Number(authorities.set);
	return { ...receipt, since: { set, authorities: hex(authorities.encoded()) }, authorities: [] };
}
