// What a page has to know of a manifest: what is made, and how a result is read. The chain's own code checks the rest.

import { parse, TomlError } from "smol-toml";
import type { Frames } from "../../artifacts";

export type Manifest =
	| { kind: "train"; named: Named[] }
	| { kind: "render"; frames: Frames; named: Named[] }
	| { kind: "generate"; isService: boolean; tokenizer: Named | undefined; named: Named[] }
	| { kind: "embed"; isService: boolean; width: number; named: Named[] };

/** An artifact that a manifest names, and as what. */
export interface Named {
	as: string;
	hash: string;
	bytes: number;
}

export class NoManifest extends Error {}

type Table = Record<string, unknown>;

const isTable = (value: unknown): value is Table =>
	typeof value === "object" && value !== null && !Array.isArray(value);

export function readManifest(text: string): Manifest {
	let table: Table;
	try {
		table = parse(text) as Table;
	} catch (error) {
		if (error instanceof TomlError) throw new NoManifest(`Line ${error.line}: ${error.message.split("\n")[0]}`);
		throw error;
	}
	if (table.version !== 1) throw new NoManifest("A manifest begins with version = 1.");
	const entries = isTable(table.work) ? Object.entries(table.work) : [];
	const [kind, work] = entries[0] ?? [];
	if (entries.length !== 1 || !isTable(work)) {
		throw new NoManifest(
			"A manifest has one table that says the work: [work.train], [work.render], [work.generate] or [work.embed].",
		);
	}
	const named = artifacts(work, "");
	const shape = isTable(work.shape) ? work.shape : {};
	switch (kind) {
		case "train":
			return { kind, named };
		case "render": {
			const { width, height, tile, frames } = work;
			return {
				kind,
				named,
				frames: { width: whole(width), height: whole(height), tile: whole(tile), frames: whole(frames ?? 1) },
			};
		}
		case "generate":
			return {
				kind,
				named,
				isService: work.prompts === undefined,
				tokenizer: named.find(({ as }) => as === "tokenizer"),
			};
		case "embed":
			return { kind, named, isService: work.texts === undefined, width: whole(shape.width) };
		default:
			throw new NoManifest(`Work of the kind “${String(kind).slice(0, 40)}” cannot be ordered here.`);
	}
}

function whole(value: unknown): number {
	const number = typeof value === "bigint" ? Number(value) : value;
	if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 1) {
		throw new NoManifest("A size in the manifest is missing, or is no whole number above zero.");
	}
	return number;
}

function artifacts(table: Table, path: string): Named[] {
	return Object.entries(table).flatMap(([name, value]): Named[] => {
		if (!isTable(value)) return [];
		const here = path ? `${path}.${name}` : name;
		if (typeof value.hash === "string" && typeof value.bytes === "number") {
			return [{ as: here, hash: `0x${value.hash.toLowerCase()}`, bytes: value.bytes }];
		}
		return artifacts(value, here);
	});
}
