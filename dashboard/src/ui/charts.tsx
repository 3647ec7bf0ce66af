// Charts that are not curves.

import { For, type JSX, Show } from "solid-js";

export interface Bar {
	label: string;
	value: number;
	/** What it stands for, in words. */
	says: string;
}

/** Bars side by side; each says what it is when it is pointed at, and all of them to those who do not see them. */
export function Bars(props: { bars: Bar[]; label: string }): JSX.Element {
	const most = () => Math.max(...props.bars.map((bar) => bar.value), 0) || 1;
	/** The last one, and so many before it, have labels. */
	const isMarked = (at: number, marks: number) =>
		(props.bars.length - 1 - at) % Math.ceil(props.bars.length / marks) === 0;
	return (
		<div class="bars" role="img" aria-label={`${props.label}: ${props.bars.map((bar) => bar.says).join("; ")}`}>
			<For each={props.bars}>
				{(bar, at) => (
					<div class="bar" title={bar.says}>
						<span class="room">
							<span
								class="value"
								classList={{ none: bar.value === 0 }}
								style={{ height: `${Math.max(bar.value > 0 ? 3 : 0, (bar.value / most()) * 100)}%` }}
							/>
						</span>
						<span class="label" classList={{ lesser: !isMarked(at(), 4) }}>
							{isMarked(at(), 8) ? bar.label : ""}
						</span>
					</div>
				)}
			</For>
		</div>
	);
}

/** A small line without axes, beside a number. */
export function Spark(props: { values: number[]; label: string }): JSX.Element {
	const [width, height] = [120, 32];
	const points = () => {
		const [low, high] = [Math.min(...props.values), Math.max(...props.values)];
		const last = Math.max(1, props.values.length - 1);
		return props.values.map((value, at) => {
			const y = high === low ? height / 2 : 3 + (1 - (value - low) / (high - low)) * (height - 6);
			return `${((at / last) * width).toFixed(1)},${y.toFixed(1)}`;
		});
	};
	return (
		<Show when={props.values.length > 1}>
			<svg
				class="spark"
				viewBox={`0 0 ${width} ${height}`}
				width={width}
				height={height}
				role="img"
				aria-label={props.label}
			>
				<polyline class="curve" points={points().join(" ")} />
			</svg>
		</Show>
	);
}

export interface Share {
	name: string;
	value: number;
	tone: "good" | "warn" | "bad" | "quiet" | "accent";
}

/** Parts of a whole, side by side in one bar, with a mark that has to be reached. */
export function Shares(props: { shares: Share[]; of: number; label: string }): JSX.Element {
	const part = (value: number) => `${(value / Math.max(1, props.of)) * 100}%`;
	const says = () => props.shares.map(({ name, value }) => `${name} ${value}`).join(", ");
	return (
		<div class="shares" role="img" aria-label={`${props.label}: ${says()}, of ${props.of}`}>
			<For each={props.shares}>
				{(share) => (
					<Show when={share.value > 0}>
						<span class={share.tone} style={{ width: part(share.value) }} />
					</Show>
				)}
			</For>
		</div>
	);
}
