// Receipts: a file, or what a node makes of a name, checked in the page from the first block on.

import { createEffect, createSignal, For, type JSX, Match, on, Show, Switch } from "solid-js";
import { MOST_BYTES as MOST_ARTIFACT, nameOf } from "../../artifacts";
import { accountOf } from "../../chain/accounts";
import { ask, chain, said } from "../../chain/connection";
import { bounded, count, date, plural, short } from "../../format";
import {
	check,
	type Entry,
	MOST_BYTES,
	MOST_SPEC_BYTES,
	type Part,
	type Proven,
	parse,
	partName,
	type Receipt,
	Refusal,
	shortened,
	verify,
} from "../../receipt";
import { go } from "../../router";
import { Badge, Button, Card, Choice, Copy, Empty, Icon, LinkButton, Note, Page, Progress, TextField } from "../../ui";
import { InPages } from "../../ui/lists";
import { save } from "../../ui/save";
import { RecordFacts } from "../validation";
import { conclusionWords } from "../words";
import { type Known, knownChain, ownChain } from "./trust";

type How = "host" | "file" | "set";

type State =
	| { is: "nothing" }
	/** There is nobody who makes one. */
	| { is: "unmade" }
	| { is: "asking"; says: string }
	| { is: "checking"; done: number; all: number }
	| { is: "proven"; proven: Proven; receipt: Receipt; trusted: string; isPublic: boolean }
	| { is: "refused"; part: Part | undefined; problem: string };

