-- Paused: nothing is sent, what is created waits. Null: not paused.
alter table endpoint add column paused_at timestamptz(3);
-- Set while the queue of a paused endpoint is as long as it may be: what is published then is not queued.
alter table endpoint add column queue_full_at timestamptz(3);
create index endpoint_paused on endpoint (owner_id, id) where paused_at is not null and deleted_at is null;

-- Whether the queue is full decides how a fresh delivery begins: whoever remembers the audience has to learn of it.
create or replace function note_changed_endpoints() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(owners) from (
    select array_agg(distinct n.owner_id) as owners
      from new_rows n join old_rows o on o.owner_id = n.owner_id and o.id = n.id
     where (o.events, o.is_active, o.disabled_reason, o.verification, o.deleted_at, o.owner_kind, o.sending,
            o.queue_full_at)
        is distinct from
           (n.events, n.is_active, n.disabled_reason, n.verification, n.deleted_at, n.owner_kind, n.sending,
            n.queue_full_at)) x
   where owners is not null;
  return null;
end $$;
