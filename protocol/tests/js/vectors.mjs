// The golden vectors of the protocol, recomputed in JavaScript: whoever writes a client, a worker or a verifier in
// another language does the same. Needs Node.js 18 or newer.
//
//   npm ci && node vectors.mjs

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { areas as market } from './market.mjs';
import * as rules from './rules.mjs';

const { blake2, concat, hex, unhex } = rules;
const folder = new URL('../../vectors/', import.meta.url);

const hexOrNull = (bytes) => bytes && hex(bytes);
const textOrNull = (number) => (number === null ? null : String(number));
const unhexAll = (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, unhex(value)]));
const stream = ({ domain, seed }) => new rules.Stream(domain, unhex(seed));

const committed = (tag, bytesOf) => (place) => {
  const { task, account, salt } = unhexAll({ task: place.task, account: place.account, salt: place.salt });
  return hex(rules.commit(tag, { task, account, salt, round: place.round }, bytesOf(place.value)));
};
const found =
  (...names) =>
  (value) =>
    rules.findingBytes(typeof value === 'string' ? value : names.map((name) => unhex(value[name])));
const shown = (proven) => proven && { leaf: unhexAll(proven.leaf), proof: proven.proof.map(unhex) };

// Detection is also compared with what it approximates, where the exact fractions are not too long.
function detected({ sampling, wrong }) {
  const billionths = wrong.map((wrong) => rules.detection(sampling, wrong));
  wrong.forEach((wrong, at) => {
    if (billionths[at] === null || sampling.leaves > 1_000) return;
    const [found, whole] = rules.exactDetection(sampling, wrong);
    const exact = Number((found * 10n ** 9n) / whole);
    assert(billionths[at] === exact || billionths[at] === exact - 1, `${billionths[at]} for ${exact}`);
  });
  return { billionths, cost_billionths: String(rules.auditCost(sampling)) };
}

function bonded({ sampling, fee, jury_bill }) {
  const bond = rules.bond(sampling, BigInt(fee), BigInt(jury_bill));
  if (bond !== null && sampling.leaves <= 1_000) {
    // The worst share of wrong leaves must not pay: all of them for small jobs, else those around the ends.
    const wrong = Array.from({ length: sampling.leaves }, (_, at) => at + 1);
    const losses = (sampling.leaves <= 100 ? wrong : [1, 2, sampling.leaves]).map((w) =>
      rules.exactLoss(sampling, w, BigInt(fee)),
    );
    const worst = losses.reduce((a, b) => (a > b ? a : b));
    const slack = worst / 10n ** 9n + BigInt(fee) / 10n ** 9n + 2n;
    const net = bond - BigInt(jury_bill);
    assert(worst <= net && net <= worst + slack, `${net} for ${worst}`);
  }
  return textOrNull(bond);
}

