import { CompiledQuery, type Kysely } from 'kysely';
import type pg from 'pg';
import type { Tables } from '../tables.ts';
import { compose, type Placement, placedByText, type Statement } from './placement.ts';
import type { Database } from './pool.ts';
import { isPartitionMissing } from './retry.ts';

export function statement(name: string, text: string, placement?: Placement): Statement {
  const made = { name: `heliograph_${name}`, text: `-- heliograph_${name}\n${text}` };
  if (placement === undefined) return made;
  const placed = { ...made, placement };
  placedByText.set(made.text, placed);
  return placed;
}

/** Runs a statement on a pool or a connection; the rows come back as `Row`, which the SQL has to match. */
export async function run<Row extends pg.QueryResultRow>(
  db: Pick<Database, 'prepared' | 'layout' | 'makePartitions'>,
  connection: pg.Pool | pg.ClientBase,
  query: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  try {
    return await db.layout.run<Row>(connection, query, values, db.prepared);
  } catch (error) {
    if (isPartitionMissing(error)) await db.makePartitions?.();
    throw error;
  }
}

/** Runs a statement of one owner whose text depends on what is asked for. */
export async function runComposed<Row>(
  db: Kysely<Tables>,
  composed: {
    name: string;
    query: CompiledQuery<Row>;
    ownerId: string;
    returns: string;
    isPlannedOnce?: true;
  },
): Promise<Row[]> {
  const { name, query, ownerId, returns, ...planning } = composed;
  const { sql: text, parameters } = query;
  const owner = parameters.indexOf(ownerId) + 1;
  const placed = {
    name: `heliograph_${name}`,
    text: `-- heliograph_${name}\n${text}`,
    placement: { owner, returns },
    ...planning,
  };
  compose(placed);
  return await runWithin<Row>(db, placed, parameters);
}

/** Runs a statement among the typed queries, usually within a transaction. */
export async function runWithin<Row>(
  trx: Kysely<Tables>,
  query: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  return (await trx.executeQuery<Row>(CompiledQuery.raw(query.text, [...values]))).rows;
}

/** The numbers from the first to the last. */
export const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** A parameter that is an array of ids, numbers or booleans, whose text needs no quotes. */
export const arrayText = (values: readonly unknown[]): string => `{${values.join()}}`;
