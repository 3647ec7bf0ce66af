// What can be earned now: auctions that are open, bids that are placed, services to join.

import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import { type Chain, chain } from "../../chain/connection";
import { paced } from "../../chain/paced";
import { type About, livePage } from "../../chain/pages";
import { servicesOf } from "../../chain/services";
import { propose } from "../../chain/transactions";
import { count, inTime, percent, plural, short, spoken, work } from "../../format";
import { mapped, type Page as Part, pageOf } from "../../paging";
import {
	Amount,
	Badge,
	Button,
	Card,
	Dialog,
	Empty,
	Fact,
	Facts,
	Loaded,
	Note,
	Page,
	SkeletonList,
	Until,
	Who,
} from "../../ui";
import { Pager, Table } from "../../ui/lists";
import { type Auction, auctionsOf, type Mine } from "./bids";
import { OneWork } from "./devices";
import { jobsOf, operatorOf, servedBy } from "./works";

const SIZE = 20;
const PACE_MS = 5_000;

export default function Market(): JSX.Element {
	const who = () => account()?.address ?? "";
	const auctions = livePage(who, paced(PACE_MS, auctionsOf));
	const bids = livePage(() => account()?.address, jobsOf);
	const hasBids = () => (bids.value()?.items.length ?? 0) > 0 || bids.walk.back() !== undefined;
	return (
		<Page title="Market">
			<div class="stack wide">
				<Show when={account() && hasBids()}>
					<Card title="Your bids and jobs">
						<ul class="stack">
							<For each={bids.value()?.items}>{(one) => <OneWork work={one} />}</For>
						</ul>
						<Pager of="your bids and jobs" walk={bids.walk} />
					</Card>
				</Show>
				<Card title="Auctions that are open">
					<div class="stack">
						<p class="small quiet">
							Bids are sealed, and your worker places them by the prices in its <code>worker.toml</code>. The winner is
							paid the price at which it would just have won, so it never pays to name another price than your own cost.
						</p>
						<Loaded
							value={auctions.value()}
							problem={auctions.problem()}
							again={auctions.again}
							skeleton={<SkeletonList />}
						>
							{(all) => (
								<Show
									when={all().items.length > 0 || auctions.walk.back() || auctions.walk.forward()}
									fallback={
										<Empty icon="spark" title="Nobody sells a job right now">
											Auctions take bids for a minute or more. Leave this page open: they appear by themselves.
										</Empty>
									}
								>
									<ul class="list">
										<For
											each={all().items}
											fallback={<li class="entry quiet">None of the jobs that were looked at takes bids.</li>}
										>
											{(auction) => <OneAuction auction={auction} />}
										</For>
									</ul>
								</Show>
							)}
						</Loaded>
						<Pager of="open auctions" walk={auctions.walk} />
					</div>
				</Card>
				<Services address={account()?.address} />
			</div>
		</Page>
	);
}

const STAGES = { bidding: "takes bids", seed: "bids are sealed", revealing: "bids are revealed" };

function OneAuction(props: { auction: Auction }): JSX.Element {
	const of = () => props.auction;
	return (
		<li class="entry stack tight">
			<div class="row apart">
				<h3>
					<a href={`#/task/${of().name}`}>
						{of().kind} <code>{short(of().name)}</code>
					</a>
				</h3>
				<div class="row">
					<Show when={of().mine?.isSealed}>
						<Badge tone="good">you have a bid</Badge>
					</Show>
					<Badge tone={of().stage === "bidding" ? "busy" : "warn"}>{STAGES[of().stage]}</Badge>
					<span class="small quiet">
						ends <Until due={of().due} now={of().now} />
					</span>
				</div>
			</div>
			<Facts>
				<Fact label="Pays at most">
					<Amount of={of().ceiling} /> <span class="small quiet">for {work(of().work)} multiply-adds</span>
				</Fact>
				<Fact label="Wants it within">
					{inTime(of().longestBlocks)}
					<span class="small quiet">; speed counts for {percent(of().speedBillionths)}</span>
				</Fact>
				<Fact label="Bids">
					{count(of().sealed)}{" "}
					<span class="small quiet">
						sealed; each pins <Amount of={of().bond} />
					</span>
				</Fact>
				<Show when={of().best}>
					{(best) => (
						<Fact label="Best so far">
							<Amount of={best().price} /> in {inTime(best().etaBlocks)}{" "}
							<span class="small">
								<Who address={best().operator} plain />
							</span>
						</Fact>
					)}
				</Show>
				<Fact label={of().best ? "Would win" : "Fair estimate"}>
					<Estimate auction={of()} mine={of().mine} />
				</Fact>
			</Facts>
		</li>
	);
}

