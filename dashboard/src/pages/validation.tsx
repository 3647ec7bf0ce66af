// What pages say of one validation, of which the chain or a receipt tells.

import { type JSX, Show } from "solid-js";
import { count, percent, plural } from "../format";
import { Copy, Fact, Facts, Who } from "../ui";

interface Parties {
	provider: string;
	client: string;
}

interface Artifacts {
	manifest: string;
	start: string;
	outcome?: { output: string } | null | undefined;
}

export interface Recorded extends Parties, Artifacts {
	leaves: number;
	drawn: number;
	auditBillionths: number;
	juries: number;
	executions: number;
	detectsOneBillionths: number;
	detectsTenthBillionths: number;
	closed: number;
}

export function PartiesFacts(props: { of: Parties }): JSX.Element {
	return (
		<>
			<Fact label="Provider">
				<Who address={props.of.provider} />
			</Fact>
			<Fact label="Client">
				<Who address={props.of.client} />
			</Fact>
		</>
	);
}

/** `missing` is said of a result that is not there. */
export function ArtifactFacts(props: { of: Artifacts; missing: string }): JSX.Element {
	return (
		<>
			<Fact label="Manifest">
				<Copy text={props.of.manifest} />
			</Fact>
			<Fact label="Began from">
				<Copy text={props.of.start} />
			</Fact>
			<Fact label="Result">
				<Show when={props.of.outcome} fallback={<span class="quiet">{props.missing}</span>}>
					{(outcome) => <Copy text={outcome().output} />}
				</Show>
			</Fact>
		</>
	);
}

/** One that has ended, as the chain keeps it. */
export function RecordFacts(props: { of: Recorded }): JSX.Element {
	const of = () => props.of;
	return (
		<Facts>
			<PartiesFacts of={of()} />
			<ArtifactFacts of={of()} missing="was never shown" />
			<Fact label="Checked">
				{count(of().drawn)} of {plural(of().leaves, "leaf", "leaves")} were audited; the chance of an audit was{" "}
				{percent(of().auditBillionths)}
			</Fact>
			<Fact label="Juries">
				{of().juries === 0
					? "none sat"
					: `${plural(of().juries, "jury", "juries")} sat, whose jurors computed a leaf ${plural(of().executions, "time")}`}
			</Fact>
			<Fact label="Had been found">
				{percent(of().detectsOneBillionths)} if one leaf was wrong, {percent(of().detectsTenthBillionths)} if one in ten
				was
			</Fact>
			<Fact label="Closed">block {count(of().closed)} of the network's clock</Fact>
		</Facts>
	);
}
