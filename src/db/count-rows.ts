import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { maxTotalCount } from './keyset.ts';

/** How many rows a query has, counted no further than `maxTotalCount`. */
export async function countRows<DB, TB extends keyof DB>(
  db: Kysely<Tables>,
  query: SelectQueryBuilder<DB, TB, object>,
): Promise<number> {
  const counted = query.clearSelect().select(sql<number>`1`.as('one')).limit(maxTotalCount);
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::integer as count from (${counted}) counted`.execute(db);
  return rows[0]?.count ?? 0;
}
