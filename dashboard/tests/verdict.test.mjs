// The long stories, from a question to its verdict: one that is accepted takes some seven minutes, one that is challenged
// waits for the end of its window besides, and for a jury: some twenty. They are told at once, on one network, and a verdict
// waits for what else its provider has open: if the same one leads both, the one that is accepted takes as long.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, choose, named, sign } from "./acts.mjs";
import { isAccessible, startBrowser, visit } from "./browser.mjs";
import { startNetwork } from "./network.mjs";
import { confirming } from "./stories/deciding.mjs";
import { addressOf, signing } from "./wallet.mjs";

const LONG = { timeout: 600_000 };
/** The window for challenges, and the jury after it. */
const LONGER = { timeout: 1_800_000 };
/** All of that, and what comes after it. */
const LONGEST = { timeout: 2_700_000 };

let [network, browser, url] = [];

before(
	async () => {
		[network, browser] = await Promise.all([startNetwork(), startBrowser()]);
		url = network.dashboard.page;
	},
	{ timeout: 330_000 },
);

after(async () => {
	await browser?.close();
	await network?.stop();
});

async function asked(name, text) {
	const visitor = await visit(browser, url, { account: addressOf(name) });
	await ask(visitor.page, visitor.to, 1, text);
	await sign(visitor.page);
	return { ...visitor, name: await named(visitor.page) };
}

describe("A question is asked, answered and checked", { concurrency: 3 }, () => {
	for (const [name, story] of Object.entries(confirming)) {
		it(name, { timeout: 900_000 }, () => story({ network, browser, url, account: addressOf }));
	}

	it("and accepted, and proved", LONGEST, async () => {
		const { page, to, leave, name } = await asked("Dave", "the owl");
		await page.getByTestId("answer").waitFor(LONG);
		const answer = await page.getByTestId("answer").innerText();
		// When the auditors have said what they found, the client need not wait for the rest of the window.
		await page.getByRole("button", { name: "Accept now" }).click(LONG);
		await page.getByText("ResultValidation.accept").waitFor();
		await sign(page);
		await page.getByText("It was accepted", { exact: true }).first().waitFor(LONGER);
		await page.getByText("would have been found").first().waitFor();
		assert.equal(await page.getByTestId("answer").innerText(), answer);
		await page.getByText("The chain has accepted exactly these bytes.").waitFor();
		// What it cost is known, and less than what was held.
		await to("budget");
		await page.getByRole("cell", { name: "Done" }).waitFor(LONG);
		await to(`task/${name}`);
		await page.getByRole("link", { name: "Receipt", exact: true }).click();
		await page.waitForURL(new RegExp(`#/receipt/${name}$`));
		// The page follows the proof from the chain's first validators to the record.
		await page.getByText("All of it is proven").waitFor(LONG);
		await page.getByTitle(`${name} (copy)`).first().waitFor();
		// Everybody sees what was paid, and whose device earned it sees that it did.
		await to("network");
		const paid = page
			.getByRole("row")
			.filter({ hasText: "for a request" })
			.filter({ hasText: name.slice(0, 8) });
		await paid.first().waitFor(LONG);
		const text = await paid.first().innerText();
		const provider = network.parties.find((party) => party.role === "provider" && text.includes(party.name));
		assert.ok(provider, text);
		await leave();
		const theirs = await visit(browser, url, { account: provider.account });
		await theirs.to("provider");
		const payments = theirs.page.locator("section", {
			has: theirs.page.getByRole("heading", { name: "Last payments" }),
		});
		await payments.getByText(`device ${provider.device}`).first().waitFor(LONG);
		await theirs.page.getByRole("cell", { name: `Device ${provider.device}`, exact: true }).waitFor();
		await theirs.leave();
	});

	it("and challenged by somebody who is wrong, and a jury says so", LONGEST, async () => {
		const client = await asked("Eve", "the crow");
		const signed = [];
		const { page, to, leave } = await visit(browser, url, { before: signing("One", signed) });
		await page.getByRole("button", { name: "Choose an account" }).first().click();
		await choose(page, "One");
		await to(`task/${client.name}`);
		await page.getByRole("button", { name: "Challenge" }).click(LONG);
		await page.getByRole("textbox", { name: "Leaf" }).fill("999999");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByRole("alert").getByText("can be challenged now").waitFor();
		await page.getByRole("textbox", { name: "Leaf" }).fill("0");
		const bond = /A bond of (\S+) OGPU/.exec(await page.getByText(/^A bond of/).innerText())?.[1];
		await isAccessible(page, "a challenge");
		await page.getByRole("button", { name: "Go on" }).click();
		// What is held for it is what was said.
		const dialog = page.getByRole("dialog", { name: "Challenge a leaf" });
		await dialog.getByText("ResultValidation.challenge").waitFor();
		const held = dialog.locator("dt", { hasText: "Held or paid" }).locator("xpath=following-sibling::dd[1]");
		assert.equal(Number.parseFloat(await held.innerText()).toPrecision(3), Number.parseFloat(bond).toPrecision(3));
		await sign(page);
		await page.getByText(/Challenge a leaf: (in|final)/).waitFor(LONG);
		assert.equal(signed.length, 1);
		// A jury waits: the client cannot end the window any more.
		await client.page.getByRole("button", { name: "Accept now" }).waitFor({ state: "detached", ...LONG });

		await to(`validation/${client.name}`);
		await page.getByText("challenged it").waitFor(LONG);
		await isAccessible(page, "a validation with a challenge");
		// What is seen of the jury while it sits.
		await page.evaluate(() => {
			window.seen = [];
			const look = () => {
				for (const bar of document.querySelectorAll(".shares")) {
					const says = bar.getAttribute("aria-label");
					if (says !== window.seen.at(-1)) window.seen.push(says);
				}
			};
			new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
		});
		await page.getByRole("heading", { name: "Jury on leaf 0, round 1" }).waitFor(LONGER);
		await isAccessible(page, "a jury that sits");
		await page.getByText(/^It ended:/).waitFor(LONGER);
		await page.getByText("1 jury sat, whose jurors computed a leaf").waitFor();
		const seen = await page.evaluate(() => window.seen);
		assert.match(seen[0], /for the provider 0, .*against the provider 0/, seen.join("\n"));
		assert.ok(
			seen.some((says) => /for the provider [1-9]/.test(says)),
			`the margin moved: ${seen.join("\n")}`,
		);
		await client.page.getByText("It was accepted", { exact: true }).first().waitFor(LONGER);
		await client.leave();
		await leave();
	});
});
