// The file of a receipt. Nothing of what it says is true yet.

import { Refusal } from "./refusal";

/** Larger files are no receipts. */
export const MOST_BYTES = 16 << 20;
const MOST_NAMES = 1_000;
const VERSION = 1;

export interface Final {
	header: string;
	justification: string;
}

/** As docs/receipts.md says. Bytes are hexadecimal text. */
export interface Receipt {
	version: number;
	genesis: string;
	job?: string;
	names: string[];
	since?: { set: number; authorities: string };
	authorities: Final[];
	block: Final;
	state: string[];
}

type Check = (value: unknown, where: string) => void;

function refuse(where: string, is: string): never {
	throw new Refusal("file", `it is not a receipt: ${where} is ${is}`);
}

const matching =
	(pattern: RegExp, what: string): Check =>
	(value, where) => {
		if (typeof value !== "string" || !pattern.test(value)) refuse(where, `no ${what}`);
	};

const hash = matching(/^0x[0-9a-f]{64}$/i, "hash of 64 hexadecimal digits");
const bytes = matching(/^0x(?:[0-9a-f]{2})*$/i, "hexadecimal text");

const number: Check = (value, where) => {
	if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(where, "no number");
};

const array =
	(item: Check): Check =>
	(value, where) => {
		if (!Array.isArray(value)) return refuse(where, "no list");
		for (const [at, one] of value.entries()) item(one, `${where}[${at}]`);
	};

const object =
	(fields: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
	(value, where) => {
		if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(where, "no object");
		const of = value as Record<string, unknown>;
		for (const name of Object.keys(of)) {
			if (!Object.hasOwn(fields, name) && !Object.hasOwn(optional, name)) {
				throw new Refusal("file", `it is not a receipt: it has an unknown field, ${JSON.stringify(name.slice(0, 40))}`);
			}
		}
		for (const [name, check] of Object.entries(fields)) {
			if (!Object.hasOwn(of, name)) throw new Refusal("file", `it is not a receipt: ${name} is missing`);
			check(of[name], name);
		}
		for (const [name, check] of Object.entries(optional)) {
			// Null says the same as nothing.
			if (of[name] !== undefined && of[name] !== null) check(of[name], name);
		}
	};

const final = object({ header: bytes, justification: bytes });

const receipt = object(
	{ version: number, genesis: hash, names: array(hash), authorities: array(final), block: final, state: array(bytes) },
	{ job: hash, since: object({ set: number, authorities: bytes }) },
);

/** Reads a receipt. */
export function parse(text: string): Receipt {
	if (text.length > MOST_BYTES) {
		throw new Refusal("file", "it is larger than 16 MiB; ask for one that was shortened with ogpu verify --shorten");
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new Refusal("file", "it is not a receipt: no JSON");
	}
	return check(value);
}

/** The same of what a node answered. */
export function check(value: unknown): Receipt {
	const version = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
	// Before its fields, which a newer format may name otherwise.
	if (Number.isSafeInteger(version) && version !== VERSION) {
		throw new Refusal(
			"file",
			`it has the format ${version}, and this page knows format ${VERSION} alone; use a newer one`,
		);
	}
	receipt(value, "it");
	const read = lowered(value as Receipt);
	if (read.names.length === 0 || read.names.length > MOST_NAMES) {
		throw new Refusal("names", `it names ${read.names.length} validations; a receipt names 1 to ${MOST_NAMES}`);
	}
	return read;
}

function lowered({ genesis, job, names, since, ...rest }: Receipt): Receipt {
	return {
		...rest,
		genesis: genesis.toLowerCase(),
		names: names.map((name) => name.toLowerCase()),
		...(job && { job: job.toLowerCase() }),
		...(since && { since }),
	};
}
