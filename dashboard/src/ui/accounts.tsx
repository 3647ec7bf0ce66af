// Whose work is looked at, and who signs.

import { createResource, createSignal, For, type JSX, Show } from "solid-js";
import { account, accountProblem, accounts, address, choose, extensions, open } from "../chain/accounts";
import { chain } from "../chain/connection";
import { short } from "../format";
import { settled } from "../settled";
import { Button, Dialog, Face, Icon, Note, TextField } from "./index";

export default function Accounts(props: { close: () => void }): JSX.Element {
	const [found] = createResource(extensions);
	const [typed, setTyped] = createSignal("");
	const [wrong, setWrong] = createSignal<string>();
	const take = (address: string) => {
		choose(address);
		props.close();
	};
	const look = () => {
		const read = address(typed());
		if (read) take(read);
		else setWrong("This is no address: copy all of it.");
	};
	const missing = () => (settled(found) ?? []).filter((name) => !accounts().some((account) => account.from === name));
	return (
		<Dialog title="Choose an account" close={props.close}>
			<div class="stack wide">
				<Show when={accountProblem()}>{(problem) => <Note tone="bad">{problem()}</Note>}</Show>
				<Show when={accounts().length > 0}>
					<ul class="list">
						<For each={accounts()}>
							{(one) => (
								<li>
									<Button
										kind="plain"
										class="account"
										aria-pressed={account()?.address === one.address}
										onClick={() => take(one.address)}
									>
										<Face address={one.address} size={32} />
										<span class="grow">
											<strong>{one.name}</strong>
											<span class="small quiet"> {one.from}</span>
											<br />
											<code class="small quiet">{short(one.address, 8)}</code>
										</span>
										<Show when={account()?.address === one.address}>
											<Icon name="check" />
										</Show>
									</Button>
								</li>
							)}
						</For>
					</ul>
				</Show>
				<Show when={chain()?.isDevelopment}>
					<p class="small quiet">
						Accounts of “development” have keys that everybody knows: this chain is for trying things. Dave and Eve are
						there to ask; Alice has all the seats, and nobody checks work for which it pays.
					</p>
				</Show>
				<For each={missing()}>
					{(name) => (
						<Button icon="wallet" onClick={() => void open(name)}>
							Connect {name}
						</Button>
					)}
				</For>
				<Show when={settled(found)?.length === 0}>
					<p class="quiet">
						No wallet was found in this browser. Install one that knows Substrate chains, such as polkadot.js, Talisman
						or SubWallet, and reload this page.
					</p>
				</Show>
				<form
					class="stack tight"
					onSubmit={(event) => {
						event.preventDefault();
						look();
					}}
				>
					<TextField
						label="Or look at any account"
						value={typed()}
						change={(text) => {
							setTyped(text);
							setWrong(undefined);
						}}
						wrong={wrong()}
						hint="Its work and balance are public. Nothing can be signed for it here."
						placeholder="Address"
						mono
					/>
					<div class="row end">
						<Button type="submit">Look at it</Button>
					</div>
				</form>
			</div>
		</Dialog>
	);
}
