// What all readings of results share.

import type { JSX } from "solid-js";
import { said } from "../../../chain/connection";
import { Button } from "../../../ui";
import { save } from "../../../ui/save";

export function Save(props: { bytes: Uint8Array; name: string; children: JSX.Element }): JSX.Element {
	return (
		<Button icon="down" onClick={() => save(new Blob([props.bytes as Uint8Array<ArrayBuffer>]), props.name)}>
			{props.children}
		</Button>
	);
}

export function tried<T>(read: () => T): { value?: T; problem?: string } {
	try {
		return { value: read() };
	} catch (error) {
		return { problem: said(error) };
	}
}
