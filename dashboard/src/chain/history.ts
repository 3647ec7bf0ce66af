// What has happened, read from the events of final blocks: of those that come, and of older ones as far back as the node
// still knows their state. It is kept in this browser, so that what was once seen is not forgotten with the node.

import type { getDynamicBuilder } from "@polkadot-api/metadata-builders";
import { createEffect, createRoot, createSignal, on } from "solid-js";
import { recall, remember } from "../settings";
import { type Block, type Chain, chain, connection, final, request } from "./connection";
import { type Happening, happenings, type RuntimeEvent } from "./events";
import { type Happened, isRead, packed, type Range, unpacked, withFound } from "./kept";

export { type Happened, missing, type Range } from "./kept";

export interface History {
	happened: readonly Happened[];
	ranges: readonly Range[];
	/** Older blocks are being read. */
	isReading: boolean;
	/** When the first block that was read was made. */
	since: number | undefined;
}

/** A day. */
const MOST_BLOCKS = 28_800;
/** A light client fetches each of them from somebody. */
const MOST_BLOCKS_LIGHT = 40;
const AT_ONCE = 8;
const SAVE_MS = 5_000;
const TURNS_TIMED = 20;

/** `System.Events`, and `Timestamp.Now`. */
const EVENTS = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7";
const TIME = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

const NOTHING: History = { happened: [], ranges: [], isReading: false, since: undefined };
const [history, setHistory] = createSignal<History>(NOTHING);
const [isWanted, setWanted] = createSignal(false);

/** What is known so far. Reading begins when somebody wants it first. */
export function past(): History {
	if (!isWanted()) setWanted(true);
	return history();
}

type Builder = ReturnType<typeof getDynamicBuilder>;

/** Decodes by the metadata of the runtime that is in force. */
async function builderOf(to: Chain): Promise<Builder> {
	const [{ getDynamicBuilder, getLookupFn }, { decAnyMetadata, unifyMetadata }] = await Promise.all([
		import("@polkadot-api/metadata-builders"),
		import("@polkadot-api/substrate-bindings"),
	]);
	const { hash } = await to.client.getFinalizedBlock();
	const metadata = await to.client.getMetadata(hash);
	return getDynamicBuilder(getLookupFn(unifyMetadata(decAnyMetadata(metadata))));
}

function stored(to: Chain, key: string, at: string): Promise<string | null> {
	return request(to, "state_getStorage", [key, at]);
}

async function timeOf(to: Chain, at: string): Promise<number> {
	const bytes = await stored(to, TIME, at);
	if (!bytes || !/^0x[0-9a-f]{16}$/.test(bytes)) return 0;
	const parts = bytes.slice(2).match(/../g) ?? [];
	return Number(BigInt(`0x${parts.reverse().join("")}`));
}

/** Which device of whoever was paid did it: as it stood before the payment, since what was paid may be gone after it. */
async function deviceOf(to: Chain, builder: Builder, paid: Happening, before: string): Promise<number | undefined> {
	if (paid.is !== "paid" || paid.purpose === "check") return undefined;
	const [pallet, entry] = paid.purpose === "request" ? ["ContinuousPool", "Requests"] : ["TrainingAuction", "Jobs"];
	const storage = builder.buildStorage(pallet, entry);
	const bytes = await stored(to, storage.keys.enc(paid.work), before);
	if (!bytes) return undefined;
	const record = storage.value.dec(bytes);
	const device: unknown =
		paid.purpose === "request"
			? record.racers?.find((racer: { operator: unknown }) => racer.operator === paid.who)?.device
			: record.run?.bid?.bidder?.device;
	return typeof device === "number" ? device : undefined;
}

/** The hash of a block by its number; null where it is not known any more. */
type HashOf = (block: number) => Promise<string | null>;

/** Of blocks up to a final one. Nobody can prove one to a light client but the chain itself, which keeps its last 4,096. */
function hashes(to: Chain, builder: Builder, last: Block): HashOf {
	if (!to.isLight) return (block) => to.client._request<string | null, [number]>("chain_getBlockHash", [block]);
	const storage = builder.buildStorage("System", "BlockHash");
	return async (block) => {
		if (block === last.number) return last.hash;
		const bytes = await stored(to, storage.keys.enc(block), last.hash);
		return bytes && storage.value.dec(bytes);
	};
}

/** Nothing, if the node does not know this block's state any more. */
async function read(to: Chain, builder: Builder, hashOf: HashOf, block: number): Promise<Happened[] | undefined> {
	const [hash, before] = await Promise.all([hashOf(block), hashOf(block - 1)]);
	if (!hash || !before) return undefined;
	const bytes = await stored(to, EVENTS, hash);
	if (!bytes) return undefined;
	const found = happenings(builder.buildStorage("System", "Events").value.dec(bytes) as RuntimeEvent[]);
	if (found.length === 0) return [];
	const time = await timeOf(to, hash);
	return Promise.all(
		found.map(async (happening): Promise<Happened> => {
			const device = await deviceOf(to, builder, happening, before).catch(() => undefined);
			return { ...happening, block, time, ...(device !== undefined && { device }) };
		}),
	);
}

