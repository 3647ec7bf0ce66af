// The gateway: a door to a store of artifacts, since a browser cannot speak QUIC. It holds no key of any account, and what
// it brings is checked here.

import { createResource, createRoot } from "solid-js";
import { named, nameOf } from "./artifacts";
import { bounded } from "./format";
import { hostSays, settings } from "./settings";
import { settled } from "./settled";

/** What may be uploaded in one piece. */
export const MOST_UPLOAD = 256 << 20;
/** What is fetched into the page's memory. */
export const MOST_FETCH = 256 << 20;
const MOST_JSON = 1 << 20;

export interface Gateway {
	base: string;
	token: string;
	genesis: string;
	/** Where workers find the store: KEY@ADDRESS:PORT. */
	endpoint: string;
	/** Its transport key, 32 bytes. */
	key: string;
	version: string;
}

/** What the chain has to be told of a manifest. */
export interface Shape {
	kind: "training" | "rendering" | "embed" | "generate";
	leaves: number;
	leaf: { work: string; recomputeWork: string; fetchedBytes: string };
	promptWork?: string;
	partLeaves?: number;
	longestBlocks?: number;
	memoryMb?: number;
}

export interface Committed {
	task: string;
	leaves: number;
	root: string;
	output: string;
	bytes: number;
	salt: string;
}

/** What a provider says of a task. Nothing of it is proven until it opens the commitment on the chain. */
export interface Told {
	committed: Committed[];
	progress: { done: number; leaves: number; losses: number[] } | null;
}

export class GatewayError extends Error {}

/** Where the gateway is: what the address of this page says, what was set, or what its host says. */
async function place(): Promise<{ base: string; token: string } | undefined> {
	const host = await hostSays();
	const { gateway, token } = settings();
	if (gateway) return { base: gateway.replace(/\/+$/, ""), token };
	return host.gateway ? { base: host.gateway.replace(/\/+$/, ""), token: host.token ?? "" } : undefined;
}

const [resource, { refetch }] = createRoot(() =>
	createResource(
		() => [settings().gateway, settings().token] as const,
		async (): Promise<Gateway | { problem: string } | undefined> => {
			const at = await place();
			if (!at) return undefined;
			try {
				const said = record(await json(at, ""));
				const text = (name: string) => {
					const value = said[name];
					if (typeof value !== "string") throw new GatewayError(`it does not say its ${name}`);
					return bounded(value, 300);
				};
				const [genesis, endpoint, key, version] = [text("genesis"), text("endpoint"), text("key"), text("version")];
				return { ...at, genesis, endpoint, key, version };
			} catch (error) {
				return { problem: `The gateway at ${at.base} cannot be used: ${(error as Error).message}` };
			}
		},
	),
);

/** The gateway, if there is one that can be used. */
export function gateway(): Gateway | undefined {
	const found = settled(resource);
	return found && !("problem" in found) ? found : undefined;
}

export function gatewayProblem(): string | undefined {
	const found = settled(resource);
	return found && "problem" in found ? found.problem : undefined;
}

export function isGatewayAsked(): boolean {
	return resource.loading;
}

export const askGateway = refetch;

type Place = { base: string; token: string };

async function call(at: Place, path: string, init: RequestInit = {}): Promise<Response> {
	let answer: Response;
	try {
		answer = await fetch(at.base + path, {
			...init,
			headers: { ...(init.headers ?? {}), ...(at.token ? { Authorization: `Bearer ${at.token}` } : {}) },
			credentials: "omit",
			cache: "no-store",
		});
	} catch (error) {
		if (init.signal?.aborted) throw error;
		throw new GatewayError("the gateway does not answer: is `ogpu dashboard` running?");
	}
	if (answer.ok) return answer;
	const said = await read(answer, 4096).catch(() => undefined);
	const text = said && decode(said);
	let reason = `it answers ${answer.status}`;
	try {
		const { error } = JSON.parse(text ?? "") as { error?: unknown };
		if (typeof error === "string") reason = bounded(error, 600);
	} catch {
		// Not one of our gateway's: the status says enough.
	}
	throw new GatewayError(answer.status === 401 ? `the token is wrong: ${reason}` : reason);
}

async function json(at: Place, path: string, init: RequestInit = {}): Promise<unknown> {
	const bytes = await read(await call(at, path, init), MOST_JSON);
	try {
		return JSON.parse(decode(bytes));
	} catch {
		throw new GatewayError("the gateway's answer cannot be read: is it one of OGPU?");
	}
}

function decode(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes);
}

function record(value: unknown): Record<string, unknown> {
	if (typeof value !== "object" || value === null) throw new GatewayError("the gateway's answer has another form");
	return value as Record<string, unknown>;
}

/** All bytes of an answer, and no more than that. */
async function read(answer: Response, most: number, progress?: (bytes: number) => void): Promise<Uint8Array> {
	const reader = answer.body?.getReader();
	if (!reader) return new Uint8Array();
	const pieces: Uint8Array[] = [];
	let size = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) break;
		size += value.length;
		if (size > most) {
			await reader.cancel();
			throw new GatewayError("the answer is longer than it may be");
		}
		pieces.push(value);
		progress?.(size);
	}
	const all = new Uint8Array(size);
	let at = 0;
	for (const piece of pieces) {
		all.set(piece, at);
		at += piece.length;
	}
	return all;
}

