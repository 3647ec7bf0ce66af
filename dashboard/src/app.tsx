// The frame around all pages.

import {
	createEffect,
	createMemo,
	createSignal,
	ErrorBoundary,
	For,
	type JSX,
	lazy,
	on,
	onMount,
	Show,
	Suspense,
} from "solid-js";
import { account, reopen } from "./chain/accounts";
import { best, connect, connection, final, said } from "./chain/connection";
import { bounded, count, short } from "./format";
import { pages } from "./pages";
import { fits, path } from "./router";
import { offeredGateway, settings, takeOffered } from "./settings";
import { Button, Empty, Face, Icon, LinkButton, Note, Skeleton } from "./ui";
import { isChoosing, setChoosing } from "./ui/choosing";
import { Notices, TransactionDialog } from "./ui/transaction";

const Accounts = lazy(() => import("./ui/accounts"));

const SECTIONS = ["Your work", "Providing", "Network", ""] as const;

export function App(): JSX.Element {
	const [isMenuOpen, setMenuOpen] = createSignal(false);
	const found = createMemo(() => {
		for (const page of pages) {
			const given = fits(page.path, path());
			if (given) return { page, given };
		}
		return undefined;
	});

	onMount(() => {
		void connect();
		void reopen();
	});
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const [prefersDark, setPrefersDark] = createSignal(dark.matches);
	dark.addEventListener("change", (event) => setPrefersDark(event.matches));
	createEffect(() => {
		const { theme } = settings();
		document.documentElement.dataset.theme = theme === "system" ? (prefersDark() ? "dark" : "light") : theme;
	});
	// Another page begins at its top, and is read from its beginning.
	createEffect(
		on(
			path,
			() => {
				setMenuOpen(false);
				scrollTo(0, 0);
				document.getElementById("main")?.focus({ preventScroll: true });
			},
			{ defer: true },
		),
	);

	return (
		<div class="shell">
			<button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
				To the content
			</button>
			<header class="top">
				<Button kind="plain" class="icon only-narrow" aria-label="Menu" onClick={() => setMenuOpen(true)}>
					<Icon name="menu" />
				</Button>
				<a class="brand" href="#/" aria-label="OGPU, to your work">
					<Mark />
					<span>OGPU</span>
				</a>
				<span class="grow" />
				<Status />
				<button type="button" class="who" onClick={() => setChoosing(true)}>
					<Show when={account()} fallback={<Icon name="account" />}>
						{(one) => <Face address={one().address} />}
					</Show>
					<span>{account()?.name ?? "Choose an account"}</span>
				</button>
			</header>
			<div class="side">
				<Menu current={found()?.page.under ?? found()?.page.path} />
			</div>
			<Show when={isMenuOpen()}>
				<Drawer close={() => setMenuOpen(false)}>
					<Menu current={found()?.page.under ?? found()?.page.path} />
				</Drawer>
			</Show>
			<main class="page" id="main" tabindex="-1">
				<ErrorBoundary fallback={(error, again) => <Broken error={error} again={again} />}>
					<Suspense fallback={<Skeleton height="12rem" />}>
						<OfferedGateway />
						<Connected>
							<Show
								when={found()}
								keyed
								fallback={
									<Empty
										icon="search"
										title="There is no such page"
										action={<LinkButton href="#/">To your work</LinkButton>}
									>
										The address may have been cut off.
									</Empty>
								}
							>
								{(now) => <now.page.load {...now.given} />}
							</Show>
						</Connected>
					</Suspense>
				</ErrorBoundary>
			</main>
			<Suspense>
				<Show when={isChoosing()}>
					<Accounts close={() => setChoosing(false)} />
				</Show>
			</Suspense>
			<TransactionDialog />
			<Notices />
		</div>
	);
}

function Mark(): JSX.Element {
	return (
		<svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
			<rect width="32" height="32" rx="9" fill="#4f46e5" />
			<g fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round">
				<path d="M16 6.500 24.500 11v10L16 25.500 7.500 21V11z" />
				<path d="M16 16v9M16 16l8-4.600M16 16l-8-4.600" stroke-opacity=".75" />
			</g>
		</svg>
	);
}

