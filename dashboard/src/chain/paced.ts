// For what need not be asked again with every block.

import type { Chain } from "./connection";

/** The same question, asked again only after so long; until then the last answer stands. */
export function paced<S, T>(
	milliseconds: number,
	ask: (chain: Chain, subject: S) => Promise<T>,
): (chain: Chain, subject: S) => Promise<T> {
	let last: { chain: Chain; subject: S; at: number; answer: T } | undefined;
	return async (chain, subject) => {
		const isSame = last?.chain === chain && last.subject === subject;
		if (last && isSame && Date.now() - last.at < milliseconds) return last.answer;
		const answer = await ask(chain, subject);
		last = { chain, subject, at: Date.now(), answer };
		return answer;
	};
}
