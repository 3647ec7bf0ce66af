// What the chain keeps of a validation that has ended, and where: docs/receipts.md, "Read the records".

import { blake2b } from "@noble/hashes/blake2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { blake2 } from "./finality";
import { hex, littleEndian, Malformed, type Reader, unhex } from "./scale";

export const CONCLUSIONS = ["accepted", "forfeited", "convicted", "inputAtFault", "void", "unfounded"] as const;
export type Conclusion = (typeof CONCLUSIONS)[number];

/** Hashes and accounts are `0x` and 64 digits. */
export interface ChainRecord {
	provider: string;
	client: string;
	manifest: string;
	start: string;
	outcome?: { root: string; output: string };
	conclusion: Conclusion;
	leaves: number;
	auditBillionths: number;
	drawn: number;
	juries: number;
	executions: number;
	detectsOneBillionths: number;
	detectsTenthBillionths: number;
	closed: number;
}

export function readRecord(reader: Reader): ChainRecord {
	const [provider, client, manifest, start] = [reader.hash(), reader.hash(), reader.hash(), reader.hash()];
	const outcome = reader.option(() => ({ root: reader.hash(), output: reader.hash() }));
	const conclusion = CONCLUSIONS[reader.u8()];
	if (!conclusion) throw new Malformed("a conclusion that is not known");
	return {
		provider,
		client,
		manifest,
		start,
		...(outcome && { outcome }),
		conclusion,
		leaves: reader.u32(),
		auditBillionths: reader.u32(),
		drawn: reader.u32(),
		juries: reader.u32(),
		executions: reader.u32(),
		detectsOneBillionths: reader.u32(),
		detectsTenthBillionths: reader.u32(),
		closed: reader.u32(),
	};
}

/** `System.BlockHash` of block 0. */
export const GENESIS_HASH =
	"0x26aa394eea5630e07c48ae0c9558cef7a44704b568d21667356a5a050c118746b4def25cfda6ef3a00000000";
/** `Timestamp.Now`. */
export const TIME = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";
/** `ResultValidation.Records`. */
const RECORDS = "0x87b01fae500079259b2790dfc2e8acdfbb8fcc88c3da5bf159c1e1a5f46fe432";

export function recordKey(name: string): Uint8Array {
	const bytes = unhex(name);
	return concatBytes(unhex(RECORDS), blake2b(bytes, { dkLen: 16 }), bytes);
}

const PART = new TextEncoder().encode("ogpu/auction-run");

/** The name of a validation of a job. The first is number 0. */
export const partOf = (job: string, number: number): string =>
	hex(blake2(concatBytes(PART, unhex(job), littleEndian(number, 4))));
