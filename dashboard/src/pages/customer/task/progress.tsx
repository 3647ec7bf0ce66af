// How far a task is, as its provider tells it.

import { createEffect, createSignal, For, type JSX, on, Show } from "solid-js";
import { account } from "../../../chain/accounts";
import { best, chain, said } from "../../../chain/connection";
import type { Task } from "../../../chain/ogpu";
import { count } from "../../../format";
import { gateway, type Told } from "../../../gateway";
import { Card, Curve, Progress } from "../../../ui";
import { told } from "../results";

/** Somebody does it. */
export function isUnderWay(task: Task): boolean {
	if (task.is === "job") return task.provider !== null;
	return task.is === "request" && task.leader !== null;
}

const EVERY_BLOCKS = 2;

/** What the provider tells, asked again every few blocks; wallets are asked when their user wants it. */
export function useTold(
	name: () => string,
	task: () => Task,
): [() => Told | undefined, () => string | undefined, () => void] {
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

export function Running(props: {
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
