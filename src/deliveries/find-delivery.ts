import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Delivery, visibleDeliveries } from './delivery.ts';

/** Undefined for a delivery that is missing, hidden or another owner's. */
export async function findDelivery(
  db: Kysely<Tables>,
  ownerId: string,
  id: string,
): Promise<Delivery | undefined> {
  return (await findDeliveries(db, ownerId, [id]))[0];
}

/** The owner's deliveries among these ids that are not hidden, in no particular order. */
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
