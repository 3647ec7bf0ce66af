import { expect, test } from "vitest";
import { byDay, byEarner, type Payment, paymentsTo, startOfDay, sum } from "./earnings";

const noon = new Date(2026, 10, 22, 12).getTime();
const HOUR = 3_600_000;
const paid = (hoursAgo: number, amount: bigint, device?: number): Payment => ({
	is: "paid",
	who: "aBob",
	work: "0x11",
	purpose: device === undefined ? "check" : "request",
	amount,
	block: 1,
	time: noon - hoursAgo * HOUR,
	...(device !== undefined && { device }),
});

test("each day has what was paid in it, and days without anything are there", () => {
	const days = byDay([paid(0, 1n), paid(11, 2n), paid(13, 4n), paid(49, 8n), paid(24 * 9, 16n)], noon, 3);
	expect(days.map(({ amount }) => amount)).toEqual([8n, 4n, 3n]);
	expect(days.map(({ start }) => start)).toEqual([48, 24, 0].map((hours) => startOfDay(noon - hours * HOUR)));
});

test("devices and checks are counted apart, the most first", () => {
	const earners = byEarner([paid(0, 1n, 2), paid(1, 5n, 3), paid(2, 2n, 2), paid(3, 1n)]);
	expect(earners.map(({ device, purpose, amount, payments }) => [device, purpose, amount, payments])).toEqual([
		[3, "work", 5n, 1],
		[2, "work", 3n, 2],
		[undefined, "check", 1n, 1],
	]);
});

test("only what this account was paid counts", () => {
	const happened = [
		paid(0, 1n, 2),
		{ ...paid(0, 2n, 2), who: "aEve" },
		{ is: "asked" as const, service: 0, price: 3n, block: 1, time: noon },
	];
	expect(sum(paymentsTo("aBob", happened))).toBe(1n);
});
