import { type Kysely, sql } from 'kysely';
import { type Page, type PageArgs, pageRange, toPage } from '../db/keyset.ts';
import type { Tables } from '../db/tables.ts';
import { type Delivery, visibleDeliveries } from './delivery.ts';
import { type DeliveryFilter, matchesFilter, resolveFilter } from './filter.ts';

/** Whose deliveries: all of the owner's, or those of one endpoint, of one event, or the replays of one delivery. */
export type DeliveryScope = Readonly<{ endpointId?: string; eventId?: string; replayOf?: string }>;

const noId = '00000000-0000-0000-0000-000000000000';

/** A page of an owner's deliveries, newest first, without what is purged or whose endpoint is deleted. */
export async function listDeliveries(
  db: Kysely<Tables>,
  ownerId: string,
  options: Readonly<{ page: PageArgs; filter?: DeliveryFilter | null | undefined; scope?: DeliveryScope }>,
): Promise<Page<Delivery>> {
  const range = pageRange(options.page);
  let query = visibleDeliveries(db, ownerId)
    .selectAll('d')
    .where(matchesFilter(await resolveFilter(db, options.filter)))
    .orderBy('d.id', range.backward ? 'asc' : 'desc')
    .limit(range.limit);
  // Newest first: what comes after a cursor is older than it.
  if (range.after !== undefined) query = query.where('d.id', '<', range.after);
  if (range.before !== undefined) query = query.where('d.id', '>', range.before);
  const { endpointId, eventId, replayOf } = options.scope ?? {};
  if (eventId !== undefined) query = query.where('d.event_id', '=', eventId);
  if (replayOf !== undefined) query = query.where('d.replay_of', '=', replayOf);
  if (endpointId !== undefined) {
    // A bound of the index besides: a page right after a purge does not walk over what is purged.
    query = query.where('d.endpoint_id', '=', endpointId).where(
      'd.id',
      '>',
      sql<string>`coalesce(
          (select purged_through from endpoint where owner_id = ${ownerId} and id = ${endpointId}), ${noId})`,
    );
  }
  return toPage(await query.execute(), range);
}
