import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { ask, type Caller, registerEventType } from '../support/client.ts';
import { startServer } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';
import { cpuMicrosOf, postgresCpuMicros } from './cpu.ts';
import { type Figures, inRounds, ratios, shown } from './rounds.ts';

/**
 * What headers and a filter on each endpoint cost, from the call of `publishEvents` to the last delivery: two tenants
 * of one server take turns, round by round. One has endpoints without settings. The other has the same endpoints, each
 * with two headers, one of them secret, and a filter of two conditions that lets every event through.
 */
const endpoints = 4;
const calls = 16;
const eventsOfCall = 100;
const deliveries = calls * eventsOfCall * endpoints;

const settings = {
  headers: [
    { name: 'x-tenant', value: 'acme' },
    { name: 'x-api-key', value: randomBytes(24).toString('hex'), isSecret: true },
  ],
  filter: [
    { path: '/data/total', op: 'GTE', value: 10 },
    { path: '/data/lines/7/sku', op: 'STARTS_WITH', value: 'ccc' },
  ],
};

const payload = {
  order: 'a'.repeat(36),
  customer: 'b'.repeat(36),
  total: 120.5,
  lines: Array(8).fill({ sku: 'c'.repeat(20), amount: 12 }),
};

export async function compareSettings(rounds: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
  const postgres = await startEmbeddedPostgres({ dir });
  const issuer = await createTokenIssuer();
  const server = await startServer({
    ...issuer.environment,
    ...{ DATABASE_URL: postgres.url, DATA_DIR: dir, PORT: '0', NODE_ENV: 'production' },
    ...{ RATE_LIMIT_PER_MINUTE: '100000000', REQUIRE_VERIFICATION: 'false', EGRESS_ALLOW: '127.0.0.1/32' },
    SECRETS_KEYS: `bench:${randomBytes(32).toString('base64')}`,
  });
  const sink = fork(new URL('./sink.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  const [{ port }] = await once(sink, 'message');
  const url = `http://127.0.0.1:${port}/`;
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();

  const tenantWith = async (name: string, more: object): Promise<Caller> => {
    const caller = { origin: server.origin, token: await issuer.sign({ tenant: name }) };
    for (let made = 0; made < endpoints; made += 1) await makeEndpoint(caller, { url, ...more });
    return caller;
  };
  await registerEventType(
    { origin: server.origin, token: await issuer.sign() },
    { name: 'order.paid', example: {} },
  );
  const plain = await tenantWith('plain', {});
  const set = await tenantWith('set', settings);

  const run = (caller: Caller) => async (): Promise<Figures> => {
    const began = performance.now();
    const before = { node: cpuMicrosOf(server.pid), postgres: postgresCpuMicros(dir) };
    let left = calls;
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        while (left-- > 0) await publish(caller);
      }),
    );
    for (;;) {
      const { rows } = await database.query<{ left: boolean }>('select exists (select from due) as left');
      if (rows[0]?.left === false) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return {
      perSecond: (deliveries * 1_000) / (performance.now() - began),
      node: (cpuMicrosOf(server.pid) - before.node) / deliveries,
      postgres: (postgresCpuMicros(dir) - before.postgres) / deliveries,
      cpu: (cpuMicrosOf(server.pid) - before.node + postgresCpuMicros(dir) - before.postgres) / deliveries,
    };
  };
  const parts = { plain: run(plain), set: run(set) };
  for (const part of Object.values(parts)) await part();
  const found = await inRounds(rounds, parts);
  for (const [name, figures] of Object.entries(found)) {
    const of = (what: string) => shown(figures.map((one) => one[what] ?? 0));
    console.log(
      `${name.padEnd(6)} ${of('perSecond')} /s   Node ${of('node')} µs   PostgreSQL ${of('postgres')} µs`,
    );
  }
  console.log(`set / plain, rate   ${shown(ratios(found.set, found.plain, 'perSecond'), 3)}`);
  console.log(`set / plain, CPU    ${shown(ratios(found.set, found.plain, 'cpu'), 3)}`);
  const { rows } = await database.query<{ bad: number }>(
    "select count(*)::integer as bad from delivery where status <> 'SUCCEEDED'",
  );
  if (rows[0]?.bad !== 0) throw new Error(`${rows[0]?.bad} deliveries did not succeed`);
  await database.end();
  sink.disconnect();
  await server.stop();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function makeEndpoint(caller: Caller, more: object): Promise<void> {
  const { createEndpoint } = await ask<{ createEndpoint: { __typename: string } }>(
    caller,
    'mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { __typename ... on Error { message } } }',
    { input: { events: ['order.paid'], ...more } },
  );
  if (createEndpoint.__typename !== 'CreateEndpointPayload') throw new Error(JSON.stringify(createEndpoint));
}

async function publish(caller: Caller): Promise<void> {
  const { publishEvents } = await ask<{ publishEvents: { events?: { deliveryCount: number }[] } }>(
    caller,
    `mutation ($input: PublishEventsInput!) { publishEvents(input: $input) {
       ... on PublishEventsPayload { events { deliveryCount } } ... on Error { message } } }`,
    { input: { events: Array.from({ length: eventsOfCall }, () => ({ type: 'order.paid', payload })) } },
  );
  if (publishEvents.events?.every(({ deliveryCount }) => deliveryCount === endpoints) !== true)
    throw new Error(JSON.stringify(publishEvents));
}
