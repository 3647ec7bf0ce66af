// What is voted on, how to vote, and the numbers that votes can change.

import { createSignal, For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import { best, chain } from "../../chain/connection";
import { paced } from "../../chain/paced";
import { livePage } from "../../chain/pages";
import { propose } from "../../chain/transactions";
import { count, inTime, ogpu, parseOgpu, percent } from "../../format";
import {
	Badge,
	Button,
	Card,
	Choice,
	Empty,
	Field,
	FormDialog,
	Loaded,
	Note,
	Page,
	Skeleton,
	TextField,
	Who,
} from "../../ui";
import { Pager, Table } from "../../ui/lists";
import { governanceOf, type Parameter, type Referendum } from "./referenda";

const PACE_MS = 6_000;

export default function Governance(): JSX.Element {
	const all = livePage(() => account()?.address ?? "", paced(PACE_MS, governanceOf));
	const [votes, setVotes] = createSignal<Referendum>();
	return (
		<Page title="Parameters and referenda">
			<Loaded value={all.value()} problem={all.problem()} again={all.again} skeleton={<Skeleton height="24rem" />}>
				{(found) => (
					<div class="stack wide">
						<Card title="Referenda">
							<Show
								when={found().referenda.length > 0}
								fallback={
									<Empty icon="vote" title="Nothing is voted on">
										Whoever has tokens can propose a change: docs/governance.md says how, and what it takes on each
										track.
									</Empty>
								}
							>
								<ul class="list">
									<For each={found().referenda}>
										{(one) => <One referendum={one} vote={() => setVotes({ ...one })} again={all.again} />}
									</For>
								</ul>
							</Show>
						</Card>
						<Show when={found().ended.length > 0}>
							<Card title="Decided">
								<Table label="Decided" heads={["Referendum", "Outcome", { title: "Block", class: "right" }]}>
									<For each={found().ended}>
										{(one) => (
											<tr>
												<td>{count(one.id)}</td>
												<td>
													<Badge tone={one.state === "Approved" ? "good" : "warn"}>{one.state}</Badge>
												</td>
												<td class="right">{count(one.at)}</td>
											</tr>
										)}
									</For>
								</Table>
							</Card>
						</Show>
						<Pager of="referenda" walk={all.walk} counted={{ count: found().count, isAll: true }} />
						<div class="columns">
							<Parameters parameters={found().parameters} />
							<Card title="Fixed by the runtime">
								<Table label="Fixed by the runtime">
									<For each={found().fixed}>
										{(one) => (
											<tr>
												<th scope="row">{one.name}</th>
												<td class="right nowrap">{one.value}</td>
											</tr>
										)}
									</For>
								</Table>
							</Card>
						</div>
					</div>
				)}
			</Loaded>
			<Show when={votes()}>
				{(one) => (
					<Vote referendum={one()} lockBlocks={all.value()?.lockBlocks ?? 0} close={() => setVotes(undefined)} />
				)}
			</Show>
		</Page>
	);
}

function Parameters(props: { parameters: Parameter[] }): JSX.Element {
	return (
		<Card title="Parameters that votes can change">
			<Table label="Parameters" heads={["Parameter", { title: "Now", class: "right" }]}>
				<For each={props.parameters}>
					{(one) => (
						<tr>
							<td>
								{one.name} <span class="small quiet">{one.area.toLowerCase()}</span>
							</td>
							<td class="right nowrap">
								{one.value}{" "}
								<Show when={one.isSet}>
									<Badge tone="busy">changed</Badge>
								</Show>
							</td>
						</tr>
					)}
				</For>
			</Table>
		</Card>
	);
}

function One(props: { referendum: Referendum; vote: () => void; again: () => void }): JSX.Element {
	const of = () => props.referendum;
	const mayAct = () => account()?.signer !== undefined;
	const remove = async () => {
		const to = chain();
		if (!to) return;
		await propose({
			title: `Take back your vote on ${of().id}`,
			says: ["Tokens that were locked for it stay so until their time is over."],
			calls: [to.api.tx.ConvictionVoting.remove_vote({ class: of().track, index: of().id })],
		});
		props.again();
	};
	return (
		<li class="entry stack">
			<div class="row apart">
				<h3>
					{count(of().id)}. {of().call?.name ?? "A call that is not known yet"}
				</h3>
				<div class="row">
					<Badge>{of().trackName}</Badge>
					<Badge tone="busy">{of().state}</Badge>
					<Show when={of().until}>
						{(until) => <span class="small quiet">{inTime(Math.max(0, until() - (best()?.number ?? 0)))} left</span>}
					</Show>
				</div>
			</div>
			<Show when={of().call}>
				{(call) => (
					<details>
						<summary>Its arguments</summary>
						<pre class="call">{call().text}</pre>
					</details>
				)}
			</Show>
			<div class="stack tight">
				<Meter
					label="Ayes, of all votes"
					value={of().approval}
					needed={of().neededApproval}
					about={`${ogpu(of().ayes)} for, ${ogpu(of().nays)} against`}
				/>
				<Meter label="Ayes, of all tokens" value={of().support} needed={of().neededSupport} />
			</div>
			<div class="row apart">
				<span class="small quiet">
					proposed by <Who address={of().proposer} plain />
				</span>
				<div class="row">
					<Show when={of().mine}>
						{(mine) => (
							<>
								<Badge tone={mine().isAye === undefined ? undefined : mine().isAye ? "good" : "bad"}>
									you: {mine().isAye === undefined ? "split" : mine().isAye ? "aye" : "nay"}, {ogpu(mine().balance)} ×{" "}
									{mine().conviction === 0 ? "0.1" : mine().conviction}
								</Badge>
								<Button small kind="plain" onClick={() => void remove()}>
									Take it back
								</Button>
							</>
						)}
					</Show>
					<Show when={mayAct()} fallback={<span class="small quiet">choose an account with its key to vote</span>}>
						<Button small kind="primary" onClick={props.vote}>
							{of().mine ? "Change your vote" : "Vote"}
						</Button>
					</Show>
				</div>
			</div>
		</li>
	);
}

function Meter(props: { label: string; value: number; needed: number; about?: string }): JSX.Element {
	const isEnough = () => props.value >= props.needed;
	return (
		<div>
			<div class="row apart small">
				<span>
					{props.label} <span class="quiet">{props.about}</span>
				</span>
				<span class={isEnough() ? "good" : "quiet"}>
					{percent(props.value)} of {Number.isNaN(props.needed) ? "?" : percent(Math.round(props.needed))} needed
				</span>
			</div>
			{/* biome-ignore lint/a11y/useSemanticElements: a meter cannot show what is needed */}
			<span
				class="meter"
				role="meter"
				aria-label={props.label}
				aria-valuemin="0"
				aria-valuemax="100"
				aria-valuenow={Math.round(props.value / 1e7)}
			>
				<span classList={{ good: isEnough() }} style={{ width: `${Math.min(100, props.value / 1e7)}%` }} />
				<i style={{ left: `${Math.min(100, (props.needed || 0) / 1e7)}%` }} />
			</span>
		</div>
	);
}

/** What a conviction multiplies votes by, and for how long it locks them after the vote. */
function convictions(lockBlocks: number): { value: number; title: string }[] {
	return Array.from({ length: 7 }, (_, value) => ({
		value,
		title: value === 0 ? "0.1 ×, without a lock" : `${value} ×, locked for ${inTime(lockBlocks * 2 ** (value - 1))}`,
	}));
}

function Vote(props: { referendum: Referendum; lockBlocks: number; close: () => void }): JSX.Element {
	const [side, setSide] = createSignal<"aye" | "nay">("aye");
	const [typed, setTyped] = createSignal("");
	const [conviction, setConviction] = createSignal(1);
	const [isWrong, setWrong] = createSignal(false);
	const problem = () => {
		const read = parseOgpu(typed());
		if (typeof read !== "bigint") return read.problem;
		return read === 0n ? "Vote with more than nothing." : undefined;
	};
	const send = () => {
		const [to, balance] = [chain(), parseOgpu(typed())];
		if (problem() || typeof balance !== "bigint" || !to) return void setWrong(true);
		const vote = (side() === "aye" ? 128 : 0) + conviction();
		const chosen = convictions(props.lockBlocks).find(({ value }) => value === conviction())?.title ?? "";
		const poll_index = props.referendum.id;
		const says = `${side() === "aye" ? "Aye" : "Nay"}, with ${ogpu(balance)} OGPU: ${chosen}.`;
		props.close();
		void propose({
			title: `Vote on referendum ${poll_index}`,
			says: [says],
			calls: [
				to.api.tx.ConvictionVoting.vote({
					poll_index,
					vote: { type: "Standard", value: { vote, balance } },
				}),
			],
		});
	};
	return (
		<FormDialog title={`Vote on referendum ${props.referendum.id}`} close={props.close} send={send}>
			<p>
				<strong>{props.referendum.call?.name ?? "A call that is not known yet"}</strong>
			</p>
			<Show when={!props.referendum.call}>
				<Note tone="warn">Nobody has noted what would be called. Do not vote for what you cannot read.</Note>
			</Show>
			<Choice
				label="Your vote"
				value={side()}
				change={setSide}
				options={[
					{ value: "aye", title: "Aye", about: "It should be done." },
					{ value: "nay", title: "Nay", about: "It should not." },
				]}
			/>
			<TextField
				label="With"
				unit="OGPU"
				value={typed()}
				change={setTyped}
				wrong={isWrong() ? problem() : undefined}
				hint="They stay yours. The same tokens can vote on several referenda."
			/>
			<Field label="Conviction" hint="Tokens that win are locked after the vote, for as long as you chose.">
				{(input) => (
					<select
						{...input}
						value={conviction()}
						onChange={(event) => setConviction(Number(event.currentTarget.value))}
					>
						<For each={convictions(props.lockBlocks)}>{(one) => <option value={one.value}>{one.title}</option>}</For>
					</select>
				)}
			</Field>
		</FormDialog>
	);
}
