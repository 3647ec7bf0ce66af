// A result, fetched, checked and read by what its manifest says.

import {
	createEffect,
	createMemo,
	createResource,
	createSignal,
	For,
	type JSX,
	Match,
	on,
	onCleanup,
	Show,
	Switch,
} from "solid-js";
import {
	bytesAsText,
	likeness,
	MOST_TOKENIZER,
	model,
	type Picture,
	picture,
	png,
	texts,
	tokenizer,
	vectors,
} from "../../../artifacts";
import { said } from "../../../chain/connection";
import { bytes, count } from "../../../format";
import { fetchArtifact, type Gateway } from "../../../gateway";
import { settled } from "../../../settled";
import { Badge, Button, Note, Progress, Skeleton, Stat, Stats } from "../../../ui";
import { InPages } from "../../../ui/lists";
import { save } from "../../../ui/save";
import type { Manifest, Named } from "../manifest";
import type { Delivered, Sureness } from "../results";

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

function Save(props: { bytes: Uint8Array; name: string; children: JSX.Element }): JSX.Element {
	return (
		<Button icon="down" onClick={() => save(new Blob([props.bytes as Uint8Array<ArrayBuffer>]), props.name)}>
			{props.children}
		</Button>
	);
}

function tried<T>(read: () => T): { value?: T; problem?: string } {
	try {
		return { value: read() };
	} catch (error) {
		return { problem: said(error) };
	}
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

/** Of a text so many tokens are read, and so many letters shown. */
const MOST_TOKENS = 20_000;
const MOST_LETTERS = 20_000;

/** What was written, by the model's tokenizer if it has one. */
function Texts(props: {
	output: Uint8Array;
	through: Gateway;
	sources: string[];
	tokenizer: Named | undefined;
}): JSX.Element {
	const [decoder, { refetch }] = createResource(
		() => props.tokenizer,
		async ({ hash, bytes }) => {
			const options = { size: bytes, sources: props.sources, most: MOST_TOKENIZER };
			const decode = tokenizer(await fetchArtifact(props.through, hash, options));
			return { decode: (tokens: number[]) => decode(tokens.slice(0, MOST_TOKENS)) };
		},
	);
	const read = createMemo(() => {
		const decode = props.tokenizer ? settled(decoder)?.decode : bytesAsText;
		return decode && tried(() => texts(props.output, decode));
	});
	return (
		<Switch fallback={<Skeleton height="4rem" />}>
			<Match when={decoder.error}>
				<Note tone="warn">
					<p>The model's tokenizer cannot be used here: {said(decoder.error)} Save the tokens, or use `ogpu fetch`.</p>
					<Button small onClick={() => void refetch()}>
						Try again
					</Button>
				</Note>
			</Match>
			<Match when={read()?.problem}>
				{(problem) => <Note tone="bad">The answer cannot be read: {problem()}</Note>}
			</Match>
			<Match when={read()?.value}>
				{(found) => (
					<InPages of="texts" list={found()} size={20}>
						{(shown) => (
							<For each={shown()}>
								{(text) => (
									<div class="answer" data-testid="answer">
										{text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text}
									</div>
								)}
							</For>
						)}
					</InPages>
				)}
			</Match>
		</Switch>
	);
}

function Frames(props: {
	manifest: Manifest & { kind: "render" };
	parts: Delivered[];
	bytes: Uint8Array[];
	stem: string;
}): JSX.Element {
	const [frame, setFrame] = createSignal(0);
	const frames = () => Math.min(props.manifest.frames.frames, 1000);
	const shown = (): Picture | { problem: string } => {
		try {
			const pictures = props.bytes.map((bytes, part) =>
				picture(props.manifest.frames, frame(), bytes, props.parts[part]?.firstLeaf ?? 0),
			);
			const [first, ...others] = pictures;
			if (!first) return { problem: "nothing is there yet" };
			// Each part has its own tiles; where one has drawn, the others have not.
			for (const other of others) {
				first.drawn += other.drawn;
				for (let at = 0; at < other.pixels.length; at += 4) {
					if (other.pixels[at + 3]) first.pixels.set(other.pixels.subarray(at, at + 4), at);
				}
			}
			return first;
		} catch (error) {
			return { problem: said(error) };
		}
	};
	const good = () => {
		const now = shown();
		return "problem" in now ? undefined : now;
	};
	return (
		<Show
			when={good()}
			fallback={<Note tone="bad">The picture cannot be read: {(shown() as { problem: string }).problem}</Note>}
		>
			{(picture) => (
				<div class="stack">
					<Canvas picture={picture()} label={`Frame ${frame() + 1}: ${picture().drawn} of ${picture().tiles} tiles`} />
					<div class="row">
						<Show when={frames() > 1}>
							<Button small disabled={frame() === 0} onClick={() => setFrame(frame() - 1)}>
								Before
							</Button>
							<span class="number small">
								Frame {frame() + 1} of {frames()}
							</span>
							<Button small disabled={frame() + 1 >= frames()} onClick={() => setFrame(frame() + 1)}>
								Next
							</Button>
						</Show>
						<span class="small quiet">
							{picture().drawn} of {picture().tiles} tiles
						</span>
						<Button
							icon="down"
							onClick={() => void png(picture()).then((blob) => save(blob, `${props.stem}-${frame() + 1}.png`))}
						>
							Save the picture
						</Button>
					</div>
				</div>
			)}
		</Show>
	);
}

function Canvas(props: { picture: Picture; label: string }): JSX.Element {
	let canvas: HTMLCanvasElement | undefined;
	createEffect(
		on(
			() => props.picture,
			({ width, height, pixels }) => {
				if (!canvas) return;
				canvas.width = width;
				canvas.height = height;
				canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
			},
		),
	);
	onCleanup(() => {
		canvas = undefined;
	});
	return <canvas class="picture" ref={canvas} role="img" aria-label={props.label} data-testid="picture" />;
}

/** No table has more rows. */
const MOST_ROWS = 12;

function Vectors(props: { rows: Float32Array[]; stem: string }): JSX.Element {
	const shown = () => props.rows.slice(0, MOST_ROWS);
	const json = () => new TextEncoder().encode(JSON.stringify(props.rows.map((row) => [...row])));
	return (
		<div class="stack" data-testid="answer">
			<p>
				{count(props.rows.length)} {props.rows.length === 1 ? "vector" : "vectors"} of{" "}
				{count(props.rows[0]?.length ?? 0)} numbers.
			</p>
			<Show when={props.rows.length > 1}>
				<section class="table-wrap" tabindex="0" aria-label="How alike the texts are">
					<table class="table">
						<thead>
							<tr>
								<th scope="col">How alike</th>
								<For each={shown()}>
									{(_, at) => (
										<th scope="col" class="right">
											{at() + 1}
										</th>
									)}
								</For>
							</tr>
						</thead>
						<tbody>
							<For each={shown()}>
								{(row, at) => (
									<tr>
										<th scope="row">Text {at() + 1}</th>
										<For each={shown()}>{(other) => <td class="right">{likeness(row, other).toFixed(2)}</td>}</For>
									</tr>
								)}
							</For>
						</tbody>
					</table>
				</section>
			</Show>
			<div>
				<Save bytes={json()} name={`${props.stem}.json`}>
					Save the vectors
				</Save>
			</div>
		</div>
	);
}
