import { describe, expect, it } from "vitest";
import tried from "../../../gpu-offchain/fuzz/seeds/tokenizer.json?raw";
import { MOST_TOKENIZER, NoTokenizer, tokenizer } from "./tokenizer";

const file = (fields: object) => new TextEncoder().encode(JSON.stringify(fields));

/** One with these pieces, by their place. */
const made = (pieces: string[], decoder: unknown, more: object = {}) =>
	tokenizer(
		file({
			model: { type: "BPE", vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])) },
			decoder,
			...more,
		}),
	);

/** All of its pieces, one after the other. */
const all = (pieces: string[], decoder: unknown) => made(pieces, decoder)(pieces.map((_, id) => id));

describe("tokens are text", () => {
	it("by the file that the workers are tried with", () => {
		const decode = tokenizer(new TextEncoder().encode(tried));
		expect(decode([3, 1, 2, 1])).toBe("text ab a");
	});

	it("where letters stand for bytes", () => {
		expect(all(["Hello", "Ġworld", "Ċ", "ĠÃ©", "t", "Ã©"], { type: "ByteLevel" })).toBe("Hello world\n été");
		// Half of a letter is none, and what stands for no bytes stands for itself.
		expect(all(["Ã", "Ġa", "→"], { type: "ByteLevel" })).toBe("\ufffd a→");
	});

	it("where bytes have tokens of their own", () => {
		const decoder = {
			type: "Sequence",
			decoders: [
				{ type: "Replace", pattern: { String: "▁" }, content: " " },
				{ type: "ByteFallback" },
				{ type: "Fuse" },
				{ type: "Strip", content: " ", start: 1, stop: 0 },
			],
		};
		expect(all(["▁The", "▁cat", "<0xE2>", "<0x82>", "<0xAC>", "!"], decoder)).toBe("The cat€!");
		expect(all(["a", "<0xE2>", "<0x82>"], { type: "ByteFallback" })).toBe("a\ufffd\ufffd");
	});

	it("where a mark is a space", () => {
		expect(all(["▁The", "▁cat"], { type: "Metaspace", replacement: "▁", prepend_scheme: "always" })).toBe("The cat");
		expect(all(["▁The", "▁cat"], { type: "Metaspace", replacement: "▁", prepend_scheme: "never" })).toBe(" The cat");
	});

	it("where words are in parts", () => {
		expect(all(["Ara", "##új", "##o", "No", "##guera"], { type: "WordPiece", prefix: "##", cleanup: false })).toBe(
			"Araújo Noguera",
		);
		expect(all(["it", "is", ".", "n't"], { type: "WordPiece", prefix: "##", cleanup: true })).toBe("it is.n't");
		expect(all(["lo", "w</w>", "er</w>"], { type: "BPEDecoder", suffix: "</w>" })).toBe("low er");
		expect(all(["one", "two"], null)).toBe("one two");
	});

	it("also where a list has scores, and tokens were added", () => {
		const vocab = [
			["<unk>", 0],
			["▁a", -1.5],
		];
		const decode = tokenizer(
			file({
				model: { type: "Unigram", vocab },
				added_tokens: [{ id: 2, content: "<end>" }],
				decoder: { type: "Metaspace", replacement: "▁" },
			}),
		);
		expect(decode([1, 1, 2, 99])).toBe("a a<end>");
	});

	it("and names of objects are names alone", () => {
		const vocab = JSON.parse('{"__proto__": 0, "constructor": 1}');
		expect(tokenizer(file({ model: { vocab: {} } }))([0])).toBe("");
		const decode = tokenizer(new TextEncoder().encode(`{"model":{"vocab":${JSON.stringify(vocab)}}}`));
		expect(decode([0, 1])).toBe("__proto__ constructor");
	});
});

describe("what is none, or would take too long, is refused", () => {
	const refused = (make: () => unknown) => expect(make).toThrow(NoTokenizer);

	it.each([
		["no JSON", "<html>"],
		["no fields", "[]"],
		["no model", "{}"],
		["no vocabulary", '{"model":{}}'],
		["a vocabulary of words", '{"model":{"vocab":{"a":"b"}}}'],
		["a list of nothing", '{"model":{"vocab":[1]}}'],
	])("%s", (_, text) => refused(() => tokenizer(new TextEncoder().encode(text))));

	it("regular expressions, and decoders that nobody knows", () => {
		refused(() => made(["a"], { type: "Replace", pattern: { Regex: "(a+)+$" }, content: "" }));
		refused(() => made(["a"], { type: "CTC" }));
		refused(() => made(["a"], { type: "Sequence", decoders: Array(17).fill({ type: "Fuse" }) }));
		refused(() => made(["a"], { type: "Replace", pattern: { String: "" }, content: "b" }));
	});

	it("what grows", () => {
		refused(() => tokenizer(new Uint8Array(MOST_TOKENIZER + 1)));
		refused(() => made(["a".repeat(2_000)], null));
		refused(() => made(["a"], { type: "Replace", pattern: { String: "a" }, content: "b".repeat(100) }));
		const twice = { type: "Replace", pattern: { String: "a" }, content: "a".repeat(60) };
		const grown = made(["a".repeat(1_000)], { type: "Sequence", decoders: Array(16).fill(twice) });
		refused(() => grown([0]));
		refused(() => made(["a".repeat(1_000)], null)(Array(2_000).fill(0)));
	});
});
