// What was asked from this browser, by chain and account, and what it cost: the chain forgets what has ended.

import { createEffect, createMemo, createRoot, createSignal, on, onCleanup } from "solid-js";
import { account } from "../../chain/accounts";
import { type Chain, chain } from "../../chain/connection";
import { guardWith, type Proposal } from "../../chain/transactions";
import { ogpu } from "../../format";
import { recall, remember, settings } from "../../settings";

export type Kind = "training" | "rendering" | "request";

/** A result that its provider told or the chain recorded: kept, since the chain forgets. */
export interface Result {
	task: string;
	output: string;
	bytes?: number;
}

export interface Entry {
	name: string;
	kind: Kind;
	title: string;
	service?: number;
	/** The hash of the manifest. */
	manifest: string;
	/** The name of a request's list of texts. */
	inputs?: string;
	/** In milliseconds since 1970. */
	asked: number;
	/** What was held, of which the deposit returns in any case. */
	held: string;
	deposit: string;
	/** How many validations a job takes. */
	parts?: number;
	results: Result[];
	ended?: { at: number; refunded?: string; how: string };
}

/** Older ones are forgotten. */
const MOST = 300;
const DAY_MS = 86_400_000;

const keyOf = (genesis: string, address: string) => `ogpu.journal.${genesis}.${address}`;

function isEntries(value: unknown): value is Entry[] {
	return (
		Array.isArray(value) &&
		value.every(
			(one) =>
				typeof one === "object" &&
				one !== null &&
				/^0x[0-9a-f]{64}$/.test(String(one.name)) &&
				typeof one.title === "string" &&
				typeof one.asked === "number" &&
				/^\d{1,39}$/.test(String(one.held)) &&
				/^\d{1,39}$/.test(String(one.deposit)) &&
				Array.isArray(one.results),
		)
	);
}

const [turn, setTurn] = createSignal(0);

const place = createRoot(() =>
	createMemo(() => {
		const [to, of] = [chain(), account()];
		return to && of ? keyOf(to.genesis, of.address) : undefined;
	}),
);

/** The newest first. */
export const journal = createRoot(() =>
	createMemo<Entry[]>(() => {
		turn();
		const key = place();
		return key ? (recall(key, isEntries) ?? []) : [];
	}),
);

export function entryOf(name: string): Entry | undefined {
	return journal().find((entry) => entry.name === name);
}

export function write(entry: Entry): void {
	const key = place();
	if (!key) return;
	const others = journal().filter((other) => other.name !== entry.name);
	remember(key, [entry, ...others].sort((a, b) => b.asked - a.asked).slice(0, MOST));
	setTurn((turn) => turn + 1);
}

/** Changes what is remembered of a task; nothing, if it is none of this browser's. */
export function note(name: string, changes: Partial<Entry>): void {
	const known = entryOf(name);
	if (known) write({ ...known, ...changes });
}

/** What it cost, or may still cost. */
export function cost(entry: Entry): { amount: bigint; isCertain: boolean } {
	const most = BigInt(entry.held) - BigInt(entry.deposit);
	const refunded = entry.ended?.refunded;
	if (refunded === undefined) return { amount: most, isCertain: false };
	const paid = most - BigInt(refunded);
	return { amount: paid > 0n ? paid : 0n, isCertain: true };
}

/** What the tasks of the last 24 hours cost, or may still cost. */
export function spentToday(entries: Entry[], now: number): bigint {
	return entries.filter((entry) => entry.asked > now - DAY_MS).reduce((sum, entry) => sum + cost(entry).amount, 0n);
}

/** Why a proposal is beyond the limit for a day that the user set; nothing if it is not. */
export function beyondLimit(spends: bigint, entries: Entry[], limit: string, now: number): string | undefined {
	if (!/^\d+$/.test(limit)) return undefined;
	const left = BigInt(limit) - spentToday(entries, now);
	if (spends <= left) return undefined;
	return `This may cost ${ogpu(spends)} OGPU, and of your limit for a day ${ogpu(left > 0n ? left : 0n)} are left. You can change the limit under Budget.`;
}

guardWith((proposal: Proposal) =>
	proposal.spends === undefined
		? undefined
		: beyondLimit(proposal.spends, journal(), settings().dailyLimit, Date.now()),
);

/** What ends is noted as long as the page is open. */
function watch(to: Chain): () => void {
	const closed = (name: string, refunded: bigint, how: string, isOfJob: boolean) => {
		const known = entryOf(name);
		if (!known) return;
		// Of a job the deposit is told apart.
		const rest = isOfJob ? refunded : refunded - BigInt(known.deposit);
		note(name, { ended: { at: Date.now(), refunded: String(rest > 0n ? rest : 0n), how } });
	};
	const ignore = { error: () => {} };
	const jobs = to.api.event.TrainingAuction.Closed.watch().subscribe({
		...ignore,
		next: ({ events }) => {
			for (const { payload } of events) closed(payload.job, payload.refunded, payload.end.type, true);
		},
	});
	const requests = to.api.event.ContinuousPool.Closed.watch().subscribe({
		...ignore,
		next: ({ events }) => {
			for (const { payload } of events) closed(payload.request, payload.refunded, payload.ending.type, false);
		},
	});
	return () => {
		jobs.unsubscribe();
		requests.unsubscribe();
	};
}

createRoot(() =>
	createEffect(
		on(chain, (to) => {
			if (to) onCleanup(watch(to));
		}),
	),
);
