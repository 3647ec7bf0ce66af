// What pages are made of.

import {
	createEffect,
	createSignal,
	createUniqueId,
	For,
	type JSX,
	Match,
	onCleanup,
	onMount,
	Show,
	Switch,
	splitProps,
} from "solid-js";
import { nameOf, publicKey } from "../chain/accounts";
import { bounded, count, inTime, ogpu, short } from "../format";
import { Icon, type IconName } from "./icons";

export { Icon, type IconName } from "./icons";

type Tone = "good" | "warn" | "bad" | "busy";

export function Page(props: { title: string; aside?: JSX.Element; children: JSX.Element }): JSX.Element {
	createEffect(() => {
		document.title = `${bounded(props.title, 60)} · OGPU`;
	});
	return (
		<>
			<header>
				<h1>{props.title}</h1>
				<Show when={props.aside}>
					<div class="row">{props.aside}</div>
				</Show>
			</header>
			{props.children}
		</>
	);
}

export function Card(props: {
	title?: JSX.Element;
	aside?: JSX.Element;
	flush?: boolean;
	children: JSX.Element;
}): JSX.Element {
	return (
		<section class="card">
			<Show when={props.title || props.aside}>
				<div class="head">
					<Show when={props.title} fallback={<span />}>
						<h2>{props.title}</h2>
					</Show>
					{props.aside}
				</div>
			</Show>
			<div class="body" classList={{ flush: props.flush ?? false }}>
				{props.children}
			</div>
		</section>
	);
}

type ButtonProps = JSX.ButtonHTMLAttributes<HTMLButtonElement> & {
	kind?: "primary" | "danger" | "plain";
	small?: boolean;
	icon?: IconName;
};

export function Button(props: ButtonProps): JSX.Element {
	const [own, rest] = splitProps(props, ["kind", "small", "icon", "children", "class"]);
	return (
		<button type="button" {...rest} class={`button ${own.kind ?? ""} ${own.small ? "small" : ""} ${own.class ?? ""}`}>
			<Show when={own.icon}>{(name) => <Icon name={name()} size={16} />}</Show>
			{own.children}
		</button>
	);
}

export function LinkButton(props: {
	href: string;
	kind?: "primary" | "plain";
	small?: boolean;
	icon?: IconName;
	children: JSX.Element;
}): JSX.Element {
	return (
		<a href={props.href} class={`button ${props.kind ?? ""} ${props.small ? "small" : ""}`}>
			<Show when={props.icon}>{(name) => <Icon name={name()} size={16} />}</Show>
			{props.children}
		</a>
	);
}

/** A labelled input. `children` is given the id and what describes it. */
export function Field(props: {
	label: string;
	hint?: JSX.Element;
	wrong?: string | undefined;
	children: (input: { id: string; "aria-describedby": string; "aria-invalid": boolean; class: string }) => JSX.Element;
}): JSX.Element {
	const id = createUniqueId();
	return (
		<div class="field">
			<label for={id}>{props.label}</label>
			{props.children({
				id,
				"aria-describedby": `${id}-about`,
				get "aria-invalid"() {
					return props.wrong !== undefined;
				},
				class: "input",
			})}
			<div id={`${id}-about`}>
				<Show when={props.wrong} fallback={<span class="hint">{props.hint}</span>}>
					<span class="wrong" role="alert">
						{props.wrong}
					</span>
				</Show>
			</div>
		</div>
	);
}

export function TextField(props: {
	label: string;
	value: string;
	change: (text: string) => void;
	hint?: JSX.Element;
	wrong?: string | undefined;
	unit?: string;
	placeholder?: string;
	type?: "text" | "password" | "url";
	mono?: boolean;
}): JSX.Element {
	return (
		<Field label={props.label} hint={props.hint} wrong={props.wrong}>
			{(input) => (
				<div classList={{ "with-unit": props.unit !== undefined }}>
					<input
						{...input}
						class={`input ${props.mono ? "mono" : ""}`}
						type={props.type ?? "text"}
						value={props.value}
						placeholder={props.placeholder ?? ""}
						autocomplete="off"
						spellcheck={false}
						onInput={(event) => props.change(event.currentTarget.value)}
					/>
					<Show when={props.unit}>
						<span aria-hidden="true">{props.unit}</span>
					</Show>
				</div>
			)}
		</Field>
	);
}

