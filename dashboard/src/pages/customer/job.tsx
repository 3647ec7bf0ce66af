// A new job: a manifest and its files, what it would cost, and who could do it, before anything is paid.

import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { nameOf } from "../../artifacts";
import { account, NOBODY } from "../../chain/accounts";
import { ask, type Chain, chain, said } from "../../chain/connection";
import type { Class, DeviceKind, JobQuote } from "../../chain/ogpu";
import { eventOf, propose } from "../../chain/transactions";
import { bytes, inTime, ogpu, parseBlocks, parseOgpu, percent, plural, work } from "../../format";
import { gateway, MOST_UPLOAD, type Shape, shapeOf, upload } from "../../gateway";
import { go } from "../../router";
import { Amount, Badge, Button, Card, Choice, Fact, Field, Icon, Note, Page, TextField } from "../../ui";
import { EXAMPLES, type Example } from "./examples";
import { write } from "./journal";
import { type Manifest, NoManifest, readManifest } from "./manifest";
import { GatewayNote, Signing } from "./parts";
import { prepare } from "./prepare";
import { Costs, QuoteCard } from "./quote";
import { quoting } from "./quoting";

const MOST_MANIFEST = 64 << 10;
/** Devices about which the node is asked at once. */
const MOST_DEVICES = 1_000;
const EMPTY = "0xaf1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

const CLASSES: { value: Class; title: string; about: string }[] = [
	{ value: "economy", title: "Economy", about: "One job in twenty is audited." },
	{ value: "standard", title: "Standard", about: "Always audited: one leaf in twenty." },
	{ value: "high", title: "High", about: "As standard, with larger juries." },
	{ value: "assured", title: "Assured", about: "Every leaf is computed again." },
];

interface Supplied {
	name: string;
	hash: string;
	bytes: Uint8Array;
}

type Read = { manifest: Manifest } | { problem: string };

