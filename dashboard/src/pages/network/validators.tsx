// Validators, the seats that they give, and how they do their duty in checking.

import { For, type JSX, Show } from "solid-js";
import type { Chain } from "../../chain/connection";
import { live } from "../../chain/live";
import { paced } from "../../chain/paced";
import { count, percent } from "../../format";
import { Amount, Badge, Card, Empty, Loaded, Page, Progress, SkeletonList, Stat, Stats, Who } from "../../ui";

const AT = { at: "best" } as const;
const PACE_MS = 6_000;

async function validatorsOf(to: Chain) {
	const { query } = to.api;
	const [validators, era, current, duties, strikes, offers, suspended, now] = await Promise.all([
		query.Session.Validators.getValue(AT),
		query.Staking.ActiveEra.getValue(AT),
		query.ResultValidation.CurrentTable.getValue(AT),
		query.ResultValidation.Duties.getEntries(AT),
		query.ResultValidation.Strikes.getEntries(AT),
		query.ResultValidation.Offers.getEntries(AT),
		query.StakingTrustlock.Suspended.getEntries(AT),
		query.Clock.Now.getValue(AT),
	]);
	const index = era?.index ?? 0;
	const [table, points, total] = await Promise.all([
		query.ResultValidation.Tables.getValue(current, AT),
		query.Staking.ErasRewardPoints.getValue(index, AT),
		query.Staking.ErasTotalStake.getValue(index, AT),
	]);
	const duty = new Map(duties.map(({ keyArgs: [who], value }) => [who, value]));
	const strike = new Map(strikes.map(({ keyArgs: [who], value }) => [who, value]));
	const until = new Map(suspended.map(({ keyArgs: [who], value }) => [who, value]));
	const offering = new Set(offers.map(({ keyArgs: [who] }) => who));
	const earned = new Map(points.individual.map(([who, number]) => [who, number]));
	const holders = new Map((table?.holders ?? []).map((holder) => [holder.operator, holder]));
	const everybody = [...new Set([...validators, ...holders.keys(), ...offering])];
	return {
		era: index,
		total,
		seats: [...holders.values()].reduce((sum, { seats }) => sum + seats, 0),
		points: points.total,
		list: everybody
			.map((who) => ({
				who,
				isValidator: validators.includes(who),
				seats: holders.get(who)?.seats ?? 0,
				stake: holders.get(who)?.stake ?? 0n,
				offers: offering.has(who),
				drawn: duty.get(who)?.drawn ?? 0,
				served: duty.get(who)?.served ?? 0,
				strikes: strike.get(who) ?? 0,
				points: earned.get(who) ?? 0,
				isSuspended: (until.get(who) ?? 0) > now,
			}))
			.sort((a, b) => b.seats - a.seats || b.points - a.points),
	};
}

type Validator = Awaited<ReturnType<typeof validatorsOf>>["list"][number];

export default function Validators(): JSX.Element {
	const all = live(() => 0, paced(PACE_MS, validatorsOf));
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
									<div class="table-wrap">
										<table class="table">
											<thead>
												<tr>
													<th>Validator</th>
													<th class="right">Seats</th>
													<th class="right">Stake</th>
													<th>Duty in this session</th>
													<th class="right">Points</th>
													<th>State</th>
												</tr>
											</thead>
											<tbody>
												<For each={found().list.slice(0, 300)}>{(one) => <Row of={one} />}</For>
											</tbody>
										</table>
									</div>
								</Show>
							</div>
						</Card>
					</div>
				)}
			</Loaded>
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
