-- How an endpoint wants its deliveries sent, where that differs from what is usual: its headers (a secret value
-- sealed), its retry schedule, its timeout, the statuses that end a delivery. Null: nothing differs.
alter table endpoint add column sending jsonb;

-- The schedule decides how many attempts a fresh delivery gets: whoever remembers the audience has to learn of it.
create or replace function note_changed_endpoints() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(owners) from (
    select array_agg(distinct n.owner_id) as owners
      from new_rows n join old_rows o on o.owner_id = n.owner_id and o.id = n.id
     where (o.events, o.is_active, o.disabled_reason, o.verification, o.deleted_at, o.owner_kind, o.sending)
        is distinct from
           (n.events, n.is_active, n.disabled_reason, n.verification, n.deleted_at, n.owner_kind, n.sending)) x
   where owners is not null;
  return null;
end $$;
