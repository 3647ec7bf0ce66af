// What people do again and again.

import { send } from "./papi.mjs";

export const SOON = { timeout: 60_000 };

/** Agrees to what is shown. */
export async function sign(page) {
	await page.getByRole("button", { name: "Sign and send" }).click();
}

/** Writes a question to a service, up to what is to be signed. `change` alters its terms before. */
export async function ask(page, to, service, text, change = async () => {}) {
	await to(`services/${service}`);
	await page.getByLabel("Text", { exact: true }).fill(text);
	await change();
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

/** Proposes without a page that nothing be done, and places no deposit. Returns the number of the referendum. */
export async function proposeNothing(node, name) {
	const make = async (api) => {
		const remark = await api.tx.System.remark({ remark: new TextEncoder().encode("<b>nothing</b>") }).getEncodedData();
		return api.tx.Referenda.submit({
			proposal_origin: { type: "system", value: { type: "Root", value: undefined } },
			proposal: { type: "Inline", value: remark },
			enactment_moment: { type: "After", value: 10 },
		});
	};
	return (await send(node, name, make, "Referenda", "Submitted")).index;
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
