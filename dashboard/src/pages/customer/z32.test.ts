import { expect, it } from "vitest";
import { keyOf } from "./z32";

it("a transport key is read from its 52 digits, and nothing else is", () => {
	expect(keyOf("y".repeat(52))).toEqual(new Uint8Array(32));
	const key = keyOf("cmaiik91tefu9sc6smytz9sy9u1nrkjfjos1ya6d6o4qnn5fenko");
	expect(key?.length).toBe(32);
	expect(keyOf("y".repeat(51))).toBeUndefined();
	expect(keyOf(`l${"y".repeat(51)}`)).toBeUndefined();
	expect(keyOf(`${"y".repeat(51)}9`)).toBeUndefined();
});
