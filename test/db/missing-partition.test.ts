import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayMs } from '../../src/clock.ts';
import { createPartitions } from '../../src/db/partitions.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { isDatabaseAway, isPartitionMissing, retrying } from '../../src/db/retry.ts';
import { run, statement } from '../../src/db/statement.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';

const days = { table: 'days', column: 'at', by: 'time' } as const;
const insert = statement('insert_day', 'insert into days values ($1)');
let clone: TestDatabase;
let database: Database;
let made = 0;
/** The day for which partitions are made when one is missing. */
let now = Date.now();

beforeAll(async () => {
  clone = await createTestDatabase();
  await clone.database.api.query('create table days (at timestamptz not null) partition by range (at)');
  database = openDatabase({
    ...{ url: clone.url, logger: quietLogger, prepared: true, engineConnections: 4, apiConnections: 2 },
    async makePartitions(pool) {
      made += 1;
      await createPartitions(pool, [days], now);
    },
  });
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

const store = (at: number) =>
  retrying(() => run(database, database.engine, insert, [new Date(at)]), { attempts: 2 });

test('where a partition is missing all that are missing are made once, and the statement is repeated', async () => {
  now += 40 * dayMs;
  await Promise.all([now, now + dayMs, now - dayMs].map(store));
  expect(made).toBeLessThanOrEqual(2);
  const before = made;
  await store(now + 7 * dayMs);
  expect(made).toBe(before);
});

test('a transaction fails for it, and the next one finds the partition', async () => {
  now += 40 * dayMs;
  const at = new Date(now);
  const insertWithin = () =>
    database.query.transaction().execute(async (trx) => {
      await sql`insert into days values (${at})`.execute(trx);
    });
  const before = made;
  await expect(insertWithin()).rejects.toThrow('no partition');
  await expect
    .poll(() =>
      insertWithin().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect(made).toBeGreaterThan(before);
});

test('a row for which none is made is refused, and does not count as an outage', async () => {
  const error = await store(now + 400 * dayMs).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: '23514' });
  expect(isDatabaseAway(error)).toBe(false);
});

test('what a node of Citus says of a missing partition is understood, and other broken checks are not', () => {
  const said = (message: string) =>
    Object.assign(new Error(message), { code: '23514', routine: 'ReportResultError' });
  expect(isPartitionMissing(said('no partition of relation "event_102134" found for row'))).toBe(true);
  expect(isPartitionMissing(said('new row for relation "a" violates check constraint "a_check"'))).toBe(
    false,
  );
});
