import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import development from "../../../chain-specs/development-raw.json?raw";
import local from "../../../chain-specs/local-raw.json?raw";
import testnet from "../../../chain-specs/testnet-raw.json?raw";
import { chainOf, PUBLIC_KEYS } from "./chain";
import { blake2 } from "./finality";
import { compact, hex } from "./scale";
import { rootOf } from "./trie";

const SPECS = { development, local, testnet };
const spec = (name: keyof typeof SPECS) => SPECS[name];

/** From the phrase that every development tool has, by a hard derivation. */
function publicKey(name: string): string {
	const seed = hexToBytes("fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e");
	const code = new Uint8Array(32);
	code.set(concatBytes(compact(name.length), utf8ToBytes(name)));
	const tag = utf8ToBytes("Ed25519HDKD");
	return hex(ed25519.getPublicKey(blake2(concatBytes(compact(tag.length), tag, seed, code))));
}

test("everybody has the keys of the chains for trying things out, and of no others", () => {
	expect(["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"].map(publicKey)).toEqual(PUBLIC_KEYS);
	expect(Object.values(SPECS).map((text) => chainOf(text).isPublic)).toEqual([true, true, true]);
	const [alice] = PUBLIC_KEYS;
	const others = spec("development").replaceAll(alice.slice(2), "11".repeat(32));
	expect(chainOf(others).isPublic).toBe(false);
});

test("a spec that was changed is of another chain", () => {
	const whole = JSON.parse(spec("development"));
	const genesis = chainOf(JSON.stringify(whole)).genesis;
	const { top } = whole.genesis.raw;
	for (const change of [() => (top["0xff"] = "0x"), () => delete top["0xff"], () => (top["0x3a636f6465"] += "00")]) {
		const before = chainOf(JSON.stringify(whole)).genesis;
		change();
		expect(chainOf(JSON.stringify(whole)).genesis).not.toBe(before);
	}
	expect(chainOf(JSON.stringify(whole)).genesis).not.toBe(genesis);
});

test("what is no raw spec is refused, and it is said why", () => {
	const without = (edit: (raw: Record<string, Record<string, string>>) => void) => {
		const whole = JSON.parse(spec("development"));
		edit(whole.genesis.raw);
		return () => chainOf(JSON.stringify(whole));
	};
	expect(() => chainOf("[")).toThrow(/no JSON/);
	expect(() => chainOf("[]")).toThrow(/not a chain spec/);
	expect(() => chainOf('{"name":"x","genesis":{"runtimeGenesis":{}}}')).toThrow(/not raw/);
	expect(without(({ top }) => delete top![AUTHORITIES])).toThrow(/does not say who finalises/);
	expect(without(({ top }) => (top![AUTHORITIES] = "0x04"))).toThrow(/makes no sense/);
	expect(without(({ top }) => (top![AUTHORITIES] = "0x00"))).toThrow(/makes no sense/);
	expect(without(({ top }) => (top!["0x123"] = "0x00"))).toThrow(/hexadecimal/);
	expect(without((raw) => (raw.childrenDefault = { "0x00": "" }))).toThrow(/child tries/);
});
const AUTHORITIES = "0x5f9cc45b7a00c5899361e1c6099678dc5e0621c4869aa60c02be9adcc98a0d1d";

test("the root of nothing is that of an empty trie", () => {
	expect(rootOf([])).toBe("0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314");
});