/** One of several, as cards. */
export function Choice<V extends string>(props: {
	label: string;
	value: V;
	options: { value: V; title: string; about?: string }[];
	change: (value: V) => void;
}): JSX.Element {
	const name = createUniqueId();
	return (
		<fieldset class="field">
			<legend>{props.label}</legend>
			<div class="choice">
				<For each={props.options}>
					{(option) => (
						<label>
							<input
								type="radio"
								name={name}
								value={option.value}
								checked={props.value === option.value}
								onChange={() => props.change(option.value)}
							/>
							<strong>{option.title}</strong>
							<Show when={option.about}>
								<span class="small quiet">{option.about}</span>
							</Show>
						</label>
					)}
				</For>
			</div>
		</fieldset>
	);
}

export function Tabs<V extends string>(props: {
	label: string;
	value: V;
	options: { value: V; title: string }[];
	change: (value: V) => void;
}): JSX.Element {
	return (
		// biome-ignore lint/a11y/useSemanticElements: a fieldset would be drawn with a frame
		<div class="tabs" role="group" aria-label={props.label}>
			<For each={props.options}>
				{(option) => (
					<button type="button" aria-pressed={props.value === option.value} onClick={() => props.change(option.value)}>
						{option.title}
					</button>
				)}
			</For>
		</div>
	);
}

export function Badge(props: { tone?: Tone | undefined; children: JSX.Element }): JSX.Element {
	return <span class={`badge ${props.tone ?? ""}`}>{props.children}</span>;
}

export function Note(props: { tone?: "good" | "warn" | "bad" | undefined; children: JSX.Element }): JSX.Element {
	return (
		<div class={`note ${props.tone ?? ""}`} role={props.tone === "bad" ? "alert" : "status"}>
			<Icon name={props.tone === "good" ? "check" : "alert"} />
			<div class="grow">{props.children}</div>
		</div>
	);
}

export function Empty(props: {
	icon: IconName;
	title: string;
	/** It stands right below the title of the page. */
	isFirst?: boolean;
	children?: JSX.Element;
	action?: JSX.Element;
}): JSX.Element {
	return (
		<div class="empty">
			<Icon name={props.icon} size={40} />
			<Show when={props.isFirst} fallback={<h3>{props.title}</h3>}>
				<h2>{props.title}</h2>
			</Show>
			<Show when={props.children}>
				<p>{props.children}</p>
			</Show>
			{props.action}
		</div>
	);
}

/** The place of something that is on its way; it is as large as that will be. */
export function Skeleton(props: { width?: string; height?: string }): JSX.Element {
	return (
		<span
			class="skeleton"
			aria-hidden="true"
			style={{ width: props.width ?? "100%", height: props.height ?? "1.2em" }}
		/>
	);
}

export function SkeletonList(props: { rows?: number }): JSX.Element {
	return (
		<ul class="list" aria-busy="true" aria-label="Loading">
			<For each={Array.from({ length: props.rows ?? 3 })}>
				{() => (
					<li class="item">
						<Skeleton width="2.25rem" height="2.25rem" />
						<div class="stack tight">
							<Skeleton width="40%" />
							<Skeleton width="65%" height="0.9em" />
						</div>
						<Skeleton width="4rem" />
					</li>
				)}
			</For>
		</ul>
	);
}

/** What is loading, has failed, is empty or is there: each has its look. */
export function Loaded<T>(props: {
	value: T | undefined;
	problem?: string | undefined;
	again?: () => void;
	skeleton?: JSX.Element;
	children: (value: () => T) => JSX.Element;
}): JSX.Element {
	return (
		<Switch fallback={props.skeleton ?? <Skeleton height="6rem" />}>
			<Match when={props.value !== undefined ? { value: props.value } : undefined}>
				{(found) => (
					<>
						<Show when={props.problem}>{(problem) => <Note tone="warn">Not up to date: {problem()}</Note>}</Show>
						{props.children(() => found().value as T)}
					</>
				)}
			</Match>
			<Match when={props.problem}>
				{(problem) => (
					<Note tone="bad">
						<p>{problem()}</p>
						<Show when={props.again}>
							<p>
								<Button small onClick={() => props.again?.()}>
									Try again
								</Button>
							</p>
						</Show>
					</Note>
				)}
			</Match>
		</Switch>
	);
}

