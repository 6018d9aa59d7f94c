import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Delivery, visibleDeliveries } from './delivery.ts';

/** Undefined for one that is missing, another owner's, or hidden. */
export async function findDelivery(
  db: Kysely<Tables>,
  ownerId: string,
  id: string,
): Promise<Delivery | undefined> {
  return (await findDeliveries(db, ownerId, [id]))[0];
}

/** Those of the ids that the owner has and that are not hidden, in no order. */
export function findDeliveries(
  db: Kysely<Tables>,
  ownerId: string,
  ids: readonly string[],
): Promise<Delivery[]> {
  return visibleDeliveries(db, ownerId)
    .selectAll('d')
    .where('d.id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}
