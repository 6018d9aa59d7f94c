import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { visibleDeliveries } from '../deliveries/delivery.ts';
import { matchesFilter } from '../deliveries/filter.ts';
import { lowestUuid } from '../ids.ts';
import type { Held, StepResult } from '../replays/held-job.ts';
import { cancelHeld, holdWaiting } from '../status/cancel-queued.ts';
import { laneHint } from '../status/lane-hint.ts';
import type { Tables } from '../tables.ts';
import type { HeldCancelJob } from './cancel-job.ts';

/**
 * Cancels what matches among the next rows of the owner's queue, and moves the job's cursor, in one transaction. Those
 * that match and no longer wait, because a worker is sending them or they have just ended, are counted as skipped. The
 * rows are locked before the job's numbers are written, so that the numbers are exact; the change of status comes last,
 * because it locks the owner's log until the commit.
 */
export async function cancelNext(
  database: Database,
  job: HeldCancelJob,
  { rows: limit, leaseMs }: { rows: number; leaseMs: number },
): Promise<StepResult> {
  const { owner_id: ownerId } = job;
  const done = await database.query.transaction().execute(async (trx) => {
    const cursor = await lockJob(trx, job);
    if (cursor === undefined) return undefined;
    const page = await nextQueued(trx, job, { after: cursor, limit });
    const matching = page.length === 0 ? [] : await matchingOf(trx, job, page);
    const held = await holdWaiting(trx, { ownerId, ids: matching });
    const isLast = page.length < limit;
    await trx
      .updateTable('cancel_job')
      .set({
        cursor_id: page.at(-1) ?? cursor,
        matched: sql<number>`matched + ${matching.length}::bigint`,
        cancelled: sql<number>`cancelled + ${held.length}::bigint`,
        skipped: sql<number>`skipped + ${matching.length - held.length}::bigint`,
        lease_until: sql<Date>`now() + ${leaseMs}::integer * interval '1 millisecond'`,
        failures: 0,
        ...(isLast ? { status: 'COMPLETED' as const, completed_at: sql<Date>`clock_timestamp()` } : {}),
      })
      .where('owner_id', '=', ownerId)
      .where('id', '=', job.id)
      .execute();
    await cancelHeld(trx, { ownerId, ids: held.map(({ deliveryId }) => deliveryId) });
    return { held, isLast };
  });
  if (done === undefined) return 'LOST';
  const { held, isLast } = done;
  if (held.length > 0) {
    // Of an endpoint that is ordered strictly the next may be sent.
    const endpoints = [...new Set(held.map(({ endpointId }) => endpointId))];
    database.hints.send([ownerId, ...endpoints.map((id) => laneHint(ownerId, id))]);
  }
  return isLast ? 'DONE' : 'MORE';
}

/** The job's cursor as it is now; undefined if another runner holds the job, or it has ended. */
async function lockJob(trx: Transaction<Tables>, job: Held): Promise<string | undefined> {
  const row = await trx
    .selectFrom('cancel_job')
    .select('cursor_id')
    .where('owner_id', '=', job.owner_id)
    .where('id', '=', job.id)
    .where('epoch', '=', job.epoch)
    .where(sql<boolean>`status = 'RUNNING'`)
    .forUpdate()
    .executeTakeFirst();
  return row?.cursor_id;
}

/** The next deliveries that have not ended, whether they match or not, so that one statement never reads too many. */
async function nextQueued(
  trx: Transaction<Tables>,
  { owner_id: ownerId, id, conditions }: HeldCancelJob,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const { id: ids, firstId = lowestUuid, endId } = conditions;
  let query = trx
    .selectFrom('due')
    .select('delivery_id')
    .where('owner_id', '=', ownerId)
    .where('delivery_id', '>', after)
    .where('delivery_id', '>=', firstId)
    .where('delivery_id', '<=', id);
  if (endId !== undefined) query = query.where('delivery_id', '<', endId);
  if (ids !== undefined) query = query.where('delivery_id', '=', sql<string>`any(${[...ids]}::uuid[])`);
  const rows = await query.orderBy('delivery_id').limit(limit).execute();
  return rows.map(({ delivery_id }) => delivery_id);
}

async function matchingOf(
  trx: Transaction<Tables>,
  { owner_id: ownerId, conditions }: HeldCancelJob,
  page: readonly string[],
): Promise<string[]> {
  const rows = await visibleDeliveries(trx, ownerId)
    .select('d.id')
    .where('d.id', '=', sql<string>`any(${[...page]}::uuid[])`)
    .where(matchesFilter(conditions))
    .execute();
  return rows.map(({ id }) => id);
}
