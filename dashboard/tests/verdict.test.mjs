// The long story: from the question to the verdict and its receipt. It takes as long as a validation does, some six minutes.

import assert from "node:assert/strict";
import { it } from "node:test";
import { startBrowser, visit } from "./browser.mjs";
import { startNetwork } from "./network.mjs";

const LONG = { timeout: 600_000 };

it("a question is asked, answered, checked, accepted, and proved", { timeout: 900_000 }, async () => {
	const [network, browser] = await Promise.all([startNetwork(), startBrowser()]);
	try {
		const url = network.dashboard.page;
		const account = network.clients.find((client) => client.name === "Dave").account;
		const { page, to, leave } = await visit(browser, url, { account });
		await to("services/1");
		await page.getByLabel("Text", { exact: true }).fill("the owl");
		await page.getByText("Price, time and privacy").click();
		await page.getByLabel("How long racers may take").fill("30s");
		await page.getByTestId("total").waitFor();
		await page.getByRole("button", { name: "Ask", exact: true }).click();
		await page.getByRole("button", { name: "Sign and send" }).click();
		await page.waitForURL(/#\/task\/0x[0-9a-f]{64}$/, { timeout: 60_000 });
		const name = page.url().slice(-66);
		await page.getByTestId("answer").waitFor(LONG);
		const answer = await page.getByTestId("answer").innerText();
		// When the auditors have said what they found, the client need not wait for the rest of the window.
		await page.getByRole("button", { name: "Accept now" }).click(LONG);
		await page.getByRole("button", { name: "Sign and send" }).click();
		await page.getByText("It was accepted", { exact: true }).first().waitFor(LONG);
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
	} finally {
		await browser.close();
		await network.stop();
	}
});
