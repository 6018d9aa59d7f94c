/**
 * From the deliveries to create to `del`, the rows that `logTail` writes to the log. `x` provides owner_id, id,
 * endpoint_id, event_id, event_type, kind, reason, replay_of, max_attempts, delay_ms, shard, tenant_id,
 * installation_id. A row with a reason is created as FAILED, one without waits to be sent.
 */
export const creation = `
  queued as (
    insert into due
      (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind, installation_id)
    select owner_id, id, shard, endpoint_id, event_id, now() + delay_ms * interval '1 millisecond', 'PENDING',
           max_attempts, kind, installation_id
      from x where reason is null
    returning 1
  ),
  ins as (
    insert into delivery
      (owner_id, id, endpoint_id, event_id, event_type, kind, status, failure_reason, replay_of, max_attempts,
       next_attempt_at, completed_at, tenant_id, installation_id)
    select owner_id, id, endpoint_id, event_id, event_type, kind,
           case when reason is null then 'PENDING' else 'FAILED' end, reason, replay_of, max_attempts,
           case when reason is null then now() + delay_ms * interval '1 millisecond' end,
           case when reason is not null then now() end, tenant_id, installation_id
      from x
    returning owner_id, id, endpoint_id, event_id, event_type, kind, tenant_id, status, failure_reason
  ),
  del as materialized (
    select ins.*, null::text as previous_status, 0 as attempt_count, null::integer as response_status,
           true as is_logged
      from ins
  )`;
