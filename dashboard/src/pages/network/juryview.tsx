// A jury over one leaf: how far its margin is.

import type { JSX } from "solid-js";
import { count, plural } from "../../format";
import { Badge } from "../../ui";
import { Shares } from "../../ui/charts";
import { type JuryNow, leads } from "./jury";

const STAGES: Record<string, string> = {
	Drawing: "jurors are being drawn",
	Voting: "jurors recompute the leaf",
	Revealing: "jurors reveal their votes",
	Closed: "has decided",
};

const VERDICTS: Record<string, string> = {
	Upheld: "the provider was right",
	Convicted: "the result is wrong",
	InputAtFault: "inputs were at fault",
};

export function JuryView(props: { jury: JuryNow }): JSX.Element {
	const of = () => props.jury;
	const heard = () => of().upheld + of().inputAtFault + of().convicted + of().copied;
	const lead = () => leads(of());
	return (
		<div class="stack tight">
			<div class="row apart">
				<h3>
					Jury on leaf {count(of().leaf)}, round {count(of().round)}
				</h3>
				<Badge tone={of().stage === "Closed" ? "good" : "busy"}>
					{of().verdict ? (VERDICTS[of().verdict as string] ?? of().verdict) : (STAGES[of().stage] ?? of().stage)}
				</Badge>
			</div>
			<Shares
				label={`Seats that were heard on leaf ${of().leaf}`}
				of={Math.max(of().margin, heard())}
				shares={[
					{ name: "for the provider", value: of().upheld, tone: "good" },
					{ name: "inputs at fault", value: of().inputAtFault, tone: "warn" },
					{ name: "against the provider", value: of().convicted, tone: "bad" },
					{ name: "copied", value: of().copied, tone: "quiet" },
				]}
			/>
			<p class="small quiet">
				{heard() === 0
					? `Nobody was heard yet. One side wins when it is ${plural(of().margin, "seat")} ahead of all others together.`
					: `${plural(heard(), "seat")} heard: ${count(of().upheld)} for the provider, ${count(of().convicted)} against, ${count(
							of().inputAtFault,
						)} blame the inputs${of().copied > 0 ? `, ${count(of().copied)} copied` : ""}. That ${lead().verdict} is ${plural(
							lead().ahead,
							"seat",
						)} ahead; ${count(of().margin)} decide, and ${plural(of().cap, "seat")} are heard at most.`}
			</p>
		</div>
	);
}
