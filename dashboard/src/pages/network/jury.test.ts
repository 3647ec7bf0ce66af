import { expect, test } from "vitest";
import { type JuryNow, leads } from "./jury";

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
