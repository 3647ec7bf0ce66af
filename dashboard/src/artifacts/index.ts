// Artifacts: bytes named by their hash, and what the results among them say. Nothing here asks anybody anything.

export { inputs, NoInputs } from "./inputs";
export { commitment, digest, type Leaf, type Outcome, opens, root, rootFrom, secretCommitment } from "./leaves";
export { MOST_BYTES, named, nameOf, WrongBytes } from "./name";
export { png } from "./png";
export {
	bytesAsText,
	type Frames,
	likeness,
	MOST_PIXELS,
	NoResult,
	type Picture,
	picture,
	type Tile,
	texts,
	tileOf,
	tilesOf,
	tokens,
	vectors,
} from "./results";
export { type Model, model, NoModel, type Tensor } from "./safetensors";
export { MOST_TOKENIZER, NoTokenizer, tokenizer } from "./tokenizer";
