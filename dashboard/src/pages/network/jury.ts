// A jury over one leaf, and how far its margin is.

export interface JuryNow {
	leaf: number;
	round: number;
	stage: string;
	verdict: string | undefined;
	upheld: number;
	inputAtFault: number;
	convicted: number;
	copied: number;
	margin: number;
	cap: number;
	drawn: number;
	silent: number;
	due: number;
}

/** What a juror says, as far as it is told. */
export interface Vote {
	seats: number;
	answer: { type: string; value?: unknown };
}

type Finding = { success: true; value: { digest: string } } | { success: false; value: { type: string } };

/** With the votes of a round that are revealed, before the chain counts them at the end of the round. */
export function withRevealed(jury: JuryNow, claimed: string, round: readonly Vote[]): JuryNow {
	const now = { ...jury };
	for (const { seats, answer } of round) {
		if (answer.type !== "Revealed") continue;
		const finding = answer.value as Finding;
		if (finding.success && finding.value.digest === claimed) now.upheld += seats;
		else if (finding.success || finding.value.type === "OutputMissing") now.convicted += seats;
		else now.inputAtFault += seats;
	}
	return now;
}

/** By how many seats each verdict is ahead of all others together; it wins when that is the margin. */
export function leads(jury: JuryNow): { verdict: string; ahead: number } {
	const all = jury.upheld + jury.inputAtFault + jury.convicted + jury.copied;
	const sides = [
		{ verdict: "the provider is right", seats: jury.upheld },
		{ verdict: "the result is wrong", seats: jury.convicted },
		{ verdict: "inputs are at fault", seats: jury.inputAtFault },
	];
	const best = sides.reduce((a, b) => (b.seats > a.seats ? b : a));
	return { verdict: best.verdict, ahead: best.seats - (all - best.seats) };
}
