// Transactions: one at a time, each shown before it is signed, and followed until it is final.

import type { Transaction, TxEvent } from "polkadot-api";
import { createSignal } from "solid-js";
import { ogpu } from "../format";
import { type Account, account, publicKey } from "./accounts";
import { type Chain, chain, said } from "./connection";
import { failure, refusal } from "./errors";
import { fundsOf } from "./funds";
import { metadataHash } from "./metadata";

export type Call = Transaction;

export interface Proposal {
	title: string;
	/** What it does, in words. */
	says: string[];
	/** Several are made together, or not at all. */
	calls: Call[];
	/** What leaves the spendable balance besides the fee. */
	holds?: bigint;
	/** What counts against the limit for a day. */
	spends?: bigint;
}

/** An event of the block in which it was executed. */
export interface Event {
	pallet: string;
	name: string;
	fields: Record<string, unknown>;
}

export interface Sent {
	events: Event[];
	block: number;
}

export type State =
	| { step: "preparing" }
	| { step: "shown" }
	| { step: "signing" }
	| { step: "sent" }
	| { step: "failed"; problem: string; isAfterSending: boolean };

export interface Pending {
	proposal: Proposal;
	by: Account;
	chain: Chain;
	call: Call;
	state: () => State;
	/** What is known before signing. */
	facts: () => Facts | undefined;
	sign: () => void;
	/** Puts it away; what was sent goes on. */
	dismiss: () => void;
}

export interface Facts {
	fee: bigint;
	nonce: number;
	spendable: bigint;
	/** The hash of what the call means, which is signed with it. */
	metadataHash: string | undefined;
	bytes: Uint8Array;
	runtime: string;
	/** Why it should not be signed. */
	problem: string | undefined;
}

export interface Notice {
	id: number;
	text: string;
	kind: "good" | "bad" | "busy";
}

const [pending, setPending] = createSignal<Pending>();
const [notices, setNotices] = createSignal<Notice[]>([]);
let lastNotice = 0;

export { notices, pending };

export function dismissNotice(id: number): void {
	setNotices((all) => all.filter((notice) => notice.id !== id));
}

function tell(text: string, kind: Notice["kind"], id = ++lastNotice): number {
	setNotices((all) => [...all.filter((notice) => notice.id !== id), { id, text, kind }].slice(-4));
	if (kind === "good") setTimeout(() => dismissNotice(id), 8_000);
	return id;
}

/** A second look at a proposal, by whoever keeps a budget: why it must not be sent. */
let guard: (proposal: Proposal, by: Account, chain: Chain) => string | undefined = () => undefined;

export function guardWith(check: typeof guard): void {
	guard = check;
}

/**
 * Shows what would be signed, and sends it if the user agrees. Resolves when it is in a block, with what it did; with
 * nothing if it was put away, or did not succeed: the user has been told why.
 */
export async function propose(proposal: Proposal): Promise<Sent | undefined> {
	const [to, by] = [chain(), account()];
	if (!to || !by?.signer || pending()) {
		tell(!by?.signer ? "Choose an account whose key is at hand first." : "Another transaction is being signed.", "bad");
		return undefined;
	}
	const signer = by.signer;
	const [first] = proposal.calls;
	if (!first) return undefined;
	const call =
		proposal.calls.length === 1
			? first
			: to.api.tx.Utility.batch_all({ calls: proposal.calls.map((one) => one.decodedCall as never) });

	const [state, setState] = createSignal<State>({ step: "preparing" });
	const [facts, setFacts] = createSignal<Facts>();
	return new Promise((resolve) => {
		let isOpen = true;
		const close = () => {
			isOpen = false;
			setPending(undefined);
		};
		const fail = (problem: string, isAfterSending: boolean) => {
			if (isOpen) setState({ step: "failed", problem, isAfterSending });
			else tell(`${proposal.title}: ${problem}`, "bad");
		};
		const sign = () => {
			const known = facts();
			if (state().step !== "shown" || !known || known.problem) return;
			setState({ step: "signing" });
			const notice = ++lastNotice;
			const customSignedExtensions = known.metadataHash
				? { CheckMetadataHash: { value: Uint8Array.of(1), additionalSigned: withMode(known.metadataHash) } }
				: {};
			let isInBlock = false;
			const follow = async (event: TxEvent) => {
				if (event.type === "signed") setState({ step: "sent" });
				if (event.type === "txBestBlocksState" && !event.found && !event.isValid) {
					fail("It is not valid any more, and was dropped.", true);
				}
				if (event.type === "txBestBlocksState" && event.found && !isInBlock) {
					isInBlock = true;
					if (!event.ok) {
						fail(await failure(to, event.dispatchError), true);
						return resolve(undefined);
					}
					close();
					tell(`${proposal.title}: in block ${event.block.number}, not final yet`, "busy", notice);
					const events = event.events.map((one) => ({
						pallet: one.event.type,
						name: one.event.value.type,
						fields: (one.event.value.value ?? {}) as Record<string, unknown>,
					}));
					resolve({ events, block: event.block.number });
				}
				if (event.type === "finalized" && event.ok) {
					tell(`${proposal.title}: final in block ${event.block.number}`, "good", notice);
				}
			};
			call.signSubmitAndWatch(signer, { nonce: known.nonce, customSignedExtensions }).subscribe({
				next: (event) => void follow(event),
				error: (error: unknown) => {
					if (isInBlock) {
						tell(`${proposal.title}: the connection was cut before it was final. ${said(error)}`, "bad", notice);
						return;
					}
					const isAfterSending = state().step === "sent";
					const cut = isAfterSending ? " Look whether it came into a block before you send it again." : "";
					fail(refusal(error) + cut, isAfterSending);
				},
			});
		};
		const dismiss = () => {
			const step = state().step;
			close();
			if (step === "sent") tell(`${proposal.title}: on its way`, "busy");
			else resolve(undefined);
		};
		setPending({ proposal, by, chain: to, call, state, facts, sign, dismiss });
		prepare(to, by, proposal, call)
			.then((found) => {
				setFacts(found);
				setState({ step: "shown" });
			})
			.catch((error: unknown) => fail(`It could not be prepared: ${refusal(error)}`, false));
	});
}

function withMode(hash: string): Uint8Array {
	const bytes = Uint8Array.from(hash.slice(2).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
	return Uint8Array.of(1, ...bytes);
}

async function prepare(to: Chain, by: Account, proposal: Proposal, call: Call): Promise<Facts> {
	const [fee, nonce, funds, bytes, version, hash] = await Promise.all([
		call.getEstimatedFees(publicKey(by.address)),
		to.api.apis.AccountNonceApi.account_nonce(by.address, { at: "best" }),
		fundsOf(to, by.address),
		call.getEncodedData(),
		to.api.constants.System.Version({ at: "best" }),
		metadataHash(to).catch(() => undefined),
	]);
	const needs = fee + (proposal.holds ?? 0n);
	const poor =
		funds.spendable < needs
			? `This takes ${ogpu(needs)} OGPU, and ${ogpu(funds.spendable)} can be spent: ${ogpu(needs - funds.spendable)} are missing.`
			: undefined;
	return {
		fee,
		nonce,
		spendable: funds.spendable,
		metadataHash: hash,
		bytes,
		runtime: `${version.spec_name} ${version.spec_version}`,
		problem: poor ?? guard(proposal, by, to),
	};
}

/** The fields of an event of this name, if it came. */
export function eventOf(sent: Sent, pallet: string, name: string): Record<string, unknown> | undefined {
	return sent.events.find((event) => event.pallet === pallet && event.name === name)?.fields;
}
