// What is asked about tasks.

import { ask, type Chain, codeOf } from "../../chain/connection";
import { type Live, live } from "../../chain/live";
import { type Task, UNKNOWN_TASK } from "../../chain/ogpu";

export interface Listed {
	name: string;
	task: Task;
}

/** No page shows more open tasks at once. */
const MOST = 100;
const MOST_PAGES = 20;

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

/** The open jobs and requests of a client. */
export async function tasksOf(chain: Chain, address: string): Promise<{ tasks: Listed[]; isAll: boolean }> {
	const names: string[] = [];
	let isAll = false;
	let after: { jobs?: string | null; requests?: string | null } = {};
	for (let page = 0; page < MOST_PAGES && !isAll; page++) {
		const { jobs, requests } = await ask(chain, "ogpu_tasks", address, after);
		names.push(...jobs.names, ...requests.names);
		isAll = !jobs.next && !requests.next;
		after = { jobs: jobs.next, requests: requests.next };
	}
	const found = await Promise.all(
		names.slice(0, MOST).map(async (name) => {
			const task = await taskOf(chain, name);
			return task ? [{ name, task }] : [];
		}),
	);
	// Those of which the account is the client: a provider's are on its own pages.
	const tasks = found.flat().filter(({ task }) => task.client === address);
	return { tasks, isAll: isAll && names.length <= MOST };
}