export default function NewJob(): JSX.Element {
	const [text, setText] = createSignal("");
	const [files, setFiles] = createSignal<Supplied[]>([]);
	const [fileProblem, setFileProblem] = createSignal<string>();
	const [ceiling, setCeiling] = createSignal("1");
	const [sureness, setSureness] = createSignal<Class>("standard");
	const [device, setDevice] = createSignal<DeviceKind | "any">("any");
	const [bidding, setBidding] = createSignal("1m");
	const [within, setWithin] = createSignal("");
	const [parts, setParts] = createSignal("");
	const [problem, setProblem] = createSignal<string>();
	const [isSending, setSending] = createSignal<string>();

	const read = createMemo((): Read | undefined => {
		if (text().trim() === "") return undefined;
		if (new TextEncoder().encode(text()).length > MOST_MANIFEST) return { problem: "A manifest has at most 64 KiB." };
		try {
			const manifest = readManifest(text());
			if (manifest.kind === "train" || manifest.kind === "render") return { manifest };
			return {
				problem: `A manifest of ${manifest.kind} is not sold by auction: publish it with \`ogpu serve\`, and ask the service.`,
			};
		} catch (error) {
			return { problem: error instanceof NoManifest ? error.message : said(error) };
		}
	});
	const manifest = () => {
		const now = read();
		return now && "manifest" in now ? now.manifest : undefined;
	};
	const wrongManifest = () => {
		const now = read();
		return now && "problem" in now ? now.problem : undefined;
	};
	const wanted = () =>
		(manifest()?.named ?? []).map((named) => ({ ...named, file: files().find((file) => file.hash === named.hash) }));

	const amount = () => {
		const read = parseOgpu(ceiling());
		return typeof read === "bigint" && read > 0n ? read : undefined;
	};
	const wrongCeiling = () => {
		const read = parseOgpu(ceiling());
		if (typeof read === "object") return read.problem;
		return read === 0n ? "Give more than nothing." : undefined;
	};
	const time = (text: string) => {
		const read = text.trim() === "" ? undefined : parseBlocks(text);
		return typeof read === "object" ? { problem: read.problem } : { blocks: read };
	};
	const wrongParts = () =>
		parts().trim() === "" || /^([1-9]|[12]\d|3[0-2])$/.test(parts().trim()) ? undefined : "Give a number from 1 to 32.";

	const take = async (list: Iterable<File>) => {
		setFileProblem(undefined);
		for (const file of list) {
			if (file.size > MOST_UPLOAD) {
				setFileProblem(`${file.name} is longer than 256 MiB: use the command line tool, ogpu, for files of this size.`);
				continue;
			}
			const bytes = new Uint8Array(await file.arrayBuffer());
			if (file.name.endsWith(".toml") && bytes.length <= MOST_MANIFEST) {
				setText(new TextDecoder().decode(bytes));
				continue;
			}
			const hash = await nameOf(bytes);
			setFiles((others) => [...others.filter((other) => other.hash !== hash), { name: file.name, hash, bytes }]);
		}
	};

	const begin = async (example: Example) => {
		try {
			const { manifest, files } = await example.load();
			setText(manifest);
			await take(files);
		} catch (error) {
			setFileProblem(`The example cannot be had: ${said(error)}`);
		}
	};

	// What a picture weighs depends on its scene, so the scene has to be in the store before it is known.
	const supplied = () => wanted().filter((named) => named.file);
	const quote = quoting(
		() => {
			const [to, through, most, kind] = [chain(), gateway(), amount(), manifest()?.kind];
			const [bids, longest] = [time(bidding()), time(within())];
			if (!to || !through || !most || !kind || bids.problem || longest.problem || wrongParts()) return undefined;
			if (kind === "render" && supplied().length < wanted().length) return undefined;
			return {
				to,
				through,
				most,
				kind,
				text: text(),
				client: account()?.address ?? NOBODY,
				sureness: sureness(),
				device: device(),
				bids: bids.blocks ?? 20,
				longest: longest.blocks,
				parts: parts().trim() === "" ? undefined : Number(parts()),
				files: kind === "render" ? supplied().flatMap((named) => named.file ?? []) : [],
			};
		},
		async (asked) => {
			for (const file of asked.files) await upload(asked.through, file.bytes);
			const shape = await shapeOf(asked.through, asked.text, {
				...(asked.parts === undefined ? {} : { parts: asked.parts }),
				...(asked.longest === undefined ? {} : { longestBlocks: asked.longest }),
			});
			const spec = specOf(shape, asked);
			const known = await asked.to.api.query.StakingTrustlock.NextDevice.getValue({ at: "best" });
			const devices = Array.from({ length: Math.min(known, MOST_DEVICES) }, (_, at) => known - 1 - at);
			const quote = await ask(asked.to, "ogpu_quote", {
				client: asked.client,
				ceiling: asked.most.toString(),
				job: spec.job,
				leaves: spec.leaves,
				partLeaves: spec.partLeaves,
				leafWork: shape.leaf.work,
				recomputeWork: shape.leaf.recomputeWork,
				fetchedBytes: shape.leaf.fetchedBytes,
				class: asked.sureness,
				capability: 0,
				device: asked.device === "any" ? null : asked.device,
				memoryMb: spec.memoryMb,
				workPerBlock: "1",
				speedBillionths: 0,
				biddingBlocks: asked.bids,
				longestBlocks: spec.longestBlocks,
				reopens: 1,
				devices,
			});
			if (quote.of !== "job") throw new Error("the node answers something else than it was asked");
			const there = quote.devices.filter((device) => !device.reasons.includes("noSuchDevice"));
			return { quote: { ...quote, devices: there }, shape, spec, asked };
		},
	);

	const send = async () => {
		const [to, through, by, found] = [chain(), gateway(), account(), quote.value()];
		setProblem(undefined);
		const missing = wanted().filter((named) => !named.file);
		if (missing.length > 0)
			return void setProblem(`The manifest names ${plural(missing.length, "file")} that you have not given.`);
		if (!to || !through || !by?.signer || !found || quote.isOutdated()) return;
		try {
			for (const { file } of wanted()) {
				if (!file) continue;
				setSending(`Storing ${file.name}…`);
				await upload(through, file.bytes);
			}
			setSending("Storing the manifest…");
			const name = await upload(through, new TextEncoder().encode(found.asked.text));
			const prepared = await prepare(to, by, through, BigInt(found.quote.clientBond));
			setSending("Waiting for you to sign…");
			await order(to, name, found, prepared);
		} catch (error) {
			setProblem(said(error));
		} finally {
			setSending(undefined);
		}
	};

	const order = async (
		to: Chain,
		manifest: string,
		found: NonNullable<ReturnType<typeof quote.value>>,
		prepared: Awaited<ReturnType<typeof prepare>>,
	) => {
		const { quote, spec, shape, asked } = found;
		const [holds, deposit] = [BigInt(quote.held), BigInt(quote.deposit)];
		const kind = spec.job === "training" ? "Training" : "Rendering";
		const sent = await propose({
			title: `New ${spec.job} job`,
			says: [
				...prepared.says,
				`Has ${plural(spec.leaves, "leaf", "leaves")} computed by whoever bids best: at most ${ogpu(asked.most)} OGPU for the work, ${ogpu(quote.checking)} for checking. What is not used returns.`,
			],
			calls: [
				...prepared.calls,
				to.api.tx.TrainingAuction.create({
					spec: {
						kind: { type: kind, value: undefined },
						manifest,
						start: EMPTY,
						leaves: spec.leaves,
						part_leaves: spec.partLeaves,
						leaf: {
							work: BigInt(shape.leaf.work),
							recompute_work: BigInt(shape.leaf.recomputeWork),
							fetched_bytes: BigInt(shape.leaf.fetchedBytes),
						},
						assurance: variant(asked.sureness),
						capability: 0,
						needs: {
							kind: asked.device === "any" ? undefined : variant(asked.device),
							memory_mb: spec.memoryMb,
							work_per_block: 1n,
						},
						speed_billionths: 0,
						bidding_blocks: asked.bids,
						longest_blocks: spec.longestBlocks,
						reopens: 1,
					},
					ceiling: asked.most,
				}),
			],
			holds: holds + prepared.holds,
			spends: holds - deposit,
		});
		if (!sent) return;
		const name = eventOf(sent, "TrainingAuction", "Created")?.job;
		if (typeof name !== "string")
			return void setProblem("It is in a block, and its name is not known: look under Work.");
		write({
			name,
			kind: spec.job,
			title: `${kind} of ${plural(spec.leaves, "leaf", "leaves")}`,
			manifest,
			asked: Date.now(),
			held: String(holds),
			deposit: String(deposit),
			parts: quote.parts,
			results: [],
		});
		go(`task/${name}`);
	};

	return (
		<Page title="New job">
			<div class="columns">
				<form
					class="stack wide"
					onSubmit={(event) => {
						event.preventDefault();
						void send();
					}}
				>
					<GatewayNote />
					<Card
						title="What is to be done"
						aside={
							<div class="row">
								<For each={EXAMPLES}>
									{(example) => (
										<Button small onClick={() => void begin(example)}>
											{example.title}
										</Button>
									)}
								</For>
							</div>
						}
					>
						<div class="stack">
							<Field
								label="Manifest"
								hint="A TOML file that says all that could change the result: docs/workloads.md has every field."
								wrong={wrongManifest()}
							>
								{(input) => (
									<textarea
										{...input}
										class="input mono"
										rows={12}
										spellcheck={false}
										value={text()}
										placeholder="Drop a file here, take an example, or write one."
										onInput={(event) => setText(event.currentTarget.value)}
										onDragOver={(event) => event.preventDefault()}
										onDrop={(event) => {
											event.preventDefault();
											void take(event.dataTransfer?.files ?? []);
										}}
									/>
								)}
							</Field>
							<Field
								label="Files"
								hint="The manifest, and whatever it names. They are told apart by their hashes."
								wrong={fileProblem()}
							>
								{(input) => (
									<input
										{...input}
										type="file"
										multiple
										onChange={(event) => void take(event.currentTarget.files ?? [])}
									/>
								)}
							</Field>
							<Show when={wanted().length > 0}>
								<ul class="stack tight">
									<For each={wanted()}>
										{(named) => (
											<li class="row">
												<span class={named.file ? "good" : "warn"}>
													<Icon name={named.file ? "check" : "alert"} size={16} />
												</span>
												<strong>{named.as}</strong>
												<span class="small quiet">{bytes(named.bytes)}</span>
												<Show when={named.file} fallback={<Badge tone="warn">not given yet</Badge>}>
													{(file) => <span class="small">{file().name}</span>}
												</Show>
											</li>
										)}
									</For>
								</ul>
							</Show>
						</div>
					</Card>
					<Card title="On which terms">
						<div class="stack">
							<TextField
								label="The most that the work may cost"
								value={ceiling()}
								change={setCeiling}
								wrong={wrongCeiling()}
								unit="OGPU"
								hint="Your protection where few bid: you pay what the second best bidder asks, and the rest returns."
							/>
							<Choice label="How surely it is checked" value={sureness()} change={setSureness} options={CLASSES} />
							<details>
								<summary>Time, parts and devices</summary>
								<div class="stack">
									<TextField
										label="Bids are taken for"
										value={bidding()}
										change={setBidding}
										wrong={time(bidding()).problem ?? (bidding().trim() ? undefined : "Give a time.")}
										hint="A minute at least, 7 days at most."
									/>
									<TextField
										label="The work may take"
										value={within()}
										change={setWithin}
										wrong={time(within()).problem}
										placeholder="plenty for an ordinary machine"
									/>
									<TextField
										label="Parts"
										value={parts()}
										change={setParts}
										wrong={wrongParts()}
										placeholder="one for each hour or so"
										hint="Each is validated and paid on its own."
									/>
									<Choice
										label="Devices"
										value={device()}
										change={setDevice}
										options={[
											{ value: "any", title: "Any" },
											{ value: "cpu", title: "CPU" },
											{ value: "cuda", title: "CUDA" },
											{ value: "metal", title: "Metal" },
											{ value: "rocm", title: "ROCm" },
											{ value: "vulkan", title: "Vulkan" },
										]}
									/>
								</div>
							</details>
							<Show when={problem()}>{(text) => <Note tone="bad">{text()}</Note>}</Show>
							<div class="row end">
								<Signing>
									<Button
										kind="primary"
										type="submit"
										disabled={isSending() !== undefined || !quote.value() || quote.isOutdated()}
									>
										{isSending() ?? "Put it up for auction"}
									</Button>
								</Signing>
							</div>
						</div>
					</Card>
				</form>
				<div class="stack wide">
					<QuoteCard
						title="What it would cost"
						quote={quote}
						nothing={<p class="quiet">A manifest, and a gateway to weigh it, tell what it costs.</p>}
					>
						{(found) => <Quoted quote={found().quote} shape={found().shape} most={found().asked.most} />}
					</QuoteCard>
				</div>
			</div>
		</Page>
	);
}

