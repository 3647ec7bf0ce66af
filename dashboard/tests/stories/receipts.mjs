// Receipts, checked in the page: files that are right, files that were changed, and what is trusted.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { visit } from "../browser.mjs";

const example = (name) => fileURLToPath(new URL(`../../src/receipt/examples/${name}.json`, import.meta.url));
const spec = fileURLToPath(new URL("../../../chain-specs/development-raw.json", import.meta.url));
/** The set that signed the block of the example, as `ogpu verify` says it. */
const SET = "0x4e3c8676cc88fa51a8a303fa3fe38434edad38f50afd00afead58d8f21527064";
const NAME = "0x7ca8460911558b02ba415395be0011dee2b3310167fbb0dc64ed653d61c0758b";

const drop = (page, label, path) => page.locator("label.drop", { hasText: label }).locator("input").setInputFiles(path);

async function trustSet(page) {
	await page.getByText("A set that you know").click();
	await page.getByLabel("Hash of the set").fill(SET);
}

export const receipts = {
	"are proven from a set that is trusted, and can be saved": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("receipt");
		await trustSet(page);
		await drop(page, "Drop a receipt", example("short"));
		await page.getByText("All of it is proven").waitFor();
		await page.getByText("2 of 3 leaves were audited").waitFor();
		const saving = page.waitForEvent("download");
		await page.getByRole("button", { name: "Save it" }).click();
		const saved = JSON.parse(await readFile(await (await saving).path(), "utf8"));
		assert.deepEqual(saved, JSON.parse(await readFile(example("short"), "utf8")));
		// A file that is none of what is proven is told to be so.
		await drop(page, "Drop a result", spec);
		await page.getByText("development-raw.json is nothing that is proven here").waitFor();
		await leave();
	},

	"are refused when anything in them was changed, and the part is named": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("receipt");
		await trustSet(page);
		const text = await readFile(example("short"), "utf8");
		const changed = (edit) => {
			const receipt = JSON.parse(text);
			edit(receipt);
			return { name: "changed.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(receipt)) };
		};
		const flip = (bytes) => bytes.slice(0, -1) + (bytes.endsWith("0") ? "1" : "0");
		for (const [edit, says] of [
			[(it) => (it.block.header = flip(it.block.header)), "The block"],
			[(it) => (it.state = it.state.map(flip)), "The state"],
			[(it) => (it.since.set = 4), "What you trust"],
			[(it) => (it.more = "<img src=x onerror=alert(1)>"), "unknown field"],
		]) {
			await drop(page, "Drop a receipt", changed(edit));
			await page.getByText("Nothing is proven").waitFor();
			await page.getByRole("alert").getByText(says).waitFor();
		}
		await drop(page, "Drop a receipt", { name: "x.json", mimeType: "application/json", buffer: Buffer.from("<html>") });
		await page.getByRole("alert").getByText("no JSON").waitFor();
		await leave();
	},

	"begin with the first block of a chain, which is computed from its spec": async ({ browser, url, network }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("receipt");
		await page.getByText("A chain spec of yours").click();
		await drop(page, "Choose the file of the raw chain spec", example("short"));
		await page.getByRole("alert").getByText("not a chain spec").waitFor();
		await drop(page, "Choose the file of the raw chain spec", await network.writeSpec());
		await page.getByTitle(`${network.genesis} (copy)`).first().waitFor();
		await leave();
	},

	"are not there before something has ended, and the node says so": async ({ browser, url }) => {
		const { page, to, leave } = await visit(browser, url);
		await to("receipt");
		await page.getByLabel("Or ask the node for one").fill("0x12");
		await page.getByRole("button", { name: "Get it" }).click();
		await page.getByRole("alert").getByText("64 hexadecimal digits").waitFor();
		await page.getByLabel("Or ask the node for one").fill(NAME);
		await page.getByRole("button", { name: "Get it" }).click();
		await page.waitForURL(new RegExp(`#/receipt/${NAME}$`));
		await page.getByRole("alert").getByText("nothing is recorded of").waitFor();
		await leave();
	},
};
