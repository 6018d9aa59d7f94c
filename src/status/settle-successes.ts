import type { Database } from '../db/pool.ts';
import { arrayText, run, statement } from '../db/statement.ts';
import type { Applied, Change } from './change.ts';
import { latencyBucketOf } from './latency.ts';
import { logTail, statTail } from './log-tail.ts';
import { jsonOf, storable } from './storable.ts';
import { attemptWriters } from './transition.ts';

/**
 * Settles deliveries that succeeded at their first attempt, which nearly all do. It does what the statement of
 * `apply.ts` does for them, with the same locks in the same order and the same fence, but for two thirds of its time:
 * nothing is retried, deferred or kept, so the rows go through fewer steps and half of the parameters are constants.
 *
 * The row of `delivery` is not locked before it is changed. Whoever changes a delivery holds its row of `due`, which is
 * locked first. Should it have been changed all the same, then it is not found by its `ctid`, and the statement is
 * repeated.
 *
 * Headers come as one text with a separator, which JSON cannot contain. As an array of texts each quote in them would be
 * escaped on the one side and read character by character on the other.
 */
const separator = '\u001e';

const successesStatement = statement(
  'settle_successes',
  `with patience as materialized (
     select case when $12::integer > 0 then set_config('lock_timeout', $12::integer::text, true) end
   ),
   x as materialized (
     select t.* from patience cross join unnest(
       $1::uuid[], $2::uuid[], $3::bigint[], $4::float8[], $5::real[], $6::smallint[], $7::integer[], $8::text[],
       string_to_array($9::text, chr(30), ''), string_to_array($10::text, chr(30), ''), $11::boolean[])
     as t(owner_id, delivery_id, claim, started_at, duration_ms, bucket, response_status, response_body,
          response_headers, request_headers, reconnected)
   ),
   held as materialized (
     select d.owner_id, d.row_at, d.previous, p.part, p.delivery_at, x.*
       from (select delivery_id, claim, to_timestamp(started_at / 1000) as started_at, duration_ms, bucket,
                    response_status, response_body, response_headers::json, request_headers::json, reconnected,
                    owner_id as of_owner
               from x order by x.owner_id, x.delivery_id) x
      cross join lateral (
        select due.owner_id, due.status as previous, due.ctid as row_at from due
         where (due.owner_id, due.delivery_id) >= (x.of_owner, x.delivery_id)
           and (due.owner_id, due.delivery_id) <= (x.of_owner, x.delivery_id)
           and due.claim = x.claim and due.attempt_rows = 0
         order by due.owner_id, due.delivery_id
         limit 1
           for update) d
       left join lateral (
        -- The id selects the partition, and the pair uses the one index that has both.
        select d.tableoid as part, d.ctid as delivery_at from delivery d
         where d.id = x.delivery_id
           and (d.owner_id, d.id) >= (x.of_owner, x.delivery_id) and (d.owner_id, d.id) <= (x.of_owner, x.delivery_id)
         limit 1) p on true
   ),
   gone as (
     delete from due d using held h where d.ctid = h.row_at returning 1
   ),
   del as (
     update delivery d set
       status = 'SUCCEEDED', failure_reason = null, attempt_count = d.attempt_count + 1, next_attempt_at = null,
       updated_at = now(), completed_at = now()
       from held m
      where (select count(*) from gone) >= 0
        and d.tableoid = m.part and d.ctid = m.delivery_at and d.id = m.delivery_id
     returning d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
       m.previous as previous_status, d.failure_reason, d.attempt_count, true as is_logged, 1 as added, 1 as number,
       d.status as outcome, m.started_at, m.duration_ms, m.bucket, m.response_status, m.response_body,
       m.response_headers, m.request_headers, null::text as error, m.reconnected
   ),
   ${attemptWriters},
   ${statTail},
   ${logTail({ writers: ['att', 'lat', 'stat'], expected: 'gone', held: 'held', located: 'held where delivery_at is not null' })}
   select case when (select count(*) from del) < cardinality($1::uuid[]) then array(select id from del) end as applied
     from checked where checked.ok = 0`,
  { together: 1, returns: 'applied uuid[]', isPrepared: true },
);

/** Whether `settleSuccesses` can apply it. */
export const isFirstSuccess = ({ to, attempt, attemptRows }: Change): boolean =>
  attemptRows === 0 &&
  to.kind === 'end' &&
  to.status === 'SUCCEEDED' &&
  attempt?.counts === true &&
  attempt.outcome === 'SUCCEEDED' &&
  attempt.error === undefined;

/** Applies changes of which each is a first success, as `apply` does. */
export async function settleSuccesses(
  db: Database,
  changes: readonly Change[],
  lockTimeoutMs: number,
): Promise<Applied[]> {
  const bodies: (string | null)[] = [];
  const columns: (string | number | boolean)[][] = Array.from({ length: 8 }, () => []);
  const [
    owners = [],
    ids = [],
    claims = [],
    starts = [],
    durations = [],
    buckets = [],
    statuses = [],
    again = [],
  ] = columns;
  const answered: string[] = [];
  const requested: string[] = [];
  for (const { ownerId, deliveryId, claim, attempt } of changes) {
    owners.push(ownerId);
    ids.push(deliveryId);
    claims.push(claim);
    starts.push(attempt?.startedAt.getTime() ?? 'null');
    durations.push(attempt?.durationMs ?? 'null');
    buckets.push(attempt?.durationMs === undefined ? 'null' : latencyBucketOf(attempt.durationMs));
    statuses.push(attempt?.responseStatus ?? 'null');
    again.push(attempt?.reconnected === true);
    bodies.push(storable(attempt?.responseBody));
    answered.push(jsonOf(attempt?.responseHeaders) ?? '');
    requested.push(jsonOf(attempt?.requestHeaders) ?? '');
  }
  const rows = await run<{ applied: string[] | null }>(db, db.engine, successesStatement, [
    ...[owners, ids, claims, starts, durations, buckets, statuses].map(arrayText),
    bodies,
    answered.join(separator),
    requested.join(separator),
    arrayText(again),
    lockTimeoutMs,
  ]);
  const applied = rows[0]?.applied;
  const applies = applied == null ? undefined : new Set(applied);
  return changes.flatMap(({ deliveryId }) =>
    applies === undefined || applies.has(deliveryId) ? [{ delivery_id: deliveryId, due_at: null }] : [],
  );
}