// For each file and each list of cases in it, what makes `out` of `in`.
const areas = {
  merkle: {
    leaves: ({ content }) => hex(rules.merkleLeaf(blake2, unhex(content))),
    trees: ({ contents }) => {
      const tree = rules.levels(
        blake2,
        contents.map((content) => rules.merkleLeaf(blake2, unhex(content))),
      );
      return (
        tree && { root: hex(tree.at(-1)[0]), proofs: contents.map((_, index) => rules.proof(tree, index).map(hex)) }
      );
    },
    roots: ({ count, index, leaf, proof }) =>
      hexOrNull(rules.rootFrom(blake2, count, index, unhex(leaf), proof.map(unhex))),
  },
  claims: {
    leaves: ({ index, address, amount }) => hex(rules.claimLeaf(index, unhex(address), BigInt(amount))),
    messages: ({ genesis, index, amount, destination }) => {
      const message = rules.claimMessage(unhex(genesis), index, BigInt(amount), destination);
      return { message, signed_hash: hex(rules.personalHash(message)) };
    },
    keys: ({ public_key }) => {
      const address = rules.addressOf(unhex(public_key));
      return { address: hex(address), checksummed: rules.checksummed(address) };
    },
    addresses: ({ text }) => rules.parseAddress(text),
    formatted: ({ amount }) => rules.formatOgpu(BigInt(amount)),
    parsed: ({ text }) => textOrNull(rules.parseOgpu(text)),
  },
  commitment: {
    results: committed('ogpu/task-result', ({ root, output }) => concat(unhex(root), unhex(output))),
    audits: committed('ogpu/audit-votes', found('opening', 'digest')),
    votes: committed('ogpu/juror-votes', found('digest', 'binding')),
    seeds: ({ author_outputs, task, round }) => hex(rules.seed(author_outputs.map(unhex), unhex(task), round)),
    secret_seeds: ({ author_outputs, secret, task, round }) =>
      hex(rules.secretSeed(author_outputs.map(unhex), unhex(secret), unhex(task), round)),
    secrets: ({ client, secret }) => hex(rules.secretCommitment(unhex(client), unhex(secret))),
    bindings: ({ round_seed, leaf_bytes }) => hex(rules.binding(unhex(round_seed), unhex(leaf_bytes))),
  },
  leaf: {
    digests: ({ task, index, leaf }) => hex(rules.leafDigest(unhex(task), index, unhexAll(leaf))),
    roots: ({ task, leaves }) =>
      hexOrNull(
        rules.root(
          blake2,
          leaves.map((leaf, index) => rules.leafDigest(unhex(task), index, unhexAll(leaf))),
        ),
      ),
    checks: ({ job, index, opening, reveal }) => {
      const known = { leaves: job.leaves, ...unhexAll({ task: job.task, root: job.root, start: job.start }) };
      const revealed = { leaf: shown(reveal.leaf), before: shown(reveal.before) };
      const { digest, mismatch } = rules.checkReveal(known, index, unhex(opening), revealed);
      return digest ? { digest: hex(digest) } : { mismatch };
    },
  },
  random: {
    lots: ({ bounds, ...source }) => {
      const random = stream(source);
      return bounds.map((bound) => String(random.below(bound)));
    },
    chances: ({ billionths, ...source }) => {
      const random = stream(source);
      return billionths.map((chance) => random.chance(chance));
    },
    samples: ({ size, count, ...source }) => rules.sample(stream(source), size, count),
    urns: ({ size, gone, count, ...source }) => {
      const [urn, random, lots] = [new rules.Urn(size), stream(source), []];
      for (const lot of gone.map(BigInt)) if (urn.has(lot)) urn.take(lot);
      while (lots.length < count && urn.left > 0n) lots.push(String(urn.draw(random)));
      return { lots, left: String(urn.left) };
    },
    weights: ({ weights, count, outside, ...source }) => {
      const table = new rules.Weights(weights);
      const point_outside = () => textOrNull(table.pointOutside(outside, stream(source)));
      return table.fits ? { drawn: table.draw(stream(source), count), point_outside: point_outside() } : null;
    },
  },
  seats: {
    allotments: ({ stakes, seats }) => rules.allot(stakes.map(BigInt), seats),
    rounds: ({ domain, table, rounds }) => {
      const held = new rules.Table(table);
      const urn = held.urn();
      return rounds.map(({ seed, count }) => {
        const seats = rules.drawSeats(urn, stream({ domain, seed }), count);
        return { seats, operators: held.group(seats) };
      });
    },
    pairs: ({ table, ...source }) => {
      const [held, random] = [new rules.Table(table), stream(source)];
      const seat = held.any(random);
      const other = seat === null ? null : held.other(seat, random);
      const operator = (seat) => (seat === null ? null : held.operator(seat));
      return { seat, operator: operator(seat), other, other_operator: operator(other) };
    },
  },
  audit: {
    classes: ({ class: name }) => {
      const jury = (draw_seats) => {
        const cap_seats = 9 * draw_seats;
        return { draw_seats, margin_seats: draw_seats - 1, cap_seats, redraw_seats: cap_seats };
      };
      const [certain, twentieth, doubled_billionths] = [1_000_000_000, 50_000_000, 200_000_000];
      return {
        audit_billionths: name === 'economy' ? twentieth : certain,
        leaves_billionths: name === 'assured' ? certain : twentieth,
        doubled_billionths,
        jury: jury(name === 'high' || name === 'assured' ? 23 : 11),
      };
    },
    probabilities: ({ floor_billionths, clean_fees, fee, times }) =>
      rules.auditProbability(floor_billionths, BigInt(clean_fees), BigInt(fee), times),
    drawn_leaves: ({ leaves, share_billionths }) => rules.drawnLeaves(leaves, share_billionths),
    draws: ({ seed, second_seed, table, ...terms }) => {
      const [held, random] = [new rules.Table(table), stream({ domain: 'ogpu/audit-draws', seed })];
      const leaves = rules.auditLeaves(random, terms);
      const checks = rules.assign(random, leaves, held);
      const later = stream({ domain: 'ogpu/twice-drawn', seed: second_seed });
      if (checks) rules.double(later, checks, terms.doubled_billionths, held);
      return { leaves, checks };
    },
    unanimous: ({ opening, digest, findings }) =>
      findings.length > 0 && findings.every((found) => found?.opening === opening && found?.digest === digest),
  },
  jury: {
    walks: rules.walk,
    verdicts: ({ tally, margin_seats }) => rules.verdictOf(tally, margin_seats),
    standings: ({ claimed, verdict, rounds }) => rules.standings(claimed, verdict, rounds),
  },
  math: {
    mul_div: ({ a, b, c }) => textOrNull(rules.mulDiv(BigInt(a), BigInt(b), BigInt(c))),
  },
  emission: {
    payouts: ({ left, yearly_share_billionths, elapsed_millis, nominal_millis }) =>
      String(rules.payout(...[left, yearly_share_billionths, elapsed_millis, nominal_millis].map(BigInt))),
    rows: ({ left, yearly_share_billionths, nominal_millis, eras }) => {
      let [rest, share, era] = [left, yearly_share_billionths, nominal_millis].map(BigInt);
      return Array.from({ length: eras }, () => {
        const paid = rules.payout(rest, share, era, era);
        rest -= paid;
        return String(paid);
      });
    },
    nominal: ({ epoch_blocks, sessions_per_era }) => {
      const millis = BigInt(epoch_blocks) * BigInt(sessions_per_era) * 3_000n;
      return String(millis < 2n ** 64n ? millis : 2n ** 64n - 1n);
    },
  },
  detection: { detections: detected, bonds: bonded },
  ...market,
};

test('every file of vectors is read, and nothing else is expected', () => {
  assert.deepEqual(
    readdirSync(folder).sort(),
    Object.keys(areas)
      .map((name) => `${name}.json`)
      .sort(),
  );
});

for (const [name, sections] of Object.entries(areas)) {
  const { description, ...lists } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  const count = Object.values(lists).reduce((sum, cases) => sum + cases.length, 0);
  test(`${name}: ${count} cases of ${Object.keys(lists).join(', ')}`, () => {
    assert.equal(typeof description, 'string');
    assert.deepEqual(Object.keys(lists), Object.keys(sections));
    for (const [section, cases] of Object.entries(lists)) {
      assert(cases.length > 0);
      cases.forEach((one, at) => {
        const out = sections[section](one.in);
        // As values, with the difference shown; the message would replace it.
        if (!isDeepStrictEqual(out, one.out)) console.error(`${name}.json, ${section}, case ${at}, counted from 0:`);
        assert.deepEqual(out, one.out);
      });
    }
  });
}
