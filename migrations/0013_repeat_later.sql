-- Ends a statement that is to be repeated as it is: for whoever sent it, as a failed serialization.
create function repeat_later(reason text) returns integer language plpgsql as $$
begin
  raise exception 'to be repeated: %', reason using errcode = '40001';
end $$;
