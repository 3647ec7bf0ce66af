// A job, a request or a validation: where it stands, who must act, what came of it, and what its client can do.

import { createEffect, createResource, createSignal, For, type JSX, Match, on, Show, Switch } from "solid-js";
import { account } from "../../chain/accounts";
import { best, type Chain, chain, said } from "../../chain/connection";
import { live } from "../../chain/live";
import type { EndedTask, JobTask, RequestTask, Task, Validation } from "../../chain/ogpu";
import { count, date, percent, plural, spoken } from "../../format";
import { gateway, type Told } from "../../gateway";
import { settled } from "../../settled";
import {
	Amount,
	Badge,
	Button,
	Card,
	Copy,
	Curve,
	Empty,
	Fact,
	Facts,
	LinkButton,
	Loaded,
	Note,
	Page,
	Progress,
	Skeleton,
	Stat,
	Stats,
	Steps,
	Until,
	Who,
} from "../../ui";
import { Actions } from "./actions";
import { cost, entryOf, note } from "./journal";
import { readManifest } from "./manifest";
import { canSign, GatewayNote, Next } from "./parts";
import { Result, SurenessBadge } from "./result";
import { type Delivered, delivered, manifestOf, partNames, sourcesOf, sourcesOfService, told } from "./results";
import { taskOf } from "./tasks";
import {
	checks,
	ending,
	happens,
	isRight,
	JOB_STEPS,
	jobAt,
	kindTitle,
	leavesOf,
	REQUEST_STEPS,
	requestAt,
} from "./words";

export default function TaskPage(props: Record<string, string>): JSX.Element {
	const name = () => (props.name ?? "").toLowerCase();
	return (
		<Show
			when={/^0x[0-9a-f]{64}$/.test(name())}
			fallback={
				<Empty icon="search" title="This names no task" action={<LinkButton href="#/">To your work</LinkButton>}>
					A task is named by 0x and 64 hexadecimal digits: the address may have been cut off.
				</Empty>
			}
		>
			<Named name={name()} />
		</Show>
	);
}

interface Found {
	task: Task | null;
}

function Named(props: { name: string }): JSX.Element {
	const found = live(
		() => props.name,
		async (chain: Chain, name): Promise<Found> => ({ task: (await taskOf(chain, name)) ?? null }),
	);
	const known = () => entryOf(props.name);
	const title = () => {
		const task = found.value()?.task;
		return known()?.title ?? (task ? kindTitle(task) : "A task");
	};
	return (
		<Page
			title={title()}
			aside={<Show when={found.value()?.task}>{(task) => <Actions name={props.name} task={task()} />}</Show>}
		>
			<Loaded value={found.value()} problem={found.problem()} again={found.again} skeleton={<Waiting />}>
				{(found) => (
					<Show when={found().task} fallback={<Gone name={props.name} />}>
						{(task) => <Known name={props.name} task={task()} />}
					</Show>
				)}
			</Loaded>
		</Page>
	);
}

function Waiting(): JSX.Element {
	return (
		<div class="columns">
			<Card>
				<Skeleton height="9rem" />
			</Card>
			<Card>
				<Skeleton height="9rem" />
			</Card>
		</div>
	);
}

/** A job of which nothing is left on the chain but the records of its parts. */
function Gone(props: { name: string }): JSX.Element {
	const known = () => entryOf(props.name);
	return (
		<Show
			when={known()}
			fallback={
				<Card>
					<Empty
						icon="search"
						title="The chain knows no task of this name"
						action={<LinkButton href="#/">To your work</LinkButton>}
					>
						It may have ended long ago, or be of another chain.
					</Empty>
				</Card>
			}
		>
			{(entry) => (
				<div class="columns">
					<div class="stack wide">
						<Show
							when={entry().results.length > 0 || entry().parts || entry().kind === "request"}
							fallback={<Note>It has ended, and this browser remembers no result of it.</Note>}
						>
							<Remembered name={props.name} />
						</Show>
					</div>
					<Card title="It has ended">
						<Facts>
							<Fact label="How">{ending(entry().ended?.how ?? "not known here")}</Fact>
							<Fact label="Asked">{date(entry().asked)}</Fact>
							<Fact label={cost(entry()).isCertain ? "Paid" : "Paid at most"}>
								<Amount of={cost(entry()).amount} />
							</Fact>
							<Fact label="Name">
								<Copy text={props.name} />
							</Fact>
							<Fact label="Receipt">
								<a href={`#/receipt/${props.name}`}>prove what was recorded</a>
							</Fact>
						</Facts>
					</Card>
				</div>
			)}
		</Show>
	);
}

