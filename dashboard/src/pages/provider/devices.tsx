// The devices of an operator: how fast they are, what they do now, and when they were heard of last.

import { For, type JSX, Show } from "solid-js";
import { account } from "../../chain/accounts";
import { type Chain, chain } from "../../chain/connection";
import { max } from "../../chain/funds";
import { live } from "../../chain/live";
import { paced } from "../../chain/paced";
import { propose } from "../../chain/transactions";
import { bounded, count, inTime, short, work } from "../../format";
import { downwards, pageOf } from "../../paging";
import {
	Amount,
	Badge,
	Button,
	Card,
	Copy,
	Empty,
	Fact,
	Facts,
	Loaded,
	Page,
	Progress,
	Skeleton,
	Until,
	Who,
} from "../../ui";
import { InPages } from "../../ui/lists";
import { KINDS } from "../words";
import { NoAccount } from "./overview";
import { operatorOf, servedBy, type Work, worksOf } from "./works";

interface Devices {
	now: number;
	window: { stage: string; due: number } | undefined;
	devices: {
		id: number;
		name: string;
		kind: string;
		memoryMb: number;
		endpoint: string;
		worker: string;
		isOnline: boolean;
		speed: bigint | undefined;
		measuredAt: number | undefined;
		heartbeat: number | undefined;
		services: number[];
		works: Work[];
	}[];
	/** The fastest that anybody has: what a speed is compared with. */
	fastest: bigint;
}

/** Of the network's devices the last so many are compared, and of its services the first so many. */
const MOST_COMPARED = 1_000;
const MOST_SERVICES = 1_000;
const SLOWLY_MS = 60_000;
const PACE_MS = 20_000;

/** The speed of the fastest device of the network. */
const fastestOf = paced(SLOWLY_MS, async (to: Chain, _: "all") => {
	const { NextDevice, Devices } = to.api.query.StakingTrustlock;
	const { items } = await pageOf(downwards(await NextDevice.getValue(AT), MOST_COMPARED), undefined, MOST_COMPARED);
	const devices = await Devices.getValues(
		items.map((id): [number] => [id]),
		AT,
	);
	return devices.map((device) => device?.measured?.work_per_block ?? 0n).reduce(max, 1n);
});

const AT = { at: "best" } as const;

/** Which services each device of an operator serves. */
const servesOf = paced(PACE_MS, async (to: Chain, who: string) => {
	const [{ devices }, services] = await Promise.all([
		operatorOf(to, who),
		to.api.query.ContinuousPool.NextService.getValue(AT),
	]);
	return servedBy(
		to,
		Array.from({ length: Math.min(services, MOST_SERVICES) }, (_, id) => id),
		devices.map(({ id }) => id),
	);
});

async function devicesOf(to: Chain, who: string): Promise<Devices> {
	const { query } = to.api;
	const [status, works, fastest, serving, window] = await Promise.all([
		operatorOf(to, who),
		worksOf(to, who),
		fastestOf(to, "all"),
		servesOf(to, who),
		query.ResultValidation.Window.getValue(AT),
	]);
	const records = await query.StakingTrustlock.Devices.getValues(
		status.devices.map(({ id }): [number] => [id]),
		AT,
	);
	const decoder = new TextDecoder();
	return {
		now: status.now,
		window: window && { stage: window.stage.type, due: window.due },
		fastest,
		devices: status.devices.map(({ id, spec, measured, is_online }, at) => ({
			id,
			name: text(spec.name, decoder),
			kind: KINDS[spec.kind.type] ?? spec.kind.type,
			memoryMb: spec.memory_mb,
			endpoint: text(spec.endpoint, decoder),
			worker: spec.worker,
			isOnline: is_online,
			speed: measured?.work_per_block,
			measuredAt: measured?.at,
			heartbeat: records[at]?.heartbeat,
			services: serving.get(id) ?? [],
			works: works.filter((work) => work.device === id && !work.isBid),
		})),
	};
}

