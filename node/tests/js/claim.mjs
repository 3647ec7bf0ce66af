// What a holder of the Ethereum token does: prove a place in the snapshot, sign with an Ethereum wallet, and claim with
// @polkadot/api, without an account or a fee. Then what others might try. Prints one JSON object.
//
//   node claim.mjs ws://127.0.0.1:9944

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { HDNodeWallet, concat, formatUnits, keccak256, toBeHex } from 'ethers';
import { randomBytes } from 'node:crypto';

const url = process.argv[2] ?? 'ws://127.0.0.1:9944';
const warnings = [];
console.warn = (...words) => warnings.push(words.join(' '));

const provider = new WsProvider(url);
const api = await ApiPromise.create({ provider, throwOnConnect: true, noInitWarn: true });
const keyring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 });
const newAccount = () => keyring.encodeAddress(randomBytes(32));

// --- the snapshot of development chains, as anybody can build it anew ------------------------------------------------

const OGPU = 10n ** BigInt(api.registry.chainDecimals[0]);
const phrase = 'test test test test test test test test test test test junk';
const wallets = [0, 1, 2].map((index) => HDNodeWallet.fromPhrase(phrase, '', `m/44'/60'/0'/0/${index}`));
const amounts = wallets.map((_, index) => BigInt(index + 1) * 1000n * OGPU);

const leaf = ({ address }, index) => keccak256(concat(['0x00', toBeHex(index, 4), address, toBeHex(amounts[index], 16)]));
const node = (left, right) => (right === undefined ? left : keccak256(concat(['0x01', left, right])));
const above = (level) => level.flatMap((left, at) => (at % 2 === 0 ? [node(left, level[at + 1])] : []));
const levels = [wallets.map(leaf)];
while (levels.at(-1).length > 1) levels.push(above(levels.at(-1)));
const proof = (index) => levels.slice(0, -1).flatMap((level, height) => level[(index >> height) ^ 1] ?? []);

const stored = (await api.query.ogpuToken.claims()).unwrap();
const root = { computed: levels.at(-1)[0], stored: stored.root.toHex() };
if (root.computed !== root.stored) throw new Error(`the snapshot is another one: ${JSON.stringify(root)}`);

// --- a claim ---------------------------------------------------------------------------------------------------------

const message = ({ genesis, index, amount, destination }) =>
  `I claim ${formatUnits(amount, api.registry.chainDecimals[0]).replace(/\.0$/, '')} OGPU, number ${index} of the snapshot,\n` +
  `for the account ${destination}\n` +
  `on the chain with the genesis ${genesis}`;

// The claim of a leaf by its holder for a new account. What is `sent` and what is `signed` can be made to differ.
async function claim(index, { sent = {}, signed = {}, wallet = wallets[index] } = {}) {
  const it = {
    genesis: api.genesisHash.toHex(),
    index,
    address: wallets[index].address,
    amount: amounts[index],
    proof: proof(index),
    destination: newAccount(),
    ...sent,
  };
  const signature = it.signature ?? (await wallet.signMessage(message({ ...it, ...signed })));
  return api.tx.ogpuToken.claim(it.index, it.address, it.amount, it.proof, signature, it.destination);
}

// The same call as a general transaction, the successor of the bare one: without a signer, but with what the runtime's
// extensions ask for. The library encodes it, but would add its length a second time when sending it.
const general = ({ method }) =>
  api.createType('GeneralExtrinsic', { payload: { era: '0x00', nonce: 0, tip: 0, mode: 0, method } }).toHex();

const names = (events) => events.map(({ event }) => `${event.section}.${event.method}`);

// Both return the final block and the events of the transaction.
const sendBare = (transaction) =>
  new Promise((resolve, reject) => {
    transaction
      .send(({ status, events, internalError }) => {
        if (internalError) reject(internalError);
        if (status.isInvalid || status.isDropped || status.isUsurped) reject(new Error(status.toString()));
        if (status.isFinalized) resolve({ block: status.asFinalized.toHex(), events: names(events) });
      })
      .catch(reject);
  });

async function sendGeneral(transaction) {
  const encoded = general(transaction);
  const block = await new Promise((resolve, reject) => {
    const tell = (error, status) => {
      if (error) reject(error);
      else if (status.finalized) resolve(status.finalized);
      else if (['invalid', 'dropped'].includes(status) || status.usurped) reject(new Error(JSON.stringify(status)));
    };
    provider.subscribe('author_extrinsicUpdate', 'author_submitAndWatchExtrinsic', [encoded], tell).catch(reject);
  });
  const position = (await provider.send('chain_getBlock', [block])).block.extrinsics.indexOf(encoded);
  const events = await (await api.at(block)).query.system.events();
  const ours = ({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(position);
  return { block, events: names(events.filter(ours)) };
}

const balance = async (account) => (await api.query.system.account(account)).data.free.toString();

// Sends a claim, waits until it is final, and tells what it did.
async function settle(form, send, transaction) {
  const destination = transaction.args[5].toString();
  const before = await balance(destination);
  const { block, events } = await send(transaction);
  return { form, block, events, before, received: await balance(destination) };
}

// --- who may not, and who may ----------------------------------------------------------------------------------------

const refusal = (sending) =>
  sending.then(
    () => 'accepted',
    (error) => error.message,
  );
const refused = async (...of) => refusal((await claim(...of)).send());

const refusals = {
  anotherWallet: await refused(2, { wallet: wallets[0] }),
  anotherChain: await refused(2, { signed: { genesis: toBeHex(1, 32) } }),
  anotherDestination: await refused(2, { signed: { destination: newAccount() } }),
  noSignature: await refused(2, { sent: { signature: concat([new Uint8Array(65)]) } }),
  wrongProof: await refused(2, { sent: { proof: [levels[0][0]] } }),
  shortProof: await refused(2, { sent: { proof: [] } }),
  wrongAmount: await refused(2, { sent: { amount: amounts[2] + 1n } }),
  anotherHolder: await refused(2, { sent: { address: wallets[0].address }, wallet: wallets[0] }),
  noSuchLeaf: await refused(2, { sent: { index: wallets.length } }),
  belowTheLeastBalance: await refused(2, { sent: { amount: 1n } }),
  moreThanIsLeft: await refused(2, { sent: { amount: stored.unclaimed.toBigInt() + 1n } }),
};

const first = await claim(0);
const second = await claim(1);
const claims = [await settle('bare', sendBare, first), await settle('general', sendGeneral, second)];

refusals.replayOfTheSameBytes = await refusal(first.send());
refusals.replayInAnotherForm = await refusal(provider.send('author_submitExtrinsic', [general(first)]));
refusals.replayToAnotherDestination = await refused(1);

console.log(JSON.stringify({ holders: wallets.map(({ address }) => address), root, claims, refusals, warnings }));
await api.disconnect();
