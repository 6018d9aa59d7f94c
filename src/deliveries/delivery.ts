import { type ExpressionBuilder, type Kysely, type Selectable, type SqlBool, sql } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { timeOfUuid } from '../ids.ts';

/** One event on its way to one endpoint: what became of it. */
export type Delivery = Selectable<Tables['delivery']>;

/** The tables, with `delivery` under the name that our conditions use. */
export type DeliveryTables = Tables & { d: Tables['delivery'] };

export function createdAt(record: { id: string }): Date {
  return new Date(timeOfUuid(record.id));
}

/** An owner's deliveries that were not purged and whose endpoint was not deleted: what every reader starts from. */
export function visibleDeliveries(db: Kysely<Tables>, ownerId: string) {
  return db.selectFrom('delivery as d').where('d.owner_id', '=', ownerId).where(isVisible);
}

function isVisible(where: ExpressionBuilder<DeliveryTables, 'd'>) {
  return where.exists(
    where
      .selectFrom('endpoint as e')
      .select(sql<number>`1`.as('one'))
      .whereRef('e.owner_id', '=', 'd.owner_id')
      .whereRef('e.id', '=', 'd.endpoint_id')
      .where('e.deleted_at', 'is', null)
      .where(sql<SqlBool>`(e.purged_through is null or d.id > e.purged_through)`),
  );
}
