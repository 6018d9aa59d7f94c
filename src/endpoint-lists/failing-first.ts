import { type Kysely, sql } from 'kysely';
import { type Counted, type Page, type PageArgs, pageRange, sortedPage } from '../db/keyset.ts';
import {
  type Endpoint,
  type EndpointFilter,
  matchingEndpoints,
  mostEndpoints,
} from '../endpoints/endpoint.ts';
import type { Tables } from '../tables.ts';

/**
 * A page of the matching endpoints; those that fail the most come first. All of them are read and sorted for each page,
 * because their order changes all the time: at most as many as a tenant may have, with what they failed in each minute of a day.
 */
export async function listFailingFirst(
  db: Kysely<Tables>,
  ownerId: string,
  { page, filter }: { page: PageArgs; filter: EndpointFilter },
): Promise<Page<Endpoint> & Counted> {
  const range = pageRange(page, { kind: 'Endpoint', ownerId });
  const failed = sql<{ endpoint_id: string; failed: number }>`(
    select m.endpoint_id, sum(m.failed) as failed from endpoint_stat m
     where m.owner_id = ${ownerId} and m.minute >= now() - interval '24 hours' group by 1)`;
  const rows = await db
    .selectFrom(matchingEndpoints(db, ownerId, filter).as('e'))
    .leftJoin('endpoint_health as h', (join) =>
      join.on('h.owner_id', '=', ownerId).onRef('h.endpoint_id', '=', 'e.id'),
    )
    .leftJoin(failed.as('f'), 'f.endpoint_id', 'e.id')
    .selectAll('e')
    .orderBy(
      sql`coalesce(h.circuit, 'CLOSED') = 'CLOSED' and coalesce(e.disabled_reason, 'MANUAL') = 'MANUAL'`,
    )
    .orderBy(sql`coalesce(f.failed, 0) desc`)
    .orderBy('e.id', 'desc')
    .limit(mostEndpoints)
    .execute();
  return { ...sortedPage(rows, range), count: async () => rows.length };
}
