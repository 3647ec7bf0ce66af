// Where a task stands: what happens now, until when, who must act, and how it is checked.

import { For, type JSX, Show } from "solid-js";
import type { EndedTask, JobTask, RequestTask, Validation, ValidationTask } from "../../../chain/ogpu";
import { count, percent, plural, spoken } from "../../../format";
import { Badge, Card, Progress, Skeleton, Stat, Stats, Steps, Who } from "../../../ui";
import { InPages } from "../../../ui/lists";
import { Next } from "../parts";
import { useTask } from "../tasks";
import { checks, happens, isRight } from "../words";

export function Now(props: { task: JobTask | RequestTask; steps: string[]; at: number }): JSX.Element {
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

/** A validation that is open. */
export function Underway(props: { validation: ValidationTask }): JSX.Element {
	return (
		<Card>
			<h2>{happens(props.validation)}</h2>
			<Next task={props.validation} />
		</Card>
	);
}

export function Verdict(props: { of: EndedTask }): JSX.Element {
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

const RACING: Record<string, { title: string; tone?: "good" | "warn" | "bad" | "busy" }> = {
	running: { title: "computes", tone: "busy" },
	out: { title: "declined" },
	silent: { title: "was silent", tone: "bad" },
	committed: { title: "committed", tone: "good" },
	paid: { title: "paid", tone: "good" },
};

export function Racers(props: { request: RequestTask }): JSX.Element {
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

export function Parts(props: { job: JobTask }): JSX.Element {
	const tones = { open: "busy", verified: "good", failed: "bad" } as const;
	return (
		<Show when={props.job.committed.length > 0}>
			<Card title="Parts" aside={<span class="small quiet">{props.job.verifiedParts} verified</span>}>
				<InPages of="parts" list={props.job.committed} size={20}>
					{(shown, before) => (
						<ul class="stack">
							<For each={shown()}>
								{(part, index) => (
									<li class="stack tight">
										<div class="row apart">
											<a href={`#/task/${part.task}`}>Part {before() + index() + 1}</a>
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
					)}
				</InPages>
			</Card>
		</Show>
	);
}

function PartStands(props: { name: string }): JSX.Element {
	const found = useTask(() => props.name);
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

export function Checking(props: { of: Validation }): JSX.Element {
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