export function hex(bytes: Uint8Array): string {
	return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Puts bytes into the store, for everybody. Returns their name. */
export async function upload(to: Gateway, bytes: Uint8Array): Promise<string> {
	const said = await put(to, bytes, "");
	const name = await nameOf(bytes);
	if (said !== name) throw new GatewayError("the gateway stored something else than what it was given");
	return name;
}

/** A transport key as endpoints write it. */
const KEY = /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}$/;

/**
 * Has the gateway seal bytes of a client's request for the devices with these endpoints, and keep what comes out, whose name
 * is returned. Endpoints that nobody could call are left out: the chain takes any text.
 */
export async function uploadSealed(
	to: Gateway,
	bytes: Uint8Array,
	client: string,
	endpoints: string[],
): Promise<string> {
	const keys = new Set(endpoints.map((endpoint) => endpoint.split("@")[0] ?? "").filter((key) => KEY.test(key)));
	if (keys.size === 0) throw new GatewayError("nobody can be reached who may be drawn now: try again later");
	const query = [["client", client], ...[...keys].map((key) => ["seal", key])];
	return put(to, bytes, `?${new URLSearchParams(query)}`);
}

async function put(to: Gateway, bytes: Uint8Array, query: string): Promise<string> {
	if (bytes.length > MOST_UPLOAD) {
		throw new GatewayError(
			"this is longer than 256 MiB: put it into a store with `ogpu train` or `ogpu render` instead",
		);
	}
	const body = new Blob([bytes as Uint8Array<ArrayBuffer>]);
	const { hash } = record(await json(to, `/artifacts${query}`, { method: "PUT", body }));
	if (typeof hash !== "string" || !/^0x[0-9a-f]{64}$/.test(hash)) {
		throw new GatewayError("the gateway does not say what it has stored");
	}
	return hash;
}

/** Tells the gateway for which request it has sealed inputs: it lets in who is drawn to check them. */
export async function tellPrivate(to: Gateway, request: string, inputs: string): Promise<void> {
	await json(to, "/private", { method: "POST", body: JSON.stringify({ request, inputs }) });
}

/** An artifact, from the store or from whoever has it, checked against its name. */
export async function fetchArtifact(
	from: Gateway,
	name: string,
	options: {
		size?: number;
		sources?: string[];
		most?: number;
		progress?: (bytes: number) => void;
		signal?: AbortSignal;
	} = {},
): Promise<Uint8Array> {
	const query = new URLSearchParams();
	if (options.size !== undefined) query.set("size", String(options.size));
	for (const source of options.sources ?? []) query.append("from", source);
	const answer = await call(from, `/artifacts/${name}?${query}`, options.signal ? { signal: options.signal } : {});
	const bytes = await read(answer, options.most ?? MOST_FETCH, options.progress);
	return named(bytes, name, options.signal);
}

/** What the chain has to be told of a manifest. */
export async function shapeOf(
	by: Gateway,
	manifest: string,
	options: { texts?: number; parts?: number } = {},
): Promise<Shape> {
	const said = record(await json(by, "/shape", post({ manifest, ...options })));
	const leaf = record(said.leaf);
	const digits = (value: unknown) => {
		const text = String(value);
		if (!/^\d{1,39}$/.test(text)) throw new GatewayError("the gateway says of work what is no number");
		return text;
	};
	const whole = (value: unknown) => {
		if (!Number.isInteger(value) || Number(value) < 0) throw new GatewayError("the gateway says what is no number");
		return Number(value);
	};
	const kind = said.kind;
	if (kind !== "training" && kind !== "rendering" && kind !== "embed" && kind !== "generate") {
		throw new GatewayError("this kind of work cannot be ordered here");
	}
	return {
		kind,
		leaves: whole(said.leaves),
		leaf: {
			work: digits(leaf.work),
			recomputeWork: digits(leaf.recomputeWork),
			fetchedBytes: digits(leaf.fetchedBytes),
		},
		...(said.promptWork == null ? {} : { promptWork: digits(said.promptWork) }),
		...(said.partLeaves == null ? {} : { partLeaves: whole(said.partLeaves) }),
		...(said.longestBlocks == null ? {} : { longestBlocks: whole(said.longestBlocks) }),
		...(said.memoryMb == null ? {} : { memoryMb: whole(said.memoryMb) }),
	};
}

/**
 * What the provider at this endpoint says of a task; the signature shows that its client asks. Undefined if it does not work
 * on it, yet or any more.
 */
export async function tellOf(
	by: Gateway,
	asked: { task: string; account: string; signature: string; endpoint: string },
): Promise<Told | undefined> {
	const told = await json(by, "/ask", post(asked));
	if (told === null) return undefined;
	const said = record(told);
	const committed = (Array.isArray(said.committed) ? said.committed : []).slice(0, 256).map((one): Committed => {
		const { task, root, output, salt, leaves, size } = record(one);
		for (const hash of [task, root, output, salt]) {
			if (typeof hash !== "string" || !/^0x[0-9a-f]{64}$/i.test(hash))
				throw new GatewayError("a result without a name");
		}
		return {
			task: String(task),
			root: String(root),
			output: String(output),
			salt: String(salt),
			leaves: Number(leaves),
			bytes: Number(size),
		};
	});
	const progress = said.progress == null ? null : record(said.progress);
	const losses = Array.isArray(progress?.losses)
		? progress.losses.slice(0, 512).map((loss) => (typeof loss === "number" ? loss : Number.NaN))
		: [];
	return {
		committed,
		progress: progress && { done: Number(progress.done) || 0, leaves: Number(progress.leaves) || 0, losses },
	};
}

function post(body: unknown): RequestInit {
	return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
