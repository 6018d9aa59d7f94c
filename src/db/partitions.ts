import type pg from 'pg';
import { dayMs } from '../clock.ts';
import { firstUuidAt } from '../ids.ts';
import { isTransient, sqlStateOf } from './retry.ts';

/**
 * Daily partitions of the big tables. They are made days ahead and dropped as a whole, so retention never deletes row
 * by row. There is no default partition.
 *
 * A partition is created as a table of its own with a CHECK and then attached: `create table … partition of` would
 * wait for every reader and block every insert meanwhile; `attach` does neither.
 */
export type PartitionedTable = Readonly<{
  table: string;
  column: string;
  by: 'uuid' | 'time';
  /** How full its pages are made by inserts, in percent. By default completely. */
  fillfactor?: number;
}>;

/** Today comes first: where all are missing, those that wait for it can go on while the others are made. */
const days = [0, 1, -1, 2, 3, 4, 5, 6, 7];
const duplicateTable = '42P07';
const duplicateObject = '42710';
/** The codes of errors such as "partition … would overlap" and "is already a partition". */
const alreadyThere = new Set([duplicateTable, duplicateObject, '42P17', '42809', '23505']);

/** Makes the missing partitions for yesterday, today and the next days. Returns how many it made. */
export async function createPartitions(
  pool: pg.Pool,
  tables: readonly PartitionedTable[],
  now: number,
  daysAhead = 7,
): Promise<number> {
  const existing = await partitionNames(pool, tables);
  let made = 0;
  for (const day of days.filter((one) => one <= daysAhead)) {
    for (const table of tables) {
      const start = Math.floor(now / dayMs) * dayMs + day * dayMs;
      if (existing.has(partitionName(table, start))) continue;
      await createPartition(pool, table, start);
      made += 1;
    }
  }
  return made;
}

/** The partitions of a table in which everything is older than `before`, oldest first. */
export async function expiredPartitions(
  pool: pg.Pool,
  table: PartitionedTable,
  before: number,
): Promise<{ name: string; endsAt: number }[]> {
  const names = [...(await partitionNames(pool, [table]))].sort();
  return names
    .map((name) => ({ name, endsAt: dayOfPartition(name) + dayMs }))
    .filter(({ endsAt }) => endsAt <= before);
}

/** Drops a partition. If somebody is reading it, gives up after half a second; a later run tries again. */
export async function dropPartition(pool: pg.Pool, name: string): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query("set local lock_timeout = '500ms'");
    await client.query(`drop table if exists ${quoted(name)}`);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (isTransient(error)) return false;
    throw error;
  } finally {
    client.release();
  }
}

async function createPartition(pool: pg.Pool, table: PartitionedTable, start: number): Promise<void> {
  const name = partitionName(table, start);
  const from = bound(table, start);
  const to = bound(table, start + dayMs);
  const column = quoted(table.column);
  const check = quoted(`${name}_range`);
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`
      create table ${quoted(name)} (like ${quoted(table.table)} including defaults including constraints including storage,
        constraint ${check} check (${column} is not null and ${column} >= ${from} and ${column} < ${to}))
        with (fillfactor = ${table.fillfactor ?? 100})`);
    await client.query(
      `alter table ${quoted(table.table)} attach partition ${quoted(name)} for values from (${from}) to (${to})`,
    );
    await client.query(`alter table ${quoted(name)} drop constraint ${check}`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (!alreadyThere.has(sqlStateOf(error) ?? '')) throw error;
  } finally {
    client.release();
  }
}

async function partitionNames(pool: pg.Pool, tables: readonly PartitionedTable[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select child.relname as name from pg_inherits
       join pg_class child on child.oid = inhrelid
       join pg_class parent on parent.oid = inhparent
      where parent.relname = any($1) and pg_table_is_visible(parent.oid)`,
    [tables.map(({ table }) => table)],
  );
  return new Set(rows.map(({ name }) => name));
}

const partitionName = (table: PartitionedTable, start: number) =>
  `${table.table}_${new Date(start).toISOString().slice(0, 10).replaceAll('-', '')}`;

function dayOfPartition(name: string): number {
  const [, year, month, day] = /_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day));
}

const bound = (table: PartitionedTable, ms: number) =>
  table.by === 'uuid' ? `'${firstUuidAt(ms)}'` : `'${new Date(ms).toISOString()}'`;

const quoted = (name: string) => `"${name.replaceAll('"', '')}"`;