/** What this browser remembers of the results, looked up in the records that the chain keeps. */
function Remembered(props: { name: string }): JSX.Element {
	const results = live(
		() => {
			const entry = entryOf(props.name);
			const known = entry?.results.map((result) => result.task) ?? [];
			if (known.length > 0 || !entry) return known;
			return entry.kind === "request" ? [entry.name] : partNames(entry.name, entry.parts ?? 1);
		},
		async (chain, names) => {
			const found = await Promise.all(names.map((name) => delivered(chain, name, { is: "ended" } as Task, undefined)));
			return { parts: found.flat() };
		},
	);
	const sized = () =>
		(results.value()?.parts ?? []).map((part): Delivered => {
			const bytes = entryOf(props.name)?.results.find((known) => known.output === part.output)?.bytes;
			return bytes === undefined ? part : { ...part, bytes };
		});
	return (
		<Loaded
			value={results.value()}
			problem={results.problem()}
			again={results.again}
			skeleton={<Skeleton height="8rem" />}
		>
			{() => (
				<Show
					when={sized().length > 0}
					fallback={<Note>The chain has no record of a result of it any more, or there was none.</Note>}
				>
					<Results
						name={props.name}
						parts={sized()}
						manifest={entryOf(props.name)?.manifest}
						service={entryOf(props.name)?.service}
						isWhole
					/>
					<Card title="How it was judged">
						<ul class="stack tight">
							<For each={sized()}>
								{(part, index) => (
									<li class="row apart">
										<a href={`#/task/${part.task}`}>{sized().length > 1 ? `Part ${index() + 1}` : "The validation"}</a>
										<SurenessBadge of={part.sureness} />
									</li>
								)}
							</For>
						</ul>
					</Card>
				</Show>
			)}
		</Loaded>
	);
}

function Known(props: { name: string; task: Task }): JSX.Element {
	return (
		<div class="columns">
			<div class="stack wide">
				<Switch>
					<Match when={props.task.is === "job" ? props.task : undefined}>
						{(job) => (
							<>
								<Now task={job()} steps={JOB_STEPS} at={jobAt(job())} />
								<Outcome name={props.name} task={job()} />
								<Parts job={job()} />
							</>
						)}
					</Match>
					<Match when={props.task.is === "request" ? props.task : undefined}>
						{(request) => (
							<>
								<Now task={request()} steps={REQUEST_STEPS} at={requestAt(request())} />
								<Outcome name={props.name} task={request()} />
								<Racers request={request()} />
								<Show when={request().validation}>{(validation) => <Checking of={validation()} />}</Show>
							</>
						)}
					</Match>
					<Match when={props.task.is === "validation" ? props.task : undefined}>
						{(validation) => (
							<>
								<Card>
									<h2>{happens(validation())}</h2>
									<Next task={validation()} />
								</Card>
								<Checking of={validation()} />
							</>
						)}
					</Match>
					<Match when={props.task.is === "ended" ? props.task : undefined}>
						{(ended) => (
							<>
								<Verdict of={ended()} />
								<Outcome name={props.name} task={ended()} />
							</>
						)}
					</Match>
				</Switch>
			</div>
			<Money name={props.name} task={props.task} />
		</div>
	);
}

function Now(props: { task: JobTask | RequestTask; steps: string[]; at: number }): JSX.Element {
	return (
		<Card>
			<div class="stack">
				<div>
					<h2>{happens(props.task)}</h2>
					<Next task={props.task} />
				</div>
				<Steps steps={props.steps} at={props.at} />
			</div>
		</Card>
	);
}

