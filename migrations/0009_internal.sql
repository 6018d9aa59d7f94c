-- One row per run of a periodic job. Without finished_at it is under way, or its process died: who holds the job's
-- advisory lock takes it up.
create table job_run (
  job text not null,
  run_id text not null,
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  result json,
  primary key (job, run_id)
);
create index job_run_age on job_run (started_at);

-- The ids of the auth hook's messages: each acts once.
create table auth_hook_seen (
  webhook_id text primary key,
  seen_at timestamptz(3) not null default now()
);
create index auth_hook_seen_age on auth_hook_seen (seen_at);

-- Tokens of the subject that were issued at this time or before are refused.
create table revoked_subject (
  subject text primary key,
  not_before timestamptz(3) not null
);

-- Who created a key stands in the audit log alone: for a user who is deleted.
create index audit_entry_key_creator on audit_entry (actor_id) where action = 'api_key.create';

-- What an owner was sent, by the day (UTC): deliveries that have ended by the day of their creation, attempts by the
-- day on which they started. It outlives the rows that it was counted from.
create table usage_day (
  owner_id uuid not null,
  day date not null,
  succeeded bigint not null,
  failed bigint not null,
  attempts bigint not null,
  updated_at timestamptz(3) not null default now(),
  primary key (owner_id, day)
);

-- Install links that were used: each installs once.
create table install_link_used (
  id uuid primary key,
  used_at timestamptz(3) not null default now()
);
create index install_link_used_age on install_link_used (used_at);

-- When the platform last said that it suspends or resumes the tenant: an older message that comes late changes nothing.
alter table tenant add column suspension_changed_at timestamptz(3);

create index signing_secret_end on signing_secret (expires_at) where expires_at is not null;
-- For what looks at the rollups of a day, or of all days before it. They are written in the order of time: a BRIN
-- costs their writers next to nothing.
create index endpoint_stat_minute on endpoint_stat using brin (minute) with (pages_per_range = 32, autosummarize = on);
create index endpoint_latency_hour on endpoint_latency using brin (hour) with (pages_per_range = 32, autosummarize = on);
