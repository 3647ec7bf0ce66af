// Referenda: what is voted on, how it stands, and what it takes. docs/governance.md.

import type { Api, Chain } from "../../chain/connection";
import type { About } from "../../chain/pages";
import { bounded, inTime } from "../../format";
import { downwards, pageOf } from "../../paging";

const AT = { at: "best" } as const;
const BILLION = 1_000_000_000n;
const MOST_CALL_BYTES = 20_000;
const SIZE = 25;

/** What is needed after a share of the time to decide, in billionths: it falls in a straight line to its floor. */
export interface Falling {
	length: number;
	floor: number;
	ceil: number;
}

export function needed({ length, floor, ceil }: Falling, elapsed: number): number {
	const at = Math.min(Math.max(elapsed, 0), length);
	return ceil - (length === 0 ? ceil - floor : ((ceil - floor) * at) / length);
}

export const share = (part: bigint, whole: bigint): number => (whole === 0n ? 0 : Number((part * BILLION) / whole));

export interface Referendum {
	id: number;
	track: number;
	trackName: string;
	/** What would be called: its pallet and name, and its arguments as text. */
	call: { name: string; text: string } | undefined;
	proposer: string;
	ayes: bigint;
	nays: bigint;
	/** In billionths. */
	approval: number;
	support: number;
	neededApproval: number;
	neededSupport: number;
	state: string;
	/** The block of its next change, where it has one. */
	until: number | undefined;
	mine: { isAye: boolean | undefined; balance: bigint; conviction: number } | undefined;
}

export interface Governance {
	referenda: Referendum[];
	ended: { id: number; state: string; at: number }[];
	/** How many there have been, and where the next page begins. */
	count: number;
	next: string | undefined;
	/** How long the smallest conviction locks. */
	lockBlocks: number;
	parameters: Parameter[];
	fixed: { name: string; value: string }[];
}

export interface Parameter {
	area: string;
	name: string;
	value: string;
	/** It was set by a vote, or by sudo: else it is the runtime's default. */
	isSet: boolean;
}

type Ongoing = Extract<
	NonNullable<Awaited<ReturnType<Api["query"]["Referenda"]["ReferendumInfoFor"]["getValue"]>>>,
	{ type: "Ongoing" }
>["value"];

/** Arguments as text: they are somebody's, and shown to people alone. */
export function plain(value: unknown): string {
	const text = JSON.stringify(value, (_, inner: unknown) => {
		if (typeof inner === "bigint") return inner.toString();
		if (inner instanceof Uint8Array) {
			const digits = Array.from(inner.subarray(0, 64), (byte) => byte.toString(16).padStart(2, "0")).join("");
			return `0x${digits}${inner.length > 64 ? "…" : ""}`;
		}
		return inner;
	});
	return bounded(text ?? "", 600);
}

async function callOf(chain: Chain, proposal: Ongoing["proposal"]): Promise<Referendum["call"]> {
	let bytes: Uint8Array | undefined;
	if (proposal.type === "Inline") bytes = proposal.value;
	else if (proposal.type === "Lookup" && proposal.value.len <= MOST_CALL_BYTES) {
		const key: [string, number] = [proposal.value.hash, proposal.value.len];
		bytes = await chain.api.query.Preimage.PreimageFor.getValue(key, AT);
	}
	if (!bytes) return undefined;
	const { decodedCall } = await chain.api.txFromCallData(bytes);
	const call = decodedCall as { type: string; value: { type: string; value: unknown } };
	return { name: `${call.type}.${call.value.type}`, text: plain(call.value.value) };
}

function mineOf(
	voting: Awaited<ReturnType<Api["query"]["ConvictionVoting"]["VotingFor"]["getValue"]>> | undefined,
	id: number,
): Referendum["mine"] {
	if (voting?.type !== "Casting") return undefined;
	const vote = voting.value.votes.find(([poll]) => poll === id)?.[1];
	if (!vote) return undefined;
	if (vote.type !== "Standard") {
		const parts = Object.values(vote.value) as bigint[];
		return { isAye: undefined, balance: parts.reduce((sum, part) => sum + part, 0n), conviction: 0 };
	}
	return { isAye: vote.value.vote >= 128, balance: vote.value.balance, conviction: vote.value.vote & 127 };
}

/** A page of referenda, the newest first, with the votes of an account; and the parameters. */
export async function governanceOf(chain: Chain, { of: who, after }: About<string>): Promise<Governance> {
	const { query, constants } = chain.api;
	const count = await query.Referenda.ReferendumCount.getValue(AT);
	const { items: ids, next } = await pageOf(downwards(count, SIZE), after, SIZE);
	const [found, tracks, issuance, inactive, lockBlocks, number] = await Promise.all([
		query.Referenda.ReferendumInfoFor.getValues(
			ids.map((id): [number] => [id]),
			AT,
		),
		constants.Referenda.Tracks(AT),
		query.Balances.TotalIssuance.getValue(AT),
		query.Balances.InactiveIssuance.getValue(AT),
		constants.ConvictionVoting.VoteLockingPeriod(AT),
		chain.client.getBestBlocks().then(([best]) => best?.number ?? 0),
	]);
	const byTrack = new Map(tracks.map(([id, track]) => [id, track]));
	const open: Referendum[] = [];
	const ended: Governance["ended"] = [];
	for (const [index, id] of ids.entries()) {
		const value = found[index];
		if (!value) continue;
		if (value.type !== "Ongoing") {
			const at = Array.isArray(value.value) ? value.value[0] : value.value;
			ended.push({ id, state: value.type, at: typeof at === "number" ? at : 0 });
			continue;
		}
		const of = value.value;
		const track = byTrack.get(of.track);
		if (!track) continue;
		const elapsed = of.deciding ? share(BigInt(number - of.deciding.since), BigInt(track.decision_period)) : 0;
		const [voting, call] = await Promise.all([
			who ? query.ConvictionVoting.VotingFor.getValue(who, of.track, AT) : undefined,
			callOf(chain, of.proposal).catch(() => undefined),
		]);
		open.push({
			id,
			track: of.track,
			trackName: bounded(track.name.replaceAll("\u0000", ""), 30),
			call,
			proposer: of.submission_deposit.who,
			ayes: of.tally.ayes,
			nays: of.tally.nays,
			approval: share(of.tally.ayes, of.tally.ayes + of.tally.nays),
			support: share(of.tally.support, issuance - inactive),
			neededApproval: fallen(track.min_approval, elapsed),
			neededSupport: fallen(track.min_support, elapsed),
			...stateOf(of, track),
			mine: mineOf(voting, id),
		});
	}
	return { referenda: open, ended, next, count, lockBlocks, ...(await parametersOf(chain)) };
}

