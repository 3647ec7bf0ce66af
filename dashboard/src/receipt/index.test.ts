// Receipts that a real node made, and what becomes of them when anything in them is changed.

import { describe, expect, test } from "vitest";
import { Authorities, check, type Part, parse, type Receipt, Refusal, shortened, type Trust, verify } from ".";
import chainText from "./examples/chain.json?raw";
import jobText from "./examples/job.json?raw";
import text from "./examples/request.json?raw";
import shortText from "./examples/short.json?raw";
import { header } from "./finality";
import { partOf } from "./record";
import { hex, unhex } from "./scale";

// The chain that made them, as its spec said then.
const said = JSON.parse(chainText);
const authorities = Authorities.read(0n, unhex(said.authorities));
const chain = { name: said.name, genesis: said.genesis, authorities, isPublic: true };
const trust = { chain };
const fresh = () => parse(text);

async function refusal(receipt: Receipt, by: Trust = trust): Promise<Refusal> {
	const outcome = await verify(receipt, by).then(
		() => undefined,
		(error: unknown) => error,
	);
	expect(outcome).toBeInstanceOf(Refusal);
	return outcome as Refusal;
}

/** With one digit of a text changed, at a share of its length. */
function flipped(bytes: string, share: number): string {
	const at = 2 + Math.floor((bytes.length - 2) * share);
	return bytes.slice(0, at) + (Number.parseInt(bytes[at]!, 16) ^ 1).toString(16) + bytes.slice(at + 1);
}

test("a receipt proves what the chain has recorded", async () => {
	const seen: number[] = [];
	const proven = await verify(fresh(), trust, { onProgress: (done) => seen.push(done) });
	// As `ogpu verify` says of the same file.
	expect(proven).toMatchObject({
		genesis: chain.genesis,
		block: "0x70246949d9e71688056d9d4c69bb4911ce2f13377a3b8a23516193af73a71d86",
		number: 207,
		changes: 3,
		signed: { voters: 1, weight: 1n, needed: 1n, total: 1n },
	});
	expect(new Date(Number(proven.time)).toISOString()).toMatch(/^2026-11-22T01:05:18/);
	expect(proven.authorities.hash()).toBe("0x4e3c8676cc88fa51a8a303fa3fe38434edad38f50afd00afead58d8f21527064");
	expect(proven.records).toEqual([
		{
			name: "0x7ca8460911558b02ba415395be0011dee2b3310167fbb0dc64ed653d61c0758b",
			record: {
				provider: "0x90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22",
				client: "0x306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20",
				manifest: "0x0951010b05f105b0830e81441f30029afcd04cd35f40e789fdde1ef7961f1614",
				start: "0x1b521234e84b4389fc198a2d5e9eb06aaa13e7a3855788f0eefee7d03fc01cd8",
				outcome: {
					root: "0x3fc4bd505127dd2bfff77d1e88c0c08a4abaedc0a1f20e04f2e46d04c34ae986",
					output: "0x591edf0ca18f254ae946ea0b5f44dd9d6a52ee2ebc00c8b5e68c6609ac4ddaa6",
				},
				conclusion: "accepted",
				leaves: 3,
				auditBillionths: 1_000_000_000,
				drawn: 2,
				juries: 0,
				executions: 0,
				detectsOneBillionths: 221_476_510,
				detectsTenthBillionths: 221_476_510,
				closed: 191,
			},
		},
	]);
	expect(seen).toEqual([0, 1, 2, 3, 4]);
});

type Change = [string, Part, RegExp, (receipt: Receipt) => void];

