create table endpoint (
  owner_id uuid not null,
  id uuid not null,
  owner_kind text not null check (owner_kind in ('TENANT', 'APP')),
  url text not null,
  description text,
  events text[] not null,
  -- Which event streams an app's endpoint takes; null for a tenant's.
  streams text[],
  is_active boolean not null,
  disabled_reason text check (disabled_reason in ('MANUAL', 'FAILING', 'GONE')),
  max_deliveries_per_second integer,
  verification text not null check (verification in ('UNVERIFIED', 'PENDING', 'VERIFIED', 'FAILED')),
  verified_at timestamptz(3),
  verification_checked_at timestamptz(3),
  verification_reason text,
  -- When the handshake that is under way was started: an older one than its deadline is started anew.
  handshake_started_at timestamptz(3),
  -- The last times at which somebody asked for a handshake: they are limited by the minute.
  verify_asked_at timestamptz(3)[] not null default '{}',
  -- Deliveries up to and including this id are purged: hidden at once, removed later.
  purged_through uuid,
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  primary key (owner_id, id)
);
create index endpoint_live on endpoint (owner_id, id) where deleted_at is null;
create index endpoint_handshake on endpoint (handshake_started_at) where verification = 'PENDING' and deleted_at is null;
-- What the background removal still has to do.
create index endpoint_purged on endpoint (owner_id, id) where purged_through is not null;

create table signing_secret (
  owner_id uuid not null,
  endpoint_id uuid not null,
  id uuid not null,
  sealed bytea not null,
  -- Null while it is the newest; afterwards it signs until then.
  expires_at timestamptz(3),
  primary key (owner_id, endpoint_id, id)
);

-- The circuit and the run of failures: written at transitions only, so that a takeover and the API know them.
create table endpoint_health (
  owner_id uuid not null,
  endpoint_id uuid not null,
  circuit text not null default 'CLOSED' check (circuit in ('CLOSED', 'OPEN', 'HALF_OPEN')),
  consecutive_failures integer not null default 0,
  opened_at timestamptz(3),
  next_probe_at timestamptz(3),
  -- Since when every attempt failed.
  failing_since timestamptz(3),
  updated_at timestamptz(3) not null default now(),
  primary key (owner_id, endpoint_id)
) with (fillfactor = 50);

-- Finished deliveries by the minute in which they were created.
create table endpoint_stat (
  owner_id uuid not null,
  endpoint_id uuid not null,
  minute timestamptz(3) not null,
  succeeded integer not null default 0,
  failed integer not null default 0,
  last_success_at timestamptz(3),
  last_failure_at timestamptz(3),
  primary key (owner_id, endpoint_id, minute)
) with (fillfactor = 50);

-- Attempts by the hour in which they started and by latency: bucket n holds 1.05^n to 1.05^(n+1) tenths of a
-- millisecond.
create table endpoint_latency (
  owner_id uuid not null,
  endpoint_id uuid not null,
  hour timestamptz(3) not null,
  bucket smallint not null,
  attempts integer not null,
  primary key (owner_id, endpoint_id, hour, bucket)
) with (fillfactor = 50);