interface Kept {
	ranges: Range[];
	since: number | undefined;
	/** Of the last block: by it is known whether it is this chain. Fresh chains for development have the same first block. */
	hash: string;
	happened: Record<string, unknown>[];
}

const keyOf = (genesis: string) => `ogpu.history.${genesis}`;

function isKept(value: unknown): value is Kept {
	const kept = value as Partial<Kept> | null;
	return (
		typeof kept === "object" &&
		kept !== null &&
		typeof kept.hash === "string" &&
		Array.isArray(kept.ranges) &&
		kept.ranges.every((range) => Array.isArray(range) && range.length === 2 && range.every(Number.isSafeInteger)) &&
		Array.isArray(kept.happened) &&
		kept.happened.every((one) => typeof one === "object" && one !== null)
	);
}

/** What was kept of this very chain. */
async function recalled(to: Chain): Promise<History> {
	const kept = recall(keyOf(to.genesis), isKept);
	if (!kept) return NOTHING;
	const header = await to.client._request<unknown, [string]>("chain_getHeader", [kept.hash]).catch(() => null);
	if (!header) return NOTHING;
	return { happened: unpacked(kept.happened), ranges: kept.ranges, isReading: false, since: kept.since };
}

/** Follows a chain until it is another one, or is over. */
function follow(to: Chain): () => void {
	let isOver = false;
	let isBusy = false;
	let builder: Builder | undefined;
	let saved = 0;
	setHistory(NOTHING);

	const save = ({ hash }: Block) => {
		if (Date.now() - saved < SAVE_MS) return;
		saved = Date.now();
		const { happened, ranges, since } = history();
		remember(keyOf(to.genesis), { hash, ranges, since, happened: packed(happened) });
	};

	const catchUp = async () => {
		const last = final();
		if (isBusy || isOver || last === undefined || connection().phase !== "ready") return;
		isBusy = true;
		try {
			if (!builder) {
				const known = await recalled(to);
				builder = await builderOf(to);
				if (isOver) return;
				setHistory(known);
			}
			await backFrom(last.number, builder, hashes(to, builder, last));
			if (!isOver) save(last);
		} catch {
			// The connection broke, or the node keeps nothing: the next block is another try.
		} finally {
			isBusy = false;
			if (!isOver) setHistory((now) => ({ ...now, isReading: false }));
		}
		if (!isOver && (final()?.number ?? 0) > last.number) void catchUp();
	};

	/** Older blocks are not known to the node. */
	let floor = 1;

	/** The newest first: of a gap that cannot be closed the near side is worth more. */
	const backFrom = async (last: number, builder: Builder, hashOf: HashOf) => {
		const oldest = () => Math.max(floor, last - (to.isLight ? MOST_BLOCKS_LIGHT : MOST_BLOCKS));
		for (let [block, turn] = [last, 0]; block >= oldest() && !isOver; turn += 1) {
			const wanted: number[] = [];
			for (; block >= oldest() && wanted.length < AT_ONCE; block -= 1) {
				if (!isRead(history().ranges, block)) wanted.push(block);
			}
			const answers = await Promise.allSettled(wanted.map((block) => read(to, builder, hashOf, block)));
			if (isOver) return;
			for (const [at, answer] of answers.entries()) {
				const found = answer.status === "fulfilled" ? answer.value : undefined;
				const number = wanted[at] as number;
				if (found) {
					const { isFull, ...more } = withFound(history(), found, number);
					setHistory((now) => ({ ...now, ...more }));
					// Of what is older there is no room.
					if (isFull) floor = Math.max(floor, more.ranges[0]?.[0] ?? 1);
				} else if (!to.isLight || answer.status === "fulfilled") floor = Math.max(floor, number + 1);
			}
			if (turn > 0) setHistory((now) => ({ ...now, isReading: block >= oldest() }));
			if (turn % TURNS_TIMED === 0 || block < oldest()) await tellSince(hashOf);
		}
	};

	let timed = 0;
	const tellSince = async (hashOf: HashOf) => {
		const [first] = history().ranges;
		if (!first || first[0] === timed) return;
		const hash = await hashOf(first[0]);
		const since = hash ? await timeOf(to, hash) : 0;
		if (isOver || since === 0) return;
		timed = first[0];
		setHistory((now) => ({ ...now, since }));
	};

	const dispose = createRoot((dispose) => {
		createEffect(on([final, connection], () => void catchUp()));
		return dispose;
	});
	return () => {
		isOver = true;
		dispose();
	};
}

createRoot(() => {
	let stop = () => {};
	let followed: Chain | undefined;
	createEffect(
		on([chain, isWanted], () => {
			const to = isWanted() ? chain() : undefined;
			if (to === followed) return;
			stop();
			followed = to;
			stop = to ? follow(to) : () => {};
		}),
	);
});
