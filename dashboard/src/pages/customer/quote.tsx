// What an order would cost, before anything is paid.

import { type JSX, Show } from "solid-js";
import type { JobQuote, RequestQuote } from "../../chain/ogpu";
import { Amount, Card, Fact, Facts, Note, Skeleton } from "../../ui";
import { Candidates } from "./parts";
import type { Quoting } from "./quoting";

/** A quote that is asked for, refused or there; `nothing` stands where there is nothing to ask about. */
export function QuoteCard<T>(props: {
	title: string;
	quote: Quoting<T>;
	nothing?: JSX.Element;
	children: (quoted: () => NonNullable<T>) => JSX.Element;
}): JSX.Element {
	return (
		<Card
			title={props.title}
			aside={<Show when={props.quote.isAsking()}>{<span class="small quiet">asking…</span>}</Show>}
		>
			<Show
				when={props.quote.value()}
				fallback={
					<Show
						when={props.quote.problem()}
						fallback={
							<Show when={props.quote.isAsking() || !props.nothing} fallback={props.nothing}>
								<Skeleton height="9rem" />
							</Show>
						}
					>
						{(text) => <Note tone="warn">{text()}</Note>}
					</Show>
				}
			>
				{(quoted) => props.children(quoted)}
			</Show>
		</Card>
	);
}

/** The sum and its parts: what the work costs stands first, what else is known of it last. */
export function Costs(props: {
	quote: RequestQuote | JobQuote;
	/** The most that leaves the balance and does not return. */
	most: bigint;
	note?: JSX.Element;
	work: JSX.Element;
	children: JSX.Element;
	warning?: JSX.Element;
}): JSX.Element {
	return (
		<div class="stack">
			<p class="total" data-testid="total">
				<Amount of={props.most} />
				<span class="small quiet"> at most</span>
			</p>
			{props.note}
			<Facts>
				{props.work}
				<Fact label="Checking">
					<Amount of={props.quote.checking} />
				</Fact>
				<Fact label="Deposit">
					<Amount of={props.quote.deposit} /> <span class="small quiet">returns</span>
				</Fact>
				<Fact label="Your lock">
					<Amount of={props.quote.clientBond} /> <span class="small quiet">answer for the inputs</span>
				</Fact>
				{props.children}
			</Facts>
			{props.warning}
			<Candidates devices={props.quote.devices} />
		</div>
	);
}
