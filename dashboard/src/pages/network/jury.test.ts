import { expect, test } from "vitest";
import { type JuryNow, leads, withRevealed } from "./jury";

const jury = (upheld: number, convicted: number, inputAtFault = 0, copied = 0): JuryNow => ({
	leaf: 0,
	round: 1,
	stage: "Voting",
	verdict: undefined,
	upheld,
	convicted,
	inputAtFault,
	copied,
	margin: 10,
	cap: 99,
	drawn: 11,
	silent: 0,
	due: 1,
});

test("a side is ahead by what it has more than all others together", () => {
	expect(leads(jury(11, 0))).toEqual({ verdict: "the provider is right", ahead: 11 });
	expect(leads(jury(2, 9))).toEqual({ verdict: "the result is wrong", ahead: 7 });
	expect(leads(jury(1, 2, 8))).toEqual({ verdict: "inputs are at fault", ahead: 5 });
});

test("copied votes stand against whatever would win", () => {
	expect(leads(jury(11, 0, 0, 3)).ahead).toBe(8);
	expect(leads(jury(4, 4, 4)).ahead).toBe(-4);
});

test("votes count as soon as they are revealed", () => {
	const computed = (digest: string) => ({ type: "Revealed", value: { success: true, value: { digest } } });
	const failed = (type: string) => ({ type: "Revealed", value: { success: false, value: { type } } });
	const round = [
		{ seats: 2, answer: computed("0x12") },
		{ seats: 3, answer: computed("0x34") },
		{ seats: 1, answer: failed("OutputMissing") },
		{ seats: 4, answer: failed("InputInvalid") },
		{ seats: 5, answer: { type: "Committed", value: "0x12" } },
		{ seats: 6, answer: { type: "Silent" } },
	];
	const { upheld, convicted, inputAtFault } = withRevealed(jury(1, 0), "0x12", round);
	expect({ upheld, convicted, inputAtFault }).toEqual({ upheld: 3, convicted: 4, inputAtFault: 4 });
});
