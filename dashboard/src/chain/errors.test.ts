import { expect, it } from "vitest";
import { refusal } from "./errors";

const invalid = (value: unknown) => Object.assign(new Error("invalid"), { error: { type: "Invalid", value } });

it("what a node refuses is told in words, with what to do", () => {
	expect(refusal(invalid({ type: "Payment" }))).toContain("needs some OGPU");
	expect(refusal(invalid({ type: "Stale" }))).toContain("Sign again");
	expect(refusal(invalid({ type: "Custom", value: 33 }))).toBe("The operator has committed.");
	expect(refusal(invalid({ type: "Custom", value: 250 }))).toContain("250");
	expect(refusal(invalid({ type: "SomethingNew" }))).toContain("Something new");
	expect(refusal(new Error("Cancelled by the user"))).toBe("It was not signed.");
	expect(refusal(Object.assign(new Error("no such block"), { code: 9001 }))).toBe("no such block (9001)");
});
