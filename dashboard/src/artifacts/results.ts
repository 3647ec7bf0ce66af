// What results say, read by what their manifests say: docs/workloads.md. The bytes are somebody's, also where their name is
// right: lengths are held against the manifest before anything is made of them.

export class NoResult extends Error {}

/** After each text. */
const END = 0xffff_ffff;
const f32 = 4;

function words(bytes: Uint8Array): DataView {
	if (bytes.length % f32 !== 0) throw new NoResult("the result is no whole number of words of four bytes");
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The tokens of each text of a `generate`. Of a result that is cut, the last one is not whole. */
export function tokens(output: Uint8Array): number[][] {
	const view = words(output);
	const texts: number[][] = [];
	let text: number[] = [];
	let isOpen = false;
	for (let at = 0; at < view.byteLength; at += f32) {
		const token = view.getUint32(at, true);
		isOpen = token !== END;
		if (isOpen) text.push(token);
		else {
			texts.push(text);
			text = [];
		}
	}
	if (isOpen) texts.push(text);
	return texts;
}

/** For a model without a tokenizer, each token of which is a byte. */
export const bytesAsText = (tokens: number[]): string =>
	new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(tokens.filter((token) => token < 256)));

/** What a `generate` has written. */
export const texts = (output: Uint8Array, decode: (tokens: number[]) => string = bytesAsText): string[] =>
	tokens(output).map(decode);

/** The rows of an `embed`, one for each text. */
export function vectors(output: Uint8Array, width: number): Float32Array[] {
	const row = width * f32;
	if (!Number.isSafeInteger(width) || width <= 0 || output.length % row !== 0) {
		throw new NoResult("the result is no rows of numbers of the width that the manifest says");
	}
	const view = words(output);
	return Array.from({ length: output.length / row }, (_, text) =>
		Float32Array.from({ length: width }, (_, at) => view.getFloat32(text * row + at * f32, true)),
	);
}

/** How much two vectors of length one point the same way: 1 for the same direction. */
export const likeness = (a: Float32Array, b: Float32Array): number =>
	a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** What a manifest says of pictures. */
export interface Frames {
	width: number;
	height: number;
	tile: number;
	frames: number;
}

/** No picture that a page shows has more. */
export const MOST_PIXELS = 1 << 26;

export interface Tile {
	frame: number;
	left: number;
	top: number;
	width: number;
	height: number;
}

function checked({ width, height, tile, frames }: Frames): void {
	const isCount = (value: number) => Number.isSafeInteger(value) && value > 0;
	if (![width, height, tile, frames].every(isCount) || width * height > MOST_PIXELS) {
		throw new NoResult("the manifest says pictures of a size that cannot be shown");
	}
}

export const tilesOf = ({ width, height, tile }: Frames): number => Math.ceil(width / tile) * Math.ceil(height / tile);

/** Where the leaf of a `render` lies. Nothing, if there are not so many. */
export function tileOf(of: Frames, leaf: number): Tile | undefined {
	checked(of);
	const [across, each] = [Math.ceil(of.width / of.tile), tilesOf(of)];
	const frame = Math.floor(leaf / each);
	if (!Number.isSafeInteger(leaf) || leaf < 0 || frame >= of.frames) return undefined;
	const place = leaf % each;
	const [left, top] = [(place % across) * of.tile, Math.floor(place / across) * of.tile];
	return { frame, left, top, width: Math.min(of.tile, of.width - left), height: Math.min(of.tile, of.height - top) };
}

/** Red, green, blue, and opaque where something is drawn: as a canvas takes it. */
export interface Picture {
	width: number;
	height: number;
	pixels: Uint8ClampedArray<ArrayBuffer>;
	/** Tiles that are drawn. */
	drawn: number;
	tiles: number;
}

/**
 * A frame out of the tiles that the output is, which are those from a leaf on: of a job that is not done, or of one of
 * its parts. What is not there yet stays transparent.
 */
export function picture(of: Frames, frame: number, output: Uint8Array, firstLeaf = 0): Picture {
	checked(of);
	const { width, height } = of;
	const pixels = new Uint8ClampedArray(width * height * 4);
	const tiles = tilesOf(of);
	let drawn = 0;
	let from = 0;
	for (let leaf = firstLeaf; from < output.length; leaf += 1) {
		const tile = tileOf(of, leaf);
		const bytes = tile && tile.width * tile.height * 3;
		if (!bytes || from + bytes > output.length) throw new NoResult("the result is not the tiles of these pictures");
		if (tile.frame === frame) {
			draw(pixels, width, tile, output.subarray(from, from + bytes));
			drawn += 1;
		}
		from += bytes;
	}
	return { width, height, pixels, drawn, tiles };
}

function draw(pixels: Uint8ClampedArray, width: number, tile: Tile, bytes: Uint8Array): void {
	let at = 0;
	for (let y = tile.top; y < tile.top + tile.height; y += 1) {
		let to = (y * width + tile.left) * 4;
		for (let x = 0; x < tile.width; x += 1, at += 3, to += 4) {
			pixels.set(bytes.subarray(at, at + 3), to);
			pixels[to + 3] = 255;
		}
	}
}
