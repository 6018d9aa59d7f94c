import { type Kysely, sql } from 'kysely';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** Counting goes no further. */
export const mostCounted = 100_000;

/** An event that an endpoint subscribes to and has no delivery of. */
export type MissedEvent = Readonly<{ id: string; type: string; tenant_id: string | null }>;

type Window = Readonly<{
  /** The ids of the events, from `after` (exclusive) through `through`. */
  after: string;
  through: string;
  limit: number;
}>;

/**
 * What an endpoint missed: events of types that it subscribes to now, of which it has no delivery. It did not exist, did
 * not subscribe, or its filter kept them. Left out are tests, the platform's own events about endpoints, and what was
 * purged. An app keeps no event that was not for it, so that its webhook misses nothing of the kind.
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
