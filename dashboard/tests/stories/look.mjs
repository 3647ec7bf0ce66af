// How it looks and feels: for everybody, on all screens, and soon.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import { DESKTOP, fits, isAccessible, PHONE, visit } from "../browser.mjs";

const PAGES = {
	"": "Can be spent",
	services: "A leaf costs",
	"services/1": "The answer",
	new: "On which terms",
	budget: "Limit for a day",
	provider: "Trust lock",
	"provider/devices": "Speed is measured",
	"provider/market": "Services to join",
	network: "Supply and emission",
	"network/services": "A leaf costs",
	"network/services/1": "Terms",
	"network/validations": "Verifiers that were drawn",
	"network/validators": "Stake of the era",
	"network/governance": "Parameters that votes can change",
	receipt: "What you trust",
	settings: "The gateway",
};
/** Where pictures of all pages go, if somebody wants to look at them. */
const PICTURES = process.env.PICTURES;
const MOST_BYTES = 300_000;
const SOON_MS = 2_000;
/** On a machine that has more to do than it can, all takes as much longer. */
const crowd = () => Math.max(1, loadavg()[0] / availableParallelism());

async function picture(page, name) {
	if (!PICTURES) return;
	await mkdir(PICTURES, { recursive: true });
	await page.screenshot({ path: `${PICTURES}/${name.replaceAll("/", "-") || "work"}.png`, fullPage: true });
}

/** What is for everybody, by the screen. */
export const look = {};
for (const [screen, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
	const looks = {};
	look[`A ${screen}`] = looks;
	for (const theme of ["light", "dark"]) {
		looks[`is for everybody, in ${theme} colours`] = async ({ browser, url, account }) => {
			const { page, to, leave } = await visit(browser, url, { account: account("Dave"), theme, viewport });
			for (const [path, sign] of Object.entries(PAGES)) {
				await to(path);
				await page.getByText(sign).first().waitFor();
				if (path === "services/1") await page.getByTestId("total").waitFor();
				await fits(page, `${path || "work"} on a ${screen}`);
				await isAccessible(page, `${path || "work"} on a ${screen} in ${theme} colours`);
				await picture(page, `${path}-${screen}-${theme}`);
			}
			await page.getByRole("button", { name: "Dave" }).click();
			await page.getByRole("dialog", { name: "Choose an account" }).waitFor();
			await isAccessible(page, `the accounts on a ${screen} in ${theme} colours`);
			await leave();
		};
	}
}

/** What is measured, or has the only focus. */
export const alone = {
	"works with the keyboard alone": async ({ browser, url }) => {
		const { page, leave } = await visit(browser, url);
		await page.getByTestId("best").waitFor();
		await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		const dialog = page.getByRole("dialog", { name: "Choose an account" });
		await dialog.waitFor();
		await page.keyboard.press("Escape");
		await dialog.waitFor({ state: "detached" });
		// The focus is where it was.
		assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /Choose an account/);
		await leave();
	},

	"is small, and soon of use": async ({ browser, url, account }) => {
		let soonest = Number.POSITIVE_INFINITY;
		for (let round = 0; round < 3; round++) {
			const { page, leave } = await visit(browser, "about:blank", { account: account("Dave") }).catch(() =>
				visit(browser, url),
			);
			const bodies = [];
			page.on("response", async (response) => {
				if (response.url().startsWith(url)) bodies.push(response.body().catch(() => Buffer.alloc(0)));
			});
			const begin = performance.now();
			await page.goto(url);
			await page.getByText("Can be spent").or(page.getByText("Whose work?")).first().waitFor();
			await page.getByTestId("best").waitFor();
			soonest = Math.min(soonest, performance.now() - begin);
			await page.waitForLoadState("networkidle");
			const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
			assert.ok(bytes > 50_000 && bytes < MOST_BYTES, `the first view is ${bytes} bytes, compressed`);
			await leave();
		}
		const most = SOON_MS * crowd();
		assert.ok(soonest < most, `it is of use after ${Math.round(soonest)} ms, and should be after ${Math.round(most)}`);
	},
};
