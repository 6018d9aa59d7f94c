import { type Kysely, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Database } from '../db/pool.ts';
import { type Endpoint, getEndpoint, lockEndpoint } from '../endpoints/endpoint.ts';
import { firstUuidAt, lowestUuid, timeOfUuid } from '../ids.ts';
import { endQueuedOrLeave } from '../status/end-queued.ts';
import type { Tables } from '../tables.ts';

/** The number of rows that one statement counts. It takes about 40 ms. */
const countedRows = 50_000;
/** No transaction that creates deliveries stays open longer, so no new ids older than this appear. */
const settledMs = 30_000;

export type Purged = Readonly<{ endpoint: Endpoint; purgedCount: number }>;

/**
 * Hides all of an endpoint's deliveries up to now; the `Purger` removes them later.
 *
 * 1. They are counted page by page, except those of the last seconds. Older ones are no longer being written.
 * 2. In a short transaction, under the endpoint's lock, the rest is counted and the watermark is set to the newest
 * delivery. After its commit no reader finds the deliveries up to it, a claim does not send them, and the `Purger`
 * may remove them. So they must be counted before. If another purge came first, they are counted again from its
 * watermark.
 * 3. Waiting deliveries end as FAILED (CANCELLED) in the log. A claim does the same for those that a crash or the
 * time limit leaves over.
 *
 * Events published meanwhile have newer ids and stay.
 */
export async function purgeDeliveries(
  database: Database,
  { ownerId, id, by }: { ownerId: string; id: string; by: By },
): Promise<Purged> {
  const purged = await setWatermark(database, { ownerId, id, by });
  const through = purged.endpoint.purged_through;
  if (purged.purgedCount > 0 && through !== null) {
    await endQueuedOrLeave(database, {
      ...{ ownerId, endpointId: id, reason: 'CANCELLED', claimedToo: true, through },
    });
  }
  return purged;
}

async function setWatermark(
  database: Database,
  act: { ownerId: string; id: string; by: By },
): Promise<Purged> {
  const scope = { ownerId: act.ownerId, endpointId: act.id };
  for (;;) {
    const before = (await getEndpoint(database.query, act.ownerId, act.id)).purged_through ?? lowestUuid;
    const newest = await newestDelivery(database.query, scope);
    const settled = newest === undefined ? before : firstUuidAt(timeOfUuid(newest) - settledMs);
    const counted = await countBetween(database.query, scope, { after: before, through: settled });
    const purged = await database.query
      .transaction()
      .execute((trx) => raise(trx, { ...act, before, settled, counted }));
    if (purged !== undefined) return purged;
  }
}

/** Undefined if the watermark is not where the count began. */
async function raise(
  trx: Transaction<Tables>,
  act: { ownerId: string; id: string; by: By; before: string; settled: string; counted: number },
): Promise<Purged | undefined> {
  const { ownerId, id, before, settled, by } = act;
  const scope = { ownerId, endpointId: id };
  const endpoint = await lockEndpoint(trx, ownerId, id);
  if ((endpoint.purged_through ?? lowestUuid) !== before) return undefined;
  const newest = await newestDelivery(trx, scope);
  const through = newest !== undefined && newest > before ? newest : before;
  const [, after = before] = [before, settled].sort();
  const recent = await countBetween(trx, scope, { after, through });
  const purgedCount = act.counted + recent;
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'endpoint.purge',
    targetType: 'Endpoint',
    targetId: id,
    changes: { purgedCount },
  });
  if (purgedCount === 0) return { endpoint, purgedCount };
  const changed = await trx
    .updateTable('endpoint')
    .set({ purged_through: through })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  // The histogram of latencies does not distinguish deliveries.
  await trx
    .deleteFrom('endpoint_latency')
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', id)
    .execute();
  return { endpoint: changed, purgedCount };
}

type Scope = Readonly<{ ownerId: string; endpointId: string }>;

const deliveriesOf = (db: Kysely<Tables>, { ownerId, endpointId }: Scope) =>
  db
    .selectFrom('delivery')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', endpointId);

async function newestDelivery(db: Kysely<Tables>, scope: Scope): Promise<string | undefined> {
  return (await deliveriesOf(db, scope).orderBy('id', 'desc').limit(1).executeTakeFirst())?.id;
}

/** The deliveries after one id and up to the other, page by page. */
async function countBetween(
  db: Kysely<Tables>,
  scope: Scope,
  { after, through }: { after: string; through: string },
): Promise<number> {
  let total = 0;
  for (let cursor = after; cursor < through; ) {
    const page = deliveriesOf(db, scope)
      .where('id', '>', cursor)
      .where('id', '<=', through)
      .orderBy('id')
      .limit(countedRows);
    const { n, last } = await db
      .selectFrom(page.as('page'))
      .select(({ fn }) => [fn.countAll<number>().as('n'), sql<string | null>`max(id::text)`.as('last')])
      .executeTakeFirstOrThrow();
    total += n;
    if (n < countedRows || last === null) break;
    cursor = last;
  }
  return total;
}