function fallen(curve: { type: string; value: unknown }, elapsed: number): number {
	return curve.type === "LinearDecreasing" ? needed(curve.value as Falling, elapsed) : Number.NaN;
}

function stateOf(
	of: Ongoing,
	track: { decision_period: number; confirm_period: number; prepare_period: number },
): Pick<Referendum, "state" | "until"> {
	if (of.deciding?.confirming !== undefined) return { state: "being confirmed", until: of.deciding.confirming };
	if (of.deciding) return { state: "being decided", until: of.deciding.since + track.decision_period };
	if (of.in_queue) return { state: "waits for its turn", until: undefined };
	if (!of.decision_deposit) return { state: "waits for its deposit", until: undefined };
	return { state: "is prepared", until: of.submitted + track.prepare_period };
}

const WORDS: Record<string, string> = {
	TreasuryShare: "The treasury's share of fees",
	ByteFee: "For each byte of a transaction",
	BaseFee: "For an empty transaction",
	YearlyShare: "Of what is left to emit, emitted in a year",
	MinHolders: "Operators with seats that a validation needs",
	SeatBond: "Bond of verification seats",
	TreasuryGrant: "Paid by the treasury to juries in a session, at most",
	FeeOfStake: "The largest fee, as a share of the stake that validates it",
};
const AMOUNTS = ["ByteFee", "BaseFee", "SeatBond", "TreasuryGrant"];

function shown(name: string, value: unknown): string {
	if (typeof value === "bigint" && AMOUNTS.includes(name)) {
		const text = value.toString().padStart(19, "0");
		return `${text.slice(0, -18)}.${text.slice(-18)}`.replace(/\.?0+$/, "").concat(" OGPU");
	}
	if (name === "TreasuryShare") return `${value} %`;
	if (name === "YearlyShare" || name === "FeeOfStake") return `${Number(value) / 1e7} %`;
	return bounded(String(value), 60);
}

async function parametersOf(chain: Chain): Promise<Pick<Governance, "parameters" | "fixed">> {
	const { query, constants } = chain.api;
	const { ResultValidation, StakingTrustlock, ContinuousPool, TrainingAuction } = constants;
	const [set, minHolders, seatBond, grant, feeOfStake, heartbeat, unbonding, score, minBid, maxBid, reveal, records] =
		await Promise.all([
			query.Parameters.Parameters.getEntries(AT),
			ResultValidation.MinHolders(AT),
			ResultValidation.SeatBond(AT),
			ResultValidation.TreasuryGrant(AT),
			ResultValidation.FeeOfStake(AT),
			StakingTrustlock.HeartbeatBlocks(AT),
			StakingTrustlock.UnbondingBlocks(AT),
			StakingTrustlock.ScoreBlocks(AT),
			TrainingAuction.MinBiddingBlocks(AT),
			TrainingAuction.MaxBiddingBlocks(AT),
			TrainingAuction.RevealBlocks(AT),
			ResultValidation.RecordBlocks(AT),
		]);
	const width = await ContinuousPool.MaxWidth(AT);
	const chosen = new Map<string, unknown>(
		set.map(({ value }) => [value.value.type as string, value.value.value as unknown]),
	);
	const defaults: [string, string, unknown][] = [
		["Fees", "TreasuryShare", undefined],
		["Fees", "ByteFee", undefined],
		["Fees", "BaseFee", undefined],
		["Emission", "YearlyShare", undefined],
		["Validation", "MinHolders", minHolders],
		["Validation", "SeatBond", seatBond],
		["Validation", "TreasuryGrant", grant],
		["Validation", "FeeOfStake", feeOfStake],
	];
	const parameters = defaults.map(([area, name, value]): Parameter => {
		const isSet = chosen.has(name);
		const now = isSet ? chosen.get(name) : value;
		return {
			area,
			name: WORDS[name] ?? name,
			value: now === undefined ? "default" : shown(name, now),
			isSet,
		};
	});
	const blocks = (number: number) => inTime(number);
	return {
		parameters,
		fixed: [
			{ name: "A device sends a heartbeat in each window of", value: blocks(heartbeat) },
			{ name: "A measured speed counts for", value: blocks(score) },
			{ name: "Unbonding a lock takes", value: blocks(unbonding) },
			{ name: "Auctions take bids for", value: `${inTime(minBid)} to ${inTime(maxBid)}` },
			{ name: "Bids are revealed within", value: blocks(reveal) },
			{ name: "A race has at most", value: `${width} racers` },
			{ name: "Records of validations are kept for", value: blocks(records) },
		],
	};
}
