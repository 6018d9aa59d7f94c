-- A bulk replay. It first gathers what matches its filter into replay_job_item, then replays item by item: an item goes
-- in the transaction that creates its fresh delivery, so that each is replayed once whatever dies in between.
create table replay_job (
  owner_id uuid not null,
  id uuid not null,
  -- The filter, with ids as UUIDs and the window as a range of ids.
  conditions jsonb not null,
  -- Nothing newer is gathered: what the job makes is never found by it.
  upper_id uuid not null,
  status text not null default 'RUNNING' check (status in ('RUNNING', 'COMPLETED', 'FAILED')),
  -- How far gathering has come, along the index of what is not a success; status null: all is gathered.
  cursor_status text check (cursor_status in ('DEAD_LETTER', 'FAILED')),
  cursor_id uuid not null default '00000000-0000-0000-0000-000000000000',
  matched bigint not null default 0,
  replayed bigint not null default 0,
  skipped bigint not null default 0,
  -- Whoever raised the epoch works on it until then, or until somebody else raises it.
  epoch bigint not null default 0,
  lease_until timestamptz(3) not null default now(),
  -- Errors in a row that were not passing ones.
  failures smallint not null default 0,
  completed_at timestamptz(3),
  primary key (owner_id, id)
) with (fillfactor = 50);
create index replay_job_running on replay_job (status, id) where status = 'RUNNING';

create table replay_job_item (
  owner_id uuid not null,
  job_id uuid not null,
  original_id uuid not null,
  primary key (owner_id, job_id, original_id)
) with (autovacuum_vacuum_scale_factor = 0.02);

-- What is purged has been removed up to this id; where it lags behind purged_through there is work for the removal.
alter table endpoint add column removed_through uuid;
create index endpoint_removal on endpoint (owner_id, id)
  where purged_through is not null and removed_through is distinct from purged_through;
drop index endpoint_purged;

-- The last times at which somebody asked for a test delivery: they are limited by the minute.
alter table endpoint add column test_asked_at timestamptz(3)[] not null default '{}';
