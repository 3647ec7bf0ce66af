// Leaves of results, the tree over them, and what a provider commits to. The same rules as in the protocol's crate, held
// against its golden vectors.

import { blake2b } from "@noble/hashes/blake2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

const blake2 = (...parts: Uint8Array[]): Uint8Array => blake2b(concatBytes(...parts), { dkLen: 32 });
const hex = (bytes: Uint8Array): string => `0x${bytesToHex(bytes)}`;

/** A hash as bytes. What is not `0x` and 64 digits throws. */
function unhex(text: string): Uint8Array {
	if (!/^0x[0-9a-f]{64}$/i.test(text)) throw new TypeError(`${text.slice(0, 70)} is no hash of 64 hexadecimal digits`);
	return hexToBytes(text.slice(2));
}

function u32(value: number): Uint8Array {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setUint32(0, value, true);
	return bytes;
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** What computing a leaf gives: names of its slice of the output, of what the next begins from, and of what was seen. */
export interface Leaf {
	output: string;
	carry: string;
	trace: string;
}

export const leafHash = (content: Uint8Array): string => hex(blake2(LEAF, content));

/** What stands in the tree for a leaf. The task and the place are part of it. */
export const digest = (task: string, index: number, { output, carry, trace }: Leaf): string =>
	leafHash(concatBytes(unhex(task), u32(index), unhex(output), unhex(carry), unhex(trace)));

const above = (left: string, right: string | undefined): string =>
	right === undefined ? left : hex(blake2(NODE, unhex(left), unhex(right)));

/** The levels of a tree, from the digests of its leaves to the root. A level of odd length hands its last one up. */
export function levels(digests: string[]): string[][] {
	const all = [digests];
	for (let level = digests; level.length > 1; all.push(level)) {
		level = level.flatMap((left, at, all) => (at % 2 === 0 ? [above(left, all[at + 1])] : []));
	}
	return all;
}

/** The root of a result. Nothing without leaves. */
export const root = (task: string, leaves: Leaf[]): string | undefined =>
	levels(leaves.map((leaf, index) => digest(task, index, leaf))).at(-1)?.[0];

/** Where a proof leads from a leaf; nothing, if it is longer or shorter than that of this place. */
export function rootFrom(count: number, index: number, digest: string, proof: string[]): string | undefined {
	if (index >= count) return undefined;
	let current = digest;
	let used = 0;
	for (let [at, width] = [index, count]; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
		const isRight = at % 2 === 1;
		if (!isRight && at + 1 === width) continue;
		const sibling = proof[used];
		if (sibling === undefined) return undefined;
		used += 1;
		current = isRight ? above(sibling, current) : above(current, sibling);
	}
	return used === proof.length ? current : undefined;
}

/** What a provider commits to. */
export interface Outcome {
	root: string;
	output: string;
}

/** The commitment to a result. Accounts are public keys; the round of results is 0. */
export const commitment = (
	place: { task: string; round?: number; account: string },
	{ root, output }: Outcome,
	salt: string,
): string =>
	hex(
		blake2(
			utf8ToBytes("ogpu/task-result"),
			unhex(place.task),
			u32(place.round ?? 0),
			unhex(place.account),
			unhex(root),
			unhex(output),
			unhex(salt),
		),
	);

/** Whether what a provider tells is what it committed to. The commitment is what the chain says, not who is asked. */
export const opens = (told: Outcome & { task: string; salt: string }, provider: string, committed: string): boolean =>
	commitment({ task: told.task, account: provider }, told, told.salt) === committed.toLowerCase();

/** What a client commits to before it knows the seed to which it adds. */
export const secretCommitment = (client: string, secret: string): string =>
	hex(blake2(utf8ToBytes("ogpu/seed-secret"), unhex(client), unhex(secret)));
