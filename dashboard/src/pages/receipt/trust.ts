// The chains whose first validators a reader of receipts may begin with.

import { type Chain, chainOf } from "../../receipt";
import { hostSays } from "../../settings";

export interface Known {
	chain: Chain;
	/** Who says so. */
	from: string;
}

let known: Promise<Known> | undefined;

/** By the spec that the host of this page serves. */
export function knownChain(): Promise<Known> {
	known ??= read();
	known.catch(() => {
		known = undefined;
	});
	return known;
}

async function read(): Promise<Known> {
	const at = (await hostSays()).spec ?? "./chain.json";
	const answer = await fetch(at).catch(() => undefined);
	if (!answer?.ok) {
		throw new Error(
			"The host of this page serves no chain spec. Choose the file of one, or name a set of validators that you know.",
		);
	}
	return { chain: chainOf(await answer.text()), from: "by the spec that the host of this page serves" };
}

/** By a file that the reader has. */
export async function ownChain(text: string, name: string): Promise<Known> {
	return { chain: chainOf(text), from: `by the file ${name}` };
}
