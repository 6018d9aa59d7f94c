import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { runComposed } from '../../src/db/statement.ts';
import { createEmptyClone, quietLogger } from '../support/database.ts';

/** One connection, so that what it has prepared can be read on it. */
let database: Database;
let drop: () => Promise<void>;
beforeEach(async () => {
  const clone = await createEmptyClone();
  drop = clone.drop;
  const options = { logger: quietLogger, prepared: true, engineConnections: 1, apiConnections: 1 };
  database = openDatabase({ url: clone.url, ...options });
});
afterEach(async () => {
  await database.close();
  await drop();
});

type Prepared = { statement: string; generic_plans: number };
const prepared = async () =>
  (await database.api.query<Prepared>('select statement, generic_plans from pg_prepared_statements')).rows;
const ask = (text: string, values: unknown[] = []) =>
  database.query.executeQuery(CompiledQuery.raw(text, values));
const repeat = async (times: number, act: () => Promise<unknown>) => {
  for (let turn = 0; turn < times; turn += 1) await act();
};

test('a statement that is used again and again is prepared, one that is not is not', async () => {
  await repeat(2, () => ask('select 1 as one'));
  expect(await prepared()).toEqual([]);
  await repeat(5, () => ask('select 2 as two'));
  expect((await prepared()).map(({ statement }) => statement)).toEqual(['select 2 as two']);
});

test('statements of a transaction have no names', async () => {
  await repeat(5, () =>
    database.query.transaction().execute(async (trx) => {
      await sql`select 3 as three`.execute(trx);
    }),
  );
  expect(await prepared()).toEqual([]);
});

test('a column that a migration adds is answered, and the statement is prepared again', async () => {
  await database.api.query('create table thing (id integer)');
  await database.api.query('insert into thing values (1)');
  await repeat(4, () => ask('select * from thing'));
  await database.api.query('alter table thing add column name text');
  expect((await ask('select * from thing')).rows).toEqual([{ id: 1, name: null }]);
  await ask('select * from thing');
  expect((await prepared()).map(({ statement }) => statement)).toEqual([
    'select * from thing',
    'select * from thing',
  ]);
});

test('a connection with many names is replaced, so that the server forgets them', async () => {
  for (let made = 0; made < 39; made += 1) await repeat(3, () => ask(`select ${made} as number`));
  expect(await prepared()).toHaveLength(39);
  await repeat(3, () => ask('select 39 as number'));
  expect(await prepared()).toEqual([]);
});

const ownerId = '00000000-0000-0000-0000-000000000000';
const askOnce = (query: RawBuilder<object>, returns: string) =>
  runComposed(database.query, {
    ...{ name: 'test', query: query.compile(database.query), ownerId, returns },
    isPlannedOnce: true,
  });

test('a statement that is planned once has the same plan from its first call on, and no other has', async () => {
  await repeat(4, () => askOnce(sql`select id from endpoint where owner_id = ${ownerId}`, 'id uuid'));
  expect(await prepared()).toMatchObject([
    { statement: expect.stringContaining('heliograph_test'), generic_plans: 2 },
  ]);
  const { rows } = await ask("select current_setting('plan_cache_mode') as mode");
  expect(rows).toEqual([{ mode: 'auto' }]);
});

test('the usual plans come back after a failure of a statement that is planned once', async () => {
  const divided = (by: number) =>
    askOnce(sql`select 1 / ${by}::integer as part where ${ownerId} <> ''`, 'part integer');
  await repeat(3, () => divided(1));
  await expect(divided(0)).rejects.toThrow('division by zero');
  const { rows } = await ask("select current_setting('plan_cache_mode') as mode");
  expect(rows).toEqual([{ mode: 'auto' }]);
});
