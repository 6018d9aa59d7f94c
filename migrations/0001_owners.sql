-- Whoever owns endpoints has one row here: a tenant or a partner app. Its log's head is this row.
-- A row is updated by every transaction that changes one of the owner's deliveries, last of all: the lock gives
-- positions in commit order. Few rows per page keep those updates HOT.
create table owner_log (
  owner_id uuid primary key,
  head bigint not null default 0,
  -- Positions up to and including this one are past retention.
  floor bigint not null default 0,
  -- The time of the newest change: never runs backwards within an owner.
  at timestamptz(3) not null default now()
) with (fillfactor = 10);

create table tenant (
  id uuid primary key,
  external_id text not null unique,
  name text not null,
  suspended_at timestamptz(3)
);

create table api_key (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  permissions text[] not null,
  prefix text not null,
  last_four text not null,
  token_hash bytea not null unique,
  last_used_at timestamptz(3),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (tenant_id, id)
);

create table audit_entry (
  owner_id uuid not null,
  id uuid not null,
  action text not null,
  actor_kind text not null,
  actor_id text not null,
  actor_label text not null,
  target_type text not null,
  target_id uuid not null,
  changes jsonb not null,
  request_id text,
  primary key (owner_id, id)
);
create index audit_entry_target on audit_entry (owner_id, target_id, id);

-- The catalogue is the platform's, not an owner's.
create table event_type (
  id uuid primary key,
  name text not null unique,
  category text not null,
  description text not null,
  data_type text not null,
  schema json,
  example json not null,
  is_lifecycle boolean not null default false,
  deprecated_at timestamptz(3),
  deprecation_reason text
);
create index event_type_category on event_type (category, name);
