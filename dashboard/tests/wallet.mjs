// A wallet as browser extensions are, in the page of a test.

import { randomBytes } from "node:crypto";
import { sr25519CreateDerive } from "@polkadot-labs/hdkd";
import { blake2b256, DEV_MINI_SECRET } from "@polkadot-labs/hdkd-helpers";
import { AccountId } from "polkadot-api";

const codec = AccountId(1071);
const derive = sr25519CreateDerive(DEV_MINI_SECRET);

/** An account that nobody has heard of. */
export const stranger = codec.dec(randomBytes(32));

/** The address of a well-known account. */
export const addressOf = (name) => codec.dec(derive(`//${name}`).publicKey);

/** What such an extension puts into the page. `sign` is what its functions do: JavaScript that gives a hex signature. */
function extension(address, name, sign) {
	const listed = JSON.stringify([{ address, name, type: "sr25519" }]);
	return {
		content: `window.injectedWeb3 = { tester: { version: "1", enable: async () => ({
			accounts: { get: async () => ${listed}, subscribe: (tell) => { tell(${listed}); return () => {}; } },
			signer: {
				signPayload: async (payload) => { ${sign("payload")} },
				signRaw: async (payload) => { ${sign("payload")} },
			},
		}) } };`,
	};
}

/** One whose user says no. */
export function refusing(address, name) {
	return (context) => context.addInitScript(extension(address, name, () => 'throw new Error("Cancelled");'));
}

const bytes = (hex) => Buffer.from(hex.slice(2), "hex");

function u32(hex) {
	const written = Buffer.alloc(4);
	written.writeUInt32LE(Number(hex));
	return written;
}

/** SCALE's compact form, as far as numbers of transactions and tips go here. */
function compact(hex) {
	const value = Number(hex);
	if (value < 64) return Buffer.of(value << 2);
	if (value < 1 << 14) return Buffer.of(((value << 2) & 255) | 1, value >> 6);
	throw new Error("more than this wallet can count");
}

/**
 * One with the key of a well-known account. As wallets do, it signs what it is shown, in the order of the extensions: what
 * is said in the transaction, then what is only signed. `shown` collects what it was asked to sign.
 */
export function signing(name, shown = []) {
	const pair = derive(`//${name}`);
	const address = codec.dec(pair.publicKey);
	const sign = (payload) => {
		shown.push(payload);
		const metadata = payload.mode ? Buffer.concat([Buffer.of(1), bytes(payload.metadataHash)]) : Buffer.of(0);
		const said = [
			bytes(payload.method),
			bytes(payload.era),
			compact(payload.nonce),
			compact(payload.tip),
			Buffer.of(payload.mode ?? 0),
		];
		const signed = [
			u32(payload.specVersion),
			u32(payload.transactionVersion),
			bytes(payload.genesisHash),
			bytes(payload.blockHash),
			metadata,
		];
		const message = Buffer.concat([...said, ...signed]);
		// The kind of signature stands before it.
		return `0x01${Buffer.from(pair.sign(message.length > 256 ? blake2b256(message) : message)).toString("hex")}`;
	};
	const call = (payload) => `return { id: 1, signature: await window.signInTest(${payload}) };`;
	return async (context) => {
		await context.exposeFunction("signInTest", sign);
		await context.addInitScript(extension(address, name, call));
	};
}
