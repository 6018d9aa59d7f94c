import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { run, statement } from '../db/statement.ts';
import type { PlannedEvent } from './plan-events.ts';

const retries = 6;

/** The number of deliveries of events that are stored already, by event. */
export async function countDeliveriesOf(
  db: Database,
  events: readonly PlannedEvent[],
): Promise<Map<string, number>> {
  if (events.length === 0) return new Map();
  const rows = await retrying(
    () =>
      run<{ event_id: string; n: number }>(db, db.engine, countStatement, [
        events.map(({ checked }) => checked.tenantId),
        events.map(({ id }) => id),
      ]),
    { attempts: retries },
  );
  return new Map(rows.map(({ event_id, n }) => [event_id, n]));
}

const countStatement = statement(
  'count_deliveries_of_events',
  `select x.event_id, (select count(*)::integer from delivery d
                        where d.owner_id = x.owner_id and d.event_id = x.event_id and d.kind = 'EVENT') as n
     from unnest($1::uuid[], $2::uuid[]) as x(owner_id, event_id)`,
  { owners: [[1, 2]], returns: 'event_id uuid, n integer' },
);
