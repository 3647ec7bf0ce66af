// Serves the built page as any host of files would, with a word of its own about the node if there is one.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript",
	".css": "text/css",
	".svg": "image/svg+xml",
	".json": "application/json",
};

export const dist = fileURLToPath(new URL("../dist/", import.meta.url));

/** @returns the address, and how to stop it. `config` is what `/config.json` says; without it there is none. */
export async function serve(config, files = {}) {
	const server = createServer(async (request, response) => {
		const path = normalize(decodeURIComponent(new URL(request.url, "http://host").pathname)).replace(
			/\/$/,
			"/index.html",
		);
		try {
			const bytes =
				path === "/config.json"
					? Buffer.from(JSON.stringify(config ?? missing()))
					: files[path]
						? await readFile(files[path])
						: await readFile(join(dist, path));
			response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" });
			response.end(bytes);
		} catch {
			response.writeHead(404).end();
		}
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		url: `http://127.0.0.1:${server.address().port}/`,
		stop: () => new Promise((resolve) => server.close(resolve)),
	};
}

function missing() {
	throw new Error("this host says nothing");
}
