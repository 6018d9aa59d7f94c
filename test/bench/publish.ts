import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { ask, registerEventType } from '../support/client.ts';
import { costOf, loadHttp } from './http-load.ts';
import { inRounds, ratios, shown } from './rounds.ts';
import { openSite, startProgram } from './site.ts';

/**
 * `npm run bench:publish` measures the cost of one call of `publishEvents`. It compares it with a GraphQL server that
 * does nothing with the same body, and with one row inserted and committed over HTTP. All of them take turns, round
 * by round. At the end the tenant gets 10,000 endpoints of other types, and publishing is measured once more. The API runs without a worker, so only publishing is measured. It needs Linux, because it reads the CPU
 * time from /proc.
 */
const rounds = Number(process.argv[2] ?? 3);
const partMs = 1_500;

const site = await openSite();
const { token } = site;
const server = await site.start();
const hello = await startProgram('./hello.ts', [site.url]);
const api = { origin: server.origin, pid: server.pid, dataDir: site.dir };
const least = { origin: hello.origin, pid: hello.pid, dataDir: site.dir };
const caller = { origin: server.origin, token };
await registerEventType(caller, { name: 'order.paid', example: { total: 1 } });
const { createEndpoint } = await ask<{ createEndpoint: { __typename: string } }>(
  caller,
  `mutation { createEndpoint(input: { url: "http://127.0.0.1:8080/", events: ["order.paid"] }) { __typename ... on Error { message } } }`,
);
if (createEndpoint.__typename !== 'CreateEndpointPayload') throw new Error(JSON.stringify(createEndpoint));
const database = new pg.Client({ connectionString: site.url });
await database.connect();

const payload = {
  order: 'a'.repeat(36),
  customer: 'b'.repeat(36),
  lines: Array(8).fill({ sku: 'c'.repeat(20), amount: 12 }),
};
const document = `mutation Publish($input: PublishEventsInput!) {
  publishEvents(input: $input) { __typename ... on PublishEventsPayload { events { event { id } isDuplicate deliveryCount } } ... on Error { code message } } }`;
let published = 0;

const publish =
  (callers: number, events: number, keyed = false) =>
  () =>
    loadHttp(api, {
      ms: partMs,
      token,
      callers,
      unit: events,
      bodyOf: () =>
        JSON.stringify({
          query: document,
          variables: {
            input: {
              events: Array.from({ length: events }, () => ({
                type: 'order.paid',
                payload,
                ...(keyed ? { idempotencyKey: randomUUID() } : {}),
              })),
            },
          },
        }),
      check(text) {
        if (!text.includes('deliveryCount":1')) throw new Error(text);
        published += events;
      },
    });

const helloBody = JSON.stringify({
  query: 'mutation Hello($input: HelloInput!) { hello(input: $input) }',
  variables: { input: { events: [{ type: 'order.paid', payload }] } },
});
const bare = (path: string, callers: number, body: string) => () =>
  loadHttp(least, { ms: partMs, token, callers, path, bodyOf: () => body, check() {} });

const parts = {
  'hello query, 8': bare('/graphql', 8, JSON.stringify({ query: '{ hello }' })),
  'viewer, 8': () =>
    loadHttp(api, {
      ms: partMs,
      token,
      callers: 8,
      bodyOf: () => JSON.stringify({ query: '{ viewer { __typename } }' }),
      check(text) {
        if (!text.includes('"Viewer"')) throw new Error(text);
      },
    }),
  'hello mutation, 32': bare('/graphql', 32, helloBody),
  'publish, 32': publish(32, 1),
  'insert, 1': bare('/insert', 1, helloBody),
  'publish, 1': publish(1, 1),
  'publish, 8': publish(8, 1),
  'publish with a key, 8': publish(8, 1, true),
  'publish 100, 4': publish(4, 100),
};
for (const part of Object.values(parts)) await part();
const found = await inRounds(rounds, parts);
for (const [name, figures] of Object.entries(found)) console.log(costOf(name, figures));
const told = (name: string, values: readonly number[]) =>
  console.log(`${name.padEnd(44)} ${shown(values, 2)}`);
told('viewer / hello query, CPU', ratios(found['viewer, 8'], found['hello query, 8'], 'node'));
told(
  'publish / hello mutation, 32 callers, rate',
  ratios(found['publish, 32'], found['hello mutation, 32'], 'perSecond'),
);
told(
  'publish / hello mutation, 32 callers, CPU',
  ratios(found['publish, 32'], found['hello mutation, 32'], 'node'),
);
told('publish / bare insert, 1 caller, p50', ratios(found['publish, 1'], found['insert, 1'], 'p50'));

await database.query(
  `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
   select owner_id, gen_random_uuid(), 'TENANT', url, array['other.' || n % 1000], true, 'VERIFIED'
     from endpoint, generate_series(1, 10000) n`,
);
await publish(8, 1)();
const crowded = await inRounds(rounds, { 'publish, 8': publish(8, 1) });
told(
  'beside 10,000 endpoints of other types, CPU',
  ratios(crowded['publish, 8'], found['publish, 8'], 'cpu'),
);

const { rows } = await database.query<{ events: number; deliveries: number; lines: number }>(
  `select (select count(*)::int from event) as events, (select count(*)::int from delivery) as deliveries,
          (select count(*)::int from delivery_log) as lines`,
);
const [stored] = rows;
if (stored?.events !== published || stored.deliveries !== published || stored.lines !== published)
  throw new Error(`${published} were answered, but stored are ${JSON.stringify(stored)}`);
console.log(`${published} events were answered; as many events, deliveries and lines of the log are stored`);

await database.end();
hello.child.disconnect();
await server.stop();
await site.close();
