// The trust lock: what is in it, what it answers for, and what can be done with it.

import { createSignal, For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import { chain } from "../../chain/connection";
import { propose } from "../../chain/transactions";
import { count, ogpu, parseOgpu, short } from "../../format";
import { Amount, Badge, Button, Card, Fact, Facts, FormDialog, TextField, Until } from "../../ui";
import { Shares } from "../../ui/charts";
import { InPages, Table } from "../../ui/lists";
import type { Operator } from "./works";

const asOgpu = (amount: bigint) => Number(amount / 10n ** 12n) / 1e6;

export function LockCard(props: { status: Operator; address: string }): JSX.Element {
	const [asks, setAsks] = createSignal<"lock" | "unlock">();
	const mayAct = () => account()?.address === props.address && account()?.signer !== undefined;
	const unbonding = () => props.status.unbonding.reduce((sum, part) => sum + part.amount, 0n);
	const pinned = () => {
		const rest = props.status.locked - props.status.free - unbonding();
		return rest > 0n ? rest : 0n;
	};
	const free = () => props.status.locked - pinned() - unbonding();
	const isDue = () => props.status.unbonding.some((part) => part.free_at <= props.status.now);
	const send = (title: string, says: string[], call: "withdraw" | "cancel") => {
		const to = chain();
		if (!to) return;
		const { StakingTrustlock } = to.api.tx;
		const calls = [
			call === "withdraw" ? StakingTrustlock.withdraw() : StakingTrustlock.cancel_unlock({ amount: unbonding() }),
		];
		void propose({ title, says, calls });
	};
	return (
		<Card title="Trust lock">
			<div class="stack">
				<Facts>
					<Fact label="Locked">
						<Amount of={props.status.locked} />
					</Fact>
					<Fact label="For more work">
						<Amount of={props.status.free} />
					</Fact>
				</Facts>
				<Show when={props.status.locked > 0n}>
					<Shares
						label="The lock"
						of={asOgpu(props.status.locked)}
						shares={[
							{ name: "pinned", value: asOgpu(pinned()), tone: "warn" },
							{ name: "unbonding", value: asOgpu(unbonding()), tone: "quiet" },
							{ name: "free", value: asOgpu(free()), tone: "good" },
						]}
					/>
					<p class="small quiet">
						<span class="warn">Pinned</span> <Amount of={pinned()} />, unbonding <Amount of={unbonding()} />. One bond
						answers for all shared work at once, so of that the largest pin counts.
					</p>
				</Show>
				<Show when={props.status.pins.length > 0}>
					<InPages of="what is pinned" list={props.status.pins} size={20}>
						{(shown) => (
							<Table label="What is pinned" heads={["Pinned for", "Counts", { title: "Amount", class: "right" }]}>
								<For each={shown()}>
									{(pin) => (
										<tr>
											<td>
												<a href={`#/validation/${pin.work}`}>
													<code>{short(pin.work)}</code>
												</a>
											</td>
											<td>
												<Badge>{pin.pin.type === "Shared" ? "shared" : "on top"}</Badge>
											</td>
											<td class="right">
												<Amount of={pin.amount} />
											</td>
										</tr>
									)}
								</For>
							</Table>
						)}
					</InPages>
				</Show>
				<For each={props.status.unbonding}>
					{(part) => (
						<div class="row apart">
							<span>
								<Amount of={part.amount} /> {part.free_at <= props.status.now ? "has unbonded" : "unbonds"}
							</span>
							<Show when={part.free_at > props.status.now} fallback={<Badge tone="good">can be withdrawn</Badge>}>
								<Until due={part.free_at} now={props.status.now} />
							</Show>
						</div>
					)}
				</For>
				<Show when={mayAct()} fallback={<p class="small quiet">Choose this account with its key to lock or unlock.</p>}>
					<div class="row">
						<Button small onClick={() => setAsks("lock")}>
							Lock more
						</Button>
						<Button small disabled={free() === 0n} onClick={() => setAsks("unlock")}>
							Unlock
						</Button>
						<Show when={isDue()}>
							<Button
								small
								kind="primary"
								onClick={() =>
									send("Withdraw what has unbonded", ["It becomes part of your balance again."], "withdraw")
								}
							>
								Withdraw
							</Button>
						</Show>
						<Show when={unbonding() > 0n}>
							<Button
								small
								kind="plain"
								onClick={() =>
									send(
										"Lock again what unbonds",
										[`${ogpu(unbonding())} OGPU are locked as before, and answer for new work.`],
										"cancel",
									)
								}
							>
								Cancel unlocking
							</Button>
						</Show>
					</div>
				</Show>
			</div>
			<Show when={asks()}>
				{(what) => <Ask what={what()} free={free()} now={props.status.now} close={() => setAsks(undefined)} />}
			</Show>
		</Card>
	);
}

function Ask(props: { what: "lock" | "unlock"; free: bigint; now: number; close: () => void }): JSX.Element {
	const [typed, setTyped] = createSignal("");
	const [isWrong, setWrong] = createSignal(false);
	const amount = () => parseOgpu(typed());
	const problem = () => {
		const read = amount();
		if (typeof read !== "bigint") return read.problem;
		if (read === 0n) return "Give more than nothing.";
		if (props.what === "unlock" && read > props.free)
			return `Only ${ogpu(props.free)} OGPU are not bound by open work.`;
		return undefined;
	};
	const send = () => {
		const [to, read] = [chain(), amount()];
		if (problem() || typeof read !== "bigint" || !to) return void setWrong(true);
		// What is shown is gone once it is closed.
		const { what, close } = props;
		close();
		const { StakingTrustlock } = to.api.tx;
		if (what === "lock") {
			void propose({
				title: "Lock tokens",
				says: [`${ogpu(read)} OGPU leave your spendable balance, and answer for your work.`],
				calls: [StakingTrustlock.lock({ amount: read })],
				holds: read,
			});
		} else {
			void propose({
				title: "Unlock tokens",
				says: [
					`${ogpu(read)} OGPU begin to unbond: that takes 7 days by the network's clock, and they answer for faults meanwhile.`,
				],
				calls: [StakingTrustlock.unlock({ amount: read })],
			});
		}
	};
	return (
		<FormDialog title={props.what === "lock" ? "Lock more" : "Unlock"} close={props.close} send={send}>
			<TextField
				label="Amount"
				unit="OGPU"
				value={typed()}
				change={setTyped}
				wrong={isWrong() ? problem() : undefined}
				hint={
					props.what === "unlock"
						? `${ogpu(props.free)} OGPU are not bound. The clock shows block ${count(props.now)}.`
						: "At least 1 OGPU in all."
				}
			/>
		</FormDialog>
	);
}
