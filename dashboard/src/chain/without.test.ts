import { Enum } from "polkadot-api";
import { expect, it } from "vitest";
import { plain, refused } from "./without";

it("what the runtime says has the form of a node's methods", () => {
	const said = {
		leaf_price: 10n ** 20n,
		next: { act: Enum("AwaitSeed"), due: 0xffff_ffff, by: [] },
		leader: undefined,
		committed: [{ state: Enum("Committed", { leaves: 2 }) }],
	};
	expect(plain(said)).toEqual({
		leafPrice: "100000000000000000000",
		next: { act: "awaitSeed", due: null, by: [] },
		leader: null,
		committed: [{ state: "committed" }],
	});
});

it("what it would refuse is named by the pallet and its error", () => {
	const error = Enum("Module", Enum("ResultValidation", Enum("FeeTooHigh")));
	expect(refused(error).message).toBe("the chain would refuse it: ResultValidation FeeTooHigh");
	expect(refused(Enum("Token", Enum("FundsUnavailable"))).message).toContain("Token FundsUnavailable");
});
