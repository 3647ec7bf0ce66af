// Text of tokens, by a tokenizer.json. The file is somebody's: what it says is bounded, and what this page cannot do in
// bounded time (regular expressions of strangers) is refused.

export class NoTokenizer extends Error {}

/** No tokenizer that a page reads is longer. */
export const MOST_TOKENIZER = 32 << 20;
const MOST_TOKENS = 1_000_000;
const MOST_STEPS = 16;
const MOST_PIECE = 1_024;
const MOST_PATTERN = 64;
/** Of text that is made for people. */
const MOST_TEXT = 1 << 20;

type Step = (tokens: string[]) => string[];
type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value);

function fields(value: unknown, what: string): Fields {
	if (!isFields(value)) throw new NoTokenizer(`a tokenizer without ${what}`);
	return value;
}

function short(value: unknown, what: string, most = MOST_PATTERN): string {
	if (typeof value !== "string" || value.length > most) throw new NoTokenizer(`a tokenizer with a wrong ${what}`);
	return value;
}

/** What turns tokens into text. */
export function tokenizer(bytes: Uint8Array): (tokens: number[]) => string {
	if (bytes.length > MOST_TOKENIZER) throw new NoTokenizer("a tokenizer that is too long");
	let file: Fields;
	try {
		file = fields(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), "fields");
	} catch {
		throw new NoTokenizer("a tokenizer that is no JSON");
	}
	const pieces = vocabulary(file);
	const steps = file.decoder === null || file.decoder === undefined ? undefined : stepsOf(file.decoder);
	return (tokens) => {
		let parts = within(tokens.flatMap((token) => pieces.get(token) ?? []));
		if (!steps) return parts.join(" ");
		for (const step of steps) parts = within(step(parts));
		return parts.join("");
	};
}

function within(parts: string[]): string[] {
	if (parts.reduce((sum, part) => sum + part.length, 0) > MOST_TEXT) throw new NoTokenizer("text that is too long");
	return parts;
}

/** The pieces of text by their numbers; those that were added come first. */
function vocabulary(file: Fields): Map<number, string> {
	const model = fields(file.model, "a model");
	const listed: [unknown, unknown][] = Array.isArray(model.vocab)
		? // With their scores.
			model.vocab.map((entry, id) => [id, Array.isArray(entry) ? entry[0] : undefined])
		: Object.entries(fields(model.vocab, "a vocabulary")).map(([piece, id]) => [id, piece]);
	const added = Array.isArray(file.added_tokens) ? file.added_tokens : [];
	for (const token of added) listed.push([fields(token, "added tokens").id, fields(token, "added tokens").content]);
	if (listed.length > MOST_TOKENS) throw new NoTokenizer("a tokenizer with too many tokens");
	return new Map(
		listed.map(([id, piece]) => {
			if (typeof id !== "number" || !Number.isInteger(id)) throw new NoTokenizer("a tokenizer with a wrong number");
			return [id, short(piece, "token", MOST_PIECE)];
		}),
	);
}

function stepsOf(decoder: unknown): Step[] {
	const is = fields(decoder, "a decoder");
	if (is.type !== "Sequence") return [stepOf(is)];
	const list = Array.isArray(is.decoders) ? is.decoders : [];
	if (list.length > MOST_STEPS) throw new NoTokenizer("a tokenizer with too many decoders");
	return list.map((one) => stepOf(fields(one, "a decoder")));
}

function stepOf(is: Fields): Step {
	switch (is.type) {
		case "ByteLevel":
			return (tokens) => [lossy(tokens.flatMap(bytesOf))];
		case "ByteFallback":
			return byteFallback;
		case "Fuse":
			return (tokens) => [tokens.join("")];
		case "Metaspace": {
			const mark = short(is.replacement ?? "▁", "replacement");
			const isFirstKept = is.prepend_scheme === "never" || is.add_prefix_space === false;
			return (tokens) => tokens.map((token, at) => token.replaceAll(mark, () => (at === 0 && !isFirstKept ? "" : " ")));
		}
		case "Replace": {
			const pattern = short(isFields(is.pattern) ? is.pattern.String : undefined, "pattern");
			const content = short(is.content, "content");
			if (pattern === "") throw new NoTokenizer("a tokenizer with a wrong pattern");
			return (tokens) => tokens.map((token) => token.replaceAll(pattern, () => content));
		}
		case "Strip": {
			const [content, start, stop] = [short(is.content, "content"), Number(is.start ?? 0), Number(is.stop ?? 0)];
			return (tokens) => tokens.map((token) => strip(token, content, start, stop));
		}
		case "WordPiece": {
			const prefix = short(is.prefix ?? "##", "prefix");
			const isTidied = is.cleanup !== false;
			return (tokens) =>
				tokens.map((token, at) => {
					const joined = at === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
					return isTidied ? tidied(joined) : joined;
				});
		}
		case "BPEDecoder": {
			const suffix = short(is.suffix ?? "</w>", "suffix");
			if (suffix === "") throw new NoTokenizer("a tokenizer with a wrong suffix");
			return (tokens) => tokens.map((token, at) => token.replaceAll(suffix, at === tokens.length - 1 ? "" : " "));
		}
		default:
			throw new NoTokenizer("a tokenizer whose decoder this page does not know");
	}
}

/** Bytes that are no letters stand as letters from here on. */
const SHIFTED = 256;
const isPlain = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
const BYTES = new Map<string, number>();
for (let [byte, next] = [0, SHIFTED]; byte < SHIFTED; byte++) {
	BYTES.set(String.fromCharCode(isPlain(byte) ? byte : next++), byte);
}

/** The bytes that a token's letters stand for, or its own where one of them stands for none. */
function bytesOf(token: string): number[] {
	const bytes = [...token].map((letter) => BYTES.get(letter));
	return bytes.every((byte) => byte !== undefined) ? bytes : [...new TextEncoder().encode(token)];
}

const lossy = (bytes: number[]): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));

/** Tokens such as `<0xE2>` are bytes; those in a row are text together, or none of it. */
function byteFallback(tokens: string[]): string[] {
	const parts: string[] = [];
	let row: number[] = [];
	const flush = () => {
		const text = lossy(row);
		if (row.length > 0) parts.push(...(text.includes("\ufffd") ? row.map(() => "\ufffd") : [text]));
		row = [];
	};
	for (const token of tokens) {
		const byte = /^<0x([0-9a-f]{2})>$/i.exec(token)?.[1];
		if (byte) row.push(Number.parseInt(byte, 16));
		else {
			flush();
			parts.push(token);
		}
	}
	flush();
	return parts;
}

/** Without a letter at its ends, so often at most. */
function strip(token: string, content: string, start: number, stop: number): string {
	const letters = [...token];
	let [from, to] = [0, letters.length];
	while (from < start && letters[from] === content) from++;
	while (letters.length - to < stop && to > from && letters[to - 1] === content) to--;
	return letters.slice(from, to).join("");
}

const TIDY = [" .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're"];

function tidied(token: string): string {
	const joined = TIDY.reduce((text, apart) => text.replaceAll(apart, apart.trimStart()), token);
	return joined.replaceAll(" ' ", "'").replaceAll(" do not", " don't");
}
