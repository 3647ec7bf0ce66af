// The network as anybody sees it, and how its rules are voted on.

import { ask, named, proposeNothing, SOON, sign } from "../acts.mjs";
import { visit } from "../browser.mjs";

export const chain = {
	"shows blocks as they come, and the token as it is": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("network");
		const blocks = page.getByRole("list", { name: /^The last blocks/ });
		await blocks.getByText("final").first().waitFor(SOON);
		const first = await blocks.locator("strong").first().innerText();
		await page.waitForFunction((first) => document.querySelector(".blocks strong")?.textContent !== first, first, SOON);
		await page.getByText("21,000,000").waitFor();
		await page.getByText("Left to emit").waitFor();
		await page.getByRole("link", { name: "watch them" }).click();
		await page.getByRole("heading", { name: "Validations" }).waitFor();
		await leave();
	},

	"shows what services cost, and who checks": async ({ browser, url, network }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("network/services");
		await page.getByRole("link", { name: "Service 1" }).click();
		await page.getByText("A leaf costs now").waitFor();
		await page.getByRole("heading", { name: "Price of a leaf, in OGPU" }).waitFor();
		await to("network/services/77");
		await page.getByText("There is no such service").waitFor();
		await to("network/validators");
		const verifier = network.parties.find((party) => party.role === "verifier");
		await page.getByRole("cell", { name: verifier.name }).waitFor();
		await page.getByText("checks", { exact: true }).waitFor();
		await leave();
	},

	"shows what is being checked, and says so of names that it does not know": async ({ browser, url, account }) => {
		const { page, to, leave } = await visit(browser, url, { account: account("One") });
		await ask(page, to, 1, "the dog");
		await sign(page);
		const name = await named(page);
		await to(`validation/${name}`);
		await page
			.getByText("This is a request")
			.or(page.getByText("The authors of blocks make a seed"))
			.first()
			.waitFor(SOON);
		// Once somebody has committed, its validation is there.
		await page.getByText("The authors of blocks make a seed").first().waitFor({ timeout: 90_000 });
		await to("network/validations");
		await page.locator(`a[href="#/validation/${name}"]`).waitFor(SOON);
		await to(`validation/0x${"34".repeat(32)}`);
		await page.getByText("The chain has nothing of this name now").waitFor();
		await to("validation/0x34");
		await page.getByText("This is no name").waitFor();
		await leave();
	},

	"lets who has tokens vote": async ({ browser, url, account, network }) => {
		const index = await proposeNothing(network.node, "Alice");
		const { page, to, leave } = await visit(browser, url, { account: account("Alice") });
		await to("network/governance");
		const referendum = page.locator("li", { has: page.getByRole("heading", { name: `${index}. System.remark` }) });
		await referendum.waitFor(SOON);
		await referendum.getByText("waits for its deposit").waitFor();
		await referendum.getByText("Its arguments").click();
		await referendum.getByText("0x3c623e").waitFor();
		await referendum.getByRole("button", { name: "Vote" }).click();
		await page.getByText("Nay", { exact: true }).click();
		await page.getByLabel("With").fill("3");
		await page.getByLabel("Conviction").selectOption({ index: 0 });
		await page.getByRole("button", { name: "Go on" }).click();
		await page.getByText("ConvictionVoting.vote").waitFor();
		await page.getByText("Nay, with 3 OGPU").waitFor();
		await sign(page);
		await referendum.getByText("you: nay, 3 × 0.1").waitFor(SOON);
		await referendum.getByText("0 for, 0.3 against").waitFor(SOON);
		await referendum.getByRole("button", { name: "Take it back" }).click();
		await sign(page);
		await referendum.getByText("you: nay").waitFor({ state: "detached", ...SOON });
		await leave();
	},
};
