// Validations, as pages show them.

import type { Api, Chain } from "../../chain/connection";
import { type Counted, countOf, keysOf, MOST_COUNTED, nameIn, numberIn } from "../../chain/keys";
import { paced } from "../../chain/paced";
import type { About } from "../../chain/pages";
import { chained, listed, mapped, type Page, pageOf } from "../../paging";
import type { Recorded } from "../validation";
import { type JuryNow, withRevealed } from "./jury";

const AT = { at: "best" } as const;
const SIZE = 20;
const PACE_MS = 20_000;

type Jury = NonNullable<Awaited<ReturnType<Api["query"]["ResultValidation"]["Juries"]["getValue"]>>>;
type Task = NonNullable<Awaited<ReturnType<Api["query"]["ResultValidation"]["Tasks"]["getValue"]>>>;

type Ballots = Awaited<ReturnType<Api["query"]["ResultValidation"]["Ballots"]["getValue"]>>;

/** `ballots` are those of its round. */
function juryNow(leaf: number, { dispute, round, stage, due }: Jury, ballots: Ballots): JuryNow {
	const { tally, rules } = dispute;
	const counted = {
		leaf,
		round,
		stage: stage.type,
		verdict: stage.type === "Closed" ? (stage.value.verdict?.type ?? "none") : undefined,
		upheld: tally.upheld,
		inputAtFault: tally.input_at_fault,
		convicted: tally.convicted,
		copied: tally.copied,
		margin: rules.margin_seats,
		cap: rules.cap_seats,
		drawn: dispute.drawn_seats,
		silent: dispute.silent_seats,
		due,
	};
	const votes = ballots.map(({ seats, answer }) => ({ seats: seats.length, answer }));
	return withRevealed(counted, dispute.claimed, votes);
}

export interface Validation {
	name: string;
	provider: string;
	client: string;
	stage: string;
	conclusion: string | undefined;
	due: number;
	fee: bigint;
	leaves: number;
	drawn: number;
	juries: JuryNow[];
	isBenchmark: boolean;
}

const validation = (name: string, task: Task, juries: JuryNow[]): Validation => ({
	name,
	provider: task.request.provider,
	client: task.request.client,
	stage: task.stage.type,
	conclusion: task.stage.type === "Closing" ? task.stage.value.conclusion.type : undefined,
	due: task.due,
	fee: task.request.fee,
	leaves: task.request.leaves,
	drawn: task.drawn,
	juries,
	isBenchmark: task.measures !== undefined,
});

/** The leaves over which juries sit, or sat, in open validations: of very many only some. */
async function juriesIn(chain: Chain): Promise<Map<string, number[]>> {
	const prefix = await chain.api.query.ResultValidation.Juries.getKey();
	const { items } = await pageOf(keysOf(chain, prefix), undefined, MOST_COUNTED);
	const leaves = new Map<string, number[]>();
	for (const key of items) {
		// A hash of 16 bytes and the name, then a hash of 8 bytes and the leaf.
		const name = `0x${key.slice(prefix.length + 32, prefix.length + 96)}`;
		leaves.set(name, [...(leaves.get(name) ?? []), numberIn(key)]);
	}
	return leaves;
}

const counted = paced(PACE_MS, (chain: Chain, prefix: string) => countOf(chain, prefix));

/** A page of those that are open: those with a jury come first, and on each page those that are due first. */
export async function validationsOf(
	chain: Chain,
	{ after }: About<string>,
): Promise<Page<Validation> & { now: number; counted: Counted }> {
	const { Tasks, Juries, Ballots } = chain.api.query.ResultValidation;
	const [prefix, leaves, now] = await Promise.all([
		Tasks.getKey(),
		juriesIn(chain),
		chain.api.query.Clock.Now.getValue(AT),
	]);
	const others = mapped(keysOf(chain, prefix), async (keys) =>
		keys.map(nameIn).map((name) => (leaves.has(name) ? undefined : name)),
	);
	const [{ items: names, next }, all] = await Promise.all([
		pageOf(chained([listed([...leaves.keys()]), others]), after, SIZE),
		counted(chain, prefix),
	]);
	const sitting = names.flatMap((name) => (leaves.get(name) ?? []).map((leaf): [string, number] => [name, leaf]));
	const [tasks, juries] = await Promise.all([
		Tasks.getValues(
			names.map((name): [string] => [name]),
			AT,
		),
		Juries.getValues(sitting, AT),
	]);
	const ballots = await Ballots.getValues(
		sitting.map(([name, leaf], at): [string, [number, number]] => [name, [leaf, juries[at]?.round ?? 0]]),
		AT,
	);
	const found = names.flatMap((name, at) => {
		const task = tasks[at];
		const its = sitting.flatMap(([of, leaf], at) => {
			const jury = of === name ? juries[at] : undefined;
			return jury ? [juryNow(leaf, jury, ballots[at] ?? [])] : [];
		});
		return task ? [validation(name, task, its)] : [];
	});
	found.sort((a, b) => b.juries.length - a.juries.length || a.due - b.due);
	return { items: found, next, now, counted: all };
}

