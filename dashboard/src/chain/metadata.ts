// The hash of the runtime's metadata: who signs it signs what the call means, and a wallet can show it without trusting
// this page.

import type { Chain } from "./connection";

const known = new Map<string, Promise<string>>();

/** As CheckMetadataHash wants it, for the runtime that is in force. */
export async function metadataHash(chain: Chain): Promise<string> {
	const { id } = await chain.api.getStaticApis({ at: "best" });
	let hash = known.get(id);
	if (!hash) {
		hash = compute(chain);
		known.set(id, hash);
		hash.catch(() => known.delete(id));
	}
	return hash;
}

async function compute(chain: Chain): Promise<string> {
	const { merkleizeMetadata } = await import("@polkadot-api/merkleize-metadata");
	const block = await chain.client.getFinalizedBlock();
	const metadata = await chain.client.getMetadata(block.hash);
	const digest = merkleizeMetadata(metadata, { decimals: 18, tokenSymbol: "OGPU" }).digest();
	return `0x${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
