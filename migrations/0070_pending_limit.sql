-- Ends a statement that could give this owner more waiting deliveries than it may have.
create function too_many_pending(of_owner uuid) returns integer language plpgsql as $$
begin
  raise exception using errcode = 'HG003', message = 'an owner may not have so many waiting deliveries',
                        detail = of_owner::text;
end $$;
