// All that the chain still has about one validation: the evidence for a payment or a penalty.

import { createMemo, For, type JSX, Match, Show, Switch } from "solid-js";
import { past } from "../../chain/history";
import { live } from "../../chain/live";
import { count, date, percent, plural, spoken } from "../../format";
import {
	Amount,
	Badge,
	Card,
	Copy,
	Empty,
	Fact,
	Facts,
	LinkButton,
	Loaded,
	Page,
	Skeleton,
	Steps,
	Until,
	Who,
} from "../../ui";
import { InPages, Table } from "../../ui/lists";
import { ArtifactFacts, PartiesFacts, RecordFacts } from "../validation";
import { actWords, conclusionWords, faultWords, PHASES, phaseOf } from "../words";
import { JuryView } from "./juryview";
import { type Evidence, evidenceOf } from "./reads";

export default function OneValidation(props: { name: string }): JSX.Element {
	const name = () => (/^0x[0-9a-f]{64}$/i.test(props.name) ? props.name.toLowerCase() : undefined);
	const evidence = live(name, evidenceOf);
	return (
		<Page title="Validation" aside={<Copy text={props.name.slice(0, 66)} />}>
			<Show
				when={name()}
				fallback={
					<Card>
						<Empty isFirst icon="search" title="This is no name">
							A validation is named by 0x and 64 hexadecimal digits. The address may have been cut off.
						</Empty>
					</Card>
				}
			>
				{(name) => (
					<div class="stack wide">
						<Loaded
							value={evidence.value()}
							problem={evidence.problem()}
							again={evidence.again}
							skeleton={<Skeleton height="24rem" />}
						>
							{(found) => <Found evidence={found()} name={name()} />}
						</Loaded>
						<Happened name={name()} />
					</div>
				)}
			</Show>
		</Page>
	);
}

type Of<Is extends Evidence["is"]> = Extract<Evidence, { is: Is }>;

function Found(props: { evidence: Evidence; name: string }): JSX.Element {
	const as = <Is extends Evidence["is"]>(is: Is) => (props.evidence.is === is ? (props.evidence as Of<Is>) : undefined);
	return (
		<Switch>
			<Match when={as("open")}>{(open) => <Open of={open()} />}</Match>
			<Match when={as("ended")}>{(ended) => <Ended of={ended()} name={props.name} />}</Match>
			<Match when={as("job") ?? as("request")}>
				<Card>
					<Empty
						isFirst
						icon="list"
						title={props.evidence.is === "job" ? "This is a job" : "This is a request"}
						action={<LinkButton href={`#/task/${props.name}`}>See where it stands</LinkButton>}
					>
						{props.evidence.is === "job"
							? "Its parts are validated one by one, under names of their own."
							: "Its result will be validated under the same name, once there is one."}
					</Empty>
				</Card>
			</Match>
			<Match when={as("unknown")}>
				<Card>
					<Empty
						isFirst
						icon="search"
						title="The chain has nothing of this name now"
						action={<LinkButton href={`#/task/${props.name}`}>Look for a task of this name</LinkButton>}
					>
						Records are kept for 90 days after a validation ended. Penalties that are about a job itself, such as a bid
						that was not revealed, have no validation.
					</Empty>
				</Card>
			</Match>
		</Switch>
	);
}

