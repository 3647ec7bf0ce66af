// The names of artifacts: BLAKE3 of their bytes.

import { blake3 } from "@noble/hashes/blake3.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Nothing larger is held in a browser. */
export const MOST_BYTES = 256 << 20;

const STRIDE = 1 << 20;
const BREATH_MS = 30;

/** The name of an artifact. Long ones are hashed in strides, so that the page goes on meanwhile. */
export async function nameOf(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
	const hash = blake3.create();
	let breath = performance.now();
	for (let at = 0; at < bytes.length; at += STRIDE) {
		hash.update(bytes.subarray(at, at + STRIDE));
		if (performance.now() - breath < BREATH_MS) continue;
		await new Promise((resume) => setTimeout(resume, 0));
		signal?.throwIfAborted();
		breath = performance.now();
	}
	return `0x${bytesToHex(hash.digest())}`;
}

export class WrongBytes extends Error {
	constructor(
		readonly expected: string,
		readonly found: string,
	) {
		super(`the bytes are not those that were asked for: their name is ${found}, and it should be ${expected}`);
	}
}

/** Bytes that have the name under which they were asked for, whoever brought them. */
export async function named(bytes: Uint8Array, name: string, signal?: AbortSignal): Promise<Uint8Array> {
	const found = await nameOf(bytes, signal);
	if (found !== name.toLowerCase()) throw new WrongBytes(name, found);
	return bytes;
}
