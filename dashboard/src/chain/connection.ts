// The connection to the chain: through a node's WebSocket, or by a light client in the page. Everything that the page
// shows hangs on it.

import { ogpu } from "@polkadot-api/descriptors";
import { createClient, type JsonRpcProvider, type PolkadotClient, type TypedApi } from "polkadot-api";
import { getWsProvider, WsEvent } from "polkadot-api/ws";
import { createSignal } from "solid-js";
import { bounded } from "../format";
import { hostSays, settings } from "../settings";
import type { Methods } from "./ogpu";

export type Api = TypedApi<typeof ogpu>;

export interface Chain {
	client: PolkadotClient;
	api: Api;
	genesis: string;
	name: string;
	/** Everybody's keys are known, and the tokens are worth nothing. */
	isDevelopment: boolean;
	/** Read by the page itself: no node is trusted, and none answers `ogpu_*`. */
	isLight: boolean;
	/** The `ogpu_*` methods that are answered. */
	methods: ReadonlySet<string>;
}

export interface Block {
	hash: string;
	number: number;
}

export type Connection =
	| { phase: "connecting"; to: string }
	| { phase: "ready"; to: string; chain: Chain }
	/** It was there, and is looked for. */
	| { phase: "lost"; to: string; chain: Chain }
	| { phase: "failed"; to: string; problem: string };

const LIGHT = "the network";
const PATIENCE_MS = 10_000;
/** A light client looks for peers first. */
const LIGHT_PATIENCE_MS = 90_000;
const PEERS_MS = 2_000;
const MOST_TRIES = 10;
const PREFIX = 1071;

const [connection, setConnection] = createSignal<Connection>({ phase: "connecting", to: "" });
const [best, setBest] = createSignal<Block>();
const [final, setFinal] = createSignal<Block>();

export { best, connection, final };

/** The chain, also while its connection is looked for. */
export function chain(): Chain | undefined {
	const now = connection();
	return now.phase === "ready" || now.phase === "lost" ? now.chain : undefined;
}

let close = () => {};

/** Connects anew, by the settings. What is shown stays while a connection that was cut is looked for. */
export async function connect(isAgain = false): Promise<void> {
	const isKept = isAgain && connection().phase === "lost";
	close();
	let isOver = false;
	const closing: (() => void)[] = [];
	const closeThis = () => {
		isOver = true;
		for (const step of closing.splice(0)) step();
	};
	close = closeThis;
	if (!isKept) {
		setBest(undefined);
		setFinal(undefined);
	}

	const isLight = settings().through === "light";
	if (!isKept) setConnection({ phase: "connecting", to: isLight ? LIGHT : settings().node });
	const host = await hostSays();
	if (isOver) return;
	const to = isLight ? LIGHT : settings().node || host.node || guess();
	if (!isKept) setConnection({ phase: "connecting", to });

	const fail = (problem: string) => {
		if (isOver) return;
		closeThis();
		setConnection({ phase: "failed", to, problem });
	};
	const problem = isLight ? undefined : wrongAddress(to);
	if (problem) return fail(problem);

	const patience = isLight ? LIGHT_PATIENCE_MS : PATIENCE_MS;
	// Whoever waits for a light client that was there sees what was there.
	const timer = setTimeout(() => {
		if (isLight && isKept) return;
		fail(
			isLight
				? "The light client found nobody of the network. Is a node of it reachable by WebSocket?"
				: "Nobody answers at this address. Is the node running, and does it listen there?",
		);
	}, patience);
	closing.push(() => clearTimeout(timer));

	try {
		let onStatus = (_isThere: boolean) => {};
		const provider: JsonRpcProvider = isLight
			? await light(host.spec ?? "./chain.json", closing)
			: getWsProvider(to, {
					onStatusChanged: (status) => {
						if (status.type === WsEvent.CONNECTED) onStatus(true);
						else if (status.type !== WsEvent.CONNECTING) onStatus(false);
					},
				});
		if (isOver) return closeAll(closing);
		const client = createClient(provider);
		closing.push(() => client.destroy());
		const chain = await identify(client, isLight);
		if (isOver) return;
		if (typeof chain === "string") return fail(chain);
		if (isLight) {
			await new Promise<void>((found) => {
				closing.push(
					watchPeers(client, (isThere) => {
						onStatus(isThere);
						found();
					}),
				);
			});
		}
		if (isOver) return;
		clearTimeout(timer);
		onStatus = (isThere) => {
			if (isOver) return;
			if (!isThere) setConnection({ phase: "lost", to, chain });
			// Another chain may answer at the same address now: everything is asked anew. A light client begins anew at once:
			// for long it would turn away from whom it took for a liar.
			if (isLight ? !isThere : isThere && connection().phase === "lost") void connect(true);
		};
		follow(client, closing, fail);
		setConnection({ phase: "ready", to, chain });
	} catch (error) {
		fail(isLight ? `The light client cannot be used: ${said(error)}` : said(error));
	}
}

function closeAll(closing: (() => void)[]) {
	for (const step of closing.splice(0)) step();
}

