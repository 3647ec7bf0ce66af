import { expect, test } from "vitest";
import vectors from "../../../../protocol/vectors/auction.json?raw";
import { type Bid, priceFor, priceThatBeats, score, type Terms, usualPrice } from "./auction";

interface Given {
	ceiling: string;
	longest_blocks: number;
	speed_billionths: number;
	bids: { bidder: number; price: string; eta_blocks: number; reputation_billionths: number; tie: string }[];
}
interface Out {
	scores: (string | null)[];
	winner: number | null;
	runner_up: number | null;
	award: { fee: string; score: string; must_beat: boolean; fees_when_late: string[] } | null;
}
interface Sales {
	sales: { settled: number; fee: string; work: string }[];
	now: number;
	work: string;
}

const golden: {
	auctions: { in: Given; out: Out | null }[];
	usual_prices: { in: Sales; out: string | null }[];
} = JSON.parse(vectors);

const termsOf = ({ ceiling, longest_blocks, speed_billionths }: Given): Terms => ({
	ceiling: BigInt(ceiling),
	longest_blocks,
	speed_billionths,
	handicap_billionths: 100_000_000,
});
const bidOf = (bid: Given["bids"][number]): Bid => ({ ...bid, price: BigInt(bid.price) });

const auctions = golden.auctions.filter((auction) => auction.out !== null);

test("there are auctions to compare with", () => {
	expect(auctions.length).toBeGreaterThan(5);
	expect(auctions.some(({ out }) => out?.runner_up !== null && out?.award)).toBe(true);
});

test.each(auctions)(
	"bids score as the chain scores them: $in.bids.length bids, ceiling $in.ceiling",
	({ in: given, out }) => {
		const terms = termsOf(given);
		const scores = given.bids.map((bid) => score(terms, bidOf(bid))?.toString() ?? null);
		expect(scores).toEqual(out?.scores.map((score) => score?.toString() ?? null));
	},
);

test.each(auctions.filter(({ out }) => out?.award && out.runner_up !== null))(
	"the winner is paid the highest price that beats the runner-up: $in.bids.length bids, ceiling $in.ceiling",
	({ in: given, out }) => {
		const terms = termsOf(given);
		const winner = given.bids.find(({ bidder }) => bidder === out?.winner);
		const second = given.bids.find(({ bidder }) => bidder === out?.runner_up);
		if (!winner || !second || !out?.award) throw new Error("a case without bidders");
		const mine = bidOf(winner);
		const bar = BigInt(out.award.score) - (out.award.must_beat ? 1n : 0n);
		expect(priceFor(terms, bar, mine.eta_blocks, mine.reputation_billionths)).toBe(BigInt(out.award.fee));
		const price = priceThatBeats(terms, bidOf(second), mine.eta_blocks, mine.reputation_billionths);
		if (price === undefined) return expect(out.award.must_beat).toBe(false);
		const best = score(terms, bidOf(second)) ?? 0n;
		const scored = score(terms, { ...mine, price });
		expect(scored !== undefined && scored < best).toBe(true);
		const more = score(terms, { ...mine, price: price + 1n });
		expect(more === undefined || more >= best).toBe(true);
	},
);

/** The chain keeps the 32 heaviest. */
const kept = golden.usual_prices.filter(({ in: given }) => given.sales.length <= 32);

test.each(kept)("the usual price of $in.work is what the chain says", ({ in: { sales, now, work }, out }) => {
	const sold = sales.flatMap(({ settled, fee, work }) => {
		if (BigInt(work) === 0n) return [];
		return [{ settled, work: BigInt(work), giga_price: (BigInt(fee) * 10n ** 9n + BigInt(work) - 1n) / BigInt(work) }];
	});
	expect(usualPrice(sold, now, BigInt(work))?.toString() ?? null).toBe(out);
});
