// The golden vectors of the protocol, as far as a page needs its rules.

import { hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import commitmentVectors from "../../../protocol/vectors/commitment.json?raw";
import leafVectors from "../../../protocol/vectors/leaf.json?raw";
import merkleVectors from "../../../protocol/vectors/merkle.json?raw";
import {
	commitment,
	digest,
	type Leaf,
	leafHash,
	levels,
	type Outcome,
	opens,
	root,
	rootFrom,
	secretCommitment,
} from "./leaves";

const [merkle, leaf, committed] = [merkleVectors, leafVectors, commitmentVectors].map((text) => JSON.parse(text));

/** What goes into the rules, of which each takes some. */
interface Given {
	task: string;
	round: number;
	index: number;
	account: string;
	client: string;
	secret: string;
	salt: string;
	value: Outcome;
	content: string;
	contents: string[];
	count: number;
	proof: string[];
	leaves: Leaf[];
}
type Case = { in: Given & { leaf: never }; out: unknown };

const contentHash = (content: string) => leafHash(hexToBytes(content.slice(2)));

function tree({ contents }: Given) {
	const all = levels(contents.map(contentHash));
	const top = all.at(-1)?.[0];
	if (top === undefined) return null;
	const proofs = contents.map((_, index) =>
		all.slice(0, -1).flatMap((level, height) => level[Math.floor(index / 2 ** height) ^ 1] ?? []),
	);
	for (const [index, proof] of proofs.entries()) {
		const digest = all[0]?.[index] ?? "";
		expect(rootFrom(contents.length, index, digest, proof)).toBe(top);
		expect(rootFrom(contents.length, index, digest, [...proof, top])).toBeUndefined();
	}
	return { root: top, proofs };
}

const suites: [string, Case[], (given: Case["in"]) => unknown][] = [
	["the hash of a leaf", merkle.leaves, ({ content }) => contentHash(content)],
	["the root of a tree, to which every proof leads", merkle.trees, tree],
	["where a proof leads", merkle.roots, (it) => rootFrom(it.count, it.index, it.leaf, it.proof) ?? null],
	["the digest of a leaf", leaf.digests, (it) => digest(it.task, it.index, it.leaf)],
	["the root of a result", leaf.roots, (it) => root(it.task, it.leaves) ?? null],
	["the commitment to a result", committed.results, (it) => commitment(it, it.value, it.salt)],
	["the commitment to a secret", committed.secrets, (it) => secretCommitment(it.client, it.secret)],
];

describe.each(suites)("%s", (_, cases, rule) => {
	test.each(cases)("%j", ({ in: input, out }) => expect(rule(input)).toEqual(out));
});

test("a result that was not committed to does not open a commitment", () => {
	const { in: place, out } = committed.results.find((one: Case) => one.in.round === 0);
	const told = { task: place.task, salt: place.salt, ...place.value };
	expect(opens(told, place.account, out)).toBe(true);
	const other = `0x${"ab".repeat(32)}`;
	for (const part of ["task", "salt", "root", "output"]) {
		expect(opens({ ...told, [part]: other }, place.account, out), part).toBe(false);
	}
	expect(opens(told, other, out)).toBe(false);
	expect(() => opens({ ...told, root: "0x12" }, place.account, out)).toThrow(/no hash/);
});
