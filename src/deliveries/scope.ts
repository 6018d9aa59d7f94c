import { type Kysely, sql } from 'kysely';
import { lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import type { DeliveryConditions } from './filter.ts';

/** The deliveries of these endpoints, of these events, or the replays of these deliveries. */
export type DeliveryScope = Readonly<{
  column: 'endpoint_id' | 'event_id' | 'replay_of';
  ids: readonly string[];
}>;

/** A record whose deliveries are listed: `id`, and for an endpoint the watermark `purged_through`. */
export function targetsOf(ownerId: string, { column, ids }: DeliveryScope) {
  return column === 'endpoint_id'
    ? sql<{ id: string }>`(select id, coalesce(purged_through, ${lowestUuid}) as purged_through from endpoint
        where owner_id = ${ownerId} and id = any(${[...ids]}::uuid[]))`
    : sql<{ id: string }>`(select unnest(${[...ids]}::uuid[]) as id)`;
}

/**
 * Purged deliveries are hidden at once and removed later. Until then an index walks over them, a million rows in some
 * seconds. So meanwhile an owner's deliveries are read endpoint by endpoint, each from its watermark. Undefined if
 * nothing has to be removed, or if the filter already names a short list. (Using this bound all the time would cost
 * more than it saves: the planner cannot estimate it and uses another index.)
 */
export async function scopeWhileRemoving(
  db: Kysely<Tables>,
  ownerId: string,
  { id, eventId, endpointId }: DeliveryConditions,
): Promise<DeliveryScope | undefined> {
  if (id !== undefined || eventId !== undefined || endpointId?.length === 0) return undefined;
  const isAsked = endpointId === undefined ? sql`true` : sql`id = any(${[...endpointId]}::uuid[])`;
  const { rows } = await sql<{ ids: string[] }>`
    select array(select id from endpoint
                  where owner_id = ${ownerId} and deleted_at is null and ${isAsked}) as ids
     where exists (select from endpoint
                    where owner_id = ${ownerId} and ${isAsked} and purged_through is not null
                      and removed_through is distinct from purged_through)`.execute(db);
  return rows[0] === undefined ? undefined : { column: 'endpoint_id', ids: rows[0].ids };
}
