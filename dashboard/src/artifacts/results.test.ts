import { expect, test } from "vitest";
import { inputs } from "./inputs";
import { named, nameOf, WrongBytes } from "./name";
import { png } from "./png";
import { likeness, picture, texts, tileOf, tokens, vectors } from "./results";
import { model } from "./safetensors";

const le = (...words: number[]) => new Uint8Array(Uint32Array.from(words).buffer);
const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);
const END = 0xffffffff;

test("an artifact has the name that workers give it, also a long one", async () => {
	expect(await nameOf(new Uint8Array())).toBe("0xaf1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
	const long = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
	expect(await nameOf(long)).toBe("0x4713babaefbc2271db70eee8ec588829c0e5aa250951e9a401d11db249256fa8");
});

test("bytes under a wrong name are refused", async () => {
	const bytes = new TextEncoder().encode("abc");
	const name = await nameOf(bytes);
	expect(await named(bytes, name.toUpperCase().replace("0X", "0x"))).toBe(bytes);
	bytes[0]! ^= 1;
	await expect(named(bytes, name)).rejects.toThrow(WrongBytes);
});

test("texts are the tokens between their ends", () => {
	const [a, b, c] = [97, 98, 99] as const;
	expect(texts(le(a, b, END, END, c, END))).toEqual(["ab", "", "c"]);
	expect(texts(le(a, END, b)), "a result that is cut").toEqual(["a", "b"]);
	expect(texts(le(0xc3, 0xa9, 0xff, END))).toEqual(["é\ufffd"]);
	expect(tokens(le(70000, END))).toEqual([[70000]]);
	expect(texts(le(70000, END), (of) => of.join())).toEqual(["70000"]);
	expect(() => texts(Uint8Array.of(1, 2, 3))).toThrow(/whole number of words/);
	// A piece of something larger, as it comes from the network.
	expect(texts(le(1, a, END).subarray(4))).toEqual(["a"]);
});

test("rows of numbers are as wide as the manifest says or refused", () => {
	const [first, second] = vectors(floats(1, 0, 0.6, 0.8), 2);
	expect(first).toEqual(Float32Array.of(1, 0));
	expect(likeness(first!, second!)).toBeCloseTo(0.6);
	expect(vectors(new Uint8Array(), 2)).toEqual([]);
	for (const width of [3, 0, -1, 0.5, NaN]) expect(() => vectors(floats(1, 2), width), `${width}`).toThrow(/width/);
});

const frames = { width: 5, height: 3, tile: 2, frames: 2 };

/** Every pixel says its frame and where it is. */
const leaf = (number: number): number[] => {
	const tile = tileOf(frames, number)!;
	const at = (offset: number) => [tile.left + (offset % tile.width), tile.top + Math.floor(offset / tile.width)];
	return Array.from({ length: tile.width * tile.height }, (_, offset) => [tile.frame, ...at(offset)]).flat();
};
const output = (from: number, to: number) =>
	Uint8Array.from(Array.from({ length: to - from }, (_, at) => leaf(from + at)).flat());

test("tiles come to lie where they belong, in the order of the leaves", () => {
	for (const frame of [0, 1]) {
		const { pixels, drawn, tiles } = picture(frames, frame, output(0, 12));
		expect([drawn, tiles]).toEqual([6, 6]);
		for (let y = 0; y < 3; y += 1) {
			for (let x = 0; x < 5; x += 1) {
				expect([...pixels.slice((y * 5 + x) * 4, (y * 5 + x) * 4 + 4)]).toEqual([frame, x, y, 255]);
			}
		}
	}
});

test("a picture appears tile by tile", () => {
	const { pixels, drawn } = picture(frames, 0, output(2, 4), 2);
	expect(drawn).toBe(2);
	const opaque = Array.from({ length: 15 }, (_, at) => pixels[at * 4 + 3] === 255);
	expect(opaque.filter(Boolean)).toHaveLength(1 * 2 + 2 * 1);
});

test("what is not the tiles of these pictures is refused", () => {
	expect(() => picture(frames, 0, output(0, 12).subarray(1))).toThrow(/not the tiles/);
	expect(() => picture(frames, 0, Uint8Array.of(...output(0, 12), 1, 2, 3))).toThrow(/not the tiles/);
	expect(() => picture({ ...frames, width: 1e9, height: 1e9 }, 0, new Uint8Array())).toThrow(/cannot be shown/);
	expect(() => picture({ ...frames, tile: 0 }, 0, new Uint8Array())).toThrow(/cannot be shown/);
	expect(tileOf(frames, 12)).toBeUndefined();
});

test("a picture is a PNG file that says the same pixels", async () => {
	const of = picture(frames, 1, output(0, 12));
	const file = new Uint8Array(await (await png(of)).arrayBuffer());
	const view = new DataView(file.buffer);
	const kinds = [];
	for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
		const length = view.getUint32(at);
		const kind = new TextDecoder().decode(file.subarray(at + 4, at + 8));
		kinds.push(kind);
		if (kind === "IHDR") expect([view.getUint32(at + 8), view.getUint32(at + 12)]).toEqual([5, 3]);
		if (kind === "IEND") expect(view.getUint32(at + 8), "the known checksum of an end").toBe(0xae426082);
		if (kind !== "IDAT") continue;
		const inflated = new Blob([file.slice(at + 8, at + 8 + length)])
			.stream()
			.pipeThrough(new DecompressionStream("deflate"));
		const rows = new Uint8Array(await new Response(inflated).arrayBuffer());
		expect(rows.length).toBe(3 * 21);
		expect([...rows.subarray(1, 21)]).toEqual([...of.pixels.subarray(0, 20)]);
	}
	expect(kinds).toEqual(["IHDR", "IDAT", "IEND"]);
});

