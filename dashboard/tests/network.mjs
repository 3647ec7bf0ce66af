// A whole network on this machine, with the page and its gateway: what `make run` starts.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dist } from "./host.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const built = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release/ogpu");
const PATIENCE_MS = 300_000;

/** Starts it, and says what `ogpu dev` says when all is ready, and how to stop it. */
export async function startNetwork() {
	const ogpu = process.env.OGPU ?? built;
	if (!existsSync(ogpu)) throw new Error(`${ogpu} is not there: build it with \`make build\`, or name one with OGPU`);
	if (!existsSync(join(dist, "index.html"))) throw new Error("the page is not built: npm run build");
	const folder = mkdtempSync(join(tmpdir(), "ogpu-dashboard-"));
	const args = ["dev", "--json", "--port", "0", "--dashboard-port", "0", "--page", dist];
	const network = spawn(ogpu, args, {
		stdio: ["ignore", "pipe", "pipe"],
		// Homes of the user's own are left alone.
		env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder },
	});
	let complaints = "";
	network.stderr.on("data", (text) => {
		complaints = (complaints + text).slice(-4000);
	});
	const stop = async () => {
		if (network.exitCode === null) {
			const ended = new Promise((resolve) => network.once("exit", resolve));
			network.kill("SIGINT");
			await ended;
		}
		rmSync(folder, { recursive: true, force: true });
	};
	try {
		const ready = await new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`the network is not ready in time: ${complaints}`)), PATIENCE_MS);
			const lines = createInterface({ input: network.stdout });
			lines.once("line", (line) => {
				clearTimeout(timer);
				resolve(JSON.parse(line));
			});
			network.once("exit", (code) => {
				clearTimeout(timer);
				reject(new Error(`ogpu dev ended with ${code}: ${complaints}`));
			});
		});
		if (!ready.dashboard?.page) throw new Error("this ogpu serves no dashboard");
		/** Writes the raw spec of this very chain: those of the repository may hold code of another compiler or folder. */
		const writeSpec = async () => {
			const path = join(folder, "spec.json");
			const node = join(dirname(ogpu), "ogpu-node");
			await promisify(execFile)(node, ["export-chain-spec", "--chain", "development", "--raw", "--output", path]);
			return path;
		};
		return { ...ready, stop, writeSpec };
	} catch (error) {
		await stop();
		throw error;
	}
}
