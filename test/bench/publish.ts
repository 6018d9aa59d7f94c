import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { ask, registerEventType } from '../support/client.ts';
import { startServer } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';
import { cpuMicrosOf, postgresCpuMicros } from './cpu.ts';
import { type Figures, inRounds, ratios, shown } from './rounds.ts';

/**
 * `npm run bench:publish` measures the cost of one call of `publishEvents`. It compares it with a GraphQL server that
 * does nothing with the same body, and with one row inserted and committed over HTTP. All of them take turns, round
 * by round. The API runs without a worker, so only publishing is measured. It needs Linux, because it reads the CPU
 * time from /proc.
 */
const rounds = Number(process.argv[2] ?? 3);
const partMs = 1_500;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir });
const issuer = await createTokenIssuer();
const server = await startServer({
  ...issuer.environment,
  DATABASE_URL: postgres.url,
  DATA_DIR: dir,
  PORT: '0',
  ROLE: 'api',
  NODE_ENV: 'production',
  RATE_LIMIT_PER_MINUTE: '100000000',
  REQUIRE_VERIFICATION: 'false',
  EGRESS_ALLOW: '127.0.0.1/32',
  SECRETS_KEYS: `bench:${randomBytes(32).toString('base64')}`,
});
const hello = fork(new URL('./hello.ts', import.meta.url), [postgres.url], { execArgv: ['--import', 'tsx'] });
const [{ port }] = await once(hello, 'message');
const helloOrigin = `http://127.0.0.1:${port}`;
const token = await issuer.sign();
const caller = { origin: server.origin, token };
await registerEventType(caller, { name: 'order.paid', example: { total: 1 } });
const { createEndpoint } = await ask<{ createEndpoint: { __typename: string } }>(
  caller,
  `mutation { createEndpoint(input: { url: "http://127.0.0.1:8080/", events: ["order.paid"] }) { __typename ... on Error { message } } }`,
);
if (createEndpoint.__typename !== 'CreateEndpointPayload') throw new Error(JSON.stringify(createEndpoint));
const database = new pg.Client({ connectionString: postgres.url });
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
    load({
      origin: server.origin,
      pid: server.pid,
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
  load({ origin: helloOrigin, pid: hello.pid ?? 0, callers, unit: 1, path, bodyOf: () => body, check() {} });

const parts = {
  'hello query, 8': bare('/graphql', 8, JSON.stringify({ query: '{ hello }' })),
  'viewer, 8': () =>
    load({
      origin: server.origin,
      pid: server.pid,
      callers: 8,
      unit: 1,
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
for (const [name, figures] of Object.entries(found)) {
  const of = (what: string) =>
    shown(
      figures.map((one) => one[what] ?? 0),
      what === 'p50' ? 1 : 0,
    );
  console.log(
    `${name.padEnd(22)} ${of('perSecond')} /s   Node ${of('node')} µs   PostgreSQL ${of('postgres')} µs   p50 ${of('p50')} ms`,
  );
}
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

const { rows } = await database.query<{ events: number; deliveries: number; lines: number }>(
  `select (select count(*)::int from event) as events, (select count(*)::int from delivery) as deliveries,
          (select count(*)::int from delivery_log) as lines`,
);
const [stored] = rows;
if (stored?.events !== published || stored.deliveries !== published || stored.lines !== published)
  throw new Error(`${published} were answered, but stored are ${JSON.stringify(stored)}`);
console.log(`${published} events were answered; as many events, deliveries and lines of the log are stored`);

await database.end();
hello.disconnect();
await server.stop();
await postgres.stop();
rmSync(dir, { recursive: true, force: true });

/** `callers` clients send one request after the other for `partMs`. CPU time is counted for each unit. */
async function load(options: {
  origin: string;
  pid: number;
  callers: number;
  unit: number;
  path?: string;
  bodyOf: () => string;
  check: (text: string) => void;
}): Promise<Figures> {
  const pool = new Pool(options.origin, { connections: options.callers, pipelining: 1 });
  const times: number[] = [];
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const began = performance.now();
  const before = { node: cpuMicrosOf(options.pid), postgres: postgresCpuMicros(dir) };
  await Promise.all(
    Array.from({ length: options.callers }, async () => {
      while (performance.now() - began < partMs) {
        const at = performance.now();
        const { body } = await pool.request({
          method: 'POST',
          path: options.path ?? '/graphql',
          headers,
          body: options.bodyOf(),
        });
        options.check(await body.text());
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const units = times.length * options.unit;
  const figures = {
    perSecond: units / seconds,
    node: (cpuMicrosOf(options.pid) - before.node) / units,
    postgres: (postgresCpuMicros(dir) - before.postgres) / units,
    p50: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0,
  };
  await pool.close();
  return figures;
}