function Open(props: { of: Of<"open"> }): JSX.Element {
	const of = () => props.of;
	return (
		<>
			<Card
				title={actWords(of().next)}
				aside={
					<span class="small quiet">
						<Until due={of().validation.due} now={of().now} />
					</span>
				}
			>
				<div class="stack">
					<Steps steps={PHASES} at={phaseOf(of().validation.stage)} />
					<Show when={of().by.length > 0}>
						<div class="row">
							<span class="quiet">It is the turn of</span>
							<For each={of().by.slice(0, 12)}>{(who) => <Who address={who} plain />}</For>
						</div>
					</Show>
					<Facts>
						<PartiesFacts of={of().validation} />
						<Fact label="At stake">
							<Amount of={of().validation.fee} />
						</Fact>
						<Fact label="Leaves">
							{count(of().validation.leaves)}, of which {count(of().checks.length)} are looked at; the chance of an
							audit was {percent(of().audit)}
						</Fact>
						<ArtifactFacts of={of()} missing="not revealed yet" />
					</Facts>
				</div>
			</Card>
			<Show when={of().validation.juries.length > 0}>
				<Card title="Juries">
					<div class="stack">
						<For each={of().validation.juries}>
							{(jury) => (
								<div class="stack tight">
									<JuryView jury={jury} />
									<Ballots of={of()} leaf={jury.leaf} />
								</div>
							)}
						</For>
					</div>
				</Card>
			</Show>
			<Show when={of().checks.length > 0}>
				<Card title="Leaves that are checked">
					<InPages of="leaves that are checked" list={of().checks} size={50}>
						{(shown) => (
							<Table label="Leaves that are checked" heads={["Leaf", "Auditors", "Shown by the provider"]}>
								<For each={shown()}>
									{(check) => (
										<tr>
											<td>{count(check.leaf)}</td>
											<td>
												<For each={check.auditors}>
													{(auditor) => (
														<div class="row">
															<Who address={auditor.operator} plain />
															<Badge tone={auditor.tone}>{auditor.answer}</Badge>
														</div>
													)}
												</For>
												<Show when={check.challenger}>
													{(who) => (
														<div class="row">
															<Who address={who()} plain /> <Badge tone="warn">challenged it</Badge>
														</div>
													)}
												</Show>
											</td>
											<td>{check.isShown ? "yes" : <span class="quiet">not yet</span>}</td>
										</tr>
									)}
								</For>
							</Table>
						)}
					</InPages>
				</Card>
			</Show>
		</>
	);
}

function Ballots(props: { of: Of<"open">; leaf: number }): JSX.Element {
	const mine = () => props.of.ballots.filter((ballot) => ballot.leaf === props.leaf);
	return (
		<Show when={mine().length > 0}>
			<details>
				<summary>{plural(mine().length, "ballot")}</summary>
				<InPages of="ballots" list={mine()} size={50}>
					{(shown) => (
						<ul class="stack tight">
							<For each={shown()}>
								{(ballot) => (
									<li class="row">
										<Who address={ballot.operator} plain />
										<span class="small quiet">
											round {count(ballot.round)}, {plural(ballot.seats, "seat")}: {ballot.answer}
										</span>
									</li>
								)}
							</For>
						</ul>
					)}
				</InPages>
			</details>
		</Show>
	);
}

function Ended(props: { of: Of<"ended">; name: string }): JSX.Element {
	const record = () => props.of.record;
	const words = () => conclusionWords(record().conclusion);
	return (
		<Card
			title={
				<>
					It ended: <Badge tone={words().tone}>{words().title}</Badge>
				</>
			}
			aside={
				<LinkButton small icon="receipt" href={`#/receipt/${props.name}`}>
					Receipt
				</LinkButton>
			}
		>
			<div class="stack">
				<p>{words().about}</p>
				<RecordFacts of={record()} />
				<p class="small quiet">
					A node proves this record to anybody: its receipt is checked in your browser, from the first block on. How
					sure such a verdict is stands in docs/validation.md.
				</p>
			</div>
		</Card>
	);
}

/** What was paid and taken, as far as this page has seen it. */
function Happened(props: { name: string }): JSX.Element {
	const all = createMemo(() => past().happened.filter((one) => "work" in one && one.work === props.name));
	return (
		<Show when={all().length > 0}>
			<Card title="What came of it">
				<ul class="stack tight">
					<For each={all()}>
						{(one) => (
							<li class="row apart">
								<span>
									<Switch>
										<Match when={one.is === "paid" ? one : undefined}>
											{(paid) => (
												<>
													<Who address={paid().who} plain /> was paid <Amount of={paid().amount} /> for{" "}
													{paid().purpose === "check" ? "checking" : "the work"}
												</>
											)}
										</Match>
										<Match when={one.is === "taken" ? one : undefined}>
											{(taken) => (
												<>
													<Who address={taken().who} plain /> lost{" "}
													<span class="bad">
														<Amount of={taken().amount} />
													</span>
													: {faultWords(taken().fault).title.toLowerCase()}
												</>
											)}
										</Match>
										<Match when={one.is === "concluded" ? one : undefined}>
											{(end) => <>the verdict: {spoken(end().conclusion).toLowerCase()}</>}
										</Match>
									</Switch>
								</span>
								<span class="small quiet">
									block {count(one.block)}, {date(one.time)}
								</span>
							</li>
						)}
					</For>
				</ul>
			</Card>
		</Show>
	);
}
