// The jobs that are an account's: it gave them, bids for them, or does them.

import type { Chain } from "./connection";
import { keysOf, nameIn } from "./keys";

const AT = { at: "best" } as const;

/** Some of their names, after one of them or from the first; `next` is after which to go on. */
export async function jobsOf(
	chain: Chain,
	who: string,
	after: string | undefined,
): Promise<{ names: string[]; next: string | undefined }> {
	if (!chain.isLight) return chain.api.apis.AuctionApi.jobs_of(who, after, AT);
	// What proves the runtime's answer lacks the bids that are sealed: nodes do not record what is only looked for. A light
	// client takes that for a lie, and turns away from whom it asked. So it reads them itself.
	const { Jobs, Bids } = chain.api.query.TrainingAuction;
	const from = after === undefined ? undefined : await Jobs.getKey(after);
	const { items, next } = await keysOf(chain, await Jobs.getKey())(from);
	const names = items.map(({ item }) => nameIn(item));
	const [jobs, sealed] = await Promise.all([
		Jobs.getValues(
			names.map((name): [string] => [name]),
			AT,
		),
		Bids.getValues(
			names.map((name): [string, string] => [name, who]),
			AT,
		),
	]);
	const mine = names.filter((_, at) => {
		const job = jobs[at];
		const bids = [job?.winner, job?.runner_up, job?.run?.bid];
		return job?.client === who || sealed[at] !== undefined || bids.some((bid) => bid?.bidder.operator === who);
	});
	return { names: mine, next: next && nameIn(next) };
}
