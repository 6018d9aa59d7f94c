import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { claim } from '../../src/engine/claim.ts';
import { mintUuid } from '../../src/ids.ts';
import { Lane } from '../../src/lanes/lane.ts';
import { apply } from '../../src/status/apply.ts';
import { shardOf } from '../../src/status/shard.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

/** The number of rows that are due at the same time. A batch is a small part of them. */
const due = 6_000;
const batch = 40;
/**
 * The limit for rows of one table that a statement may read for each row of its batch: the row itself, read several
 * times, and its lane.
 */
const mostForEach = 6;

type Statement = { text: string; values: unknown[] };
type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks'?: number;
  Plans?: Plan[];
};

let db: TestDatabase;
let database: Database;
let sent: Statement[];
beforeEach(async () => {
  db = await createTestDatabase();
  sent = [];
  database = openDatabase({
    url: db.url,
    logger: quietLogger,
    // The statement is planned for these values each time.
    prepared: false,
    engineConnections: 1,
    apiConnections: 1,
  });
  const { engine } = database;
  const query = engine.query.bind(engine);
  Object.assign(engine, {
    query(asked: { text: string; values: unknown[] }) {
      sent.push(asked);
      return query(asked);
    },
  });
});
afterEach(async () => {
  await database.close();
  await db.drop();
});

const workerId = mintUuid();
const everything = [
  'due',
  'delivery',
  'endpoint',
  'tenant',
  'owner_log',
  'attempt',
  'event',
  'endpoint_stat',
];

/** Statistics that were collected when the tables held other data. */
const statistics: readonly [name: string, prepare: () => Promise<void>][] = [
  ['no statistics', async () => undefined],
  [
    'statistics of tables that were full and are empty',
    async () => {
      const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 3 });
      for (const endpointId of endpointIds) await seedDeliveries(db.database, ownerId, endpointId, 500);
      await db.database.api.query('delete from due');
      await db.database.api.query('delete from delivery');
      await analyze();
    },
  ],
  ['statistics of empty tables', () => analyze()],
  [
    'statistics of one owner with everything',
    async () => {
      const { ownerId, endpointIds } = await seedOwner(db.database);
      for (const endpointId of endpointIds) await seedDeliveries(db.database, ownerId, endpointId, 5_000);
      await analyze();
    },
  ],
];

async function analyze(): Promise<void> {
  await db.database.api.query(`analyze ${everything.join(', ')}`);
}

for (const [name, prepare] of statistics) {
  test(`${name}: a claim and a settle read what they claim and settle`, async () => {
    await prepare();
    const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 2 });
    for (const endpointId of endpointIds) {
      for (let part = 0; part < due / 2; part += 1_000)
        await seedDeliveries(db.database, ownerId, endpointId, 1_000);
    }
    // Other rows beside them, which are not used.
    await db.database.api.query(
      `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
       select $1, gen_random_uuid(), 'TENANT', 'http://127.0.0.1:9/', '{*}', true, 'VERIFIED' from generate_series(1, 2000)`,
      [ownerId],
    );
    const [endpointId = ''] = endpointIds;
    const shard = shardOf(ownerId, endpointId);
    await database.api.query(
      `update shard_lease set holder = $2, epoch = 7, expires_at = now() + interval '1 minute' where shard = $1`,
      [shard, workerId],
    );
    const lane = new Lane({ ownerId, endpointId, shard });
    const rows = await claim(database, workerId, [
      { lane, count: batch, epoch: 7, marks: 1, isProbe: false, aim: undefined },
    ]);
    expect(rows).toHaveLength(batch);
    await expectBounded();

    const ends = [
      { kind: 'end', status: 'SUCCEEDED', reason: undefined },
      { kind: 'end', status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED' },
    ] as const;
    const attempt = { outcome: 'SUCCEEDED', counts: true, startedAt: new Date(), durationMs: 1 } as const;
    const none = {
      responseBody: undefined,
      responseHeaders: undefined,
      requestHeaders: undefined,
      error: undefined,
    };
    const settle = (to: (typeof ends)[number], some: typeof rows) =>
      apply(
        database,
        some.map((row) => ({
          ownerId,
          deliveryId: row.delivery_id,
          claim: 7,
          attemptRows: 0,
          to,
          attempt: { ...attempt, ...none, responseStatus: 200 },
        })),
      );
    for (const to of ends) {
      // It is explained first, because it reads the rows that it will end.
      sent.length = 0;
      const asked = captureOnly();
      await settle(to, rows).catch(() => undefined);
      asked.release();
      await expectBounded();
    }
    const middle = batch / 2;
    expect(await settle(ends[0], rows.slice(0, middle))).toHaveLength(middle);
    expect(await settle(ends[1], rows.slice(middle))).toHaveLength(batch - middle);
  });
}

/** Records the next statement and does not run it. */
function captureOnly(): { release(): void } {
  const { engine } = database;
  const { query } = engine;
  Object.assign(engine, {
    query(asked: Statement) {
      sent.push(asked);
      return Promise.reject(new Error('Only noted.'));
    },
  });
  return { release: () => void Object.assign(engine, { query }) };
}

/** Explains the last statement as it would run now, and rolls it back. */
async function expectBounded(): Promise<void> {
  const statement = sent.at(-1);
  if (statement === undefined) throw new Error('Nothing was sent.');
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  try {
    const settings = await database.engine.query({
      text: `select name, setting from pg_settings where source = 'session'`,
      values: [],
    });
    for (const { name, setting } of settings.rows as { name: string; setting: string }[])
      await client.query('select set_config($1, $2, false)', [name, setting]);
    await client.query('begin');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, timing off, format json) ${statement.text}`,
      statement.values,
    );
    await client.query('rollback');
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan === undefined) throw new Error('No plan.');
    for (const node of nodesOf(plan)) {
      const table = node['Relation Name'];
      if (table === undefined || /Modify|Insert|Update|Delete/.test(node['Node Type'])) continue;
      const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
      const read = (node['Actual Rows'] + removed) * node['Actual Loops'];
      expect(read, `${node['Node Type']} ${node['Index Name'] ?? ''} on ${table}`).toBeLessThanOrEqual(
        batch * mostForEach + 10,
      );
    }
  } finally {
    await client.end();
  }
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodesOf(child);
}
