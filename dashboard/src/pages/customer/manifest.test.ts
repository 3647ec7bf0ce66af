import { describe, expect, it } from "vitest";
import embed from "../../../../cli/examples/tiny-embed.toml?raw";
import train from "../../../../cli/examples/tiny-train.toml?raw";
import generate from "../../../../gpu-offchain/examples/generate.toml?raw";
import render from "../../../../gpu-offchain/examples/render.toml?raw";
import service from "../../../../gpu-offchain/examples/service.toml?raw";
import { readManifest } from "./manifest";

describe("manifests", () => {
	it("of all kinds say what is made and which artifacts they name", () => {
		expect(readManifest(train)).toMatchObject({ kind: "train", named: [{ as: "data" }] });
		expect(readManifest(render)).toMatchObject({
			kind: "render",
			frames: { width: 160, height: 100, tile: 32, frames: 2 },
		});
		expect(readManifest(service)).toMatchObject({ kind: "generate", isService: true });
		expect(readManifest(generate)).toMatchObject({ isService: false });
		expect(readManifest(embed)).toMatchObject({ kind: "embed", isService: true });
	});

	it("that are none say where", () => {
		expect(() => readManifest("version = 2")).toThrow("version = 1");
		expect(() => readManifest("version = 1\nwork = [")).toThrow(/^Line 2/);
		expect(() => readManifest("version = 1\n[work.benchmark]\nseed = 1")).toThrow("cannot be ordered");
		expect(() => readManifest("version = 1\n[work.render]\nwidth = 0\nheight = 1\ntile = 1")).toThrow("whole number");
	});
});