function Menu(props: { current: string | undefined }): JSX.Element {
	return (
		<nav aria-label="Pages">
			<For each={SECTIONS.filter((section) => pages.some((page) => page.menu?.section === section))}>
				{(section) => (
					<>
						<Show when={section} fallback={<h2 class="unseen">This page</h2>}>
							<h2>{section}</h2>
						</Show>
						<ul>
							<For each={pages.filter((page) => page.menu?.section === section)}>
								{(page) => (
									<li>
										<a href={`#/${page.path}`} aria-current={props.current === page.path ? "page" : undefined}>
											<Icon name={page.menu?.icon ?? "list"} />
											{page.menu?.title}
										</a>
									</li>
								)}
							</For>
						</ul>
					</>
				)}
			</For>
		</nav>
	);
}

function Drawer(props: { close: () => void; children: JSX.Element }): JSX.Element {
	let element: HTMLDialogElement | undefined;
	onMount(() => element?.showModal());
	return (
		// biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it as well
		<dialog
			class="menu"
			aria-label="Menu"
			ref={element}
			onClose={() => props.close()}
			onClick={(event) => event.target === element && props.close()}
		>
			<div class="side">{props.children}</div>
		</dialog>
	);
}

/** Blocks as they come. */
function Status(): JSX.Element {
	const now = connection;
	return (
		<a class="status" href="#/settings" data-phase={now().phase} title={`${phase()}: ${now().to}`}>
			<span class="dot" aria-hidden="true" />
			<Show when={best()} fallback={<span>{phase()}</span>}>
				{(block) => (
					<>
						<span class="only-wide">Block</span>
						<strong data-testid="best">{count(block().number)}</strong>
						<span class="only-wide" data-testid="final">
							final {count(final()?.number ?? 0)}
						</span>
						<Show when={now().phase === "lost"}>
							<span>lost</span>
						</Show>
					</>
				)}
			</Show>
		</a>
	);

	function phase(): string {
		return { connecting: "connecting", ready: "connected", lost: "lost", failed: "no connection" }[connection().phase];
	}
}

/** Pages are about a chain: without one, what to do is said in their place. */
function Connected(props: { children: JSX.Element }): JSX.Element {
	const problem = () => {
		const now = connection();
		return now.phase === "failed" && path() !== "settings" ? now : undefined;
	};
	const lost = () => {
		const now = connection();
		return now.phase === "lost" ? now : undefined;
	};
	return (
		<Show
			when={problem()}
			fallback={
				<>
					<Show when={lost()}>
						{(now) => (
							<div class="stack">
								<Note tone="warn">
									The connection to {now().to} was cut. What you see is from before; the page connects again by itself.
								</Note>
								<span />
							</div>
						)}
					</Show>
					{props.children}
				</>
			}
		>
			{(now) => (
				<Empty
					icon="alert"
					title="There is no connection to the network"
					action={
						<div class="row">
							<Button kind="primary" onClick={() => void connect()}>
								Try again
							</Button>
							<LinkButton href="#/settings">Choose another node</LinkButton>
						</div>
					}
				>
					<span role="alert">
						{short(now().to, 40)}: {now().problem}
					</span>
				</Empty>
			)}
		</Show>
	);
}

/** Who gives away an address can name a gateway in it, and would see what is uploaded. */
function OfferedGateway(): JSX.Element {
	return (
		<Show when={offeredGateway()}>
			{(offer) => (
				<div class="stack">
					<Note tone="warn">
						<p>
							The address of this page names a gateway, <strong>{bounded(offer().gateway, 120)}</strong>. What you
							upload would go through it. Is it yours?
						</p>
						<div class="row">
							<Button small onClick={() => takeOffered(true)}>
								It is mine: use it
							</Button>
							<Button small onClick={() => takeOffered(false)}>
								Do not use it
							</Button>
						</div>
					</Note>
					<span />
				</div>
			)}
		</Show>
	);
}

function Broken(props: { error: unknown; again: () => void }): JSX.Element {
	return (
		<Empty icon="alert" title="This page failed" action={<Button onClick={props.again}>Try again</Button>}>
			{said(props.error)}
		</Empty>
	);
}
