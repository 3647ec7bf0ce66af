// What an operator earned, what its lock answers for, and what is said of it.

import { createMemo, For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import { chain } from "../../chain/connection";
import { missing, past } from "../../chain/history";
import { live } from "../../chain/live";
import { count, date, ogpu, percent, plural, short } from "../../format";
import {
	Amount,
	Badge,
	Card,
	Empty,
	Fact,
	Facts,
	LinkButton,
	Loaded,
	Note,
	Page,
	Skeleton,
	Stat,
	Stats,
} from "../../ui";
import { Bars } from "../../ui/charts";
import { InPages, Table } from "../../ui/lists";
import { faultWords } from "../words";
import { byDay, byEarner, type Payment, paymentsTo, sum } from "./earnings";
import { LockCard } from "./lock";
import { type Operator, operatorOf } from "./works";

const DAYS = 14;
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });

export default function Overview(): JSX.Element {
	return (
		<Page title="Earnings and record">
			<Show when={account()} fallback={<NoAccount />}>
				{(who) => <Of address={who().address} />}
			</Show>
		</Page>
	);
}

export function NoAccount(): JSX.Element {
	return (
		<Card>
			<Empty isFirst icon="account" title="Whose devices?">
				Choose the account of an operator, at the top right: what it earned, locked and is said to have done is public.
			</Empty>
		</Card>
	);
}

function Of(props: { address: string }): JSX.Element {
	const operator = live(() => props.address, operatorOf);
	const payments = createMemo(() => paymentsTo(props.address, past().happened));
	return (
		<div class="stack wide">
			<Loaded
				value={operator.value()}
				problem={operator.problem()}
				again={operator.again}
				skeleton={<Skeleton height="7rem" />}
			>
				{(status) => (
					<>
						<Show when={status().suspended_until}>
							{(until) => (
								<Note tone="bad">
									Suspended: no work and no seats before block {count(until())} of the network's clock, which shows{" "}
									{count(status().now)}.
								</Note>
							)}
						</Show>
						<Show when={status().devices.length === 0 && status().locked === 0n}>
							<Note>
								Nothing is registered here. The worker does that: <code>ogpu-worker init</code>, then{" "}
								<code>ogpu-worker check</code> says what is missing, and what to do about it.
							</Note>
						</Show>
					</>
				)}
			</Loaded>
			<Earned payments={payments()} />
			<div class="columns">
				<Loaded value={operator.value()} problem={operator.problem()} skeleton={<Skeleton height="16rem" />}>
					{(status) => (
						<div class="stack wide">
							<Penalties status={status()} />
							<Payments payments={payments()} />
						</div>
					)}
				</Loaded>
				<Loaded value={operator.value()} problem={undefined} skeleton={<Skeleton height="16rem" />}>
					{(status) => (
						<div class="stack wide">
							<LockCard status={status()} address={props.address} />
							<Reputation status={status()} />
						</div>
					)}
				</Loaded>
			</div>
		</div>
	);
}

/** From when this page knows, and what it does not. */
export function Since(): JSX.Element {
	const gaps = () => missing(past().ranges);
	return (
		<p class="small quiet">
			<Show
				when={past().since}
				fallback={chain()?.isLight ? "Fetching the last blocks…" : "Reading what the node still knows…"}
			>
				{(since) => (
					<>
						Counted from final blocks since {date(since())}, as far back as{" "}
						{chain()?.isLight ? "a light client looks" : "the node knows their events"}.
					</>
				)}
			</Show>
			<Show when={past().isReading}> Older blocks are being read.</Show>
			<Show when={gaps() > 0}> {plural(gaps(), "block")} in between were not seen by this browser.</Show> Your worker
			counts too: <code>ogpu-worker check</code>.
		</p>
	);
}

