// What a client in JavaScript does: looks at the services, has a price told, locks what answers for its inputs, asks, and
// follows its request to the end. Only the name of the inputs goes to the chain; the bytes are served by whoever has them
// (`ogpu share`). Without a service it publishes one, so that there is something to ask. Prints one JSON object.
//
//   node market.mjs ws://127.0.0.1:9944

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const url = process.argv[2] ?? 'ws://127.0.0.1:9944';
const warnings = [];
console.warn = (...words) => warnings.push(words.join(' '));

const provider = new WsProvider(url);
const api = await ApiPromise.create({ provider, throwOnConnect: true, noInitWarn: true });
const keyring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 });
const client = keyring.addFromUri('//Dave');
const hash = (text) => api.registry.hash(new TextEncoder().encode(text)).toHex();
const unit = 10n ** BigInt(api.registry.chainDecimals[0]);

// The network's own methods, which docs/openrpc.json describes.
const ask = (method, ...parameters) => provider.send(method, parameters);

const send = (call) =>
  new Promise((resolve, reject) => {
    call
      .signAndSend(client, { nonce: -1 }, ({ status, events, dispatchError }) => {
        if (dispatchError?.isModule) {
          const { section, name } = api.registry.findMetaError(dispatchError.asModule);
          reject(new Error(`${section}.${name}`));
        } else if (dispatchError) reject(new Error(dispatchError.toString()));
        if (status.isInvalid || status.isDropped || status.isUsurped) reject(new Error(status.toString()));
        if (status.isInBlock) resolve(events.map(({ event }) => event));
      })
      .catch(reject);
  });

const find = (events, section, method) => {
  const event = events.find((event) => event.section === section && event.method === method);
  if (!event) throw new Error(`no event ${section}.${method}`);
  return event.data;
};

let { services } = await ask('ogpu_services');
if (services.length === 0) {
  const leaf = { work: 1_000_000_000, recomputeWork: 1_000_000_000, fetchedBytes: 1_000_000 };
  // The class `standard`.
  const terms = {
    floor: unit / 1_000n,
    class: {
      auditBillionths: 1_000_000_000,
      leavesBillionths: 50_000_000,
      doubledBillionths: 200_000_000,
      jury: { drawSeats: 11, marginSeats: 10, capSeats: 99, redrawSeats: 99 },
    },
    capability: 0,
    width: 1,
    delivery: 'Verified',
    requirements: { kind: null, memoryMb: 0, score: 0, reputationBillionths: 0 },
  };
  await send(api.tx.continuousPool.publishService(hash('a manifest'), leaf, terms));
  ({ services } = await ask('ogpu_services'));
}
const [service] = services;

const wanted = { client: client.address, service: service.id, ceilingLeaves: 4 };
const quote = await ask('ogpu_quote', wanted);

const order = {
  inputs: hash('what it is asked'),
  ceilingLeaves: wanted.ceilingLeaves,
  promptWork: 0,
  maxPrice: service.leafPrice,
  windowBlocks: 10,
  secret: null,
};
const asking = api.tx.continuousPool.request(service.id, order);
const refusal = await send(asking).then(
  () => 'accepted',
  (error) => error.message,
);
const events = await send(api.tx.utility.batchAll([api.tx.stakingTrustlock.lock(100n * unit), asking]));
const name = find(events, 'continuousPool', 'Requested').request.toHex();

// Told now, and whenever something of it changes; a record, or null, comes last.
const told = [];
await new Promise((resolve, reject) => {
  const hear = (error, { task } = {}) => {
    if (error) return reject(error);
    if (told.at(-1) !== (task?.next?.act ?? task?.is ?? null)) told.push(task?.next?.act ?? task?.is ?? null);
    if (task === null || task.is === 'ended') resolve();
  };
  provider.subscribe('ogpu_taskChanged', 'ogpu_subscribeTask', [name], hear).catch(reject);
});

const tasks = await ask('ogpu_tasks', client.address);
console.log(JSON.stringify({ service, quote, refusal, name, told, open: tasks.requests.names, warnings }));
await api.disconnect();
