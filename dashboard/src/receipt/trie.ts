// Substrate's trie with state version 1: reading a value by the nodes of a proof, and the root of all pairs of a genesis.

import { concatBytes } from "@noble/hashes/utils.js";
import { blake2 } from "./finality";
import { compact, hex, Malformed, Reader, unhex } from "./scale";

const HASH_BYTES = 32;
/** Longer values stand in nodes of their own. */
const MOST_INLINE = 32;

/** What leads from the root to a value is not there. */
export class Incomplete extends Error {}

type Value = { inline: Uint8Array } | { hash: string };

interface Node {
	partial: number[];
	value?: Value;
	/** By their nibble: of a branch. Nodes of fewer than 32 bytes stand in it themselves. */
	children?: (Uint8Array | undefined)[];
}

const nibblesOf = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);

/** The number of nibbles, of which the first byte has what fits in the bits that its prefix leaves. */
function size(reader: Reader, first: number, prefixBits: number): number {
	const most = 255 >> prefixBits;
	let size = first & most;
	if (size < most) return size;
	size -= 1;
	for (;;) {
		const more = reader.u8();
		if (more < 255) return size + more + 1;
		size += 255;
	}
}

function partial(reader: Reader, count: number): number[] {
	const nibbles = nibblesOf(reader.take(Math.ceil(count / 2)));
	if (count % 2 === 1 && nibbles.shift() !== 0) throw new Malformed("padding that is not empty");
	return nibbles;
}

function node(bytes: Uint8Array): Node {
	const reader = new Reader(bytes);
	const first = reader.u8();
	const inline = (): Value => ({ inline: reader.blob() });
	const hashed = (): Value => ({ hash: reader.hash() });
	const leaf = (bits: number, value: () => Value): Node => ({
		partial: partial(reader, size(reader, first, bits)),
		value: value(),
	});
	const branch = (bits: number, value?: () => Value): Node => {
		const path = partial(reader, size(reader, first, bits));
		const [low, high] = reader.take(2) as unknown as [number, number];
		const bitmap = low + high * 256;
		const own = value?.();
		const children = Array.from({ length: 16 }, (_, nibble) => ((bitmap >> nibble) & 1 ? reader.blob() : undefined));
		return { partial: path, ...(own && { value: own }), children };
	};
	if (first >> 6 === 1) return leaf(2, inline);
	if (first >> 6 === 2) return branch(2);
	if (first >> 6 === 3) return branch(2, inline);
	if (first >> 5 === 1) return leaf(3, hashed);
	if (first >> 4 === 1) return branch(4, hashed);
	if (first === 0) return { partial: [] };
	throw new Malformed("a node of no known kind");
}

export class Trie {
	readonly #nodes: Map<string, Uint8Array>;

	/** Every node goes by its hash, so one that was changed is one that is missing. */
	constructor(
		readonly root: string,
		nodes: readonly Uint8Array[],
	) {
		this.#nodes = new Map(nodes.map((node) => [hex(blake2(node)), node]));
	}

	/** The value of a key; nothing, if the trie proves that it has none. */
	read(key: Uint8Array): Uint8Array | undefined {
		let rest = nibblesOf(key);
		let at = this.#node(this.root);
		for (;;) {
			const { partial, value, children } = at;
			if (partial.some((nibble, place) => rest[place] !== nibble)) return undefined;
			rest = rest.slice(partial.length);
			const [next] = rest;
			if (next === undefined) {
				if (!value) return undefined;
				return "inline" in value ? value.inline : this.#get(value.hash);
			}
			const child = children?.[next];
			if (!child) return undefined;
			rest = rest.slice(1);
			at = child.length === HASH_BYTES ? this.#node(hex(child)) : decoded(child);
		}
	}

	#get(hash: string): Uint8Array {
		const bytes = this.#nodes.get(hash);
		if (!bytes) throw new Incomplete();
		return bytes;
	}

	#node(hash: string): Node {
		return decoded(this.#get(hash));
	}
}

function decoded(bytes: Uint8Array): Node {
	try {
		return node(bytes);
	} catch (error) {
		if (error instanceof Malformed) throw new Incomplete();
		throw error;
	}
}

type Pair = { path: number[]; value: Uint8Array };

function head(nibbles: number[], prefix: number, prefixBits: number): Uint8Array {
	const most = 255 >> prefixBits;
	const bytes = [prefix + Math.min(most, nibbles.length)];
	if (nibbles.length >= most) {
		let left = nibbles.length - most;
		for (; left >= 255; left -= 255) bytes.push(255);
		bytes.push(left);
	}
	const odd = nibbles.length % 2;
	if (odd) bytes.push(nibbles[0] as number);
	for (let at = odd; at < nibbles.length; at += 2) {
		bytes.push(((nibbles[at] as number) << 4) | (nibbles[at + 1] as number));
	}
	return Uint8Array.from(bytes);
}

function written(value: Uint8Array): { isHashed: boolean; bytes: Uint8Array } {
	const isHashed = value.length > MOST_INLINE;
	return { isHashed, bytes: isHashed ? blake2(value) : concatBytes(compact(value.length), value) };
}

function encode(pairs: Pair[], from: number): Uint8Array {
	const [first, ...others] = pairs;
	if (!first) return Uint8Array.of(0);
	if (others.length === 0) {
		const { isHashed, bytes } = written(first.value);
		const path = first.path.slice(from);
		return concatBytes(isHashed ? head(path, 0x20, 3) : head(path, 0x40, 2), bytes);
	}
	// Sorted, so what the first and the last share is shared by all.
	const last = (pairs.at(-1) as Pair).path;
	let shared = from;
	while (shared < first.path.length && first.path[shared] === last[shared]) shared += 1;
	const own = first.path.length === shared ? written(first.value) : undefined;
	const below: Pair[][] = Array.from({ length: 16 }, () => []);
	for (const pair of own ? others : pairs) below[pair.path[shared] as number]?.push(pair);
	const bitmap = below.reduce((sum, pairs, nibble) => sum + (pairs.length > 0 ? 2 ** nibble : 0), 0);
	const [prefix, bits] = own ? (own.isHashed ? [0x10, 4] : [0xc0, 2]) : [0x80, 2];
	const parts = [head(first.path.slice(from, shared), prefix as number, bits as number)];
	parts.push(Uint8Array.of(bitmap & 255, bitmap >> 8));
	if (own) parts.push(own.bytes);
	for (const pairs of below) {
		if (pairs.length === 0) continue;
		const child = encode(pairs, shared + 1);
		parts.push(child.length < HASH_BYTES ? concatBytes(compact(child.length), child) : hashedChild(child));
	}
	return concatBytes(...parts);
}

const hashedChild = (child: Uint8Array): Uint8Array => concatBytes(compact(HASH_BYTES), blake2(child));

/** The root over all pairs, whose keys are different hexadecimal texts. */
export function rootOf(pairs: Iterable<[string, Uint8Array]>): string {
	const sorted = [...pairs].map(([key, value]) => ({ path: nibblesOf(unhex(key)), value }));
	sorted.sort((a, b) => compare(a.path, b.path));
	return hex(blake2(encode(sorted, 0)));
}

function compare(a: number[], b: number[]): number {
	for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
		if (a[at] !== b[at]) return (a[at] as number) - (b[at] as number);
	}
	return a.length - b.length;
}
