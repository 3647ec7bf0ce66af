// Who finalises blocks, whether they finalised one, and who comes after them: docs/receipts.md, "Finality".

import { ed25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { FAULTS, Fault, tooFew } from "./refusal";
import { all, compact, hex, littleEndian, Malformed, type Reader, unhex } from "./scale";

const U64 = 2n ** 64n;

export const blake2 = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

export interface Header {
	hash: string;
	parent: string;
	number: number;
	stateRoot: string;
	/** Consensus messages, with the engines that they are for. */
	messages: { engine: string; message: Uint8Array }[];
}

interface Vote {
	hash: string;
	number: number;
	signature: Uint8Array;
	key: Uint8Array;
}

export interface Justification {
	round: bigint;
	hash: string;
	number: number;
	votes: Vote[];
	headers: Header[];
}

/** How many signed a block, and how much that weighs. */
export interface Signed {
	voters: number;
	weight: bigint;
	needed: bigint;
	total: bigint;
}

interface Item {
	engine?: string;
	data: Uint8Array;
	isConsensus: boolean;
}

function item(reader: Reader): Item {
	const kind = reader.u8();
	switch (kind) {
		case 0:
			return { data: reader.blob(), isConsensus: false };
		case 4:
		case 5:
		case 6: {
			const engine = String.fromCharCode(...reader.take(4));
			return { engine, data: reader.blob(), isConsensus: kind === 4 };
		}
		case 8:
			return { data: new Uint8Array(), isConsensus: false };
		default:
			throw new Malformed("an item of no known kind");
	}
}

function readHeader(reader: Reader): Header {
	const start = reader.at;
	const parent = reader.hash();
	const number = reader.compact();
	const stateRoot = reader.hash();
	reader.hash();
	const items = reader.list(() => item(reader));
	const messages = items
		.filter((item) => item.isConsensus)
		.map((item) => ({ engine: item.engine ?? "", message: item.data }));
	// Numbers are read in their shortest form alone, so what was read is what would be encoded.
	const hash = hex(blake2(reader.bytes.subarray(start, reader.at)));
	return { hash, parent, number, stateRoot, messages };
}

function as<T>(fault: string, read: () => T): T {
	try {
		return read();
	} catch (error) {
		if (error instanceof Malformed) throw new Fault(fault);
		throw error;
	}
}

export const header = (bytes: Uint8Array): Header => as(FAULTS.header, () => all(bytes, readHeader));

export const justification = (bytes: Uint8Array): Justification =>
	as(FAULTS.justification, () =>
		all(bytes, (reader) => ({
			round: reader.u64(),
			hash: reader.hash(),
			number: reader.u32(),
			votes: reader.list(() => ({
				hash: reader.hash(),
				number: reader.u32(),
				signature: reader.take(64),
				key: reader.take(32),
			})),
			headers: reader.list(() => readHeader(reader)),
		})),
	);

type List = { key: Uint8Array; weight: bigint }[];

const readList = (reader: Reader): List => reader.list(() => ({ key: reader.take(32), weight: reader.u64() }));

/** A set of those who finalise blocks. */
export class Authorities {
	readonly #weights = new Map<string, bigint>();
	readonly total: bigint;
	/** The weight that finalises. */
	readonly needed: bigint;

	private constructor(
		/** How many sets came before it. */
		readonly set: bigint,
		private readonly list: List,
	) {
		let total = 0n;
		for (const { key, weight } of list) {
			if (weight === 0n) continue;
			total += weight;
			const name = hex(key);
			this.#weights.set(name, (this.#weights.get(name) ?? 0n) + weight);
		}
		if (total === 0n || total >= U64 || set >= U64) throw new Fault(FAULTS.noSet);
		this.total = total;
		this.needed = total - (total - 1n) / 3n;
	}

	/** Reads a list as SCALE encodes it. */
	static read(set: bigint, bytes: Uint8Array): Authorities {
		return new Authorities(
			set,
			as(FAULTS.noSet, () => all(bytes, readList)),
		);
	}

	get size(): number {
		return this.#weights.size;
	}

	/** The list as SCALE encodes it. */
	encoded(): Uint8Array {
		const items = this.list.flatMap(({ key, weight }) => [key, littleEndian(weight, 8)]);
		return concatBytes(compact(this.list.length), ...items);
	}

	/** By which others can trust this set. */
	hash(): string {
		return hex(blake2(concatBytes(littleEndian(this.set, 8), this.encoded())));
	}

	weightOf(keys: readonly string[]): bigint {
		return [...new Set(keys)].reduce((sum, key) => sum + (this.#weights.get(key) ?? 0n), 0n);
	}

	/**
	 * Whether they finalised this very block: more than two thirds of them voted, in one round, for it or for blocks that
	 * follow it. All votes must be good; whoever voted twice counts once.
	 */
	finalises(header: Header, { round, hash, number, votes, headers }: Justification): Signed {
		if (hash !== header.hash || number !== header.number) throw new Fault(FAULTS.otherBlock);
		// Of whoever votes for more than one block, GRANDPA keeps two votes.
		if (votes.length > this.size * 2) throw new Fault(FAULTS.tooMany);
		const later = new Map(headers.map((header) => [header.hash, header]));
		const following = new Set([hash]);
		const voted = new Set<string>();
		for (const vote of votes) {
			const key = hex(vote.key);
			if (!this.#weights.has(key)) throw new Fault(FAULTS.stranger);
			if (!this.#isSigned(vote, round)) throw new Fault(FAULTS.signature);
			if ((later.get(vote.hash)?.number ?? number) !== vote.number) throw new Fault(FAULTS.elsewhere);
			follow(following, later, vote.hash);
			voted.add(key);
		}
		const weight = this.weightOf([...voted]);
		if (weight < this.needed) throw tooFew(weight, this.needed);
		// Without the block itself.
		if (following.size - 1 !== headers.length) throw new Fault(FAULTS.unneeded);
		return { voters: voted.size, weight, needed: this.needed, total: this.total };
	}

	#isSigned(vote: Vote, round: bigint): boolean {
		const message = concatBytes(
			Uint8Array.of(1),
			unhex(vote.hash),
			littleEndian(vote.number, 4),
			littleEndian(round, 8),
			littleEndian(this.set, 8),
		);
		try {
			return ed25519.verify(vote.signature, message, vote.key, { zip215: true });
		} catch {
			// A key or a signature that is no point of the curve.
			return false;
		}
	}

	/** Who comes after the block that they finalised. */
	next(header: Header): Authorities {
		let change: { list: List; delay: number } | undefined;
		for (const { engine, message } of header.messages) {
			if (engine !== "FRNK") continue;
			const log = grandpaMessage(message);
			if (log === "forced") throw new Fault(FAULTS.forced);
			// The first one counts.
			change ??= log;
		}
		if (!change) throw new Fault(FAULTS.noChange);
		if (change.delay !== 0) throw new Fault(FAULTS.delayed);
		return new Authorities(this.set + 1n, change.list);
	}
}

/** A scheduled or a forced change; nothing, for what is neither or cannot be read. */
function grandpaMessage(bytes: Uint8Array): { list: List; delay: number } | "forced" | undefined {
	const change = (reader: Reader) => ({ list: readList(reader), delay: reader.u32() });
	try {
		return all(bytes, (reader) => {
			const kind = reader.u8();
			if (kind === 1) return change(reader);
			if (kind !== 2) throw new Malformed("something else");
			reader.u32();
			change(reader);
			return "forced" as const;
		});
	} catch (error) {
		if (error instanceof Malformed) return undefined;
		throw error;
	}
}

/** Goes from a block back to one that is known to follow, or to be, the one that is finalised. Each is passed once. */
function follow(following: Set<string>, later: Map<string, Header>, block: string): void {
	const passed = [];
	for (let at = block; !following.has(at); ) {
		const header = later.get(at);
		if (!header) throw new Fault(FAULTS.elsewhere);
		passed.push(at);
		at = header.parent;
	}
	for (const hash of passed) following.add(hash);
}
