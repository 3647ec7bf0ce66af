// Long lists, a page at a time: how they are read, and where one is in them.

/** Something in a list, and its mark: what follows it is what is read after the mark. */
export interface Marked<T> {
	mark: string;
	item: T;
}

/** Reads some of a list after a mark, or from its beginning. `next` is the mark to go on from, if there is more to read. */
export type Source<T> = (after: string | undefined) => Promise<{ items: Marked<T>[]; next: string | undefined }>;

export interface Page<T> {
	items: T[];
	/** The page after this one begins after this mark; undefined where this is the last. */
	next: string | undefined;
}

/** So often a source is asked for one page: what is looked for may be rare in it. */
const MOST_ASKS = 10;

/** The page after a mark. It may be short, or empty, though another follows. */
export async function pageOf<T>(source: Source<T>, after: string | undefined, size: number): Promise<Page<T>> {
	const found: Marked<T>[] = [];
	let next = after;
	for (let asked = 0; asked < MOST_ASKS && found.length < size; asked++) {
		const part = await source(next);
		found.push(...part.items);
		next = part.next;
		if (next === undefined) break;
	}
	const shown = found.slice(0, size);
	return { items: shown.map(({ item }) => item), next: found.length > size ? shown.at(-1)?.mark : next };
}

/** The same list, of which something is made of each, or nothing: what is undefined is left out. */
export function mapped<T, U>(source: Source<T>, make: (items: T[]) => Promise<(U | undefined)[]>): Source<U> {
	return async (after) => {
		const { items, next } = await source(after);
		const made = await make(items.map(({ item }) => item));
		return {
			items: items.flatMap(({ mark }, at) => {
				const item = made[at];
				return item === undefined ? [] : [{ mark, item }];
			}),
			next,
		};
	};
}

/** Lists one after the other, as one. */
export function chained<T>(sources: Source<T>[]): Source<T> {
	return async (after) => {
		const [, number, mark] = /^(\d+) (.*)$/.exec(after ?? "") ?? [];
		const at = Number(number ?? 0);
		const part = await sources[at]?.(mark || undefined);
		if (!part) return { items: [], next: undefined };
		const items = part.items.map(({ mark, item }) => ({ mark: `${at} ${mark}`, item }));
		if (part.next !== undefined) return { items, next: `${at} ${part.next}` };
		return { items, next: at + 1 < sources.length ? `${at + 1} ` : undefined };
	};
}

/** Names that are all there, in an order in which each keeps its place when others come or go. */
export function listed(names: readonly string[]): Source<string> {
	return async (after) => {
		const rest = [...names].sort().filter((name) => after === undefined || name > after);
		return { items: rest.map((name) => ({ mark: name, item: name })), next: undefined };
	};
}

/** What has numbers, the highest first, from the one below `end`. */
export function downwards(end: number, atOnce: number): Source<number> {
	return async (after) => {
		const from = (after === undefined ? end : Math.min(end, Number(after))) - 1;
		const numbers = Array.from({ length: Math.max(0, Math.min(atOnce, from + 1)) }, (_, at) => from - at);
		const last = numbers.at(-1) ?? 0;
		return { items: numbers.map((item) => ({ mark: String(item), item })), next: last > 0 ? String(last) : undefined };
	};
}

/** The pages that were walked through, by the marks after which they begin; the last is looked at. */
export type Way = readonly (string | undefined)[];

export const START: Way = [undefined];

export const forward = (way: Way, next: string | undefined): Way => (next === undefined ? way : [...way, next]);

export const back = (way: Way): Way => (way.length > 1 ? way.slice(0, -1) : way);

/** Which of a list that is all there a page shows: the nearest one, if it got shorter. */
export function slice(
	length: number,
	page: number,
	size: number,
): { page: number; pages: number; from: number; to: number } {
	const pages = Math.max(1, Math.ceil(length / size));
	const at = Math.min(Math.max(page, 0), pages - 1);
	return { page: at, pages, from: at * size, to: Math.min(length, (at + 1) * size) };
}
