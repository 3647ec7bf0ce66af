// The services, by their numbers.

import type { Source } from "../paging";
import { type Api, ask, type Chain } from "./connection";
import type { Service } from "./ogpu";

const best = { at: "best" } as const;
/** At so many numbers the chain looks at once. */
const LOOKS = 1_000;

export type ServiceStatus = Awaited<ReturnType<Api["apis"]["PoolApi"]["services_from"]>>[number];

function byNumber<T extends { id: number }>(chain: Chain, read: (first: number) => Promise<T[]>): Source<T> {
	return async (after) => {
		const first = after === undefined ? 0 : Number(after) + 1;
		const [found, end] = await Promise.all([read(first), chain.api.query.ContinuousPool.NextService.getValue(best)]);
		const next = first + LOOKS < end ? String(first + LOOKS - 1) : undefined;
		return { items: found.map((item) => ({ mark: String(item.id), item })), next };
	};
}

/** As the runtime tells of them. */
export const servicesOf = (chain: Chain): Source<ServiceStatus> =>
	byNumber(chain, (first) => chain.api.apis.PoolApi.services_from(first, best));

/** As nodes do. */
export const servicesTold = (chain: Chain): Source<Service> =>
	byNumber(chain, async (first) => (await ask(chain, "ogpu_services", first)).services);
