// What a light client tells in place of a node's `ogpu_*` methods: the runtime answers the same questions, in its own form.

import type { Chain } from "./connection";
import { jobsOf } from "./jobs";
import type { AskedJob, AskedRequest, Methods, Task } from "./ogpu";

type Fields = Record<string, unknown>;

/** The runtime's answers as the methods tell them: names in camel case, variants by name, amounts as text. */
export function plain(value: unknown): unknown {
	if (typeof value === "bigint") return value.toString();
	if (value === undefined) return null;
	if (Array.isArray(value)) return value.map(plain);
	if (value instanceof Uint8Array) return new TextDecoder().decode(value);
	if (typeof value !== "object" || value === null) return value;
	if ("type" in value && typeof value.type === "string" && "value" in value) {
		return value.type.charAt(0).toLowerCase() + value.type.slice(1);
	}
	return Object.fromEntries(
		Object.entries(value).map(([name, field]) => [
			name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
			name === "due" && field === NEVER ? null : plain(field),
		]),
	);
}

/** No deadline of its own. */
const NEVER = 0xffff_ffff;
const best = { at: "best" } as const;
const ZEROS = `0x${"00".repeat(32)}`;

function fields(value: unknown): Fields {
	return plain(value) as Fields;
}

function validation(status: {
	juries: { leaf: number; round: number; tally: unknown; margin_seats: number }[];
}): Fields {
	const juries = status.juries.map(({ tally, ...jury }) => ({ ...fields(jury), ...fields(tally) }));
	return { ...fields(status), juries };
}

async function task(chain: Chain, name: string): Promise<Task> {
	const { AuctionApi, PoolApi, ValidationApi } = chain.api.apis;
	const [job, request, open, record] = await Promise.all([
		AuctionApi.status(name, best),
		PoolApi.status(name, best),
		ValidationApi.status(name, best),
		ValidationApi.record(name, best),
	]);
	const as = (is: string, told: Fields) => ({ is, ...told }) as unknown as Task;
	if (job) {
		const { spec, sealed, verified, tasks, ...rest } = job;
		const { kind, manifest, leaves } = fields(spec);
		return as("job", {
			...fields(rest),
			kind,
			manifest,
			leaves,
			sealedBids: sealed,
			verifiedParts: verified,
			committed: plain(tasks),
		});
	}
	if (request) {
		const { order, racers, ...rest } = request;
		return as("request", {
			...fields(rest),
			inputs: order.inputs,
			ceilingLeaves: order.ceiling_leaves,
			racers: racers.map(({ racing, ...racer }) => ({ ...fields(racer), state: plain(racing) })),
			validation: open ? validation(open) : null,
		});
	}
	if (record) return as("ended", fields(record));
	if (open) return as("validation", validation(open));
	throw Object.assign(new Error("the chain knows no task of this name, or no more"), { code: 9005 });
}

async function quoteRequest(chain: Chain, asked: AskedRequest): Promise<Fields> {
	const order = {
		inputs: asked.inputs ?? ZEROS,
		ceiling_leaves: asked.ceilingLeaves,
		prompt_work: BigInt(asked.promptWork ?? 0),
		max_price: BigInt(asked.maxPrice ?? (1n << 128n) - 1n),
		window_blocks: asked.windowBlocks ?? 60,
		secret: undefined,
	};
	const answer = await chain.api.apis.PoolApi.quote(asked.service, asked.client, order, best);
	if (!answer.success) throw refused(answer.value);
	const { eligible, ineligible, ...rest } = answer.value;
	const able = eligible.map((device) => ({ ...fields(device), weight: Number(device.weight), reasons: [] }));
	return { of: "request", ...fields(rest), devices: [...able, ...ineligible.map(plain)] };
}

