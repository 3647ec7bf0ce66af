// What is asked of the chain again with every block. An answer that fails leaves the one before on the screen.

import { batch, createEffect, createSignal, on, onCleanup } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { best, type Chain, chain, connection, said } from "./connection";

export interface Live<T> {
	/** The last answer; undefined until there is one. */
	value: () => T | undefined;
	/** Why the last question was not answered. */
	problem: () => string | undefined;
	/** Asks anew, without waiting for a block. */
	again: () => void;
}

/**
 * Asks with every block, and whenever the subject changes. Where the subject is undefined nothing is asked. Parts of an
 * answer that stay the same stay the same objects, so that nothing is drawn anew.
 */
export function live<S, T extends object>(
	subject: () => S | undefined,
	ask: (chain: Chain, subject: S) => Promise<T>,
): Live<T> {
	const [store, setStore] = createStore<{ value: T | undefined }>({ value: undefined });
	const [problem, setProblem] = createSignal<string>();
	const [turn, setTurn] = createSignal(0);
	/** Which is asked now. One that was given up may never answer. */
	let asked: Chain | undefined;
	let isStale = false;
	let current = "";
	let isOver = false;
	onCleanup(() => {
		isOver = true;
	});

	const run = async () => {
		const [to, of] = [chain(), subject()];
		if (!to || of === undefined || connection().phase !== "ready") return;
		if (asked === to) {
			isStale = true;
			return;
		}
		asked = to;
		const about = key(to, of);
		try {
			const value = await ask(to, of);
			if (!isOver && asked === to && about === current) {
				batch(() => {
					setStore("value", reconcile(value as T | undefined, { merge: true }));
					setProblem(undefined);
				});
			}
		} catch (error) {
			if (!isOver && asked === to && about === current) setProblem(said(error));
		} finally {
			if (asked === to) {
				asked = undefined;
				if (isStale && !isOver) {
					isStale = false;
					void run();
				}
			}
		}
	};

	createEffect(() => {
		const [to, of] = [chain(), subject()];
		const about = to && of !== undefined ? key(to, of) : "";
		if (about === current) return;
		current = about;
		batch(() => {
			setStore("value", undefined);
			setProblem(undefined);
		});
	});
	createEffect(on([best, chain, subject, turn, connection], () => void run()));

	return { value: () => store.value, problem, again: () => setTurn((turn) => turn + 1) };
}

function key(to: Chain, of: unknown): string {
	return `${to.genesis} ${JSON.stringify(of)}`;
}
