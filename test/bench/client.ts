import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import WebSocket from 'ws';
import { logDocument } from '../../src/client/document.ts';
import { connect } from '../../src/client/node.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { mintUuid } from '../../src/ids.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { startServer, stopServers } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';
import { type Figures, inRounds, ratios, shown } from './rounds.ts';

/**
 * `npm run bench:client`: what one change of the log costs the client, in microseconds of its CPU, against a bare
 * graphql-ws client that reads the same batches and checks nothing; and whether its memory stays flat over 1,000,000
 * changes. Server and database are processes of their own. More than 15 µs a change, or a heap that grows, fails.
 */
const rounds = 7;
const changesOfRound = 100_000;
const changesOfAll = 1_000_000;
const mostMicros = 15;
const mostGrowthMb = 8;

const dir = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
const postgres = await startEmbeddedPostgres({ dir, settings: ['fsync=off'] });
await seedLog(postgres.url);
const issuer = await createTokenIssuer();
const { origin } = await startServer({
  ...issuer.environment,
  DATABASE_URL: postgres.url,
  DATA_DIR: dir,
  PORT: '0',
  ROLE: 'api',
});
const token = () => issuer.sign({ tenant: 'bench' });

const ws = connect({ url: origin, token });
const sse = connect({ url: origin, token, transport: 'sse' });
const readLog = async (heliograph: typeof ws, count: number) => {
  let last = 0;
  for await (const { position } of heliograph.log({ after: 0 })) {
    last = position;
    if (position === count) break;
  }
  if (last !== count) throw new Error(`It ended at ${last}.`);
};

const parts = {
  bare: () => costOf(() => readBare(changesOfRound)),
  client: () => costOf(() => readLog(ws, changesOfRound)),
  follow: () =>
    costOf(async () => {
      const ending = new AbortController();
      const store = { load: async () => 0, save: async () => undefined };
      const handler = (changes: readonly { position: number }[]) => {
        if ((changes.at(-1)?.position ?? 0) >= changesOfRound) ending.abort();
      };
      await ws.follow(handler, { store, batch: 500, signal: ending.signal });
    }),
  sse: () => costOf(() => readLog(sse, changesOfRound)),
};
// The first round warms up and does not count.
for (const part of Object.values(parts)) await part();
const found = await inRounds(rounds, parts);

const microsOf = (figures: readonly Figures[]) => figures.map(({ micros = Number.NaN }) => micros);
console.log(`client CPU, µs a change: median (least to most) of ${rounds} rounds of ${changesOfRound}`);
const names = {
  bare: 'bare graphql-ws, batches of 500',
  client: 'log over WebSocket',
  follow: 'follow over WebSocket, batches',
  sse: 'log as server-sent events',
};
for (const [name, text] of Object.entries(names)) {
  const figures = found[name as keyof typeof names];
  console.log(
    `${text.padEnd(34)} ${shown(microsOf(figures), 2).padEnd(24)} × ${shown(ratios(figures, found.bare, 'micros'), 2)}`,
  );
}
const growth = await growthOver(changesOfAll);

await stopServers();
await postgres.stop();
rmSync(dir, { recursive: true, force: true });
const worst = [...microsOf(found.client)].sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
if (!(worst <= mostMicros && growth <= mostGrowthMb)) process.exitCode = 1;

async function costOf(act: () => Promise<unknown>): Promise<Figures> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return { micros: (user + system) / changesOfRound };
}

/** What a reader writes who trusts everything: it takes the batches and looks at each position. */
async function readBare(count: number): Promise<void> {
  const client = createClient({
    url: `${origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${await token()}` },
    retryAttempts: 0,
  });
  type Batch = { deliveryLog: { changes: { position: number }[] } };
  const variables = { after: 0, maxBatch: 500 };
  let last = 0;
  for await (const { data } of client.iterate<Batch>({ query: logDocument(), variables })) {
    for (const { position } of data?.deliveryLog.changes ?? []) last = position;
    if (last >= count) break;
  }
  await client.dispose();
}

/** By how many MB the heap has grown from the first tenth to the last; says what it was on the way. */
async function growthOver(count: number): Promise<number> {
  const heaps: number[] = [];
  for await (const { position } of ws.log({ after: 0 })) {
    if (position % (count / 10) === 0) {
      globalThis.gc?.();
      heaps.push(process.memoryUsage().heapUsed / 1e6);
    }
    if (position === count) break;
  }
  console.log(
    `heap in MB after each tenth of ${count} changes: ${heaps.map((mb) => mb.toFixed(1)).join(' ')}`,
  );
  return (heaps.at(-1) ?? Number.NaN) - (heaps[0] ?? Number.NaN);
}

async function seedLog(url: string): Promise<void> {
  await migrate(url);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await createPartitions(pool, partitionedTables, Date.now());
  const tenantId = mintUuid();
  await pool.query("insert into tenant (id, external_id, name) values ($1, 'bench', 'bench')", [tenantId]);
  await pool.query('insert into owner_log (owner_id, head) values ($1, $2)', [tenantId, changesOfAll]);
  await pool.query(
    `insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                               tenant_id, status, previous_status, failure_reason, attempt_number, response_status)
     select $1, n, now(), md5('d' || n / 2)::uuid, md5('e' || n % 7)::uuid, md5('v' || n / 2)::uuid, 'order.created',
            'EVENT', $1, case n % 2 when 0 then 'SUCCEEDED' else 'PENDING' end,
            case n % 2 when 0 then 'PENDING' end, null, (n + 1) % 2, case n % 2 when 0 then 204 end
       from generate_series(1, $2::integer) n`,
    [tenantId, changesOfAll],
  );
  await pool.query('analyze delivery_log');
  await pool.end();
}
