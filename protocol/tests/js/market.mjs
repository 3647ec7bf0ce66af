// The rules of the market once more, for vectors.mjs: auctions, pools, reputation and fines. Amounts are BigInt.

import * as rules from './rules.mjs';

const { hex, unhex, mulDiv } = rules;
const BILLION = 10n ** 9n;
const U128_MAX = 2n ** 128n - 1n;
const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2n ** 32n - 1n;

const max = (a, b) => (a > b ? a : b);
const min = (a, b) => (a < b ? a : b);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0n);
const less = (a, b) => max(a - b, 0n);
const ceilDiv = (a, b) => (a + b - 1n) / b;
const share = (amount, billionths) => (amount * BigInt(billionths)) / BILLION;
const shareUp = (amount, billionths) => ceilDiv(amount * BigInt(billionths), BILLION);
const capped = (value) => min(value, U128_MAX);

// What goes in, with strings of digits as BigInt; what comes out, the other way round.
const read = (value) => {
  if (Array.isArray(value)) return value.map(read);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, read(of)]));
  return typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : value;
};
const write = (value) => {
  if (Array.isArray(value)) return value.map(write);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, write(of)]));
  return typeof value === 'bigint' ? String(value) : (value ?? null);
};
const all = (sections) =>
  Object.fromEntries(Object.entries(sections).map(([name, make]) => [name, (value) => write(make(read(value)))]));
const DAY = 28_800;

// --- auctions --------------------------------------------------------------------------------------------------------

const auctionDefaults = {
  most_speed_billionths: 900_000_000,
  handicap_billionths: 100_000_000,
  window_blocks: 30 * DAY,
};