async function quoteJob(chain: Chain, asked: AskedJob): Promise<Fields> {
	const variant = (name: string) => ({ type: name.charAt(0).toUpperCase() + name.slice(1), value: undefined }) as never;
	const spec = {
		kind: variant(asked.job),
		manifest: ZEROS,
		start: ZEROS,
		leaves: asked.leaves,
		part_leaves: asked.partLeaves,
		leaf: {
			work: BigInt(asked.leafWork),
			recompute_work: BigInt(asked.recomputeWork),
			fetched_bytes: BigInt(asked.fetchedBytes),
		},
		assurance: variant(asked.class),
		capability: asked.capability ?? 0,
		needs: {
			kind: asked.device ? variant(asked.device) : undefined,
			memory_mb: asked.memoryMb ?? 0,
			work_per_block: BigInt(asked.workPerBlock ?? 0),
		},
		speed_billionths: asked.speedBillionths ?? 0,
		bidding_blocks: asked.biddingBlocks,
		longest_blocks: asked.longestBlocks,
		reopens: asked.reopens ?? 0,
	};
	const { AuctionApi } = chain.api.apis;
	const ceiling = BigInt(asked.ceiling);
	const [quote, devices] = await Promise.all([
		AuctionApi.quote(asked.client, spec, ceiling, best),
		AuctionApi.eligible(asked.client, spec, ceiling, asked.devices ?? [], best),
	]);
	if (!quote.success) throw refused(quote.value);
	if (!devices.success) throw refused(devices.value);
	return {
		of: "job",
		...fields(quote.value),
		devices: devices.value.map(([device, unfit]) => ({ device, operator: null, reasons: unfit ? [plain(unfit)] : [] })),
	};
}

/** As nodes tell it: by the pallet and its error. */
export function refused(error: unknown): Error {
	let said = error;
	const names: string[] = [];
	while (typeof said === "object" && said !== null && "type" in said && typeof said.type === "string") {
		if (said.type !== "Module") names.push(said.type);
		said = "value" in said ? said.value : undefined;
	}
	return Object.assign(new Error(`the chain would refuse it: ${names.join(" ")}`), { code: 9006 });
}

/** Answers a method, or says that it takes a node. */
export async function answerWithout<M extends keyof Methods>(
	chain: Chain,
	method: M,
	params: Methods[M]["takes"],
): Promise<Methods[M]["answers"]> {
	const { PoolApi, TokenApi, TrustApi } = chain.api.apis;
	const answer = async (): Promise<unknown> => {
		switch (method) {
			case "ogpu_task":
				return task(chain, String(params[0]));
			case "ogpu_tasks": {
				const [of, after] = params as Methods["ogpu_tasks"]["takes"];
				const [jobs, requests] = await Promise.all([
					jobsOf(chain, of, after.jobs ?? undefined),
					PoolApi.requests_of(of, after.requests ?? undefined, best),
				]);
				return { jobs: plain(jobs), requests: plain(requests) };
			}
			case "ogpu_services": {
				const services = await PoolApi.services_from(Number(params[0] ?? 0), best);
				return {
					services: services.map(({ id, record, leaf_price }) => ({
						id,
						publisher: record.publisher,
						manifest: record.manifest,
						leafWork: String(record.leaf.work),
						leafPrice: String(leaf_price),
						floor: String(record.terms.floor),
						width: record.terms.width,
						delivery: plain(record.terms.delivery),
						auditBillionths: record.terms.class.audit_billionths,
						leavesBillionths: record.terms.class.leaves_billionths,
						jurySeats: record.terms.class.jury.draw_seats,
						members: record.members,
						openRequests: record.requests,
						isRetired: record.is_retired,
					})),
				};
			}
			case "ogpu_quote": {
				const asked = params[0] as AskedRequest | AskedJob;
				return "service" in asked ? quoteRequest(chain, asked) : quoteJob(chain, asked);
			}
			case "ogpu_supply":
				return plain(await TokenApi.supply(best));
			case "ogpu_provider": {
				const { assessment, ...status } = await TrustApi.status(String(params[0]), best);
				const { record, ...score } = assessment;
				const pins = status.pins.map(({ work, amount, pin }) => ({ work, amount: String(amount), counts: plain(pin) }));
				return { ...fields(status), pins, reputation: { ...fields(score), ...fields(record) } };
			}
			default:
				throw new Error("A light client cannot tell this: choose a node under Settings.");
		}
	};
	return { block: "", ...((await answer()) as object) } as Methods[M]["answers"];
}
