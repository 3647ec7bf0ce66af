// What is asked about tasks.

import { ask, type Chain, codeOf } from "../../chain/connection";
import { type Live, live } from "../../chain/live";
import { type Task, UNKNOWN_TASK } from "../../chain/ogpu";
import type { About } from "../../chain/pages";
import { chained, type Page, pageOf, type Source } from "../../paging";
import type { Kind } from "./journal";

export interface Listed {
	name: string;
	task: Task;
}

const best = { at: "best" } as const;
/** So many tasks are on a page. */
export const SIZE = 25;

/** Where a task stands; undefined if the chain knows none of this name, or no more. */
export async function taskOf(chain: Chain, name: string): Promise<Task | undefined> {
	try {
		return await ask(chain, "ogpu_task", name);
	} catch (error) {
		if (codeOf(error) === UNKNOWN_TASK) return undefined;
		throw error;
	}
}

/** The same, for as long as somebody looks. */
export function useTask(name: () => string): Live<{ task: Task | null }> {
	return live(name, async (chain, name) => ({ task: (await taskOf(chain, name)) ?? null }));
}

function namesOf(chain: Chain, address: string, kind: "jobs" | "requests"): Source<string> {
	return async (after) => {
		const answer = await ask(chain, "ogpu_tasks", address, { [kind]: after ?? null });
		const { names, next } = answer[kind];
		return { items: names.map((name) => ({ mark: name, item: name })), next: next ?? undefined };
	};
}

/** A page of the open jobs and requests of a client. */
export async function tasksOf(chain: Chain, { of: address, after }: About<string>): Promise<Page<Listed>> {
	const names = chained([namesOf(chain, address, "jobs"), namesOf(chain, address, "requests")]);
	const { items, next } = await pageOf(names, after, SIZE);
	const found = await Promise.all(items.map(async (name) => ({ name, task: await taskOf(chain, name) })));
	// Those of which the account is the client: a provider's are on its own pages.
	return { items: found.flatMap(({ name, task }) => (task?.client === address ? [{ name, task }] : [])), next };
}

/** Which of these works are open. */
export async function openAmong(chain: Chain, entries: { name: string; kind: Kind }[]): Promise<{ names: string[] }> {
	const keys = (ofRequests: boolean) =>
		entries.filter(({ kind }) => (kind === "request") === ofRequests).map(({ name }): [string] => [name]);
	const { TrainingAuction, ContinuousPool } = chain.api.query;
	const [jobs, requests] = await Promise.all([
		TrainingAuction.Jobs.getValues(keys(false), best),
		ContinuousPool.Requests.getValues(keys(true), best),
	]);
	const isThere = (values: unknown[]) => (_: unknown, at: number) => values[at] !== undefined;
	return {
		names: [...keys(false).filter(isThere(jobs)), ...keys(true).filter(isThere(requests))].map(([name]) => name),
	};
}
