// A result that is pictures: the tiles that were drawn, frame by frame.

import { createEffect, createSignal, type JSX, on, onCleanup, Show } from "solid-js";
import { type Picture, picture, png } from "../../../artifacts";
import { said } from "../../../chain/connection";
import { Button, Note } from "../../../ui";
import { save } from "../../../ui/save";
import type { Manifest } from "../manifest";
import type { Delivered } from "../results";

export function Frames(props: {
	manifest: Manifest & { kind: "render" };
	parts: Delivered[];
	bytes: Uint8Array[];
	stem: string;
}): JSX.Element {
	const [frame, setFrame] = createSignal(0);
	const frames = () => Math.min(props.manifest.frames.frames, 1000);
	const shown = (): Picture | { problem: string } => {
		try {
			const pictures = props.bytes.map((bytes, part) =>
				picture(props.manifest.frames, frame(), bytes, props.parts[part]?.firstLeaf ?? 0),
			);
			const [first, ...others] = pictures;
			if (!first) return { problem: "nothing is there yet" };
			// Each part has its own tiles; where one has drawn, the others have not.
			for (const other of others) {
				first.drawn += other.drawn;
				for (let at = 0; at < other.pixels.length; at += 4) {
					if (other.pixels[at + 3]) first.pixels.set(other.pixels.subarray(at, at + 4), at);
				}
			}
			return first;
		} catch (error) {
			return { problem: said(error) };
		}
	};
	const good = () => {
		const now = shown();
		return "problem" in now ? undefined : now;
	};
	return (
		<Show
			when={good()}
			fallback={<Note tone="bad">The picture cannot be read: {(shown() as { problem: string }).problem}</Note>}
		>
			{(picture) => (
				<div class="stack">
					<Canvas picture={picture()} label={`Frame ${frame() + 1}: ${picture().drawn} of ${picture().tiles} tiles`} />
					<div class="row">
						<Show when={frames() > 1}>
							<Button small disabled={frame() === 0} onClick={() => setFrame(frame() - 1)}>
								Before
							</Button>
							<span class="number small">
								Frame {frame() + 1} of {frames()}
							</span>
							<Button small disabled={frame() + 1 >= frames()} onClick={() => setFrame(frame() + 1)}>
								Next
							</Button>
						</Show>
						<span class="small quiet">
							{picture().drawn} of {picture().tiles} tiles
						</span>
						<Button
							icon="down"
							onClick={() => void png(picture()).then((blob) => save(blob, `${props.stem}-${frame() + 1}.png`))}
						>
							Save the picture
						</Button>
					</div>
				</div>
			)}
		</Show>
	);
}

function Canvas(props: { picture: Picture; label: string }): JSX.Element {
	let canvas: HTMLCanvasElement | undefined;
	createEffect(
		on(
			() => props.picture,
			({ width, height, pixels }) => {
				if (!canvas) return;
				canvas.width = width;
				canvas.height = height;
				canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
			},
		),
	);
	onCleanup(() => {
		canvas = undefined;
	});
	return <canvas class="picture" ref={canvas} role="img" aria-label={props.label} data-testid="picture" />;
}
