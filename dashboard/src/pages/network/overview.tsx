// The chain as a whole: its blocks, its token, and what is going on.

import { createEffect, createMemo, createSignal, For, type JSX, on, Show } from "solid-js";
import { best, type Chain, chain, connection, final } from "../../chain/connection";
import { past } from "../../chain/history";
import type { Happened } from "../../chain/kept";
import { countOf } from "../../chain/keys";
import { live } from "../../chain/live";
import { paced } from "../../chain/paced";
import { BLOCK_SECONDS, count, date, ogpu, percent, short } from "../../format";
import {
	Amount,
	Badge,
	Card,
	Empty,
	Fact,
	Facts,
	LinkButton,
	Loaded,
	Page,
	Progress,
	Skeleton,
	Stat,
	Stats,
	Who,
} from "../../ui";
import { soMany, Table } from "../../ui/lists";
import { countOpen } from "../provider/bids";
import { conclusionWords, faultWords } from "../words";

const AT = { at: "best" } as const;
const PACE_MS = 6_000;
const SLOWLY_MS = 30_000;

const counted = async (to: Chain, prefix: Promise<string>) => countOf(to, await prefix);

/** Jobs are read for it one by one. */
const openAuctions = paced(SLOWLY_MS, (to: Chain, _: "all") => countOpen(to));

async function figures(to: Chain) {
	const { apis, query } = to.api;
	const [supply, validators, seats, services, requests, validations, jobs, auctions, now] = await Promise.all([
		apis.TokenApi.supply(AT),
		query.Session.Validators.getValue(AT),
		query.ResultValidation.CurrentTable.getValue(AT),
		counted(to, query.ContinuousPool.Services.getKey()),
		counted(to, query.ContinuousPool.Requests.getKey()),
		counted(to, query.ResultValidation.Tasks.getKey()),
		counted(to, query.TrainingAuction.Jobs.getKey()),
		openAuctions(to, "all"),
		query.Clock.Now.getValue(AT),
	]);
	const table = await query.ResultValidation.Tables.getValue(seats, AT);
	return {
		supply,
		validators: validators.length,
		verifiers: table?.holders.length ?? 0,
		services,
		requests,
		validations,
		jobs,
		auctions,
		now,
	};
}

export default function Overview(): JSX.Element {
	const all = live(() => 0, paced(PACE_MS, figures));
	return (
		<Page title="Network" aside={<Badge>{chain()?.name}</Badge>}>
			<div class="stack wide">
				<Blocks now={all.value()?.now} />
				<Loaded value={all.value()} problem={all.problem()} again={all.again} skeleton={<Skeleton height="22rem" />}>
					{(now) => (
						<>
							<Card title="What goes on">
								<Stats>
									<Stat label="Open auctions" about={<a href="#/provider/market">see them</a>}>
										{soMany(now().auctions)}
									</Stat>
									<Stat label="Jobs">{soMany(now().jobs)}</Stat>
									<Stat label="Services" about={<a href="#/network/services">prices</a>}>
										{soMany(now().services)}
									</Stat>
									<Stat label="Open requests">{soMany(now().requests)}</Stat>
									<Stat label="Validations" about={<a href="#/network/validations">watch them</a>}>
										{soMany(now().validations)}
									</Stat>
									<Stat
										label="Validators"
										about={<a href="#/network/validators">{count(now().verifiers)} with seats to check</a>}
									>
										{count(now().validators)}
									</Stat>
								</Stats>
							</Card>
							<Supply supply={now().supply} />
						</>
					)}
				</Loaded>
				<Feed />
			</div>
		</Page>
	);
}

interface Seen {
	number: number;
	hash: string;
	at: number;
}

const MOST_SEEN = 12;

function Blocks(props: { now: number | undefined }): JSX.Element {
	const [seen, setSeen] = createSignal<Seen[]>([]);
	createEffect(
		on(best, (block) => {
			if (!block) return void setSeen([]);
			// A block that is not built upon is replaced by one of the same height.
			setSeen((all) =>
				[{ ...block, at: Date.now() }, ...all.filter(({ number }) => number < block.number)].slice(0, MOST_SEEN),
			);
		}),
	);
	const behind = () => Math.max(0, (best()?.number ?? 0) - (final()?.number ?? 0));
	const isFinal = (block: Seen) => block.number <= (final()?.number ?? 0);
	const pace = createMemo(() => {
		const [first, last] = [seen().at(-1), seen()[0]];
		if (!first || !last || last.number - first.number < 3) return undefined;
		return (last.at - first.at) / 1000 / (last.number - first.number);
	});
	const isLive = () => connection().phase === "ready";
	return (
		<Card title="Blocks" aside={<Badge tone={isLive() ? "good" : "warn"}>{isLive() ? "live" : "not connected"}</Badge>}>
			<div class="stack">
				<Stats>
					<Stat label="Best">{count(best()?.number ?? 0)}</Stat>
					<Stat label="Final" about={behind() === 0 ? "all of it" : `${count(behind())} behind the best`}>
						{count(final()?.number ?? 0)}
					</Stat>
					<Stat label="A block each" about={`meant: ${BLOCK_SECONDS} s`}>
						<Show when={pace()} fallback={<span class="quiet">…</span>}>
							{(seconds) => `${seconds().toFixed(1)} s`}
						</Show>
					</Stat>
					<Stat label="Network's clock" about="stands still while finality lags">
						<Show when={props.now !== undefined} fallback={<Skeleton width="4rem" />}>
							{count(props.now ?? 0)}
						</Show>
					</Stat>
				</Stats>
				<ol class="blocks" aria-label="The last blocks, the newest first">
					<For each={seen()}>
						{(block) => (
							<li data-final={isFinal(block)} title={block.hash}>
								<strong>{count(block.number)}</strong>
								<span class="small">{isFinal(block) ? "final" : "best"}</span>
							</li>
						)}
					</For>
				</ol>
			</div>
		</Card>
	);
}

