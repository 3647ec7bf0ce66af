// Which page is shown: what stands behind the # of the address.

import { createSignal } from "solid-js";

const read = () => decodeURI(location.hash.replace(/^#\/?/, "")).split("?")[0] ?? "";

// What is malformed leads home.
function safely(): string {
	try {
		return read();
	} catch {
		return "";
	}
}

const [path, setPath] = createSignal(safely());
addEventListener("hashchange", () => setPath(safely()));

export { path };

/** What comes after `?` in the fragment. */
export function parameter(name: string): string | undefined {
	path();
	return new URLSearchParams(location.hash.split("?")[1] ?? "").get(name) ?? undefined;
}

export function go(to: string): void {
	location.hash = `#/${to}`;
}

/** The parts of a path that a pattern such as `task/:name` names; undefined where it does not fit. */
export function fits(pattern: string, to: string): Record<string, string> | undefined {
	const [wanted, given] = [pattern.split("/"), to.split("/")];
	if (wanted.length !== given.length) return undefined;
	const found: Record<string, string> = {};
	for (const [at, part] of wanted.entries()) {
		const value = given[at] ?? "";
		if (part.startsWith(":")) found[part.slice(1)] = value;
		else if (part !== value) return undefined;
	}
	return found;
}
