-- Whether what a process remembers of a tenant's audience still holds: the ids that stand here for it are the
-- version. A change writes a new id in its own transaction and takes the older ones away, as far as nobody else holds
-- them; so a set of ids never comes back, and nobody waits for anybody.
create table audience_change (
  owner_id uuid not null,
  id uuid not null default gen_random_uuid(),
  primary key (owner_id, id)
);

create function note_audience_change(changed uuid) returns void language plpgsql as $$
begin
  delete from audience_change where owner_id = changed and id in (
    select id from audience_change where owner_id = changed for update skip locked);
  insert into audience_change (owner_id) values (changed);
end $$;

create function audience_version(of_owner uuid) returns text language sql stable as $$
  select coalesce(string_agg(id::text, ',' order by id), '') from audience_change where owner_id = of_owner
$$;

create function audience_changed() returns integer language plpgsql as $$
begin
  raise exception using errcode = 'HG002', message = 'the audience has changed';
end $$;

create function on_endpoint_audience() returns trigger language plpgsql as $$
begin
  perform note_audience_change(case when tg_op = 'DELETE' then old.owner_id else new.owner_id end);
  return null;
end $$;

create trigger endpoint_made after insert or delete on endpoint
  for each row execute function on_endpoint_audience();

create trigger endpoint_changed after update on endpoint for each row
  when ((old.events, old.is_active, old.disabled_reason, old.verification, old.deleted_at, old.owner_kind)
    is distinct from (new.events, new.is_active, new.disabled_reason, new.verification, new.deleted_at, new.owner_kind))
  execute function on_endpoint_audience();

create function on_forward_audience() returns trigger language plpgsql as $$
begin
  perform note_audience_change(case when tg_op = 'DELETE' then old.tenant_id else new.tenant_id end);
  return null;
end $$;

create trigger forward_changed after insert or update or delete on app_forward
  for each row execute function on_forward_audience();

create function on_tenant_audience() returns trigger language plpgsql as $$
begin
  perform note_audience_change(new.id);
  return null;
end $$;

create trigger tenant_suspension after update on tenant for each row
  when (old.suspended_at is distinct from new.suspended_at)
  execute function on_tenant_audience();
