import { type Kysely, sql } from 'kysely';
import { lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { latencyPercentile } from './latency-percentile.ts';
import type { StatsWindow } from './stats.ts';

/** The durations of the attempts that began in an interval of whole hours. */
export type LatencyBucket = Readonly<{
  start: Date;
  attempts: number;
  latencyP50: number | null;
  latencyP95: number | null;
}>;

type Asked = Readonly<{
  endpointIds: readonly string[] | 'ALL';
  window: StatsWindow;
  buckets: number;
}>;

const hourMs = 3_600_000;

/**
 * The hours that the window overlaps, in at most this many intervals of an equal number of hours. The histograms are
 * kept by hour, so shorter intervals are not possible.
 */
export function latencyStarts({ since, until }: StatsWindow, buckets: number): readonly Date[] {
  const first = Math.floor(since.getTime() / hourMs);
  const hours = Math.ceil(until.getTime() / hourMs) - first;
  const each = Math.ceil(hours / buckets);
  return Array.from(
    { length: Math.ceil(hours / each) },
    (_, index) => new Date((first + index * each) * hourMs),
  );
}

/** For all endpoints of the owner together, under the lowest id, or for each of some endpoints; in one statement. */
export async function readLatencyTimelines(
  db: Kysely<Tables>,
  ownerId: string,
  { endpointIds, window, buckets }: Asked,
): Promise<ReadonlyMap<string, readonly LatencyBucket[]>> {
  const starts = latencyStarts(window, buckets);
  const isAll = endpointIds === 'ALL';
  const { rows } = await sql<{ key: string; stretch: number; buckets: number[]; attempts: number[] }>`
    select key, stretch, array_agg(bucket::integer order by bucket) as buckets,
           array_agg(attempts::float8 order by bucket) as attempts
      from (
        select ${isAll ? sql`${lowestUuid}::uuid` : sql`e.id`} as key, l.bucket, sum(l.attempts) as attempts,
               width_bucket(l.hour, ${[...starts]}::timestamptz[]) as stretch
          from endpoint e
          join endpoint_latency l
            on l.owner_id = ${ownerId} and l.endpoint_id = e.id and l.hour < ${window.until}
           and l.hour >= greatest(${starts[0] ?? window.since}::timestamptz,
                                  date_trunc('hour', minute_of(e.purged_through)))
         where e.owner_id = ${ownerId} and e.deleted_at is null
           and ${isAll ? sql`true` : sql`e.id = any(${[...endpointIds]}::uuid[])`}
         group by 1, 2, 4
      ) by_bucket
     group by key, stretch`.execute(db);
  const keys = isAll ? [lowestUuid] : endpointIds;
  // A page of endpoints with 500 intervals each has tens of thousands of rows.
  const found = new Map(rows.map((row) => [`${row.key}/${row.stretch}`, row]));
  return new Map(
    keys.map((key) => [
      key,
      starts.map((start, index) => {
        const row = found.get(`${key}/${index + 1}`);
        const histogram = (row?.buckets ?? []).map((bucket, place) => ({
          bucket,
          attempts: row?.attempts[place] ?? 0,
        }));
        return {
          start,
          attempts: histogram.reduce((sum, { attempts }) => sum + attempts, 0),
          latencyP50: latencyPercentile(histogram, 0.5),
          latencyP95: latencyPercentile(histogram, 0.95),
        };
      }),
    ]),
  );
}
