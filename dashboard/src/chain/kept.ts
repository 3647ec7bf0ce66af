// What is known of the past, as it is kept in this browser: what has happened, and in which blocks it was looked for.

import type { Happening } from "./events";

export type Happened = Happening & {
	block: number;
	/** In milliseconds since 1970, by the clock of the block's author. */
	time: number;
	/** Which device was paid for, where that is known. */
	device?: number;
};

/** Blocks that were read, both ends included; the oldest first. */
export type Range = [number, number];

const MOST_RANGES = 50;

/** How many blocks lie between the first and the last that were read, and were not read themselves. */
export function missing(ranges: readonly Range[]): number {
	const [first, last] = [ranges[0], ranges.at(-1)];
	if (!first || !last) return 0;
	const read = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
	return last[1] - first[0] + 1 - read;
}

/** With one block more, adjoining ones together. */
export function withBlock(ranges: readonly Range[], block: number): Range[] {
	const all: Range[] = [...ranges, [block, block]];
	all.sort(([a], [b]) => a - b);
	const merged: Range[] = [];
	for (const [from, to] of all) {
		const last = merged.at(-1);
		if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
		else merged.push([from, to]);
	}
	return merged.slice(-MOST_RANGES);
}

/** No browser keeps more. */
export const MOST_HAPPENED = 4_000;

/** With what was found in a block. Where there is no room the oldest is forgotten, and with it that it was ever read. */
export function withFound(
	{ happened, ranges }: { happened: readonly Happened[]; ranges: readonly Range[] },
	found: readonly Happened[],
	block: number,
): { happened: readonly Happened[]; ranges: Range[]; isFull: boolean } {
	const read = withBlock(ranges, block);
	if (found.length === 0) return { happened, ranges: read, isFull: false };
	const all = [...happened, ...found].sort((a, b) => a.block - b.block);
	const dropped = all[all.length - MOST_HAPPENED - 1];
	if (!dropped) return { happened: all, ranges: read, isFull: false };
	// A block is kept as a whole or not at all.
	const from = dropped.block + 1;
	return {
		happened: all.filter((one) => one.block >= from),
		ranges: read.flatMap(([first, last]): Range[] => (last < from ? [] : [[Math.max(first, from), last]])),
		isFull: true,
	};
}

export const isRead = (ranges: readonly Range[], block: number): boolean =>
	ranges.some(([from, to]) => from <= block && block <= to);

const WIDE = ["amount", "price"];

/** Amounts are text in what is kept: JSON knows no numbers so large. */
export function packed(happened: readonly Happened[]): Record<string, unknown>[] {
	return happened.map((one) =>
		Object.fromEntries(
			Object.entries(one).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
		),
	);
}

export function unpacked(kept: Record<string, unknown>[]): Happened[] {
	return kept.flatMap((one) => {
		const wide = WIDE.filter((name) => name in one);
		if (!wide.every((name) => typeof one[name] === "string" && /^\d{1,39}$/.test(one[name] as string))) return [];
		if (typeof one.block !== "number" || typeof one.time !== "number") return [];
		return [{ ...one, ...Object.fromEntries(wide.map((name) => [name, BigInt(one[name] as string)])) } as Happened];
	});
}
