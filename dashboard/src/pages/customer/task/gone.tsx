// A task of which nothing is left on the chain but records.

import { For, type JSX, Show } from "solid-js";
import { live } from "../../../chain/live";
import type { Task } from "../../../chain/ogpu";
import { date } from "../../../format";
import { Amount, Card, Copy, Empty, Fact, Facts, LinkButton, Loaded, Note, Skeleton } from "../../../ui";
import { cost, entryOf } from "../journal";
import { delivered, partNames } from "../results";
import { ending } from "../words";
import { Results, withSizes } from "./outcome";
import { SurenessBadge } from "./result";

/** What is known of it in this browser, and the records of its parts. */
export function Gone(props: { name: string }): JSX.Element {
	const known = () => entryOf(props.name);
	return (
		<Show
			when={known()}
			fallback={
				<Card>
					<Empty
						icon="search"
						title="The chain knows no task of this name"
						action={<LinkButton href="#/">To your work</LinkButton>}
					>
						It may have ended long ago, or be of another chain.
					</Empty>
				</Card>
			}
		>
			{(entry) => (
				<div class="columns">
					<div class="stack wide">
						<Show
							when={entry().results.length > 0 || entry().parts || entry().kind === "request"}
							fallback={<Note>It has ended, and this browser remembers no result of it.</Note>}
						>
							<Remembered name={props.name} />
						</Show>
					</div>
					<Card title="It has ended">
						<Facts>
							<Fact label="How">{ending(entry().ended?.how ?? "not known here")}</Fact>
							<Fact label="Asked">{date(entry().asked)}</Fact>
							<Fact label={cost(entry()).isCertain ? "Paid" : "Paid at most"}>
								<Amount of={cost(entry()).amount} />
							</Fact>
							<Fact label="Name">
								<Copy text={props.name} />
							</Fact>
							<Fact label="Receipt">
								<a href={`#/receipt/${props.name}`}>prove what was recorded</a>
							</Fact>
						</Facts>
					</Card>
				</div>
			)}
		</Show>
	);
}

/** What this browser remembers of the results, looked up in the records that the chain keeps. */
function Remembered(props: { name: string }): JSX.Element {
	const results = live(
		() => {
			const entry = entryOf(props.name);
			const known = entry?.results.map((result) => result.task) ?? [];
			if (known.length > 0 || !entry) return known;
			return entry.kind === "request" ? [entry.name] : partNames(entry.name, entry.parts ?? 1);
		},
		async (chain, names) => {
			const found = await Promise.all(names.map((name) => delivered(chain, name, { is: "ended" } as Task, undefined)));
			return { parts: found.flat() };
		},
	);
	const sized = () => withSizes(props.name, results.value()?.parts ?? []);
	return (
		<Loaded
			value={results.value()}
			problem={results.problem()}
			again={results.again}
			skeleton={<Skeleton height="8rem" />}
		>
			{() => (
				<Show
					when={sized().length > 0}
					fallback={<Note>The chain has no record of a result of it any more, or there was none.</Note>}
				>
					<Results
						name={props.name}
						parts={sized()}
						manifest={entryOf(props.name)?.manifest}
						service={entryOf(props.name)?.service}
						isWhole
					/>
					<Card title="How it was judged">
						<ul class="stack tight">
							<For each={sized()}>
								{(part, index) => (
									<li class="row apart">
										<a href={`#/task/${part.task}`}>{sized().length > 1 ? `Part ${index() + 1}` : "The validation"}</a>
										<SurenessBadge of={part.sureness} />
									</li>
								)}
							</For>
						</ul>
					</Card>
				</Show>
			)}
		</Loaded>
	);
}
