-- The lines of some deliveries in their owner's log, first to last, at most so many of each. Our connections plan by
-- ordered indexes alone, and the log's own key would have all of the owner's lines read: here the index of the
-- deliveries is taken instead, whatever the planner knows of the tables. `is true` keeps the owner's condition away
-- from the key. Among a million lines: 2 ms with statistics and 9 ms without, instead of 170 to 300 ms.
create function delivery_history(owner uuid, deliveries uuid[], since timestamptz, most integer)
  returns setof delivery_log
  language plpgsql stable
  set enable_bitmapscan = on
  set enable_indexscan = off
as $$
declare
  delivery uuid;
begin
  foreach delivery in array deliveries loop
    return query
      select * from delivery_log l
       where (l.owner_id = owner) is true and l.delivery_id = delivery and l.occurred_at >= since
       order by l.position
       limit most;
  end loop;
end
$$;
