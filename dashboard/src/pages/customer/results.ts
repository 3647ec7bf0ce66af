// What became of a work: asked at whoever does it, and fetched from there. What the provider says counts as far as its
// commitment on the chain bears it out.

import { blake2b } from "@noble/hashes/blake2.js";
import { opens } from "../../artifacts";
import { type Account, publicKey } from "../../chain/accounts";
import type { Chain } from "../../chain/connection";
import { keysOf, numberIn } from "../../chain/keys";
import type { Task } from "../../chain/ogpu";
import { type Committed, fetchArtifact, type Gateway, hex, type Told, tellOf } from "../../gateway";
import { pageOf } from "../../paging";
import { keyOf } from "./z32";

const best = { at: "best" } as const;
const DOMAIN = new TextEncoder().encode("ogpu/result-ask1");
/** Devices of an account that are asked for an artifact. */
const MOST_SOURCES = 8;
const MOST_MANIFEST = 64 << 10;
const MOST_PARTS = 256;

/** How sure a result is. */
export type Sureness = "told" | "revealed" | "accepted" | "refused";

export interface Delivered {
	task: string;
	/** The number of its first leaf in the whole job. */
	firstLeaf: number;
	output: string;
	bytes: number | undefined;
	sureness: Sureness;
	sources: string[];
}

function unhex(text: string): Uint8Array {
	return Uint8Array.from(text.slice(2).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

async function endpointOf(chain: Chain, device: number): Promise<string | undefined> {
	const record = await chain.api.query.StakingTrustlock.Devices.getValue(device, best);
	return record && new TextDecoder().decode(record.spec.endpoint);
}

/** Where an account's artifacts are. */
export async function sourcesOf(chain: Chain, address: string): Promise<string[]> {
	const { devices } = await chain.api.query.StakingTrustlock.Operators.getValue(address, best);
	const found = await Promise.all(devices.slice(0, MOST_SOURCES).map((device) => endpointOf(chain, device)));
	return found.filter((endpoint) => endpoint !== undefined && keyOf(endpoint.split("@")[0] ?? "")) as string[];
}

/** Where a service's artifacts are: at its members, and at its publisher. */
export async function sourcesOfService(chain: Chain, id: number): Promise<string[]> {
	const { ContinuousPool } = chain.api.query;
	const [members, service] = await Promise.all([
		ContinuousPool.Members.getKey(id).then((prefix) => pageOf(keysOf(chain, prefix), undefined, MOST_SOURCES)),
		ContinuousPool.Services.getValue(id, best),
	]);
	const devices = members.items.map((key) => endpointOf(chain, numberIn(key)));
	const [found, published] = await Promise.all([
		Promise.all(devices),
		service ? sourcesOf(chain, service.publisher) : [],
	]);
	return [...found.filter((endpoint) => endpoint !== undefined), ...published];
}

/** The endpoint of the device that does it now. */
async function doer(chain: Chain, name: string, task: Task): Promise<string | undefined> {
	if (task.is === "request") {
		const leader = task.racers.find((racer) => racer.operator === task.leader);
		return leader && endpointOf(chain, leader.device);
	}
	if (task.is !== "job") return undefined;
	const job = await chain.api.query.TrainingAuction.Jobs.getValue(name, best);
	return job?.run ? endpointOf(chain, job.run.bid.bidder.device) : undefined;
}

const signatures = new Map<string, Promise<Uint8Array>>();

/** A signature over a question. The same question is signed once: wallets ask their users each time. */
function signed(by: Account, message: Uint8Array): Promise<Uint8Array> {
	const key = hex(message) + by.address;
	let signature = signatures.get(key);
	if (!signature && by.signer) {
		signature = by.signer.signBytes(message);
		signature.catch(() => signatures.delete(key));
		signatures.set(key, signature);
	}
	return signature ?? Promise.reject(new Error("the key of this account is not at hand"));
}

/** What the provider says of a task of this account; undefined if nobody does it now. */
export async function told(
	chain: Chain,
	through: Gateway,
	by: Account,
	name: string,
	task: Task,
): Promise<Told | undefined> {
	const endpoint = await doer(chain, name, task);
	const asked = endpoint && keyOf(endpoint.split("@")[0] ?? "");
	if (!endpoint || !asked) return undefined;
	const parts = [DOMAIN, unhex(chain.genesis), unhex(name), asked, unhex(through.key)];
	const message = Uint8Array.from(parts.flatMap((part) => [...part]));
	// Some wallets put the kind of signature before it.
	const signature = (await signed(by, message)).slice(-64);
	const account = hex(publicKey(by.address));
	return tellOf(through, { task: name, account, signature: hex(signature), endpoint });
}

/** The results that there are: those that are told and open their commitments, and those that the chain knows. */
export async function delivered(chain: Chain, name: string, task: Task, said: Told | undefined): Promise<Delivered[]> {
	const names = task.is === "job" ? task.committed.map((part) => part.task) : [name];
	const all = await Promise.all(
		names.map((name) =>
			one(
				chain,
				name,
				said?.committed.find((result) => result.task.toLowerCase() === name),
			),
		),
	);
	return all.filter((result) => result !== undefined);
}

async function one(chain: Chain, name: string, said: Committed | undefined): Promise<Delivered | undefined> {
	const { ResultValidation, TrainingAuction } = chain.api.query;
	const [open, record, of] = await Promise.all([
		ResultValidation.Tasks.getValue(name, best),
		ResultValidation.Records.getValue(name, best),
		TrainingAuction.Tasks.getValue(name, best),
	]);
	const firstLeaf = of?.first_leaf ?? 0;
	const provider = record?.provider ?? open?.request.provider;
	if (!provider) return undefined;
	const outcome = record?.outcome ?? open?.outcome;
	const result = async (output: string, bytes: number | undefined, sureness: Sureness): Promise<Delivered> => ({
		task: name,
		firstLeaf,
		output,
		bytes,
		sureness,
		sources: await sourcesOf(chain, provider),
	});
	if (outcome) {
		const bytes = said?.output === outcome.output ? said.bytes : undefined;
		const isRight = record?.conclusion.type === "Accepted" || record?.conclusion.type === "Forfeited";
		return result(outcome.output, bytes, record ? (isRight ? "accepted" : "refused") : "revealed");
	}
	if (!said || !open || !opens(said, hex(publicKey(provider)), open.request.commitment)) return undefined;
	return result(said.output, said.bytes, "told");
}

/** The names of the validations of a job, which may take more than it has parts: others took over. */
export function partNames(job: string, parts: number): string[] {
	const domain = new TextEncoder().encode("ogpu/auction-run");
	return Array.from({ length: Math.min(parts, MOST_PARTS) * 2 }, (_, number) => {
		const count = Uint8Array.of(number & 255, number >> 8, 0, 0);
		return hex(blake2b(Uint8Array.from([...domain, ...unhex(job), ...count]), { dkLen: 32 }));
	});
}

/** The manifest of a work, as text. */
export async function manifestOf(through: Gateway, name: string, sources: string[]): Promise<string> {
	const bytes = await fetchArtifact(through, name, { sources, most: MOST_MANIFEST });
	return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
