// Sets of many, forks and votes, with keys that are made here.

import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import { Authorities, blake2, header, justification } from "./finality";
import { compact, hex, littleEndian, unhex } from "./scale";

const ROUND = 9;
const SET = 5n;
const voters = Array.from({ length: 7 }, (_, at) => {
	const secret = new Uint8Array(32).fill(at + 1);
	return { secret, key: ed25519.getPublicKey(secret) };
});
const listOf = (count: number, weight = 1n) =>
	concatBytes(compact(count), ...voters.slice(0, count).flatMap(({ key }) => [key, littleEndian(weight, 8)]));
const set = Authorities.read(SET, listOf(4));

const digestItem = (log: Uint8Array) => concatBytes(Uint8Array.of(4), utf8ToBytes("FRNK"), compact(log.length), log);
const scheduled = (count: number, delay = 0) =>
	digestItem(concatBytes(Uint8Array.of(1), listOf(count), littleEndian(delay, 4)));
const forced = digestItem(concatBytes(Uint8Array.of(2), littleEndian(1, 4), listOf(3), littleEndian(0, 4)));

function block(parent: string, number: number, ...items: Uint8Array[]): Uint8Array {
	const roots = new Uint8Array(64).fill(7);
	return concatBytes(
		unhex(parent),
		compact(number),
		roots.subarray(32),
		roots.subarray(32),
		compact(items.length),
		...items,
	);
}
const hashOf = (bytes: Uint8Array) => hex(blake2(bytes));

const target = block(`0x${"22".repeat(32)}`, 10);
const child = block(hashOf(target), 11);
const grandchild = block(hashOf(child), 12);

interface Vote {
	by: number;
	on?: Uint8Array;
	number?: number;
	round?: number;
	set?: bigint;
}

function vote({ by, on = target, number, round = ROUND, set = SET }: Vote): Uint8Array {
	const at = littleEndian(number ?? header(on).number, 4);
	const hash = blake2(on);
	const { secret, key } = voters[by]!;
	const message = concatBytes(Uint8Array.of(1), hash, at, littleEndian(round, 8), littleEndian(set, 8));
	return concatBytes(hash, at, ed25519.sign(message, secret), key);
}

const proof = (votes: Vote[], headers: Uint8Array[] = []) =>
	justification(
		concatBytes(
			littleEndian(ROUND, 8),
			blake2(target),
			littleEndian(10, 4),
			compact(votes.length),
			...votes.map(vote),
			compact(headers.length),
			...headers,
		),
	);
const finalises = (votes: Vote[], headers?: Uint8Array[], by = set) =>
	by.finalises(header(target), proof(votes, headers));

test("three of four finalise, and two do not", () => {
	expect(finalises([{ by: 0 }, { by: 1 }, { by: 2 }])).toEqual({ voters: 3, weight: 3n, needed: 3n, total: 4n });
	expect(() => finalises([{ by: 0 }, { by: 1 }])).toThrow(/weight of its votes is 2, and 3 is needed/);
});

test("how much is needed follows from the weights, which need not be equal", () => {
	const needed = (...weights: bigint[]) => {
		const list = weights.flatMap((weight, at) => [voters[at]!.key, littleEndian(weight, 8)]);
		return Authorities.read(0n, concatBytes(compact(weights.length), ...list)).needed;
	};
	expect([needed(1n), needed(1n, 1n), needed(1n, 1n, 1n), needed(1n, 1n, 1n, 1n)]).toEqual([1n, 2n, 3n, 3n]);
	expect(needed(100n, 5n)).toBe(71n);
});

test("who votes twice counts once", () => {
	const twice = [{ by: 0 }, { by: 0, on: child }, { by: 1 }, { by: 1, on: child }];
	expect(() => finalises(twice, [child])).toThrow(/weight of its votes is 2/);
	expect(finalises([...twice, { by: 2 }], [child]).voters).toBe(3);
});

test("votes for what follows the block are votes for it", () => {
	const votes = [{ by: 0, on: grandchild }, { by: 1, on: child }, { by: 2 }];
	expect(finalises(votes, [grandchild, child]).voters).toBe(3);
	expect(() => finalises(votes, [grandchild])).toThrow(/not shown to follow/);
	const elsewhere = block(`0x${"33".repeat(32)}`, 11);
	expect(() => finalises([{ by: 0, on: elsewhere }, { by: 1 }, { by: 2 }], [elsewhere])).toThrow(/not shown to follow/);
	const sibling = block(hashOf(target), 11, digestItem(Uint8Array.of(9)));
	expect(() => finalises(votes, [grandchild, child, sibling])).toThrow(/no vote needs/);
	expect(() => finalises(votes, [grandchild, child, child])).toThrow(/no vote needs/);
});

test("a vote names the number of its block", () => {
	expect(() => finalises([{ by: 0 }, { by: 1 }, { by: 2, number: 11 }])).toThrow(/not shown to follow/);
	expect(() => finalises([{ by: 0 }, { by: 1 }, { by: 2, on: child, number: 10 }], [child])).toThrow(/not shown/);
});

test("a signature is of one round and one set, and of nobody else", () => {
	for (const wrong of [{ round: 8 }, { set: 4n }]) {
		expect(() => finalises([{ by: 0 }, { by: 1 }, { by: 2, ...wrong }])).toThrow(/signature is wrong/);
	}
	expect(() => finalises([{ by: 0 }, { by: 1 }, { by: 2 }, { by: 6 }])).toThrow(/not in the set/);
});

test("nobody makes a reader check votes without end", () => {
	expect(() => finalises(Array(9).fill({ by: 0 }))).toThrow(/more than two votes/);
});

test("the next set is the first that the header schedules, at once", () => {
	const next = (...items: Uint8Array[]) => set.next(header(block(hashOf(target), 11, ...items)));
	const after = next(digestItem(Uint8Array.of(3, 0)), scheduled(3), scheduled(2));
	expect([after.set, after.size]).toEqual([6n, 3]);
	expect(after.hash()).toBe(hex(blake2(concatBytes(littleEndian(6, 8), listOf(3)))));
	expect(() => next()).toThrow(/names no new authorities/);
	expect(() => next(digestItem(Uint8Array.of(1, 255)))).toThrow(/names no new authorities/);
	expect(() => next(scheduled(3, 1))).toThrow(/later than with its own block/);
	expect(() => next(scheduled(3), forced)).toThrow(/forces/);
	expect(() => next(scheduled(0))).toThrow(/no set/);
});