const changed: Change[] = [
	["another genesis", "trust", /of the chain with the genesis/, (it) => (it.genesis = flipped(it.genesis, 0.5))],
	["a change that is missing", { change: 1 }, /signature is wrong/, (it) => it.authorities.splice(0, 1)],
	[
		"changes in another order",
		{ change: 1 },
		/signature is wrong/,
		(it) => it.authorities.splice(0, 2, it.authorities[1]!, it.authorities[0]!),
	],
	[
		"a change that stands there twice",
		{ change: 2 },
		/not higher/,
		(it) => it.authorities.splice(1, 0, it.authorities[0]!),
	],
	["a block in the place of a change", { change: 1 }, /signature is wrong/, (it) => (it.authorities[0] = it.block)],
	["all changes missing", "block", /signature is wrong/, (it) => (it.authorities = [])],
	[
		"a justification of another block",
		"block",
		/of another block/,
		(it) => (it.block.justification = it.authorities[2]!.justification),
	],
	[
		"a justification that ends early",
		"block",
		/justification that cannot be decoded/,
		(it) => (it.block.justification = it.block.justification.slice(0, -2)),
	],
	[
		"a justification that goes on",
		"block",
		/justification that cannot be decoded/,
		(it) => (it.block.justification += "00"),
	],
	[
		"no votes",
		"block",
		/weight of its votes is 0, and 1 is needed/,
		(it) => (it.block.justification = `${it.block.justification.slice(0, 2 + 16 + 64 + 8)}0000`),
	],
	[
		"a list that lies about its length",
		"block",
		/cannot be decoded/,
		(it) => (it.block.justification = `${it.block.justification.slice(0, 2 + 16 + 64 + 8)}feffffff`),
	],
	[
		"a header that ends early",
		"block",
		/header that cannot be decoded/,
		(it) => (it.block.header = it.block.header.slice(0, -2)),
	],
	[
		"a header without bytes",
		{ change: 3 },
		/header that cannot be decoded/,
		(it) => (it.authorities[2]!.header = "0x"),
	],
	["no state", "state", /do not reach from the block to the hash of the first block/, (it) => (it.state = [])],
	["another task", "state", /do not reach .* record|has no record/, (it) => (it.names = [it.genesis])],
	["a task twice", "names", /twice/, (it) => it.names.push(it.names[0]!)],
	["a job that it is not of", "names", /no validation of the job/, (it) => (it.job = it.genesis)],
];

test.each(changed)("%s is refused", async (_, part, message, change) => {
	const receipt = fresh();
	change(receipt);
	const refused = await refusal(receipt);
	expect(refused.message).toMatch(message);
	expect(refused.part).toEqual(part);
});

describe.each([0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.999])("a bit changed at %d of", (share) => {
	const signed: [string, Part, (it: Receipt) => Receipt["block"]][] = [
		["the first change", { change: 1 }, (it) => it.authorities[0]!],
		["the last change", { change: 3 }, (it) => it.authorities[2]!],
		["the block", "block", (it) => it.block],
	];
	test.each(signed)("%s names the part", async (_, part, of) => {
		for (const field of ["header", "justification"] as const) {
			const receipt = fresh();
			const block = of(receipt);
			block[field] = flipped(block[field], share);
			expect((await refusal(receipt)).part, field).toEqual(part);
		}
	});

	test("any node of the state that is needed", async () => {
		for (const [at] of fresh().state.entries()) {
			const receipt = fresh();
			receipt.state[at] = flipped(receipt.state[at]!, share);
			expect((await refusal(receipt)).part, `node ${at}`).toBe("state");
		}
	});
});

test("nodes may stand in any order, and more than are needed do no harm", async () => {
	const receipt = fresh();
	receipt.state = ["0x00", ...receipt.state.toReversed(), "0x"];
	expect(await verify(receipt, trust)).toEqual(await verify(fresh(), trust));
});

test("who trusts the set that signed needs nothing from before", async () => {
	const proven = await verify(fresh(), trust);
	const short = check(JSON.parse(JSON.stringify(shortened(fresh(), proven))));
	expect(short, "as `ogpu verify --shorten` writes it").toEqual(parse(shortText));
	const known = { authorities: proven.authorities.hash().toUpperCase().replace("0X", "0x") };
	const again = await verify(short, known);
	expect(again).toEqual({ ...proven, changes: 0 });
	expect((await refusal(short)).message).toMatch(/begins with set 3 .* is 0x4e3c8676/);
	expect((await refusal(short, { authorities: chain.genesis })).message).toMatch(/not those that you trust/);
	expect((await refusal(fresh(), known)).message).toMatch(/trust a chain instead/);
	short.since!.set += 1;
	expect((await refusal(short, known)).part).toBe("trust");
	short.since!.authorities = "0x00";
	expect((await refusal(short, known)).part).toBe("since");
	const fromFirst = { ...fresh(), since: { set: 0, authorities: hex(chain.authorities.encoded()) } };
	expect(await verify(fromFirst, trust)).toEqual(proven);
});

