import { dayMs } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { longestScheduleSeconds } from '../sending/retry-schedule.ts';

const rollUp = statement(
  'roll_up_usage',
  `with counted as (
     select owner_id, sum(succeeded) as succeeded, sum(failed) as failed, 0 as attempts
       from endpoint_stat where minute >= $1 and minute < $2 group by owner_id
      union all
     select owner_id, 0, 0, sum(attempts)
       from endpoint_latency where hour >= $1 and hour < $2 group by owner_id
   ),
   written as (
     insert into usage_day as u (owner_id, day, succeeded, failed, attempts)
     select owner_id, $3::date, sum(succeeded), sum(failed), sum(attempts) from counted group by owner_id
     on conflict (owner_id, day) do update
        set succeeded = greatest(u.succeeded, excluded.succeeded), failed = greatest(u.failed, excluded.failed),
            attempts = greatest(u.attempts, excluded.attempts), updated_at = now()
      where (u.succeeded, u.failed, u.attempts) is distinct from
            (greatest(u.succeeded, excluded.succeeded), greatest(u.failed, excluded.failed),
             greatest(u.attempts, excluded.attempts))
     returning 1
   )
   select count(*)::integer as changed from written`,
  { everywhere: true, returns: 'changed integer' },
);

/** Deliveries that ended within this time make their day of creation count again. */
const lookBackMs = 7 * dayMs;

const lateDays = statement(
  'late_usage_days',
  `select distinct date_trunc('day', s.minute, 'UTC') as day
     from endpoint_stat s
    where s.minute < $2 and greatest(s.last_success_at, s.last_failure_at) > $1
    order by day`,
);

/**
 * Counts each owner's deliveries by day (UTC) into `usage_day`, which outlives retention and purges. It serves
 * invoices and yearly charts. It is counted from the rollups, never from deliveries.
 *
 * Every day on which a delivery may still end by the server's schedule is counted again each time, and so is every
 * earlier day whose deliveries have ended within the last week: an endpoint may have a longer schedule, or may have been
 * paused. So a run may be skipped or repeated. A
 * count never decreases: a purge, or retention in the middle of a day, subtracts nothing. Returns the number of
 * changed days of owners.
 */
export async function rollUpUsage(
  database: Database,
  options: { retrySchedule: readonly number[]; now: number },
): Promise<number> {
  const days = Math.ceil((longestScheduleSeconds(options.retrySchedule) * 1000) / dayMs) + 2;
  const today = Math.floor(options.now / dayMs) * dayMs;
  const usual = Array.from({ length: days }, (_, back) => today - back * dayMs);
  const late = await run<{ day: Date }>(database, database.api, lateDays, [
    new Date(options.now - lookBackMs),
    new Date(today - (days - 1) * dayMs),
  ]);
  let changed = 0;
  for (const day of [...late.map((row) => row.day.getTime()), ...usual.reverse()]) {
    const [start, end] = [new Date(day), new Date(day + dayMs)];
    const rows = await run<{ changed: number }>(database, database.api, rollUp, [
      start,
      end,
      start.toISOString().slice(0, 10),
    ]);
    changed += rows.reduce((sum, row) => sum + row.changed, 0);
  }
  return changed;
}
