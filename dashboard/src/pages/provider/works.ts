// What an operator has on hand: who drew which of its devices, where its bids stand, and until when.

import type { Api, Chain } from "../../chain/connection";
import { jobsOf as namesOfJobs } from "../../chain/jobs";
import type { About } from "../../chain/pages";
import { type Page, pageOf, type Source } from "../../paging";

export type Operator = Awaited<ReturnType<Api["apis"]["TrustApi"]["status"]>>;

const AT = { at: "best" } as const;
const SIZE = 25;
/** So many requests and jobs are looked at for what devices do: each does little at a time. */
const MOST = 100;

export const operatorOf = (chain: Chain, address: string): Promise<Operator> =>
	chain.api.apis.TrustApi.status(address, AT);

export interface Work {
	name: string;
	is: "request" | "job";
	/** The device that does it, once that is settled. */
	device: number | undefined;
	/** In words. */
	state: string;
	tone: "good" | "warn" | "bad" | "busy" | undefined;
	/** What it brings if all goes well. */
	fee: bigint | undefined;
	due: number | undefined;
	now: number;
	/** Its device computes now. */
	isBusy: boolean;
	/** It is still bid for. */
	isBid: boolean;
}

/** Where a deadline is that of a validation, there is none. */
const NO_DEADLINE = 0xffff_ffff;
const deadline = (due: number) => (due === NO_DEADLINE ? undefined : due);

const RACING: Record<string, { state: string; tone: Work["tone"] }> = {
	Running: { state: "Drawn: computes", tone: "busy" },
	Out: { state: "Out of the race", tone: undefined },
	Silent: { state: "Came too late", tone: "warn" },
	Committed: { state: "Committed", tone: "busy" },
	Paid: { state: "Paid", tone: "good" },
};

async function requestOf(chain: Chain, name: string, who: string): Promise<Work[]> {
	const status = await chain.api.apis.PoolApi.status(name, AT);
	const racer = status?.racers.find((racer) => racer.operator === who);
	if (!status || !racer) return [];
	const leads = status.leader === who;
	const known = RACING[racer.racing.type] ?? { state: racer.racing.type, tone: undefined };
	const committed = racer.racing.type === "Committed" ? racer.racing.value.leaves : undefined;
	return [
		{
			name,
			is: "request",
			device: racer.device,
			state: leads ? "Leads: its result is checked" : known.state,
			tone: leads ? "good" : known.tone,
			fee: leads && committed ? status.leaf_price * BigInt(committed) : undefined,
			due: deadline(status.next.due),
			now: status.now,
			isBusy: racer.racing.type === "Running",
			isBid: false,
		},
	];
}

async function jobOf(chain: Chain, name: string, who: string, now: number): Promise<Work[]> {
	const [job, sealed] = await Promise.all([
		chain.api.query.TrainingAuction.Jobs.getValue(name, AT),
		chain.api.query.TrainingAuction.Bids.getValue(name, who, AT),
	]);
	if (!job) return [];
	const base = { name, is: "job" as const, now, due: deadline(job.due) };
	const run = job.run?.bid.bidder.operator === who ? job.run : undefined;
	if (run) {
		const isWorking = job.stage.type === "Working";
		const states: Record<string, string> = {
			Offered: "Won: it has to begin",
			Working: "Works",
			Claimed: "Claims that inputs are missing",
			Ending: "Done: what was committed is checked",
		};
		return [
			{
				...base,
				device: run.bid.bidder.device,
				state: states[job.stage.type] ?? job.stage.type,
				tone: "good",
				fee: run.award.fee,
				isBusy: isWorking,
				isBid: false,
			},
		];
	}
	const standing = [
		{ bid: job.winner, state: "Leads the bids so far", tone: "good" as const },
		{ bid: job.runner_up, state: job.run ? "Stands by" : "Second so far", tone: "warn" as const },
		{ bid: job.third, state: "Third: outbid", tone: undefined },
	].find(({ bid }) => bid?.bidder.operator === who);
	if (standing?.bid) {
		const { bidder, price } = standing.bid;
		return [
			{
				...base,
				device: bidder.device,
				state: standing.state,
				tone: standing.tone,
				fee: price,
				isBusy: false,
				isBid: true,
			},
		];
	}
	if (!sealed) return [];
	return [
		{ ...base, device: undefined, state: "Sealed bid", tone: "busy", fee: undefined, isBusy: false, isBid: true },
	];
}

type Names = (after: string | undefined) => Promise<{ names: string[]; next: string | undefined }>;

const named =
	(read: Names): Source<string> =>
	async (after) => {
		const { names, next } = await read(after);
		return { items: names.map((name) => ({ mark: name, item: name })), next };
	};

const requestsOf = (chain: Chain, who: string) => named((after) => chain.api.apis.PoolApi.requests_of(who, after, AT));

/** A page of the jobs that an operator bids for, or does. */
export async function jobsOf(chain: Chain, { of: who, after }: About<string>, size = SIZE): Promise<Page<Work>> {
	const jobs = named((after) => namesOfJobs(chain, who, after));
	const [{ items, next }, now] = await Promise.all([pageOf(jobs, after, size), chain.api.query.Clock.Now.getValue(AT)]);
	const found = await Promise.all(items.map((name) => jobOf(chain, name, who, now)));
	return { items: found.flat(), next };
}

/** What its devices compute: so much of it as a page shows. */
export async function worksOf(chain: Chain, who: string): Promise<Work[]> {
	const [requests, jobs] = await Promise.all([
		pageOf(requestsOf(chain, who), undefined, MOST),
		jobsOf(chain, { of: who, after: undefined }, MOST),
	]);
	const racing = await Promise.all(requests.items.map((name) => requestOf(chain, name, who)));
	return [...racing.flat(), ...jobs.items];
}

/** Which of these services each of the devices serves. */
export async function servedBy(chain: Chain, services: number[], devices: number[]): Promise<Map<number, number[]>> {
	const keys = devices.flatMap((device) => services.map((service): [number, number] => [service, device]));
	const members = await chain.api.query.ContinuousPool.Members.getValues(keys, AT);
	const serving = keys.filter((_, at) => members[at] && members[at].left === undefined);
	return new Map(
		devices.map((device) => [device, serving.flatMap(([service, of]) => (of === device ? [service] : []))]),
	);
}
