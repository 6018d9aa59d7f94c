import { type Kysely, type SqlBool, sql } from 'kysely';
import { runComposed } from '../db/statement.ts';
import { byWay, isOfQueue, visibleWaiting } from '../deliveries/by-status.ts';
import { visibleDeliveries } from '../deliveries/delivery.ts';
import { type DeliveryFilter, matchesFilter, resolveFilter } from '../deliveries/filter.ts';
import { searchNewest } from '../deliveries/list-deliveries.ts';
import { isAboutAttempts } from '../deliveries/matching-attempts.ts';
import { scopeWhileRemoving, targetsOf } from '../deliveries/scope.ts';
import { badUserInput } from '../errors.ts';
import type { Tables } from '../tables.ts';

export const maxCount = 100_000;

export type CappedCount = Readonly<{ count: number; isCapped: boolean }>;

/**
 * The number of matching deliveries. Counting stops at `limit`, because a count costs as much as the rows that it
 * counts.
 */
export async function countDeliveries(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{ filter?: DeliveryFilter | null | undefined; limit: number }>,
): Promise<CappedCount> {
  const { limit } = options;
  if (limit < 1 || limit > maxCount) {
    throw badUserInput(`\`limit\` must be from 1 to ${maxCount}; it was ${limit}.`, {
      argument: 'limit',
      limit: maxCount,
    });
  }
  const conditions = await resolveFilter(db, options.filter);
  if (isAboutAttempts(conditions)) {
    const { rows: found, stoppedAt } = await searchNewest(db, ownerId, { conditions, limit: limit + 1 });
    return {
      count: Math.min(found.length, limit),
      isCapped: found.length > limit || stoppedAt !== undefined,
    };
  }
  const scope = await scopeWhileRemoving(db, ownerId, conditions);
  const parts = conditions.status === undefined ? [undefined] : byWay(conditions.status);
  const [first, ...others] = parts.map((status) => {
    const part = { ...conditions, status };
    const rows = (isOfQueue(part) ? visibleWaiting(db, ownerId) : visibleDeliveries(db, ownerId))
      .select(sql<number>`1`.as('one'))
      .where(matchesFilter(part, scope !== undefined || part.endpointId !== undefined))
      .limit(limit + 1);
    if (scope === undefined) return rows;
    return db
      .selectFrom(targetsOf(ownerId, scope).as('target'))
      .crossJoinLateral(() =>
        rows.where(sql<SqlBool>`d.endpoint_id = target.id and d.id > target.purged_through`).as('found'),
      )
      .select('found.one')
      .limit(limit + 1);
  });
  if (first === undefined) return { count: 0, isCapped: false };
  const all = sql<{ one: number }>`(${sql.join(
    [first, ...others].map((part) => sql`(select * from ${part} part)`),
    sql` union all `,
  )} limit ${limit + 1})`;
  const query = db
    .selectFrom(all.as('m'))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .compile();
  const counted = await runComposed(db, {
    name: 'count_deliveries',
    query,
    ownerId,
    returns: 'count bigint',
  });
  const count = counted[0]?.count ?? 0;
  return { count: Math.min(count, limit), isCapped: count > limit };
}
