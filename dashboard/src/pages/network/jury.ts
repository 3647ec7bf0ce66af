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
