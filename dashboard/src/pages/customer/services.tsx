// What there is to ask.

import { createResource, For, type JSX, Show } from "solid-js";
import { ask, chain } from "../../chain/connection";
import { live } from "../../chain/live";
import type { Service } from "../../chain/ogpu";
import { count, percent, plural, work } from "../../format";
import { gateway } from "../../gateway";
import { settled } from "../../settled";
import { Amount, Badge, Card, Empty, LinkButton, Loaded, Page, Skeleton, Stat, Stats, Who } from "../../ui";
import { readManifest } from "./manifest";
import { manifestOf, sourcesOfService } from "./results";

export const DELIVERY: Record<string, string> = {
	verified: "The provider is paid when the answer was accepted",
	firstResponse: "The provider is paid at once; its bond stands for the answer",
	manual: "The provider is paid when you confirm the answer",
};

export default function Services(): JSX.Element {
	const found = live(
		() => 0,
		(chain, first) => ask(chain, "ogpu_services", first),
	);
	const open = () => found.value()?.services.filter((service) => !service.isRetired) ?? [];
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
				{() => (
					<div class="stack wide">
						<p class="quiet">
							A service is a published model. You ask, several providers race, and the answer is checked by others bit
							for bit.
						</p>
						<Show
							when={open().length > 0}
							fallback={
								<Card>
									<Empty icon="chat" title="No service yet">
										Whoever has a model publishes one with <code>ogpu serve</code>.
									</Empty>
								</Card>
							}
						>
							<ul class="stack">
								<For each={open()}>
									{(service) => (
										<li>
											<One service={service} others={open()} />
										</li>
									)}
								</For>
							</ul>
						</Show>
					</div>
				)}
			</Loaded>
		</Page>
	);
}

/** Of the services that there are, how many cost no more for the same work. */
function rank(service: Service, all: Service[]): string | undefined {
	if (all.length < 2) return undefined;
	const rate = (one: Service) => Number(one.leafPrice) / Math.max(1, Number(one.leafWork));
	const cheaper = all.filter((other) => other.id !== service.id && rate(other) < rate(service)).length;
	return cheaper === 0 ? "the cheapest by work" : `${plural(cheaper, "service")} cheaper by work`;
}

const DOES = { generate: ": writes text", embed: ": turns texts into vectors", train: "", render: "" };

function One(props: { service: Service; others: Service[] }): JSX.Element {
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
				<Stat label="A leaf costs" about={rank(props.service, props.others) ?? "now"}>
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
