-- Whether what a process remembers of a tenant's audience still holds: the ids that stand here for it are the
-- version. A change writes a new id in its own transaction and takes the older ones away, as far as nobody else holds
-- them; so a set of ids never comes back, and nobody waits for anybody.
create table audience_change (
  owner_id uuid not null,
  id uuid not null default gen_random_uuid(),
  primary key (owner_id, id)
);

create function note_audience_changes(owners uuid[]) returns void language plpgsql as $$
begin
  delete from audience_change c using (
      select owner_id, id from audience_change where owner_id = any(owners) for update skip locked) old
    where c.owner_id = old.owner_id and c.id = old.id;
  insert into audience_change (owner_id) select distinct owner_id from unnest(owners) as o(owner_id);
end $$;

create function audience_version(of_owner uuid) returns text language sql stable as $$
  select coalesce(string_agg(id::text, ',' order by id), '') from audience_change where owner_id = of_owner
$$;

create function audience_changed() returns integer language plpgsql as $$
begin
  raise exception using errcode = 'HG002', message = 'the audience has changed';
end $$;

create function note_changed_owners() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(array(select distinct owner_id from changed));
  return null;
end $$;

create function note_changed_endpoints() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(owners) from (
    select array_agg(distinct n.owner_id) as owners
      from new_rows n join old_rows o on o.owner_id = n.owner_id and o.id = n.id
     where (o.events, o.is_active, o.disabled_reason, o.verification, o.deleted_at, o.owner_kind)
        is distinct from (n.events, n.is_active, n.disabled_reason, n.verification, n.deleted_at, n.owner_kind)) x
   where owners is not null;
  return null;
end $$;

create function note_changed_forwards() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(array(select distinct tenant_id from changed));
  return null;
end $$;

create function note_suspension() returns trigger language plpgsql as $$
begin
  perform note_audience_changes(array[new.id]);
  return null;
end $$;

create trigger endpoint_inserted after insert on endpoint referencing new table as changed
  for each statement execute function note_changed_owners();
create trigger endpoint_deleted after delete on endpoint referencing old table as changed
  for each statement execute function note_changed_owners();
create trigger endpoint_updated after update on endpoint referencing old table as old_rows new table as new_rows
  for each statement execute function note_changed_endpoints();

create trigger forward_inserted after insert on app_forward referencing new table as changed
  for each statement execute function note_changed_forwards();
create trigger forward_deleted after delete on app_forward referencing old table as changed
  for each statement execute function note_changed_forwards();
create trigger forward_updated after update on app_forward referencing new table as changed
  for each statement execute function note_changed_forwards();

create trigger tenant_suspension after update on tenant for each row
  when (old.suspended_at is distinct from new.suspended_at)
  execute function note_suspension();
