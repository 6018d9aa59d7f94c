import type { Placement, Statement } from '../db/placement.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { Cursor, Lane } from '../lanes/lane.ts';
import type { UnfinishedStatus } from '../status/status.ts';
import { headOf, sweptPlaces } from '../status/strict-order.ts';
import type { DeliveryKind, EndpointSending } from '../tables.ts';
import { noteClaim } from '../tracing/delivery-trace.ts';

/**
 * A claim takes as many due rows as there are free slots, lane by lane, marks them with the lease's epoch, and reads
 * the endpoint's current URL and state. Nothing waits in memory: claimed rows are started at once, so a changed URL
 * or a deleted endpoint needs no recall.
 *
 * Rows that somebody else has locked at the moment (a purge, a settle) are skipped. Rows claimed under an older epoch
 * are free again, because their holder died during an attempt, which `stale_claim` tells.
 */
export type ClaimedRow = {
  owner_id: string;
  delivery_id: string;
  shard: number;
  endpoint_id: string;
  event_id: string;
  due_at: Date;
  status: UnfinishedStatus;
  attempt_count: number;
  attempt_rows: number;
  max_attempts: number;
  kind: DeliveryKind;
  claim: number;
  stale_claim: number | null;
  stale_at: Date | null;
  url: string | null;
  is_active: boolean | null;
  disabled_reason: string | null;
  verification: string | null;
  purged_through: string | null;
  max_deliveries_per_second: number | null;
  /** Without its filter, which may be long and is not needed here: each row of a claim has a copy. */
  sending: Omit<EndpointSending, 'filter'> | null;
  /** It is the one of its endpoint that may be sent now. */
  is_strict: boolean;
  is_suspended: boolean;
  /** The installation because of which the event was forwarded has been revoked. */
  is_revoked: boolean;
};

/**
 * A row is marked by its `ctid`, and what it belongs to is looked up row by row, its endpoint once for the lane: the
 * planner has no other way, whatever statistics say. (A row that was changed since the statement's snapshot is passed
 * over.) Nothing is taken from a lane whose endpoint is paused; one that is inactive or deleted has its rows taken in any
 * order, to be ended. One that is ordered strictly gives its head alone, and that only while nothing of it is in flight.
 *
 * Bounds and order are those of one index, due_lane. With plain comparisons and statistics that know one endpoint, the
 * planner may take a shorter index and walk over every row of a neighbour.
 */
const claimText = (options: { strict: boolean }) => `with lane as materialized (
     select l.*, e.url, e.is_active, e.disabled_reason, e.verification, e.purged_through,
            e.max_deliveries_per_second, e.sending - 'filter' as sending, e.strict_head,
            case when e.is_active then e.strict_boundary end as strict_boundary
       from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::timestamptz[], $6::uuid[], $7::bigint[],
                   $9::integer[])
         as l(shard, owner_id, endpoint_id, take, from_at, from_id, epoch, in_flight)
       join shard_lease s on s.shard = l.shard and s.epoch = l.epoch and s.holder = $8
       left join lateral (
         select * from endpoint
          where (owner_id, id) >= (l.owner_id, l.endpoint_id) and (owner_id, id) <= (l.owner_id, l.endpoint_id)
            and deleted_at is null
          order by owner_id, id limit 1) e on true
      where e.paused_at is null or not e.is_active
   ),
   pick as materialized (
     select lane.*, p.row_at, p.stale_claim, p.stale_at
       from lane
      cross join lateral (
        select d.ctid as row_at, d.claim as stale_claim, d.claimed_at as stale_at
          from due d
         where d.shard = lane.shard
           and (d.endpoint_id, d.due_at, d.delivery_id) >= (lane.endpoint_id, lane.from_at, lane.from_id)
           and (d.endpoint_id, d.due_at) <= (lane.endpoint_id, now()) and (d.claim is null or d.claim < lane.epoch)
         order by d.endpoint_id, d.due_at, d.delivery_id
         limit lane.take
           for update of d skip locked) p
      where lane.strict_boundary is null
   ),
   ${options.strict ? pickHeads : ''}
   taken as (
     update due d set claim = pick.epoch, claimed_at = now() from ${options.strict ? 'chosen' : 'pick'} pick
      where d.ctid = pick.row_at
     returning d.*, pick.strict_boundary is not null as is_strict, pick.stale_claim, pick.stale_at, pick.url,
       pick.is_active, pick.disabled_reason, pick.verification, pick.purged_through,
       pick.max_deliveries_per_second, pick.sending
   )
   select t.owner_id, t.delivery_id, t.shard, t.endpoint_id, t.event_id, t.due_at, t.status, t.attempt_count,
          t.attempt_rows, t.max_attempts, t.kind, t.claim, t.stale_claim, t.stale_at,
          t.url, t.is_active, t.disabled_reason, t.verification, t.purged_through, t.max_deliveries_per_second,
          t.sending, t.is_strict,
          w.suspended_at is not null as is_suspended, i.revoked_at is not null as is_revoked
     from taken t
     left join lateral (
       select tenant_id, revoked_at from app_installation
        where app_id = t.owner_id and id = t.installation_id limit 1) i on true
     left join lateral (
       select suspended_at from tenant where id = coalesce(i.tenant_id, t.owner_id) limit 1) w on true
    ${options.strict ? '' : orderedLanes}
    order by due_at, delivery_id`;

