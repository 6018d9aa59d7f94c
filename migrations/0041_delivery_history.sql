-- What became of one delivery, in the log: a line lies near the others of its time, so that a few values for each
-- stretch of pages find it. It costs the log's writers next to nothing. Partitions that hold something already are left
-- as they are: nothing waits for a scan of them, and they are dropped in time.
create index delivery_log_delivery on only delivery_log
  using brin (delivery_id uuid_minmax_multi_ops) with (pages_per_range = 32, autosummarize = on);

do $$
declare
  partition regclass;
  is_empty boolean;
begin
  for partition in select inhrelid::regclass from pg_inherits where inhparent = 'delivery_log'::regclass loop
    execute format('select not exists (select from %s)', partition) into is_empty;
    if is_empty then
      execute format(
        'create index on %s using brin (delivery_id uuid_minmax_multi_ops)
           with (pages_per_range = 32, autosummarize = on)', partition);
    end if;
  end loop;
end
$$;
