import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { timeOfUuid } from '../ids.ts';
import { type ChangeRow, type LogChange, toChange } from '../live/read-log.ts';

/** More than the longest retry schedule creates, even with interrupted attempts. */
export const maxHistory = 500;

const historyOf = statement(
  'delivery_history',
  'select * from delivery_history($1, $2::uuid[], $3, $4) where owner_id = $1 order by position',
  {
    owner: 1,
    // As the function has it.
    text: `select l.* from unnest($2::uuid[]) as d(id)
            cross join lateral (
              select * from delivery_log l
               where (l.owner_id = $1) is true and l.delivery_id = d.id and l.occurred_at >= $3
               order by l.position limit $4) l
            order by l.position`,
    returns: `owner_id uuid, position bigint, occurred_at timestamptz, delivery_id uuid, endpoint_id uuid,
      event_id uuid, event_type text, kind text, tenant_id uuid, status text, previous_status text, failure_reason text,
      attempt_number integer, response_status integer`,
  },
);

/** All changes of these deliveries of the owner that the log still holds, oldest first. */
export async function readHistory(
  database: Database,
  ownerId: string,
  ids: readonly string[],
): Promise<LogChange[]> {
  const since = new Date(Math.min(...ids.map(timeOfUuid)) - clockSlackMs);
  const rows = await run<ChangeRow>(database, database.api, historyOf, [ownerId, ids, since, maxHistory]);
  return rows.map((row) => toChange(ownerId, row));
}

/** A delivery's id is created before its first line in the log. The minute allows for clocks that were corrected. */
const clockSlackMs = 60_000;
