// What a client can do about a task: each is shown before it is signed.

import { createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { account } from "../../../chain/accounts";
import { type Chain, chain } from "../../../chain/connection";
import { live } from "../../../chain/live";
import type { JobTask, RequestTask, Task } from "../../../chain/ogpu";
import { propose } from "../../../chain/transactions";
import { count, inTime, ogpu, parseBlocks, parseOgpu } from "../../../format";
import { Button, FormDialog, Note, TextField } from "../../../ui";
import { entryOf, note } from "../journal";
import { canSign } from "../parts";

const best = { at: "best" } as const;

/** A validation in whose window for challenges it is now. */
interface Challengeable {
	task: string;
	firstLeaf: number;
	leaves: number;
	/** What a challenge holds. */
	bond: bigint;
	/** Where a leaf is challenged, a jury waits until the window has closed. */
	isChallenged: boolean;
}

async function challengeable(chain: Chain, names: string[]): Promise<Challengeable[]> {
	const { ResultValidation, TrainingAuction } = chain.api.query;
	const found = await Promise.all(
		names.map(async (task): Promise<Challengeable[]> => {
			const [record, of] = await Promise.all([
				ResultValidation.Tasks.getValue(task, best),
				TrainingAuction.Tasks.getValue(task, best),
			]);
			if (record?.stage.type !== "Challengeable") return [];
			const { leaf_fee, class: sureness, leaves } = record.request;
			// A challenge is bonded with twice what the first round costs, and each one more doubles it.
			const bond = leaf_fee * BigInt(sureness.jury.draw_seats) * 2n * 2n ** BigInt(record.challenges);
			return [{ task, firstLeaf: of?.first_leaf ?? 0, leaves, bond, isChallenged: record.challenges > 0 }];
		}),
	);
	return found.flat();
}

export function Actions(props: { name: string; task: Task }): JSX.Element {
	const isYours = () => props.task.client === account()?.address && canSign();
	const job = () => (props.task.is === "job" ? props.task : undefined);
	const request = () => (props.task.is === "request" ? props.task : undefined);
	return (
		<div class="row">
			<Show when={isYours() ? job() : undefined}>{(job) => <OfJob name={props.name} job={job()} />}</Show>
			<Show when={isYours() ? request() : undefined}>
				{(request) => <Confirm name={props.name} request={request()} />}
			</Show>
			<Show when={props.task.is !== "ended"}>
				<Verdicts name={props.name} task={props.task} isYours={isYours()} />
			</Show>
		</div>
	);
}

type Asking = "topUp" | "extend" | "cancel" | "challenge";

function OfJob(props: { name: string; job: JobTask }): JSX.Element {
	const [asking, setAsking] = createSignal<Asking>();
	// Cancelling and adding make sense before all is committed.
	const isOpen = () => !props.job.isCancelled && props.job.next.act !== "awaitVerdicts";
	const canCancel = () => props.job.next.act !== "count" && props.job.next.act !== "awaitJury";
	const canExtend = () => isOpen() && (props.job.sealedBids === 0 || props.job.provider !== null);
	const close = () => setAsking(undefined);
	return (
		<Show when={isOpen()}>
			<Button onClick={() => setAsking("topUp")}>Top up</Button>
			<Show when={canExtend()}>
				<Button onClick={() => setAsking("extend")}>Extend</Button>
			</Show>
			<Show when={canCancel()}>
				<Button kind="danger" onClick={() => setAsking("cancel")}>
					Cancel the job
				</Button>
			</Show>
			<Switch>
				<Match when={asking() === "topUp"}>
					<TopUp name={props.name} close={close} />
				</Match>
				<Match when={asking() === "extend"}>
					<Extend name={props.name} job={props.job} close={close} />
				</Match>
				<Match when={asking() === "cancel"}>
					<Cancel name={props.name} job={props.job} close={close} />
				</Match>
			</Switch>
		</Show>
	);
}

function TopUp(props: { name: string; close: () => void }): JSX.Element {
	const [text, setText] = createSignal("");
	const [wrong, setWrong] = createSignal<string>();
	const send = async () => {
		const amount = parseOgpu(text());
		if (typeof amount !== "bigint" || amount === 0n) {
			return void setWrong(typeof amount === "bigint" ? "Give more than nothing." : amount.problem);
		}
		const to = chain();
		if (!to) return;
		props.close();
		const { name } = props;
		const sent = await propose({
			title: "Top up a job",
			says: [`Adds ${ogpu(amount)} OGPU to the budget of this job. What is not used returns.`],
			calls: [to.api.tx.TrainingAuction.top_up({ job: name, amount })],
			holds: amount,
			spends: amount,
		});
		const known = entryOf(name);
		if (sent && known) note(name, { held: String(BigInt(known.held) + amount) });
	};
	return (
		<FormDialog title="Top up" close={props.close} send={() => void send()}>
			<p>
				As long as nobody has bid, this raises the ceiling. Later it is there for whoever takes over the work, or bids
				when the rest is sold anew; nobody is paid more than was agreed.
			</p>
			<TextField label="Amount" value={text()} change={setText} wrong={wrong()} unit="OGPU" />
		</FormDialog>
	);
}

function Extend(props: { name: string; job: JobTask; close: () => void }): JSX.Element {
	const [text, setText] = createSignal("1h");
	const [wrong, setWrong] = createSignal<string>();
	const send = () => {
		const blocks = parseBlocks(text());
		if (typeof blocks !== "number") return void setWrong(blocks.problem);
		const to = chain();
		if (!to) return;
		props.close();
		void propose({
			title: "Wait longer for a job",
			says: [`You wait ${inTime(blocks)} longer, which are ${count(blocks)} blocks.`],
			calls: [to.api.tx.TrainingAuction.extend({ job: props.name, blocks })],
		});
	};
	return (
		<FormDialog title="Wait longer" close={props.close} send={send}>
			<p>It does not change what the provider promised: a result that comes later than that is paid less.</p>
			<TextField
				label="How much longer"
				value={text()}
				change={setText}
				wrong={wrong()}
				hint="Such as 90s, 30m, 6h or 2d."
			/>
		</FormDialog>
	);
}

function Cancel(props: { name: string; job: JobTask; close: () => void }): JSX.Element {
	const send = () => {
		const to = chain();
		if (!to) return;
		props.close();
		void propose({
			title: "Cancel a job",
			says: ["You want no more of this job. It cannot be undone."],
			calls: [to.api.tx.TrainingAuction.cancel({ job: props.name })],
		});
	};
	return (
		<FormDialog title="Cancel this job?" close={props.close} send={send}>
			<p>
				<Show
					when={props.job.provider}
					fallback="Nobody works on it yet: everybody gets back what it gave, and you all that is held."
				>
					What was verified is paid, and so is what the provider has committed to by now, once it is verified. The rest
					returns to you then.
				</Show>
			</p>
		</FormDialog>
	);
}

function Confirm(props: { name: string; request: RequestTask }): JSX.Element {
	const send = () => {
		const to = chain();
		if (!to) return;
		void propose({
			title: "Confirm an answer",
			says: ["You have the answer, and its provider is paid. To refuse it, challenge a leaf instead."],
			calls: [to.api.tx.ContinuousPool.confirm({ request: props.name })],
		});
	};
	return (
		<Show when={props.request.next.act === "confirm"}>
			<Button kind="primary" icon="check" onClick={send}>
				Confirm
			</Button>
		</Show>
	);
}

/** Accepting early and challenging, where the window for it is open. */
function Verdicts(props: { name: string; task: Task; isYours: boolean }): JSX.Element {
	const names = () => {
		const { task } = props;
		return task.is === "job"
			? task.committed.filter((part) => part.state === "open").map((part) => part.task)
			: [props.name];
	};
	const open = live(names, challengeable);
	const [isAsking, setAsking] = createSignal(false);
	const windows = () => open.value() ?? [];
	const waivable = () => windows().filter(({ isChallenged }) => !isChallenged);
	const accept = () => {
		const to = chain();
		if (!to) return;
		void propose({
			title: "Accept a result",
			says: ["You waive the rest of the window for challenges: the verdict comes at once, and the provider is paid."],
			calls: waivable().map(({ task }) => to.api.tx.ResultValidation.accept({ task })),
		});
	};
	return (
		<Show when={windows().length > 0 && canSign()}>
			<Show when={props.isYours && waivable().length > 0}>
				<Button kind="primary" icon="check" onClick={accept}>
					Accept now
				</Button>
			</Show>
			<Button onClick={() => setAsking(true)}>Challenge</Button>
			<Show when={isAsking()}>
				<Challenge windows={windows()} close={() => setAsking(false)} />
			</Show>
		</Show>
	);
}

function Challenge(props: { windows: Challengeable[]; close: () => void }): JSX.Element {
	const [text, setText] = createSignal("");
	const [wrong, setWrong] = createSignal<string>();
	const ranges = () =>
		props.windows.map(({ firstLeaf, leaves }) =>
			leaves === 1 ? `${firstLeaf}` : `${firstLeaf} to ${firstLeaf + leaves - 1}`,
		);
	const chosen = () => {
		const leaf = /^\d{1,9}$/.test(text().trim()) ? Number(text()) : Number.NaN;
		const window = props.windows.find(({ firstLeaf, leaves }) => leaf >= firstLeaf && leaf < firstLeaf + leaves);
		return window && { ...window, leaf: leaf - window.firstLeaf };
	};
	const send = () => {
		const [to, found] = [chain(), chosen()];
		if (!found) return void setWrong(`Leaves ${ranges().join(" and ")} can be challenged now.`);
		if (!to) return;
		props.close();
		void propose({
			title: "Challenge a leaf",
			says: [
				`A jury computes leaf ${text().trim()} again. If it is wrong you are paid as the finder; if it is right your bond pays the jury and the provider.`,
			],
			calls: [to.api.tx.ResultValidation.challenge({ task: found.task, leaf: found.leaf })],
			holds: found.bond,
		});
	};
	return (
		<FormDialog title="Challenge a leaf" close={props.close} send={send}>
			<p>
				Challenge what you have found to be wrong: with <code>ogpu-worker verify</code> you can compute any leaf
				yourself.
			</p>
			<TextField
				label="Leaf"
				value={text()}
				change={setText}
				wrong={wrong()}
				hint={`Leaves ${ranges().join(" and ")}.`}
			/>
			<Show when={chosen()}>
				{(found) => <Note tone="warn">A bond of {ogpu(found().bond)} OGPU is held until the jury has decided.</Note>}
			</Show>
		</FormDialog>
	);
}