export interface Check {
	leaf: number;
	isShown: boolean;
	auditors: { operator: string; answer: string; tone: "good" | "warn" | "bad" | "busy" | undefined }[];
	challenger: string | undefined;
}

export interface Ballot {
	leaf: number;
	round: number;
	operator: string;
	seats: number;
	answer: string;
}

export type Evidence =
	| {
			is: "open";
			now: number;
			validation: Validation;
			audit: number;
			outcome: { root: string; output: string } | undefined;
			manifest: string;
			start: string;
			next: string;
			by: string[];
			checks: Check[];
			ballots: Ballot[];
	  }
	| { is: "ended"; record: Recorded & { conclusion: string } }
	| { is: "job" | "request" }
	| { is: "unknown" };

type Answer = { type: string; value?: unknown };

function said(answer: Answer): { answer: string; tone: Check["auditors"][number]["tone"] } {
	if (answer.type === "Silent") return { answer: "has said nothing yet", tone: undefined };
	if (answer.type === "Committed") return { answer: "has committed", tone: "busy" };
	const finding = answer.value as { success: boolean; value: { type?: string } };
	if (finding.success) return { answer: "computed it", tone: "good" };
	const obstacles: Record<string, string> = {
		OutputMissing: "was not served by the provider",
		InputMissing: "found inputs missing",
		InputInvalid: "found inputs invalid",
	};
	return { answer: obstacles[finding.value.type ?? ""] ?? "found an obstacle", tone: "bad" };
}

/** All that the chain still has about a validation. */
export async function evidenceOf(chain: Chain, name: string): Promise<Evidence> {
	const { query, apis } = chain.api;
	const [task, record, job, request] = await Promise.all([
		query.ResultValidation.Tasks.getValue(name, AT),
		apis.ValidationApi.record(name, AT),
		query.TrainingAuction.Jobs.getValue(name, AT),
		query.ContinuousPool.Requests.getValue(name, AT),
	]);
	if (record) {
		const { audit_billionths, detects_one_billionths, detects_tenth_billionths, conclusion, ...rest } = record;
		return {
			is: "ended",
			record: {
				...rest,
				conclusion: conclusion.type,
				auditBillionths: audit_billionths,
				detectsOneBillionths: detects_one_billionths,
				detectsTenthBillionths: detects_tenth_billionths,
			},
		};
	}
	if (!task) return { is: job ? "job" : request ? "request" : "unknown" };
	const [checks, juries, ballots, status] = await Promise.all([
		query.ResultValidation.Checks.getEntries(name, AT),
		query.ResultValidation.Juries.getEntries(name, AT),
		query.ResultValidation.Ballots.getEntries(name, AT),
		apis.ValidationApi.status(name, AT),
	]);
	const ballotsOf = (leaf: number, round: number) =>
		ballots.find(({ keyArgs: [, of] }) => of[0] === leaf && of[1] === round)?.value ?? [];
	return {
		is: "open",
		now: status?.now ?? 0,
		validation: validation(
			name,
			task,
			juries.map(({ keyArgs: [, leaf], value }) => juryNow(leaf, value, ballotsOf(leaf, value.round))),
		),
		audit: task.audit_billionths,
		outcome: task.outcome,
		manifest: task.request.manifest,
		start: task.request.start,
		next: status?.next.act.type ?? "",
		by: status?.next.by ?? [],
		checks: checks
			.map(({ keyArgs, value }): Check => {
				const auditors = [value.first, value.second].filter((one) => one !== undefined);
				return {
					leaf: keyArgs[1],
					isShown: value.digest !== undefined,
					auditors: auditors.map(({ operator, answer }) => ({ operator, ...said(answer) })),
					challenger: value.challenge?.[0],
				};
			})
			.sort((a, b) => a.leaf - b.leaf),
		ballots: ballots.flatMap(({ keyArgs: [, [leaf = 0, round = 0]], value }) =>
			value.map(({ operator, seats, answer }) => ({
				leaf,
				round,
				operator,
				seats: seats.length,
				answer: said(answer).answer,
			})),
		),
	};
}
