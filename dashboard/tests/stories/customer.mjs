// What customers do, from asking to what came of it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ask, choose, named, SOON, sign } from "../acts.mjs";
import { DESKTOP, fits, isAccessible, PHONE, visit } from "../browser.mjs";
import { refusing, stranger } from "../wallet.mjs";

export const customer = {
	"asks a service, and has an answer that is checked in the page": async ({ browser, url, account }) => {
		const { page, to, leave } = await visit(browser, url, { account: account("Dave") });
		await ask(page, to, 1, "the cat");
		// What is signed is shown before: the calls, the fee, and the hash of what they mean.
		const dialog = page.getByRole("dialog", { name: /^Ask service/ });
		await dialog.getByText("ContinuousPool.request").waitFor();
		await dialog.getByText("StakingTrustlock.register_device").waitFor();
		await dialog.getByText("Its bytes").click();
		assert.match(await dialog.getByText("Metadata hash").locator("xpath=following-sibling::dd[1]").innerText(), /^0x/);
		await isAccessible(page, "what is signed");
		await sign(page);
		await named(page);
		// Who has to act, and until when.
		await page.getByText("Racers compute").waitFor(SOON);
		await page.getByTestId("answer").waitFor(SOON);
		await page.getByText("unverified").first().waitFor();
		await page.getByText("checked in this page").waitFor();
		const answer = await page.getByTestId("answer").innerText();
		assert.ok(answer.length > 5, `an answer: ${answer}`);
		await isAccessible(page, "a request with its answer");
		await page.setViewportSize(PHONE);
		await fits(page, "a request with its answer, on a phone");
		await page.setViewportSize(DESKTOP);
		// It is saved as the very bytes of the network.
		const saving = page.waitForEvent("download");
		await page.getByRole("button", { name: "Save the tokens" }).click();
		const saved = await readFile(await (await saving).path());
		assert.equal(saved.length % 4, 0);
		// It stands in the list, and in the budget.
		await to("");
		await page.getByRole("link", { name: /the cat/ }).waitFor();
		await to("budget");
		await page.getByRole("cell", { name: "the cat" }).waitFor();
		await leave();
	},

	"asks in private: the texts are sealed, and whoever checks is let in": async ({ browser, url, account }) => {
		const { page, to, leave } = await visit(browser, url, { account: account("Eve") });
		const sealing = page.waitForRequest((request) => request.url().includes("/artifacts?client=aN"));
		const telling = page.waitForResponse((answer) => answer.url().endsWith("/private"), SOON);
		await ask(page, to, 1, "a secret", async () => {
			await page.getByText("Price, time and privacy").click();
			await page.getByLabel(/^Seal the texts/).check();
		});
		assert.match((await sealing).url(), /&seal=[a-z0-9]{52}/);
		await sign(page);
		await named(page);
		const told = await telling;
		assert.ok(told.ok() && (await told.json()).open > 0);
		await page.getByTestId("answer").waitFor(SOON);
		await leave();
	},

	"sees why nothing was sent when the wallet says no": async ({ browser, url, account }) => {
		const dave = account("Dave");
		const { page, to, leave } = await visit(browser, url, { before: refusing(dave, "My wallet") });
		await page.getByRole("button", { name: "Choose an account" }).first().click();
		await choose(page, "My wallet");
		await ask(page, to, 1, "a question");
		await sign(page);
		await page.getByRole("alert").getByText("It was not signed.").waitFor();
		await page.getByRole("button", { name: "Close", exact: true }).last().click();
		await page.getByRole("dialog").waitFor({ state: "detached" });
		// Nothing is lost: the text is still there.
		assert.equal(await page.getByLabel("Text", { exact: true }).inputValue(), "a question");
		await leave();
	},

	"is told how much is missing when the balance is too small": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url, { account: stranger, before: refusing(stranger, "Poor") });
		await page.getByRole("button", { name: /^aN/ }).click();
		await choose(page, "Poor");
		await ask(page, to, 1, "a question");
		await page
			.getByRole("alert")
			.getByText(/can be spent: .* are missing/)
			.waitFor();
		assert.ok(await page.getByRole("button", { name: "Sign and send" }).isDisabled());
		await leave();
	},

	"keeps to a limit for a day": async ({ browser, url, account }) => {
		const { page, to, leave } = await visit(browser, url, { account: account("Eve") });
		await to("budget");
		await page.getByLabel("At most, in 24 hours").fill("0.0001");
		await page.getByRole("button", { name: "Keep it" }).click();
		await page.getByText("The limit is in force.").waitFor();
		await ask(page, to, 1, "a question");
		await page
			.getByRole("alert")
			.getByText(/of your limit for a day/)
			.waitFor();
		assert.ok(await page.getByRole("button", { name: "Sign and send" }).isDisabled());
		await leave();
	},

	"looks around without an account": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url, { viewport: DESKTOP });
		await page.getByText("Whose work?").waitFor();
		await to("services/1");
		await page.getByTestId("total").waitFor();
		await page.getByRole("button", { name: "Choose an account" }).first().waitFor();
		await to(`task/0x${"12".repeat(32)}`);
		await page.getByText("The chain knows no task of this name").waitFor();
		await to("task/0x12");
		await page.getByText("This names no task").waitFor();
		await to("nowhere");
		await page.getByText("There is no such page").waitFor();
		await leave();
	},
};