function Estimate(props: { auction: Auction; mine: Mine | undefined }): JSX.Element {
	const refused = () => (props.mine && props.mine.device === undefined ? props.mine.reasons : undefined);
	return (
		<Show
			when={!refused()}
			fallback={
				<span class="quiet">None of your devices may bid: {refused()?.slice(0, 3).join("; ") || "none is fit"}.</span>
			}
		>
			<Show
				when={props.auction.best}
				fallback={
					<Show
						when={props.auction.usual}
						fallback={
							<span class="quiet">
								bids are sealed, and nothing like it was sold lately: only the ceiling is known, and your own cost
							</span>
						}
					>
						{(usual) => (
							<>
								<Amount of={usual()} />{" "}
								<span class="small quiet">is what such work was sold for lately; bids are still sealed</span>
							</>
						)}
					</Show>
				}
			>
				<Show when={props.mine} fallback={<span class="quiet">choose the account of an operator to see it</span>}>
					{(mine) => (
						<Show
							when={mine().winning}
							fallback={<span class="quiet">no price would, at your speed and reputation</span>}
						>
							{(price) => (
								<>
									at most <Amount of={price()} digits={6} />{" "}
									<span class="small quiet">
										with device {mine().device}
										{mine().etaBlocks ? ` in ${inTime(mine().etaBlocks as number)}` : ""}
									</span>
								</>
							)}
						</Show>
					)}
				</Show>
			</Show>
		</Show>
	);
}

const DELIVERIES: Record<string, string> = {
	Verified: "paid once verified",
	FirstResponse: "paid at once",
	Manual: "paid when confirmed",
};

interface Offer {
	id: number;
	price: bigint;
	floor: bigint;
	leafWork: bigint;
	members: number;
	requests: number;
	width: number;
	delivery: string;
	asks: string[];
	/** The operator's devices that serve it. */
	joined: number[];
	/** Those that could. */
	fit: { id: number; name: string }[];
	/** Why the others could not. */
	unfit: string[];
}

async function offersFor(to: Chain, { of: who, after }: About<string>): Promise<Part<Offer>> {
	const open = mapped(servicesOf(to), async (services) =>
		services.map((service) => (service.record.is_retired ? undefined : service)),
	);
	const [{ items, next }, operator] = await Promise.all([
		pageOf(open, after, SIZE),
		who ? operatorOf(to, who) : undefined,
	]);
	const devices = operator?.devices.map(({ id }) => id) ?? [];
	const serving = await servedBy(
		to,
		items.map(({ id }) => id),
		devices,
	);
	return {
		items: items.map(({ id, record, leaf_price }): Offer => {
			const { kind, memory_mb, score, reputation_billionths } = record.terms.requirements;
			const joined = devices.filter((device) => serving.get(device)?.includes(id));
			const mine = (operator?.devices ?? []).map((device) => {
				const why: string[] = [];
				if (kind && device.spec.kind.type !== kind.type) why.push(`is no ${kind.type}`);
				if (device.spec.memory_mb < memory_mb) why.push(`has less than ${count(memory_mb)} MB`);
				if ((device.measured?.work_per_block ?? 0n) < score)
					why.push(device.measured ? "is too slow" : "is not measured");
				return { id: device.id, name: `device ${device.id}`, why };
			});
			const isKnown = (operator?.assessment.score_billionths ?? 0) >= reputation_billionths;
			const asks = [
				...(kind ? [kind.type] : []),
				...(memory_mb > 0 ? [`${count(memory_mb)} MB`] : []),
				...(score > 0n ? [`${work(score)} a block`] : []),
				...(reputation_billionths > 0 ? [`a reputation of ${percent(reputation_billionths)}`] : []),
			];
			return {
				id,
				price: leaf_price,
				floor: record.terms.floor,
				leafWork: record.leaf.work,
				members: record.members,
				requests: record.requests,
				width: record.terms.width,
				delivery: DELIVERIES[record.terms.delivery.type] ?? spoken(record.terms.delivery.type),
				asks,
				joined: mine.filter(({ id }) => joined.includes(id)).map(({ id }) => id),
				fit: isKnown ? mine.filter(({ id, why }) => why.length === 0 && !joined.includes(id)) : [],
				unfit: [
					...mine.filter(({ why }) => why.length > 0).map(({ name, why }) => `${name} ${why.join(", ")}`),
					...(isKnown ? [] : ["your reputation is too low"]),
				],
			};
		}),
		next,
	};
}

