import { describe, expect, it, vi } from "vitest";

vi.stubGlobal("addEventListener", () => {});
vi.stubGlobal("location", { hash: "" });
vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {} }));

const { beyondLimit, cost, spentToday } = await import("./journal");
type Entry = Parameters<typeof cost>[0];

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

function entry(hoursAgo: number, held: bigint, refunded?: bigint): Entry {
	return {
		name: `0x${"ab".repeat(32)}`,
		kind: "request",
		title: "a question",
		manifest: `0x${"00".repeat(32)}`,
		asked: NOW - hoursAgo * HOUR,
		held: String(held),
		deposit: "40",
		results: [],
		...(refunded === undefined ? {} : { ended: { at: NOW, refunded: String(refunded), how: "Settled" } }),
	};
}

describe("what something costs", () => {
	it("is at most what is held, without the deposit, until the chain has said what returned", () => {
		expect(cost(entry(1, 100n))).toEqual({ amount: 60n, isCertain: false });
		expect(cost(entry(1, 100n, 50n))).toEqual({ amount: 10n, isCertain: true });
		expect(cost(entry(1, 100n, 90n))).toEqual({ amount: 0n, isCertain: true });
	});
});

describe("the limit for a day", () => {
	const entries = [entry(1, 100n), entry(2, 100n, 50n), entry(25, 1_000n)];

	it("counts what was asked within 24 hours, as what it cost or may cost", () => {
		expect(spentToday(entries, NOW)).toBe(70n);
	});

	it("stops what would go beyond it, and nothing else", () => {
		expect(beyondLimit(30n, entries, "100", NOW)).toBeUndefined();
		expect(beyondLimit(31n, entries, "100", NOW)).toContain("limit for a day");
		expect(beyondLimit(10n ** 30n, entries, "", NOW)).toBeUndefined();
	});
});
