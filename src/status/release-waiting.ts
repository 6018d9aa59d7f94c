import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { run, statement } from '../db/statement.ts';
import { lowestUuid } from '../ids.ts';
import { laneHint } from './lane-hint.ts';

const chunk = 5_000;

/** When a delivery was created, which its id tells, and the delay before its first attempt after that. */
const begins = `to_timestamp(
  ('x' || lpad(replace(left(delivery_id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 1000.0 + $4::float8)`;

const releaseStatement = statement(
  'release_waiting',
  `with held as materialized (
     select ctid as row_at, greatest(now(), ${begins}) as due_at from due
      where owner_id = $1 and endpoint_id = $2 and delivery_id > $3 and claim is null
        and attempt_count = 0 and due_at > greatest(now(), ${begins})
      order by owner_id, delivery_id
      limit ${chunk}
        for update
   ), moved as (
     update due d set due_at = h.due_at from held h
      where d.ctid = h.row_at
     returning d.delivery_id
   )
   select count(*)::integer as moved, max(delivery_id::text) as last from moved`,
  { owner: 1, returns: 'moved integer, last text' },
);

/**
 * Makes the deliveries that wait for their endpoint's handshake due now, or when the delay before their first attempt is
 * over. A delivery that is created at the same
 * moment may still see the handshake as unfinished. It becomes due by itself when the time for the handshake is over.
 */
export async function releaseWaiting(
  db: Database,
  options: { ownerId: string; endpointId: string; firstDelaySeconds?: number | undefined },
): Promise<void> {
  let after = lowestUuid;
  for (;;) {
    const rows = await retrying(
      () =>
        run<{ moved: number; last: string | null }>(db, db.engine, releaseStatement, [
          ...[options.ownerId, options.endpointId, after, options.firstDelaySeconds ?? 0],
        ]),
      { attempts: 5 },
    );
    const moved = rows[0]?.moved ?? 0;
    if (moved > 0) db.hints.send([laneHint(options.ownerId, options.endpointId)]);
    if (moved < chunk) return;
    after = rows[0]?.last ?? after;
  }
}
