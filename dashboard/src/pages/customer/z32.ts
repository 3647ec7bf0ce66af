// z-base-32, in which transport keys are written.

const DIGITS = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** 32 bytes from 52 digits; undefined if they are none. */
export function keyOf(text: string): Uint8Array | undefined {
	if (text.length !== 52) return undefined;
	const bytes: number[] = [];
	let [held, bits] = [0, 0];
	for (const digit of text) {
		const value = DIGITS.indexOf(digit);
		if (value < 0) return undefined;
		held = (held << 5) | value;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			bytes.push((held >> bits) & 255);
			held &= (1 << bits) - 1;
		}
	}
	// What is left over says nothing, so it must be nothing.
	return held === 0 ? Uint8Array.from(bytes) : undefined;
}