function auction({ ceiling, longest_blocks, speed_billionths, usual_price, bids, late_blocks }) {
  if (ceiling === 0n || longest_blocks === 0 || speed_billionths > auctionDefaults.most_speed_billionths) return null;
  const [longest, speed] = [longest_blocks, speed_billionths].map(BigInt);
  const factor = ({ reputation_billionths }) =>
    BILLION + share(BigInt(auctionDefaults.handicap_billionths), less(BILLION, BigInt(reputation_billionths)));
  // Both parts over ceiling × longest; the score in parts of 10⁻¹⁸.
  const costOf = (price, blocks) => (BILLION - speed) * price * longest + speed * BigInt(blocks) * ceiling;
  const score = (bid) =>
    bid.price > ceiling || bid.eta_blocks > longest_blocks
      ? null
      : (costOf(bid.price, bid.eta_blocks) * factor(bid)) / (ceiling * longest);
  const better = (a, b) => (score(a) === score(b) ? a.tie < b.tie : score(a) < score(b));

  const running = [];
  const out = bids.map((bid) => {
    if (score(bid) === null) return bid.bidder;
    const place = running.findIndex((other) => better(bid, other));
    running.splice(place < 0 ? running.length : place, 0, bid);
    return running.length > 2 ? running.pop().bidder : null;
  });
  const [winner, second] = running;
  // The highest price, found as a search would: the score grows with it.
  const priceAt = (bar, blocks, who) => {
    const wins = (price) => (costOf(price, blocks) * factor(who)) / (ceiling * longest) <= bar;
    if (bar < 0n || blocks > longest_blocks || !wins(0n)) return null;
    let [low, high] = [0n, ceiling + 1n];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (wins(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
  const award = () => {
    const mustBeat = second !== undefined && second.tie < winner.tie;
    const alone = min(max(usual_price ?? 0n, winner.price), ceiling);
    const bar = second ? score(second) : score({ ...winner, price: alone });
    const reach = mustBeat ? bar - 1n : bar;
    const fee = second ? priceAt(reach, winner.eta_blocks, winner) : alone;
    const late = (blocks) => min(priceAt(reach, blocks, winner) ?? 0n, fee);
    const course = (elapsed, verified) => {
      const expected = verified === 0n ? U32_MAX : min(ceilDiv(BigInt(elapsed) * 1_000n, verified), U32_MAX);
      return expected <= BigInt(winner.eta_blocks) ? fee : late(Number(expected));
    };
    const half = Math.floor(longest_blocks / 2);
    const onCourse = [
      [0, 0n],
      [1, 0n],
      [5, 500n],
      [half, 333n],
      [longest_blocks, 1_000n],
    ].map((at) => course(...at));
    return { fee, score: bar, must_beat: mustBeat, fees_when_late: late_blocks.map(late), fees_on_course: onCourse };
  };
  return {
    scores: bids.map(score),
    out,
    winner: winner?.bidder,
    runner_up: second?.bidder,
    award: winner ? award() : null,
  };
}

function usualPrice({ sales, now, work }) {
  const recent = (at, until) => until - at.settled <= auctionDefaults.window_blocks;
  let kept = [];
  for (const sale of sales.filter((sale) => sale.work > 0n)) {
    kept = kept.filter((other) => recent(other, sale.settled));
    kept.push({ ...sale, price: ceilDiv(sale.fee * BILLION, sale.work) });
    if (kept.length > 32) {
      const lightest = kept.reduce((least, sale) => min(least, sale.work), kept[0].work);
      kept.splice(
        kept.findIndex((sale) => sale.work === lightest),
        1,
      );
    }
  }
  const known = kept.filter((sale) => recent(sale, now)).sort((a, b) => (a.price < b.price ? -1 : 1));
  const total = sum(known.map((sale) => sale.work));
  let sold = 0n;
  const median = known.find((sale) => 2n * (sold += sale.work) >= total);
  return median ? ceilDiv(median.price * work, BILLION) : null;
}

// --- pools -----------------------------------------------------------------------------------------------------------

const pools = {
  slot_blocks: 100,
  target_billionths: 750_000_000,
  step_billionths: 50_000_000,
  most_floors: 100,
  surcharge_burned_billionths: 500_000_000,
  burned_billionths: 20_000_000,
  tie_blocks: 2,
  weight_per_ogpu: '1000',
  pot_billionths: 250_000_000,
};

function nextPrice({ price, floor, used, capacity }) {
  const [target, step] = [pools.target_billionths, pools.step_billionths].map(BigInt);
  const use = capacity === 0n ? 0n : min((used * BILLION) / capacity, BILLION);
  const change = (off, most) => {
    const part = (step * off) / most;
    return part === 0n ? 0n : max(share(price, part), 1n);
  };
  const next =
    use > target ? capped(price + change(use - target, BILLION - target)) : less(price, change(target - use, target));
  const least = max(floor, 1n);
  return min(max(next, least), capped(least * BigInt(pools.most_floors)));
}

function leafPay({ leaf_price, floor, leaves }) {
  const fee = leaf_price * BigInt(leaves);
  if (fee > U128_MAX) return null;
  const surcharge = less(leaf_price, floor) * BigInt(leaves);
  const burned = min(
    shareUp(fee, pools.burned_billionths) + shareUp(surcharge, pools.surcharge_burned_billionths),
    fee,
  );
  return { provider: fee - burned, burned };
}

const SLOTS = 12;

function market({ floor, start, steps }) {
  const empty = () => Array(SLOTS).fill(0n);
  let it = { leaf_price: max(floor, 1n), slot: 0, opened: start, settled: empty(), capacity: empty() };
  const served = {};
  return steps.map(({ now, leaves, capacity, device }) => {
    const passed = Math.floor(Math.max(0, now - it.opened) / pools.slot_blocks);
    if (passed > 4_032) it = { ...it, leaf_price: max(floor, 1n), settled: empty(), capacity: empty() };
    for (let closed = 0; closed < passed; closed += 1) {
      const demand = [...it.settled].sort((a, b) => (a < b ? -1 : 1))[SLOTS / 2 - 1];
      it.leaf_price = nextPrice({ price: it.leaf_price, floor, used: demand, capacity: sum(it.capacity) });
      it.settled = [...it.settled.slice(1), 0n];
      it.capacity = [...it.capacity.slice(1), 0n];
    }
    it.slot += passed;
    it.opened += passed * pools.slot_blocks;
    it.settled[SLOTS - 1] += BigInt(leaves);
    const before = served[device];
    if (before && it.slot - before.slot < SLOTS) it.capacity[SLOTS - 1 - (it.slot - before.slot)] -= before.capacity;
    it.capacity[SLOTS - 1] += capacity;
    served[device] = { slot: it.slot, capacity };
    return { ...it, settled: [...it.settled], capacity: [...it.capacity] };
  });
}

function race({ domain, seed, candidates, width }) {
  const random = new rules.Stream(domain, unhex(seed));
  const total = sum(candidates.map(({ weight }) => weight));
  const shift = BigInt(Math.max(0, (total === 0n ? 0 : total.toString(2).length) - 64));
  const places = candidates.map(({ operator, weight }, place) => ({ operator, place, weight: weight >> shift }));
  const operators = [...new Set(candidates.map(({ operator }) => operator))].sort();
  const devices = operators.map((operator) => places.filter((place) => place.operator === operator));
  const weights = devices.map((list) => sum(list.map(({ weight }) => weight)));
  const wide = Math.min(width, 16);
  const table = new rules.Weights(weights);
  if (table.total === 0n) return [];
  const lots = new Map();
  for (let lot = 0; lot < wide; lot += 1) {
    const operator = table.at(random.below(table.total));
    lots.set(operator, (lots.get(operator) ?? 0) + 1);
  }
  return [...lots].map(([operator, lots]) => {
    const [device] = new rules.Weights(devices[operator].map(({ weight }) => weight)).draw(random, 1);
    return { candidate: devices[operator][device].place, lots };
  });
}

function leader({ arrivals }) {
  const first = Math.min(...arrivals.map(({ block }) => block));
  const tied = arrivals
    .map((arrival, place) => ({ ...arrival, place }))
    .filter(({ block }) => block - first <= pools.tie_blocks);
  return tied.sort((a, b) => a.rank - b.rank || a.block - b.block || a.place - b.place)[0]?.place;
}

function admit({ drawn, arrivals, closes, has_ended, rank, now }) {
  if (has_ended) return { refused: 'Ended' };
  if (now > closes) return { refused: 'Closed' };
  if (rank === null || rank >= drawn) return { refused: 'NotDrawn' };
  if (arrivals.some((arrival) => arrival.rank === rank)) return { refused: 'AlreadyCommitted' };
  return arrivals.length >= drawn ? { refused: 'Full' } : { rank };
}

const OGPU = 10n ** 18n;
const drawWeight = ({ score, observed, free_bond }) =>
  [observed ?? score, min((free_bond * BigInt(pools.weight_per_ogpu)) / OGPU, U64_MAX)].reduce(min, score);

function pot({ fee, width, lots }) {
  const pot = width > 1 ? shareUp(fee, pools.pot_billionths) : 0n;
  return { pot, share: width === 0 ? 0n : min((pot * BigInt(lots)) / BigInt(Math.min(width, 16)), pot) };
}

// --- reputation ------------------------------------------------------------------------------------------------------

const names = {
  merit_half_life_blocks: 90 * DAY,
  fault_half_life_blocks: 360 * DAY,
  half_experience: String(1_000n * OGPU),
  punctuality_credit: String(10n * OGPU),
  trusted_multiple: 10,
};

function decayed({ amount, since, now, half_life_blocks }) {
  const [half, from, to] = [Math.max(half_life_blocks, 1), since, Math.max(now, since)].map(BigInt);
  const height = (block) => 2n * half - (block % half);
  const halvings = to / half - from / half;
  return halvings > 127n ? 0n : capped((amount * height(to)) / height(from)) >> halvings;
}

const part = (some, other) => {
  const [a, b] = some + other <= U128_MAX ? [some, other] : [some >> 2n, other >> 2n];
  return a + b === 0n ? 0n : (a * BILLION) / (a + b);
};

function life({ deeds, looks }) {
  const at = (record, now) => {
    const fade = (amount, half_life_blocks) => decayed({ amount, since: record.written, now, half_life_blocks });
    const merit = (amount) => fade(amount, names.merit_half_life_blocks);
    return {
      clean: merit(record.clean),
      punctual: merit(record.punctual),
      late: merit(record.late),
      faults_billionths: fade(record.faults_billionths, names.fault_half_life_blocks),
      written: Math.max(now, record.written),
    };
  };
  let record = { clean: 0n, punctual: 0n, late: 0n, faults_billionths: 0n, written: 0 };
  for (const { now, what, fee } of deeds) {
    record = at(record, now);
    if (what === 'audited') record.clean = capped(record.clean + fee);
    else if (what === 'fault')
      Object.assign(record, { clean: 0n, faults_billionths: record.faults_billionths + BILLION });
    else record[what] = capped(record[what] + fee);
  }
  const percent = (billionths) => `${billionths / 10_000_000n}.${(billionths / 1_000_000n) % 10n} %`;
  const look = (now) => {
    const seen = at(record, now);
    const experience = part(seen.clean, BigInt(names.half_experience));
    const punctuality = BILLION - part(seen.late, capped(seen.punctual + BigInt(names.punctuality_credit)));
    const faultlessness = BILLION - part(seen.faults_billionths, BILLION);
    const score = (((experience * punctuality) / BILLION) * faultlessness) / BILLION;
    const stakes = [0n, OGPU, 50n * OGPU, 21_000_000n * OGPU];
    const audits = stakes.map((stake) => rules.auditProbability(50_000_000, seen.clean, stake, names.trusted_multiple));
    const words =
      `${percent(score)} = experience ${percent(experience)} (${seen.clean / OGPU} OGPU audited clean) × ` +
      `punctuality ${percent(punctuality)} (${seen.late / OGPU} OGPU late, ${seen.punctual / OGPU} in time) × ` +
      `faultlessness ${percent(faultlessness)}`;
    const [s, e, p, f] = [score, experience, punctuality, faultlessness].map(Number);
    return { score: s, experience: e, punctuality: p, faultlessness: f, record: seen, audits, words };
  };
  return { record, looked: looks.map(look) };
}

// --- fines and settlements -------------------------------------------------------------------------------------------

const fines = {
  burned_billionths: 20_000_000,
  compensation_billionths: 100_000_000,
  finder_billionths: 200_000_000,
  lateness_billionths: 100_000_000,
  abandoned_billionths: 200_000_000,
  retained_billionths: 100_000_000,
  unrevealed_billionths: 100_000_000,
  challenged_billionths: 500_000_000,
  silence_tenths: 1,
  vote_tenths: 50,
  approval_tenths: 200,
};

// Gives parts of a sum to some, one after the other, as far as it reaches, and burns the rest.
function given(taken, ...dues) {
  const to = { client: 0n, jury: 0n, finder: 0n, provider: 0n, treasury: 0n, burned: 0n };
  let left = taken;
  for (const [who, due] of dues) {
    const paid = min(due, left);
    to[who] += paid;
    left -= paid;
  }
  to.burned += left;
  return { taken, to };
}

function pin({ bond, jury_bill, fee, released_at_most }) {
  const promised = capped(released_at_most + jury_bill + shareUp(fee, fines.compensation_billionths));
  const withFinder = capped(ceilDiv(promised * BILLION, BILLION - BigInt(fines.finder_billionths)));
  return [withFinder, shareUp(fee, fines.abandoned_billionths)].reduce(max, capped(bond + released_at_most));
}

function convicted({ lock, bond, jury_bill, fee, spent_by_client, has_finder }) {
  const taken = min(max(bond, jury_bill), lock);
  const finder = has_finder ? share(taken, fines.finder_billionths) : 0n;
  const compensation = shareUp(fee, fines.compensation_billionths);
  return given(taken, ['client', spent_by_client], ['jury', jury_bill], ['client', compensation], ['finder', finder]);
}

function seatFault({ fault, jury_bill, stake, leaf_fee }) {
  const bill = fault === 'SilentBeforeCommit' ? 0n : jury_bill;
  const tenths =
    { WrongApproval: fines.approval_tenths, SilentBeforeCommit: fines.silence_tenths, Unserved: 0 }[fault] ??
    fines.vote_tenths;
  const caused = ['FalseAlarm', 'SilentAfterReveal', 'Unserved'].includes(fault) ? bill : 0n;
  return given(min(ceilDiv(leaf_fee * BigInt(tenths), 10n) + caused, stake), ['jury', bill]);
}

function unserved({ jury_bill, auditors, pinned }) {
  const ofProvider = min(ceilDiv(jury_bill, 2n), pinned);
  const [half, many] = [jury_bill / 2n, BigInt(auditors)];
  const part = (place) => half / many + (BigInt(place) < half % many ? 1n : 0n);
  return {
    provider: given(ofProvider, ['jury', ofProvider]),
    auditors: Array.from({ length: auditors }, (_, place) =>
      seatFault({ fault: 'Unserved', jury_bill: part(place), stake: OGPU, leaf_fee: 101n }),
    ),
  };
}

const falseChallenge = ({ bond, jury_bill }) =>
  given(bond, ['jury', jury_bill], ['provider', share(bond, fines.challenged_billionths)]);

function inputFault({ lock, elapsed_pay, jury_bill }) {
  const pay = min(elapsed_pay, less(lock, jury_bill));
  return given(
    min(jury_bill, lock) + pay,
    ['jury', jury_bill],
    ['provider', pay - shareUp(pay, fines.burned_billionths)],
  );
}

function unrevealed({ lock, ceiling }) {
  const taken = min(shareUp(ceiling, fines.unrevealed_billionths), lock);
  return given(taken, ['treasury', taken]);
}

function undecided({ fee, checking, challenge_bond, jury_bill, grant }) {
  const ofChecking = min(checking, jury_bill);
  const ofBond = min(challenge_bond, jury_bill - ofChecking);
  const ofGrant = min(grant, jury_bill - ofChecking - ofBond);
  const client = fee + checking - ofChecking;
  if (client > U128_MAX) return null;
  return { client, jury: ofChecking + ofBond + ofGrant, challenger: challenge_bond - ofBond, from_treasury: ofGrant };
}

function ends({ held, fee, released, bond }) {
  const ended = (earned, penalty) => {
    const paid = min(held, less(earned, released));
    const pay = paid - shareUp(paid, fines.burned_billionths);
    const fromBond = min(less(penalty, pay), bond);
    const { to } = given(
      held + fromBond,
      ['provider', less(pay, penalty)],
      ['client', held - paid + min(pay, penalty) + fromBond],
    );
    return { from_held: held, from_bond: fromBond, to };
  };
  const milestone = (verified, total, course) => {
    if (total === 0n) return null;
    const earned = mulDiv(min(fee, course), min(verified, total), total);
    const release = min(less(earned - shareUp(earned, fines.retained_billionths), released), held);
    const { to } = given(release, ['provider', release - shareUp(release, fines.burned_billionths)]);
    return { from_held: release, from_bond: 0n, to };
  };
  const cancelled = (verified, total, since, course) =>
    total === 0n ? null : ended(max((min(fee, course) * min(verified + since, total)) / total, released), 0n);
  const third = fee / 3n;
  const abandoned = min(shareUp(fee, fines.abandoned_billionths), bond);
  return {
    finished: ended(fee, 0n),
    late: ended(third, shareUp(fee, fines.lateness_billionths)),
    abandoned: given(abandoned, ['client', abandoned]),
    milestones: [milestone(500n, 1_000n, fee), milestone(2_000n, 1_000n, third), milestone(0n, 0n, fee)],
    cancelled: [
      cancelled(500n, 1_000n, 200n, fee),
      cancelled(500n, 1_000n, 200n, third),
      cancelled(0n, 1_000n, 0n, fee),
      cancelled(0n, 0n, 200n, fee),
    ],
  };
}

// --- for each list of cases, what makes `out` of `in` ----------------------------------------------------------------

export const areas = {
  auction: all({
    defaults: () => auctionDefaults,
    auctions: auction,
    ties: ({ seed, operator }) =>
      hex(rules.blake2(rules.concat(rules.ascii('ogpu/auction-tie'), unhex(seed), unhex(operator)))),
    offers: ({ task, account, round, salt, value }) => {
      const bytes = rules.concat(rules.littleEndian(value.price, 16), rules.u32(value.eta_blocks), unhex(value.device));
      return hex(
        rules.commit(
          'ogpu/auction-bid',
          { task: unhex(task), account: unhex(account), round, salt: unhex(salt) },
          bytes,
        ),
      );
    },
    usual_prices: usualPrice,
  }),
  pool: all({
    defaults: () => pools,
    next_prices: nextPrice,
    pays: leafPay,
    markets: market,
    draws: race,
    leaders: leader,
    admissions: admit,
    weights: drawWeight,
    pots: pot,
  }),
  reputation: all({ defaults: () => names, decays: decayed, lives: life }),
  slashing: all({
    defaults: () => fines,
    pins: pin,
    convictions: convicted,
    seat_faults: seatFault,
    unserved,
    false_challenges: falseChallenge,
    input_faults: inputFault,
    unrevealed_bids: unrevealed,
    undecided,
    ends,
  }),
};
