// A quote that follows what is typed, and the chain.

import { createEffect, createSignal, on, onCleanup } from "solid-js";
import { best, chain, codeOf, said } from "../../chain/connection";
import { refused } from "../../chain/errors";
import { REFUSED_BY_CHAIN } from "../../chain/ogpu";

export interface Quoting<T> {
	value: () => T | undefined;
	problem: () => string | undefined;
	isAsking: () => boolean;
	/** What is asked about has changed since: nothing may be ordered by this quote. */
	isOutdated: () => boolean;
}

/** What is typed is asked about when nobody types any more. */
const PAUSE_MS = 350;
/** Prices float: a quote is asked anew every few blocks. */
const EVERY_BLOCKS = 4;

/** Asks whenever `about` changes, and now and then; where it is undefined nothing is asked. */
export function quoting<S, T>(about: () => S | undefined, ask: (about: S) => Promise<T>): Quoting<T> {
	const [value, setValue] = createSignal<T>();
	const [problem, setProblem] = createSignal<string>();
	const [isAsking, setAsking] = createSignal(false);
	const [isOutdated, setOutdated] = createSignal(false);
	let turn = 0;
	let timer: ReturnType<typeof setTimeout> | undefined;
	let asked = 0;
	onCleanup(() => {
		turn++;
		clearTimeout(timer);
	});
	const run = async (now: S) => {
		const mine = ++turn;
		asked = best()?.number ?? 0;
		setAsking(true);
		try {
			const found = await ask(now);
			if (mine !== turn) return;
			setValue(() => found);
			setProblem(undefined);
			setOutdated(false);
		} catch (error) {
			if (mine !== turn) return;
			const to = chain();
			const why = to && codeOf(error) === REFUSED_BY_CHAIN ? await refused(to, said(error)) : said(error);
			if (mine !== turn) return;
			setValue(undefined);
			setProblem(why);
		} finally {
			if (mine === turn) setAsking(false);
		}
	};
	createEffect(
		on(about, (now) => {
			clearTimeout(timer);
			turn++;
			if (now === undefined) {
				setValue(undefined);
				setProblem(undefined);
				setAsking(false);
				return;
			}
			setAsking(true);
			setOutdated(true);
			timer = setTimeout(() => void run(now), PAUSE_MS);
		}),
	);
	createEffect(
		on(best, (block) => {
			const now = about();
			if (now !== undefined && block && !isAsking() && block.number >= asked + EVERY_BLOCKS) void run(now);
		}),
	);
	return { value, problem, isAsking, isOutdated };
}
