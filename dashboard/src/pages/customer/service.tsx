// Asking a service: what it would cost and who could answer, before anything is paid.

import { createResource, createSignal, For, Index, type JSX, Show } from "solid-js";
import { inputs as inputsOf } from "../../artifacts";
import { account, NOBODY } from "../../chain/accounts";
import { ask, chain, said } from "../../chain/connection";
import { live } from "../../chain/live";
import type { RequestQuote, Service } from "../../chain/ogpu";
import { paced } from "../../chain/paced";
import { eventOf, propose } from "../../chain/transactions";
import { bounded, inTime, ogpu, parseBlocks, parseOgpu } from "../../format";
import { gateway, shapeOf, tellPrivate, upload, uploadSealed } from "../../gateway";
import { go } from "../../router";
import { settled } from "../../settled";
import { Amount, Button, Card, Fact, Field, Icon, LinkButton, Loaded, Note, Page, Skeleton, TextField } from "../../ui";
import { NoService } from "../service";
import { write } from "./journal";
import { readManifest } from "./manifest";
import { GatewayNote, Signing } from "./parts";
import { prepare } from "./prepare";
import { Costs, QuoteCard } from "./quote";
import { quoting } from "./quoting";
import { manifestOf, sourcesOfService } from "./results";
import { DELIVERY } from "./services";

const MOST_TEXTS = 200;
const PACE_MS = 5_000;

export default function ServicePage(props: Record<string, string>): JSX.Element {
	const id = () => (/^\d{1,9}$/.test(props.id ?? "") ? Number(props.id) : undefined);
	const found = live(
		id,
		paced(PACE_MS, async (chain, id) => {
			const { services } = await ask(chain, "ogpu_services", id);
			return { service: services.find((service) => service.id === id) ?? null };
		}),
	);
	return (
		<Page
			title={`Ask service ${bounded(props.id ?? "", 12)}`}
			aside={<LinkButton href="#/services">All services</LinkButton>}
		>
			<Show when={id() !== undefined} fallback={<NoService />}>
				<Loaded
					value={found.value()}
					problem={found.problem()}
					again={found.again}
					skeleton={<Skeleton height="14rem" />}
				>
					{(found) => (
						<Show when={found().service} fallback={<NoService />}>
							{(service) => <Asking service={service()} />}
						</Show>
					)}
				</Loaded>
			</Show>
		</Page>
	);
}

interface Asked {
	quote: RequestQuote;
	leaves: number;
	promptWork: string;
}

