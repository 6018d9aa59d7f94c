import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** One try to send a delivery, with its result. */
export type DeliveryAttempt = Selectable<Tables['attempt']>;

/**
 * The attempts of several deliveries, oldest first, in one statement. The caller must have checked that it may see
 * them.
 */
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
