// The services, and how their prices move.

import { createMemo, For, type JSX, Show } from "solid-js";
import type { Chain } from "../../chain/connection";
import { past } from "../../chain/history";
import { live } from "../../chain/live";
import { paced } from "../../chain/paced";
import { type About, livePage } from "../../chain/pages";
import { type ServiceStatus, servicesOf } from "../../chain/services";
import { count, date, inTime, ogpu, percent, plural, spoken, work } from "../../format";
import { type Page as Part, pageOf } from "../../paging";
import {
	Amount,
	Badge,
	Card,
	Copy,
	Curve,
	Empty,
	Fact,
	Facts,
	LinkButton,
	Loaded,
	Note,
	Page,
	Skeleton,
	SkeletonList,
	Stat,
	Stats,
	Who,
} from "../../ui";
import { Spark } from "../../ui/charts";
import { Pager } from "../../ui/lists";
import { NoService } from "../service";

const AT = { at: "best" } as const;
const PACE_MS = 5_000;

const SIZE = 24;

async function withSettlements(to: Chain, services: ServiceStatus[]) {
	const keys = services.map(({ id }): [number] => [id]);
	const settlements = await to.api.query.ContinuousPool.Settlements.getValues(keys, AT);
	return services.map(({ id, record, leaf_price }, at) => ({
		id,
		price: leaf_price,
		floor: record.terms.floor,
		publisher: record.publisher,
		manifest: record.manifest,
		work: record.leaf.work,
		members: record.members,
		requests: record.requests,
		isRetired: record.is_retired,
		width: record.terms.width,
		delivery: spoken(record.terms.delivery.type).toLowerCase(),
		audit: record.terms.class.audit_billionths,
		settled: (settlements[at] ?? []).map((one) => ({ price: one.leaf_price, blocks: one.matched_blocks })),
	}));
}

type Service = Awaited<ReturnType<typeof withSettlements>>[number];

async function pageOfServices(to: Chain, { after }: About<string>): Promise<Part<Service>> {
	const { items, next } = await pageOf(servicesOf(to), after, SIZE);
	return { items: await withSettlements(to, items), next };
}

async function serviceOf(to: Chain, id: number): Promise<{ found: Service | undefined }> {
	const [first] = await to.api.apis.PoolApi.services_from(id, AT);
	return { found: first?.id === id ? (await withSettlements(to, [first]))[0] : undefined };
}

const asOgpu = (amount: bigint) => Number(amount) / 1e18;

/** Prices that were settled, as the chain remembers them, and the one of now. */
const pricesOf = (service: Service) => [...service.settled.map(({ price }) => asOgpu(price)), asOgpu(service.price)];

export default function Services(): JSX.Element {
	const all = livePage(() => "all", paced(PACE_MS, pageOfServices));
	return (
		<Page title="Services">
			<Loaded value={all.value()} problem={all.problem()} again={all.again} skeleton={<SkeletonList rows={4} />}>
				{(found) => (
					<Show
						when={found().items.length > 0 || all.walk.back()}
						fallback={
							<Card>
								<Empty isFirst icon="chat" title="No service is published">
									Whoever has a model can publish one: <code>ogpu serve</code>.
								</Empty>
							</Card>
						}
					>
						<div class="grid-cards">
							<For each={found().items}>
								{(service) => (
									<Card
										title={<a href={`#/network/services/${service.id}`}>Service {service.id}</a>}
										aside={
											<Badge tone={service.isRetired ? "warn" : "good"}>{service.isRetired ? "retired" : "open"}</Badge>
										}
									>
										<div class="stack">
											<div class="row apart">
												<dl>
													<Stat label="A leaf costs" about={`${work(service.work)} multiply-adds`}>
														<Amount of={service.price} />
													</Stat>
												</dl>
												<Spark values={pricesOf(service)} label={`The last prices of service ${service.id}`} />
											</div>
											<p class="small quiet">
												{plural(service.members, "device")}, {plural(service.requests, "open request")}; the floor is{" "}
												{ogpu(service.floor)} OGPU
											</p>
										</div>
									</Card>
								)}
							</For>
						</div>
					</Show>
				)}
			</Loaded>
			<Pager of="services" walk={all.walk} />
		</Page>
	);
}

