import { beforeEach, describe, expect, it, vi } from "vitest";
import { nameOf } from "./artifacts";
import { fetchArtifact, type Gateway, shapeOf, tellOf, tellPrivate, upload, uploadSealed } from "./gateway";

const gateway: Gateway = {
	base: "http://door/api/v1",
	token: "secret",
	genesis: "",
	endpoint: "",
	key: "",
	version: "",
};
const bytes = new TextEncoder().encode("an artifact");
const name = await nameOf(bytes);
const asked: Request[] = [];
let answer = () => new Response();

vi.stubGlobal("fetch", async (address: string, init?: RequestInit) => {
	asked.push(new Request(address, init));
	return answer();
});

beforeEach(() => {
	asked.length = 0;
});

describe("what the gateway brings", () => {
	it("is what was asked for, or is refused", async () => {
		answer = () => new Response(bytes);
		expect(await fetchArtifact(gateway, name, { sources: ["key@1.2.3.4:5"], size: bytes.length })).toEqual(bytes);
		expect(asked[0]?.url).toBe(`http://door/api/v1/artifacts/${name}?size=11&from=key%401.2.3.4%3A5`);
		expect(asked[0]?.headers.get("Authorization")).toBe("Bearer secret");
		answer = () => new Response("another artifact");
		await expect(fetchArtifact(gateway, name)).rejects.toThrow("not those that were asked for");
	});

	it("is never longer than the page can hold", async () => {
		answer = () => new Response(new Uint8Array(100));
		await expect(fetchArtifact(gateway, name, { most: 99 })).rejects.toThrow("longer than it may be");
	});

	it("is refused in the gateway's own words", async () => {
		answer = () => new Response('{"error":"the artifact is not here"}', { status: 404 });
		await expect(fetchArtifact(gateway, name)).rejects.toThrow("the artifact is not here");
		answer = () => new Response("<html>nginx</html>", { status: 502 });
		await expect(fetchArtifact(gateway, name)).rejects.toThrow("it answers 502");
		answer = () => new Response('{"error":"no"}', { status: 401 });
		await expect(fetchArtifact(gateway, name)).rejects.toThrow("the token is wrong");
	});

	it("makes sense as a shape, or is refused", async () => {
		const shape = { kind: "training", leaves: 3, leaf: { work: "10", recomputeWork: "12", fetchedBytes: "7" } };
		answer = () => Response.json(shape);
		expect(await shapeOf(gateway, "version = 1")).toEqual(shape);
		for (const wrong of [
			{ ...shape, leaves: -1 },
			{ ...shape, kind: "spell" },
			{ ...shape, leaf: { work: "1e9" } },
			5,
		]) {
			answer = () => Response.json(wrong);
			await expect(shapeOf(gateway, "version = 1")).rejects.toThrow();
		}
	});

	it("says of losses that are no numbers that they are none", async () => {
		answer = () => Response.json({ committed: [], progress: { done: 1, leaves: 2, losses: [1.5, null] } });
		const said = await tellOf(gateway, { task: name, account: "", signature: "", endpoint: "" });
		expect(said?.progress?.losses).toEqual([1.5, Number.NaN]);
		answer = () => Response.json({ committed: [{ task: "<b>" }], progress: null });
		await expect(tellOf(gateway, { task: name, account: "", signature: "", endpoint: "" })).rejects.toThrow(
			"without a name",
		);
	});
});

describe("a provider that does not work on a task", () => {
	it("tells nothing of it, and that is no fault", async () => {
		answer = () => Response.json(null);
		expect(await tellOf(gateway, { task: name, account: "", signature: "", endpoint: "" })).toBeUndefined();
	});
});

describe("what is stored", () => {
	it("has the name that this page finds", async () => {
		answer = () => Response.json({ hash: name, size: bytes.length });
		expect(await upload(gateway, bytes)).toBe(name);
		answer = () => Response.json({ hash: `0x${"00".repeat(32)}`, size: bytes.length });
		await expect(upload(gateway, bytes)).rejects.toThrow("something else");
		answer = () => Response.json({ size: bytes.length });
		await expect(upload(gateway, bytes)).rejects.toThrow("does not say");
	});

	it("has another name when it is sealed, and is never sealed for nobody", async () => {
		const sealed = `0x${"ab".repeat(32)}`;
		answer = () => Response.json({ hash: sealed, size: bytes.length + 146 });
		const key = "y".repeat(52);
		expect(await uploadSealed(gateway, bytes, "aNR", [`${key}@1.2.3.4:5`, "", "<b>", `${key}@6.7.8.9:1`])).toBe(sealed);
		expect(asked[0]?.url).toMatch(new RegExp(`\\?client=aNR&seal=${key}$`));
		await expect(uploadSealed(gateway, bytes, "aNR", ["", "me@"])).rejects.toThrow("nobody can be reached");
		answer = () => Response.json({ open: 1 });
		await tellPrivate(gateway, name, sealed);
		expect(asked.at(-1)?.url).toContain("/private");
	});
});
