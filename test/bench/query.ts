import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { encodeId } from '../../src/ids.ts';
import { ask, publish, registerEventType } from '../support/client.ts';
import { costOf, loadHttp } from './http-load.ts';
import { inRounds, ratios, shown } from './rounds.ts';
import { openSite, startProgram } from './site.ts';

/**
 * `npm run bench:query [ROUNDS]` measures what reading costs: a page of the log of deliveries, one delivery with its
 * endpoint, event and attempts, and the statistics of a day. Each takes turns, round by round, with the least that it
 * could cost: prepared statements that read the same rows and JSON.stringify, over HTTP. What counts is the CPU time
 * of Node and PostgreSQL together. It needs Linux, because it reads the CPU time from /proc.
 */
const rounds = Number(process.argv[2] ?? 3);
const partMs = 2_000;
const callers = 4;
const endpoints = 10;
const events = 20;
const pageSize = 100;

const site = await openSite();
const { token } = site;
const sink = await startProgram('./sink.ts');
const sending = await site.start({ ROLE: 'all' });
const caller = { origin: sending.origin, token };
await registerEventType(caller, { name: 'order.paid', example: { total: 1 } });
for (let made = 0; made < endpoints; made += 1) {
  await ask(
    caller,
    'mutation ($url: String!) { createEndpoint(input: { url: $url, events: ["order.paid"] }) { __typename } }',
    { url: `${sink.origin}/${made}` },
  );
}
const payload = { order: 'a'.repeat(36), lines: Array(8).fill({ sku: 'c'.repeat(20), amount: 12 }) };
await publish(
  caller,
  Array.from({ length: events }, () => ({ type: 'order.paid', payload })),
);
const database = new pg.Client({ connectionString: site.url });
await database.connect();
const left = async () =>
  (await database.query<{ left: boolean }>('select exists (select from due) as left')).rows[0]?.left;
while ((await left()) !== false) await delay(50);
await sending.stop();
await database.query('vacuum analyze');
const { rows } = await database.query<{ ownerId: string; id: string }>(
  'select owner_id as "ownerId", id from delivery order by id desc limit 50',
);
const [newest] = rows;
if (newest === undefined) throw new Error('Nothing was delivered.');
await database.end();

const server = await site.start();
const hello = await startProgram('./hello.ts', [site.url]);
const since = new Date(Date.now() - 86_400_000).toISOString();

const row =
  'id status failureReason eventType kind createdAt completedAt nextAttemptAt attemptCount maxAttempts endpoint { id url }';
const page = `query ($first: Int) { deliveries(first: $first) { logPosition pageInfo { hasNextPage endCursor } nodes { ${row} } } }`;
const delivery = `query ($id: ID!) { delivery(id: $id) { ${row} event { id type occurredAt payloadText }
  attempts { id number startedAt outcome durationMs error responseStatus responseBody requestHeaders { name value } responseHeaders { name value } } } }`;
const statistics = `query ($since: DateTime) { deliveryStats(since: $since) {
  total succeeded failed inFlight successRate lastDeliveryAt lastSuccessAt lastFailureAt } }`;

const asked = (query: string, variables: () => object, expected: string) => () =>
  loadHttp(
    { origin: server.origin, pid: server.pid, dataDir: site.dir },
    {
      ms: partMs,
      callers,
      token,
      bodyOf: () => JSON.stringify({ query, variables: variables() }),
      check(text) {
        if (!text.includes(expected)) throw new Error(text);
      },
    },
  );
const bare = (path: string, variables: () => object, expected: string) => () =>
  loadHttp(
    { origin: hello.origin, pid: hello.pid, dataDir: site.dir },
    {
      ms: partMs,
      callers,
      path,
      bodyOf: () => JSON.stringify(variables()),
      check(text) {
        if (!text.includes(expected)) throw new Error(text);
      },
    },
  );
const one = () => rows[Math.floor(Math.random() * rows.length)] ?? newest;
const { ownerId } = newest;

const parts = {
  'page, bare': bare('/deliveries', () => ({ ownerId, first: pageSize + 1 }), 'SUCCEEDED'),
  page: asked(page, () => ({ first: pageSize }), 'SUCCEEDED'),
  'delivery, bare': bare('/delivery', one, 'response_status'),
  delivery: asked(delivery, () => ({ id: encodeId('Delivery', one().id) }), 'responseStatus'),
  'statistics, bare': bare('/statistics', () => ({ ownerId, since }), 'succeeded'),
  statistics: asked(statistics, () => ({ since }), '"succeeded":200'),
};
for (const part of Object.values(parts)) await part();
const found = await inRounds(rounds, parts);
for (const [name, figures] of Object.entries(found)) console.log(costOf(name, figures));
for (const name of ['page', 'delivery', 'statistics'] as const) {
  const of = (what: string, digits = 2) => shown(ratios(found[name], found[`${name}, bare`], what), digits);
  console.log(
    `${`${name} / bare`.padEnd(22)} CPU ${of('cpu')}   Node ${of('node')}   PostgreSQL ${of('postgres')}`,
  );
}
for (const { child } of [hello, sink]) child.disconnect();
await server.stop();
await site.close();