/** A page of files alone knows no node: one on this machine, perhaps. */
function guess(): string {
	return "ws://127.0.0.1:9944";
}

export function wrongAddress(to: string): string | undefined {
	try {
		const { protocol } = new URL(to);
		return protocol === "ws:" || protocol === "wss:"
			? undefined
			: "A node's address begins with ws:// or wss://, such as ws://127.0.0.1:9944.";
	} catch {
		return "This is no address. A node's is such as ws://127.0.0.1:9944.";
	}
}

async function light(spec: string, closing: (() => void)[]): Promise<JsonRpcProvider> {
	const { start } = await import("./light");
	const { provider, stop } = await start(spec);
	closing.push(stop);
	return provider;
}

/** Tells when a light client has found somebody of the network, and when for a while there was nobody. */
function watchPeers(client: PolkadotClient, tell: (isThere: boolean) => void): () => void {
	let [isTold, wasThere] = [false, false];
	const look = async () => {
		const health = await client._request<{ peers?: unknown }, []>("system_health", []).catch(() => undefined);
		const isThere = Number(health?.peers) > 0;
		if (isThere !== isTold && (isThere || !wasThere)) {
			isTold = isThere;
			tell(isThere);
		}
		wasThere = isThere;
	};
	const timer = setInterval(() => void look(), PEERS_MS);
	void look();
	return () => clearInterval(timer);
}

type Entry = { getValue: (...given: unknown[]) => Promise<unknown> };

/**
 * The same, which asks for each of several values by itself. The light client loses count of several that are asked for
 * at once, and would soon answer nothing any more.
 */
function oneByOne(api: Api): Api {
	const each = (entry: Entry) => ({
		...entry,
		getValues: (keys: unknown[][], options: unknown) => Promise.all(keys.map((key) => entry.getValue(...key, options))),
	});
	const inner = (pallet: Record<string, Entry>) =>
		new Proxy(pallet, { get: (of, name) => each(of[String(name)] as Entry) });
	const query = new Proxy(api.query, {
		get: (of, name) => inner((of as unknown as Record<string, Record<string, Entry>>)[String(name)] ?? {}),
	});
	return { ...api, query };
}

/** Which chain it is, or why it is not ours. */
async function identify(client: PolkadotClient, isLight: boolean): Promise<Chain | string> {
	const { name, genesisHash, properties } = await client.getChainSpecData();
	const kind = await client._request<unknown>("system_chainType", []).catch(() => "");
	const listed = await client._request<{ methods?: unknown }>("rpc_methods", []).catch(() => ({ methods: [] }));
	const methods = Array.isArray(listed.methods)
		? listed.methods.filter((method) => String(method).startsWith("ogpu_"))
		: [];
	const is: unknown = properties;
	const prefix = typeof is === "object" && is !== null && "ss58Format" in is ? is.ss58Format : undefined;
	if (prefix !== PREFIX) {
		return `This node is of another chain, “${bounded(name, 60)}”. Give the address of a node of OGPU.`;
	}
	return {
		client,
		api: isLight ? oneByOne(client.getTypedApi(ogpu)) : client.getTypedApi(ogpu),
		genesis: genesisHash,
		name: bounded(name, 60),
		isDevelopment: kind === "Development",
		isLight,
		methods: new Set(methods),
	};
}

function follow(client: PolkadotClient, closing: (() => void)[], fail: (problem: string) => void) {
	const blocks = client.bestBlocks$.subscribe({
		next: (chain) => {
			const [head, tail] = [chain[0], chain.at(-1)];
			if (head) setBest((known) => (known?.hash === head.hash ? known : { hash: head.hash, number: head.number }));
			if (tail) setFinal((known) => (known?.hash === tail.hash ? known : { hash: tail.hash, number: tail.number }));
		},
		error: (error: unknown) => fail(`The connection was given up: ${said(error)}`),
	});
	closing.push(() => blocks.unsubscribe());
}

/** What went wrong, in a line. */
export function said(error: unknown): string {
	return bounded(
		error instanceof Error ? error.message : typeof error === "string" ? error : JSON.stringify(error),
		400,
	);
}

/** What a node refuses has a code. */
export function codeOf(error: unknown): number | undefined {
	return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
		? error.code
		: undefined;
}

/** Asks what nodes answer of the chain. Whom a light client asks may be away for a moment: it looks for somebody else. */
export async function request<A>(to: Chain, method: string, params: unknown[]): Promise<A> {
	for (let tries = 1; ; tries++) {
		try {
			return await to.client._request<A, unknown[]>(method, params);
		} catch (error) {
			if (!to.isLight || tries === MOST_TRIES || to !== chain()) throw error;
			await new Promise((resolve) => setTimeout(resolve, PEERS_MS));
		}
	}
}

/** Asks one of the `ogpu_*` methods of the node; where there is none, the runtime. */
export async function ask<M extends keyof Methods>(
	chain: Chain,
	method: M,
	...params: Methods[M]["takes"]
): Promise<Methods[M]["answers"]> {
	if (chain.methods.has(method)) return chain.client._request(method, params);
	const { answerWithout } = await import("./without");
	return answerWithout(chain, method, params);
}
