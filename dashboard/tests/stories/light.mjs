// The light client: it follows the chain in the page, and no node is trusted.

import assert from "node:assert/strict";
import { visit } from "../browser.mjs";
import { PAGES } from "./look.mjs";

/** It finds its peers first, and fetches each answer with its proof. */
const PATIENCE = { timeout: 90_000 };

export const light = {
	"shows every page by what it has proven itself": async ({ browser, url, account, network }) => {
		const asked = [];
		const before = (context) =>
			context.on("page", (page) => page.on("websocket", (socket) => asked.push(socket.url())));
		const settings = { through: "light" };
		const { page, to, leave } = await visit(browser, url, { account: account("Dave"), settings, before });
		await page.getByTestId("best").waitFor(PATIENCE);
		for (const [path, sign] of Object.entries(PAGES)) {
			await to(path);
			await page.getByText(sign).first().waitFor(PATIENCE);
		}
		await to(`receipt/0x${"12".repeat(32)}`);
		await page.getByText("A light client makes no receipts").waitFor();
		assert.equal(await page.getByText("There is no connection").count(), 0);
		await leave();
		// No node was asked: what was spoken was spoken with peers.
		const port = new URL(network.node).port;
		assert.ok(
			asked.every((address) => new URL(address).port !== port),
			asked.join(),
		);
	},
};
