// What is held and agreed for a task, whose it is, and the names of what belongs to it.

import { type JSX, Show } from "solid-js";
import type { Task } from "../../../chain/ogpu";
import { count, date, plural } from "../../../format";
import { Amount, Card, Copy, Fact, Facts, LinkButton, Until, Who } from "../../../ui";
import { cost, entryOf } from "../journal";
import { leavesOf } from "../words";

export function TaskFacts(props: { name: string; task: Task }): JSX.Element {
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
