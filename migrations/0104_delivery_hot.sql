-- No index holds `status` or `completed_at` any more. Releases before this one look for failures without an index while
-- they still run.
drop index delivery_rare;
drop index delivery_endpoint_rare;
drop index delivery_app_failed;

-- The indexes of failures take one for the other.
alter table delivery add constraint delivery_failure_has_reason
  check ((status in ('FAILED', 'DEAD_LETTER')) = (failure_reason is not null)
         and (status = 'DEAD_LETTER') = (failure_reason is not distinct from 'RETRIES_EXHAUSTED')) not valid;

-- Room on each page for the new versions of its rows; new partitions are created with it.
do $$
declare
  partition regclass;
begin
  for partition in select inhrelid::regclass from pg_inherits where inhparent = 'delivery'::regclass loop
    execute format('alter table %s set (fillfactor = 75)', partition);
  end loop;
end
$$;
