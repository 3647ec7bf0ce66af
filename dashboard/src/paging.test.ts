import { describe, expect, it } from "vitest";
import {
	back,
	chained,
	downwards,
	forward,
	listed,
	mapped,
	type Page,
	pageOf,
	type Source,
	START,
	slice,
} from "./paging";

/** So many numbers, which are told some at a time; it counts how often it was asked, and how much it told. */
function numbers(all: number, atOnce: number) {
	const told = { asks: 0, items: 0 };
	const source: Source<number> = async (after) => {
		const from = after === undefined ? 0 : Number(after) + 1;
		const items = Array.from({ length: Math.min(atOnce, all - from) }, (_, at) => from + at);
		told.asks += 1;
		told.items += items.length;
		const last = items.at(-1);
		return {
			items: items.map((item) => ({ mark: String(item), item })),
			next: last !== undefined && last < all - 1 ? String(last) : undefined,
		};
	};
	return { source, told };
}

/** All pages, from the first to the last. */
async function walk<T>(source: Source<T>, size: number): Promise<Page<T>[]> {
	const pages: Page<T>[] = [];
	let way = START;
	for (;;) {
		const page = await pageOf(source, way.at(-1), size);
		pages.push(page);
		if (page.next === undefined) return pages;
		way = forward(way, page.next);
		expect(pages.length).toBeLessThan(1_000);
	}
}

const upTo = (all: number) => Array.from({ length: all }, (_, at) => at);

describe("pages of a long list", () => {
	it.each([
		[0, 1],
		[1, 1],
		[25, 1],
		[26, 2],
		[100, 4],
		[101, 5],
	])("show each of %i once, in %i pages", async (all, count) => {
		const pages = await walk(numbers(all, 40).source, 25);
		expect(pages.flatMap(({ items }) => items)).toEqual(upTo(all));
		expect(pages.length).toBe(count);
		expect(pages.slice(0, -1).every(({ items }) => items.length === 25)).toBe(true);
	});

	it("read no more of 10,000 than they show, and what was read with it", async () => {
		const { source, told } = numbers(10_000, 100);
		const first = await pageOf(source, undefined, 25);
		expect(first.items).toEqual(upTo(25));
		expect(told).toEqual({ asks: 1, items: 100 });
		const second = await pageOf(source, first.next, 25);
		expect(second.items[0]).toBe(25);
		expect(told.items).toBe(200);
	});

	it("end the search for what is rare, and go on with the next", async () => {
		const { source, told } = numbers(10_000, 100);
		const rare = mapped(source, async (items) => items.map((item) => (item === 4_321 ? item : undefined)));
		const first = await pageOf(rare, undefined, 25);
		expect(first).toEqual({ items: [], next: "999" });
		expect(told.asks).toBe(10);
		expect((await walk(rare, 25)).flatMap(({ items }) => items)).toEqual([4_321]);
	});

	it("leave none out between what belongs and what does not", async () => {
		const even = mapped(numbers(333, 40).source, async (items) => items.map((item) => (item % 2 ? undefined : item)));
		const pages = await walk(even, 25);
		expect(pages.flatMap(({ items }) => items)).toEqual(upTo(333).filter((item) => item % 2 === 0));
	});

	it("go on in the next list where one ends", async () => {
		const lists = [numbers(30, 20).source, numbers(0, 20).source, numbers(41, 20).source];
		const pages = await walk(chained(lists), 25);
		expect(pages.flatMap(({ items }) => items)).toEqual([...upTo(30), ...upTo(41)]);
	});

	it("go on behind a name that is not there any more", async () => {
		const first = await pageOf(listed(["c", "a", "d", "b"]), undefined, 2);
		expect(first).toEqual({ items: ["a", "b"], next: "b" });
		expect(await pageOf(listed(["d", "a", "c"]), first.next, 2)).toEqual({ items: ["c", "d"], next: undefined });
	});

	it("count down", async () => {
		const pages = await walk(downwards(63, 20), 25);
		expect(pages.flatMap(({ items }) => items)).toEqual(upTo(63).reverse());
		expect(await pageOf(downwards(0, 20), undefined, 25)).toEqual({ items: [], next: undefined });
		// Fewer than there were when the page was left.
		expect((await pageOf(downwards(3, 20), "50", 25)).items).toEqual([2, 1, 0]);
	});
});

describe("the way through pages", () => {
	it("leads back to where it began, and no further", () => {
		const way = forward(forward(START, "a"), "b");
		expect(way).toEqual([undefined, "a", "b"]);
		expect(forward(way, undefined)).toBe(way);
		expect(back(back(way))).toEqual(START);
		expect(back(START)).toBe(START);
	});
});

describe("a list that is all there", () => {
	it("is cut into pages", () => {
		expect(slice(0, 0, 25)).toEqual({ page: 0, pages: 1, from: 0, to: 0 });
		expect(slice(26, 1, 25)).toEqual({ page: 1, pages: 2, from: 25, to: 26 });
		expect(slice(10_000, 399, 25)).toEqual({ page: 399, pages: 400, from: 9_975, to: 10_000 });
	});

	it("shows its last page when it got shorter", () => {
		expect(slice(25, 3, 25)).toEqual({ page: 0, pages: 1, from: 0, to: 25 });
		expect(slice(30, -1, 25).page).toBe(0);
	});
});
