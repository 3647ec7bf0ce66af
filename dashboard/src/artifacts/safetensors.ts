// What a model's file says of itself: the header of safetensors. Nothing of the numbers is read.

export class NoModel extends Error {}

/** The format's own limit is 100 MB; no header that is shown is longer. */
const MOST_HEADER = 16 << 20;

const BYTES: Record<string, number> = {
	BOOL: 1,
	U8: 1,
	I8: 1,
	F8_E4M3: 1,
	F8_E5M2: 1,
	U16: 2,
	I16: 2,
	F16: 2,
	BF16: 2,
	U32: 4,
	I32: 4,
	F32: 4,
	U64: 8,
	I64: 8,
	F64: 8,
};

export interface Tensor {
	name: string;
	type: string;
	shape: number[];
	bytes: number;
}

export interface Model {
	tensors: Tensor[];
	/** Notes of whoever wrote the file. */
	notes: [string, string][];
	parameters: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === "object" && value !== null && !Array.isArray(value);
const isCounts = (value: unknown): value is number[] =>
	Array.isArray(value) && value.length <= 16 && value.every((count) => Number.isSafeInteger(count) && count >= 0);

export function model(file: Uint8Array): Model {
	if (file.length < 8) throw new NoModel("it is too short to be a safetensors file");
	const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
	if (length > MOST_HEADER || length > file.length - 8) throw new NoModel("its header is longer than it is itself");
	let header: unknown;
	try {
		header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, 8 + length)));
	} catch {
		throw new NoModel("its header is no JSON");
	}
	if (!isRecord(header)) throw new NoModel("its header is no list of tensors");
	const { __metadata__: notes, ...tensors } = header;
	const read = Object.entries(tensors).map(([name, tensor]) => ofTensor(name, tensor));
	// From the first byte to the last, without gaps and without overlapping.
	let end = 0;
	for (const { from, to } of read.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
		if (from !== end) throw new NoModel("its tensors do not lie one after the other");
		end = to;
	}
	if (end !== file.length - 8 - length) throw new NoModel("its tensors do not fill it");
	return {
		tensors: read.map(({ name, type, shape, bytes }) => ({ name, type, shape, bytes })),
		notes: isRecord(notes) ? Object.entries(notes).map(([name, text]) => [name, String(text)]) : [],
		parameters: read.reduce((sum, { count }) => sum + count, 0),
	};
}

function ofTensor(name: string, tensor: unknown) {
	const wrong = () => new NoModel(`its tensor ${JSON.stringify(name.slice(0, 100))} makes no sense`);
	if (!isRecord(tensor)) throw wrong();
	const { dtype: type, shape, data_offsets: offsets } = tensor;
	const [from, to] = isCounts(offsets) && offsets.length === 2 ? (offsets as [number, number]) : [1, 0];
	const each = typeof type === "string" && Object.hasOwn(BYTES, type) ? BYTES[type] : undefined;
	if (typeof type !== "string" || each === undefined || !isCounts(shape) || to < from) throw wrong();
	const count = shape.reduce((product, size) => product * size, 1);
	if (count * each !== to - from) throw wrong();
	return { name, type, shape, bytes: to - from, count, from, to };
}
