// Validations that are open, and the juries in them.

import { For, type JSX, Show } from "solid-js";
import { livePage } from "../../chain/pages";
import { count, plural, short, spoken } from "../../format";
import { Amount, Badge, Card, Empty, Loaded, Page, SkeletonList, Steps, Until, Who } from "../../ui";
import { Pager } from "../../ui/lists";
import { PHASES, phaseOf } from "../words";
import { JuryView } from "./juryview";
import { type Validation, validationsOf } from "./reads";

export default function Validations(): JSX.Element {
	const all = livePage(() => "all", validationsOf);
	return (
		<Page title="Validations">
			<div class="stack wide">
				<p class="quiet">
					Verifiers that were drawn recompute leaves of a result, each for itself. Where they differ, a jury is drawn
					until one side is far enough ahead.
				</p>
				<Loaded value={all.value()} problem={all.problem()} again={all.again} skeleton={<SkeletonList rows={4} />}>
					{(found) => (
						<Show
							when={found().items.length > 0 || all.walk.back() || all.walk.forward()}
							fallback={
								<Card>
									<Empty isFirst icon="shield" title="Nothing is being checked">
										As soon as a provider commits to a result, its validation is here.
									</Empty>
								</Card>
							}
						>
							<div class="stack">
								<For each={found().items}>{(one) => <One validation={one} now={found().now} />}</For>
							</div>
						</Show>
					)}
				</Loaded>
				<Pager of="validations" walk={all.walk} counted={all.value()?.counted} />
			</div>
		</Page>
	);
}

function One(props: { validation: Validation; now: number }): JSX.Element {
	const of = () => props.validation;
	return (
		<Card
			title={
				<a href={`#/validation/${of().name}`}>
					{of().isBenchmark ? "Benchmark " : ""}
					<code>{short(of().name)}</code>
				</a>
			}
			aside={
				<div class="row">
					<Badge tone="busy">{spoken(of().stage)}</Badge>
					<span class="small quiet">
						<Until due={of().due} now={props.now} />
					</span>
				</div>
			}
		>
			<div class="stack">
				<p class="small">
					<Who address={of().provider} plain /> for <Who address={of().client} plain />:{" "}
					{plural(of().leaves, "leaf", "leaves")}
					<Show when={of().drawn > 0}>, {count(of().drawn)} drawn to be checked</Show>; <Amount of={of().fee} /> at
					stake
				</p>
				<Steps steps={PHASES} at={phaseOf(of().stage)} />
				<For each={of().juries}>{(jury) => <JuryView jury={jury} />}</For>
			</div>
		</Card>
	);
}