export default function ReceiptPage(props: { name?: string }): JSX.Element {
	const [how, setHow] = createSignal<How>("host");
	const [spec, setSpec] = createSignal<Known>();
	const [specProblem, setSpecProblem] = createSignal<string>();
	const [set, setSet] = createSignal("");
	const [receipt, setReceipt] = createSignal<Receipt>();
	const [from, setFrom] = createSignal("");
	const [state, setState] = createSignal<State>({ is: "nothing" });
	let giving = new AbortController();

	const refuse = (error: unknown) => {
		if (error instanceof DOMException && error.name === "AbortError") return;
		setState({
			is: "refused",
			part: error instanceof Refusal ? error.part : undefined,
			problem: said(error),
		});
	};

	const run = async (of: Receipt) => {
		giving.abort();
		giving = new AbortController();
		const { signal } = giving;
		try {
			setState({ is: "asking", says: "Reading what you trust…" });
			let trusted: string;
			let isPublic = false;
			let trust: Parameters<typeof verify>[1];
			if (how() === "set") {
				const hash = set().trim().toLowerCase();
				if (!/^0x[0-9a-f]{64}$/.test(hash)) throw new Error("Give the hash of the set: 0x and 64 hexadecimal digits.");
				trust = { authorities: hash };
				trusted = `the set ${short(hash)}`;
			} else {
				const known = how() === "file" ? spec() : await knownChain();
				if (!known) throw new Error("Choose the file of a raw chain spec first.");
				trust = { chain: known.chain };
				isPublic = known.chain.isPublic;
				trusted = `${bounded(known.chain.name, 60)}, ${known.from}`;
			}
			signal.throwIfAborted();
			const proven = await verify(of, trust, {
				signal,
				onProgress: (done, all) => setState({ is: "checking", done, all }),
			});
			setState({ is: "proven", proven, receipt: of, trusted, isPublic });
		} catch (error) {
			if (!signal.aborted) refuse(error);
		}
	};

	const take = async (file: File) => {
		setFrom(bounded(file.name, 80));
		try {
			if (file.size > MOST_BYTES) throw new Refusal("file", "it is larger than 16 MiB, and no receipt is");
			const read = parse(await file.text());
			setReceipt(read);
			await run(read);
		} catch (error) {
			refuse(error);
		}
	};

	const fetchNamed = async (name: string) => {
		const to = chain();
		if (!to) return;
		if (!to.methods.has("ogpu_receipt")) return void setState({ is: "unmade" });
		setFrom(`the node, for ${short(name)}`);
		setState({ is: "asking", says: "The node makes the receipt…" });
		try {
			const read = check(await ask(to, "ogpu_receipt", name));
			setReceipt(read);
			await run(read);
		} catch (error) {
			refuse(error);
		}
	};

	const named = () => (props.name && /^0x[0-9a-f]{64}$/i.test(props.name) ? props.name.toLowerCase() : undefined);
	createEffect(
		on([named, () => chain() !== undefined], ([name, isThere]) => {
			if (name && isThere) void fetchNamed(name);
		}),
	);
	// Another trust is another answer.
	createEffect(
		on(
			[how, spec],
			() => {
				const read = receipt();
				if (read && (how() !== "file" || spec()) && how() !== "set") void run(read);
			},
			{ defer: true },
		),
	);

	const takeSpec = async (file: File) => {
		setSpecProblem(undefined);
		try {
			if (file.size > MOST_SPEC_BYTES) throw new Error("It is larger than any chain spec.");
			setSpec(await ownChain(await file.text(), bounded(file.name, 60)));
		} catch (error) {
			setSpec(undefined);
			setSpecProblem(said(error));
		}
	};

	return (
		<Page title="Receipts">
			<div class="stack wide">
				<p class="quiet">
					A receipt proves to anybody, without a node, what the chain has recorded of a validation. It is checked here,
					in your browser: every signature from what you trust to the record.
				</p>
				<div class="columns">
					<div class="stack wide">
						<Outcome state={state()} from={from()} />
						<Card title="Another one">
							<div class="stack">
								<Drop label="Drop a receipt here, or choose its file" accept=".json,application/json" take={take} />
								<Show when={chain()?.isLight} fallback={<Ask />}>
									<p class="small quiet">
										Nodes make receipts by name, and a light client does not: choose a node under{" "}
										<a href="#/settings">Settings</a>.
									</p>
								</Show>
							</div>
						</Card>
					</div>
					<Card title="What you trust">
						<div class="stack">
							<Choice
								label="Begin with"
								value={how()}
								change={setHow}
								options={[
									{
										value: "host",
										title: "The chain of this page",
										about: "Its first validators, by the spec that the host of this page serves.",
									},
									{ value: "file", title: "A chain spec of yours", about: "A raw one, from whom you trust." },
									{ value: "set", title: "A set that you know", about: "By its hash, as several nodes tell it." },
								]}
							/>
							<Show when={how() === "file"}>
								<Drop label="Choose the file of the raw chain spec" accept=".json,application/json" take={takeSpec} />
								<Show when={spec()}>
									{(known) => (
										<p class="small">
											{bounded(known().chain.name, 60)}, with the genesis <Copy text={known().chain.genesis} />
										</p>
									)}
								</Show>
								<Show when={specProblem()}>{(problem) => <Note tone="bad">{problem()}</Note>}</Show>
							</Show>
							<Show when={how() === "set"}>
								<form
									class="stack tight"
									onSubmit={(event) => {
										event.preventDefault();
										const read = receipt();
										if (read) void run(read);
									}}
								>
									<TextField
										label="Hash of the set"
										value={set()}
										change={setSet}
										placeholder="0x…"
										mono
										hint="The receipt has to begin with this set: ask a node for one, or shorten it."
									/>
									<div class="row end">
										<Button type="submit" disabled={!receipt()}>
											Check again
										</Button>
									</div>
								</form>
							</Show>
						</div>
					</Card>
				</div>
			</div>
		</Page>
	);
}

function Ask(): JSX.Element {
	const [typed, setTyped] = createSignal("");
	const [isWrong, setWrong] = createSignal(false);
	const name = () => typed().trim().toLowerCase();
	const isName = () => /^0x[0-9a-f]{64}$/.test(name());
	return (
		<form
			class="stack tight"
			onSubmit={(event) => {
				event.preventDefault();
				if (!isName()) return void setWrong(true);
				go(`receipt/${name()}`);
			}}
		>
			<TextField
				label="Or ask the node for one"
				value={typed()}
				change={(text) => {
					setTyped(text);
					setWrong(false);
				}}
				placeholder="0x…"
				mono
				wrong={isWrong() ? "A name is 0x and 64 hexadecimal digits." : undefined}
				hint="By the name of a request, a validation or a job, within 90 days after it ended."
			/>
			<div class="row end">
				<Button type="submit">Get it</Button>
			</div>
		</form>
	);
}

