// Stories in a real browser, on a real network that is started once for all of them. They run one after the other.

import { after, before, describe, it } from "node:test";
import { startBrowser } from "./browser.mjs";
import { startNetwork } from "./network.mjs";
import { chain } from "./stories/chain.mjs";
import { connection } from "./stories/connection.mjs";
import { customer } from "./stories/customer.mjs";
import { look } from "./stories/look.mjs";
import { provider } from "./stories/provider.mjs";
import { receipts } from "./stories/receipts.mjs";

/** What a story is given: the network, as `ogpu dev` tells of it, and the browser. */
const given = {};

before(
	async () => {
		[given.network, given.browser] = await Promise.all([startNetwork(), startBrowser()]);
		given.url = given.network.dashboard.page;
		given.account = (name) => given.network.clients.find((client) => client.name === name).account;
	},
	{ timeout: 330_000 },
);

after(async () => {
	await given.browser?.close();
	await given.network?.stop();
});

for (const [title, stories] of Object.entries({
	"A customer": customer,
	"A provider": provider,
	"The network": chain,
	Receipts: receipts,
	"The connection": connection,
	"The look": look,
})) {
	describe(title, () => {
		for (const [name, story] of Object.entries(stories)) it(name, { timeout: 120_000 }, () => story(given));
	});
}
