// What a developer with @polkadot/api does: connect, look around, send a transfer whose content a wallet could show,
// and see it final. Prints one JSON object.
//
//   node transfer.mjs ws://127.0.0.1:9944

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { randomBytes } from 'node:crypto';

const url = process.argv[2] ?? 'ws://127.0.0.1:9944';
const warnings = [];
console.warn = (...words) => warnings.push(words.join(' '));

const api = await ApiPromise.create({ provider: new WsProvider(url), throwOnConnect: true, noInitWarn: true });
const keyring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 });
const alice = keyring.addFromUri('//Alice');
const recipient = keyring.encodeAddress(randomBytes(32));
const amount = 3n * 10n ** BigInt(api.registry.chainDecimals[0]);

// The client computes the hash of the metadata itself; the chain refuses the signature if its own differs.
const metadata = (await api.call.metadata.metadataAtVersion(15)).unwrap();
const metadataHash = merkleizeMetadata(metadata.toHex(), {
  decimals: api.registry.chainDecimals[0],
  tokenSymbol: api.registry.chainTokens[0],
}).digest();

const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;
const transfer = (hash) =>
  new Promise((resolve, reject) => {
    api.tx.balances
      .transferKeepAlive(recipient, amount)
      .signAndSend(alice, { metadataHash: hex(hash), mode: 1, nonce: -1 }, ({ status, events, dispatchError }) => {
        if (dispatchError) reject(new Error(dispatchError.toString()));
        if (status.isInvalid || status.isDropped || status.isUsurped) reject(new Error(status.toString()));
        if (status.isFinalized) {
          resolve({ block: status.asFinalized.toHex(), events: events.map(({ event }) => `${event.section}.${event.method}`) });
        }
      })
      .catch(reject);
  });

const wrong = Uint8Array.from(metadataHash, (byte) => byte ^ 1);
const refusal = await transfer(wrong).then(
  () => 'accepted',
  (error) => error.message,
);
const finalised = await transfer(metadataHash);

// Every storage map and constant must decode with the types of the metadata alone.
let storageItems = 0;
for (const [section, items] of Object.entries(api.query)) {
  for (const [name, item] of Object.entries(items)) {
    if (item.creator.meta.type.isPlain && section !== 'substrate') {
      await item();
      storageItems += 1;
    }
  }
}

const { data } = await api.query.system.account(recipient);
console.log(
  JSON.stringify({
    chain: (await api.rpc.system.chain()).toString(),
    ss58Format: api.registry.chainSS58,
    token: api.registry.chainTokens[0],
    extensions: api.registry.signedExtensions,
    storageItems,
    refusal,
    finalised,
    sent: amount.toString(),
    received: data.free.toString(),
    warnings,
  }),
);
await api.disconnect();