test("what is not such a file is refused before anything is computed", () => {
	const edited = (edit: (receipt: Record<string, unknown>) => void) => {
		const receipt = JSON.parse(text);
		edit(receipt);
		return () => parse(JSON.stringify(receipt));
	};
	expect(() => parse("{")).toThrow(/no JSON/);
	expect(() => parse("null")).toThrow(/no object/);
	expect(() => parse("[1]")).toThrow(/no object/);
	expect(edited((it) => (it.version = 2))).toThrow(/format 2/);
	expect(edited((it) => (it.version = "1"))).toThrow(/version is no number/);
	expect(edited((it) => delete it.state)).toThrow(/state is missing/);
	expect(edited((it) => (it.more = 1))).toThrow(/unknown field, "more"/);
	expect(edited((it) => (it.names = []))).toThrow(/names 0 validations/);
	expect(edited((it) => (it.names = Array(1001).fill(it.genesis)))).toThrow(/names 1001 validations/);
	expect(edited((it) => (it.names = ["0x12"]))).toThrow(/names\[0\] is no hash/);
	expect(edited((it) => (it.state = ["0x123"]))).toThrow(/state\[0\] is no hexadecimal/);
	expect(edited((it) => (it.state = ["xyz"]))).toThrow(/state\[0\] is no hexadecimal/);
	expect(edited((it) => (it.block = null))).toThrow(/block is no object/);
	expect(edited((it) => (it.since = { set: 2 ** 60, authorities: "0x" }))).toThrow(/set is no number/);
	expect(edited((it) => (it.job = null))).not.toThrow();
	expect(() => parse(" ".repeat((16 << 20) + 1))).toThrow(/16 MiB/);
});

test("a check can be given up", async () => {
	await expect(verify(fresh(), trust, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("a receipt of a job says which of its parts each validation is", async () => {
	const proven = await verify(parse(jobText), trust);
	expect(proven).toMatchObject({
		block: "0xf297c191e636ac53f025a34c3b21a7817356957b9200fbbd9263cf83e67f8a0f",
		number: 835,
		changes: 13,
		job: "0xec090afcb57106994c599183e0314a8bb64ada238eee3ff5371efc94329ccd35",
	});
	const [entry] = proven.records;
	expect(entry).toMatchObject({ part: 0, name: partOf(proven.job!, 0) });
	expect(entry?.record.outcome?.output).toBe("0x3b7654220d9295c3bb2afc5b7b954092a8f6d16a75e8088df8c568f8dd90ac7a");
	const alone = { ...parse(jobText), job: partOf(proven.job!, 1) };
	expect((await refusal(alone)).part).toBe("names");
});

test("sets that could sign nothing are none", () => {
	const key = "11".repeat(32);
	const most = "ff".repeat(8);
	const one = `01${"00".repeat(7)}`;
	const set = (list: string) => () => Authorities.read(0n, unhex(`0x${list}`));
	expect(set(`04${key}${most}`)).not.toThrow();
	expect(set(`08${key}${one}${key}${one}`)().size).toBe(1);
	for (const bad of [
		"",
		"00",
		`04${key}`,
		`04${key}${"00".repeat(8)}`,
		`08${key}${most}${key}${one}`,
		`04${key}${one}00`,
		`0500${key}${one}`,
	]) {
		expect(set(bad), bad).toThrow(/no set/);
	}
});

test("a hash is of the very bytes of a header", () => {
	const { header: bytes } = fresh().block;
	expect(header(unhex(bytes)).hash).toBe("0x70246949d9e71688056d9d4c69bb4911ce2f13377a3b8a23516193af73a71d86");
});
