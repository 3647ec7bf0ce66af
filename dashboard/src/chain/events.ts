// What has happened in a block, as far as people want to know it afterwards.

/** An event of a block, as it is decoded. */
export interface RuntimeEvent {
	event: { type: string; value: { type: string; value?: unknown } };
}

export type Purpose = "request" | "job" | "check";

export type Happening =
	/** An account was paid for its work. */
	| { is: "paid"; who: string; amount: bigint; work: string; purpose: Purpose }
	/** Tokens were taken out of a lock. */
	| { is: "taken"; who: string; amount: bigint; work: string; fault: string }
	/** Somebody asked a service at this price of a leaf. */
	| { is: "asked"; service: number; price: bigint }
	/** A validation ended. */
	| { is: "concluded"; work: string; conclusion: string };

type Fields = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const amount = (value: unknown): bigint => (typeof value === "bigint" ? value : 0n);
const variant = (value: unknown): string =>
	typeof value === "object" && value !== null && "type" in value ? text(value.type) : "";

/** What has happened, in its order. Events of newer runtimes that are not known are passed over. */
export function happenings(events: readonly RuntimeEvent[]): Happening[] {
	const found: Happening[] = [];
	let deposit: { who: string; amount: bigint } | undefined;
	const paid = (who: unknown, work: unknown, sum: unknown, purpose: Purpose) => {
		if (amount(sum) > 0n) found.push({ is: "paid", who: text(who), work: text(work), amount: amount(sum), purpose });
	};
	for (const { event } of events) {
		const of = (typeof event.value.value === "object" && event.value.value !== null ? event.value.value : {}) as Fields;
		switch (`${event.type}.${event.value.type}`) {
			case "Balances.Deposit":
				deposit = { who: text(of.who), amount: amount(of.amount) };
				break;
			case "ContinuousPool.Paid":
				paid(of.operator, of.request, of.amount, "request");
				break;
			case "ResultValidation.Paid":
				paid(of.operator, of.task, of.amount, "check");
				break;
			case "TrainingAuction.PartsPaid":
				paid(of.provider, of.job, of.paid, "job");
				break;
			case "TrainingAuction.Settled":
				// It tells the whole fee. What is paid at the end is the deposit right before it.
				if (deposit?.who === text(of.provider)) paid(of.provider, of.job, deposit.amount, "job");
				deposit = undefined;
				break;
			case "StakingTrustlock.Slashed":
				found.push({
					is: "taken",
					who: text(of.who),
					amount: amount(of.amount),
					work: text(of.work),
					fault: variant(of.fault),
				});
				break;
			case "ContinuousPool.Requested":
				if (typeof of.service === "number") {
					found.push({ is: "asked", service: of.service, price: amount(of.leaf_price) });
				}
				break;
			case "ResultValidation.Concluded":
				found.push({ is: "concluded", work: text(of.task), conclusion: variant(of.conclusion) });
				break;
		}
	}
	return found;
}