export function OneService(props: { id: string }): JSX.Element {
	const id = () => (/^\d{1,9}$/.test(props.id) ? Number(props.id) : undefined);
	const one = live(id, paced(PACE_MS, serviceOf));
	return (
		<Page
			title={`Service ${props.id.slice(0, 10)}`}
			aside={<LinkButton href="#/network/services">All services</LinkButton>}
		>
			<Show when={id() !== undefined} fallback={<NoService />}>
				<Loaded value={one.value()} problem={one.problem()} again={one.again} skeleton={<Skeleton height="24rem" />}>
					{(told) => (
						<Show when={told().found} fallback={<NoService />}>
							{(service) => <Shown service={service()} />}
						</Show>
					)}
				</Loaded>
			</Show>
		</Page>
	);
}

function Shown(props: { service: Service }): JSX.Element {
	const asked = createMemo(() =>
		past().happened.flatMap((one) => (one.is === "asked" && one.service === props.service.id ? [one] : [])),
	);
	const matched = () => {
		const blocks = props.service.settled.map(({ blocks }) => blocks).sort((a, b) => a - b);
		return blocks[Math.floor(blocks.length / 2)];
	};
	const isSeen = () => asked().length > 1;
	const prices = () =>
		isSeen() ? [...asked().map(({ price }) => asOgpu(price)), asOgpu(props.service.price)] : pricesOf(props.service);
	return (
		<div class="stack wide">
			<Show when={props.service.isRetired}>
				<Note tone="warn">It is retired: it takes no more requests.</Note>
			</Show>
			<Card>
				<Stats>
					<Stat label="A leaf costs now" about={`not below ${ogpu(props.service.floor)} OGPU`}>
						<Amount of={props.service.price} />
					</Stat>
					<Stat label="Devices">{count(props.service.members)}</Stat>
					<Stat label="Open requests">{count(props.service.requests)}</Stat>
					<Stat label="Usually committed after" about="of the requests that were settled last">
						<Show when={matched() !== undefined} fallback={<span class="quiet">not known yet</span>}>
							{inTime(matched() ?? 0)}
						</Show>
					</Stat>
				</Stats>
			</Card>
			<div class="columns">
				<Card title="Price of a leaf, in OGPU">
					<div class="stack">
						<Show
							when={prices().length > 1}
							fallback={
								<Empty icon="spark" title="No price was seen yet">
									The price moves with demand: each request that is made or settled is a point here.
								</Empty>
							}
						>
							<Curve values={prices()} label={`The price of a leaf of service ${props.service.id}, in OGPU`} />
						</Show>
						<p class="small quiet">
							<Show
								when={isSeen()}
								fallback={`From ${plural(props.service.settled.length, "settlement")} that the chain remembers, and now.`}
							>
								From {plural(asked().length, "request")} since {date(asked()[0]?.time ?? 0)}, and now.
							</Show>{" "}
							Half of what exceeds the floor is burned.
						</p>
					</div>
				</Card>
				<Card title="Terms">
					<Facts>
						<Fact label="Publisher">
							<Who address={props.service.publisher} />
						</Fact>
						<Fact label="Manifest">
							<Copy text={props.service.manifest} />
						</Fact>
						<Fact label="A leaf weighs">{work(props.service.work)} multiply-adds</Fact>
						<Fact label="Racers">{count(props.service.width)}</Fact>
						<Fact label="Delivery">{props.service.delivery}</Fact>
						<Fact label="Audited">with a chance of {percent(props.service.audit)}</Fact>
					</Facts>
				</Card>
			</div>
		</div>
	);
}
