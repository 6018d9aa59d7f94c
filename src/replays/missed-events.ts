import { type Kysely, sql } from 'kysely';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** Counting stops at this number. */
export const mostCounted = 100_000;

/** An event that the endpoint subscribes to, but of which it has no delivery. */
export type MissedEvent = Readonly<{ id: string; type: string; tenant_id: string | null }>;

type Window = Readonly<{
  /** The ids of the events, from `after` (exclusive) through `through`. */
  after: string;
  through: string;
  limit: number;
}>;

/**
 * The events that an endpoint missed: it subscribes to their types now, but has no delivery of them, because it did not
 * exist, did not subscribe, or had a filter that did not match. Tests, platform events about endpoints and purged
 * deliveries are left out. For an app only events that it receives are stored, so its webhook never misses one.
 */
export async function findMissed(
  db: Kysely<Tables>,
  endpoint: Endpoint,
  { after, through, limit }: Window,
): Promise<readonly MissedEvent[]> {
  if (endpoint.owner_kind === 'APP') return [];
  const from = greater(after, endpoint.purged_through ?? lowestUuid);
  const { rows } = await sql<MissedEvent>`
    select e.id, e.type, e.tenant_id
      from event e
     where e.owner_id = ${endpoint.owner_id} and e.id > ${from} and e.id <= ${through}
       and (e.type = any(${endpoint.events}::text[]) or split_part(e.type, '.', 1) || '.*' = any(${endpoint.events}::text[])
            or '*' = any(${endpoint.events}::text[]))
       and split_part(e.type, '.', 1) not in ('app', 'endpoint') and e.type <> 'delivery.dead_lettered'
       and not exists (
         select from delivery d
          where d.owner_id = e.owner_id and d.event_id = e.id and d.id >= e.id
            and (d.endpoint_id = ${endpoint.id} or d.kind = 'TEST'))
     order by e.id
     limit ${limit}`.execute(db);
  return rows;
}

const greater = (a: string, b: string) => (a > b ? a : b);
