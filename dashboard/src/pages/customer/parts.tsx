// What several of the customer's pages show.

import { For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import type { Candidate, Task } from "../../chain/ogpu";
import { gateway, gatewayProblem, isGatewayAsked } from "../../gateway";
import { Button, Card, Empty, Icon, type IconName, Note, Until, Who } from "../../ui";
import { setChoosing } from "../../ui/choosing";
import { InPages } from "../../ui/lists";
import { next, reason } from "./words";

export function kindIcon(kind: string): IconName {
	return (
		(
			{ training: "train", rendering: "image", request: "chat", generate: "chat", embed: "blocks" } as Record<
				string,
				IconName
			>
		)[kind] ?? "shield"
	);
}

function ChooseAccount(): JSX.Element {
	return (
		<Button kind="primary" icon="account" onClick={() => setChoosing(true)}>
			Choose an account
		</Button>
	);
}

/** What is an account's; until one is chosen, what choosing one is for. */
export function OfAccount(props: { to: string; children: (address: string) => JSX.Element }): JSX.Element {
	return (
		<Show
			when={account()?.address}
			keyed
			fallback={
				<Card>
					<Empty icon="account" title="Whose work?" action={<ChooseAccount />}>
						{props.to} You can look around without one.
					</Empty>
				</Card>
			}
		>
			{props.children}
		</Show>
	);
}

/** A button that leads to signing, or to an account that can sign. */
export function Signing(props: { children: JSX.Element }): JSX.Element {
	return (
		<Show when={canSign()} fallback={<ChooseAccount />}>
			{props.children}
		</Show>
	);
}

/** Why nothing can be ordered or fetched here, if so. */
export function GatewayNote(): JSX.Element {
	return (
		<Show when={!gateway() && !isGatewayAsked()}>
			<Note tone="warn">
				<p>
					{gatewayProblem() ??
						"There is no gateway: files and results go through a store of your own, which this page reaches by one."}
				</p>
				<p class="small">
					Start it with <code>ogpu dashboard</code> and open the page at the address that it prints, or name one under{" "}
					<a href="#/settings">Settings</a>.
				</p>
			</Note>
		</Show>
	);
}

/** Whether something can be signed. */
export function canSign(): boolean {
	return account()?.signer !== undefined;
}

/** What comes next, until when, and who has to do it. */
export function Next(props: { task: Exclude<Task, { is: "ended" }> }): JSX.Element {
	const now = () => next(props.task);
	const isYours = () => now().by.includes(account()?.address ?? "");
	return (
		<span class="row">
			<Show when={now().by.length > 0}>
				<Show when={isYours()} fallback={<span class="quiet">to be done by</span>}>
					<strong class="warn">You have to act</strong>
				</Show>
				<Show when={!isYours()}>
					<For each={now().by.slice(0, 3)}>{(by) => <Who address={by} plain />}</For>
					<Show when={now().by.length > 3}>
						<span class="quiet">and {now().by.length - 3} more</span>
					</Show>
				</Show>
			</Show>
			<Show when={now().due}>{(due) => <span class="quiet">{<Until due={due()} now={now().now} />}</span>}</Show>
		</span>
	);
}

/** Who could do it, and why the others cannot. */
export function Candidates(props: { devices: Candidate[] }): JSX.Element {
	const able = () => props.devices.filter((device) => device.reasons.length === 0);
	const others = () => props.devices.filter((device) => device.reasons.length > 0);
	return (
		<div class="stack tight">
			<p>
				<Show when={able().length > 0} fallback={<strong class="bad">Nobody could do it as things are.</strong>}>
					<strong class="good">
						{able().length} of {props.devices.length} {props.devices.length === 1 ? "device" : "devices"} could do it.
					</strong>
				</Show>
			</p>
			<Show when={props.devices.length > 0}>
				<details open={able().length === 0}>
					<summary>Which, and why not the others</summary>
					<InPages of="devices" list={[...able(), ...others()]} size={25}>
						{(shown) => (
							<ul class="stack tight">
								<For each={shown()}>
									{(device) => (
										<li class="row">
											<span class={device.reasons.length === 0 ? "good" : "quiet"}>
												<Icon name={device.reasons.length === 0 ? "check" : "close"} size={15} />
											</span>
											<span>Device {device.device}</span>
											<Show when={device.operator}>{(operator) => <Who address={operator()} plain />}</Show>
											<span class="quiet">{device.reasons.map(reason).join("; ")}</span>
										</li>
									)}
								</For>
							</ul>
						)}
					</InPages>
				</details>
			</Show>
		</div>
	);
}
