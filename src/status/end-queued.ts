import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { statement } from '../db/statement.ts';
import { highestUuid } from '../ids.ts';
import { laneHint } from './lane-hint.ts';
import type { FailureReason } from './status.ts';
import { transition, transitionWithin } from './transition.ts';

const endQueuedStatement = statement(
  'end_queued',
  `with ${transition(
    `held as materialized (
     select d.owner_id, d.delivery_id, d.ctid as row_at, d.status as previous, 'FAILED'::text as to_status, $3::text as reason,
            true as ends, false as stays_claimed, 0::float8 as delay_ms, 0 as counted, 0 as added
       from due d
      where d.owner_id = $1 and d.endpoint_id = $2 and d.delivery_id <= $5
        and ($4 or d.claim is null or d.claim < (select s.epoch from shard_lease s where s.shard = d.shard))
      order by d.owner_id, d.delivery_id
      limit $6
        for update of d
   )`,
    { withAttempts: false, isPartial: true },
  )}
   select (select count(*)::integer from del) as ended, (select count(*)::integer from held) as held
     from checked where checked.ok = 0`,
  { owner: 1, returns: 'ended integer, held integer' },
);

/** The number of rows in one statement. It takes about 50 ms, so that the owner's log is never locked for long. */
const endQueuedChunk = 2_000;
/**
 * Ends all waiting deliveries of an endpoint as FAILED, in the log, in chunks that are one transaction each. Call it
 * after committing the change that prevents further sending. Deliveries that a crash leaves over, and deliveries that
 * are created meanwhile, are ended by the next claim, which reads the endpoint's state.
 *
 * `claimedToo` also ends deliveries that a worker is sending; its late result then changes nothing. Without it, these
 * requests may finish. The claim of a worker that has lost the shard is void in any case: nobody would free it while
 * the endpoint is paused. Returns the number of ended deliveries.
 */
export async function endQueued(
  db: Database,
  options: {
    ownerId: string;
    endpointId: string;
    reason: FailureReason;
    claimedToo?: boolean;
    /** Only deliveries up to this id. */
    through?: string;
    /** The pause between two chunks, for the owner's other writers. */
    pauseMs?: number;
    /** When this is aborted, the rest is left to the next claim. */
    signal?: AbortSignal;
  },
): Promise<number> {
  const { ownerId, endpointId, reason, claimedToo = false, through = highestUuid, pauseMs, signal } = options;
  let total = 0;
  while (signal?.aborted !== true) {
    const rows = await retrying(
      () =>
        db.query
          .transaction()
          .execute((trx) =>
            transitionWithin<{ ended: number; held: number }>(trx, endQueuedStatement, [
              ...[ownerId, endpointId, reason, claimedToo, through, endQueuedChunk],
            ]),
          ),
      { attempts: 5 },
    );
    const { ended = 0, held = 0 } = rows[0] ?? {};
    total += ended;
    if (ended > 0) db.hints.send([ownerId]);
    // Deliveries that changed while this waited for the lock are ended by the next round.
    if (held < endQueuedChunk && ended === held) {
      // Of an endpoint that is ordered strictly the next may be sent.
      if (total > 0) db.hints.send([laneHint(ownerId, endpointId)]);
      return total;
    }
    if (pauseMs !== undefined) await delay(pauseMs);
  }
  return total;
}

/**
 * After this time the rest is left to the background, because the caller's act is committed and should not wait any
 * longer.
 */
const answerWithinMs = 4_000;

/**
 * Like `endQueued`, for an act that is committed and answered to a caller. If deliveries cannot be ended now, because
 * the database is busy or unavailable or because it takes too long, the act must not look as if it had failed. Claims
 * and the purger end them soon after.
 */
export async function endQueuedOrLeave(
  db: Database,
  options: Omit<Parameters<typeof endQueued>[1], 'signal'>,
): Promise<void> {
  try {
    await endQueued(db, { ...options, signal: AbortSignal.timeout(answerWithinMs) });
  } catch (error) {
    if (!isTransient(error)) throw error;
  }
}