function variant(name: string): never {
	return { type: name.charAt(0).toUpperCase() + name.slice(1), value: undefined } as never;
}

function specOf(shape: Shape, asked: { longest: number | undefined }) {
	if (shape.kind !== "training" && shape.kind !== "rendering") throw new Error("This is a service, not a job.");
	return {
		job: shape.kind,
		leaves: shape.leaves,
		partLeaves: shape.partLeaves ?? shape.leaves,
		memoryMb: shape.memoryMb ?? 1,
		longestBlocks: shape.longestBlocks ?? asked.longest ?? 5_000,
	};
}

function Quoted(props: { quote: JobQuote; shape: Shape; most: bigint }): JSX.Element {
	return (
		<Costs
			quote={props.quote}
			most={BigInt(props.quote.held) - BigInt(props.quote.deposit)}
			work={
				<Fact label="The work">
					<Amount of={props.most} /> <span class="small quiet">at most</span>
				</Fact>
			}
		>
			<Fact label="Such work">
				<Show when={props.quote.usualPrice} fallback="was not sold lately">
					{(price) => (
						<>
							was sold for <Amount of={price()} />
						</>
					)}
				</Show>
				<Show when={props.quote.cheaperBillionths !== null}>
					<br />
					<span class="small quiet">
						{percent(props.quote.cheaperBillionths ?? 0)} of recent sales cost no more than your ceiling
					</span>
				</Show>
			</Fact>
			<Fact label="Size">
				{plural(props.shape.leaves, "leaf", "leaves")} of {work(props.shape.leaf.work)} multiply-adds
				<Show when={props.quote.parts > 1}> in {props.quote.parts} parts</Show>
			</Fact>
			<Fact label="Awarded">in about {inTime(props.quote.awardBlocks)}</Fact>
			<Fact label="Result">due in {inTime(props.quote.resultBlocks)} at the latest</Fact>
			<Fact label="Bidders lock">
				<Amount of={props.quote.bond} />
			</Fact>
		</Costs>
	);
}
