import { logTail, statTail } from './log-tail.ts';

/**
 * From the locked rows to the log. `held` gives owner_id, delivery_id, previous, to_status, reason, ends,
 * stays_claimed, delay_ms, counted, added, and with attempts their columns. Each step returns all of them, because
 * hash joins are switched off on our connections and joining two steps would be quadratic.
 */
export const transition = (held: string, options: { withAttempts: boolean }) => `
  ${held},
  gone as (
    delete from due d using held h
     where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id and h.ends
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
     where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id and not h.ends
    returning h.*, d.due_at
  ),
  moved as materialized (
    select * from gone union all select * from kept
  ),
  del as (
    update delivery d set
      status = coalesce(m.to_status, d.status),
      failure_reason = m.reason,
      attempt_count = d.attempt_count + m.counted,
      next_attempt_at = case when not m.stays_claimed then m.due_at end,
      updated_at = now(),
      completed_at = case when m.ends then now() end
      from moved m
     where d.owner_id = m.owner_id and d.id = m.delivery_id
    returning d.owner_id, d.id, d.endpoint_id, d.event_id, d.event_type, d.kind, d.tenant_id, d.status,
      m.previous as previous_status, d.failure_reason, d.attempt_count, m.to_status is not null as is_logged,
      m.due_at${options.withAttempts ? attemptColumns : ', null::integer as response_status'}
  ),
  ${options.withAttempts ? `${attemptWriters},` : ''}
  ${statTail},
  ${logTail({ writers: options.withAttempts ? ['att', 'lat', 'stat'] : ['stat'], expected: 'moved' })}`;

const attemptColumns = `, m.added, m.number, m.outcome, m.started_at, m.duration_ms, m.bucket, m.response_status,
      m.response_body, m.response_headers, m.request_headers, m.error, m.reconnected`;

const attemptWriters = `
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