function Asking(props: { service: Service }): JSX.Element {
	const id = props.service.id;
	const [texts, setTexts] = createSignal([""]);
	const [price, setPrice] = createSignal("");
	const [window, setWindow] = createSignal("3m");
	const [isPrivate, setPrivate] = createSignal(false);
	const [problem, setProblem] = createSignal<string>();
	const [isSending, setSending] = createSignal(false);

	const [manifest, { refetch }] = createResource(
		() => {
			const [to, through] = [chain(), gateway()];
			return to && through ? { to, through } : undefined;
		},
		async ({ to, through }) => {
			const sources = await sourcesOfService(to, id);
			const text = await manifestOf(through, props.service.manifest, sources.slice(0, 16));
			return { text, read: readManifest(text) };
		},
	);
	const read = () => settled(manifest);

	const wrongPrice = () => {
		const most = price().trim() ? parseOgpu(price()) : undefined;
		return typeof most === "object" ? most.problem : undefined;
	};
	const maxPrice = () => {
		const most = price().trim() ? parseOgpu(price()) : undefined;
		return typeof most === "bigint" ? most.toString() : undefined;
	};
	const wrongWindow = () => {
		const blocks = parseBlocks(window());
		return typeof blocks === "object" ? blocks.problem : undefined;
	};
	const blocks = () => {
		const read = parseBlocks(window());
		return typeof read === "number" ? read : 60;
	};
	const written = () => texts().filter((text) => text.trim() !== "");

	// Without a gateway nobody says how many leaves it takes: one for each text is told as what it is.
	const quote = quoting(
		() => {
			const to = chain();
			if (!to || wrongPrice() || wrongWindow() || (gateway() && !read())) return undefined;
			return {
				to,
				through: gateway(),
				manifest: read()?.text,
				count: Math.max(1, written().length),
				client: account()?.address ?? NOBODY,
				maxPrice: maxPrice(),
				window: blocks(),
			};
		},
		async ({ to, through, manifest, count, client, maxPrice, window }): Promise<Asked> => {
			const shape = through && manifest ? await shapeOf(through, manifest, { texts: count }) : undefined;
			const leaves = shape?.leaves ?? count;
			const promptWork = shape?.promptWork ?? "0";
			const quote = await ask(to, "ogpu_quote", {
				client,
				service: id,
				ceilingLeaves: leaves,
				promptWork,
				windowBlocks: window,
				...(maxPrice ? { maxPrice } : {}),
			});
			if (quote.of !== "request") throw new Error("the node answers something else than it was asked");
			return { quote, leaves, promptWork };
		},
	);
	const held = (asked: Asked) => {
		const { fee, pot, checking, deposit } = asked.quote;
		return [fee, pot, checking, deposit].reduce((sum, part) => sum + BigInt(part), 0n);
	};

	const send = async () => {
		const [to, through, by, asked] = [chain(), gateway(), account(), quote.value()];
		setProblem(undefined);
		if (written().length === 0) return void setProblem("Write something to ask.");
		if (!to || !through || !by?.signer || !asked || quote.isOutdated()) return;
		setSending(true);
		try {
			const bytes = inputsOf(written());
			const seals = isPrivate();
			const inputs = seals
				? await uploadSealed(through, bytes, by.address, await endpointsOf(to, asked.quote))
				: await upload(through, bytes);
			const prepared = await prepare(to, by, through, BigInt(asked.quote.clientBond));
			const order = {
				inputs: inputs,
				ceiling_leaves: asked.leaves,
				prompt_work: BigInt(asked.promptWork),
				max_price: BigInt(maxPrice() ?? (1n << 128n) - 1n),
				window_blocks: blocks(),
				secret: undefined,
			};
			const holds = held(asked);
			const deposit = BigInt(asked.quote.deposit);
			const sent = await propose({
				title: `Ask service ${id}`,
				says: [
					...prepared.says,
					`Asks service ${id} ${written().length === 1 ? "one text" : `${written().length} texts`}: at most ${ogpu(holds - deposit)} OGPU, and a deposit of ${ogpu(deposit)} that returns.`,
				],
				calls: [...prepared.calls, to.api.tx.ContinuousPool.request({ service: id, order })],
				holds: holds + prepared.holds,
				spends: holds - deposit,
			});
			if (!sent) return;
			const event = eventOf(sent, "ContinuousPool", "Requested");
			const name = typeof event?.request === "string" ? event.request : undefined;
			if (!name) return void setProblem("It is in a block, and its name is not known: look under Work.");
			write({
				name,
				kind: "request",
				title: bounded(written()[0] ?? "", 80),
				service: id,
				manifest: props.service.manifest,
				inputs,
				asked: Date.now(),
				held: String(event?.held ?? holds),
				deposit: String(deposit),
				results: [],
			});
			// It is asked in any case, and its provider lets in who checks as well.
			if (seals) await tellPrivate(through, name, inputs).catch(() => undefined);
			go(`task/${name}`);
		} catch (error) {
			setProblem(said(error));
		} finally {
			setSending(false);
		}
	};

	return (
		<div class="columns">
			<div class="stack wide">
				<GatewayNote />
				<Show when={manifest.error}>
					<Note tone="bad">
						<p>
							The manifest of this service cannot be had: {said(manifest.error)} Is its publisher, or a member, there?
						</p>
						<Button small onClick={() => void refetch()}>
							Try again
						</Button>
					</Note>
				</Show>
				<Card title="What do you ask?">
					<form
						class="stack"
						onSubmit={(event) => {
							event.preventDefault();
							void send();
						}}
					>
						<Index each={texts()}>
							{(text, at) => (
								<Field label={texts().length > 1 ? `Text ${at + 1}` : "Text"}>
									{(input) => (
										<div class="row">
											<textarea
												{...input}
												class="input grow"
												rows={3}
												value={text()}
												onInput={(event) => setTexts(texts().with(at, event.currentTarget.value))}
											/>
											<Show when={texts().length > 1}>
												<Button
													kind="plain"
													class="icon"
													aria-label={`Remove text ${at + 1}`}
													onClick={() => setTexts(texts().toSpliced(at, 1))}
												>
													<Icon name="close" />
												</Button>
											</Show>
										</div>
									)}
								</Field>
							)}
						</Index>
						<div class="row">
							<Button
								small
								icon="plus"
								disabled={texts().length >= MOST_TEXTS}
								onClick={() => setTexts([...texts(), ""])}
							>
								Another text
							</Button>
						</div>
						<details>
							<summary>Price, time and privacy</summary>
							<div class="stack">
								<TextField
									label="The most for a leaf"
									value={price()}
									change={setPrice}
									wrong={wrongPrice()}
									unit="OGPU"
									placeholder="any price"
									hint="Prices float. Above this, nothing is asked."
								/>
								<TextField
									label="How long racers may take"
									value={window()}
									change={setWindow}
									wrong={wrongWindow()}
									hint="Such as 90s or 30m. When nobody answers, others are drawn, then your money returns."
								/>
								<label class="row">
									<input
										type="checkbox"
										checked={isPrivate()}
										onChange={(event) => setPrivate(event.currentTarget.checked)}
									/>
									<span>Seal the texts: only devices that may be drawn now, and who checks them, can read them</span>
								</label>
							</div>
						</details>
						<Show when={problem()}>{(text) => <Note tone="bad">{text()}</Note>}</Show>
						<div class="row end">
							<Signing>
								<Button
									kind="primary"
									icon="chat"
									type="submit"
									disabled={isSending() || !gateway() || quote.isOutdated() || !quote.value()?.quote.isAffordable}
								>
									{isSending() ? "Asking…" : "Ask"}
								</Button>
							</Signing>
						</div>
					</form>
				</Card>
			</div>
			<div class="stack wide">
				<QuoteCard title="What it costs" quote={quote}>
					{(asked) => (
						<Costs
							quote={asked().quote}
							most={held(asked()) - BigInt(asked().quote.deposit)}
							note={
								<Show when={!gateway()}>
									<p class="small quiet">For one leaf a text: how many leaves it takes is known with a gateway.</p>
								</Show>
							}
							work={
								<>
									<Fact label="The answer">
										<Amount of={asked().quote.fee} /> <span class="small quiet">at most {asked().leaves} leaves</span>
									</Fact>
									<Fact label="Runners-up">
										<Amount of={asked().quote.pot} />
									</Fact>
								</>
							}
							warning={
								<Show when={!asked().quote.isAffordable}>
									<Note tone="warn">
										A leaf costs {ogpu(asked().quote.leafPrice)} OGPU now, more than you allow: raise it, or wait.
									</Note>
								</Show>
							}
						>
							<Fact label="Price">
								<Percentile of={asked().quote} />
							</Fact>
							<Fact label="Answers come">
								{asked().quote.matchedBlocks === null
									? "nothing is known of how fast"
									: `after about ${inTime(asked().quote.matchedBlocks ?? 0)}, lately`}
							</Fact>
						</Costs>
					)}
				</QuoteCard>
				<Card title="Good to know">
					<ul class="stack tight small quiet">
						<For
							each={[
								"The answer is yours as soon as it is committed, unverified at first. The verdict comes some minutes later.",
								`${DELIVERY[props.service.delivery]}.`,
								"Keep the gateway running until the verdict: those who check fetch your texts from it. What is missing is paid from your lock.",
								"A provider reads your texts, and so do those who check.",
							]}
						>
							{(line) => <li>{line}</li>}
						</For>
					</ul>
				</Card>
			</div>
		</div>
	);
}

function Percentile(props: { of: RequestQuote }): JSX.Element {
	return (
		<>
			<Amount of={props.of.leafPrice} /> <span class="small quiet">a leaf</span>
			<br />
			<span class="small quiet">
				{props.of.pricePercentile === null
					? "nothing was settled lately to compare it with"
					: `${props.of.pricePercentile} of 100 recent answers cost no more`}
			</span>
		</>
	);
}

/** Where those are who may be drawn now, for whom alone the texts are. */
async function endpointsOf(to: NonNullable<ReturnType<typeof chain>>, quote: RequestQuote): Promise<string[]> {
	const able = quote.devices.filter((device) => device.reasons.length === 0);
	const found = await Promise.all(
		able.map(async ({ device }) => {
			const record = await to.api.query.StakingTrustlock.Devices.getValue(device, { at: "best" });
			return record ? new TextDecoder().decode(record.spec.endpoint) : undefined;
		}),
	);
	return found.filter((endpoint) => endpoint !== undefined);
}
