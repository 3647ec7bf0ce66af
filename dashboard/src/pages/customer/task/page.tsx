// A job, a request or a validation: where it stands, who must act, what came of it, and what its client can do.

import { type JSX, Match, Show, Switch } from "solid-js";
import type { Task } from "../../../chain/ogpu";
import { Card, Empty, LinkButton, Loaded, Page, Skeleton } from "../../../ui";
import { entryOf } from "../journal";
import { useTask } from "../tasks";
import { JOB_STEPS, jobAt, kindTitle, REQUEST_STEPS, requestAt } from "../words";
import { Actions } from "./actions";
import { TaskFacts } from "./facts";
import { Gone } from "./gone";
import { Outcome } from "./outcome";
import { Checking, Now, Parts, Racers, Underway, Verdict } from "./stands";

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

function Named(props: { name: string }): JSX.Element {
	const found = useTask(() => props.name);
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
								<Underway validation={validation()} />
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
			<TaskFacts name={props.name} task={props.task} />
		</div>
	);
}
