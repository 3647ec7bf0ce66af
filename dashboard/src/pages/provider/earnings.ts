// Sums of what was earned, as they are shown.

import type { Happened } from "../../chain/kept";

export type Payment = Extract<Happened, { is: "paid" }>;

export const paymentsTo = (who: string, happened: readonly Happened[]): Payment[] =>
	happened.filter((one): one is Payment => one.is === "paid" && one.who === who);

export interface Day {
	/** When it began, in this browser's time zone. */
	start: number;
	amount: bigint;
}

export function startOfDay(time: number): number {
	const day = new Date(time);
	day.setHours(0, 0, 0, 0);
	return day.getTime();
}

/** The last days, also those without payments; the last one is today. */
export function byDay(payments: readonly Payment[], now: number, days: number): Day[] {
	const sums = new Map<number, bigint>();
	for (const { time, amount } of payments) {
		const start = startOfDay(time);
		sums.set(start, (sums.get(start) ?? 0n) + amount);
	}
	const last = new Date(startOfDay(now));
	return Array.from({ length: days }, (_, at) => {
		// By the calendar: days of a change of the clock have other hours.
		const start = new Date(last.getFullYear(), last.getMonth(), last.getDate() - (days - 1 - at)).getTime();
		return { start, amount: sums.get(start) ?? 0n };
	});
}

export interface Earner {
	/** A device; undefined for checking, and where it is not known. */
	device: number | undefined;
	purpose: "work" | "check";
	amount: bigint;
	payments: number;
}

/** By device, checks apart; the most first. */
export function byEarner(payments: readonly Payment[]): Earner[] {
	const sums = new Map<string, Earner>();
	for (const { device, purpose, amount } of payments) {
		const is = purpose === "check" ? "check" : "work";
		const key = `${is} ${device}`;
		const sum = sums.get(key) ?? { device, purpose: is, amount: 0n, payments: 0 };
		sums.set(key, { ...sum, amount: sum.amount + amount, payments: sum.payments + 1 });
	}
	return [...sums.values()].sort((a, b) => (a.amount > b.amount ? -1 : a.amount < b.amount ? 1 : 0));
}

export const sum = (payments: readonly Payment[]): bigint => payments.reduce((all, { amount }) => all + amount, 0n);
