// Where the page gets what it shows, and how it looks.

import { createSignal, type JSX, Show } from "solid-js";
import { chain, connect, connection, wrongAddress } from "../chain/connection";
import { askGateway, gateway, gatewayProblem } from "../gateway";
import { change, settings, type Theme } from "../settings";
import { Button, Card, Choice, Copy, Fact, Facts, Note, Page, TextField } from "../ui";

export default function Settings(): JSX.Element {
	const [through, setThrough] = createSignal(settings().through);
	const [node, setNode] = createSignal(settings().node);
	const [wrongNode, setWrongNode] = createSignal<string>();
	const [door, setDoor] = createSignal(settings().gateway);
	const [token, setToken] = createSignal(settings().token);
	const [wrongDoor, setWrongDoor] = createSignal<string>();

	const apply = () => {
		const wrong = through() === "node" && node().trim() ? wrongAddress(node().trim()) : undefined;
		setWrongNode(wrong);
		if (wrong) return;
		change({ through: through(), node: node().trim() });
		void connect();
	};
	const applyDoor = () => {
		const to = door().trim();
		const isPlace = to === "" || to.startsWith("/") || /^https?:\/\/./.test(to);
		setWrongDoor(isPlace ? undefined : "A gateway's address begins with http:// or https://.");
		if (!isPlace) return;
		change({ gateway: to, token: token().trim() });
		void askGateway();
	};
	const problem = () => {
		const now = connection();
		return now.phase === "failed" ? now.problem : undefined;
	};

	return (
		<Page title="Settings">
			<div class="columns">
				<div class="stack wide">
					<Card title="The network">
						<form
							class="stack"
							onSubmit={(event) => {
								event.preventDefault();
								apply();
							}}
						>
							<Choice
								label="Read the chain through"
								value={through()}
								change={setThrough}
								options={[
									{ value: "node", title: "A node", about: "Fast. What it says is believed." },
									{
										value: "light",
										title: "A light client",
										about: "In this page: it checks everything itself, and takes a while to begin.",
									},
								]}
							/>
							<Show when={through() === "node"}>
								<TextField
									label="The node's address"
									value={node()}
									change={setNode}
									wrong={wrongNode()}
									placeholder="as the host of this page says"
									hint="Such as ws://127.0.0.1:9944."
									mono
								/>
							</Show>
							<Show when={problem()}>{(text) => <Note tone="bad">{text()}</Note>}</Show>
							<div class="row end">
								<Button kind="primary" type="submit">
									Connect
								</Button>
							</div>
						</form>
					</Card>
					<Card title="The gateway">
						<form
							class="stack"
							onSubmit={(event) => {
								event.preventDefault();
								applyDoor();
							}}
						>
							<p class="quiet">
								Files go through a store of your own that <code>ogpu dashboard</code> runs: a browser cannot speak the
								network's protocol for them. It holds none of your keys, and what it brings is checked here.
							</p>
							<TextField
								label="Its address"
								value={door()}
								change={setDoor}
								wrong={wrongDoor()}
								placeholder="as the host of this page says"
								mono
							/>
							<TextField label="Its token" value={token()} change={setToken} type="password" mono />
							<Show when={gatewayProblem()}>{(text) => <Note tone="warn">{text()}</Note>}</Show>
							<div class="row end">
								<Button type="submit">Use it</Button>
							</div>
						</form>
					</Card>
				</div>
				<div class="stack wide">
					<Card title="Look">
						<Choice<Theme>
							label="Colours"
							value={settings().theme}
							change={(theme) => change({ theme })}
							options={[
								{ value: "system", title: "As the system" },
								{ value: "light", title: "Light" },
								{ value: "dark", title: "Dark" },
							]}
						/>
					</Card>
					<Card title="Now">
						<Facts>
							<Fact label="Chain">{chain()?.name ?? "none"}</Fact>
							<Show when={chain()}>
								{(now) => (
									<>
										<Fact label="Genesis">
											<Copy text={now().genesis} />
										</Fact>
										<Fact label="Through">{connection().to}</Fact>
									</>
								)}
							</Show>
							<Fact label="Gateway">
								<Show when={gateway()} fallback="none">
									{(now) => <Copy text={now().endpoint} ends={14} />}
								</Show>
							</Fact>
						</Facts>
					</Card>
				</div>
			</div>
		</Page>
	);
}
