// Small jobs to begin with: the repository's own examples, with what they name.

import train from "../../../../cli/examples/tiny-train.toml?raw";
import verses from "../../../../cli/examples/verses.txt?url";
import scene from "../../../../gpu-offchain/examples/data/scene.json?url";
import render from "../../../../gpu-offchain/examples/render.toml?raw";

export interface Example {
	title: string;
	load: () => Promise<{ manifest: string; files: File[] }>;
}

async function file(url: string, name: string): Promise<File> {
	const answer = await fetch(url);
	if (!answer.ok) throw new Error(`${name} is not where this page comes from`);
	return new File([await answer.blob()], name);
}

export const EXAMPLES: Example[] = [
	{
		title: "Example: train",
		load: async () => ({ manifest: train, files: [await file(verses, "verses.txt")] }),
	},
	{
		title: "Example: render",
		load: async () => ({ manifest: render, files: [await file(scene, "scene.json")] }),
	},
];
