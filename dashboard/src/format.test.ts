import { describe, expect, it } from "vitest";
import { bounded, bytes, duration, ogpu, parseBlocks, parseOgpu, percent, short, spoken, UNIT } from "./format";

describe("amounts", () => {
	it("never look like nothing when they are something", () => {
		expect(ogpu(0n)).toBe("0");
		expect(ogpu(1n)).toBe("0.000000000000000001");
		expect(ogpu(UNIT / 1000n)).toBe("0.001");
		expect(ogpu(1234n * UNIT + UNIT / 2n)).toBe("1,234.5");
		expect(ogpu(UNIT + 1n)).toBe("1");
		expect(ogpu(-UNIT / 4n)).toBe("−0.25");
	});

	it("are read as they are typed, or refused", () => {
		expect(parseOgpu("1.5")).toBe((3n * UNIT) / 2n);
		expect(parseOgpu(" 1,000 ")).toBe(1000n * UNIT);
		expect(parseOgpu(".5")).toBe(UNIT / 2n);
		expect(parseOgpu("0.000000000000000001")).toBe(1n);
		for (const text of ["", "-1", "1e3", "one", "1.2.3", "0.0000000000000000001", "."]) {
			expect(parseOgpu(text), text).toHaveProperty("problem");
		}
	});
});

describe("times", () => {
	it("are told in the unit that fits", () => {
		expect([60, 300, 7200, 200_000].map(duration)).toEqual(["60 s", "5 min", "2 h", "2 days"]);
	});

	it("are read in any unit, or refused", () => {
		expect([parseBlocks("90s"), parseBlocks("30m"), parseBlocks("6h"), parseBlocks("2d"), parseBlocks("20")]).toEqual([
			30, 600, 7200, 57_600, 20,
		]);
		for (const text of ["", "0s", "h", "5 weeks", "-3m", "99999999999d"]) {
			expect(parseBlocks(text), text).toHaveProperty("problem");
		}
	});
});

describe("names", () => {
	it("of strangers are bounded and cannot turn the text around them", () => {
		expect(bounded("a\u202eb\nc")).toBe("a b c");
		expect(bounded("x".repeat(300)).length).toBe(201);
		expect(short("0x1234567890abcdef1234567890abcdef")).toBe("0x123456…abcdef");
		expect(spoken("inputAtFault")).toBe("input at fault");
	});
});

it("sizes and shares are short", () => {
	expect(bytes(999)).toBe("999 bytes");
	expect(bytes(218_024)).toBe("218 kB");
	expect(percent(50_000_000)).toBe("5 %");
	expect(percent(999_999_000)).toBe("99.99 %");
});
