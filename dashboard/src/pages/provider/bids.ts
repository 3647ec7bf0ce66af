// Auctions that are open, what a bid would have to be, and what of it can be known.

import type { Api, Chain } from "../../chain/connection";
import { type Counted, keysOf, MOST_COUNTED, nameIn } from "../../chain/keys";
import type { About } from "../../chain/pages";
import { mapped, type Page, pageOf, type Source } from "../../paging";
import { type Bid, priceThatBeats, type Sold, type Terms, usualPrice } from "./auction";
import { type Operator, operatorOf } from "./works";

type Job = NonNullable<Awaited<ReturnType<Api["query"]["TrainingAuction"]["Jobs"]["getValue"]>>>;

const AT = { at: "best" } as const;
const SIZE = 20;

export interface Auction {
	name: string;
	kind: string;
	client: string;
	stage: "bidding" | "seed" | "revealing";
	due: number;
	now: number;
	ceiling: bigint;
	longestBlocks: number;
	leaves: number;
	work: bigint;
	sealed: number;
	bond: bigint;
	speedBillionths: number;
	/** What such work was sold for lately. */
	usual: bigint | undefined;
	/** The best bid that was revealed. */
	best: { price: bigint; etaBlocks: number; operator: string } | undefined;
	mine: Mine | undefined;
}

/** For the fastest of the operator's devices that may be bid with. */
export interface Mine {
	device: number | undefined;
	etaBlocks: number | undefined;
	/** The highest price that beats the best that was revealed; undefined if none would. */
	winning: bigint | undefined;
	/** Why none of the devices may. */
	reasons: string[];
	isSealed: boolean;
}

const STAGES: Record<string, Auction["stage"]> = { Bidding: "bidding", Drawing: "seed", Revealing: "revealing" };

const isOpen = (job: Job) => job.stage.type in STAGES && !job.is_cancelled;

/** The jobs for which bids are taken or revealed, in no order. */
async function openJobs(chain: Chain): Promise<Source<Job>> {
	const { Jobs } = chain.api.query.TrainingAuction;
	return mapped(keysOf(chain, await Jobs.getKey()), async (keys) => {
		const jobs = await Jobs.getValues(
			keys.map((key): [string] => [nameIn(key)]),
			AT,
		);
		return jobs.map((job) => (job && isOpen(job) ? job : undefined));
	});
}

/** How many there are; of very many jobs only some are looked at. */
export async function countOpen(chain: Chain): Promise<Counted> {
	const { items, next } = await pageOf(await openJobs(chain), undefined, MOST_COUNTED);
	return { count: items.length, isAll: next === undefined };
}

/** A page of the open auctions, those that end first at its top; and as `who` could bid in them. */
export async function auctionsOf(chain: Chain, { of: who, after }: About<string>): Promise<Page<Auction>> {
	const { query } = chain.api;
	const [open, training, rendering, now, operator] = await Promise.all([
		openJobs(chain).then((source) => pageOf(source, after, SIZE)),
		query.TrainingAuction.Sales.getValue({ type: "Training", value: undefined }, AT),
		query.TrainingAuction.Sales.getValue({ type: "Rendering", value: undefined }, AT),
		query.Clock.Now.getValue(AT),
		who ? operatorOf(chain, who) : undefined,
	]);
	open.items.sort((a, b) => a.due - b.due);
	const items = await Promise.all(
		open.items.map(async (job): Promise<Auction> => {
			const work = job.spec.leaf.work * BigInt(job.spec.leaves);
			const sales = job.spec.kind.type === "Training" ? training : rendering;
			const best = job.winner;
			return {
				name: job.id,
				kind: job.spec.kind.type,
				client: job.client,
				stage: STAGES[job.stage.type] as Auction["stage"],
				due: job.due,
				now,
				ceiling: job.terms.ceiling,
				longestBlocks: job.terms.longest_blocks,
				leaves: job.spec.leaves,
				work,
				sealed: job.sealed,
				bond: job.bond,
				speedBillionths: job.terms.speed_billionths,
				usual: usualPrice(sales as Sold[], now, work),
				best: best && { price: best.price, etaBlocks: best.eta_blocks, operator: best.bidder.operator },
				mine: operator && who && job.client !== who ? await mineOf(chain, job, who, operator, work) : undefined,
			};
		}),
	);
	return { items, next: open.next };
}

async function mineOf(
	chain: Chain,
	job: Job,
	who: string,
	operator: Operator,
	work: bigint,
): Promise<Mine | undefined> {
	if (operator.devices.length === 0) return undefined;
	const [sealed, ...answers] = await Promise.all([
		chain.api.query.TrainingAuction.Bids.getValue(job.id, who, AT),
		...operator.devices.map(({ id }) => chain.api.apis.AuctionApi.eligible_for(job.id, id, AT)),
	]);
	const fit = operator.devices
		.filter((_, at) => answers[at]?.success)
		.sort((a, b) => ((a.measured?.work_per_block ?? 0n) > (b.measured?.work_per_block ?? 0n) ? -1 : 1))[0];
	const reasons = answers.flatMap((answer, at) =>
		answer && !answer.success ? [`device ${operator.devices[at]?.id}: ${unfit(answer.value)}`] : [],
	);
	const speed = fit?.measured?.work_per_block;
	const etaBlocks = speed ? Math.max(1, Number((work + speed - 1n) / speed)) : undefined;
	const reputation = operator.assessment.score_billionths;
	const winning =
		fit && job.winner ? priceThatBeats(job.terms as Terms, job.winner as Bid, etaBlocks ?? 1, reputation) : undefined;
	return { device: fit?.id, etaBlocks, winning, reasons: fit ? [] : reasons, isSealed: sealed !== undefined };
}

function unfit(why: { type: string; value?: unknown }): string {
	const reasons: Record<string, string> = {
		NoSuchDevice: "is not there any more",
		Clients: "is the client's own",
		Suspended: "its operator is suspended",
		WrongKind: "is of another kind than asked for",
		TooLittleMemory: "has too little memory",
		TooSlow: "is too slow, or not measured yet",
		Offline: "sent no heartbeat",
		BondTooHigh: "the lock is too small for the bond",
	};
	return reasons[why.type] ?? why.type;
}
