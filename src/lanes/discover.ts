import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { Cursor } from './lane.ts';

/**
 * Finds the endpoints that have something due. It only marks lanes; the claim reads the rows.
 *
 * - `scanLanes`: a loose index scan, once when a shard is taken and then once a minute. It jumps from lane to lane
 * (100,000 lanes over 1,000,000 rows: 0.5 s), so a million rows of one lane hide nobody.
 * - `findNewlyDue`: a cursor by due time that only moves forward, several times a second.
 * - `findLate`: rows that became due behind that cursor, because their transaction committed late. It looks back as
 * far as transactions were open at the last look, and never further than a transaction can last: after a burst of a
 * million rows, everything that became due since the longest transaction would be too much to read every two seconds.
 */
export type FoundLane = { owner_id: string; endpoint_id: string; due_at: Date; delivery_id: string };

const scanStatement = statement(
  'scan_lanes',
  `with recursive lane as (
     (select owner_id, endpoint_id from due where shard = $1 order by endpoint_id limit 1)
     union all
     select n.owner_id, n.endpoint_id
       from lane l
      cross join lateral (
        select d.owner_id, d.endpoint_id from due d
         where d.shard = $1 and d.endpoint_id > l.endpoint_id
         order by d.endpoint_id limit 1) n
   )
   select l.owner_id, l.endpoint_id, f.due_at, f.delivery_id
     from lane l
    cross join lateral (
      select d.due_at, d.delivery_id from due d
       -- Bounds and order of due_lane alone, as in the claim.
       where d.shard = $1 and d.endpoint_id >= l.endpoint_id and d.endpoint_id <= l.endpoint_id
       order by d.endpoint_id, d.due_at, d.delivery_id limit 1) f
    where f.due_at <= now()`,
  { everywhere: true, returns: 'owner_id uuid, endpoint_id uuid, due_at timestamptz, delivery_id uuid' },
);

export function scanLanes(db: Database, shard: number): Promise<FoundLane[]> {
  return run<FoundLane>(db, db.engine, scanStatement, [shard]);
}

const rowsPerShard = 500;

const newlyDueStatement = statement(
  'newly_due',
  `select s.shard, x.owner_id, x.endpoint_id, x.due_at, x.delivery_id
     from unnest($1::smallint[], $2::timestamptz[], $3::uuid[]) as s(shard, from_at, from_id)
    cross join lateral (
      select d.owner_id, d.endpoint_id, d.due_at, d.delivery_id from due d
       where d.shard = s.shard and (d.due_at, d.delivery_id) > (s.from_at, s.from_id) and d.due_at <= now()
       order by d.due_at, d.delivery_id
       limit ${rowsPerShard}) x`,
  {
    everywhere: true,
    returns: 'shard smallint, owner_id uuid, endpoint_id uuid, due_at timestamptz, delivery_id uuid',
    isPrepared: true,
  },
);

/** The rows that became due after each shard's cursor, in the cursor's order, at most 500 for each shard. */
export function findNewlyDue(
  db: Database,
  cursors: ReadonlyMap<number, Cursor>,
): Promise<(FoundLane & { shard: number })[]> {
  const list = [...cursors];
  return run(db, db.engine, newlyDueStatement, [
    list.map(([shard]) => shard),
    list.map(([, { dueAt }]) => dueAt),
    list.map(([, { deliveryId }]) => deliveryId),
  ]);
}

/**
 * The longest time that one of our transactions can last before the server ends it, plus a pause between two looks
 * and a margin.
 */
const longestTransactionSeconds = 22;

const openSinceStatement = statement(
  'open_since',
  `select greatest(
            now() - ${longestTransactionSeconds} * interval '1 second',
            case when current_setting('track_activities') = 'off' or not bool_and(pg_has_role(usesysid, 'USAGE'))
                 then '-infinity' else coalesce(min(xact_start), now()) end) as since
     from pg_stat_activity
    where datname = current_database() and coalesce(backend_type, 'client backend') = 'client backend'
      and pid <> pg_backend_pid()`,
);

/**
 * The time since which transactions are open in this database. Rows that nobody can see yet are due no earlier,
 * because `due_at` is the beginning of a transaction. At most 22 s ago: transactions that are older only read. It is
 * also 22 s ago if a session of another role is connected, whose transactions are hidden from us.
 */
export async function openSince(db: Database): Promise<Date> {
  const [row] = await run<{ since: Date }>(db, db.engine, openSinceStatement, []);
  return row?.since ?? new Date(0);
}

const lateStatement = statement(
  'late_due',
  `select d.owner_id, d.endpoint_id, min(d.due_at) as due_at, min(d.delivery_id::text)::uuid as delivery_id
     from unnest($1::smallint[]) as s(shard)
     join due d on d.shard = s.shard
    where d.due_at >= $2::timestamptz - interval '1 millisecond' and d.due_at <= now() and d.claim is null
    group by d.owner_id, d.endpoint_id`,
  { everywhere: true, returns: 'owner_id uuid, endpoint_id uuid, due_at timestamptz, delivery_id uuid' },
);

/**
 * The rows that became due since then. With `openSince` from before the last look, these are that look's rows and all
 * that it missed.
 */
export function findLate(
  db: Database,
  { shards, since }: { shards: readonly number[]; since: Date },
): Promise<FoundLane[]> {
  return run<FoundLane>(db, db.engine, lateStatement, [shards, since]);
}

const databaseTimeStatement = statement('database_time', 'select now() as now');

export async function databaseTime(db: Database): Promise<Date> {
  const rows = await run<{ now: Date }>(db, db.engine, databaseTimeStatement, []);
  return rows[0]?.now ?? new Date();
}