function Services(props: { address: string | undefined }): JSX.Element {
	const offers = livePage(() => props.address ?? "", paced(PACE_MS, offersFor));
	const [joins, setJoins] = createSignal<number>();
	const mayAct = () => account()?.signer !== undefined && account()?.address === props.address;
	const joining = createMemo(() => offers.value()?.items.find(({ id }) => id === joins()));
	return (
		<Card title="Services to join">
			<Loaded value={offers.value()} problem={offers.problem()} again={offers.again} skeleton={<SkeletonList />}>
				{(all) => (
					<Show
						when={all().items.length > 0 || offers.walk.back()}
						fallback={
							<Empty icon="chat" title="No service is published">
								Whoever has a model can publish one: <code>ogpu serve</code>.
							</Empty>
						}
					>
						<Table
							isWide
							label="Services to join"
							heads={[
								"Service",
								{ title: "A leaf pays", class: "right" },
								{ title: "Open requests", class: "right" },
								{ title: "Devices", class: "right" },
								"Asks for",
								"Yours",
							]}
						>
							<For each={all().items}>
								{(offer) => (
									<tr>
										<td>
											<a href={`#/network/services/${offer.id}`}>Service {offer.id}</a>
											<br />
											<span class="small quiet">
												{plural(offer.width, "racer")}, {offer.delivery}
											</span>
										</td>
										<td class="right">
											<Amount of={offer.price} />
											<br />
											<span class="small quiet">{work(offer.leafWork)}</span>
										</td>
										<td class="right">{count(offer.requests)}</td>
										<td class="right">{count(offer.members)}</td>
										<td>{offer.asks.join(", ") || "nothing in particular"}</td>
										<td>
											<div class="row">
												<For each={offer.joined}>
													{(device) => (
														<span class="row nowrap">
															<Badge tone="good">device {device}</Badge>
															<Show when={mayAct()}>
																<Button small kind="plain" onClick={() => leave(offer.id, device)}>
																	Leave
																</Button>
															</Show>
														</span>
													)}
												</For>
												<Show when={mayAct() && offer.fit.length > 0}>
													<Button small onClick={() => setJoins(offer.id)}>
														Join
													</Button>
												</Show>
												<Show when={props.address && offer.fit.length === 0 && offer.joined.length === 0}>
													<span class="small quiet">{offer.unfit.slice(0, 3).join("; ") || "no device"}</span>
												</Show>
											</div>
										</td>
									</tr>
								)}
							</For>
						</Table>
					</Show>
				)}
			</Loaded>
			<Pager of="services" walk={offers.walk} />
			<Show when={joining()}>{(offer) => <Join offer={offer()} close={() => setJoins(undefined)} />}</Show>
		</Card>
	);
}

function leave(service: number, device: number) {
	const to = chain();
	if (!to) return;
	void propose({
		title: `Leave service ${service}`,
		says: [`Device ${device} is not drawn for it any more. The deposit returns once its open work has ended.`],
		calls: [to.api.tx.ContinuousPool.leave({ service, device })],
	});
}

function Join(props: { offer: Offer; close: () => void }): JSX.Element {
	const join = (device: number) => {
		const to = chain();
		const service = props.offer.id;
		props.close();
		if (!to) return;
		void propose({
			title: `Join service ${service}`,
			says: [
				`Device ${device} is drawn for its requests from now on, in proportion to its speed. A deposit is held until it leaves.`,
			],
			calls: [to.api.tx.ContinuousPool.join({ service, device })],
		});
	};
	return (
		<Dialog title={`Join service ${props.offer.id}`} close={props.close}>
			<div class="stack">
				<Note>
					The worker of the device must run, and be able to fetch the model: it joins by itself what its{" "}
					<code>worker.toml</code> names.
				</Note>
				<For each={props.offer.fit}>
					{(device) => (
						<div class="row apart">
							<strong>{device.name}</strong>
							<Button kind="primary" onClick={() => join(device.id)}>
								Join with it
							</Button>
						</div>
					)}
				</For>
			</div>
		</Dialog>
	);
}
