// What happens when the connection is not what it should be.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { WebSocketServer } from "ws";
import { visit } from "../browser.mjs";

const SOON = { timeout: 45_000 };

/** Passes everything on to a port, until it is cut. */
async function line(port) {
	const open = new Set();
	let isCut = false;
	const server = net.createServer((near) => {
		if (isCut) return near.destroy();
		const far = net.connect(port, "127.0.0.1");
		for (const end of [near, far]) {
			open.add(end);
			end.on("error", () => {});
			end.on("close", () => {
				open.delete(end);
				near.destroy();
				far.destroy();
			});
		}
		near.pipe(far).pipe(near);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		address: `ws://127.0.0.1:${server.address().port}`,
		cut: () => {
			isCut = true;
			for (const end of open) end.destroy();
		},
		mend: () => {
			isCut = false;
		},
		stop: () => {
			for (const end of open) end.destroy();
			server.close();
		},
	};
}

/** A node of another chain, as far as it is asked. */
async function stranger() {
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	await once(server, "listening");
	const answers = {
		rpc_methods: { methods: ["chainSpec_v1_chainName", "chainSpec_v1_genesisHash", "chainSpec_v1_properties"] },
		chainSpec_v1_chainName: "<b>Elsewhere</b>",
		chainSpec_v1_genesisHash: `0x${"77".repeat(32)}`,
		chainSpec_v1_properties: { ss58Format: 42, tokenSymbol: "ELSE" },
		system_chainType: "Live",
	};
	server.on("connection", (socket) => {
		socket.on("message", (text) => {
			const { id, method } = JSON.parse(text);
			const known = method in answers;
			const answer = known ? { result: answers[method] } : { error: { code: -32601, message: "no such method" } };
			socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
		});
	});
	return { address: `ws://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

const shown = async (page) => Number((await page.getByTestId("best").innerText()).replaceAll(",", ""));

export const connection = {
	"goes on by itself when it was cut": async ({ browser, url, network, account }) => {
		const way = await line(new URL(network.node).port);
		const expects = ["WebSocket connection", "ERR_"];
		const settings = { node: way.address };
		const { page, leave } = await visit(browser, url, { account: account("Dave"), settings, expects });
		await page.getByTestId("best").waitFor(SOON);
		await page.getByText("Can be spent").waitFor();
		way.cut();
		await page.getByText("was cut. What you see is from before").waitFor(SOON);
		// What was there stays.
		assert.ok(await page.getByText("Can be spent").isVisible());
		const before = await shown(page);
		// Nor does it go away for a moment when the connection is back.
		await page.evaluate(() => {
			window.wentAway = 0;
			const look = () => {
				if (!document.body.innerText.includes("Can be spent")) window.wentAway++;
			};
			new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
		});
		way.mend();
		await page.getByText("was cut. What you see is from before").waitFor({ state: "detached", ...SOON });
		await page.waitForFunction(
			(before) => Number(document.querySelector("[data-testid=best]")?.textContent.replaceAll(",", "")) > before,
			before,
			SOON,
		);
		assert.equal(await page.evaluate(() => window.wentAway), 0);
		await leave();
		way.stop();
	},

	"says so when nobody is there, and takes another address": async ({ browser, url, network }) => {
		const expects = ["WebSocket connection", "ERR_"];
		const settings = { node: "ws://127.0.0.1:9" };
		const { page, leave } = await visit(browser, url, { settings, expects });
		await page.getByText("There is no connection to the network").waitFor(SOON);
		await page.getByRole("link", { name: "Choose another node" }).click();
		await page.getByLabel("The node's address").fill("127.0.0.1");
		await page.getByRole("button", { name: "Connect" }).click();
		await page.getByText("This is no address").waitFor();
		await page.getByLabel("The node's address").fill(network.node);
		await page.getByRole("button", { name: "Connect" }).click();
		await page.getByTestId("best").waitFor(SOON);
		await leave();
	},

	"refuses a node of another chain, whose name is text and nothing more": async ({ browser, url }) => {
		const other = await stranger();
		const { page, leave } = await visit(browser, url, { settings: { node: other.address } });
		await page.getByText("This node is of another chain, “<b>Elsewhere</b>”").waitFor(SOON);
		await leave();
		other.stop();
	},
};
