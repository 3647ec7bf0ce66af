// What providers see of their devices, their lock and the market, and what they do about it.

import assert from "node:assert/strict";
import { named, SOON, sell, sign } from "../acts.mjs";
import { visit } from "../browser.mjs";

export const provider = {
	"sees its devices: how fast they are, and that they are heard of": async ({ browser, url, network }) => {
		const bob = network.parties.find((party) => party.role === "provider");
		const { page, to, leave } = await visit(browser, url, { account: bob.account });
		await to("provider/devices");
		await page.getByRole("heading", { name: new RegExp(`#${bob.device}$`) }).waitFor();
		await page
			.getByText("online", { exact: true })
			.or(page.getByText("works", { exact: true }))
			.first()
			.waitFor(SOON);
		await page.getByText("multiply-adds a block").first().waitFor();
		await page.getByRole("progressbar", { name: "Compared with the fastest device of the network" }).first().waitFor();
		await page.getByRole("link", { name: "service 0" }).waitFor(SOON);
		await leave();
	},

	"locks more, unlocks some of it, and thinks better of it": async ({ browser, url, account }) => {
		const { page, to, leave } = await visit(browser, url, { account: account("Ferdie") });
		await to("provider");
		const lock = page.locator("section", { has: page.getByRole("heading", { name: "Trust lock" }) });
		const locked = lock.locator("dd").first();
		await locked.waitFor();
		const before = Number((await locked.innerText()).replace(/[^\d.]/g, ""));
		await lock.getByRole("button", { name: "Lock more" }).click();
		await page.getByLabel("Amount").fill("nothing");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByRole("alert").getByText("Give an amount").waitFor();
		await page.getByLabel("Amount").fill("7");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByText("StakingTrustlock.lock").waitFor();
		await sign(page);
		await locked.filter({ hasText: `${(before + 7).toLocaleString("en-US")} OGPU` }).waitFor(SOON);
		await lock.getByRole("button", { name: "Unlock", exact: true }).click();
		await page.getByLabel("Amount").fill("100000000");
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByRole("alert").getByText("are not bound by open work").waitFor();
		await page.getByLabel("Amount").fill("2");
		await page.getByRole("button", { name: "Go on" }).click();
		await sign(page);
		await page.getByText("2 OGPU unbonds").waitFor(SOON);
		await lock.getByRole("button", { name: "Cancel unlocking" }).click();
		await sign(page);
		await page.getByText("2 OGPU unbonds").waitFor({ state: "detached", ...SOON });
		await leave();
	},

	"finds an auction that is open, and what a bid would have to be": async ({ browser, url, account, network }) => {
		const client = await visit(browser, url, { account: account("Ferdie") });
		await sell(client.page, client.to);
		await sign(client.page);
		const name = await named(client.page);
		await client.leave();

		const bob = network.parties.find((party) => party.role === "provider");
		const { page, to, leave } = await visit(browser, url, { account: bob.account });
		await to("provider/market");
		const auction = page.locator("li", { has: page.locator(`a[href="#/task/${name}"]`) }).last();
		await auction
			.getByText("takes bids")
			.or(auction.getByText("bids are sealed", { exact: true }))
			.first()
			.waitFor(SOON);
		await auction.getByText("Fair estimate").waitFor();
		await auction.getByText("1 OGPU").first().waitFor();
		// Its worker bids by itself, and the page says so.
		await page.getByText("you have a bid").first().waitFor(SOON);
		await page.getByRole("heading", { name: "Your bids and jobs" }).waitFor(SOON);
		await page.getByText("Sealed bid").first().waitFor(SOON);
		// What it serves already, and what it may leave.
		const services = page.locator("section", { has: page.getByRole("heading", { name: "Services to join" }) });
		await services.getByText(`device ${bob.device}`).first().waitFor();
		assert.ok((await services.getByRole("link", { name: /^Service \d+$/ }).count()) >= network.services.length);
		await leave();
	},

	"is told what a penalty was for, where there is none as well": async ({ browser, url, network }) => {
		const bob = network.parties.find((party) => party.role === "provider");
		const { page, to, leave } = await visit(browser, url, { account: bob.account });
		await to("provider");
		await page.getByText("None is on record").waitFor();
		await page.getByText("Counted from final blocks since").waitFor(SOON);
		await page.getByText("Faultlessness").waitFor();
		await leave();
	},
};