function Verdict(props: { of: EndedTask }): JSX.Element {
	return (
		<Card>
			<div class="stack">
				<div class="row">
					<Badge tone={props.of.conclusion === "accepted" ? "good" : isRight(props.of.conclusion) ? "warn" : "bad"}>
						{spoken(props.of.conclusion)}
					</Badge>
					<h2>{happens(props.of)}</h2>
				</div>
				<Stats>
					<Stat label="Leaves" about={`${count(props.of.drawn)} recomputed`}>
						{count(props.of.leaves)}
					</Stat>
					<Stat label="One wrong leaf" about="would have been found">
						{percent(props.of.detectsOneBillionths)}
					</Stat>
					<Stat label="One wrong in ten" about="would have been found">
						{percent(props.of.detectsTenthBillionths)}
					</Stat>
					<Stat label="Juries" about={plural(props.of.executions, "recomputation")}>
						{count(props.of.juries)}
					</Stat>
				</Stats>
			</div>
		</Card>
	);
}

/** What the provider says and gives, while it is at it and afterwards. */
function Outcome(props: { name: string; task: Task }): JSX.Element {
	const [told, problem, ask] = useTold(
		() => props.name,
		() => props.task,
	);
	const parts = live(
		() => {
			// Also when the provider has told more.
			const { task } = props;
			const committed = task.is === "job" ? task.committed.map((part) => `${part.task}${part.state}`) : [task.is];
			return { committed, told: told()?.committed.map((result) => result.output) };
		},
		async (chain) => ({ all: await delivered(chain, props.name, props.task, told()) }),
	);
	createEffect(() => {
		const all = parts.value()?.all ?? [];
		const known = entryOf(props.name);
		if (!known || all.length === 0) return;
		const results = all.map(({ task, output, bytes }) => ({ task, output, ...(bytes === undefined ? {} : { bytes }) }));
		const before = new Map(known.results.map((result) => [result.task, result]));
		const merged = results.map((result) => ({ ...before.get(result.task), ...result }));
		if (JSON.stringify(merged) !== JSON.stringify(known.results)) note(props.name, { results: merged });
	});
	const sized = () =>
		(parts.value()?.all ?? []).map((part): Delivered => {
			const bytes = part.bytes ?? entryOf(props.name)?.results.find((known) => known.output === part.output)?.bytes;
			return bytes === undefined ? part : { ...part, bytes };
		});
	const isWhole = () => {
		const { task } = props;
		return task.is !== "job" || sized().length >= task.parts;
	};
	const manifest = () => ("manifest" in props.task ? props.task.manifest : props.task.validation?.manifest);
	const service = () => (props.task.is === "request" ? props.task.service : entryOf(props.name)?.service);
	const isYours = () => props.task.client === account()?.address;
	// When all is there, only a curve says more.
	const isRunning = () => sized().length === 0 || !isWhole() || (told()?.progress?.losses.length ?? 0) > 1;
	return (
		<>
			<Show when={isRunning() ? told()?.progress : undefined}>
				{(progress) => (
					<Running progress={progress()} isOfTiles={props.task.is === "job" && props.task.kind === "rendering"} />
				)}
			</Show>
			<Show when={problem()}>
				{(text) => (
					<Note tone="warn">
						The provider's progress cannot be told: {text()}{" "}
						<Button small kind="plain" onClick={ask}>
							Try again
						</Button>
					</Note>
				)}
			</Show>
			<Show when={sized().length > 0}>
				<Results name={props.name} parts={sized()} manifest={manifest()} service={service()} isWhole={isWhole()} />
			</Show>
			<Show
				when={
					isYours() && canSign() && account()?.from !== "development" && gateway() && !told() && isUnderWay(props.task)
				}
			>
				<Card title="Progress">
					<div class="stack">
						<p class="quiet">
							Whoever computes tells its client, and nobody else, how far it is and what came of it. Your wallet signs
							the question.
						</p>
						<div>
							<Button onClick={ask}>Ask the provider</Button>
						</div>
					</div>
				</Card>
			</Show>
			<Show when={isYours() && isUnderWay(props.task)}>
				<GatewayNote />
			</Show>
		</>
	);
}

function isUnderWay(task: Task): boolean {
	if (task.is === "job") return task.provider !== null;
	return task.is === "request" && task.leader !== null;
}

