import { type Kysely, sql } from 'kysely';
import { type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import { firstUuidAt } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { storable } from '../text.ts';
import { type Event, eventColumns } from './find-event.ts';

/** Conditions that must all hold. Null and undefined are none. */
export type EventFilter = Readonly<{
  ids?: readonly string[] | null | undefined;
  createdAfter?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
  idempotencyKey?: string | null | undefined;
}>;

/** A page of an owner's events, newest first. Without types it lists all. */
export async function listEvents(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{ page: PageArgs; types?: readonly string[] | null | undefined; filter?: EventFilter }>,
): Promise<Page<Event>> {
  const { filter = {} } = options;
  return await readPage(pageRange(options.page, { kind: 'Event', ownerId }), async (range) => {
    let query = db
      .selectFrom('event')
      .select(eventColumns)
      .where('owner_id', '=', ownerId)
      .orderBy('id', range.backward ? 'asc' : 'desc')
      // Written into the text: with a parameter no plan would be kept for all calls (list-deliveries.ts).
      .limit(sql.lit(range.limit));
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    if (options.types != null) {
      // PostgreSQL does not accept NUL in text, and no type has one.
      const types = storable(options.types);
      query = query.where('type', '=', sql<string>`any(${types}::text[])`);
    }
    if (filter.ids != null) query = query.where('id', '=', sql<string>`any(${[...filter.ids]}::uuid[])`);
    if (filter.createdAfter != null)
      query = query.where('id', '>=', firstUuidAt(filter.createdAfter.getTime()));
    if (filter.createdBefore != null)
      query = query.where('id', '<', firstUuidAt(filter.createdBefore.getTime()));
    if (filter.idempotencyKey != null) {
      const keys = storable([filter.idempotencyKey]);
      query = query.where(({ eb, selectFrom }) =>
        eb(
          'id',
          'in',
          selectFrom('event_key')
            .select('event_id')
            .where('owner_id', '=', ownerId)
            .where('key', '=', sql<string>`any(${keys}::text[])`),
        ),
      );
    }
    return await query.execute();
  });
}
