// A result, fetched, checked and read by what its manifest says.

import { createResource, createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { model, vectors } from "../../../artifacts";
import { said } from "../../../chain/connection";
import { bytes, count } from "../../../format";
import { fetchArtifact, type Gateway } from "../../../gateway";
import { settled } from "../../../settled";
import { Badge, Button, Note, Progress, Stat, Stats } from "../../../ui";
import type { Manifest } from "../manifest";
import type { Delivered, Sureness } from "../results";
import { Frames } from "./pictures";
import { Save, tried } from "./read";
import { Texts } from "./texts";
import { Vectors } from "./vectors";

const SURENESS: Record<Sureness, { title: string; tone: "good" | "warn" | "bad"; about: string }> = {
	told: {
		title: "unverified",
		tone: "warn",
		about: "Its provider has committed to exactly these bytes. Whether they are right is still being checked.",
	},
	revealed: {
		title: "unverified",
		tone: "warn",
		about: "The chain knows that these bytes are the result. Whether they are right is not decided yet.",
	},
	accepted: { title: "accepted", tone: "good", about: "The chain has accepted exactly these bytes." },
	refused: { title: "not accepted", tone: "bad", about: "The verdict is against this result: do not trust it." },
};

export function SurenessBadge(props: { of: Sureness }): JSX.Element {
	return <Badge tone={SURENESS[props.of].tone}>{SURENESS[props.of].title}</Badge>;
}

/** The bytes of all outputs, in order. */
async function fetchAll(
	through: Gateway,
	parts: Delivered[],
	progress: (bytes: number) => void,
): Promise<Uint8Array[]> {
	const all: Uint8Array[] = [];
	let before = 0;
	for (const part of parts) {
		const options = { sources: part.sources, progress: (bytes: number) => progress(before + bytes) };
		const fetched = await fetchArtifact(
			through,
			part.output,
			part.bytes === undefined ? options : { ...options, size: part.bytes },
		);
		before += fetched.length;
		all.push(fetched);
	}
	return all;
}

export function Result(props: {
	through: Gateway;
	manifest: Manifest;
	/** Where what the manifest names may be had. */
	sources: string[];
	parts: Delivered[];
	/** All of the result is there. */
	isWhole: boolean;
	name: string;
}): JSX.Element {
	const [progress, setProgress] = createSignal(0);
	// Each part of a training begins with what the one before made: the last has all of it.
	const parts = () => (props.manifest.kind === "train" ? props.parts.slice(-1) : props.parts);
	const [isWanted, setWanted] = createSignal(false);
	const size = () => parts().reduce((sum, part) => sum + (part.bytes ?? 0), 0);
	// Small results are fetched at once; large ones when somebody wants them.
	const isSmall = () => size() > 0 && size() < 4 << 20;
	const wanted = () =>
		isWanted() || isSmall()
			? parts()
					.map((part) => `${part.output} ${part.firstLeaf}`)
					.join()
			: undefined;
	const [fetched, { refetch }] = createResource(wanted, async () => ({
		parts: [...parts()],
		bytes: await fetchAll(props.through, parts(), setProgress),
	}));
	const got = () => settled(fetched);
	const least = (): Sureness =>
		(["refused", "told", "revealed"] as const).find((one) => parts().some((part) => part.sureness === one)) ??
		"accepted";
	return (
		<div class="stack">
			<p class="row">
				<SurenessBadge of={least()} />
				<span class="quiet small">{SURENESS[least()].about}</span>
			</p>
			<Switch>
				<Match when={fetched.error}>
					<Note tone="bad">
						<p>The result could not be fetched: {said(fetched.error)}</p>
						<Button small onClick={() => void refetch()}>
							Try again
						</Button>
					</Note>
				</Match>
				<Match when={fetched.loading && !got()}>
					<div class="stack tight">
						<span class="small quiet">Fetching: {bytes(progress())}</span>
						<Progress part={size() ? progress() / size() : 0} label="Fetching the result" />
					</div>
				</Match>
				<Match when={got()}>
					{(got) => (
						<Read
							through={props.through}
							manifest={props.manifest}
							sources={props.sources}
							parts={got().parts}
							bytes={got().bytes}
							isWhole={props.isWhole}
							name={props.name}
						/>
					)}
				</Match>
				<Match when={true}>
					<div>
						<Button icon="down" onClick={() => setWanted(true)}>
							Fetch and check {size() ? bytes(size()) : "the result"}
						</Button>
					</div>
				</Match>
			</Switch>
		</div>
	);
}

function joined(parts: Uint8Array[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

function Read(props: {
	through: Gateway;
	manifest: Manifest;
	sources: string[];
	parts: Delivered[];
	bytes: Uint8Array[];
	isWhole: boolean;
	name: string;
}): JSX.Element {
	const all = () => joined(props.bytes);
	const stem = () => props.name.slice(2, 10);
	const checked = (
		<p class="small quiet">Fetched, and its BLAKE3 hash is the one that was committed to: checked in this page.</p>
	);
	return (
		<Switch>
			<Match when={props.manifest.kind === "train" ? props.bytes.at(-1) : undefined}>
				{(last) => {
					const read = () => tried(() => model(last()));
					return (
						<div class="stack">
							<Show when={read().value} fallback={<Note tone="bad">The model cannot be read: {read().problem}</Note>}>
								{(model) => (
									<Stats>
										<Stat label="Parameters">{count(model().parameters)}</Stat>
										<Stat label="Tensors">{count(model().tensors.length)}</Stat>
										<Stat label="File">{bytes(last().length)}</Stat>
									</Stats>
								)}
							</Show>
							{checked}
							<div>
								<Save bytes={last()} name={`${stem()}.safetensors`}>
									Save the {props.isWhole ? "model" : "checkpoint so far"}
								</Save>
							</div>
						</div>
					);
				}}
			</Match>
			<Match when={props.manifest.kind === "render" ? props.manifest : undefined}>
				{(render) => (
					<div class="stack">
						<Frames manifest={render()} parts={props.parts} bytes={props.bytes} stem={stem()} />
						{checked}
					</div>
				)}
			</Match>
			<Match when={props.manifest.kind === "generate" ? props.manifest : undefined}>
				{(generate) => (
					<div class="stack">
						<Texts output={all()} through={props.through} sources={props.sources} tokenizer={generate().tokenizer} />
						{checked}
						<div>
							<Save bytes={all()} name={`${stem()}.tokens`}>
								Save the tokens
							</Save>
						</div>
					</div>
				)}
			</Match>
			<Match when={props.manifest.kind === "embed" ? props.manifest : undefined}>
				{(embed) => {
					const read = () => tried(() => vectors(all(), embed().width));
					return (
						<div class="stack">
							<Show when={read().value} fallback={<Note tone="bad">The answer cannot be read: {read().problem}</Note>}>
								{(rows) => <Vectors rows={rows()} stem={stem()} />}
							</Show>
							{checked}
						</div>
					);
				}}
			</Match>
		</Switch>
	);
}