export function Drop(props: { label: string; accept?: string; take: (file: File) => unknown }): JSX.Element {
	const [isOver, setOver] = createSignal(false);
	const first = (files: FileList | null | undefined) => {
		const file = files?.[0];
		if (file) void props.take(file);
	};
	return (
		<label
			class="drop"
			classList={{ over: isOver() }}
			onDragOver={(event) => {
				event.preventDefault();
				setOver(true);
			}}
			onDragLeave={() => setOver(false)}
			onDrop={(event) => {
				event.preventDefault();
				setOver(false);
				first(event.dataTransfer?.files);
			}}
		>
			<Icon name="file" size={28} />
			<span>{props.label}</span>
			<input
				type="file"
				accept={props.accept}
				onChange={(event) => {
					first(event.currentTarget.files);
					// The same file may be chosen again.
					event.currentTarget.value = "";
				}}
			/>
		</label>
	);
}

type In<Is extends State["is"]> = Extract<State, { is: Is }>;

function Outcome(props: { state: State; from: string }): JSX.Element {
	const as = <Is extends State["is"]>(is: Is) => (props.state.is === is ? (props.state as In<Is>) : undefined);
	return (
		<Switch>
			<Match when={as("nothing")}>
				<Card>
					<Empty isFirst icon="receipt" title="No receipt yet">
						Drop a file below, or open the receipt of a task or a validation that has ended.
					</Empty>
				</Card>
			</Match>
			<Match when={as("unmade")}>
				<Card>
					<Empty
						isFirst
						icon="receipt"
						title={chain()?.isLight ? "A light client makes no receipts" : "This node makes no receipts"}
						action={<LinkButton href="#/settings">Choose a node</LinkButton>}
					>
						Nodes make them, by the name of what has ended. Or drop the file of one below: it is checked here, without
						anybody.
					</Empty>
				</Card>
			</Match>
			<Match when={as("asking")}>
				{(asking) => (
					<Card>
						<p role="status">{asking().says}</p>
					</Card>
				)}
			</Match>
			<Match when={as("checking")}>
				{(now) => (
					<Card title="Checking signatures">
						<div class="stack tight">
							<Progress part={now().done / Math.max(1, now().all)} label="Signed blocks that were checked" />
							<p class="small quiet">
								{count(now().done)} of {plural(now().all, "signed block")}
							</p>
						</div>
					</Card>
				)}
			</Match>
			<Match when={as("refused")}>
				{(refused) => (
					<Card
						title={<span class="bad">Nothing is proven</span>}
						aside={<span class="small quiet">{props.from}</span>}
					>
						<div class="stack">
							<Note tone="bad">
								<Show when={refused().part} fallback={refused().problem}>
									{(part) => (
										<>
											<strong>{capital(partName(part()))}</strong>: {refused().problem}.
										</>
									)}
								</Show>
							</Note>
							<Show when={refused().part}>
								<p class="small quiet">
									Whoever gave you this cannot prove what it says, or you trust another chain. Docs: docs/receipts.md.
								</p>
							</Show>
						</div>
					</Card>
				)}
			</Match>
			<Match when={as("proven")}>{(found) => <Found of={found()} from={props.from} />}</Match>
		</Switch>
	);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const file = (receipt: Receipt) => new Blob([JSON.stringify(receipt)], { type: "application/json" });

function Found(props: { of: In<"proven">; from: string }): JSX.Element {
	const proven = () => props.of.proven;
	const isGood = () => proven().records.every(({ record }) => record.conclusion === "accepted");
	return (
		<div class="stack wide">
			<Show when={props.of.isPublic}>
				<Note tone="warn">
					Everybody has the keys of this chain's first validators: it is for trying things out, and a receipt of it
					proves nothing to others.
				</Note>
			</Show>
			<Card
				title={
					<span class={isGood() ? "good" : "warn"}>
						{isGood() ? "All of it is proven" : "Proven, and not all was accepted"}
					</span>
				}
				aside={<span class="small quiet">{props.from}</span>}
			>
				<div class="stack">
					<ul class="checklist">
						<Step>
							It begins with {props.of.trusted}, whose genesis is <Copy text={proven().genesis} />
						</Step>
						<Step>
							{proven().changes === 0
								? "No change of validators had to be followed"
								: `${plural(proven().changes, "change")} of validators ${proven().changes === 1 ? "was" : "were"} followed, each signed by the set before it`}
						</Step>
						<Step>
							Block {count(proven().number)}, made {date(Number(proven().time))} by its author's clock, was signed by{" "}
							{count(proven().signed.voters)} of {plural(proven().authorities.size, "validator")} of set{" "}
							{count(proven().authorities.set)}: weight {count(proven().signed.weight)} of{" "}
							{count(proven().signed.total)}, and {count(proven().signed.needed)} is needed
						</Step>
						<Step>
							In its state{" "}
							{proven().records.length === 1
								? "is the record below"
								: `are the ${count(proven().records.length)} records below`}
						</Step>
					</ul>
					<div class="row end">
						<Show when={proven().changes > 0}>
							<Button
								small
								icon="down"
								onClick={() => save(file(shortened(props.of.receipt, proven())), `short-${proven().number}.json`)}
							>
								Shortened, for who trusts set {count(proven().authorities.set)}
							</Button>
						</Show>
						<Button small icon="down" onClick={() => save(file(props.of.receipt), `receipt-${proven().number}.json`)}>
							Save it
						</Button>
					</div>
					<Show when={proven().changes > 0}>
						<p class="small quiet">
							The hash of that set is <Copy text={proven().authorities.hash()} />
						</p>
					</Show>
				</div>
			</Card>
			<InPages of="records" list={proven().records} size={20}>
				{(shown) => <For each={shown()}>{(entry) => <OneRecord entry={entry} />}</For>}
			</InPages>
			<Compare records={proven().records} />
			<Card title="Not proven">
				<ul class="stack tight">
					<li>That a result is right. How likely a wrong one had been found stands in the record.</li>
					<li>
						That validators were honest: two thirds of a set can sign what they like, also of one whose stake was
						withdrawn since. A set that you know from elsewhere makes the chain of trust shorter.
					</li>
					<li>What the chain did after this block, and who may use the result.</li>
					<Show when={proven().job}>
						<li>That these are all parts of the job.</li>
					</Show>
				</ul>
			</Card>
		</div>
	);
}

function Step(props: { children: JSX.Element }): JSX.Element {
	return (
		<li>
			<span class="good">
				<Icon name="check" />
			</span>
			<div>{props.children}</div>
		</li>
	);
}

function OneRecord(props: { entry: Entry }): JSX.Element {
	const of = () => ({
		...props.entry.record,
		provider: accountOf(props.entry.record.provider),
		client: accountOf(props.entry.record.client),
	});
	const words = () => conclusionWords(of().conclusion);
	return (
		<Card
			title={
				<>
					{props.entry.part === undefined ? "Validation" : `Part ${count(props.entry.part)}`}{" "}
					<Copy text={props.entry.name} />
				</>
			}
			aside={<Badge tone={words().tone}>{words().title}</Badge>}
		>
			<RecordFacts of={of()} />
		</Card>
	);
}

/** Whether a file is one that the records name. */
function Compare(props: { records: Entry[] }): JSX.Element {
	const [found, setFound] = createSignal<{ tone: "good" | "bad"; says: string }>();
	const take = async (file: File) => {
		setFound(undefined);
		const name = bounded(file.name, 60);
		if (file.size > MOST_ARTIFACT) {
			return void setFound({ tone: "bad", says: `${name} is too large for a browser: use ogpu verify --result` });
		}
		const hash = await nameOf(new Uint8Array(await file.arrayBuffer()));
		const roles = props.records.flatMap(({ record, part }) => {
			const of = part === undefined ? "" : ` of part ${part}`;
			return [
				...(record.outcome?.output === hash ? [`the result${of}`] : []),
				...(record.start === hash ? [`what the work began from${of}`] : []),
				...(record.manifest === hash ? [`the manifest${of}`] : []),
			];
		});
		setFound(
			roles.length > 0
				? { tone: "good", says: `${name} is ${[...new Set(roles)].slice(0, 5).join(" and ")}, byte for byte.` }
				: { tone: "bad", says: `${name} is nothing that is proven here: its BLAKE3 is ${hash}.` },
		);
	};
	return (
		<Card title="Is this the file?">
			<div class="stack">
				<Drop label="Drop a result, inputs or a manifest: it is compared, and goes nowhere" take={take} />
				<Show when={found()}>{(one) => <Note tone={one().tone}>{one().says}</Note>}</Show>
				<p class="small quiet">
					A model that was trained is a result; pictures and texts that were made of one are not.
				</p>
			</div>
		</Card>
	);
}
