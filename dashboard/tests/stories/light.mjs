// A light client in the page, which trusts no node: every page can be used with it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ask, named, proposeNothing, SOON, sell, sign } from "../acts.mjs";
import { isAccessible, visit } from "../browser.mjs";

const settings = { through: "light" };
const INDEX = new URL("../../src/pages/index.ts", import.meta.url);

/** The paths of all pages, as patterns. */
async function allPages() {
	const paths = [...(await readFile(INDEX, "utf8")).matchAll(/path: "(.*?)"/g)].map(([, path]) => path);
	assert.ok(paths.length > 15, "the pages are listed in another way");
	return paths.map((path) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`));
}

export const light = {
	"is enough for every page, and for what is signed there": async ({ browser, url, network, account }) => {
		const [bob, alice] = ["provider", "verifier"].map((role) => network.parties.find((party) => party.role === role));
		const [{ page, to, leave }, referendum] = await Promise.all([
			visit(browser, url, { account: account("Two"), settings }),
			proposeNothing(network.node, "Charlie"),
		]);
		const seen = [];
		/** Opens a page, on which all of this must be, and nothing that could not be told. */
		const shows = async (path, ...signs) => {
			seen.push(path);
			await to(path);
			const main = page.getByRole("main");
			for (const sign of signs) {
				const wanted = typeof sign === "function" ? sign(main) : main.getByText(sign);
				await wanted.first().waitFor(SOON);
			}
			assert.deepEqual(await main.getByRole("alert").allInnerTexts(), [], path);
			assert.equal(await main.getByText(/Not up to date|cannot tell/).count(), 0, `${path} lacks something`);
		};
		const link = (href) => (main) => main.locator(`a[href="#/${href}"]`);
		const heading = (name) => (main) => main.getByRole("heading", { name });

		await page.getByTestId("best").waitFor({ timeout: 90_000 });
		await shows("settings", "the network", "OGPU Development");
		await ask(page, to, 1, "the lamp");
		await sign(page);
		const request = await named(page);
		await page.getByText(/Ask service 1: (in block|final)/).waitFor();
		await sell(page, to, async () => {
			// Bids for it stay sealed, and nobody's device is busy with it.
			await page.getByText("Time, parts and devices").click();
			await page.getByLabel("Bids are taken for").fill("10m");
		});
		await sign(page);
		const job = await named(page);

		await shows(`task/${job}`, heading("Providers seal their bids"), "Ceiling", "Sealed bids");
		await shows("", "Can be spent", "the lamp", "Training of", "held");
		await shows("budget", "the lamp", "Held for open work");
		await shows("services", "Service 1: writes text", /\d devices/, "Ferdie");
		await shows("services/1", (main) => main.getByTestId("total"), /of \d devices could do it/);
		await shows("new", "On which terms", "Economy");
		await shows("network", "21,000,000", "Left to emit", /was asked, at/);
		await shows("network/services", link("network/services/1"), "A leaf costs");
		await shows("network/services/1", "A leaf costs now", "Ferdie", "Delivery");
		await shows("network/services/77", "There is no such service");
		await shows("network/validators", (main) => main.getByRole("cell", { name: alice.name }), "checks");
		await shows("network/governance", heading(`${referendum}. System.remark`), "waits for its deposit", "Seat");
		await shows("receipt", "What you trust", "a light client does not");
		await shows(`receipt/${request}`, "A light client makes no receipts", (main) =>
			main.getByRole("link", { name: "Choose a node" }),
		);
		await isAccessible(page, "receipts with a light client");

		// The answer, and how it is checked.
		await shows(`task/${request}`, (main) => main.getByTestId("answer"), "unverified", "checked in this page");
		await isAccessible(page, "a request with a light client");
		await shows("network/validations", link(`validation/${request}`));
		await shows(`validation/${request}`, "The authors of blocks make a seed", "At stake", "not revealed yet");

		// What a provider sees.
		await page.getByRole("button", { name: "Two", exact: true }).click();
		await page.getByRole("dialog").getByRole("button", { name: /^Bob/ }).click();
		await shows("provider", "Trust lock", /^[\d,.]+ OGPU$/, "None is on record", /Counted from final blocks since/);
		await shows("provider/devices", heading(new RegExp(`#${bob.device}$`)), link("network/services/1"));
		await shows("provider/market", "you have a bid", "Sealed bid", link(`task/${job}`), `device ${bob.device}`);
		await shows("", "Nothing is open");

		for (const pattern of await allPages()) {
			assert.ok(
				seen.some((path) => pattern.test(path)),
				`no page was opened of ${pattern}`,
			);
		}
		await leave();
	},

	"says so when nobody of the network is there": async ({ browser, url }) => {
		/** The same chain, of which nobody is known. */
		const before = (context) =>
			context.route("**/chain.json", async (route) => {
				const spec = await (await route.fetch()).json();
				await route.fulfill({ json: { ...spec, bootNodes: [] } });
			});
		const { page, leave } = await visit(browser, "about:blank", { settings, before });
		await page.clock.install();
		const read = page.waitForResponse("**/chain.json");
		await page.goto(url);
		await (await read).finished();
		// It knows the chain soon. That is no connection yet.
		await page.waitForTimeout(4_000);
		await page.getByText("connecting").waitFor();
		await page.clock.fastForward(90_000);
		await page.getByText("The light client found nobody of the network").waitFor();
		await leave();
	},
};
