-- Stores one plain event with its deliveries, their rows in `due` and their lines in the log: all or nothing. Who calls
-- it, and when, stands in src/status/create-plain-event.ts. Simple statements with kept plans take PostgreSQL a seventh
-- less time than one statement of many steps, even though each of them begins and ends. Nearly every event has one
-- delivery, which is inserted without arrays.
--
-- Returns the number of deliveries that are stored: 0 if the receivers have changed or the event exists already.
create function create_plain_event(
  of_owner uuid, event uuid, of_type text, body_text text, key text, occurred timestamptz, trace text,
  receivers text, ceiling bigint,
  deliveries uuid[], endpoints uuid[], attempts integer[], delays_ms float8[], shards smallint[]
) returns integer language plpgsql as $$
declare
  n integer := cardinality(deliveries);
  last_position bigint;
  logged_at timestamptz;
begin
  -- As audience_version does, whose call would take longer than its query.
  if coalesce((select string_agg(c.id::text, ',' order by c.id) from audience_change c where c.owner_id = of_owner),
              '') <> receivers then
    return 0;
  end if;
  insert into event (owner_id, id, type, body, tenant_id, idempotency_key, occurred_at, trace_context)
  values (of_owner, event, of_type, body_text, of_owner, key, occurred, trace)
  on conflict (owner_id, id) do nothing;
  if not found then
    return 0;
  end if;

  if n = 1 then
    insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
    values (of_owner, deliveries[1], shards[1], endpoints[1], event, now() + delays_ms[1] * interval '1 millisecond',
            'PENDING', attempts[1], 'EVENT');
    insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, next_attempt_at,
                          tenant_id)
    values (of_owner, deliveries[1], endpoints[1], event, of_type, 'EVENT', 'PENDING', attempts[1],
            now() + delays_ms[1] * interval '1 millisecond', of_owner);
  else
    insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
    select of_owner, t.id, t.shard, t.endpoint, event, now() + t.delay_ms * interval '1 millisecond', 'PENDING',
           t.attempts, 'EVENT'
      from unnest(deliveries, endpoints, attempts, delays_ms, shards) as t(id, endpoint, attempts, delay_ms, shard);
    insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, next_attempt_at,
                          tenant_id)
    select of_owner, t.id, t.endpoint, event, of_type, 'EVENT', 'PENDING', t.attempts,
           now() + t.delay_ms * interval '1 millisecond', of_owner
      from unnest(deliveries, endpoints, attempts, delays_ms) as t(id, endpoint, attempts, delay_ms);
  end if;

  -- The log comes last: whoever has its row waits for nothing else, and the commit follows in the same round trip.
  update owner_log l set head = l.head + n, at = greatest(l.at, clock_timestamp())
   where l.owner_id = of_owner
  returning l.head, l.at into last_position, logged_at;
  if not found then
    perform refuse('changes are missing in the log');
  end if;
  if last_position - n > ceiling then
    perform too_many_pending(of_owner);
  end if;
  if n = 1 then
    insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                              tenant_id, status, attempt_number)
    values (of_owner, last_position, logged_at, deliveries[1], endpoints[1], event, of_type, 'EVENT', of_owner,
            'PENDING', 0);
  else
    insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                              tenant_id, status, attempt_number)
    select of_owner, last_position - n + t.place, logged_at, t.id, t.endpoint, event, of_type, 'EVENT', of_owner,
           'PENDING', 0
      from unnest(deliveries, endpoints) with ordinality as t(id, endpoint, place);
  end if;
  return n;
end
$$;