const EVERY_BLOCKS = 2;

/** What the provider tells, asked again every few blocks; wallets are asked when their user wants it. */
function useTold(name: () => string, task: () => Task): [() => Told | undefined, () => string | undefined, () => void] {
	const [answer, setAnswer] = createSignal<Told>();
	const [problem, setProblem] = createSignal<string>();
	const [isWanted, setWanted] = createSignal(false);
	let isAsking = false;
	let last = 0;
	const ask = async (isForced: boolean) => {
		const [to, through, by, block] = [chain(), gateway(), account(), best()];
		const now = task();
		if (!to || !through || !by?.signer || !block || isAsking || !isUnderWay(now) || now.client !== by.address) return;
		if (!isForced && block.number < last + EVERY_BLOCKS) return;
		if (!isForced && by.from !== "development" && !isWanted()) return;
		isAsking = true;
		last = block.number;
		try {
			const found = await told(to, through, by, name(), now);
			if (found) setAnswer(found);
			setProblem(undefined);
			setWanted(true);
		} catch (error) {
			setProblem(said(error));
		} finally {
			isAsking = false;
		}
	};
	createEffect(on([best, gateway, () => isUnderWay(task())], () => void ask(false)));
	return [answer, problem, () => void ask(true)];
}

/** No more squares are drawn for the tiles of pictures. */
const MOST_SQUARES = 600;

function Running(props: {
	progress: { done: number; leaves: number; losses: number[] };
	isOfTiles: boolean;
}): JSX.Element {
	const last = () => props.progress.losses.at(-1);
	return (
		<Card title="Progress" aside={<span class="small quiet">as the provider tells it</span>}>
			<div class="stack">
				<div class="stack tight">
					<div class="row apart">
						<span class="number">
							{count(props.progress.done)} of {count(props.progress.leaves)} leaves
						</span>
						<Show when={last() !== undefined}>
							<span class="number">
								loss <strong data-testid="loss">{last()?.toPrecision(4)}</strong>
							</span>
						</Show>
					</div>
					<Progress part={props.progress.done / Math.max(1, props.progress.leaves)} label="Leaves that are done" />
				</div>
				<Show when={props.isOfTiles && props.progress.leaves <= MOST_SQUARES}>
					<div class="mosaic" aria-hidden="true">
						<For each={Array.from({ length: props.progress.leaves }, (_, leaf) => leaf)}>
							{(leaf) => <span classList={{ done: leaf < props.progress.done }} />}
						</For>
					</div>
				</Show>
				<Show when={props.progress.losses.length > 1}>
					<Curve
						values={props.progress.losses}
						label={`The loss over ${props.progress.losses.length} steps, now ${last()?.toPrecision(4)}`}
					/>
				</Show>
			</div>
		</Card>
	);
}

function Results(props: {
	name: string;
	parts: Delivered[];
	manifest: string | undefined;
	service: number | undefined;
	isWhole: boolean;
}): JSX.Element {
	const [manifest, { refetch }] = createResource(
		() => {
			const [to, through, of] = [chain(), gateway(), props.manifest];
			return to && through && of ? { to, through, of, client: account()?.address } : undefined;
		},
		async ({ to, through, of, client }) => {
			const [own, served] = await Promise.all([
				client ? sourcesOf(to, client) : [],
				props.service === undefined ? [] : sourcesOfService(to, props.service),
			]);
			const sources = [...new Set([...own, ...served, ...props.parts.flatMap((part) => part.sources)])];
			return readManifest(await manifestOf(through, of, sources.slice(0, 16)));
		},
	);
	return (
		<Card title={props.isWhole ? "Result" : "What is there so far"}>
			<Switch fallback={<GatewayNote />}>
				<Match when={manifest.error}>
					<Note tone="bad">
						<p>Its manifest cannot be had, by which a result is read: {said(manifest.error)}</p>
						<Button small onClick={() => void refetch()}>
							Try again
						</Button>
					</Note>
				</Match>
				<Match when={manifest.loading}>
					<Skeleton height="5rem" />
				</Match>
				<Match when={gateway() && settled(manifest) ? { through: gateway(), manifest: settled(manifest) } : undefined}>
					{(ready) => {
						const now = ready();
						return (
							<Show when={now.through && now.manifest}>
								<Result
									through={now.through as NonNullable<typeof now.through>}
									manifest={now.manifest as NonNullable<typeof now.manifest>}
									parts={props.parts}
									isWhole={props.isWhole}
									name={props.name}
								/>
							</Show>
						);
					}}
				</Match>
			</Switch>
		</Card>
	);
}