export function Stats(props: { children: JSX.Element }): JSX.Element {
	return <dl class="stats">{props.children}</dl>;
}

export function Stat(props: { label: string; children: JSX.Element; about?: JSX.Element }): JSX.Element {
	return (
		<div class="stat">
			<dt>{props.label}</dt>
			<dd>
				{props.children}
				<Show when={props.about}>
					<small>{props.about}</small>
				</Show>
			</dd>
		</div>
	);
}

/** Pairs of a name and what it is. */
export function Facts(props: { children: JSX.Element }): JSX.Element {
	return <dl class="facts">{props.children}</dl>;
}

export function Fact(props: { label: string; children: JSX.Element }): JSX.Element {
	return (
		<>
			<dt>{props.label}</dt>
			<dd>{props.children}</dd>
		</>
	);
}

export function Amount(props: { of: bigint | string; digits?: number }): JSX.Element {
	return (
		<span class="number nowrap" title={`${ogpu(props.of, 18)} OGPU`}>
			{ogpu(props.of, props.digits)} <span class="small">OGPU</span>
		</span>
	);
}

/** A long name, of which one sees the ends and copies the whole. */
export function Copy(props: { text: string; ends?: number; shown?: string }): JSX.Element {
	const [isCopied, setCopied] = createSignal(false);
	const copy = async () => {
		await navigator.clipboard?.writeText(props.text).catch(() => {});
		setCopied(true);
		setTimeout(() => setCopied(false), 1500);
	};
	return (
		<button type="button" class="copy" title={`${bounded(props.text, 200)} (copy)`} onClick={() => void copy()}>
			<span>{props.shown ?? short(props.text, props.ends ?? 6)}</span>
			<Icon name={isCopied() ? "check" : "copy"} size={13} />
			<span class="unseen" aria-live="polite">
				{isCopied() ? "copied" : "copy"}
			</span>
		</button>
	);
}

/** An account: its name if it has one, and colours that are its own. */
export function Who(props: { address: string; plain?: boolean }): JSX.Element {
	return (
		<span class="account-line">
			<Face address={props.address} size={18} />
			<Show
				when={props.plain}
				fallback={
					<Copy text={props.address} {...(nameOf(props.address) ? { shown: nameOf(props.address) as string } : {})} />
				}
			>
				<span title={props.address}>{nameOf(props.address) ?? short(props.address)}</span>
			</Show>
		</span>
	);
}

export function Face(props: { address: string; size?: number }): JSX.Element {
	const hues = () => {
		try {
			const key = publicKey(props.address);
			return [0, 1, 2].map((at) => ((key[at] ?? 0) * 256 + (key[at + 3] ?? 0)) % 360);
		} catch {
			return [0, 0, 0];
		}
	};
	const id = createUniqueId();
	const size = () => props.size ?? 26;
	return (
		<svg class="face" width={size()} height={size()} viewBox="0 0 24 24" aria-hidden="true">
			<clipPath id={id}>
				<circle cx="12" cy="12" r="12" />
			</clipPath>
			<g clip-path={`url(#${id})`}>
				<rect width="24" height="24" fill={`hsl(${hues()[0]} 62% 52%)`} />
				<circle cx={4 + ((hues()[1] ?? 0) % 16)} cy={(hues()[2] ?? 0) % 22} r="10" fill={`hsl(${hues()[1]} 68% 60%)`} />
				<circle
					cx={20 - ((hues()[0] ?? 0) % 14)}
					cy={22 - ((hues()[1] ?? 0) % 12)}
					r="6"
					fill={`hsl(${hues()[2]} 72% 70%)`}
				/>
			</g>
		</svg>
	);
}

/** Until a block of the network's clock, of which `now` was the present when the block before was asked. */
export function Until(props: { due: number; now: number }): JSX.Element {
	const left = () => Math.max(0, props.due - props.now);
	return (
		<time class="nowrap number" title={`until block ${count(props.due)} of the network's clock`}>
			{left() === 0 ? "in a moment" : `in about ${inTime(left())}`}
		</time>
	);
}

