import type { Transaction } from 'kysely';
import { databaseNow } from '../clock.ts';
import { strictBoundaryAt } from '../status/strict-order.ts';
import type { Tables } from '../tables.ts';

export type DeliveryOrdering = 'NONE' | 'STRICT';

type OrderingColumns = Readonly<{ strict_boundary: string | null; strict_head: number }>;

/**
 * The columns of an endpoint whose ordering is set now. The head of the log is read in the same transaction, so every
 * delivery that is created under the new ordering has a later position.
 */
export async function orderingOf(
  trx: Transaction<Tables>,
  ownerId: string,
  ordering: DeliveryOrdering | undefined,
): Promise<OrderingColumns> {
  if (ordering !== 'STRICT') return { strict_boundary: null, strict_head: 0 };
  const log = await trx
    .selectFrom('owner_log')
    .select('head')
    .where('owner_id', '=', ownerId)
    .executeTakeFirstOrThrow();
  return { strict_boundary: strictBoundaryAt(databaseNow()), strict_head: log.head };
}
