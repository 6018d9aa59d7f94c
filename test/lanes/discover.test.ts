import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/pool.ts';
import { databaseTime, findLate, openSince } from '../../src/lanes/discover.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

const shards = Array.from({ length: 64 }, (_, shard) => shard);
const longestMs = 22_000;

let db: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  db = await createTestDatabase();
  client = new pg.Client({ connectionString: db.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await db.drop();
});

const beginning = async () =>
  (await client.query<{ at: Date }>('select now() as at')).rows[0]?.at.getTime() ?? 0;

test('what a transaction makes due is found once it has committed, from where it began, and not for ever', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  await seedDeliveries(db.database, ownerId, endpointId, 3);
  await client.query(`update due set due_at = now() + interval '1 hour'`);

  await client.query('begin');
  const began = await beginning();
  await client.query('update due set due_at = now()');
  const since = await openSince(db.database);
  expect(since.getTime()).toBe(began);
  expect(await findLate(db.database, { shards, since })).toEqual([]);
  await client.query('commit');
  expect(await findLate(db.database, { shards, since })).toMatchObject([{ endpoint_id: endpointId }]);

  const next = await openSince(db.database);
  expect(next.getTime()).toBeGreaterThan(began);
  await client.query(`update due set due_at = now() - interval '1 second'`);
  expect(await findLate(db.database, { shards, since: next })).toEqual([]);
});

test('where a session of another role is connected, whose transactions are hidden, it looks back as far as any can last', async () => {
  await db.database.api.query('drop role if exists an_ordinary_role');
  await db.database.api.query('create role an_ordinary_role');
  const url = new URL(db.url);
  url.searchParams.set('options', '-c role=an_ordinary_role');
  const ordinary = openDatabase({
    ...{ url: url.href, logger: quietLogger, prepared: true },
    ...{ engineConnections: 1, apiConnections: 1 },
  });
  const now = (await databaseTime(ordinary)).getTime();
  const since = (await openSince(ordinary)).getTime();
  await ordinary.close();
  await db.database.api.query('drop role an_ordinary_role');
  expect(since).toBeGreaterThanOrEqual(now - longestMs);
  expect(since).toBeLessThan(now - longestMs + 60_000);
});