export function Progress(props: { part: number; label: string }): JSX.Element {
	const share = () => Math.round(Math.min(1, Math.max(0, props.part)) * 100);
	return (
		<span
			class="progress"
			role="progressbar"
			aria-label={props.label}
			aria-valuenow={share()}
			aria-valuemin="0"
			aria-valuemax="100"
		>
			<span style={{ width: `${share()}%` }} />
		</span>
	);
}

/** The way of something through its stages. */
export function Steps(props: { steps: string[]; at: number }): JSX.Element {
	return (
		<ol class="steps">
			<For each={props.steps}>
				{(step, index) => (
					<li
						data-state={index() < props.at ? "done" : index() === props.at ? "now" : "later"}
						aria-current={index() === props.at ? "step" : undefined}
					>
						<span>{step}</span>
					</li>
				)}
			</For>
		</ol>
	);
}

/** A dialog that takes the focus and gives it back. */
export function Dialog(props: {
	title: string;
	close: () => void;
	children: JSX.Element;
	footer?: JSX.Element;
}): JSX.Element {
	const id = createUniqueId();
	let element: HTMLDialogElement | undefined;
	const before = document.activeElement;
	onMount(() => element?.showModal());
	onCleanup(() => {
		element?.close();
		if (before instanceof HTMLElement) before.focus();
	});
	return (
		<dialog
			class="dialog"
			aria-labelledby={id}
			ref={element}
			onCancel={(event) => {
				event.preventDefault();
				props.close();
			}}
		>
			<header>
				<h2 id={id}>{props.title}</h2>
				<Button kind="plain" class="icon" aria-label="Close" onClick={() => props.close()}>
					<Icon name="close" />
				</Button>
			</header>
			<div class="content" tabindex="0">
				{props.children}
			</div>
			<Show when={props.footer}>
				<footer>{props.footer}</footer>
			</Show>
		</dialog>
	);
}

/** A dialog that asks for what is sent, or puts it off. It stays until `send` closes it. */
export function FormDialog(props: {
	title: string;
	close: () => void;
	send: () => void;
	children: JSX.Element;
}): JSX.Element {
	const id = createUniqueId();
	return (
		<Dialog
			title={props.title}
			close={props.close}
			footer={
				<>
					<Button onClick={props.close}>Back</Button>
					<Button kind="primary" type="submit" form={id}>
						Go on
					</Button>
				</>
			}
		>
			<form
				class="stack"
				id={id}
				onSubmit={(event) => {
					event.preventDefault();
					props.send();
				}}
			>
				{props.children}
			</form>
		</Dialog>
	);
}

/** A curve over equal steps, with its least and greatest value. */
export function Curve(props: { values: number[]; label: string }): JSX.Element {
	const [width, height, top, left] = [640, 200, 8, 44];
	const finite = () => props.values.filter(Number.isFinite);
	const range = () => {
		const values = finite();
		const [low, high] = [Math.min(...values), Math.max(...values)];
		const pad = (high - low || Math.abs(high) || 1) * 0.06;
		return { low: low - pad, high: high + pad };
	};
	const x = (index: number) => left + (index / Math.max(1, props.values.length - 1)) * (width - left);
	const y = (value: number) => {
		const { low, high } = range();
		return top + (1 - (value - low) / (high - low)) * (height - top - 8);
	};
	const points = () =>
		props.values.flatMap((value, index) =>
			Number.isFinite(value) ? [`${x(index).toFixed(1)},${y(value).toFixed(1)}`] : [],
		);
	const marks = () => {
		const { low, high } = range();
		return [0.1, 0.5, 0.9].map((share) => low + (high - low) * share);
	};
	return (
		<Show when={finite().length > 1} fallback={<p class="quiet">There is no curve before two values.</p>}>
			<svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={props.label}>
				<For each={marks()}>
					{(mark) => (
						<>
							<line class="grid" x1={left} x2={width} y1={y(mark)} y2={y(mark)} />
							<text x={left - 8} y={y(mark) + 4} text-anchor="end">
								{Number(mark.toPrecision(3))}
							</text>
						</>
					)}
				</For>
				<path class="under" d={`M${points().join("L")}L${width},${height - 8}L${left},${height - 8}Z`} />
				<path class="curve" d={`M${points().join("L")}`} />
			</svg>
		</Show>
	);
}