function safetensors(header: unknown, data: number): Uint8Array {
	const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
	const file = new Uint8Array(8 + text.length + data);
	new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
	file.set(text, 8);
	return file;
}

test("a model says which tensors it has", () => {
	const header = {
		__metadata__: { format: "pt" },
		"b.weight": { dtype: "BF16", shape: [2, 3], data_offsets: [4, 16] },
		a: { dtype: "F32", shape: [], data_offsets: [0, 4] },
	};
	const read = model(safetensors(header, 16));
	expect(read.parameters).toBe(7);
	expect(read.notes).toEqual([["format", "pt"]]);
	expect(read.tensors[0]).toEqual({ name: "b.weight", type: "BF16", shape: [2, 3], bytes: 12 });
});

test("what is no model is refused before anything is made of it", () => {
	const of = (tensor: object) => () => model(safetensors({ a: tensor }, 4));
	const good = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
	expect(of(good)).not.toThrow();
	for (const bad of [
		{ ...good, dtype: "constructor" },
		{ ...good, shape: [2] },
		{ ...good, shape: [-1] },
		{ ...good, shape: [2 ** 60, 2 ** 60] },
		{ ...good, data_offsets: [0, 8] },
		{ ...good, data_offsets: [4, 0] },
		{ ...good, data_offsets: [0] },
		{},
	]) {
		expect(of(bad), JSON.stringify(bad)).toThrow(/makes no sense|one after the other|fill/);
	}
	expect(() => model(new Uint8Array(7))).toThrow(/too short/);
	expect(() => model(safetensors("[", 0))).toThrow(/no JSON/);
	expect(() => model(safetensors("[]", 0))).toThrow(/no list/);
	expect(() => model(new Uint8Array(16).fill(255))).toThrow(/longer than it is/);
	const overlapping = { a: good, b: good };
	expect(() => model(safetensors(overlapping, 4))).toThrow(/one after the other/);
});

test("inputs are a JSON list of strings, within the bounds of the network", () => {
	expect(new TextDecoder().decode(inputs(['the "cat"', "é"]))).toBe('["the \\"cat\\"","é"]');
	expect(() => inputs([])).toThrow(/at least one/);
	expect(() => inputs(["a", "x".repeat((1 << 20) + 1)])).toThrow(/text 2/);
	expect(() => inputs(["é".repeat((1 << 19) + 1)])).toThrow(/text 1/);
});
