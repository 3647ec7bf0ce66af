// Stories in a real browser, on a real network that is started once for all of them. Most of their time they wait for
// blocks, so several people do what they do at once: each with an account of its own, and one thing after the other.

import { after, before, describe, it } from "node:test";
import { photograph, startBrowser } from "./browser.mjs";
import { startNetwork } from "./network.mjs";
import { chain } from "./stories/chain.mjs";
import { connection } from "./stories/connection.mjs";
import { customer } from "./stories/customer.mjs";
import { job } from "./stories/deciding.mjs";
import { light } from "./stories/light.mjs";
import { lists } from "./stories/lists.mjs";
import { alone, look } from "./stories/look.mjs";
import { provider } from "./stories/provider.mjs";
import { receipts } from "./stories/receipts.mjs";
import { addressOf } from "./wallet.mjs";

/** What a story is given: the network, as `ogpu dev` tells of it, and the browser. */
const given = { account: addressOf };
const AT_ONCE = 4;

before(
	async () => {
		[given.network, given.browser] = await Promise.all([startNetwork(), startBrowser()]);
		given.url = given.network.dashboard.page;
	},
	{ timeout: 330_000 },
);

after(async () => {
	await given.browser?.close();
	await given.network?.stop();
});

function tell(title, stories) {
	describe(title, { concurrency: 1 }, () => {
		for (const [name, story] of Object.entries(stories)) {
			it(name, { timeout: 150_000 }, async () => {
				await story(given).catch(async (error) => {
					await photograph(given.browser, name);
					throw error;
				});
			});
		}
	});
}

describe("At once", { concurrency: AT_ONCE }, () => {
	tell("The network", chain);
	tell("A provider", provider);
	tell("A client with a job", job);
	tell("A customer", customer);
	tell("The connection", connection);
	tell("A light client", light);
	tell("Long lists", lists);
	tell("Receipts", receipts);
	for (const [screen, stories] of Object.entries(look)) tell(screen, stories);
});

tell("By itself", alone);