function Earned(props: { payments: Payment[] }): JSX.Element {
	const days = createMemo(() => byDay(props.payments, Date.now(), DAYS));
	const today = () => days().at(-1)?.amount ?? 0n;
	const bars = () =>
		days().map(({ start, amount }) => ({
			label: weekday.format(start),
			value: Number(amount) / 1e18,
			says: `${weekday.format(start)}: ${ogpu(amount)} OGPU`,
		}));
	return (
		<Card title="Earned">
			<div class="stack wide">
				<Stats>
					<Stat label="Today">
						<Amount of={today()} />
					</Stat>
					<Stat label="Since it was counted">
						<Amount of={sum(props.payments)} />
					</Stat>
					<Stat label="Payments">{count(props.payments.length)}</Stat>
				</Stats>
				<Bars bars={bars()} label="Earned per day, in OGPU" />
				<Show when={props.payments.length > 0}>
					<Table
						label="Earned, by device"
						heads={["By", { title: "Payments", class: "right" }, { title: "Earned", class: "right" }]}
					>
						<For each={byEarner(props.payments)}>
							{(earner) => (
								<tr>
									<td>
										{earner.purpose === "check"
											? "Checking, with a validator's seats"
											: earner.device === undefined
												? "Work of a device that is not known any more"
												: `Device ${earner.device}`}
									</td>
									<td class="right">{count(earner.payments)}</td>
									<td class="right">
										<Amount of={earner.amount} />
									</td>
								</tr>
							)}
						</For>
					</Table>
				</Show>
				<Since />
			</div>
		</Card>
	);
}

const PURPOSES = { request: "a request", job: "a job", check: "checking" };

function Payments(props: { payments: Payment[] }): JSX.Element {
	const last = createMemo(() => [...props.payments].reverse());
	return (
		<Card title="Last payments">
			<Show
				when={last().length > 0}
				fallback={
					<Empty icon="wallet" title="No payment was seen yet">
						Requests are paid some minutes after their result, when nothing was found against it.
					</Empty>
				}
			>
				<InPages of="payments" list={last()} size={12}>
					{(shown) => (
						<Table label="Last payments" heads={["When", "For", { title: "Amount", class: "right" }]}>
							<For each={shown()}>
								{(payment) => (
									<tr>
										<td class="nowrap">
											{date(payment.time)} <span class="small quiet">block {count(payment.block)}</span>
										</td>
										<td>
											{PURPOSES[payment.purpose]}{" "}
											<a href={`#/validation/${payment.work}`}>
												<code>{short(payment.work)}</code>
											</a>
											<Show when={payment.device !== undefined}>
												<span class="small quiet"> device {payment.device}</span>
											</Show>
										</td>
										<td class="right">
											<Amount of={payment.amount} />
										</td>
									</tr>
								)}
							</For>
						</Table>
					)}
				</InPages>
			</Show>
		</Card>
	);
}

function Reputation(props: { status: Operator }): JSX.Element {
	const all = () => props.status.assessment;
	return (
		<Card title="Reputation" aside={<Badge>{percent(all().score_billionths)}</Badge>}>
			<div class="stack">
				<p class="small quiet">
					The product of three parts. It counts for a tenth in auctions, and decides how often work is audited.
				</p>
				<Facts>
					<Fact label="Experience">
						{percent(all().experience_billionths)}
						<br />
						<span class="small quiet">
							<Amount of={all().record.clean} /> of fees were audited and found clean; 1,000 are half
						</span>
					</Fact>
					<Fact label="Punctuality">
						{percent(all().punctuality_billionths)}
						<br />
						<span class="small quiet">
							<Amount of={all().record.late} /> came late, <Amount of={all().record.punctual} /> in time
						</span>
					</Fact>
					<Fact label="Faultlessness">
						{percent(all().faultlessness_billionths)}
						<br />
						<span class="small quiet">a half with one fresh conviction, a third with two</span>
					</Fact>
				</Facts>
				<p class="small quiet">Merits and lateness count half after 90 days, convictions after 360.</p>
			</div>
		</Card>
	);
}

function Penalties(props: { status: Operator }): JSX.Element {
	const faults = () => [...props.status.faults].reverse();
	return (
		<Card title="Penalties">
			<Show
				when={faults().length > 0}
				fallback={
					<Empty icon="shield" title="None is on record">
						The chain keeps the last 16 faults of an account, with the work that they were about.
					</Empty>
				}
			>
				<ul class="list">
					<For each={faults()}>
						{(fault) => (
							<li class="entry stack tight">
								<div class="row apart">
									<h3>{faultWords(fault.fault.type).title}</h3>
									<Show when={fault.taken > 0n} fallback={<span class="quiet">nothing was taken</span>}>
										<span class="bad">
											−<Amount of={fault.taken} />
										</span>
									</Show>
								</div>
								<p class="small">{faultWords(fault.fault.type).about}</p>
								<div class="row apart">
									<span class="small quiet">block {count(fault.at)} of the network's clock</span>
									<LinkButton small href={`#/validation/${fault.work}`} icon="search">
										See the evidence
									</LinkButton>
								</div>
							</li>
						)}
					</For>
				</ul>
			</Show>
		</Card>
	);
}
