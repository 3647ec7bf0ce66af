// Lists that are longer than anybody reads: how a page with ten thousand tasks behaves.

import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket, { WebSocketServer } from "ws";
import { SOON } from "../acts.mjs";
import { isAccessible, visit } from "../browser.mjs";

const TASKS = 10_000;
const AT_ONCE = 1_000;
const ON_A_PAGE = 25;

/** A node that knows more: what `tell` answers is answered in its place. */
async function relay(node, tell) {
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	await once(server, "listening");
	server.on("connection", (near) => {
		const far = new WebSocket(node);
		const waiting = [];
		const pass = (text) => (far.readyState === WebSocket.OPEN ? far.send(text) : waiting.push(text));
		far.on("open", () => {
			for (const text of waiting.splice(0)) far.send(text);
		});
		far.on("message", (text) => near.send(text.toString()));
		near.on("message", (message) => {
			const text = message.toString();
			const { id, method, params } = JSON.parse(text);
			const result = tell(method, params);
			if (result === undefined) pass(text);
			else near.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
		});
		near.on("close", () => far.close());
		far.on("close", () => near.close());
		for (const end of [near, far]) end.on("error", () => {});
	});
	return {
		address: `ws://127.0.0.1:${server.address().port}`,
		stop: () => {
			for (const end of server.clients) end.terminate();
			server.close();
		},
	};
}

const nameOf = (at) => `0x${(at + 1).toString(16).padStart(64, "0")}`;

/** Ten thousand requests of one client, as a node tells of them. */
function crowd(client, block) {
	const asked = { tasks: 0 };
	const tell = (method, params) => {
		if (method === "ogpu_tasks") {
			const after = params[1]?.requests;
			const from = after ? Number(after) : 0;
			const names = Array.from({ length: Math.min(AT_ONCE, TASKS - from) }, (_, at) => nameOf(from + at));
			const next = from + names.length < TASKS ? names.at(-1) : null;
			return { block, jobs: { names: [], next: null }, requests: { names, next } };
		}
		if (method !== "ogpu_task" || Number(params[0]) > TASKS) return undefined;
		asked.tasks += 1;
		return {
			is: "request",
			block,
			service: Number(params[0]),
			client,
			inputs: params[0],
			ceilingLeaves: 1,
			now: 10,
			next: { act: "commit", due: 20, by: [] },
			leafPrice: "1000000000000000",
			held: "2000000000000000000",
			redraws: 0,
			racers: [],
			leader: null,
			validation: null,
		};
	};
	return { tell, asked };
}

export const lists = {
	"has ten thousand tasks, and works as with ten": async ({ browser, url, network, account }) => {
		const dave = account("Dave");
		const { tell, asked } = crowd(dave, network.genesis);
		const node = await relay(network.node, tell);
		const { page, leave } = await visit(browser, url, { account: dave, settings: { node: node.address } });
		const open = page.locator("section", { has: page.getByRole("heading", { name: "Open", exact: true }) });
		const first = async (number) => {
			await open.getByText(`Request to service ${number}`, { exact: true }).waitFor(SOON);
			assert.equal(await open.locator("ul.list > li").count(), ON_A_PAGE);
		};
		await first(1);
		await isAccessible(page, "the first of many pages");
		// With the keyboard: the focus stays on what leads on.
		const pages = page.getByRole("navigation", { name: "Pages of what is open" });
		await pages.getByRole("button", { name: "Next page" }).focus();
		for (const [turn, number] of [26, 51, 76].entries()) {
			await page.keyboard.press("Enter");
			await first(number);
			await pages.getByText(`Page ${turn + 2}`, { exact: true }).waitFor();
			assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Next page");
		}
		await pages.getByRole("button", { name: "Previous page" }).click();
		await first(51);
		// Only what is seen was asked for: a page with each block.
		const before = asked.tasks;
		const blocks = page.getByTestId("best");
		const number = await blocks.innerText();
		await page.waitForFunction(
			(number) => document.querySelector("[data-testid=best]")?.textContent !== number,
			number,
			SOON,
		);
		assert.ok(asked.tasks - before <= 4 * ON_A_PAGE, `${asked.tasks - before} tasks were asked for`);
		// Nothing took so long that it was felt.
		const longest = await page.evaluate(
			() =>
				new Promise((resolve) => {
					let [last, longest] = [performance.now(), 0];
					const end = last + 4_000;
					const look = (now) => {
						longest = Math.max(longest, now - last);
						last = now;
						if (now < end) requestAnimationFrame(look);
						else resolve(longest);
					};
					requestAnimationFrame(look);
				}),
		);
		assert.ok(longest < 1_000, `the page stood still for ${Math.round(longest)} ms`);
		assert.ok((await page.locator("*").count()) < 2_000);
		await leave();
		node.stop();
	},
};
