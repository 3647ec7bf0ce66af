// What a user chose, kept in this browser.

import { createSignal } from "solid-js";

export type Theme = "system" | "light" | "dark";

export interface Settings {
	/** How the chain is read: through a node, or by a light client in the page. */
	through: "node" | "light";
	/** The node's WebSocket; empty: what the host of this page says. */
	node: string;
	/** A gateway of one's own, and its token; empty: what the host of this page says. */
	gateway: string;
	token: string;
	theme: Theme;
	/** The address of the account that is looked at. */
	account: string;
	/** In the smallest unit; empty: no limit. */
	dailyLimit: string;
}

const KEY = "ogpu.settings";
const FIRST: Settings = {
	through: "node",
	node: "",
	gateway: "",
	token: "",
	theme: "system",
	account: "",
	dailyLimit: "",
};

/** A value of this browser's storage; undefined if there is none, or none may be kept. */
export function recall<T>(key: string, is: (value: unknown) => value is T): T | undefined {
	try {
		const text = localStorage.getItem(key);
		const value: unknown = text === null ? undefined : JSON.parse(text);
		return is(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

/** Whether it is kept; there may be no room, or no leave. */
export function remember(key: string, value: unknown): boolean {
	try {
		localStorage.setItem(key, JSON.stringify(value));
		return true;
	} catch {
		return false;
	}
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function read(): Settings {
	const kept = recall(KEY, isRecord) ?? {};
	const settings: Record<string, unknown> = { ...FIRST };
	for (const [name, first] of Object.entries(FIRST)) {
		if (typeof kept[name] === typeof first) settings[name] = kept[name];
	}
	const read = settings as unknown as Settings;
	if (read.through !== "light") read.through = "node";
	if (!["light", "dark"].includes(read.theme)) read.theme = "system";
	return read;
}

const [settings, set] = createSignal(read());

export { settings };

export function change(changes: Partial<Settings>): void {
	const next = { ...settings(), ...changes };
	set(next);
	remember(KEY, next);
}

/** What the host of this page says of itself: `ogpu dashboard` and `ogpu dev` do. */
export interface Host {
	node?: string;
	gateway?: string;
	token?: string;
	chain?: string;
	spec?: string;
}

let host: Promise<Host> | undefined;

/** Nothing, on a host of files alone. */
export function hostSays(): Promise<Host> {
	host ??= fetch("./config.json", { cache: "no-store" })
		.then(async (answer): Promise<Host> => {
			const said: unknown = answer.ok ? await answer.json() : undefined;
			if (!isRecord(said)) return {};
			const text = (name: string) => (typeof said[name] === "string" ? { [name]: said[name] } : {});
			return { ...text("node"), ...text("gateway"), ...text("token"), ...text("chain"), ...text("spec") };
		})
		.catch(() => ({}));
	return host;
}

/** A gateway that the address of this page names: `#gateway=URL&token=T`. What is uploaded goes there, so it is asked first. */
const [offered, setOffered] = createSignal<{ gateway: string; token: string }>();
const named = new URLSearchParams(typeof location === "undefined" ? "" : location.hash.slice(1));
if (named.has("gateway")) {
	const [gateway, token] = [named.get("gateway") ?? "", named.get("token") ?? ""];
	if (/^https?:\/\/./.test(gateway) && (gateway !== settings().gateway || token !== settings().token)) {
		setOffered({ gateway, token });
	}
	// The token does not stay in the address.
	history.replaceState(null, "", `${location.pathname}${location.search}#/`);
}

export { offered as offeredGateway };

export function takeOffered(isTaken: boolean): void {
	const offer = offered();
	if (offer && isTaken) change(offer);
	setOffered(undefined);
}
