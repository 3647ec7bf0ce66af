import { expect, test } from "vitest";
import {
	type Happened,
	isRead,
	MOST_HAPPENED,
	missing,
	packed,
	type Range,
	unpacked,
	withBlock,
	withFound,
} from "./kept";

test("blocks that were read become ranges, in whatever order they come", () => {
	const read = [5, 7, 6, 3, 10, 9, 5].reduce<Range[]>(withBlock, []);
	expect(read).toEqual([
		[3, 3],
		[5, 7],
		[9, 10],
	]);
	expect([2, 3, 4, 6, 8, 10].map((block) => isRead(read, block))).toEqual([false, true, false, true, false, true]);
	expect(missing(read)).toBe(2);
	expect(missing([])).toBe(0);
	expect(missing(withBlock(withBlock(read, 4), 8))).toBe(0);
});

test("a range that was added to is not changed under the hands of others", () => {
	const before: Range[] = [[1, 2]];
	withBlock(before, 3);
	expect(before).toEqual([[1, 2]]);
});

test("what is kept comes back, and what makes no sense does not", () => {
	const happened: Happened[] = [
		{ is: "paid", who: "aBob", amount: 2n ** 90n, work: "0x11", purpose: "request", block: 7, time: 8, device: 2 },
		{ is: "asked", service: 1, price: 5n, block: 9, time: 10 },
	];
	const kept = JSON.parse(JSON.stringify(packed(happened)));
	expect(unpacked(kept)).toEqual(happened);
	expect(
		unpacked([
			{ ...kept[0], amount: "1e9" },
			{ ...kept[0], amount: 5 },
			{ ...kept[0], block: "7" },
		]),
	).toEqual([]);
});

test("what there is no room for is forgotten by whole blocks, and was not read", () => {
	const asked = (block: number): Happened => ({ is: "asked", service: 0, price: 1n, block, time: block });
	const empty = { happened: [], ranges: [] as Range[] };
	const half = withFound(empty, Array(MOST_HAPPENED / 2).fill(asked(10)), 10);
	const whole = withFound(half, Array(MOST_HAPPENED / 2).fill(asked(9)), 9);
	expect([whole.happened.length, whole.ranges, whole.isFull]).toEqual([MOST_HAPPENED, [[9, 10]], false]);
	const quiet = withFound(whole, [], 11);
	expect([quiet.happened.length, quiet.ranges]).toEqual([MOST_HAPPENED, [[9, 11]]]);
	const more = withFound(quiet, [asked(12)], 12);
	expect([more.happened.length, more.ranges, more.isFull]).toEqual([MOST_HAPPENED / 2 + 1, [[10, 12]], true]);
	const older = withFound(whole, [asked(3)], 3);
	expect([older.happened.length, older.ranges]).toEqual([MOST_HAPPENED, [[9, 10]]]);
});
