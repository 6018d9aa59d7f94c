import { sql, type Transaction } from 'kysely';
import type { Statement } from '../db/placement.ts';
import { runWithin } from '../db/statement.ts';
import type { Tables } from '../tables.ts';
import { logTail, statTail } from './log-tail.ts';

/**
 * From the locked rows to the log. `held` provides owner_id, delivery_id, row_at, previous, to_status, reason, ends,
 * stays_claimed, delay_ms, counted, added, and with attempts their columns.
 *
 * `row_at` is the `ctid` of the locked row. Rows of `due` and `delivery` are found by it, because any other condition
 * could mislead the planner: with statistics from a time when `due` was empty, which is normal, it would read all of
 * `due` for each batch. A row that was changed between the statement's snapshot and its lock is not found by its
 * `ctid`. The statement then notices that it has changed fewer rows than it has locked, and is repeated. With
 * `isPartial` the caller compares both numbers and repeats the statement for the rest, because where workers change
 * the same rows all the time, the whole would rarely succeed at once. Each step returns all columns, because hash
 * joins are disabled on our connections and joining two steps would be quadratic.
 */
export const transition = (held: string, options: { withAttempts: boolean; isPartial?: boolean }) => `
  ${held},
  gone as (
    delete from due d using held h
     where d.ctid = h.row_at and h.ends
    returning h.*, null::timestamptz(3) as due_at
  ),
  kept as (
    update due d set
      status = coalesce(h.to_status, d.status),
      due_at = case when h.stays_claimed then d.due_at else now() + h.delay_ms * interval '1 millisecond' end,
      claim = case when h.stays_claimed then d.claim end,
      attempt_count = d.attempt_count + h.counted,
      attempt_rows = d.attempt_rows + h.added
      from held h
     where d.ctid = h.row_at and not h.ends
    returning h.*, d.due_at
  ),
  moved as materialized (
    select * from gone union all select * from kept
  ),
  located as materialized (
    select m.*, p.part, p.delivery_at
      from (select * from moved order by owner_id, delivery_id) m
     cross join lateral (
       -- The id selects the partition, and the pair uses the one index that has both.
       select d.tableoid as part, d.ctid as delivery_at from delivery d
        where d.id = m.delivery_id
          and (d.owner_id, d.id) >= (m.owner_id, m.delivery_id) and (d.owner_id, d.id) <= (m.owner_id, m.delivery_id)
        limit 1
          for update) p
  ),
  del as (
    update delivery d set
      status = coalesce(m.to_status, d.status),
      failure_reason = m.reason,
      attempt_count = d.attempt_count + m.counted,
      next_attempt_at = case when not m.stays_claimed then m.due_at end,
      updated_at = now(),
      completed_at = case when m.ends then now() end
      from located m
     where d.tableoid = m.part and d.ctid = m.delivery_at and d.id = m.delivery_id
    returning d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
      m.previous as previous_status, d.failure_reason, d.attempt_count, m.to_status is not null as is_logged,
      m.due_at${options.withAttempts ? attemptColumns : ', null::integer as response_status'}
  ),
  ${options.withAttempts ? `${attemptWriters},` : ''}
  ${statTail},
  ${logTail({ writers: options.withAttempts ? ['att', 'lat', 'stat'] : ['stat'], expected: 'moved', ...(options.isPartial === true ? {} : { held: 'held', located: 'located where delivery_at is not null' }) })}`;

const attemptColumns = `, m.added, m.number, m.outcome, m.started_at, m.duration_ms, m.bucket, m.response_status,
      m.response_body, m.response_headers, m.request_headers, m.error, m.reconnected`;

/** Expects in `del`, too: added, number, outcome, started_at, duration_ms, bucket and the other columns of an attempt. */
export const attemptWriters = `
  att as (
    insert into attempt
      (owner_id, delivery_id, number, outcome, started_at, duration_ms, response_status, response_body,
       response_headers, request_headers, error, reconnected)
    select owner_id, id, number, outcome, started_at, duration_ms, response_status, response_body,
           response_headers, request_headers, error, reconnected
      from del where added = 1
    returning 1
  ),
  lat as (
    insert into endpoint_latency as l (owner_id, endpoint_id, hour, bucket, attempts)
    select owner_id, endpoint_id, date_trunc('hour', started_at), bucket, count(*)
      from del where bucket is not null
     group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (owner_id, endpoint_id, hour, bucket) do update set attempts = l.attempts + excluded.attempts
    returning 1
  )`;

/**
 * Runs a statement with a transition whose rows others are likely to change at the same time, as the last statement
 * of a transaction. PostgreSQL 18.4 crashes in `perform_pruning_base_step` if such a statement prunes partitions
 * after it has waited for a row that was changed meanwhile, so pruning is disabled here. Settling keeps it, because
 * otherwise it would read every partition for each row. Settling never waits for a changed delivery: whoever changes
 * one holds its row of `due`, which settling locks first. Then either the claim has changed and settling skips the
 * row, or the change was made by the same worker, which settles one batch of an owner at a time.
 */
export async function transitionWithin<Row>(
  trx: Transaction<Tables>,
  query: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  await sql`set local enable_partition_pruning = off`.execute(trx);
  return await runWithin<Row>(trx, query, values);
}
