// Makes the types and descriptors of the runtime, by which the dashboard reads the chain, from the runtime that stands in
// the genesis of the chain for development. Does nothing if they are there already.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Under this key a chain keeps its runtime: `:code`. */
const CODE = "0x3a636f6465";

const folder = fileURLToPath(new URL("..", import.meta.url));
const spec = fileURLToPath(new URL("../../chain-specs/development-raw.json", import.meta.url));

const code = JSON.parse(readFileSync(spec, "utf8")).genesis?.raw?.top?.[CODE];
if (typeof code !== "string" || !/^0x([0-9a-f]{2})+$/i.test(code)) {
	console.error(`descriptors: ${spec} is no raw specification with a runtime: write it anew with \`make chain-specs\``);
	process.exit(1);
}

const made = `${folder}.papi/made`;
const lock = readFileSync(`${folder}package-lock.json`);
const inputs = [code, readFileSync(`${folder}.papi/whitelist.ts`), lock];
const hash = inputs.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
if (existsSync(`${folder}.papi/descriptors/dist`) && existsSync(made) && readFileSync(made, "utf8") === hash) {
	process.exit(0);
}

const wasm = `${folder}.papi/ogpu.wasm`;
writeFileSync(wasm, Buffer.from(code.slice(2), "hex"));
const papi = (...args) =>
	execFileSync("npx", ["--no", "papi", ...args], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
papi("add", "ogpu", "--wasm", wasm, "--skip-codegen");
papi("generate");
writeFileSync(made, hash);
