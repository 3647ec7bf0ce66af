import { expect, test } from "vitest";
import { needed, plain, share } from "./referenda";

const root = { length: 1_000_000_000, ceil: 1_000_000_000, floor: 600_000_000 };

test("what is needed falls in a straight line, and no further than its floor", () => {
	expect([0, 250_000_000, 500_000_000, 1_000_000_000, 2_000_000_000].map((at) => needed(root, at))).toEqual([
		1_000_000_000, 900_000_000, 800_000_000, 600_000_000, 600_000_000,
	]);
	expect(needed(root, -5)).toBe(1_000_000_000);
	expect(needed({ ...root, length: 0 }, 0)).toBe(600_000_000);
	expect(needed({ ...root, length: 500_000_000 }, 250_000_000)).toBe(800_000_000);
});

test("shares of amounts beyond any number are exact to a billionth", () => {
	expect(share(7n * 10n ** 24n, 21n * 10n ** 24n)).toBe(333_333_333);
	expect(share(1n, 0n)).toBe(0);
});

test("arguments are text of bounded length, whatever they are", () => {
	expect(plain({ value: 5n, remark: new Uint8Array([1, 255]) })).toBe('{"value":"5","remark":"0x01ff"}');
	expect(plain({ remark: new Uint8Array(10_000) }).length).toBeLessThan(200);
	expect(plain({ text: "x".repeat(10_000) }).length).toBeLessThan(610);
	expect(plain({ text: "\u202egpu" })).not.toContain("\u202e");
	expect(plain(undefined)).toBe("");
});
