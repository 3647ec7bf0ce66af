// What goes with an order: a lock that answers for its inputs, and the gateway's store as a device of the client's, by
// which workers find them.

import { Binary } from "polkadot-api";
import type { Account } from "../../chain/accounts";
import type { Chain } from "../../chain/connection";
import { fundsOf, max, missingLock } from "../../chain/funds";
import type { Call } from "../../chain/transactions";
import { ogpu } from "../../format";
import type { Gateway } from "../../gateway";

const best = { at: "best" } as const;
/** Under this name clients' stores stand in the registry. */
const DEVICE_NAME = "a client's store";

export interface Prepared {
	calls: Call[];
	/** What these do, in words. */
	says: string[];
	/** What they hold. */
	holds: bigint;
}

export async function prepare(chain: Chain, by: Account, through: Gateway, bond: bigint): Promise<Prepared> {
	const { query, constants, tx } = chain.api;
	const prepared: Prepared = { calls: [], says: [], holds: 0n };
	const [worker, funds, operator] = await Promise.all([
		query.StakingTrustlock.Workers.getValue(by.address, best),
		fundsOf(chain, by.address),
		query.StakingTrustlock.Operators.getValue(by.address, best),
	]);
	if (worker) throw new Error("This account is a worker key: ask with the account of its operator.");
	const missing = missingLock(funds, bond);
	if (missing > 0n) {
		const least = await constants.StakingTrustlock.MinimumLock(best);
		const amount = funds.lock === 0n ? max(missing, least) : missing;
		prepared.calls.push(tx.StakingTrustlock.lock({ amount }));
		prepared.says.push(
			`Locks ${ogpu(amount)} OGPU, which answer for your inputs. You can unlock them when nothing is open.`,
		);
		prepared.holds += amount;
	}
	const spec = {
		kind: { type: "Cpu", value: undefined } as const,
		name: Binary.fromText(DEVICE_NAME),
		memory_mb: 1,
		endpoint: Binary.fromText(through.endpoint),
		worker: by.address,
	};
	const key = through.endpoint.split("@")[0];
	const devices = await Promise.all(
		operator.devices.map(async (id) => {
			const record = await query.StakingTrustlock.Devices.getValue(id, best);
			return { id, endpoint: record ? new TextDecoder().decode(record.spec.endpoint) : "" };
		}),
	);
	const known = devices.find(({ endpoint }) => endpoint.split("@")[0] === key);
	if (!known) {
		const deposit = await constants.StakingTrustlock.DeviceDeposit(best);
		prepared.calls.push(tx.StakingTrustlock.register_device(spec));
		prepared.says.push(
			`Registers the store of your gateway as a device of kind cpu, so that workers find your inputs: a deposit of ${ogpu(deposit)} OGPU, which returns when you retire it.`,
		);
		prepared.holds += deposit;
	} else if (known.endpoint !== through.endpoint) {
		prepared.calls.push(tx.StakingTrustlock.update_device({ id: known.id, ...spec }));
		prepared.says.push("Says anew where the store of your gateway is reached.");
	}
	return prepared;
}
