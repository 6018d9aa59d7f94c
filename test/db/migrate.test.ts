import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildIndex } from '../../src/db/build-index.ts';
import { directClient } from '../../src/db/direct-client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('a migrated database has nothing left to apply, however many ask at once', async () => {
  expect(await Promise.all([migrate(db.url), migrate(db.url), migrate(db.url)])).toEqual([[], [], []]);
});

test('a database that a newer release has migrated is refused, unless that release still lets older ones use it', async () => {
  const add = (name: string, keepsOlder: boolean) =>
    db.database.api.query('insert into migration (name, sha256, keeps_older) values ($1, $2, $3)', [
      name,
      'of a file that is not here',
      keepsOlder,
    ]);
  await add('9001_adds_a_column.sql', true);
  expect(await migrate(db.url)).toEqual([]);
  await add('9002_drops_a_column.sql', false);
  await expect(migrate(db.url)).rejects.toThrow(
    'the database was migrated by a newer release (9002_drops_a_column.sql)',
  );
  await db.database.api.query("delete from migration where name like '9%'");
  expect(await migrate(db.url)).toEqual([]);
});

test('an index is built partition by partition, and goes on where it was left half built', async () => {
  const client = directClient(db.url);
  await client.connect();
  const statement = 'create index by_type on delivery (event_type, owner_id) where completed_at is null;';
  await buildIndex(client, statement);
  const indexes = async () =>
    (
      await client.query<{ partitions: number; indexes: number; valid: boolean }>(
        `select (select count(*)::int from pg_inherits where inhparent = 'delivery'::regclass) as partitions,
                (select count(*)::int from pg_inherits where inhparent = 'by_type'::regclass) as indexes,
                (select indisvalid from pg_index where indexrelid = 'by_type'::regclass) as valid`,
      )
    ).rows[0];
  const built = await indexes();
  expect(built?.partitions).toBeGreaterThan(1);
  expect(built).toEqual({ partitions: built?.partitions, indexes: built?.partitions, valid: true });
  // As after a process that ended in between.
  await buildIndex(client, statement);
  expect(await indexes()).toEqual(built);
  await client.query('create table plain (a integer)');
  await buildIndex(client, 'create unique index plain_a on plain (a)');
  await client.query("update pg_index set indisvalid = false where indexrelid = 'plain_a'::regclass");
  await buildIndex(client, 'create unique index plain_a on plain (a)');
  const { rows } = await client.query(
    "select indisvalid from pg_index where indexrelid = 'plain_a'::regclass",
  );
  expect(rows).toEqual([{ indisvalid: true }]);
  await expect(buildIndex(client, 'drop index plain_a')).rejects.toThrow('one statement');
  await client.end();
});

test('a migration gives way to those who use its table, and is applied when they have finished', async () => {
  const name = '0104_delivery_hot.sql';
  await db.database.api.query('alter table delivery drop constraint delivery_failure_has_reason');
  for (const index of ['delivery_rare', 'delivery_endpoint_rare', 'delivery_app_failed'])
    await db.database.api.query(`create index ${index} on delivery (owner_id)`);
  await db.database.api.query('delete from migration where name = $1', [name]);
  const reader = directClient(db.url);
  await reader.connect();
  await reader.query('begin; select 1 from delivery limit 1');
  const migrated = migrate(db.url);
  const waits = async () =>
    (await db.database.api.query("select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'"))
      .rows.length > 0;
  while (!(await waits()));
  // Whoever comes after the migration waits behind it, until it gives way.
  await db.database.api.query('select 1 from delivery limit 1');
  await reader.query('commit');
  expect(await migrated).toEqual([name]);
  await reader.end();
});

test('a changed migration stops the start and is named', async () => {
  await db.database.api.query("update migration set sha256 = 'other' where name = '0001_owners.sql'");
  await expect(migrate(db.url)).rejects.toThrow('0001_owners.sql was changed');
});
