// What a client decides while others work: to pay more, to wait longer, to want no more of it, and that an answer is there.

import assert from "node:assert/strict";
import { ask, choose, named, SOON, sell, sign } from "../acts.mjs";
import { isAccessible, visit } from "../browser.mjs";
import { send } from "../papi.mjs";
import { signing } from "../wallet.mjs";

/** Whoever has its model publishes a service anew, whose answers are paid when they are confirmed. */
async function publishManual(node, like) {
	const make = async (api) => {
		const { manifest, leaf, terms } = await api.query.ContinuousPool.Services.getValue(like, { at: "best" });
		const manual = { ...terms, delivery: { type: "Manual", value: undefined } };
		return api.tx.ContinuousPool.publish_service({ manifest, leaf, terms: manual });
	};
	return (await send(node, "Ferdie", make, "ContinuousPool", "ServicePublished")).service;
}

export const job = {
	"has a model trained, and signs with a wallet: a quote, an auction, and what can be done about it": async ({
		browser,
		url,
	}) => {
		const signed = [];
		const { page, to, leave } = await visit(browser, url, { before: signing("Eve", signed) });
		await page.getByRole("button", { name: "Choose an account" }).first().click();
		await choose(page, "Eve");
		await sell(page, to, async () => {
			// What is too much is told before anything is paid.
			await page.getByLabel("The most that the work may cost").fill("1000000");
			await page.getByText("The fee is too high for the stake").waitFor();
			await page.getByLabel("The most that the work may cost").fill("0.5");
			await page.getByTestId("total").waitFor();
			// Nobody here has such a device: there is time to change one's mind.
			await page.getByText("Time, parts and devices").click();
			await page.getByLabel("Bids are taken for").fill("10m");
			await page.getByText("CUDA", { exact: true }).click();
			await page.getByText("Nobody could do it as things are.").waitFor();
			await page.getByText("is of another kind").first().waitFor();
		});
		await page.getByText("TrainingAuction.create").waitFor();
		await sign(page);
		const job = await named(page);
		await page.getByRole("heading", { name: "Providers seal their bids" }).waitFor(SOON);
		await isAccessible(page, "a job for sale");

		const facts = page.locator("section", { has: page.getByRole("heading", { name: "Facts" }) });
		const ceiling = facts.locator("dt", { hasText: "Ceiling" }).locator("xpath=following-sibling::dd[1]");
		assert.match(await ceiling.innerText(), /^0.5 OGPU/);
		await page.getByRole("button", { name: "Top up" }).click();
		await isAccessible(page, "topping up");
		await page.getByLabel("Amount").fill("0");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByRole("alert").getByText("Give more than nothing").waitFor();
		await page.getByLabel("Amount").fill("0.25");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByText("TrainingAuction.top_up").waitFor();
		await sign(page);
		await page.getByText(/Top up a job: (in|final)/).waitFor(SOON);
		await ceiling.getByText("0.75 OGPU").waitFor(SOON);

		// How long it may take is what bidders see.
		const within = async () => {
			await to("provider/market");
			const auction = page.locator("li.entry", { has: page.locator(`a[href="#/task/${job}"]`) });
			const words = auction.locator("dt", { hasText: "Wants it within" }).locator("xpath=following-sibling::dd[1]");
			const text = await words.innerText();
			await to(`task/${job}`);
			return text;
		};
		const before = await within();
		await page.getByRole("button", { name: "Extend" }).click();
		await isAccessible(page, "waiting longer");
		await page.getByLabel("How much longer").fill("soon");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByRole("alert").getByText("Give a time").waitFor();
		await page.getByLabel("How much longer").fill("6h");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByText("TrainingAuction.extend").waitFor();
		await sign(page);
		await page.getByText(/Wait longer for a job: (in|final)/).waitFor(SOON);
		assert.notEqual(await within(), before);

		await page.getByRole("button", { name: "Cancel the job" }).click();
		await page.getByText("Nobody works on it yet").waitFor();
		await isAccessible(page, "cancelling");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByText("TrainingAuction.cancel").waitFor();
		await sign(page);
		await page.getByText(/Cancel a job: (in|final)/).waitFor(SOON);
		await page.getByRole("heading", { name: "It has ended" }).waitFor(SOON);
		// Everything is back.
		await page.getByText("Cancelled", { exact: true }).waitFor(SOON);
		await to("budget");
		const row = page.getByRole("row", { name: /Training of/ });
		await row.getByText("Cancelled").waitFor();
		await row.getByText("0 OGPU").waitFor();
		// The wallet was given the hash of what the calls mean, and signed it.
		assert.equal(signed.length, 4);
		assert.ok(signed.every(({ mode, metadataHash }) => mode === 1 && /^0x[0-9a-f]{64}$/.test(metadataHash)));
		await leave();
	},
};

export const confirming = {
	"confirms an answer, where that is what its provider waits for": async ({ browser, url, network, account }) => {
		const like = network.services.find(({ kind }) => kind === "embed").id;
		const service = await publishManual(network.node, like);
		const { page, to, leave } = await visit(browser, url, { account: account("Two") });
		// Somebody serves it soon.
		await to("services");
		const offered = page.locator("section", {
			has: page.getByRole("heading", { name: new RegExp(`^Service ${service}\\b`) }),
		});
		await offered.getByText("The provider is paid when you confirm the answer").waitFor(SOON);
		await offered.getByText(/\d devices?$/).waitFor(SOON);
		await ask(page, to, service, "the bee");
		await sign(page);
		const name = await named(page);
		await page.getByRole("button", { name: "Confirm", exact: true }).click({ timeout: 600_000 });
		await page.getByText("ContinuousPool.confirm").waitFor();
		await sign(page);
		await page.getByText(/Confirm an answer: (in|final)/).waitFor(SOON);
		await page.getByRole("button", { name: "Confirm", exact: true }).waitFor({ state: "detached", ...SOON });
		// Everybody sees what was paid.
		await to("network");
		const paid = page
			.getByRole("row")
			.filter({ hasText: "for a request" })
			.filter({ hasText: name.slice(0, 8) });
		await paid.first().waitFor(SOON);
		await leave();
	},
};
