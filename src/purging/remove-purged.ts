import { type Kysely, sql } from 'kysely';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { lowestUuid, timeOfUuid } from '../ids.ts';
import { forgetPlaces } from '../status/strict-order.ts';
import type { Tables } from '../tables.ts';

/** The number of deliveries that one statement removes, with their attempts. It takes about 15 ms. */
const removedRows = 1_000;
const statRows = 5_000;
/**
 * Publishing that was running during a purge or a deletion has ended after this time, so nothing new appears below
 * the watermark.
 */
const settledMs = 60_000;
/** An endpoint with possible remains below its watermark. */
export type Removal = {
  ownerId: string;
  endpointId: string;
  /** The watermark. */
  through: string;
  deletedAt: Date | null;
  /** The id that this run has reached. */
  cursor: string;
};

export async function findRemovals(db: Kysely<Tables>, limit: number): Promise<Removal[]> {
  const rows = await db
    .selectFrom('endpoint')
    .select(['owner_id', 'id', 'purged_through', 'deleted_at'])
    .where('purged_through', 'is not', null)
    .where(sql<boolean>`removed_through is distinct from purged_through`)
    .orderBy('owner_id')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ownerId: row.owner_id,
    endpointId: row.id,
    through: row.purged_through ?? lowestUuid,
    deletedAt: row.deleted_at,
    cursor: lowestUuid,
  }));
}

/**
 * Joined by owner and id from a materialized CTE, because with a constant owner the planner reads all rows of the
 * owner.
 */
const removeStatement = statement(
  'remove_purged',
  `with page as materialized (
     select $1::uuid as owner_id, id from unnest($2::uuid[]) as p(id)
   ),
   locked as materialized (
     select d.owner_id, d.id, d.status
       from page p join delivery d on d.owner_id = p.owner_id and d.id = p.id
      order by d.owner_id, d.id
        for update of d
   ),
   ended as materialized (
     select owner_id, id from locked where status in ('SUCCEEDED', 'FAILED', 'DEAD_LETTER')
   ),
   att as (
     delete from attempt a using ended l where a.owner_id = l.owner_id and a.delivery_id = l.id returning 1
   ),
   gone as (
     delete from delivery d using ended l where d.owner_id = l.owner_id and d.id = l.id returning 1
   )
   select (select count(*)::integer from gone) as removed, (select count(*)::integer from att) as attempts`,
  { owner: 1, returns: 'removed integer, attempts integer' },
);

/**
 * Removes the next ended deliveries with their attempts. Returns false if there are none left. A waiting delivery
 * stays, because ending it writes to it; the log's entries always stay. Nothing here locks an owner's log.
 */
export async function removeNext(database: Database, removal: Removal): Promise<boolean> {
  const rows = await database.query
    .selectFrom('delivery')
    .select('id')
    .where('owner_id', '=', removal.ownerId)
    .where('endpoint_id', '=', removal.endpointId)
    .where('id', '>', removal.cursor)
    .where('id', '<=', removal.through)
    .orderBy('id')
    .limit(removedRows)
    .execute();
  const last = rows.at(-1);
  if (last === undefined) return false;
  await run(database, database.engine, removeStatement, [removal.ownerId, rows.map(({ id }) => id)]);
  removal.cursor = last.id;
  return rows.length === removedRows;
}

/**
 * The last step, when no row is left: removes the counts of fully purged minutes (nobody reads them or the
 * watermark's own minute), and all data of a deleted endpoint, whose row stays as a tombstone. Then the endpoint is
 * finished, but not before everything that could still appear below the watermark has appeared.
 */
export async function finishRemoval(db: Kysely<Tables>, removal: Removal): Promise<void> {
  const { ownerId, endpointId, through, deletedAt } = removal;
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from endpoint_stat
       where owner_id = ${ownerId} and endpoint_id = ${endpointId} and minute = any(array(
         select minute from endpoint_stat
          where owner_id = ${ownerId} and endpoint_id = ${endpointId} and minute < minute_of(${through}::uuid)
          limit ${statRows}))`.execute(db);
    if (Number(numAffectedRows) < statRows) break;
  }
  if (deletedAt !== null) {
    await forgetPlaces(db, removal);
    await db
      .deleteFrom('endpoint_latency')
      .where('owner_id', '=', ownerId)
      .where('endpoint_id', '=', endpointId)
      .execute();
    await db
      .deleteFrom('endpoint_health')
      .where('owner_id', '=', ownerId)
      .where('endpoint_id', '=', endpointId)
      .execute();
  }
  const purgedAt = deletedAt?.getTime() ?? timeOfUuid(through);
  if (purgedAt > databaseNow() - settledMs || (await hasRows(db, removal))) return;
  await db
    .updateTable('endpoint')
    .set({ removed_through: through })
    .where('owner_id', '=', ownerId)
    .where('id', '=', endpointId)
    .execute();
}

async function hasRows(db: Kysely<Tables>, { ownerId, endpointId, through }: Removal): Promise<boolean> {
  const row = await db
    .selectFrom('delivery')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', endpointId)
    .where('id', '<=', through)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
