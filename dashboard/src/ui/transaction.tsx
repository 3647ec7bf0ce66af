// What is about to be signed, before it is, and how it went.

import { For, type JSX, Match, Show, Switch } from "solid-js";
import { dismissNotice, notices, type Pending, pending } from "../chain/transactions";
import { bounded, count, short, spoken } from "../format";
import { hex } from "../gateway";
import { Amount, Button, Copy, Dialog, Fact, Facts, Icon, Note, Skeleton, Who } from "./index";

export function TransactionDialog(): JSX.Element {
	return <Show when={pending()}>{(now) => <Shown pending={now()} />}</Show>;
}

function Shown(props: { pending: Pending }): JSX.Element {
	const state = () => props.pending.state();
	const failure = () => {
		const now = state();
		return now.step === "failed" ? now : undefined;
	};
	return (
		<Dialog
			title={props.pending.proposal.title}
			close={props.pending.dismiss}
			footer={
				<Switch>
					<Match when={failure()}>
						<Button onClick={props.pending.dismiss}>Close</Button>
					</Match>
					<Match when={state().step === "sent"}>
						<Button onClick={props.pending.dismiss}>Go on in the background</Button>
					</Match>
					<Match when={true}>
						<Button onClick={props.pending.dismiss}>Do not sign</Button>
						<Button
							kind="primary"
							disabled={state().step !== "shown" || props.pending.facts()?.problem !== undefined}
							onClick={props.pending.sign}
						>
							{state().step === "signing" ? "Waiting for the signature…" : "Sign and send"}
						</Button>
					</Match>
				</Switch>
			}
		>
			<div class="stack">
				<For each={props.pending.proposal.says}>{(line) => <p>{line}</p>}</For>
				<Facts>
					<Fact label="Account">
						<Who address={props.pending.by.address} />
					</Fact>
					<Show when={props.pending.proposal.holds}>
						{(holds) => (
							<Fact label="Held or paid">
								<Amount of={holds()} digits={6} />
							</Fact>
						)}
					</Show>
					<Fact label="Fee">
						<Show when={props.pending.facts()} fallback={<Skeleton width="8rem" />}>
							{(facts) => <Amount of={facts().fee} digits={4} />}
						</Show>
					</Fact>
					<Fact label="Can be spent">
						<Show when={props.pending.facts()} fallback={<Skeleton width="8rem" />}>
							{(facts) => <Amount of={facts().spendable} digits={4} />}
						</Show>
					</Fact>
				</Facts>

				<Show when={failure()}>{(now) => <Note tone="bad">{now().problem}</Note>}</Show>
				<Show when={!failure() && props.pending.facts()?.problem}>
					{(problem) => <Note tone="bad">{problem()}</Note>}
				</Show>
				<Show when={state().step === "sent"}>
					<Note>Signed and sent: waiting for a block.</Note>
				</Show>

				<div class="stack tight">
					<h3 class="small">What is signed</h3>
					<div class="call">
						<Value value={named(props.pending.call.decodedCall)} />
					</div>
				</div>
				<Show when={props.pending.facts()}>
					{(facts) => (
						<details>
							<summary>Its bytes, and what they are bound to</summary>
							<Facts>
								<Fact label="Chain">
									{props.pending.chain.name} <Copy text={props.pending.chain.genesis} />
								</Fact>
								<Fact label="Runtime">{facts().runtime}</Fact>
								<Fact label="Metadata hash">
									<Show when={facts().metadataHash} fallback="could not be computed, and is not signed">
										{(hash) => <Copy text={hash()} />}
									</Show>
								</Fact>
								<Fact label="Number">{count(facts().nonce)}</Fact>
								<Fact label="Call">
									<Copy text={hex(facts().bytes)} ends={12} />
								</Fact>
							</Facts>
						</details>
					)}
				</Show>
			</div>
		</Dialog>
	);
}

/** A call as its pallet, its name and its arguments. */
function named(call: { type: string; value: { type: string; value: unknown } }): unknown {
	const given = fields(call.value.value);
	// Several together are the calls themselves.
	if (call.type === "Utility" && Array.isArray(given.calls)) return given.calls;
	return { call: `${call.type}.${call.value.type}`, ...given };
}

function fields(value: unknown): Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: { value };
}

function isCall(value: unknown): value is { type: string; value: { type: string; value: unknown } } {
	if (typeof value !== "object" || value === null || !("type" in value) || !("value" in value)) return false;
	const inner = value.value;
	return (
		typeof inner === "object" &&
		inner !== null &&
		"type" in inner &&
		"value" in inner &&
		/^[A-Z]/.test(String(value.type))
	);
}

const MOST_LISTED = 40;

/** Any value of a call, nested as it is. */
function Value(props: { value: unknown }): JSX.Element {
	const value = () => props.value;
	const list = () => (Array.isArray(props.value) ? props.value.slice(0, MOST_LISTED) : undefined);
	const object = () => {
		const is = value();
		if (typeof is !== "object" || is === null || is instanceof Uint8Array) return undefined;
		if ("type" in is && typeof is.type === "string" && "value" in is) {
			if (isCall(is)) return fields(named(is));
			return is.value === undefined ? undefined : { [is.type]: is.value };
		}
		return is as Record<string, unknown>;
	};
	return (
		<Switch fallback={<span title={bounded(text(value()), 2000)}>{plain(value())}</span>}>
			<Match when={list()}>
				{(items) => (
					<dl classList={{ calls: items().some(isCall) }}>
						<For each={items()}>
							{(item, index) => (
								<>
									<dt>{index()}</dt>
									<dd>
										<Value value={item} />
									</dd>
								</>
							)}
						</For>
					</dl>
				)}
			</Match>
			<Match when={object()}>
				{(inner) => (
					<dl>
						<For each={Object.entries(inner())}>
							{([name, field]) => (
								<>
									<dt>{spoken(name.replaceAll("_", " "))}</dt>
									<dd>
										<Value value={field} />
									</dd>
								</>
							)}
						</For>
					</dl>
				)}
			</Match>
		</Switch>
	);
}

function text(value: unknown): string {
	if (value instanceof Uint8Array) {
		const read = new TextDecoder().decode(value.subarray(0, 1000));
		return /^[\x20-\x7e]+$/.test(read) ? `“${read}”` : hex(value.subarray(0, 1000));
	}
	if (typeof value === "object" && value !== null && "type" in value) return String(value.type);
	return value === undefined ? "none" : String(value);
}

function plain(value: unknown): string {
	if (typeof value === "bigint" || typeof value === "number") return count(value);
	const said = text(value);
	return /^0x/.test(said) ? short(said, 8) : bounded(said, 200);
}

export function Notices(): JSX.Element {
	return (
		<ul class="notices" aria-live="polite">
			<For each={notices()}>
				{(notice) => (
					<li class={notice.kind}>
						<span class="grow">{notice.text}</span>
						<Button kind="plain" small aria-label="Dismiss" onClick={() => dismissNotice(notice.id)}>
							<Icon name="close" size={14} />
						</Button>
					</li>
				)}
			</For>
		</ul>
	);
}
