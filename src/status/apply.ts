import type { Database } from '../db/pool.ts';
import { range, run, statement } from '../db/statement.ts';
import type { Applied, Change } from './change.ts';
import { latencyBucketOf } from './latency.ts';
import { isFirstSuccess, settleSuccesses } from './settle-successes.ts';
import { jsonOf, storable } from './storable.ts';
import { transition } from './transition.ts';

/**
 * The only place where the status of an existing delivery changes; its first status is set in `create-deliveries.ts`.
 *
 * A batch is one statement and one transaction. It locks rows of `due` in key order and checks their claims, then
 * writes `delivery`, `attempt`, the rollups and the owner's log. The order is the same everywhere, so two batches
 * cannot deadlock.
 *
 * The claim is the fence: a change applies only if the row is still claimed under the epoch, and has the number of
 * attempts, that the caller saw. A worker that lost its lease, or a repeated batch whose answer was lost, changes
 * nothing. So each of these statements may be repeated after any failure.
 */
const applyStatement = statement(
  'apply',
  `with patience as materialized (
     select case when $21::integer > 0 then set_config('lock_timeout', $21::integer::text, true) end
   ),
   x as materialized (
     select t.* from patience cross join unnest(
       $1::uuid[], $2::uuid[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
       $9::float8[], $10::integer[], $11::text[], $12::timestamptz[], $13::real[], $14::smallint[], $15::integer[],
       $16::text[], $17::text[], $18::text[], $19::text[], $20::boolean[])
     as t(owner_id, delivery_id, claim, attempt_rows, to_status, reason, ends, stays_claimed, delay_ms, counted,
          outcome, started_at, duration_ms, bucket, response_status, response_body, response_headers,
          request_headers, error, reconnected)
   ),
   ${transition(
     `held as materialized (
     select d.owner_id, d.delivery_id, d.row_at, d.status as previous, d.attempt_rows + 1 as number,
            x.to_status, x.reason, x.ends, x.stays_claimed, x.delay_ms, x.counted,
            (x.outcome is not null)::integer as added, x.outcome, x.started_at, x.duration_ms, x.bucket,
            x.response_status, x.response_body, x.response_headers::json, x.request_headers::json, x.error, x.reconnected
       from (select * from x order by owner_id, delivery_id) x
      cross join lateral (
        select due.*, due.ctid as row_at from due
         where (due.owner_id, due.delivery_id) >= (x.owner_id, x.delivery_id)
           and (due.owner_id, due.delivery_id) <= (x.owner_id, x.delivery_id)
           and due.claim = x.claim and due.attempt_rows = x.attempt_rows
         order by due.owner_id, due.delivery_id
         limit 1
           for update) d
   )`,
     { withAttempts: true },
   )}
   select del.id as delivery_id, del.due_at from checked left join del on true where checked.ok = 0`,
  { owners: [range(1, 20)], returns: 'delivery_id uuid, due_at timestamptz', isPrepared: true },
);

/**
 * Applies the changes. Returns those that applied; fenced ones are not among them. Changes of several owner groups need
 * `lockTimeoutMs`, after which a wait for a lock ends the statement: an owner's log must not stay locked while another's
 * is waited for.
 */
export async function apply(
  db: Database,
  changes: readonly Change[],
  { lockTimeoutMs = 0 }: { lockTimeoutMs?: number } = {},
): Promise<Applied[]> {
  const settle = changes.every(isFirstSuccess) ? settleSuccesses : applyAny;
  const applied = await settle(db, changes, lockTimeoutMs);
  if (applied.length > 0) db.hints.send(new Set(changes.map(({ ownerId }) => ownerId)));
  return applied;
}

async function applyAny(db: Database, changes: readonly Change[], lockTimeoutMs: number): Promise<Applied[]> {
  const attempts = changes.map(({ attempt }) => attempt);
  const rows = await run<Partial<Applied>>(db, db.engine, applyStatement, [
    changes.map(({ ownerId }) => ownerId),
    changes.map(({ deliveryId }) => deliveryId),
    changes.map(({ claim }) => claim),
    changes.map(({ attemptRows }) => attemptRows),
    changes.map(({ to }) => statusOf(to)),
    changes.map(({ to }) => (to.kind === 'end' ? (to.reason ?? null) : null)),
    changes.map(({ to }) => to.kind === 'end'),
    changes.map(({ to }) => to.kind === 'delivering'),
    changes.map(({ to }) => ('delayMs' in to ? to.delayMs : 0)),
    attempts.map((attempt) => (attempt?.counts === true ? 1 : 0)),
    attempts.map((attempt) => attempt?.outcome ?? null),
    attempts.map((attempt) => attempt?.startedAt ?? null),
    attempts.map((attempt) => attempt?.durationMs ?? null),
    attempts.map((attempt) =>
      attempt?.durationMs === undefined ? null : latencyBucketOf(attempt.durationMs),
    ),
    attempts.map((attempt) => attempt?.responseStatus ?? null),
    attempts.map((attempt) => storable(attempt?.responseBody)),
    attempts.map((attempt) => jsonOf(attempt?.responseHeaders)),
    attempts.map((attempt) => jsonOf(attempt?.requestHeaders)),
    attempts.map((attempt) => storable(attempt?.error)),
    attempts.map((attempt) => attempt?.reconnected === true),
    lockTimeoutMs,
  ]);
  return rows.flatMap(({ delivery_id, due_at }) =>
    delivery_id == null ? [] : [{ delivery_id, due_at: due_at ?? null }],
  );
}

function statusOf(to: Change['to']): string | null {
  switch (to.kind) {
    case 'end':
      return to.status;
    case 'retry':
      return 'RETRYING';
    case 'delivering':
      return 'DELIVERING';
    case 'defer':
      return null;
  }
}
