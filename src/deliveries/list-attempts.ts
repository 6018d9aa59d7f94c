import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** One try to send a delivery, and what came of it. */
export type DeliveryAttempt = Selectable<Tables['attempt']>;

/** The attempts of several deliveries, first to last, in one statement. The caller has seen that it may see them. */
export function listAttempts(
  db: Kysely<Tables>,
  ownerId: string,
  deliveryIds: readonly string[],
): Promise<DeliveryAttempt[]> {
  return db
    .selectFrom('attempt')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('delivery_id', '=', sql<string>`any(${[...deliveryIds]}::uuid[])`)
    .orderBy('delivery_id')
    .orderBy('number')
    .execute();
}
