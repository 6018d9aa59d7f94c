-- A bulk cancellation. It goes over its owner's rows of `due` in the order of their ids, and ends those that match its
-- filter in the transaction that also moves its cursor, so that each is looked at once whatever dies in between.
create table cancel_job (
  owner_id uuid not null,
  -- Nothing newer is cancelled.
  id uuid not null,
  -- The filter, with ids as UUIDs and the window as a range of ids.
  conditions jsonb not null,
  status text not null default 'RUNNING' check (status in ('RUNNING', 'COMPLETED', 'FAILED')),
  cursor_id uuid not null default '00000000-0000-0000-0000-000000000000',
  matched bigint not null default 0,
  cancelled bigint not null default 0,
  skipped bigint not null default 0,
  -- Whoever raised the epoch works on it until then, or until somebody else raises it.
  epoch bigint not null default 0,
  lease_until timestamptz(3) not null default now(),
  -- Errors in a row that were not passing ones.
  failures smallint not null default 0,
  completed_at timestamptz(3),
  primary key (owner_id, id)
) with (fillfactor = 50);
create index cancel_job_running on cancel_job (status, id) where status = 'RUNNING';
