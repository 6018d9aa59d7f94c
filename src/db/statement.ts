import { CompiledQuery, type Transaction } from 'kysely';
import type pg from 'pg';
import type { Tables } from '../tables.ts';
import type { Database } from './pool.ts';
import { isPartitionMissing } from './retry.ts';

/**
 * An SQL text with a name, so that PostgreSQL parses and plans it only once per connection. The name is also its first
 * line, by which it is found in `pg_stat_activity` and in the server's log, also where it is not prepared.
 */
export type Statement = Readonly<{ name: string; text: string }>;

export const statement = (name: string, text: string): Statement => ({
  name: `heliograph_${name}`,
  text: `-- heliograph_${name}\n${text}`,
});

/** Runs a statement on a pool or a connection; the rows come back as `Row`, which the SQL has to match. */
export async function run<Row extends pg.QueryResultRow>(
  db: Pick<Database, 'prepared' | 'makePartitions'>,
  connection: pg.Pool | pg.ClientBase,
  query: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const config = { text: query.text, values: [...values], ...(db.prepared ? { name: query.name } : {}) };
  try {
    return (await connection.query<Row>(config)).rows;
  } catch (error) {
    if (isPartitionMissing(error)) await db.makePartitions?.();
    throw error;
  }
}

/** Runs a statement within a transaction of the typed queries. */
export async function runWithin<Row>(
  trx: Transaction<Tables>,
  query: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  return (await trx.executeQuery<Row>(CompiledQuery.raw(query.text, [...values]))).rows;
}
