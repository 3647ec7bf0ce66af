// SCALE, as far as headers, justifications and records need it. Everything is read from bytes that somebody else wrote:
// whatever does not fit, or is not written in the one way in which it is written, throws.

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

export class Malformed extends Error {}

const decoder = new DataView(new ArrayBuffer(8));

export class Reader {
	#at = 0;

	constructor(readonly bytes: Uint8Array) {}

	get at(): number {
		return this.#at;
	}

	get left(): number {
		return this.bytes.length - this.#at;
	}

	take(count: number): Uint8Array {
		if (count > this.left) throw new Malformed("it ends too early");
		const taken = this.bytes.subarray(this.#at, this.#at + count);
		this.#at += count;
		return taken;
	}

	hash = (): string => hex(this.take(32));

	u8 = (): number => this.take(1)[0] as number;

	u32 = (): number => Number(this.#wide(4));

	u64 = (): bigint => this.#wide(8);

	#wide(count: number): bigint {
		const taken = this.take(count);
		for (let at = 0; at < 8; at += 1) decoder.setUint8(at, taken[at] ?? 0);
		return decoder.getBigUint64(0, true);
	}

	/** A compact number, which is never larger than a u32 here, in the shortest form that holds it. */
	compact(): number {
		const first = this.u8();
		const rest = first >> 2;
		switch (first & 3) {
			case 0:
				return rest;
			case 1:
				return above(63, rest + this.u8() * 2 ** 6);
			case 2: {
				const [second, third, fourth] = this.take(3) as unknown as [number, number, number];
				return above(2 ** 14 - 1, rest + second * 2 ** 6 + third * 2 ** 14 + fourth * 2 ** 22);
			}
			default:
				if (rest !== 0) throw new Malformed("a number is too large");
				return above(2 ** 30 - 1, this.u32());
		}
	}

	list<T>(item: () => T): T[] {
		const count = this.compact();
		// Every item takes a byte at least, so a length that lies reserves nothing.
		if (count > this.left) throw new Malformed("a list is longer than what is left");
		return Array.from({ length: count }, item);
	}

	blob(): Uint8Array {
		return this.take(this.compact());
	}

	option<T>(item: () => T): T | undefined {
		const tag = this.u8();
		if (tag > 1) throw new Malformed("neither something nor nothing");
		return tag === 1 ? item() : undefined;
	}
}

const above = (least: number, value: number): number => {
	if (value <= least) throw new Malformed("a number is written longer than it is");
	return value;
};

/** Reads a value that takes all of the bytes. */
export function all<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
	const reader = new Reader(bytes);
	const value = read(reader);
	if (reader.left > 0) throw new Malformed("it goes on after its end");
	return value;
}

export const hex = (bytes: Uint8Array): string => `0x${bytesToHex(bytes)}`;

/** Bytes from hexadecimal text that is known to be such. */
export const unhex = (text: string): Uint8Array => hexToBytes(text.slice(2));

export function littleEndian(value: bigint | number, length: number): Uint8Array {
	const bytes = new Uint8Array(length);
	let rest = BigInt(value);
	for (let at = 0; at < length; at += 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
	return bytes;
}

/** A number below 2³⁰, compact. */
export function compact(value: number): Uint8Array {
	if (value < 2 ** 6) return littleEndian(value * 4, 1);
	if (value < 2 ** 14) return littleEndian(value * 4 + 1, 2);
	if (value < 2 ** 30) return littleEndian(value * 4 + 2, 4);
	throw new Malformed("a number is too large");
}
