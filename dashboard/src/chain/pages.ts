// A long list of the chain, of which one page is looked at. Only that page is asked for, again with every block.

import { createEffect, createMemo, createSignal, on } from "solid-js";
import { back, forward, START, type Way } from "../paging";
import { type Chain, chain } from "./connection";
import { type Live, live } from "./live";

/** Where a page stands among the others. */
export interface Walk {
	/** From 1. */
	number: () => number;
	/** Leads to the page before or after this one; undefined where there is none. */
	back: () => (() => void) | undefined;
	forward: () => (() => void) | undefined;
}

export interface About<S> {
	of: S;
	/** The mark after which the page begins. */
	after: string | undefined;
}

/** `ask` answers with a page, and says with `next` after which mark the one behind it begins. */
export function livePage<S, T extends { next: string | undefined }>(
	subject: () => S | undefined,
	ask: (chain: Chain, about: About<S>) => Promise<T>,
): Live<T> & { walk: Walk } {
	const [way, setWay] = createSignal<Way>(START);
	const of = createMemo(subject);
	// Marks of another list mean nothing.
	createEffect(on([of, () => chain()?.genesis], () => setWay(START), { defer: true }));
	const about = createMemo((): About<S> | undefined => {
		const now = of();
		return now === undefined ? undefined : { of: now, after: way().at(-1) };
	});
	const page = live(about, ask);
	return {
		...page,
		walk: {
			number: () => way().length,
			back: () => (way().length > 1 ? () => setWay(back) : undefined),
			forward: () => {
				const next = page.value()?.next;
				return next === undefined ? undefined : () => setWay((way) => forward(way, next));
			},
		},
	};
}