type Figures = Awaited<ReturnType<typeof figures>>;

function Supply(props: { supply: Figures["supply"] }): JSX.Element {
	const of = () => props.supply;
	const part = (amount: bigint) => Number((amount * 10_000n) / (of().cap || 1n)) / 10_000;
	return (
		<Card title="Supply and emission">
			<div class="stack">
				<Stats>
					<Stat label="Exists now">
						<Amount of={of().issued} digits={0} />
					</Stat>
					<Stat label="Cap, for ever">
						<Amount of={of().cap} digits={0} />
					</Stat>
					<Stat label="Burned">
						<Amount of={of().burned} />
					</Stat>
				</Stats>
				<Progress part={part(of().minted)} label="Minted, of the cap" />
				<Facts>
					<Fact label="Ever minted">
						<Amount of={of().minted} digits={2} />{" "}
						<span class="small quiet">{percent(part(of().minted) * 1e9)} of the cap</span>
					</Fact>
					<Fact label="Left to emit">
						<Amount of={of().emission_left} digits={2} />{" "}
						<span class="small quiet">to stakers, a fixed share of what is left in each era</span>
					</Fact>
					<Fact label="The next era pays">
						<Amount of={of().next_era_payout} /> <span class="small quiet">if it takes as long as it is meant to</span>
					</Fact>
					<Fact label="Not claimed yet">
						<Amount of={of().unclaimed} digits={2} />{" "}
						<span class="small quiet">
							of the Ethereum token
							<Show when={of().claims_deadline}>{(deadline) => <>, until block {count(deadline())}</>}</Show>
						</span>
					</Fact>
				</Facts>
			</div>
		</Card>
	);
}

const MOST_FEED = 15;

function Feed(): JSX.Element {
	const last = () => past().happened.slice(-MOST_FEED).reverse();
	return (
		<Card
			title="What has happened"
			aside={
				<LinkButton small href="#/network/validations">
					Validations
				</LinkButton>
			}
		>
			<Show
				when={last().length > 0}
				fallback={
					<Empty icon="blocks" title={past().isReading ? "Reading the last blocks" : "Nothing was seen yet"}>
						Payments, penalties and verdicts of final blocks appear here.
						{chain()?.isLight ? " A light client fetches only the last blocks." : ""}
					</Empty>
				}
			>
				<Table label="What has happened" heads={["Block", "What", { title: "When", class: "right only-wide" }]}>
					<For each={last()}>
						{(one) => (
							<tr>
								<td>{count(one.block)}</td>
								<td>
									<Said one={one} />
								</td>
								<td class="right nowrap quiet only-wide">{date(one.time)}</td>
							</tr>
						)}
					</For>
				</Table>
			</Show>
		</Card>
	);
}

const PAID = { request: "for a request", job: "for a job", check: "for checking" };

function Said(props: { one: Happened }): JSX.Element {
	const work = (name: string) => (
		<a href={`#/validation/${name}`}>
			<code>{short(name)}</code>
		</a>
	);
	switch (props.one.is) {
		case "paid":
			return (
				<>
					<Who address={props.one.who} plain /> was paid <Amount of={props.one.amount} /> {PAID[props.one.purpose]}{" "}
					{work(props.one.work)}
				</>
			);
		case "taken":
			return (
				<>
					<Who address={props.one.who} plain /> lost{" "}
					<span class="bad">
						<Amount of={props.one.amount} />
					</span>{" "}
					({faultWords(props.one.fault).title.toLowerCase()}) {work(props.one.work)}
				</>
			);
		case "asked":
			return (
				<>
					<a href={`#/network/services/${props.one.service}`}>Service {props.one.service}</a> was asked, at{" "}
					{ogpu(props.one.price)} OGPU a leaf
				</>
			);
		case "concluded":
			return (
				<>
					{work(props.one.work)}{" "}
					<Badge tone={conclusionWords(props.one.conclusion).tone}>{conclusionWords(props.one.conclusion).title}</Badge>
				</>
			);
	}
}
