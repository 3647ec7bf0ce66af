// What a bid is worth in an auction, as the chain scores it: docs/economics.md, "The auction". Held against the golden
// vectors of the protocol.

const BILLION = 1_000_000_000n;
/** Work that prices are compared by. */
const GIGA = BILLION;
/** Sales older than this no longer count for the usual price: 30 days. */
const WINDOW_BLOCKS = 864_000;

/** What the client asks for. */
export interface Terms {
	ceiling: bigint;
	longest_blocks: number;
	speed_billionths: number;
	handicap_billionths: number;
}

export interface Bid {
	price: bigint;
	eta_blocks: number;
	reputation_billionths: number;
}

const factor = ({ handicap_billionths }: Terms, reputation: number): bigint => {
	const missing = BILLION - BigInt(Math.min(reputation, 1e9));
	return BILLION + (BigInt(handicap_billionths) * missing) / BILLION;
};
const unit = (terms: Terms): bigint => terms.ceiling * BigInt(terms.longest_blocks);
const priceWeight = (terms: Terms): bigint => (BILLION - BigInt(terms.speed_billionths)) * BigInt(terms.longest_blocks);
const timePart = (terms: Terms, blocks: number): bigint =>
	BigInt(terms.speed_billionths) * BigInt(blocks) * terms.ceiling;

/** The lower the better; undefined for a bid that is too dear or takes too long. */
export function score(terms: Terms, bid: Bid): bigint | undefined {
	if (bid.price > terms.ceiling || bid.eta_blocks > terms.longest_blocks || unit(terms) === 0n) return undefined;
	const cost = priceWeight(terms) * bid.price + timePart(terms, bid.eta_blocks);
	return (cost * factor(terms, bid.reputation_billionths)) / unit(terms);
}

/** The highest price with which a bid scores no worse than this; undefined if not even work for nothing would. */
export function priceFor(terms: Terms, worst: bigint, eta_blocks: number, reputation: number): bigint | undefined {
	if (worst < 0n || eta_blocks > terms.longest_blocks || unit(terms) === 0n) return undefined;
	// Scores are rounded down: the highest cost with one lies just below the next.
	const cost = ((worst + 1n) * unit(terms) - 1n) / factor(terms, reputation) - timePart(terms, eta_blocks);
	if (cost < 0n) return undefined;
	const price = cost / priceWeight(terms);
	return price < terms.ceiling ? price : terms.ceiling;
}

/** The highest price that beats the best bid so far, whatever the lot between equal ones says. */
export function priceThatBeats(terms: Terms, best: Bid, eta_blocks: number, reputation: number): bigint | undefined {
	const bar = score(terms, best);
	return bar === undefined ? undefined : priceFor(terms, bar - 1n, eta_blocks, reputation);
}

export interface Sold {
	settled: number;
	giga_price: bigint;
	work: bigint;
}

/** The usual price of so much work: half of all that was sold lately was sold for no more. */
export function usualPrice(sales: readonly Sold[], now: number, work: bigint): bigint | undefined {
	const recent = sales.filter(({ settled }) => now - settled <= WINDOW_BLOCKS);
	recent.sort((a, b) => (a.giga_price < b.giga_price ? -1 : a.giga_price > b.giga_price ? 1 : 0));
	const total = recent.reduce((sum, sale) => sum + sale.work, 0n);
	let sold = 0n;
	for (const sale of recent) {
		sold += sale.work;
		if (sold >= total - sold) return (sale.giga_price * work + GIGA - 1n) / GIGA;
	}
	return undefined;
}
