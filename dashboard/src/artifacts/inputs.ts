// What a request brings: a list of texts, as the bytes of an artifact.

/** As the network takes them. */
const MOST_TEXTS_BYTES = 64 << 20;
const MOST_TEXT_BYTES = 1 << 20;

export class NoInputs extends Error {}

export function inputs(texts: readonly string[]): Uint8Array<ArrayBuffer> {
	if (texts.length === 0) throw new NoInputs("write at least one text");
	const encoder = new TextEncoder();
	const long = texts.findIndex(
		(text) => text.length > MOST_TEXT_BYTES || encoder.encode(text).length > MOST_TEXT_BYTES,
	);
	if (long >= 0) throw new NoInputs(`text ${long + 1} is longer than 1 MiB: split it`);
	const bytes = encoder.encode(JSON.stringify(texts));
	if (bytes.length > MOST_TEXTS_BYTES) throw new NoInputs("the texts are longer than 64 MiB together: ask twice");
	return bytes;
}
