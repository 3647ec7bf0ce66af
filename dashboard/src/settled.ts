// What is asked once, in this page.

import type { Resource } from "solid-js";

/** The answer of a resource, if there is one. Reading it otherwise would put the whole page away until it comes. */
export function settled<T>(of: Resource<T>): T | undefined {
	return of.state === "ready" || of.state === "refreshing" ? of.latest : undefined;
}
