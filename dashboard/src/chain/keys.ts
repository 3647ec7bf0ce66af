// What stands in a map of the chain, read by its keys: as much at once as is looked at.

import type { Source } from "../paging";
import { type Chain, request } from "./connection";

/** Keys that are asked for at once. */
const AT_ONCE = 100;
/** So many are counted. */
export const MOST_COUNTED = 1_000;

async function keysAfter(chain: Chain, prefix: string, most: number, after: string | null): Promise<string[]> {
	return request<string[]>(chain, "state_getKeysPaged", [prefix, most, after]);
}

/** The keys that begin with a prefix, in the order of the chain's storage: where they are hashes it means nothing. */
export function keysOf(chain: Chain, prefix: string): Source<string> {
	return async (after) => {
		const keys = await keysAfter(chain, prefix, AT_ONCE, after ?? null);
		const next = keys.length === AT_ONCE ? keys.at(-1) : undefined;
		return { items: keys.map((key) => ({ mark: key, item: key })), next };
	};
}

/** The name with which such a key ends. */
export const nameIn = (key: string): string => `0x${key.slice(-64)}`;

/** The number with which such a key ends. */
export function numberIn(key: string): number {
	const bytes = key.slice(-8).match(/../g) ?? [];
	return Number.parseInt(bytes.reverse().join(""), 16);
}

/** How many there are; counted only so far. */
export async function countOf(chain: Chain, prefix: string): Promise<Counted> {
	const keys = await keysAfter(chain, prefix, MOST_COUNTED, null);
	return { count: keys.length, isAll: keys.length < MOST_COUNTED };
}

export interface Counted {
	count: number;
	/** There are no more. */
	isAll: boolean;
}
