// Chains as their specs describe them: the first block, and who finalises what follows.

import { concatBytes } from "@noble/hashes/utils.js";
import { Authorities, blake2 } from "./finality";
import { compact, hex, unhex } from "./scale";
import { rootOf } from "./trie";

/** No chain spec is larger. */
export const MOST_SPEC_BYTES = 64 << 20;

const AUTHORITIES = "0x5f9cc45b7a00c5899361e1c6099678dc5e0621c4869aa60c02be9adcc98a0d1d";
const EMPTY_ROOT = "0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314";
const ZERO = new Uint8Array(32);

/** Whose keys everybody has: //Alice, //Bob, //Charlie, //Dave, //Eve and //Ferdie. */
export const PUBLIC_KEYS = [
	"0x88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee",
	"0xd17c2d7823ebf260fd138f2d7e27d114c0145d968b5ff5006125f2414fadae69",
	"0x439660b36c6c03afafca027b910b4fecf99801834c62a5e6006f27d978de234f",
	"0x5e639b43e0052c47447dac87d6fd2b6ec50bdd4d0f614e4299c665249bbd09d9",
	"0x1dfe3e22cc0d45c70779c1095f7489a8ef3cf52d62fbd8c2fa38c9f1723502b5",
	"0x568cb4a574c6d178feb39c27dfc8b3f789e5f5423e19c71633c748b9acf086b5",
] as const;

/** A chain, as far as receipts need it. */
export interface Chain {
	/** What it calls itself. Its spec says so, and that is somebody's text. */
	name: string;
	/** The hash of its first block. */
	genesis: string;
	/** Who finalises what follows. */
	authorities: Authorities;
	/** Whether everybody could sign for them, as on chains for trying things out. */
	isPublic: boolean;
}

export class NoSpec extends Error {}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === "object" && value !== null && !Array.isArray(value);
const isBytes = (text: unknown): text is string => typeof text === "string" && /^0x([0-9a-f]{2})*$/i.test(text);

/** Reads a raw chain spec, and computes from its state what the first block is. */
export function chainOf(text: string): Chain {
	if (text.length > MOST_SPEC_BYTES) throw new NoSpec("it is larger than any chain spec");
	let spec: unknown;
	try {
		spec = JSON.parse(text);
	} catch {
		throw new NoSpec("it is not a chain spec: no JSON");
	}
	if (!isObject(spec) || typeof spec.name !== "string" || !isObject(spec.genesis)) {
		throw new NoSpec("it is not a chain spec");
	}
	const { raw } = spec.genesis;
	if (!isObject(raw) || !isObject(raw.top)) {
		throw new NoSpec(
			"it is not raw, so only a node can tell its genesis: ogpu-node export-chain-spec --chain FILE --raw",
		);
	}
	if (isObject(raw.childrenDefault) && Object.keys(raw.childrenDefault).length > 0) {
		throw new NoSpec("it has child tries, which chains of OGPU have not");
	}
	const top = new Map<string, Uint8Array>();
	for (const [key, value] of Object.entries(raw.top)) {
		if (!isBytes(key) || !isBytes(value) || top.has(key.toLowerCase())) {
			throw new NoSpec("its state has something that is not a pair of hexadecimal texts");
		}
		top.set(key.toLowerCase(), unhex(value));
	}
	const list = top.get(AUTHORITIES);
	if (!list) throw new NoSpec("it does not say who finalises blocks: nothing is stored for Grandpa.Authorities");
	let authorities: Authorities;
	try {
		authorities = Authorities.read(0n, list);
	} catch {
		throw new NoSpec("its list of those who finalise blocks makes no sense");
	}
	const header = concatBytes(ZERO, compact(0), unhex(rootOf(top)), unhex(EMPTY_ROOT), compact(0));
	return {
		name: spec.name,
		genesis: hex(blake2(header)),
		authorities,
		isPublic: authorities.weightOf(PUBLIC_KEYS) >= authorities.needed,
	};
}