/** The head of each lane that is ordered strictly, while nothing of it is in flight. */
const pickHeads = `head as materialized (
     select lane.*, p.row_at, p.stale_claim, p.stale_at
       from lane
      cross join lateral (select ${headOf('lane')} as delivery_id) h
      cross join lateral (
        select d.ctid as row_at, d.claim as stale_claim, d.claimed_at as stale_at
          from due d
         where (d.owner_id, d.delivery_id) >= (lane.owner_id, h.delivery_id)
           and (d.owner_id, d.delivery_id) <= (lane.owner_id, h.delivery_id)
           and d.due_at <= now() and (d.claim is null or d.claim < lane.epoch)
         order by d.owner_id, d.delivery_id
         limit 1
           for update of d skip locked) p
      where lane.strict_boundary is not null and lane.in_flight = 0
   ),
   ${sweptPlaces},
   chosen as (
     select * from pick union all select * from head
   ),`;

/** Lanes that turn out to be ordered strictly: nothing is taken from them by a statement that knows no order. */
const orderedLanes = `union all
   select l.owner_id, null, l.shard, l.endpoint_id, null, null, null, null, null, null, null, null, null, null,
          null, null, null, null, null, null, null, true, null, null
     from lane l where l.strict_boundary is not null`;

const claimed: Placement = {
  owners: [[2, 1, 3, 4, 5, 6, 7, 9]],
  isPrepared: true,
  returns: `owner_id uuid, delivery_id uuid, shard smallint, endpoint_id uuid, event_id uuid, due_at timestamptz,
    status text, attempt_count integer, attempt_rows integer, max_attempts integer, kind text, claim bigint,
    stale_claim bigint, stale_at timestamptz, url text, is_active boolean, disabled_reason text, verification text,
    purged_through uuid, max_deliveries_per_second integer, sending jsonb, is_strict boolean, is_suspended boolean,
    is_revoked boolean`,
};

const claimStatement = statement('claim', claimText({ strict: false }), claimed);
/** For lanes that are known to be ordered strictly: it takes a twelfth more time where none is. */
const orderedStatement = statement('claim_ordered', claimText({ strict: true }), claimed);

export type Take = Readonly<{
  lane: Lane;
  count: number;
  epoch: number;
  marks: number;
  /** The one delivery that shows whether the endpoint works again. */
  isProbe: boolean;
  /** For a probe: the row to take, or the next one (aim-probes.ts). Everything else is taken from the lane's cursor. */
  aim: Cursor | undefined;
}>;

/** The place where the claim begins, including the row at it. */
export const startOf = ({ aim, lane }: Take): Cursor => aim ?? lane.cursor;

/** Claims nothing for a lane whose lease the worker no longer holds, whatever the worker believes. */
export async function claim(db: Database, workerId: string, takes: readonly Take[]): Promise<ClaimedRow[]> {
  const startedAt = Date.now();
  const rows = await claimEach(db, workerId, takes);
  noteClaim(rows, startedAt);
  return rows;
}

async function claimEach(db: Database, workerId: string, takes: readonly Take[]): Promise<ClaimedRow[]> {
  const unordered = takes.filter(({ lane }) => !lane.isStrict);
  const found =
    unordered.length === 0 ? [] : await claimBy(db, claimStatement, { workerId, takes: unordered });
  const ordered = new Set(
    found.filter(({ delivery_id }) => delivery_id === null).map((row) => row.endpoint_id),
  );
  for (const { lane } of unordered) lane.isStrict = ordered.has(lane.endpointId);
  const rows = ordered.size === 0 ? found : found.filter(({ delivery_id }) => delivery_id !== null);
  const strict = takes.filter(({ lane }) => lane.isStrict);
  if (strict.length === 0) return rows;
  return [...rows, ...(await claimBy(db, orderedStatement, { workerId, takes: strict }))];
}

function claimBy(
  db: Database,
  by: Statement,
  { workerId, takes }: { workerId: string; takes: readonly Take[] },
): Promise<ClaimedRow[]> {
  return run<ClaimedRow>(db, db.engine, by, [
    takes.map(({ lane }) => lane.shard),
    takes.map(({ lane }) => lane.ownerId),
    takes.map(({ lane }) => lane.endpointId),
    takes.map(({ count }) => count),
    takes.map((take) => startOf(take).dueAt),
    takes.map((take) => startOf(take).deliveryId),
    takes.map(({ epoch }) => epoch),
    workerId,
    takes.map(({ lane }) => lane.inFlight),
  ]);
}

export function rowsByEndpoint(rows: readonly ClaimedRow[]): ReadonlyMap<string, readonly ClaimedRow[]> {
  const found = new Map<string, ClaimedRow[]>();
  for (const row of rows) found.get(row.endpoint_id)?.push(row) ?? found.set(row.endpoint_id, [row]);
  return found;
}
