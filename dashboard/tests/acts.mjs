// What people do again and again.

export const SOON = { timeout: 60_000 };

/** Agrees to what is shown. */
export async function sign(page) {
	await page.getByRole("button", { name: "Sign and send" }).click();
}

/** Writes a question to a service, up to what is to be signed. */
export async function ask(page, to, service, text) {
	await to(`services/${service}`);
	await page.getByLabel("Text", { exact: true }).fill(text);
	// The quote follows what is typed.
	await page.getByTestId("total").waitFor();
	await page.getByRole("button", { name: "Ask", exact: true }).click();
}

/** Puts an example of a training up for auction, up to what is to be signed. `change` alters its terms before. */
export async function sell(page, to, change = async () => {}) {
	await to("new");
	await page.getByRole("button", { name: "Example: train" }).click();
	await page.getByText("2 of").waitFor();
	await page.getByLabel("The most that the work may cost").fill("1");
	await change();
	await page.getByTestId("total").waitFor();
	await page.getByRole("button", { name: "Put it up for auction" }).click();
}

/** Waits until it is in a block, and returns its name. */
export async function named(page) {
	await page.waitForURL(/#\/task\/0x[0-9a-f]{64}$/, SOON);
	return page.url().slice(-66);
}

/** Chooses an account of the wallet that is called tester. */
export async function choose(page, name) {
	await page.getByRole("button", { name: "Connect tester" }).click();
	await page.getByRole("button", { name: new RegExp(`^${name} tester`) }).click();
}
