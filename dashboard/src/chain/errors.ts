// Why a transaction was refused, in words: docs/errors.md has the same for people who read.

import { bounded, spoken } from "../format";
import { type Chain, codeOf, said } from "./connection";

interface Variant {
	type: string;
	value?: unknown;
}

function isVariant(value: unknown): value is Variant {
	return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** What our own extension refuses before a block. */
const FREE_CALLS: Record<number, string> = {
	20: "There is no device of this number, or it was retired.",
	21: "The device belongs to another operator, or to another worker key.",
	22: "The device has sent its heartbeat in this window: send the next one in the next window.",
	30: "There is no such request, or it has ended.",
	31: "The operator was not drawn, or it declined.",
	32: "The window for commitments has closed.",
	33: "The operator has committed.",
	34: "All that were drawn have committed.",
	35: "It may be known by now which leaves are audited.",
	36: "A result has at least one leaf, and no more than the client allows.",
	37: "The device has declined as often as it may in an hour.",
};

const INVALID: Record<string, string> = {
	Payment: "The account holds less than the fee and the least balance. It needs some OGPU first.",
	Stale: "The account has sent a transaction with this number since. Sign again.",
	Future: "Earlier transactions of this account are missing. Wait for them, and sign again.",
	BadProof:
		"The signature is of another key or another content: connect the wallet to this chain anew, and sign again.",
	AncientBirthBlock: "It was valid for some blocks, which have passed. Sign again.",
	ExhaustsResources: "It fits into no block: split it.",
	Call: "Governance alone may make this call.",
	BadMandatory: "Nobody but the author of a block may make this call.",
	UnknownOrigin: "The call needs a signer.",
};

/** Why a node, or its pool, did not take a transaction. */
export function refusal(error: unknown): string {
	const inner = typeof error === "object" && error !== null && "error" in error ? error.error : undefined;
	if (isVariant(inner)) {
		const reason = isVariant(inner.value) ? inner.value : undefined;
		if (inner.type === "Invalid" && reason) {
			if (reason.type === "Custom") {
				const code = Number(reason.value);
				return FREE_CALLS[code] ?? `The chain refused it with the code ${code}: see docs/errors.md.`;
			}
			return INVALID[reason.type] ?? `The chain refused it: ${spoken(bounded(reason.type, 60))}.`;
		}
		if (inner.type === "Unknown") {
			return "The node cannot tell whether it is valid: it may be of another version. Reload this page.";
		}
	}
	const text = said(error);
	if (/cancel|reject|denied/i.test(text)) return "It was not signed.";
	const code = codeOf(error);
	return code === undefined ? text : `${text} (${code})`;
}

/** Why a call failed in its block, as the runtime itself explains it. */
export async function failure(chain: Chain, error: unknown): Promise<string> {
	if (!isVariant(error)) return "It failed, and the chain does not say why.";
	if (error.type === "Module" && isVariant(error.value) && isVariant(error.value.value)) {
		const [pallet, name] = [error.value.type, error.value.value.type];
		const docs = await explained(chain, pallet, name).catch(() => undefined);
		return docs ?? `${spoken(pallet)} says: ${spoken(name)}.`;
	}
	if (error.type === "Token" && isVariant(error.value)) {
		const known: Record<string, string> = {
			FundsUnavailable: "The account has not enough that is free.",
			OnlyProvider: "The account would be removed: some of its balance must stay.",
			BelowMinimum: "This is less than an account must have.",
		};
		return known[error.value.type] ?? `Of tokens: ${spoken(error.value.type)}.`;
	}
	if (error.type === "BadOrigin") return "This account may not make this call.";
	const inner = isVariant(error.value) ? `: ${spoken(error.value.type)}` : "";
	return `The chain says: ${spoken(error.type)}${inner}.`;
}

/** Why the chain would refuse something, from how a node tells it: `Pallet(Error)`. */
export async function refused(chain: Chain, text: string): Promise<string> {
	const [, pallet, name] = /([A-Z]\w+)\W+([A-Z]\w+)/.exec(text) ?? [];
	if (!pallet || !name) return text;
	const docs = await explained(chain, pallet, name).catch(() => undefined);
	return `The chain would refuse this. ${docs ?? `${spoken(pallet)} says: ${spoken(name)}.`}`;
}

const documents = new Map<string, Promise<Map<string, string>>>();

async function explained(chain: Chain, pallet: string, name: string): Promise<string | undefined> {
	let known = documents.get(chain.genesis);
	if (!known) {
		known = read(chain);
		documents.set(chain.genesis, known);
	}
	return (await known).get(`${pallet}.${name}`);
}

/** All errors of the runtime, with what its authors wrote beside them. */
async function read(chain: Chain): Promise<Map<string, string>> {
	const { decAnyMetadata, unifyMetadata } = await import("@polkadot-api/substrate-bindings");
	const block = await chain.client.getFinalizedBlock();
	const metadata = unifyMetadata(decAnyMetadata(await chain.client.getMetadata(block.hash)));
	const all = new Map<string, string>();
	for (const pallet of metadata.pallets) {
		const type =
			pallet.errors === undefined
				? undefined
				: metadata.lookup[typeof pallet.errors === "number" ? pallet.errors : pallet.errors.type];
		if (type?.def.tag !== "variant") continue;
		for (const variant of type.def.value) {
			const docs = variant.docs.join(" ").trim();
			if (docs) all.set(`${pallet.name}.${variant.name}`, docs.replace(/[`[\]]/g, ""));
		}
	}
	return all;
}
