// What came of a task so far: what its provider says and gives, and the results that can be fetched.

import { createEffect, createResource, type JSX, Match, Show, Switch } from "solid-js";
import { account } from "../../../chain/accounts";
import { chain, said } from "../../../chain/connection";
import { live } from "../../../chain/live";
import type { Task } from "../../../chain/ogpu";
import { gateway } from "../../../gateway";
import { settled } from "../../../settled";
import { Button, Card, Note, Skeleton } from "../../../ui";
import { entryOf, note } from "../journal";
import { readManifest } from "../manifest";
import { canSign, GatewayNote } from "../parts";
import { type Delivered, delivered, manifestOf, sourcesOf, sourcesOfService } from "../results";
import { isUnderWay, Running, useTold } from "./progress";
import { Result } from "./result";

/** Results with their sizes, where this browser remembers them. */
export function withSizes(name: string, parts: Delivered[]): Delivered[] {
	const known = entryOf(name)?.results ?? [];
	return parts.map((part): Delivered => {
		const bytes = part.bytes ?? known.find((result) => result.output === part.output)?.bytes;
		return bytes === undefined ? part : { ...part, bytes };
	});
}

/** What the provider says and gives, while it is at it and afterwards. */
export function Outcome(props: { name: string; task: Task }): JSX.Element {
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
	const sized = () => withSizes(props.name, parts.value()?.all ?? []);
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

export function Results(props: {
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
			const all = [...new Set([...own, ...served, ...props.parts.flatMap((part) => part.sources)])];
			const sources = all.slice(0, 16);
			return { read: readManifest(await manifestOf(through, of, sources)), sources };
		},
	);
	const ready = () => {
		const [through, known] = [gateway(), settled(manifest)];
		return through && known ? { through, ...known } : undefined;
	};
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
				<Match when={ready()}>
					{(now) => (
						<Result
							through={now().through}
							manifest={now().read}
							sources={now().sources}
							parts={props.parts}
							isWhole={props.isWhole}
							name={props.name}
						/>
					)}
				</Match>
			</Switch>
		</Card>
	);
}
