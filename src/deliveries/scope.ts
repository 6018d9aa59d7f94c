import { type Kysely, sql } from 'kysely';
import { lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import type { DeliveryConditions } from './filter.ts';

/** Of each of these endpoints, events, or deliveries that were replayed. */
export type DeliveryScope = Readonly<{
  column: 'endpoint_id' | 'event_id' | 'replay_of';
  ids: readonly string[];
}>;

/** What a list is read of: `id`, and of an endpoint the watermark `purged_through`. */
export function targetsOf(ownerId: string, { column, ids }: DeliveryScope) {
  return column === 'endpoint_id'
    ? sql<{ id: string }>`(select id, coalesce(purged_through, ${lowestUuid}) as purged_through from endpoint
        where owner_id = ${ownerId} and id = any(${[...ids]}::uuid[]))`
    : sql<{ id: string }>`(select unnest(${[...ids]}::uuid[]) as id)`;
}

/**
 * What is purged is hidden at once and removed later: until then an index walks over it, a million rows in some
 * seconds. So meanwhile what is asked of an owner is read endpoint by endpoint, each from its watermark on. Undefined:
 * nothing is to be removed, or the filter names a short list by itself. (Such a bound for ever would cost more than
 * it saves: the planner cannot tell what it leaves, and takes another index.)
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
