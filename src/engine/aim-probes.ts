import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { maxAttempts } from '../environment.ts';
import { failedProbes } from '../sending/circuit.ts';
import type { Take } from './claim.ts';

/**
 * Chooses the delivery that probes an endpoint whose circuit is open. One answer decides for all of them, so a kind
 * of delivery that the receiver always refuses must not be every probe. With each failed probe the turn passes on:
 *
 * - `retry`: the retry that has been due longest. A receiver that refuses each first attempt accepts no other probe.
 * A retry that is refused again moves back by its schedule.
 * - `fresh`: the newest delivery that was never tried. If it is refused, it is a retry from then on.
 * - `anywhere`: another place among the due deliveries each time, because thousands at the front may be refused.
 *
 * If there is no retry or no fresh delivery, the turn looks anywhere. Turns follow the recorded failures, which each
 * failed probe increases by one and a takeover keeps.
 *
 * This only chooses a probe. The claim takes that row or, if somebody ended it meanwhile, the next that is due.
 */
const turns = ['retry', 'fresh', 'anywhere'] as const;
/**
 * Lanes are in the order of due time, so fresh deliveries are the newest. Behind this many retries no more are
 * searched for.
 */
const newestRows = 200;
/** Multiples of the golden ratio cover every part of a range. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

const isFree = (row: string) => `(${row}.claim is null or ${row}.claim < lane.epoch)`;

const dueFrom = (
  start: string,
) => `d.shard = lane.shard and (d.endpoint_id, d.due_at) >= (lane.endpoint_id, ${start})
             and (d.endpoint_id, d.due_at) <= (lane.endpoint_id, now()) and ${isFree('d')}`;

/**
 * One index lookup for each number of attempts, at most 200 rows and three lookups, however many rows are waiting.
 * Bounds and order are those of one index each (due_retry, due_endpoint, due_lane). With plain comparisons, and
 * statistics that know one endpoint, the planner uses a shorter index and walks over every row of its neighbours.
 */
const aimStatement = statement(
  'aim_probes',
  `with lane as (
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bigint[], $6::text[],
                          $7::float8[])
       as l(shard, owner_id, endpoint_id, from_at, epoch, turn, share)
   )
   select lane.endpoint_id, p.due_at, p.delivery_id
     from lane
    cross join lateral (
      (select 1 as choice, r.due_at, r.delivery_id
         from generate_series(1, ${maxAttempts}) as n(attempts)
        cross join lateral (
          select d.due_at, d.delivery_id from due d
           where d.shard = lane.shard and d.attempt_count > 0
             and (d.endpoint_id, d.attempt_count) >= (lane.endpoint_id, n.attempts)
             and (d.endpoint_id, d.attempt_count, d.due_at) <= (lane.endpoint_id, n.attempts, now())
             and ${isFree('d')}
           order by d.endpoint_id, d.attempt_count, d.due_at, d.delivery_id
           limit 1) r
        where lane.turn = 'retry'
        order by r.due_at, r.delivery_id
        limit 1)
       union all
      (select 1, f.due_at, f.delivery_id
         from (
           select d.due_at, d.delivery_id, d.attempt_count, d.claim from due d
            where d.owner_id = lane.owner_id
              and d.endpoint_id >= lane.endpoint_id and d.endpoint_id <= lane.endpoint_id
            order by d.endpoint_id desc, d.delivery_id desc
            limit ${newestRows}) f
        where lane.turn = 'fresh' and f.attempt_count = 0 and f.due_at <= now() and ${isFree('f')}
        order by f.delivery_id desc
        limit 1)
       union all
      (select 2, a.due_at, a.delivery_id
         from (
           select (select d.due_at from due d where ${dueFrom('lane.from_at')}
                    order by d.endpoint_id, d.due_at, d.delivery_id limit 1) as first_at,
                  (select d.due_at from due d where ${dueFrom('lane.from_at')}
                    order by d.endpoint_id desc, d.due_at desc, d.delivery_id desc limit 1) as last_at) e
        cross join lateral (
          select d.due_at, d.delivery_id from due d
           where ${dueFrom('e.first_at + lane.share * (e.last_at - e.first_at)')}
           order by d.endpoint_id, d.due_at, d.delivery_id
           limit 1) a)
       order by choice
       limit 1) p`,
  { owners: [[2, 1, 3, 4, 5, 6, 7]], returns: 'endpoint_id uuid, due_at timestamptz, delivery_id uuid' },
);

/** The takes, each probe with its place. A probe without a place stays as it is. */
export async function aimProbes(db: Database, takes: readonly Take[]): Promise<readonly Take[]> {
  // Of an endpoint that is ordered strictly nothing but its head may be sent.
  const isAimed = ({ isProbe, lane }: Take) => isProbe && !lane.isStrict;
  const probes = takes.filter(isAimed);
  if (probes.length === 0) return takes;
  const failed = probes.map(({ lane }) => failedProbes(lane.health));
  const found = await run<{ endpoint_id: string; due_at: Date; delivery_id: string }>(
    db,
    db.engine,
    aimStatement,
    [
      probes.map(({ lane }) => lane.shard),
      probes.map(({ lane }) => lane.ownerId),
      probes.map(({ lane }) => lane.endpointId),
      probes.map(({ lane }) => lane.cursor.dueAt),
      probes.map(({ epoch }) => epoch),
      failed.map((count) => turns[count % turns.length]),
      failed.map((count) => ((count + 1) * goldenRatio) % 1),
    ],
  );
  const aims = new Map(
    found.map((row) => [row.endpoint_id, { dueAt: row.due_at, deliveryId: row.delivery_id }]),
  );
  return takes.map((take) => (isAimed(take) ? { ...take, aim: aims.get(take.lane.endpointId) } : take));
}
