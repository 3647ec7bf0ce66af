// Transactions of well-known accounts, without a page.

import assert from "node:assert/strict";
import { sr25519CreateDerive } from "@polkadot-labs/hdkd";
import { DEV_MINI_SECRET } from "@polkadot-labs/hdkd-helpers";
import { createClient } from "polkadot-api";
import { getPolkadotSigner } from "polkadot-api/signer";
import { getWsProvider } from "polkadot-api/ws";
import WebSocket from "ws";

/** Sends what `make` makes of the chain's interface, and returns the fields of an event of the block in which it was executed. */
export async function send(node, name, make, pallet, event) {
	const client = createClient(getWsProvider(node, { websocketClass: WebSocket }));
	try {
		const api = client.getUnsafeApi();
		const pair = sr25519CreateDerive(DEV_MINI_SECRET)(`//${name}`);
		const call = await make(api);
		const sent = await call.signAndSubmit(getPolkadotSigner(pair.publicKey, "Sr25519", pair.sign));
		assert.ok(sent.ok, JSON.stringify(sent.dispatchError));
		return sent.events.find(({ type, value }) => type === pallet && value.type === event).value.value;
	} finally {
		client.destroy();
	}
}
