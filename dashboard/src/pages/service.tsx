// What pages say of one service.

import type { JSX } from "solid-js";
import { Card, Empty } from "../ui";

/** There is none of the number in the address. */
export function NoService(): JSX.Element {
	return (
		<Card>
			<Empty isFirst icon="search" title="There is no such service">
				It may have been retired by its publisher.
			</Empty>
		</Card>
	);
}
