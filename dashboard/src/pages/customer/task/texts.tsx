// A result that is texts.

import { createMemo, createResource, For, type JSX, Match, Switch } from "solid-js";
import { bytesAsText, MOST_TOKENIZER, texts, tokenizer } from "../../../artifacts";
import { said } from "../../../chain/connection";
import { fetchArtifact, type Gateway } from "../../../gateway";
import { settled } from "../../../settled";
import { Button, Note, Skeleton } from "../../../ui";
import { InPages } from "../../../ui/lists";
import type { Named } from "../manifest";
import { tried } from "./read";

/** Of a text so many tokens are read, and so many letters shown. */
const MOST_TOKENS = 20_000;
const MOST_LETTERS = 20_000;

/** What was written, by the model's tokenizer if it has one. */
export function Texts(props: {
	output: Uint8Array;
	through: Gateway;
	sources: string[];
	tokenizer: Named | undefined;
}): JSX.Element {
	const [decoder, { refetch }] = createResource(
		() => props.tokenizer,
		async ({ hash, bytes }) => {
			const options = { size: bytes, sources: props.sources, most: MOST_TOKENIZER };
			const decode = tokenizer(await fetchArtifact(props.through, hash, options));
			return { decode: (tokens: number[]) => decode(tokens.slice(0, MOST_TOKENS)) };
		},
	);
	const read = createMemo(() => {
		const decode = props.tokenizer ? settled(decoder)?.decode : bytesAsText;
		return decode && tried(() => texts(props.output, decode));
	});
	return (
		<Switch fallback={<Skeleton height="4rem" />}>
			<Match when={decoder.error}>
				<Note tone="warn">
					<p>The model's tokenizer cannot be used here: {said(decoder.error)} Save the tokens, or use `ogpu fetch`.</p>
					<Button small onClick={() => void refetch()}>
						Try again
					</Button>
				</Note>
			</Match>
			<Match when={read()?.problem}>
				{(problem) => <Note tone="bad">The answer cannot be read: {problem()}</Note>}
			</Match>
			<Match when={read()?.value}>
				{(found) => (
					<InPages of="texts" list={found()} size={20}>
						{(shown) => (
							<For each={shown()}>
								{(text) => (
									<div class="answer" data-testid="answer">
										{text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text}
									</div>
								)}
							</For>
						)}
					</InPages>
				)}
			</Match>
		</Switch>
	);
}
