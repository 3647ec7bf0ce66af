// A result that is vectors, and how alike they are.

import { For, type JSX, Show } from "solid-js";
import { likeness } from "../../../artifacts";
import { count } from "../../../format";
import { Save } from "./read";

/** No table has more rows. */
const MOST_ROWS = 12;

export function Vectors(props: { rows: Float32Array[]; stem: string }): JSX.Element {
	const shown = () => props.rows.slice(0, MOST_ROWS);
	const json = () => new TextEncoder().encode(JSON.stringify(props.rows.map((row) => [...row])));
	return (
		<div class="stack" data-testid="answer">
			<p>
				{count(props.rows.length)} {props.rows.length === 1 ? "vector" : "vectors"} of{" "}
				{count(props.rows[0]?.length ?? 0)} numbers.
			</p>
			<Show when={props.rows.length > 1}>
				<section class="table-wrap" tabindex="0" aria-label="How alike the texts are">
					<table class="table">
						<thead>
							<tr>
								<th scope="col">How alike</th>
								<For each={shown()}>
									{(_, at) => (
										<th scope="col" class="right">
											{at() + 1}
										</th>
									)}
								</For>
							</tr>
						</thead>
						<tbody>
							<For each={shown()}>
								{(row, at) => (
									<tr>
										<th scope="row">Text {at() + 1}</th>
										<For each={shown()}>{(other) => <td class="right">{likeness(row, other).toFixed(2)}</td>}</For>
									</tr>
								)}
							</For>
						</tbody>
					</table>
				</section>
			</Show>
			<div>
				<Save bytes={json()} name={`${props.stem}.json`}>
					Save the vectors
				</Save>
			</div>
		</div>
	);
}
