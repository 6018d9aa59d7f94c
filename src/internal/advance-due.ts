import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { lowestUuid } from '../ids.ts';
import { laneHint } from '../status/lane-hint.ts';

const chunk = 2_000;

const owners = statement('owners_with_due', 'select distinct owner_id from due');

const closeCircuits = statement(
  'close_circuits',
  `update endpoint_health set circuit = 'CLOSED', consecutive_failures = 0, next_probe_at = null, updated_at = now()
    where owner_id = $1 and circuit <> 'CLOSED'`,
);

const advance = statement(
  'advance_due',
  `with held as materialized (
     select owner_id, delivery_id from due
      where owner_id = $1 and delivery_id > $2 and claim is null and due_at > now()
      order by owner_id, delivery_id
      limit ${chunk}
        for update
   ), moved as (
     update due d set due_at = now() from held h
      where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id
     returning d.endpoint_id, d.delivery_id
   )
   select endpoint_id, count(*)::integer as moved, max(delivery_id::text) as last from moved group by endpoint_id`,
  { owner: 1, returns: 'endpoint_id uuid, moved integer, last text' },
);

type Moved = { endpoint_id: string; moved: number; last: string };

/**
 * Makes everything that waits for a time due now, for one owner or for all, and closes circuits that hold it back.
 * Returns the number of deliveries.
 */
export async function advanceDue(database: Database, ownerId: string | undefined): Promise<number> {
  const found =
    ownerId === undefined
      ? await run<{ owner_id: string }>(database, database.engine, owners, [])
      : [{ owner_id: ownerId }];
  let total = 0;
  for (const { owner_id: owner } of found) {
    await run(database, database.engine, closeCircuits, [owner]);
    let after = lowestUuid;
    for (;;) {
      const rows = await run<Moved>(database, database.engine, advance, [owner, after]);
      database.hints.send(rows.map((row) => laneHint(owner, row.endpoint_id)));
      const moved = rows.reduce((sum, row) => sum + row.moved, 0);
      total += moved;
      if (moved < chunk) break;
      after =
        rows
          .map(({ last }) => last)
          .sort()
          .at(-1) ?? after;
    }
  }
  return total;
}
