-- Ordered strictly: its deliveries are sent one at a time, in the order in which they were committed. Null: they are
-- independent. Set to a fresh id when the setting is made: what was created before it goes first, by its id. What is
-- created after goes by its place in the owner's log, which is higher than `strict_head`.
alter table endpoint add column strict_boundary uuid;
alter table endpoint add column strict_head bigint not null default 0;

-- Of an endpoint that is ordered strictly: where each queued delivery stands, by the position of its creation in the
-- owner's log. A row may outlive its delivery for a while, until somebody passes by; one whose `due` row is gone means
-- nothing.
create table strict_place (
  owner_id uuid not null,
  delivery_id uuid not null,
  endpoint_id uuid not null,
  position bigint not null,
  primary key (owner_id, delivery_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index strict_place_order on strict_place (owner_id, endpoint_id, position, delivery_id);

-- Whoever remembers the audience has to give deliveries their places from the change on.
create or replace function note_changed_endpoints() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(owners) from (
    select array_agg(distinct n.owner_id) as owners
      from new_rows n join old_rows o on o.owner_id = n.owner_id and o.id = n.id
     where (o.events, o.is_active, o.disabled_reason, o.verification, o.deleted_at, o.owner_kind, o.sending,
            o.queue_full_at, o.strict_boundary)
        is distinct from
           (n.events, n.is_active, n.disabled_reason, n.verification, n.deleted_at, n.owner_kind, n.sending,
            n.queue_full_at, n.strict_boundary)) x
   where owners is not null;
  return null;
end $$;