const RACING: Record<string, { title: string; tone?: "good" | "warn" | "bad" | "busy" }> = {
	running: { title: "computes", tone: "busy" },
	out: { title: "declined" },
	silent: { title: "was silent", tone: "bad" },
	committed: { title: "committed", tone: "good" },
	paid: { title: "paid", tone: "good" },
};

function Racers(props: { request: RequestTask }): JSX.Element {
	return (
		<Show when={props.request.racers.length > 0}>
			<Card title="Who computes">
				<ul class="stack tight">
					<For each={props.request.racers}>
						{(racer) => (
							<li class="row apart">
								<span class="row">
									<Who address={racer.operator} />
									<span class="quiet small">device {racer.device}</span>
									<Show when={racer.operator === props.request.leader}>
										<Badge tone="good">leads</Badge>
									</Show>
								</span>
								<Badge tone={RACING[racer.state]?.tone}>{RACING[racer.state]?.title ?? spoken(racer.state)}</Badge>
							</li>
						)}
					</For>
				</ul>
			</Card>
		</Show>
	);
}

function Parts(props: { job: JobTask }): JSX.Element {
	const tones = { open: "busy", verified: "good", failed: "bad" } as const;
	return (
		<Show when={props.job.committed.length > 0}>
			<Card title="Parts" aside={<span class="small quiet">{props.job.verifiedParts} verified</span>}>
				<ul class="stack">
					<For each={props.job.committed}>
						{(part, index) => (
							<li class="stack tight">
								<div class="row apart">
									<a href={`#/task/${part.task}`}>Part {index() + 1}</a>
									<Badge tone={tones[part.state]}>
										{part.state === "open" ? "is being checked" : spoken(part.state)}
									</Badge>
								</div>
								<Show when={part.state === "open"}>
									<PartStands name={part.task} />
								</Show>
							</li>
						)}
					</For>
				</ul>
			</Card>
		</Show>
	);
}

function PartStands(props: { name: string }): JSX.Element {
	const found = live(
		() => props.name,
		async (chain: Chain, name): Promise<Found> => ({ task: (await taskOf(chain, name)) ?? null }),
	);
	const open = () => {
		const task = found.value()?.task;
		return task?.is === "validation" ? task : undefined;
	};
	return (
		<Show when={open()} fallback={<Skeleton width="60%" />}>
			{(task) => (
				<span class="row small">
					<span>{checks(task())}</span>
					<Next task={task()} />
				</span>
			)}
		</Show>
	);
}

function Checking(props: { of: Validation }): JSX.Element {
	return (
		<Card title="How it is checked">
			<div class="stack">
				<Stats>
					<Stat
						label="Leaves"
						about={props.of.checked > 0 ? `${count(props.of.checked)} drawn to be recomputed` : "not drawn yet"}
					>
						{count(props.of.leaves)}
					</Stat>
					<Stat label="Audited" about="is how likely it was">
						{percent(props.of.auditBillionths)}
					</Stat>
					<Stat label="Shown" about="leaves of the provider">
						{count(props.of.shown)}
					</Stat>
					<Stat label="Challenges">{count(props.of.challenges)}</Stat>
				</Stats>
				<For each={props.of.juries}>
					{(jury) => {
						const ahead = () => Math.max(jury.upheld, jury.inputAtFault, jury.convicted);
						const others = () => jury.upheld + jury.inputAtFault + jury.convicted - ahead();
						return (
							<div class="stack tight">
								<div class="row apart">
									<strong>
										Jury on leaf {jury.leaf}, round {jury.round}
									</strong>
									<span class="small quiet">
										{jury.upheld} for the provider, {jury.convicted} against, {jury.inputAtFault} for inputs at fault
									</span>
								</div>
								<Progress
									part={(ahead() - others()) / Math.max(1, jury.marginSeats)}
									label={`Margin of the jury on leaf ${jury.leaf}`}
								/>
							</div>
						);
					}}
				</For>
			</div>
		</Card>
	);
}

