import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { statement } from '../db/statement.ts';
import { highestUuid } from '../ids.ts';
import type { FailureReason } from './status.ts';
import { transition, transitionWithin } from './transition.ts';

const endQueuedStatement = statement(
  'end_queued',
  `with ${transition(
    `held as materialized (
     select d.owner_id, d.delivery_id, d.ctid as row_at, d.status as previous, 'FAILED'::text as to_status, $3::text as reason,
            true as ends, false as stays_claimed, 0::float8 as delay_ms, 0 as counted, 0 as added
       from due d
      where d.owner_id = $1 and d.endpoint_id = $2 and d.delivery_id <= $5 and ($4 or d.claim is null)
      order by d.owner_id, d.delivery_id
      limit $6
        for update
   )`,
    { withAttempts: false, isPartial: true },
  )}
   select (select count(*)::integer from del) as ended, (select count(*)::integer from held) as held
     from checked where checked.ok = 0`,
);

/** Rows in one statement: about 50 ms, so that the owner's log is never held for long. */
const endQueuedChunk = 2_000;
/**
 * Ends everything that is queued for an endpoint as FAILED, in the log, in chunks that are a transaction each.
 * Call it after the change that makes further sending impossible has been committed: what a crash leaves over, and
 * what is published meanwhile, is ended by the next claim, which reads the endpoint's state.
 *
 * `claimedToo` also ends what a worker has just sent: its late answer then changes nothing. Without it, what is on
 * the wire may finish. Returns how many it ended.
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
    /** Between two chunks, for the owner's other writers. */
    pauseMs?: number;
    /** Once it is aborted, what is left is left to the next claim. */
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
    // What changed while it was locked is ended by the next look.
    if (held < endQueuedChunk && ended === held) return total;
    if (pauseMs !== undefined) await delay(pauseMs);
  }
  return total;
}

/** After so long the rest is left to the background: the caller's act is committed and waits for nothing more. */
const answerWithinMs = 4_000;

/**
 * As `endQueued`, for an act that is committed and answered to a caller. What cannot be ended now, because the
 * database is busy or away, or because it takes too long, must not make the act look as if it had failed: claims and
 * the purger end it soon after.
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
