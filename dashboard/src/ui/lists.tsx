// Tables, and the pages of long lists.

import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import type { Counted } from "../chain/keys";
import type { Walk } from "../chain/pages";
import { count } from "../format";
import { slice } from "../paging";
import { Button } from "./index";

/** The head of a column: its title, and how the column looks. */
type Head = string | { title: string; class: "right" | "right only-wide" };

/** A table that is moved by itself where it is wider than the screen. */
export function Table(props: { label: string; heads?: Head[]; isWide?: boolean; children: JSX.Element }): JSX.Element {
	return (
		<section class="table-wrap" tabindex="0" aria-label={props.label}>
			<table class="table" classList={{ wide: props.isWide ?? false }}>
				<Show when={props.heads}>
					{(heads) => (
						<thead>
							<tr>
								<For each={heads()}>
									{(head) => (
										<th scope="col" class={typeof head === "string" ? undefined : head.class}>
											{typeof head === "string" ? head : head.title}
										</th>
									)}
								</For>
							</tr>
						</thead>
					)}
				</Show>
				<tbody>{props.children}</tbody>
			</table>
		</section>
	);
}

export const soMany = ({ count: counted, isAll }: Counted): string => (isAll ? count(counted) : `${count(counted)}+`);

/** Leads from page to page, where there are several. `counted` says how many things there are on all of them. */
export function Pager(props: { of: string; walk: Walk; counted?: Counted | undefined }): JSX.Element {
	// Once it is there it stays, also while a page is read: who uses it has the focus in it.
	const isNeeded = createMemo<boolean>(
		(was) => was || props.walk.back() !== undefined || props.walk.forward() !== undefined,
		false,
	);
	return (
		<Show when={isNeeded()}>
			<nav class="pager" aria-label={`Pages of ${props.of}`}>
				<Turn to={props.walk.back()}>Previous page</Turn>
				<span class="small quiet" role="status">
					Page {count(props.walk.number())}
					<Show when={props.counted}>{(counted) => `, ${soMany(counted())} in all`}</Show>
				</span>
				<Turn to={props.walk.forward()}>Next page</Turn>
			</nav>
		</Show>
	);
}

/** It stays where it is, and keeps the focus, when it leads nowhere. */
function Turn(props: { to: (() => void) | undefined; children: JSX.Element }): JSX.Element {
	return (
		<Button small aria-disabled={props.to === undefined} onClick={() => props.to?.()}>
			{props.children}
		</Button>
	);
}

/** A list that is all there, of which one page is drawn. */
export function InPages<T>(props: {
	of: string;
	list: readonly T[];
	size: number;
	/** Is given what the page shows, and how many come before it. */
	children: (shown: () => readonly T[], before: () => number) => JSX.Element;
}): JSX.Element {
	const [wanted, setWanted] = createSignal(0);
	const at = () => slice(props.list.length, wanted(), props.size);
	const walk: Walk = {
		number: () => at().page + 1,
		back: () => (at().page > 0 ? () => setWanted(at().page - 1) : undefined),
		forward: () => (at().page + 1 < at().pages ? () => setWanted(at().page + 1) : undefined),
	};
	return (
		<>
			{props.children(
				() => props.list.slice(at().from, at().to),
				() => at().from,
			)}
			<Pager of={props.of} walk={walk} counted={{ count: props.list.length, isAll: true }} />
		</>
	);
}
