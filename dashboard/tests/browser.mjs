// A browser as people have it, whose complaints are failures.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const QUIET = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];
export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export async function startBrowser() {
	const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
	if (!existsSync(executablePath))
		throw new Error(`${executablePath} is not there: scripts/setup.sh --tests installs it`);
	return chromium.launch({ executablePath, args: QUIET });
}

/**
 * A page of its own, as somebody new has it. `account` is the address that was chosen before, `before` prepares the
 * browser; `expects` says which of its complaints belong to the story.
 */
export async function visit(browser, url, options = {}) {
	const { account, settings = {}, theme = "light", viewport = DESKTOP, expects = [], before } = options;
	const context = await browser.newContext({ colorScheme: theme, viewport });
	const kept = JSON.stringify({ ...(account ? { account } : {}), ...settings });
	await context.addInitScript((kept) => {
		if (location.protocol !== "about:" && !localStorage.getItem("ogpu.settings"))
			localStorage.setItem("ogpu.settings", kept);
	}, kept);
	await before?.(context);
	const page = await context.newPage();
	page.setDefaultTimeout(30_000);
	const complaints = [];
	const note = (text) => {
		if (!expects.some((known) => text.includes(known))) complaints.push(text.slice(0, 400));
	};
	page.on("pageerror", (error) => note(`${error.stack ?? error}`));
	page.on("console", (message) => {
		if (message.type() === "error" || message.type() === "warning") note(message.text());
	});
	await page.goto(url);
	return {
		page,
		context,
		to: (path) => page.goto(`${url.replace(/#.*$/, "")}#/${path}`),
		/** Ends the visit. Nothing may have gone wrong that was not part of it. */
		leave: async () => {
			await context.close();
			assert.deepEqual(complaints, [], "the browser complained");
		},
	};
}

let axe;

/** Holds what is on the screen against the rules of accessibility. */
export async function isAccessible(page, what) {
	axe ??= await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
	await page.evaluate(`${axe};0`);
	// What fades in is paler than it will be. What never ends (a spinner) is not waited for.
	await page.evaluate(() => {
		const ending = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
		return Promise.allSettled(ending.map((one) => one.finished)).then(() => null);
	});
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
	const found = violations.flatMap(({ id, nodes }) =>
		nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
	);
	assert.deepEqual(found, [], `${what} is not accessible to all`);
}

/** Pictures of what is open, if somebody wants to look at what went wrong. */
export async function photograph(browser, title) {
	const folder = process.env.PICTURES;
	if (!folder) return;
	const pages = browser.contexts().flatMap((context) => context.pages());
	for (const [at, page] of pages.entries()) {
		await page.screenshot({ path: `${folder}/failed ${title.slice(0, 40)} ${at}.png` }).catch(() => {});
	}
}

/** Nothing reaches beyond the right edge of the screen. */
export async function fits(page, what) {
	const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	assert.ok(over <= 0, `${what} is ${over} pixels wider than the screen`);
}
