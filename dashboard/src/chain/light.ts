// The light client: it follows the network by itself, and trusts no node. It is large, so it is loaded by choice only.

import type { JsonRpcProvider } from "polkadot-api";
import { getSmProvider } from "polkadot-api/sm-provider";
import { startFromWorker } from "polkadot-api/smoldot/from-worker";
import SmWorker from "polkadot-api/smoldot/worker?worker";

/** A specification is no longer than this. */
const MOST_BYTES = 32 << 20;

export async function start(address: string): Promise<{ provider: JsonRpcProvider; stop: () => void }> {
	const answer = await fetch(address);
	if (!answer.ok) {
		throw new Error(`it needs the chain's raw specification, and there is none at ${address}`);
	}
	const spec = await answer.text();
	if (spec.length > MOST_BYTES) throw new Error(`the specification at ${address} is too long`);
	const worker = new SmWorker();
	// What it warns of is for its authors: that it is slow, or asked in an old way.
	const smoldot = startFromWorker(worker, { forbidWs: false, maxLogLevel: 1 });
	const stop = () => {
		const ended = smoldot.terminate().catch(() => {});
		void ended.then(() => worker.terminate());
	};
	try {
		const chain = await smoldot.addChain({ chainSpec: spec });
		return { provider: getSmProvider(() => chain), stop };
	} catch (error) {
		stop();
		throw error;
	}
}
