// Drawn on a field of 24 units.

import type { JSX } from "solid-js";

const PATHS = {
	account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0",
	alert: "M12 8v5m0 3.2v.1M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z",
	blocks: "M4 4h7v7H4zM13 13h7v7h-7zM13 4h7v7h-7zM4 13h7v7H4z",
	chat: "M4 6.5A2.5 2.5 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 4V16A2.500 2.500 0 0 1 4 13.500z",
	check: "m5 12.500 4.500 4.500L19 7.500",
	close: "M6 6l12 12M18 6 6 18",
	copy: "M9 9h10v11H9zM15 9V4H5v11h4",
	device: "M5 5h14v14H5zM9 9h6v6H9zM9 2v3m6-3v3M9 19v3m6-3v3M2 9h3m-3 6h3m14-6h3m-3 6h3",
	down: "M12 4v12m-5-5 5 5 5-5M5 20h14",
	file: "M6 3h8l4 4v14H6zM14 3v4h4",
	image: "M4 5h16v14H4zM4 16l4.500-4.500L13 16m-1-1 3-3 5 5M15.500 9.500v.01",
	list: "M9 6h11M9 12h11M9 18h11M4.500 6h.01M4.500 12h.01M4.500 18h.01",
	menu: "M4 7h16M4 12h16M4 17h16",
	plus: "M12 5v14M5 12h14",
	receipt: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6m-6 4h6",
	search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm9 2-4-4",
	settings:
		"M4 7h9m5 0h2M4 17h2m5 0h9M15.500 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM8.500 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
	shield: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
	spark: "M3 17l5-6 4 3 5-8 4 4",
	train: "M3 18c4 0 4-12 9-12 3 0 3 4 9 4M3 21h18",
	vote: "M4 12v8h16v-8M8 15h8M9 4l6 0 2 8H7z",
	wallet: "M4 7a2 2 0 0 1 2-2h11v3m-13-1v10a2 2 0 0 0 2 2h14V8H6a2 2 0 0 1-2-1ZM16.500 13.500v.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { name: IconName; size?: number }): JSX.Element {
	return (
		<svg
			width={props.size ?? 18}
			height={props.size ?? 18}
			viewBox="0 0 24 24"
			fill="none"
			stroke="currentColor"
			stroke-width="1.75"
			stroke-linecap="round"
			stroke-linejoin="round"
			aria-hidden="true"
		>
			<path d={PATHS[props.name]} />
		</svg>
	);
}