/** Text of an operator, as bytes or as hexadecimal digits of them. */
function text(of: unknown, decoder: TextDecoder): string {
	if (of instanceof Uint8Array) return bounded(decoder.decode(of), 160);
	const digits = typeof of === "string" ? of : "";
	if (!/^0x([0-9a-f]{2})*$/i.test(digits)) return bounded(digits, 160);
	const bytes = Uint8Array.from(digits.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
	return bounded(decoder.decode(bytes), 160);
}

const WINDOWS: Record<string, string> = {
	Placing: "It is being drawn when devices are measured",
	Seeding: "Devices are measured in some moments",
	Open: "Devices are measured now",
};

export default function Devices(): JSX.Element {
	return (
		<Page title="Devices">
			<Show when={account()} fallback={<NoAccount />}>
				{(who) => <Of address={who().address} />}
			</Show>
		</Page>
	);
}

function Of(props: { address: string }): JSX.Element {
	const devices = live(() => props.address, devicesOf);
	const mayAct = () => account()?.signer !== undefined;
	return (
		<Loaded
			value={devices.value()}
			problem={devices.problem()}
			again={devices.again}
			skeleton={<Skeleton height="20rem" />}
		>
			{(all) => (
				<div class="stack wide">
					<p class="quiet">
						Speed is measured by the network, once in a session.
						<Show when={all().window}>
							{(window) => (
								<>
									{" "}
									{WINDOWS[window().stage] ?? window().stage}: <Until due={window().due} now={all().now} />.
								</>
							)}
						</Show>
					</p>
					<Show
						when={all().devices.length > 0}
						fallback={
							<Card>
								<Empty isFirst icon="device" title="No device is registered">
									<code>ogpu-worker operator register "my first device" --kind cpu --memory-mb 8000</code> registers
									one, and <code>ogpu-worker start</code> lets it work.
								</Empty>
							</Card>
						}
					>
						<InPages of="devices" list={all().devices} size={24}>
							{(shown) => (
								<div class="grid-cards">
									<For each={shown()}>
										{(device) => (
											<Card
												title={
													<>
														{device.name || `Device ${device.id}`} <span class="small quiet">#{device.id}</span>
													</>
												}
												aside={
													<Badge tone={device.isOnline ? (isBusy(device.works) ? "busy" : "good") : "bad"}>
														{device.isOnline ? (isBusy(device.works) ? "works" : "online") : "offline"}
													</Badge>
												}
											>
												<div class="stack">
													<Facts>
														<Fact label="Speed">
															<Show when={device.speed} fallback="not measured yet">
																{(speed) => (
																	<>
																		{work(speed())} multiply-adds a block
																		<Progress
																			part={Number((speed() * 1000n) / all().fastest) / 1000}
																			label="Compared with the fastest device of the network"
																		/>
																		<span class="small quiet">
																			measured {ago(all().now - (device.measuredAt ?? all().now))}; the bar ends at the
																			fastest device of the network
																		</span>
																	</>
																)}
															</Show>
														</Fact>
														<Fact label="Heartbeat">
															<Show when={device.heartbeat !== undefined} fallback="none yet">
																{ago(all().now - (device.heartbeat ?? 0))}
															</Show>
														</Fact>
														<Fact label="Kind">
															{device.kind}, {count(device.memoryMb)} MB
														</Fact>
														<Fact label="Serves">
															<Show
																when={device.services.length > 0}
																fallback={<a href="#/provider/market">no service yet</a>}
															>
																<For each={device.services}>
																	{(service) => (
																		<>
																			<a href={`#/network/services/${service}`}>service {service}</a>{" "}
																		</>
																	)}
																</For>
															</Show>
														</Fact>
														<Fact label="Reached at">
															<Copy text={device.endpoint} ends={10} />
														</Fact>
														<Fact label="Worker key">
															<Who address={device.worker} />
														</Fact>
													</Facts>
													<div>
														<h3 class="small">Now</h3>
														<Show
															when={device.works.length > 0}
															fallback={
																<p class="quiet">{device.isOnline ? "Waits to be drawn." : "It does not work."}</p>
															}
														>
															<ul class="stack tight">
																<For each={device.works}>{(one) => <OneWork work={one} />}</For>
															</ul>
														</Show>
													</div>
													<Show when={mayAct()}>
														<div class="row end">
															<Button small kind="plain" onClick={() => retire(device.id, device.name)}>
																Retire
															</Button>
														</div>
													</Show>
												</div>
											</Card>
										)}
									</For>
								</div>
							)}
						</InPages>
					</Show>
				</div>
			)}
		</Loaded>
	);
}

const isBusy = (works: Work[]) => works.some((work) => work.isBusy);
const ago = (blocks: number) => (blocks < 2 ? "just now" : `${inTime(blocks)} ago`);

export function OneWork(props: { work: Work }): JSX.Element {
	return (
		<li class="row apart">
			<span>
				<a href={`#/task/${props.work.name}`}>
					<code>{short(props.work.name)}</code>
				</a>{" "}
				<Badge tone={props.work.tone}>{props.work.state}</Badge>
			</span>
			<span class="small quiet">
				<Show when={props.work.fee}>
					{(fee) => (
						<>
							<Amount of={fee()} />{" "}
						</>
					)}
				</Show>
				<Show when={props.work.due}>{(due) => <Until due={due()} now={props.work.now} />}</Show>
			</span>
		</li>
	);
}

function retire(id: number, name: string) {
	const to = chain();
	if (!to) return;
	void propose({
		title: `Retire ${name || `device ${id}`}`,
		says: [
			"It is gone for good, and its number with it. Its deposit returns. A device that has open work cannot be retired.",
		],
		calls: [to.api.tx.StakingTrustlock.retire_device({ id })],
	});
}
