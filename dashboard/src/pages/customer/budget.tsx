// What was spent, what is held, and how much may be spent in a day: kept and enforced by this browser.

import { createSignal, For, type JSX, Show } from "solid-js";
import { fundsOf } from "../../chain/funds";
import { live } from "../../chain/live";
import { date, ogpu, parseOgpu } from "../../format";
import { change, settings } from "../../settings";
import {
	Amount,
	Badge,
	Button,
	Card,
	Empty,
	Loaded,
	Note,
	Page,
	Progress,
	Skeleton,
	Stat,
	Stats,
	TextField,
} from "../../ui";
import { InPages, Table } from "../../ui/lists";
import { cost, journal, spentToday } from "./journal";
import { OfAccount } from "./parts";
import { ending } from "./words";

export default function Budget(): JSX.Element {
	return (
		<Page title="Budget">
			<OfAccount to="Choose an account to see what it spent and what is held of it.">
				{(address) => <Of address={address} />}
			</OfAccount>
		</Page>
	);
}

function Of(props: { address: string }): JSX.Element {
	const funds = live(() => props.address, fundsOf);
	const today = () => spentToday(journal(), Date.now());
	const ever = () => journal().reduce((sum, entry) => sum + cost(entry).amount, 0n);
	return (
		<div class="columns">
			<div class="stack wide">
				<Card title="Now">
					<Loaded
						value={funds.value()}
						problem={funds.problem()}
						again={funds.again}
						skeleton={<Skeleton height="4rem" />}
					>
						{(funds) => (
							<Stats>
								<Stat label="Can be spent">
									<Amount of={funds().spendable} />
								</Stat>
								<Stat label="Held for open work">
									<Amount of={funds().work} />
								</Stat>
								<Stat label="Lock" about="part of what is held">
									<Amount of={funds().locked} />
								</Stat>
							</Stats>
						)}
					</Loaded>
				</Card>
				<Card title="What was asked" aside={<span class="small quiet">from this browser</span>}>
					<Show
						when={journal().length > 0}
						fallback={<Empty icon="wallet" title="Nothing was asked from this browser with this account" />}
					>
						<InPages of="what was asked" list={journal()} size={25}>
							{(shown) => (
								<Table label="What was asked" heads={["What", "When", "State", { title: "Cost", class: "right" }]}>
									<For each={shown()}>
										{(entry) => (
											<tr>
												<td>
													<a href={`#/task/${entry.name}`}>{entry.title}</a>
												</td>
												<td class="nowrap">{date(entry.asked)}</td>
												<td>
													<Badge tone={entry.ended ? undefined : "busy"}>
														{entry.ended ? ending(entry.ended.how) : "open, or ended while this page was closed"}
													</Badge>
												</td>
												<td class="right nowrap">
													<Amount of={cost(entry).amount} />
													<Show when={!cost(entry).isCertain}>
														<br />
														<span class="small quiet">at most</span>
													</Show>
												</td>
											</tr>
										)}
									</For>
								</Table>
							)}
						</InPages>
					</Show>
				</Card>
			</div>
			<div class="stack wide">
				<Card title="Limit for a day">
					<Limit today={today()} />
				</Card>
				<Card title="All of it">
					<Stats>
						<Stat label="Spent from this browser" about="or still to be spent by what is open">
							<Amount of={ever()} />
						</Stat>
					</Stats>
				</Card>
			</div>
		</div>
	);
}

function Limit(props: { today: bigint }): JSX.Element {
	const [text, setText] = createSignal(
		settings().dailyLimit ? ogpu(settings().dailyLimit, 18).replaceAll(",", "") : "",
	);
	const [wrong, setWrong] = createSignal<string>();
	const [isKept, setKept] = createSignal(false);
	const most = () => (settings().dailyLimit ? BigInt(settings().dailyLimit) : undefined);
	const save = () => {
		const read = text().trim() === "" ? undefined : parseOgpu(text());
		if (typeof read === "object") return void setWrong(read.problem);
		setWrong(undefined);
		change({ dailyLimit: read === undefined ? "" : read.toString() });
		setKept(true);
	};
	return (
		<form
			class="stack"
			onSubmit={(event) => {
				event.preventDefault();
				save();
			}}
		>
			<Show when={most()}>
				{(limit) => (
					<div class="stack tight">
						<span>
							<Amount of={props.today} /> <span class="quiet">of</span> <Amount of={limit()} />{" "}
							<span class="quiet">in the last 24 hours</span>
						</span>
						<Progress part={Number((props.today * 1000n) / limit()) / 1000} label="Of the limit for a day" />
					</div>
				)}
			</Show>
			<TextField
				label="At most, in 24 hours"
				value={text()}
				change={(text) => {
					setText(text);
					setKept(false);
				}}
				wrong={wrong()}
				unit="OGPU"
				placeholder="no limit"
				hint="This page refuses to sign what could go beyond it. Other tools, and other browsers, know nothing of it."
			/>
			<Show when={isKept()}>
				<Note tone="good">{most() === undefined ? "There is no limit now." : "The limit is in force."}</Note>
			</Show>
			<div class="row end">
				<Button type="submit">Keep it</Button>
			</div>
		</form>
	);
}
