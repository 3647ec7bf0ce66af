// The accounts of chains for development, whose keys are known to all.

import { sr25519CreateDerive } from "@polkadot-labs/hdkd";
import { DEV_MINI_SECRET } from "@polkadot-labs/hdkd-helpers";
import { getPolkadotSigner } from "polkadot-api/signer";
import type { Account } from "./accounts";

const NAMES = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two"];

export function developmentAccounts(address: (key: Uint8Array) => string): Account[] {
	const derive = sr25519CreateDerive(DEV_MINI_SECRET);
	return NAMES.map((name) => {
		const pair = derive(`//${name}`);
		return {
			address: address(pair.publicKey),
			name,
			from: "development",
			signer: {
				...getPolkadotSigner(pair.publicKey, "Sr25519", pair.sign),
				// Bare, as the command line tool signs them: nobody can be misled to sign for these keys.
				signBytes: async (bytes: Uint8Array) => pair.sign(bytes),
			},
		};
	});
}
