// All that an account asked: what is open, and what has ended.

import { For, type JSX, Show } from "solid-js";
import { fundsOf } from "../../chain/funds";
import { live } from "../../chain/live";
import type { Task } from "../../chain/ogpu";
import { livePage } from "../../chain/pages";
import { date } from "../../format";
import { settings } from "../../settings";
import {
	Amount,
	Badge,
	Card,
	Empty,
	Icon,
	LinkButton,
	Loaded,
	Page,
	Skeleton,
	SkeletonList,
	Stat,
	Stats,
} from "../../ui";
import { InPages, Pager } from "../../ui/lists";
import { cost, type Entry, entryOf, journal, spentToday } from "./journal";
import { kindIcon, Next, OfAccount } from "./parts";
import { type Listed, openAmong, SIZE, tasksOf } from "./tasks";
import { ending, happens, kindTitle } from "./words";

export default function Work(): JSX.Element {
	return (
		<Page
			title="Your work"
			aside={
				<>
					<LinkButton href="#/services" icon="chat">
						Ask a service
					</LinkButton>
					<LinkButton href="#/new" kind="primary" icon="plus">
						New job
					</LinkButton>
				</>
			}
		>
			<OfAccount to="Choose an account to see what it asked, and to ask for more.">
				{(address) => <Of address={address} />}
			</OfAccount>
		</Page>
	);
}

function Of(props: { address: string }): JSX.Element {
	const funds = live(() => props.address, fundsOf);
	const open = livePage(() => props.address, tasksOf);
	// Of what this browser does not know to have ended.
	const known = live(() => journal().flatMap(({ name, kind, ended }) => (ended ? [] : [{ name, kind }])), openAmong);
	const ended = () => {
		const names = new Set(known.value()?.names);
		return known.value() ? journal().filter((entry) => entry.ended || !names.has(entry.name)) : [];
	};
	return (
		<div class="stack wide">
			<Card>
				<Loaded
					value={funds.value()}
					problem={funds.problem()}
					again={funds.again}
					skeleton={
						<Stats>
							<For each={["Can be spent", "Held", "Lock", "Last 24 hours"]}>
								{(label) => (
									<Stat label={label} about={<Skeleton width="70%" />}>
										<Skeleton width="60%" />
									</Stat>
								)}
							</For>
						</Stats>
					}
				>
					{(funds) => (
						<Stats>
							<Stat label="Can be spent" about="of your balance">
								<Amount of={funds().spendable} />
							</Stat>
							<Stat label="Held" about="for work, locks and deposits">
								<Amount of={funds().held} />
							</Stat>
							<Stat label="Lock" about="answers for your inputs">
								<Amount of={funds().locked} />
							</Stat>
							<Stat label="Last 24 hours" about={limit()}>
								<Amount of={spentToday(journal(), Date.now())} />
							</Stat>
						</Stats>
					)}
				</Loaded>
			</Card>

			<Card title="Open" flush>
				<Loaded value={open.value()} problem={open.problem()} again={open.again} skeleton={<SkeletonList rows={2} />}>
					{(found) => (
						<Show
							when={found().items.length > 0 || open.walk.back() || open.walk.forward()}
							fallback={
								<Empty
									icon="spark"
									title="Nothing is open"
									action={
										<LinkButton href="#/services" kind="primary">
											See what there is to ask
										</LinkButton>
									}
								>
									Ask a service, or have something trained or rendered: it stands here until its verdict, with who has
									to act, and until when.
								</Empty>
							}
						>
							<ul class="list">
								<For each={found().items} fallback={<li class="entry quiet">Nothing of yours is on this page.</li>}>
									{(listed) => <Open listed={listed} />}
								</For>
							</ul>
						</Show>
					)}
				</Loaded>
				<Pager of="what is open" walk={open.walk} />
			</Card>

			<Show when={ended().length > 0}>
				<Card title="Ended" aside={<span class="small quiet">as this browser remembers it</span>} flush>
					<InPages of="what has ended" list={ended()} size={SIZE}>
						{(shown) => (
							<ul class="list">
								<For each={shown()}>{(entry) => <Ended entry={entry} />}</For>
							</ul>
						)}
					</InPages>
				</Card>
			</Show>
		</div>
	);
}

function limit(): JSX.Element {
	return (
		<Show when={settings().dailyLimit} fallback={<a href="#/budget">no limit is set</a>}>
			{(most) => (
				<>
					of <Amount of={most()} />
				</>
			)}
		</Show>
	);
}

function Open(props: { listed: Listed }): JSX.Element {
	const task = () => props.listed.task;
	const known = () => entryOf(props.listed.name);
	const kind = () => {
		const now = task();
		return now.is === "job" ? now.kind : now.is;
	};
	return (
		<li>
			<a class="item" href={`#/task/${props.listed.name}`}>
				<span class="kind">
					<Icon name={kindIcon(kind())} />
				</span>
				<span>
					<span class="title">{known()?.title ?? kindTitle(task())}</span>
					<br />
					<span class="row small">
						<span>{happens(task())}</span>
						<Running task={task()} />
					</span>
				</span>
				<span class="aside">
					<Held task={task()} />
				</span>
			</a>
		</li>
	);
}

function Running(props: { task: Task }): JSX.Element {
	const open = () => (props.task.is === "ended" ? undefined : props.task);
	return <Show when={open()}>{(task) => <Next task={task()} />}</Show>;
}

function Held(props: { task: Task }): JSX.Element {
	const held = () => ("held" in props.task ? props.task.held : undefined);
	return (
		<Show when={held()} fallback={<Badge>{kindTitle(props.task)}</Badge>}>
			{(held) => (
				<>
					<Amount of={held()} /> <br />
					<span class="small quiet">held</span>
				</>
			)}
		</Show>
	);
}

function Ended(props: { entry: Entry }): JSX.Element {
	const paid = () => cost(props.entry);
	return (
		<li>
			<a class="item" href={`#/task/${props.entry.name}`}>
				<span class="kind">
					<Icon name={kindIcon(props.entry.kind)} />
				</span>
				<span>
					<span class="title">{props.entry.title}</span>
					<br />
					<span class="small quiet">
						{ending(props.entry.ended?.how ?? "Ended")} · asked {date(props.entry.asked)}
					</span>
				</span>
				<span class="aside">
					<Amount of={paid().amount} />
					<br />
					<span class="small quiet">{paid().isCertain ? "paid" : "at most"}</span>
				</span>
			</a>
		</li>
	);
}
