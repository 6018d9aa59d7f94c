-- Ids are UUID v7 and carry the time of creation: these tables have no created_at, are partitioned by id, and a
-- window of time is a range of ids. Their partitions are made by the program, days ahead, and dropped whole.
-- There are no foreign keys: they would be checked after the owner's log is locked.

create table event (
  owner_id uuid not null,
  id uuid not null,
  type text not null,
  -- {"type":…,"timestamp":…,"data":…}: the text that every attempt sends.
  body text not null,
  -- Whose event it was: null for what an app owns itself.
  tenant_id uuid,
  idempotency_key text,
  occurred_at timestamptz(3) not null,
  primary key (owner_id, id)
) partition by range (id);
create index event_type_id on event (owner_id, type, id);

-- An idempotency key of publishEvents and the event that it stands for. The row may be there before the event: the
-- event's id is fixed by it, so whoever comes again with the key publishes the same one.
create table event_key (
  owner_id uuid not null,
  key text not null,
  event_id uuid not null,
  input_hash bytea not null,
  created_at timestamptz(3) not null default now(),
  primary key (owner_id, key)
);
create index event_key_age on event_key (created_at);

create table delivery (
  owner_id uuid not null,
  id uuid not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  kind text not null check (kind in ('EVENT', 'REPLAY', 'TEST')),
  status text not null
    check (status in ('PENDING', 'DELIVERING', 'RETRYING', 'SUCCEEDED', 'FAILED', 'DEAD_LETTER')),
  failure_reason text,
  replay_of uuid,
  replayed_at timestamptz(3),
  attempt_count integer not null default 0,
  max_attempts integer not null,
  next_attempt_at timestamptz(3),
  updated_at timestamptz(3) not null default now(),
  completed_at timestamptz(3),
  tenant_id uuid,
  installation_id uuid,
  primary key (owner_id, id)
) partition by range (id);
-- What lists are read by. Everything before the id is one value in each list, so that its rows come in the order of
-- their ids; what stands behind the id is sorted out within the index.
create index delivery_endpoint on delivery (owner_id, endpoint_id, id, event_type);
create index delivery_event on delivery (owner_id, event_id, id);
create index delivery_type on delivery (owner_id, event_type, id);
create index delivery_replay_of on delivery (owner_id, replay_of, id) where replay_of is not null;
-- What many lists look for is rare: everything but success.
create index delivery_rare on delivery (owner_id, status, id, event_type) where status <> 'SUCCEEDED';
create index delivery_endpoint_rare on delivery (owner_id, endpoint_id, status, id, event_type)
  where status <> 'SUCCEEDED';
-- These cost next to nothing: few deliveries are replays or tests, and only an app's are another's events.
create index delivery_kind on delivery (owner_id, kind, id) where kind <> 'EVENT';
create index delivery_replayed on delivery (owner_id, id) where replayed_at is not null;
create index delivery_tenant on delivery (owner_id, tenant_id, id) where tenant_id <> owner_id;

-- Its id is the delivery's and its number: it lives and is dropped with the delivery.
create table attempt (
  owner_id uuid not null,
  delivery_id uuid not null,
  number integer not null,
  outcome text not null,
  started_at timestamptz(3) not null,
  duration_ms real,
  response_status integer,
  response_body text,
  response_headers json,
  request_headers json,
  error text,
  primary key (owner_id, delivery_id, number)
) partition by range (delivery_id);

-- One small row per delivery that still has to be sent. No index holds `claim`, `status` or a count: a claim is a
-- HOT update.
create table due (
  owner_id uuid not null,
  delivery_id uuid not null,
  shard smallint not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  due_at timestamptz(3) not null,
  status text not null check (status in ('PENDING', 'DELIVERING', 'RETRYING')),
  -- Attempts that count towards the schedule, and rows in `attempt` (interrupted ones too).
  attempt_count integer not null default 0,
  attempt_rows integer not null default 0,
  max_attempts integer not null,
  kind text not null,
  -- Null, or the epoch of the lease under which a worker took it.
  claim bigint,
  claimed_at timestamptz(3),
  primary key (owner_id, delivery_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index due_lane on due (shard, endpoint_id, due_at, delivery_id);
create index due_shard on due (shard, due_at, delivery_id);
create index due_endpoint on due (owner_id, endpoint_id, delivery_id);

-- The live log: every status change of every delivery of an owner, numbered 1, 2, 3 … in commit order.
create table delivery_log (
  owner_id uuid not null,
  position bigint not null,
  occurred_at timestamptz(3) not null,
  delivery_id uuid not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  kind text not null,
  tenant_id uuid,
  status text not null,
  previous_status text,
  failure_reason text,
  attempt_number integer not null,
  response_status integer,
  primary key (owner_id, position, occurred_at)
) partition by range (occurred_at);
