// Accounts: those of the browser's extensions, on a chain for development the well-known ones, or any address to look at.

import type { PolkadotSigner } from "polkadot-api";
import { AccountId } from "polkadot-api";
import { createEffect, createMemo, createRoot, createSignal, on } from "solid-js";
import { bounded, short } from "../format";
import { change, recall, remember, settings } from "../settings";
import { chain, said } from "./connection";

export const PREFIX = 1071;
const codec = AccountId(PREFIX);

/** In place of an account where none is chosen: nobody has its key. */
export const NOBODY = codec.dec(new Uint8Array(32));

export interface Account {
	/** With the prefix of this chain. */
	address: string;
	name: string;
	/** The extension that keeps its key. */
	from: string;
	/** Absent: it can be looked at only. */
	signer?: PolkadotSigner;
}

/** An address with the prefix of this chain, from one with any; undefined if it is none. */
export function address(text: string): string | undefined {
	try {
		return codec.dec(AccountId().enc(text.trim()));
	} catch {
		return undefined;
	}
}

/** The address of a key. */
export function accountOf(key: string): string {
	return codec.dec(key);
}

export function publicKey(of: string): Uint8Array {
	return codec.enc(of);
}

const [injected, setInjected] = createSignal<Account[]>([]);
const [wellKnown, setWellKnown] = createSignal<Account[]>([]);
const [problem, setProblem] = createSignal<string>();

export { problem as accountProblem };

/** All whose keys are at hand. */
export const accounts = createRoot(() => createMemo(() => [...injected(), ...wellKnown()]));

/** The one that is looked at. */
export const account = createRoot(() =>
	createMemo<Account | undefined>(() => {
		const chosen = settings().account;
		if (!chosen) return undefined;
		const known = accounts().find((account) => account.address === chosen);
		return known ?? { address: chosen, name: short(chosen), from: "only looked at" };
	}),
);

export function choose(address: string): void {
	change({ account: address });
}

/** What people call an account: only on a chain for development, where everybody knows who is who. */
export function nameOf(address: string): string | undefined {
	return accounts().find((account) => account.address === address)?.name;
}

// The keys that everybody knows are there on chains where nothing is worth anything, and nowhere else.
createRoot(() =>
	createEffect(
		on(
			() => chain()?.isDevelopment,
			(isDevelopment) => {
				if (!isDevelopment) return void setWellKnown([]);
				void import("./development").then(({ developmentAccounts }) => {
					if (chain()?.isDevelopment) setWellKnown(developmentAccounts((key) => codec.dec(key)));
				});
			},
		),
	),
);

/** The extensions of this browser, by their names. */
export async function extensions(): Promise<string[]> {
	const { getInjectedExtensions } = await import("polkadot-api/pjs-signer");
	return getInjectedExtensions();
}

/** Asks an extension for its accounts; it asks its user. */
export async function open(extension: string): Promise<void> {
	setProblem(undefined);
	try {
		const { connectInjectedExtension } = await import("polkadot-api/pjs-signer");
		const connected = await connectInjectedExtension(extension, "OGPU dashboard");
		const take = (found: ReturnType<typeof connected.getAccounts>) => {
			const listed = found.flatMap((one): Account[] => {
				const its = address(one.address);
				if (!its) return [];
				return [
					{ address: its, name: bounded(one.name || short(its), 40), from: extension, signer: one.polkadotSigner },
				];
			});
			setInjected((others) => [...others.filter((other) => other.from !== extension), ...listed]);
		};
		take(connected.getAccounts());
		connected.subscribe(take);
		remember(OPENED, [...remembered().add(extension)]);
	} catch (error) {
		setProblem(`${bounded(extension, 40)} gave no accounts: ${said(error)}`);
	}
}

const OPENED = "ogpu.extensions";

const isList = (value: unknown): value is unknown[] => Array.isArray(value);

function remembered(): Set<string> {
	return new Set((recall(OPENED, isList) ?? []).filter((name) => typeof name === "string"));
}

/** Opens those that were opened before. Extensions come some moments after the page. */
export async function reopen(): Promise<void> {
	const names = remembered();
	for (let patience = 0; names.size > 0 && patience < 10; patience++) {
		for (const found of await extensions()) {
			if (names.delete(found)) void open(found);
		}
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
}
