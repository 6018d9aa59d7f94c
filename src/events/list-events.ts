import { type Kysely, sql } from 'kysely';
import { type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Tables } from '../tables.ts';
import { storable } from '../text.ts';
import { type Event, eventColumns } from './find-event.ts';

/** A page of an owner's events, newest first. Without types it lists all. */
export async function listEvents(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{ page: PageArgs; types?: readonly string[] | null | undefined }>,
): Promise<Page<Event>> {
  return await readPage(pageRange(options.page, { kind: 'Event', ownerId }), async (range) => {
    let query = db
      .selectFrom('event')
      .select(eventColumns)
      .where('owner_id', '=', ownerId)
      .orderBy('id', range.backward ? 'asc' : 'desc')
      .limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    if (options.types != null) {
      // PostgreSQL does not accept NUL in text, and no type has one.
      const types = storable(options.types);
      query = query.where('type', '=', sql<string>`any(${types}::text[])`);
    }
    return await query.execute();
  });
}
