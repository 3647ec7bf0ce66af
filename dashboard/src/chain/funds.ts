// What an account can spend, and what its lock can answer for.

import type { Chain } from "./connection";

export interface Funds {
	/** What it can spend without being removed. */
	spendable: bigint;
	/** What is held of it, for work, locks and deposits. */
	held: bigint;
	/** What its lock can answer for, work that shares it included. */
	lock: bigint;
	/** What of the lock shared work binds now. */
	shared: bigint;
	locked: bigint;
	/** What is held for open jobs and requests. */
	work: bigint;
}

export async function fundsOf(chain: Chain, address: string): Promise<Funds> {
	const { query, constants } = chain.api;
	const at = { at: "best" } as const;
	const [record, lock, pins, holds, least] = await Promise.all([
		query.System.Account.getValue(address, at),
		query.StakingTrustlock.Locks.getValue(address, at),
		query.StakingTrustlock.Pins.getValue(address, at),
		query.Balances.Holds.getValue(address, at),
		constants.Balances.ExistentialDeposit(at),
	]);
	const { free, frozen, reserved } = record.data;
	const stays = max(max(frozen - reserved, 0n), least);
	const unbonding = (lock?.unbonding ?? []).reduce((sum, part) => sum + part.amount, 0n);
	const sizes = (kind: "Shared" | "Own") => pins.filter((pin) => pin.pin.type === kind).map((pin) => pin.amount);
	const own = sizes("Own").reduce((sum, size) => sum + size, 0n);
	const locked = lock?.locked ?? 0n;
	const work = holds.filter(({ id }) => id.value?.type === "Job" || id.value?.type === "Request");
	return {
		spendable: max(free - stays, 0n),
		held: reserved,
		lock: max(locked - unbonding - own, 0n),
		shared: sizes("Shared").reduce(max, 0n),
		locked,
		work: work.reduce((sum, { amount }) => sum + amount, 0n),
	};
}

/** How much more has to be locked to answer for so much: of what is shared the largest counts. */
export function missingLock(funds: Funds, bond: bigint): bigint {
	return bond <= funds.shared ? 0n : max(bond - funds.lock, 0n);
}

export function max(a: bigint, b: bigint): bigint {
	return a > b ? a : b;
}
