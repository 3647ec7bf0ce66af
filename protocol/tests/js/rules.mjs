// The rules of the protocol once more, in another language and written from their descriptions, for vectors.mjs. Bytes
// are Uint8Array, wide numbers BigInt, refusals null.

import { blake2b } from '@noble/hashes/blake2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes as concat, hexToBytes, utf8ToBytes as ascii } from '@noble/hashes/utils.js';

export const hex = (bytes) => `0x${bytesToHex(bytes)}`;
export const unhex = (text) => hexToBytes(text.slice(2));
export const blake2 = (bytes) => blake2b(bytes, { dkLen: 32 });
export const keccak = keccak_256;
export { ascii, concat };

const max = (a, b) => (a > b ? a : b);
const min = (a, b) => (a < b ? a : b);
const sum = (numbers) => numbers.reduce((total, number) => total + BigInt(number), 0n);
const ceilDiv = (a, b) => (a + b - 1n) / b;

export const littleEndian = (value, length) => {
  const bytes = new Uint8Array(length);
  for (let [at, rest] = [0, BigInt(value)]; at < length; at += 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
};
const bigEndian = (value, length) => littleEndian(value, length).reverse();
export const u32 = (value) => littleEndian(value, 4);

const BILLION = 10n ** 9n;
const U128_MAX = 2n ** 128n - 1n;
const fitting = (value) => (value <= U128_MAX ? value : null);

// --- trees -----------------------------------------------------------------------------------------------------------

export const merkleLeaf = (hash, content) => hash(concat(new Uint8Array([0]), content));
const node = (hash, left, right) => hash(concat(new Uint8Array([1]), left, right));

// From the leaves to the root.
export function levels(hash, leaves) {
  if (leaves.length === 0) return null;
  const all = [leaves];
  while (all.at(-1).length > 1) {
    const below = all.at(-1);
    const above = [];
    for (let at = 0; at < below.length; at += 2) {
      above.push(at + 1 < below.length ? node(hash, below[at], below[at + 1]) : below[at]);
    }
    all.push(above);
  }
  return all;
}

export const root = (hash, leaves) => levels(hash, leaves)?.at(-1)[0] ?? null;
export const proof = (tree, index) =>
  tree.slice(0, -1).flatMap((level, height) => level[Math.floor(index / 2 ** height) ^ 1] ?? []);

export function rootFrom(hash, count, index, leaf, proof) {
  if (index >= count) return null;
  let current = leaf;
  let used = 0;
  for (let [at, width] = [index, count]; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    const isRight = at % 2 === 1;
    if (!isRight && at + 1 === width) continue;
    if (used === proof.length) return null;
    const sibling = proof[used];
    used += 1;
    current = isRight ? node(hash, sibling, current) : node(hash, current, sibling);
  }
  return used === proof.length ? current : null;
}

// --- claims ----------------------------------------------------------------------------------------------------------

const DECIMALS = 18;

export const claimLeaf = (index, address, amount) =>
  merkleLeaf(keccak, concat(bigEndian(index, 4), address, bigEndian(amount, 16)));

export function formatOgpu(amount) {
  const digits = amount.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return digits.slice(0, -DECIMALS) + (fraction && `.${fraction}`);
}

export function parseOgpu(text) {
  const parts = /^(\d+)(?:\.(\d{1,18}))?$/.exec(text);
  return parts && fitting(BigInt(parts[1] + (parts[2] ?? '').padEnd(DECIMALS, '0')));
}

export const claimMessage = (genesis, index, amount, destination) =>
  `I claim ${formatOgpu(amount)} OGPU, number ${index} of the snapshot,\n` +
  `for the account ${destination}\non the chain with the genesis ${hex(genesis)}`;

export const personalHash = (message) =>
  keccak(concat(ascii(`\x19Ethereum Signed Message:\n${ascii(message).length}`), ascii(message)));

export const addressOf = (publicKey) => keccak(publicKey).slice(12);

export function checksummed(address) {
  const plain = bytesToHex(address);
  const check = bytesToHex(keccak(ascii(plain)));
  return `0x${[...plain].map((digit, at) => (parseInt(check[at], 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
}

export function parseAddress(text) {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return 'Malformed';
  const address = unhex(text);
  const isMixed = /[a-f]/.test(text.slice(2)) && /[A-F]/.test(text);
  return isMixed && checksummed(address) !== text ? 'Checksum' : hex(address);
}

// --- commitments -----------------------------------------------------------------------------------------------------

const ZERO = new Uint8Array(32);
const OBSTACLES = { OutputMissing: 1, InputMissing: 2, InputInvalid: 3 };

export const findingBytes = (found) =>
  typeof found === 'string'
    ? concat(new Uint8Array([OBSTACLES[found]]), ZERO, ZERO)
    : concat(new Uint8Array([0]), ...found);

export const commit = (tag, { task, round, account, salt }, value) =>
  blake2(concat(ascii(tag), task, u32(round), account, value, salt));

export const seed = (outputs, task, round) => blake2(concat(ascii('ogpu/public-seed'), ...outputs, task, u32(round)));
export const secretSeed = (outputs, secret, task, round) =>
  blake2(concat(ascii('ogpu/shared-seed'), ...outputs, secret, task, u32(round)));
export const secretCommitment = (client, secret) => blake2(concat(ascii('ogpu/seed-secret'), client, secret));
export const binding = (roundSeed, bytes) => blake2(concat(ascii('ogpu/bound-bytes'), roundSeed, bytes));

// --- leaves ----------------------------------------------------------------------------------------------------------

export const leafDigest = (task, index, { output, carry, trace }) =>
  merkleLeaf(blake2, concat(task, u32(index), output, carry, trace));

const equal = (a, b) => hex(a) === hex(b);

export function checkReveal(job, index, opening, { leaf, before }) {
  const digestOf = (shown, at) => {
    const digest = leafDigest(job.task, at, shown.leaf);
    const root = rootFrom(blake2, job.leaves, at, digest, shown.proof);
    return root && equal(root, job.root) ? digest : null;
  };
  const digest = digestOf(leaf, index);
  if (!digest) return { mismatch: 'LeafNotInRoot' };
  if ((index === 0) !== (before === null)) return { mismatch: 'BeforeMissing' };
  if (index === 0) return equal(opening, job.start) ? { digest } : { mismatch: 'OpeningNotStart' };
  if (!digestOf(before, index - 1)) return { mismatch: 'BeforeNotInRoot' };
  return equal(opening, before.leaf.carry) ? { digest } : { mismatch: 'OpeningNotCarry' };
}

// --- lots ------------------------------------------------------------------------------------------------------------

export class Stream {
  #words = [];
  #blocks = 0;

  constructor(domain, seed) {
    this.start = concat(ascii(domain), seed);
  }

  #word() {
    if (this.#words.length === 0) {
      const block = blake2(concat(this.start, littleEndian(this.#blocks, 8)));
      this.#blocks += 1;
      for (let at = 0; at < 32; at += 8) this.#words.push(BigInt(hex(block.slice(at, at + 8).reverse())));
    }
    return this.#words.shift();
  }

  // Each number below the bound equally likely: of the 2⁶⁴ words, those that would favour some numbers are refused.
  below(bound) {
    const wide = BigInt(bound);
    const excess = wide === 0n ? 0n : 2n ** 64n % wide;
    for (;;) {
      const product = this.#word() * wide;
      if (product % 2n ** 64n >= excess) return product >> 64n;
    }
  }

  chance(billionths) {
    return this.below(BILLION) < BigInt(billionths);
  }
}

export function sample(random, size, count) {
  const chosen = new Set();
  for (let last = Math.max(0, size - count); last < size; last += 1) {
    const lot = Number(random.below(last + 1));
    chosen.add(chosen.has(lot) ? last : lot);
  }
  return [...chosen].sort((a, b) => a - b);
}

// Numbers below a size without some ranges of them: which are left is looked up in ascending order.
export class Urn {
  #gone = [];

  constructor(size) {
    this.size = BigInt(size);
  }

  get left() {
    return this.size - sum(this.#gone.map(([start, end]) => end - start));
  }

  has(lot) {
    return lot < this.size && !this.#gone.some(([start, end]) => start <= lot && lot < end);
  }

  take(start, end = start + 1n) {
    this.#gone.push([start, end]);
    this.#gone.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  look(random) {
    if (this.left === 0n) return null;
    let lot = random.below(this.left);
    for (const [start, end] of this.#gone) if (lot >= start) lot += end - start;
    return lot;
  }

  draw(random) {
    const lot = this.look(random);
    if (lot !== null) this.take(lot);
    return lot;
  }
}

export class Weights {
  constructor(weights) {
    let end = 0n;
    this.ranges = weights.map((weight) => [end, (end += BigInt(weight))]);
    this.total = end;
  }

  get fits() {
    return this.total < 2n ** 64n;
  }

  at(point) {
    return this.ranges.findIndex(([start, end]) => start <= point && point < end);
  }

  draw(random, count) {
    const urn = new Urn(this.total);
    const items = [];
    while (items.length < count && urn.left > 0n) {
      const item = this.at(urn.look(random));
      urn.take(...this.ranges[item]);
      items.push(item);
    }
    return items;
  }

  pointOutside(item, random) {
    if (item >= this.ranges.length) return null;
    const urn = new Urn(this.total);
    urn.take(...this.ranges[item]);
    return urn.look(random);
  }
}

// --- seats -----------------------------------------------------------------------------------------------------------

export function allot(stakes, seats) {
  const total = sum(stakes);
  if (total === 0n || fitting(total) === null) return null;
  const shares = stakes.map((stake, place) => {
    const share = stake * BigInt(seats);
    return { place, whole: share / total, rest: share % total };
  });
  const missing = Number(BigInt(seats) - sum(shares.map(({ whole }) => whole)));
  const byRest = [...shares].sort((a, b) => (a.rest === b.rest ? a.place - b.place : a.rest > b.rest ? -1 : 1));
  for (const share of byRest.slice(0, missing)) share.whole += 1n;
  return shares.map(({ whole }) => Number(whole));
}

// Operators with their seats, as `[{ operator, seats }]` in the order of the operators.
export class Table {
  constructor(held) {
    this.operators = held.map(({ operator }) => operator);
    this.weights = new Weights(held.map(({ seats }) => seats));
  }

  urn() {
    return new Urn(this.weights.total);
  }

  operator(seat) {
    return this.operators[this.weights.at(BigInt(seat))];
  }

  any(random) {
    const seat = this.urn().draw(random);
    return seat === null ? null : Number(seat);
  }

  other(seat, random) {
    const point = this.weights.pointOutside(this.weights.at(BigInt(seat)), random);
    return point === null ? null : Number(point);
  }

  group(seats) {
    const operators = seats.map((seat) => this.operator(seat));
    return this.operators
      .map((operator) => ({ operator, seats: operators.filter((other) => other === operator).length }))
      .filter(({ seats }) => seats > 0);
  }
}

export function drawSeats(urn, random, count) {
  const seats = [];
  while (seats.length < count && urn.left > 0n) seats.push(Number(urn.draw(random)));
  return seats;
}

// --- audits ----------------------------------------------------------------------------------------------------------

export const auditProbability = (floor, clean, fee, times) =>
  fitting(fee * BigInt(times)) !== null && clean > 0n && clean >= fee * BigInt(times) ? floor : Number(BILLION);

export const drawnLeaves = (leaves, share) =>
  Number(min(max(ceilDiv(BigInt(leaves) * BigInt(share), BILLION), 1n), BigInt(leaves)));

export function auditLeaves(random, { start, end, audit_billionths, leaves_billionths, is_milestone }) {
  const count = end - start;
  const wanted = random.chance(audit_billionths) ? drawnLeaves(count, leaves_billionths) : 0;
  const leaves = sample(random, count, wanted).map((leaf) => leaf + start);
  if (is_milestone && count > 0 && leaves.at(-1) !== end - 1) leaves.push(end - 1);
  return leaves;
}

export function assign(random, leaves, table) {
  const checks = leaves.map((leaf) => ({ leaf, seat: table.any(random), second_seat: null }));
  return checks.some(({ seat }) => seat === null) ? null : checks;
}

export function double(random, checks, billionths, table) {
  for (const check of checks) if (random.chance(billionths)) check.second_seat = table.other(check.seat, random);
}

// --- juries: findings are { digest, binding }, the name of an obstacle, or null --------------------------------------

const isVote = ({ finding }) => finding !== null && typeof finding === 'object';

// Of each digest, the binding with the most seats, of equally many the lowest.
function bindings(round) {
  const seats = {};
  for (const { seats: weight, finding } of round.filter(isVote)) {
    const of = (seats[finding.digest] ??= {});
    of[finding.binding] = (of[finding.binding] ?? 0) + weight;
  }
  const most = (of) =>
    Object.keys(of)
      .sort()
      .reduce((best, next) => (of[next] > of[best] ? next : best));
  return Object.fromEntries(Object.entries(seats).map(([digest, of]) => [digest, most(of)]));
}

const isCopied = (ballot, bound) => isVote(ballot) && bound[ballot.finding.digest] !== ballot.finding.binding;

export const verdictOf = (tally, margin) => {
  const all = tally.upheld + tally.input_at_fault + tally.convicted + tally.copied;
  const wins = (seats) => seats - (all - seats) >= Math.max(margin, 1);
  if (wins(tally.upheld)) return 'Upheld';
  if (wins(tally.input_at_fault)) return 'InputAtFault';
  return wins(tally.convicted) ? 'Convicted' : null;
};

export function walk({ rules, claimed, eligible_seats, rounds }) {
  const tally = { upheld: 0, input_at_fault: 0, convicted: 0, copied: 0 };
  let [drawn, silent, verdict] = [0, 0, null];
  const excused = () => Math.min(silent, rules.redraw_seats);
  const draw = (wanted) => {
    const seats = Math.min(wanted, Math.max(0, rules.cap_seats - (drawn - excused())), eligible_seats - drawn);
    return seats > 0
      ? { draw: seats, drawn_seats: drawn, silent_seats: silent, tally: { ...tally } }
      : { void: true, tally: { ...tally } };
  };
  const nexts = [draw(rules.draw_seats)];
  for (const round of rounds) {
    const [excusedBefore, drawnBefore, bound] = [excused(), drawn, bindings(round)];
    for (const ballot of round) {
      drawn += ballot.seats;
      if (ballot.finding === null) silent += ballot.seats;
      else if (isCopied(ballot, bound)) tally.copied += ballot.seats;
      else if (ballot.finding.digest === claimed) tally.upheld += ballot.seats;
      else if (isVote(ballot) || ballot.finding === 'OutputMissing') tally.convicted += ballot.seats;
      else tally.input_at_fault += ballot.seats;
    }
    verdict = verdictOf(tally, rules.margin_seats);
    if (verdict) nexts.push({ verdict, tally: { ...tally } });
    else if (drawn === drawnBefore) nexts.push({ void: true, tally: { ...tally } });
    else nexts.push(draw(excused() - excusedBefore || rules.draw_seats));
  }
  return { nexts, standings: standings(claimed, verdict, rounds) };
}

export function standings(claimed, verdict, rounds) {
  const digest = established(claimed, verdict, rounds);
  const standing = (ballot, bound) => {
    if (ballot.finding === null) return 'Silent';
    if (!isVote(ballot)) return 'Unpaid';
    if (isCopied(ballot, bound)) return verdict ? 'Copied' : 'Unpaid';
    if (digest) return ballot.finding.digest === digest ? 'Right' : 'Wrong';
    return verdict ? 'Unpaid' : 'Right';
  };
  return rounds.map((round) => {
    const bound = bindings(round);
    return round.map((ballot) => standing(ballot, bound));
  });
}

function established(claimed, verdict, rounds) {
  if (verdict === 'Upheld') return claimed;
  if (verdict !== 'Convicted') return null;
  const reasons = {};
  for (const round of rounds) {
    const bound = bindings(round);
    for (const ballot of round) {
      if (
        isVote(ballot)
          ? isCopied(ballot, bound) || ballot.finding.digest === claimed
          : ballot.finding !== 'OutputMissing'
      )
        continue;
      const reason = ballot.finding.digest ?? 'missing';
      reasons[reason] = (reasons[reason] ?? 0) + ballot.seats;
    }
  }
  const most = Math.max(...Object.values(reasons));
  const leading = Object.keys(reasons).filter((reason) => reasons[reason] === most);
  return leading.length === 1 && leading[0] !== 'missing' ? leading[0] : null;
}

// --- sums ------------------------------------------------------------------------------------------------------------

export const mulDiv = (a, b, c) => (c === 0n ? null : fitting((a * b) / c));

const YEAR_MILLIS = 31_557_600_000n;

export const payout = (left, share, elapsed, nominal) =>
  min(left, (left * share * min(elapsed, min(2n * nominal, 2n ** 64n - 1n))) / (YEAR_MILLIS * BILLION));

// --- detection and bonds ---------------------------------------------------------------------------------------------

// Re-rolled seeds multiply the odds of passing by the first of these over the second.
const odds = ({ skipping_billionths }) => [BILLION - BigInt(skipping_billionths), BILLION - 2n * BigInt(skipping_billionths)];

// The probability that a drawn wrong leaf passes, in billionths of billionths of billionths; null for what cannot be.
export function passed(sampling) {
  const { audit_billionths, doubled_billionths, dishonest_billionths } = sampling;
  const [audit, doubled, dishonest] = [audit_billionths, doubled_billionths, dishonest_billionths].map(BigInt);
  const [passing, found] = odds(sampling);
  if (audit > BILLION || doubled > BILLION || dishonest > BILLION || found <= 0n) return null;
  if (sampling.drawn > sampling.leaves) return null;
  const single = BILLION ** 2n - doubled * (BILLION - dishonest);
  const whole = found * BILLION ** 2n + (passing - found) * single;
  return ceilDiv(dishonest * passing * single * BILLION ** 2n, whole);
}

const choose = (of, count) => {
  if (count < 0n || count > of) return 0n;
  let ways = 1n;
  for (let index = 0n; index < count; index += 1n) ways = (ways * (of - index)) / (index + 1n);
  return ways;
};

// D(w) as a fraction without any further rounding: how often some drawn wrong leaf is found.
export function exactDetection(sampling, wrong) {
  const [leaves, drawn, w, audit] = [sampling.leaves, sampling.drawn, wrong, sampling.audit_billionths].map(BigInt);
  const [e, one] = [passed(sampling), BILLION ** 3n];
  const few = min(drawn, w);
  let undetected = 0n;
  for (let x = 0n; x <= few; x += 1n) {
    const ways = choose(w, x) * choose(leaves - w, drawn - x);
    if (ways > 0n) undetected += ways * e ** x * one ** (few - x);
  }
  const whole = choose(leaves, drawn) * one ** few;
  const [fair, all, [passing, found]] = [audit * (whole - undetected), BILLION * whole, odds(sampling)];
  return [fair * found, all * passing - fair * (passing - found)];
}

export const auditCost = ({ leaves, drawn, audit_billionths, doubled_billionths }) =>
  ceilDiv(
    BigInt(drawn) * (BILLION + BigInt(doubled_billionths)) * BigInt(audit_billionths),
    BILLION * max(BigInt(leaves), 1n),
  );

// The loss that makes up for w wrong leaves, (w / n) F (1 − D) / D, rounded up from the exact fraction.
export function exactLoss(sampling, wrong, fee) {
  const [found, whole] = exactDetection(sampling, wrong);
  return found === 0n ? null : ceilDiv(BigInt(wrong) * fee * (whole - found), BigInt(sampling.leaves) * found);
}

// Numbers of 64 binary digits, [mantissa, exponent], in which every operation rounds up: so the chain counts, since the
// exact fractions have thousands of digits.
const ONE_SQUARED = BILLION ** 2n;
const bits = (value) => BigInt(value.toString(2).length);
const shifted = (value, shift) => (shift > 0n ? ceilDiv(value, 1n << shift) : value << -shift);

function upper(value, exponent) {
  if (value === 0n) return [0n, exponent];
  const mantissa = shifted(value, bits(value) - 64n);
  const [whole, carried] = mantissa === 1n << 64n ? [1n << 63n, 1n] : [mantissa, 0n];
  return [whole, exponent + bits(value) - 64n + carried];
}

const times = ([a, x], [b, y]) => upper(a * b, x + y);
const ratio = (a, b) => {
  const [shift, less] = [64n - (a && bits(a)), 64n - bits(b)];
  return upper(ceilDiv((a << shift) << 64n, b << less), less - shift - 64n);
};
const plus = (a, b) => {
  if (a[0] === 0n || b[0] === 0n) return a[0] === 0n ? b : a;
  const [more, less] = a[1] >= b[1] ? [a, b] : [b, a];
  return upper(more[0] + shifted(less[0], more[1] - less[1]), more[1]);
};
const power = (base, exponent) => {
  let [product, square] = [upper(1n, 0n), base];
  for (let rest = exponent; rest > 0n; rest >>= 1n, square = times(square, square)) {
    if (rest & 1n) product = times(product, square);
  }
  return product;
};
const scaled = ([mantissa, exponent], parts) => min(shifted(mantissa * parts, -exponent), parts);

const passedUpper = (sampling) => times(upper(passed(sampling), 0n), power(ratio(1n, BILLION), 3n));

export function detection(sampling, wrong) {
  const [leaves, drawn, w] = [sampling.leaves, sampling.drawn, wrong].map(BigInt);
  if (passed(sampling) === null || w > leaves) return null;
  const e = passedUpper(sampling);
  const [few, many] = drawn < w ? [drawn, w] : [w, drawn];
  const spare = leaves - many;
  const least = max(few - spare, 0n);
  let choices = upper(1n, 0n);
  for (let index = 0n; index < min(few, spare); index += 1n) {
    choices = times(choices, ratio(max(few, spare) - index, leaves - index));
  }
  let term = times(choices, power(e, least));
  let undetected = term;
  for (let x = least; x < few; x += 1n) {
    term = times(times(term, ratio((few - x) * (many - x), (x + 1n) * (x + 1n + spare - few))), e);
    undetected = plus(undetected, term);
  }
  const fair = ((ONE_SQUARED - scaled(undetected, ONE_SQUARED)) * BigInt(sampling.audit_billionths)) / BILLION;
  const [passing, found] = odds(sampling);
  return Number((fair * found * BILLION) / (passing * ONE_SQUARED - (passing - found) * fair));
}

export function bond(sampling, fee, juryBill) {
  const e = passed(sampling);
  const [leaves, drawn, audit] = [sampling.leaves, sampling.drawn, sampling.audit_billionths].map(BigInt);
  if (e === null) return null;
  const one = (BILLION ** 3n - e) * audit * drawn;
  const all = (ONE_SQUARED - scaled(power(passedUpper(sampling), drawn), ONE_SQUARED)) * audit;
  if (one === 0n || all === 0n) return null;
  const ofOne = ceilDiv(fee * BILLION ** 4n, one);
  const ofAll = ceilDiv(fee * BILLION ** 3n, all);
  if (fitting(ofOne) === null || fitting(ofAll) === null) return null;
  const [passing, found] = odds(sampling);
  return fitting(ceilDiv(max(ofOne - fee / leaves, ofAll - fee) * passing, found) + juryBill);
}