function Money(props: { name: string; task: Task }): JSX.Element {
	const known = () => entryOf(props.name);
	const job = () => (props.task.is === "job" ? props.task : undefined);
	const request = () => (props.task.is === "request" ? props.task : undefined);
	const ended = () => (props.task.is === "ended" ? props.task : undefined);
	return (
		<div class="stack wide">
			<Card title="Facts">
				<Facts>
					<Show when={job()}>
						{(job) => (
							<>
								<Fact label="Held">
									<Amount of={job().held} />
								</Fact>
								<Fact label="Ceiling">
									<Amount of={job().budget} />
								</Fact>
								<Show when={job().provider}>
									{(provider) => (
										<>
											<Fact label="Provider">
												<Who address={provider()} />
											</Fact>
											<Fact label="Agreed">
												<Amount of={job().fee} />
											</Fact>
											<Fact label="Paid so far">
												<Amount of={job().released} />
											</Fact>
										</>
									)}
								</Show>
								<Show when={job().deadline}>
									{(deadline) => (
										<Fact label="Due">
											<Until due={deadline()} now={job().now} />
										</Fact>
									)}
								</Show>
								<Fact label="Work">{leavesOf(job())}</Fact>
								<Show when={job().next.act === "bid" || job().next.act === "revealBids"}>
									<Fact label="Sealed bids">{count(job().sealedBids)}</Fact>
								</Show>
							</>
						)}
					</Show>
					<Show when={request()}>
						{(request) => (
							<>
								<Fact label="Held">
									<Amount of={request().held} />
								</Fact>
								<Fact label="A leaf costs">
									<Amount of={request().leafPrice} />
								</Fact>
								<Fact label="Leaves">at most {count(request().ceilingLeaves)}</Fact>
								<Fact label="Service">
									<a href={`#/services/${request().service}`}>{request().service}</a>
								</Fact>
								<Show when={request().redraws > 0}>
									<Fact label="Drawn anew">{plural(request().redraws, "time")}</Fact>
								</Show>
							</>
						)}
					</Show>
					<Show when={ended()}>
						{(ended) => (
							<Fact label="Provider">
								<Who address={ended().provider} />
							</Fact>
						)}
					</Show>
					<Fact label="Client">
						<Who address={props.task.client} />
					</Fact>
					<Show when={known()}>
						{(entry) => (
							<>
								<Fact label="Asked">{date(entry().asked)}</Fact>
								<Show when={entry().ended}>
									<Fact label={cost(entry()).isCertain ? "Paid" : "Paid at most"}>
										<Amount of={cost(entry()).amount} />
									</Fact>
								</Show>
							</>
						)}
					</Show>
				</Facts>
			</Card>
			<Card title="Names">
				<Facts>
					<Fact label="Task">
						<Copy text={props.name} />
					</Fact>
					<Show when={"manifest" in props.task ? props.task.manifest : props.task.validation?.manifest}>
						{(manifest) => (
							<Fact label="Manifest">
								<Copy text={manifest()} />
							</Fact>
						)}
					</Show>
					<Show when={request()}>
						{(request) => (
							<Fact label="Inputs">
								<Copy text={request().inputs} />
							</Fact>
						)}
					</Show>
					<Show when={"outcome" in props.task ? props.task.outcome : request()?.validation?.outcome}>
						{(outcome) => (
							<>
								<Fact label="Output">
									<Copy text={outcome().output} />
								</Fact>
								<Fact label="Root">
									<Copy text={outcome().root} />
								</Fact>
							</>
						)}
					</Show>
				</Facts>
				<Show when={ended()}>
					<p>
						<br />
						<LinkButton href={`#/receipt/${props.name}`} icon="receipt">
							Receipt
						</LinkButton>
					</p>
				</Show>
			</Card>
		</div>
	);
}
