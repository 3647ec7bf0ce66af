// What there is to ask.

import { createResource, For, type JSX, Show } from "solid-js";
import { type Chain, chain } from "../../chain/connection";
import type { Service } from "../../chain/ogpu";
import { paced } from "../../chain/paced";
import { type About, livePage } from "../../chain/pages";
import { servicesTold } from "../../chain/services";
import { count, percent, plural, work } from "../../format";
import { gateway } from "../../gateway";
import { mapped, type Page as Part, pageOf } from "../../paging";
import { settled } from "../../settled";
import { Amount, Badge, Card, Empty, LinkButton, Loaded, Page, Skeleton, Stat, Stats, Who } from "../../ui";
import { Pager } from "../../ui/lists";
import { readManifest } from "./manifest";
import { manifestOf, sourcesOfService } from "./results";

export const DELIVERY: Record<string, string> = {
	verified: "The provider is paid when the answer was accepted",
	firstResponse: "The provider is paid at once; its bond stands for the answer",
	manual: "The provider is paid when you confirm the answer",
};

interface Offered {
	service: Service;
	rank: string | undefined;
}

const SIZE = 20;
const PACE_MS = 5_000;

async function pageOfServices(chain: Chain, { after }: About<string>): Promise<Part<Offered>> {
	const source = mapped(servicesTold(chain), async (services) => {
		const open = services.filter((service) => !service.isRetired);
		return services.map((service) => (service.isRetired ? undefined : { service, rank: rank(service, open) }));
	});
	return pageOf(source, after, SIZE);
}

export default function Services(): JSX.Element {
	const found = livePage(() => "all", paced(PACE_MS, pageOfServices));
	return (
		<Page title="Services">
			<Loaded
				value={found.value()}
				problem={found.problem()}
				again={found.again}
				skeleton={
					<Card>
						<Skeleton height="8rem" />
					</Card>
				}
			>
				{(page) => (
					<div class="stack wide">
						<p class="quiet">
							A service is a published model. You ask, several providers race, and the answer is checked by others bit
							for bit.
						</p>
						<Show
							when={page().items.length > 0 || found.walk.back()}
							fallback={
								<Card>
									<Empty isFirst icon="chat" title="No service yet">
										Whoever has a model publishes one with <code>ogpu serve</code>.
									</Empty>
								</Card>
							}
						>
							<ul class="stack">
								<For each={page().items}>
									{(offered) => (
										<li>
											<One service={offered.service} rank={offered.rank} />
										</li>
									)}
								</For>
							</ul>
						</Show>
					</div>
				)}
			</Loaded>
			<Pager of="services" walk={found.walk} />
		</Page>
	);
}

/** Of the services that were told with it, how many cost no more for the same work. */
function rank(service: Service, all: Service[]): string | undefined {
	if (all.length < 2) return undefined;
	const rate = (one: Service) => Number(one.leafPrice) / Math.max(1, Number(one.leafWork));
	const cheaper = all.filter((other) => other.id !== service.id && rate(other) < rate(service)).length;
	return cheaper === 0 ? "the cheapest by work" : `${plural(cheaper, "service")} cheaper by work`;
}

const DOES = { generate: ": writes text", embed: ": turns texts into vectors", train: "", render: "" };

function One(props: { service: Service; rank: string | undefined }): JSX.Element {
	// What it does stands in its manifest, which those who serve it have.
	const [manifest] = createResource(
		() => {
			const [to, through] = [chain(), gateway()];
			return to && through ? { to, through, name: props.service.manifest, id: props.service.id } : undefined;
		},
		async ({ to, through, name, id }) => {
			const sources = await sourcesOfService(to, id);
			return readManifest(await manifestOf(through, name, sources.slice(0, 16)));
		},
	);
	const kind = () => {
		const known = settled(manifest);
		return known ? DOES[known.kind] : "";
	};
	return (
		<Card
			title={`Service ${props.service.id}${kind()}`}
			aside={
				<div class="row">
					<Show when={props.service.members > 0} fallback={<Badge tone="warn">nobody serves it</Badge>}>
						<Badge tone="good">{plural(props.service.members, "device")}</Badge>
					</Show>
					<LinkButton href={`#/services/${props.service.id}`} kind="primary" icon="chat">
						Ask
					</LinkButton>
				</div>
			}
		>
			<Stats>
				<Stat label="A leaf costs" about={props.rank ?? "now"}>
					<Amount of={props.service.leafPrice} />
				</Stat>
				<Stat label="A leaf is" about="multiply-adds">
					{work(props.service.leafWork)}
				</Stat>
				<Stat label="Audited" about={`${percent(props.service.leavesBillionths)} of the leaves`}>
					{percent(props.service.auditBillionths)}
				</Stat>
				<Stat label="Race" about={`${count(props.service.openRequests)} open`}>
					{plural(props.service.width, "lot")}
				</Stat>
			</Stats>
			<p class="small quiet row below">
				<span>{DELIVERY[props.service.delivery]}. Published by</span>
				<Who address={props.service.publisher} />
			</p>
		</Card>
	);
}
