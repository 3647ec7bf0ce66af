// Validators, the seats that they give, and how they do their duty in checking.

import { For, type JSX, Show } from "solid-js";
import { accountOf } from "../../chain/accounts";
import type { Chain } from "../../chain/connection";
import { keysOf, MOST_COUNTED, nameIn } from "../../chain/keys";
import { paced } from "../../chain/paced";
import { type About, livePage } from "../../chain/pages";
import { count, percent } from "../../format";
import { pageOf } from "../../paging";
import { Amount, Badge, Card, Empty, Loaded, Page, Progress, SkeletonList, Stat, Stats, Who } from "../../ui";
import { Pager, Table } from "../../ui/lists";

const AT = { at: "best" } as const;
const PACE_MS = 6_000;
const SIZE = 50;

/** Those who offer seats: of very many only some, and whoever has seats in any case. */
async function offering(to: Chain): Promise<string[]> {
	const prefix = await to.api.query.ResultValidation.Offers.getKey();
	const { items } = await pageOf(keysOf(to, prefix), undefined, MOST_COUNTED);
	return items.map((key) => accountOf(nameIn(key)));
}

/** A page of them, those with the most seats first. */
async function validatorsOf(to: Chain, { after }: About<string>) {
	const { query } = to.api;
	const [validators, era, current, offers, now] = await Promise.all([
		query.Session.Validators.getValue(AT),
		query.Staking.ActiveEra.getValue(AT),
		query.ResultValidation.CurrentTable.getValue(AT),
		offering(to),
		query.Clock.Now.getValue(AT),
	]);
	const index = era?.index ?? 0;
	const [table, points, total] = await Promise.all([
		query.ResultValidation.Tables.getValue(current, AT),
		query.Staking.ErasRewardPoints.getValue(index, AT),
		query.Staking.ErasTotalStake.getValue(index, AT),
	]);
	const earned = new Map(points.individual.map(([who, number]) => [who, number]));
	const holders = new Map((table?.holders ?? []).map((holder) => [holder.operator, holder]));
	const seats = (who: string) => holders.get(who)?.seats ?? 0;
	const everybody = [...new Set([...validators, ...holders.keys(), ...offers])].sort(
		(a, b) => seats(b) - seats(a) || (earned.get(b) ?? 0) - (earned.get(a) ?? 0),
	);
	const from = Number(after ?? 0);
	const shown = everybody.slice(from, from + SIZE);
	const keys = shown.map((who): [string] => [who]);
	const [duties, strikes, suspended] = await Promise.all([
		query.ResultValidation.Duties.getValues(keys, AT),
		query.ResultValidation.Strikes.getValues(keys, AT),
		query.StakingTrustlock.Suspended.getValues(keys, AT),
	]);
	return {
		next: from + SIZE < everybody.length ? String(from + SIZE) : undefined,
		counted: { count: everybody.length, isAll: offers.length < MOST_COUNTED },
		era: index,
		total,
		seats: [...holders.values()].reduce((sum, { seats }) => sum + seats, 0),
		points: points.total,
		list: shown.map((who, at) => ({
			who,
			isValidator: validators.includes(who),
			seats: seats(who),
			stake: holders.get(who)?.stake ?? 0n,
			offers: offers.includes(who),
			drawn: duties[at]?.drawn ?? 0,
			served: duties[at]?.served ?? 0,
			strikes: strikes[at] ?? 0,
			points: earned.get(who) ?? 0,
			isSuspended: (suspended[at] ?? 0) > now,
		})),
	};
}

type Validator = Awaited<ReturnType<typeof validatorsOf>>["list"][number];

export default function Validators(): JSX.Element {
	const all = livePage(() => "all", paced(PACE_MS, validatorsOf));
	return (
		<Page title="Validators">
			<Loaded value={all.value()} problem={all.problem()} again={all.again} skeleton={<SkeletonList rows={4} />}>
				{(found) => (
					<div class="stack wide">
						<Card>
							<Stats>
								<Stat label="Era">{count(found().era)}</Stat>
								<Stat label="Stake of the era">
									<Amount of={found().total} digits={2} />
								</Stat>
								<Stat label="Seats that check" about="handed out by stake">
									{count(found().seats)}
								</Stat>
								<Stat label="Points of the era">{count(found().points)}</Stat>
							</Stats>
						</Card>
						<Card title="Who makes blocks, and who checks">
							<div class="stack">
								<p class="small quiet">
									Verifiers are drawn in proportion to their seats. Duty is counted in each session, and earns points of
									the era; who is silent three times loses its seats for a while, never its blocks.
								</p>
								<Show
									when={found().list.length > 0}
									fallback={
										<Empty icon="shield" title="Nobody validates">
											That cannot last: this page may be behind.
										</Empty>
									}
								>
									<Table
										label="Validators"
										heads={[
											"Validator",
											{ title: "Seats", class: "right" },
											{ title: "Stake", class: "right" },
											"Duty in this session",
											{ title: "Points", class: "right" },
											"State",
										]}
									>
										<For each={found().list}>{(one) => <Row of={one} />}</For>
									</Table>
								</Show>
							</div>
						</Card>
					</div>
				)}
			</Loaded>
			<Pager of="validators" walk={all.walk} counted={all.value()?.counted} />
		</Page>
	);
}

function Row(props: { of: Validator }): JSX.Element {
	const share = () => (props.of.drawn === 0 ? 1 : props.of.served / props.of.drawn);
	return (
		<tr>
			<td>
				<Who address={props.of.who} />
			</td>
			<td class="right">{count(props.of.seats)}</td>
			<td class="right">
				<Amount of={props.of.stake} digits={2} />
			</td>
			<td>
				<Show when={props.of.drawn > 0} fallback={<span class="quiet">not drawn yet</span>}>
					<span class="small">
						{count(props.of.served)} of {count(props.of.drawn)}, {percent(share() * 1e9)}
					</span>
					<Progress part={share()} label="Duty that was done" />
				</Show>
			</td>
			<td class="right">{count(props.of.points)}</td>
			<td>
				<div class="row">
					<Show when={props.of.isSuspended}>
						<Badge tone="bad">suspended</Badge>
					</Show>
					<Show when={props.of.strikes > 0}>
						<Badge tone="warn">silent {count(props.of.strikes)}×</Badge>
					</Show>
					<Show when={props.of.seats > 0} fallback={<Badge>{props.of.offers ? "offers seats" : "no seats"}</Badge>}>
						<Badge tone="good">checks</Badge>
					</Show>
					<Show when={!props.of.isValidator}>
						<Badge>makes no blocks now</Badge>
					</Show>
				</div>
			</td>
		</tr>
	);
}
