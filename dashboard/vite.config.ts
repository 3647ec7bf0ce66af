import { fileURLToPath } from "node:url";
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";

const descriptors = fileURLToPath(new URL(".papi/descriptors/dist/index.js", import.meta.url));

export default defineConfig({
	// Relative, so that the page works in any folder of any host.
	base: "./",
	plugins: [solid()],
	resolve: { alias: { "@polkadot-api/descriptors": descriptors } },
	build: {
		target: "es2022",
		// A policy that allows images and fonts from this host alone has no place for those in the page itself.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		// Else the light client is there twice: in its worker, and beside the page for its names of errors.
		rolldownOptions: { treeshake: { moduleSideEffects: (id: string) => !id.includes("/smoldot/") } },
		// The light client is large, and loaded by whoever chooses it.
		chunkSizeWarningLimit: 5000,
	},
	worker: { format: "es" },
	test: { include: ["src/**/*.test.ts"], environment: "node" },
});
