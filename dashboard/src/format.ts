// Numbers, amounts, times and names, as people read them.

export const UNIT = 10n ** 18n;

const grouped = new Intl.NumberFormat("en-US");

/** A whole number with its thousands apart. */
export function count(value: number | bigint | string): string {
	return grouped.format(typeof value === "string" ? BigInt(value) : value);
}

/**
 * An amount in OGPU without its unit, with so many significant digits of its fraction, or as many as are of use. What is
 * not zero never looks like zero.
 */
export function ogpu(amount: bigint | string, exact?: number): string {
	const units = typeof amount === "string" ? BigInt(amount) : amount;
	const [sign, size] = units < 0n ? ["−", -units] : ["", units];
	const whole = size / UNIT;
	// Beside thousands nobody looks at the fourth digit.
	const digits = exact ?? (whole >= 1000n ? 2 : 4);
	const fraction = (size % UNIT).toString().padStart(18, "0");
	const leading = fraction.search(/[1-9]/);
	if (leading < 0) return sign + count(whole);
	// Beside a whole part the first digits count; below one, the first that are not zero.
	const keep = whole > 0n ? digits : leading + digits;
	const shown = fraction.slice(0, keep).replace(/0+$/, "");
	if (shown === "" || /^0+$/.test(shown)) return `${sign}${count(whole)}`;
	return `${sign}${count(whole)}.${shown}`;
}

/** An amount that somebody typed, in the smallest unit; what is wrong with it, if it is none. */
export function parseOgpu(text: string): bigint | { problem: string } {
	const typed = text.trim().replace(/[\s,_']/g, "");
	if (typed === "") return { problem: "Give an amount." };
	const read = /^(\d{1,20})(?:\.(\d{0,18}))?$/.exec(typed) ?? /^()\.(\d{1,18})$/.exec(typed);
	if (!read) return { problem: "Give an amount such as 1.5, with at most 18 digits after the point." };
	return BigInt(read[1] || "0") * UNIT + BigInt((read[2] ?? "").padEnd(18, "0"));
}

/** A block takes so long. */
export const BLOCK_SECONDS = 3;

/** How long so many blocks take. */
export function inTime(blocks: number): string {
	return duration(blocks * BLOCK_SECONDS);
}

export function duration(seconds: number): string {
	const all = Math.max(0, Math.round(seconds));
	if (all < 120) return `${all} s`;
	if (all < 7_200) return `${Math.round(all / 60)} min`;
	if (all < 172_800) return `${Math.round(all / 3_600)} h`;
	return `${Math.round(all / 86_400)} days`;
}

const UNITS: [string, number][] = [
	["blocks", 1],
	["s", 1 / BLOCK_SECONDS],
	["m", 60 / BLOCK_SECONDS],
	["min", 60 / BLOCK_SECONDS],
	["h", 3_600 / BLOCK_SECONDS],
	["d", 86_400 / BLOCK_SECONDS],
];

/** A time that somebody typed, such as 90s, 30m, 6h or 2d, in blocks. */
export function parseBlocks(text: string): number | { problem: string } {
	const read = /^\s*(\d{1,9})\s*([a-z]*)\s*$/i.exec(text);
	const unit = read && UNITS.find(([name]) => name === (read[2]?.toLowerCase() || "blocks"));
	const blocks = unit ? Math.ceil(Number(read?.[1]) * unit[1]) : 0;
	if (!unit || blocks < 1 || blocks > 0xffff_ffff) return { problem: "Give a time such as 90s, 30m, 6h or 2d." };
	return blocks;
}

const SIZES = ["bytes", "kB", "MB", "GB", "TB"];

export function bytes(size: number | bigint): string {
	let [left, unit] = [Number(size), 0];
	while (left >= 1000 && unit < SIZES.length - 1) [left, unit] = [left / 1000, unit + 1];
	return `${unit === 0 ? left : left.toPrecision(3)} ${SIZES[unit]}`;
}

/** Multiply-adds. */
export function work(amount: string | bigint): string {
	let left = Number(amount);
	let unit = 0;
	const names = ["", " thousand", " million", " billion", " trillion", " quadrillion"];
	while (left >= 1000 && unit < names.length - 1) [left, unit] = [left / 1000, unit + 1];
	return `${unit === 0 ? left : left.toPrecision(3)}${names[unit]}`;
}

export function percent(billionths: number): string {
	const share = billionths / 1e7;
	// What is not certain never looks so.
	if (share > 99 && share < 100) return `${Math.floor(share * 100) / 100} %`;
	return `${Number(share.toPrecision(3))} %`;
}

/** The ends of a long name. */
export function short(name: string, ends = 6): string {
	const start = name.startsWith("0x") ? ends + 2 : ends;
	return name.length > start + ends + 1 ? `${name.slice(0, start)}…${name.slice(-ends)}` : name;
}

/** Text of strangers, of bounded length and without what would turn or hide other text. */
export function bounded(text: string, most = 200): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
	const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, " ");
	return plain.length > most ? `${plain.slice(0, most)}…` : plain;
}

const dates = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export function date(milliseconds: number): string {
	return dates.format(milliseconds);
}

/** `twoWords` as two words. */
export function spoken(name: string): string {
	return name.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

/** One thing, or several of it. */
export function plural(number: number, one: string, many = `${one}s`): string {
	return `${count(number)} ${number === 1 ? one : many}`;
}
