import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dayMs } from '../clock.ts';
import { runComposed } from '../db/statement.ts';
import { badUserInput } from '../errors.ts';
import { firstUuidAt, lowestUuid, timeOfUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { latencyPercentile } from './latency-percentile.ts';

/**
 * Exact counts of deliveries by the time of their creation, at a cost that does not grow with their number.
 *
 * `endpoint_stat` holds finished deliveries by the minute of their creation. All whole minutes of a window are summed
 * from it in SQL. The two partial minutes at the window's edges are counted in `delivery`, by ranges of ids, and
 * unfinished deliveries in `due`. A change of status moves a delivery from `due` to `endpoint_stat` in one
 * transaction, and one statement reads all three under one snapshot, so no delivery is missed or counted twice.
 *
 * Purged deliveries are not counted: for each endpoint the window begins after its watermark. The watermark's own
 * minute is treated as an edge and counted in rows; `endpoint_stat` is not read up to and including it. So the
 * background removal may delete those minutes from `endpoint_stat` at any time, or leave them, because the watermark
 * stays. Latencies are read from the watermark's hour on; a purge itself empties the endpoint's `endpoint_latency`.
 *
 * The inner boundaries of a timeline are whole minutes, so it is served in the same way.
 */
export type StatsWindow = Readonly<{ since: Date; until: Date }>;

export type DeliveryStats = Readonly<{
  window: StatsWindow;
  total: number;
  succeeded: number;
  failed: number;
  inFlight: number;
  /** The share among finished deliveries; null if there are none. */
  successRate: number | null;
  latencyP50: number | null;
  latencyP95: number | null;
  lastDeliveryAt: Date | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
}>;

export type StatsBucket = Readonly<{ start: Date; succeeded: number; failed: number; inFlight: number }>;

export const maxTimelineBuckets = 500;

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The last 24 hours by default. Throws BAD_USER_INPUT for an empty window, or one longer than retention. */
export function statsWindow(
  args: Readonly<{ since?: Date | null | undefined; until?: Date | null | undefined }>,
  { now, retentionDays }: { now: number; retentionDays: number },
): StatsWindow {
  const until = args.until ?? new Date(now);
  const since = args.since ?? new Date(until.getTime() - dayMs);
  if (since >= until) throw badUserInput('`since` must be earlier than `until`.', { argument: 'since' });
  if (until.getTime() - since.getTime() > retentionDays * dayMs) {
    throw badUserInput(
      `The time from \`since\` to \`until\` can be at most ${retentionDays} days, because older deliveries are not kept.`,
      {
        argument: 'since',
        limit: retentionDays,
      },
    );
  }
  return { since, until };
}

/** Throws BAD_USER_INPUT with the limit. */
export function checkTimelineBuckets(buckets: number): void {
  if (buckets >= 1 && buckets <= maxTimelineBuckets) return;
  throw badUserInput(`\`buckets\` must be from 1 to ${maxTimelineBuckets}; it was ${buckets}.`, {
    argument: 'buckets',
    limit: maxTimelineBuckets,
  });
}

/** The endpoints that are counted together: all of an owner's, or each of some. Deleted endpoints are not counted. */
type Counted = Readonly<{ ownerId: string; endpointIds: readonly string[] | 'ALL' }>;

/** For all deliveries of the owner. */
export async function readOwnerStats(
  db: Kysely<Tables>,
  ownerId: string,
  window: StatsWindow,
): Promise<DeliveryStats> {
  const stats = await readStats(db, { ownerId, endpointIds: 'ALL' }, window);
  return stats.get(lowestUuid) ?? toStats(undefined, window);
}

/** For the deliveries of each endpoint, in one statement. */
export async function readEndpointStats(
  db: Kysely<Tables>,
  ownerId: string,
  { endpointIds, window }: { endpointIds: readonly string[]; window: StatsWindow },
): Promise<ReadonlyMap<string, DeliveryStats>> {
  const stats = await readStats(db, { ownerId, endpointIds }, window);
  return new Map(endpointIds.map((id) => [id, stats.get(id) ?? toStats(undefined, window)]));
}

/**
 * Divides the window into at most this many buckets of equal length, rounded to whole minutes. Only the first and the
 * last may begin or end within a minute, so a window of fewer minutes than buckets has fewer buckets.
 */
export async function readOwnerTimeline(
  db: Kysely<Tables>,
  ownerId: string,
  { window, buckets }: { window: StatsWindow; buckets: number },
): Promise<readonly StatsBucket[]> {
  const starts = bucketStarts(window, buckets);
  const counts = await readTimelines(db, { ownerId, endpointIds: 'ALL' }, { window, starts });
  return toTimeline(starts, counts);
}

/** For the deliveries of each endpoint, in one statement. */
export async function readEndpointTimelines(
  db: Kysely<Tables>,
  ownerId: string,
  options: { endpointIds: readonly string[]; window: StatsWindow; buckets: number },
): Promise<ReadonlyMap<string, readonly StatsBucket[]>> {
  const { endpointIds, window, buckets } = options;
  const starts = bucketStarts(window, buckets);
  const counts = await readTimelines(db, { ownerId, endpointIds }, { window, starts });
  return new Map(
    endpointIds.map((id) => [
      id,
      toTimeline(
        starts,
        counts.filter(({ key }) => key === id),
      ),
    ]),
  );
}

export function bucketStarts({ since, until }: StatsWindow, buckets: number): readonly Date[] {
  const length = (until.getTime() - since.getTime()) / buckets;
  const inner = Array.from(
    { length: buckets - 1 },
    (_, index) => Math.floor((since.getTime() + (index + 1) * length) / minuteMs) * minuteMs,
  );
  const starts = new Set([since.getTime(), ...inner.filter((start) => start > since.getTime())]);
  return [...starts].map((start) => new Date(start));
}

type StatsRow = {
  key: string;
  succeeded: number;
  failed: number;
  in_flight: number;
  last_success_at: Date | null;
  last_failure_at: Date | null;
  last_id: string | null;
  latency_buckets: number[] | null;
  latency_attempts: number[] | null;
};

async function readStats(
  db: Kysely<Tables>,
  counted: Counted,
  window: StatsWindow,
): Promise<ReadonlyMap<string, DeliveryStats>> {
  const { ownerId } = counted;
  const [fromId, untilId] = [firstUuidAt(window.since.getTime()), firstUuidAt(window.until.getTime())];
  const query = sql<StatsRow>`
    with ${countsBy(counted, window, [window.since])},
    newest as (
      select distinct on (s.key) s.key, d.id
        from scope s
       cross join lateral (
         select id from delivery
          where owner_id = ${ownerId} and endpoint_id = s.endpoint_id and id > s.purged
            and id >= ${fromId}::uuid and id < ${untilId}::uuid
          order by id desc
          limit 1
       ) d
       order by s.key, d.id desc
    ),
    latency as (
      select key, array_agg(bucket::integer order by bucket) as buckets,
             array_agg(attempts::float8 order by bucket) as attempts
        from (
          select s.key, l.bucket, sum(l.attempts) as attempts
            from scope s
            join endpoint_latency l
              on l.owner_id = ${ownerId} and l.endpoint_id = s.endpoint_id
             and l.hour >= s.from_hour and l.hour < ${window.until}
           group by s.key, l.bucket
        ) by_bucket
       group by key
    )
    select k.key, coalesce(c.succeeded, 0) as succeeded, coalesce(c.failed, 0) as failed,
           coalesce(c.in_flight, 0) as in_flight, c.last_success_at, c.last_failure_at, n.id as last_id,
           l.buckets as latency_buckets, l.attempts as latency_attempts
      from (select distinct key from scope) k
      left join counts c on c.key = k.key
      left join newest n on n.key = k.key
      left join latency l on l.key = k.key`.compile(db);
  const returns = `key uuid, succeeded bigint, failed bigint, in_flight bigint, last_success_at timestamptz,
    last_failure_at timestamptz, last_id uuid, latency_buckets integer[], latency_attempts float8[]`;
  const rows = await runComposed(db, { name: 'stats', query, ownerId, returns, isPlannedOnce: true });
  return new Map(rows.map((row) => [row.key, toStats(row, window)]));
}

type CountsRow = { key: string; bucket: number; succeeded: number; failed: number; in_flight: number };

async function readTimelines(
  db: Kysely<Tables>,
  counted: Counted,
  { window, starts }: { window: StatsWindow; starts: readonly Date[] },
): Promise<readonly CountsRow[]> {
  const query = sql<CountsRow>`
    with ${countsBy(counted, window, starts)}
    select key, bucket, succeeded, failed, in_flight from counts`.compile(db);
  const returns = 'key uuid, bucket integer, succeeded bigint, failed bigint, in_flight bigint';
  return await runComposed(db, {
    name: 'timelines',
    query,
    ownerId: counted.ownerId,
    returns,
    isPlannedOnce: true,
  });
}

/**
 * The CTEs `scope`, with one row for each endpoint, and `counts`: key, bucket (from 1), succeeded, failed, in_flight,
 * last_success_at, last_failure_at.
 */
function countsBy({ ownerId, endpointIds }: Counted, { since, until }: StatsWindow, starts: readonly Date[]) {
  // Nothing is older than 1970, and an id cannot express an earlier time.
  const wholeFrom = new Date(Math.max(0, Math.ceil(since.getTime() / minuteMs) * minuteMs));
  const wholeUntil = new Date(Math.floor(until.getTime() / minuteMs) * minuteMs);
  const fromHour = new Date(Math.floor(since.getTime() / hourMs) * hourMs);
  const fromId = firstUuidAt(since.getTime());
  const untilId = firstUuidAt(until.getTime());
  const startIds = starts.map((start) => firstUuidAt(start.getTime()));
  const rowsWhere = (condition: RawBuilder<unknown>) => sql`
    select s.key, width_bucket(d.id, ${startIds}::uuid[]) as bucket,
           count(*) filter (where d.status = 'SUCCEEDED') as succeeded,
           count(*) filter (where d.status in ('FAILED', 'DEAD_LETTER')) as failed, 0 as in_flight,
           max(d.completed_at) filter (where d.status = 'SUCCEEDED') as last_success_at,
           max(d.completed_at) filter (where d.status in ('FAILED', 'DEAD_LETTER')) as last_failure_at
      from scope s
     cross join lateral (
       select id, status, completed_at from delivery
        where owner_id = ${ownerId} and endpoint_id = s.endpoint_id and id > s.purged and ${condition}
       -- Otherwise the planner joins the other way round, over all rows of the owner.
       offset 0
     ) d
     group by 1, 2`;
  const [wholeFromId, wholeUntilId] = [firstUuidAt(wholeFrom.getTime()), firstUuidAt(wholeUntil.getTime())];
  const edges: readonly (readonly [from: string, to: string])[] =
    wholeFrom > wholeUntil
      ? [[fromId, untilId]]
      : [
          [fromId, wholeFromId],
          [wholeUntilId, untilId],
        ];
  const rowsOfEdges = edges.map(([from, to]) => rowsWhere(sql`id >= ${from}::uuid and id < ${to}::uuid`));
  // For a watermark within the window: the rest of the watermark's minute.
  const rowsOfWatermarks = rowsWhere(sql`
    s.purged >= ${wholeFromId}::uuid and id >= ${wholeFromId}::uuid and id < ${wholeUntilId}::uuid
    and id < ${firstUuidOf(sql`s.whole_from`)}`);
  const isCounted = endpointIds === 'ALL' ? sql`true` : sql`e.id = any(${[...endpointIds]}::uuid[])`;
  return sql`
    scope as materialized (
      select e.id as endpoint_id, ${endpointIds === 'ALL' ? sql`${lowestUuid}::uuid` : sql`e.id`} as key,
             coalesce(e.purged_through, ${lowestUuid}) as purged,
             greatest(${wholeFrom}::timestamptz, minute_of(e.purged_through) + interval '1 minute') as whole_from,
             greatest(${fromHour}::timestamptz, date_trunc('hour', minute_of(e.purged_through))) as from_hour
        from endpoint e
       where e.owner_id = ${ownerId} and e.deleted_at is null and ${isCounted}
    ),
    counts as (
      select key, bucket, sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed,
             sum(in_flight)::bigint as in_flight,
             max(last_success_at) as last_success_at, max(last_failure_at) as last_failure_at
        from (
          select s.key, width_bucket(m.minute, ${[...starts]}::timestamptz[]) as bucket,
                 sum(m.succeeded) as succeeded, sum(m.failed) as failed, 0 as in_flight,
                 max(m.last_success_at) as last_success_at, max(m.last_failure_at) as last_failure_at
            from scope s
            join endpoint_stat m
              on m.owner_id = ${ownerId} and m.endpoint_id = s.endpoint_id
             and m.minute >= s.whole_from and m.minute < ${wholeUntil}
           group by 1, 2
          union all
          ${sql.join([...rowsOfEdges, rowsOfWatermarks], sql` union all `)}
          union all
          select s.key, width_bucket(q.delivery_id, ${startIds}::uuid[]), 0, 0, count(*), null, null
            from scope s
            join due q
              on q.owner_id = ${ownerId} and q.endpoint_id = s.endpoint_id
             and q.delivery_id >= ${fromId}::uuid and q.delivery_id < ${untilId}::uuid and q.delivery_id > s.purged
           group by 1, 2
        ) part
       group by key, bucket
    )`;
}

/** Like `firstUuidAt`, for a time in whole milliseconds. */
const firstUuidOf = (time: RawBuilder<unknown>) =>
  sql`(lpad(to_hex((extract(epoch from ${time}) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

function toStats(row: StatsRow | undefined, window: StatsWindow): DeliveryStats {
  const { succeeded = 0, failed = 0, in_flight: inFlight = 0 } = row ?? {};
  const finished = succeeded + failed;
  const histogram = (row?.latency_buckets ?? []).map((bucket, index) => ({
    bucket,
    attempts: row?.latency_attempts?.[index] ?? 0,
  }));
  return {
    window,
    total: finished + inFlight,
    succeeded,
    failed,
    inFlight,
    successRate: finished === 0 ? null : succeeded / finished,
    latencyP50: latencyPercentile(histogram, 0.5),
    latencyP95: latencyPercentile(histogram, 0.95),
    lastDeliveryAt: row?.last_id == null ? null : new Date(timeOfUuid(row.last_id)),
    lastSuccessAt: row?.last_success_at ?? null,
    lastFailureAt: row?.last_failure_at ?? null,
  };
}

function toTimeline(starts: readonly Date[], counts: readonly CountsRow[]): readonly StatsBucket[] {
  const found = new Map(counts.map((row) => [row.bucket, row]));
  return starts.map((start, index) => {
    const row = found.get(index + 1);
    return {
      start,
      succeeded: row?.succeeded ?? 0,
      failed: row?.failed ?? 0,
      inFlight: row?.in_flight ?? 0,
    };
  });
}
