import { expect, test } from "vitest";
import { happenings, type RuntimeEvent } from "./events";

const event = (pallet: string, name: string, value: object): RuntimeEvent => ({
	event: { type: pallet, value: { type: name, value } },
});
const [work, bob] = [`0x${"11".repeat(32)}`, "aBob"];

test("what a provider is paid at the end of a job is the deposit before it, not the whole fee", () => {
	const found = happenings([
		event("Balances", "Deposit", { who: "aTreasury", amount: 1n }),
		event("Balances", "Deposit", { who: bob, amount: 7n }),
		event("StakingTrustlock", "Unpinned", { who: bob, work, amount: 5n }),
		event("TrainingAuction", "Settled", { job: work, provider: bob, fee: 70n, is_late: false }),
		event("TrainingAuction", "Settled", { job: work, provider: bob, fee: 70n, is_late: false }),
	]);
	expect(found).toEqual([{ is: "paid", who: bob, work, amount: 7n, purpose: "job" }]);
});

test("a deposit of somebody else is not what a provider was paid", () => {
	const found = happenings([
		event("Balances", "Deposit", { who: "aTreasury", amount: 1n }),
		event("TrainingAuction", "Settled", { job: work, provider: bob, fee: 70n, is_late: false }),
	]);
	expect(found).toEqual([]);
});

test("payments, penalties, prices and verdicts are told in their order", () => {
	const found = happenings([
		event("ContinuousPool", "Requested", { request: work, service: 0, client: "aDave", leaf_price: 3n, held: 9n }),
		event("ContinuousPool", "Paid", { request: work, operator: bob, amount: 2n }),
		event("ContinuousPool", "Paid", { request: work, operator: bob, amount: 0n }),
		event("ResultValidation", "Paid", { operator: bob, task: work, amount: 4n }),
		event("TrainingAuction", "PartsPaid", { job: work, provider: bob, parts: 1, paid: 5n }),
		event("StakingTrustlock", "Slashed", { who: bob, amount: 6n, fault: { type: "Convicted" }, work }),
		event("ResultValidation", "Concluded", { task: work, conclusion: { type: "Convicted" } }),
	]);
	expect(found).toEqual([
		{ is: "asked", service: 0, price: 3n },
		{ is: "paid", who: bob, work, amount: 2n, purpose: "request" },
		{ is: "paid", who: bob, work, amount: 4n, purpose: "check" },
		{ is: "paid", who: bob, work, amount: 5n, purpose: "job" },
		{ is: "taken", who: bob, work, amount: 6n, fault: "Convicted" },
		{ is: "concluded", work, conclusion: "Convicted" },
	]);
});

test("events that nobody here knows are passed over", () => {
	expect(happenings([{ event: { type: "System", value: { type: "ExtrinsicSuccess" } } }])).toEqual([]);
	expect(happenings([event("ContinuousPool", "Paid", { other: 1 })])).toEqual([]);
});
