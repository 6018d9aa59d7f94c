-- A partner app. Its id is the owner of its endpoint, its events, its deliveries and its log; its row in `owner_log`
-- is made with it.
create table app (
  id uuid primary key,
  -- Who made it.
  tenant_id uuid not null,
  name text not null,
  source text not null,
  -- The id of its endpoint, or of the one that is set next: its signing secrets stand under it from the beginning.
  webhook_id uuid not null,
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);
create unique index app_source on app (source) where deleted_at is null;
create index app_tenant on app (tenant_id, id) where deleted_at is null;

-- How many tenants have it installed, and how many of them are subscribed: changed with the installation itself.
create table app_count (
  app_id uuid primary key,
  installed bigint not null default 0,
  subscribed bigint not null default 0
) with (fillfactor = 50);

create table app_client_secret (
  app_id uuid not null,
  id uuid not null,
  secret_hash bytea not null,
  -- Null while it is the newest; afterwards it works until then.
  expires_at timestamptz(3),
  primary key (app_id, id)
);

-- The emails are lower case.
create table app_member (
  app_id uuid not null,
  id uuid not null,
  email text not null,
  permissions text[] not null,
  primary key (app_id, id)
);
create unique index app_member_email on app_member (app_id, email);
create index app_member_of on app_member (email);

create table app_invitation (
  app_id uuid not null,
  id uuid not null,
  email text not null,
  permissions text[] not null,
  invited_by text not null,
  token_hash bytea not null,
  expires_at timestamptz(3) not null,
  accepted_at timestamptz(3),
  primary key (app_id, id)
);
create index app_invitation_token on app_invitation (token_hash);

create table app_version (
  app_id uuid not null,
  id uuid not null,
  version text not null,
  status text not null check (status in ('DRAFT', 'PUBLISHED', 'SUPERSEDED')),
  webhook_categories text[] not null,
  data_types text[] not null,
  published_at timestamptz(3),
  primary key (app_id, id)
);
create unique index app_version_name on app_version (app_id, version);
create unique index app_version_published on app_version (app_id) where status = 'PUBLISHED';

create table app_installation (
  app_id uuid not null,
  id uuid not null,
  tenant_id uuid not null,
  permissions text[] not null,
  is_subscribed boolean not null,
  revoked_at timestamptz(3),
  primary key (app_id, id)
);
create unique index app_installation_live on app_installation (app_id, tenant_id) where revoked_at is null;
create index app_installation_tenant on app_installation (tenant_id, id);

-- Which of a tenant's events go to which app: one row for each category that a subscribed installation's published
-- version declares. What publishing looks at: it meets only the apps that are concerned.
create table app_forward (
  tenant_id uuid not null,
  category text not null,
  app_id uuid not null,
  installation_id uuid not null,
  -- Of the events' types; empty: any.
  data_types text[] not null,
  primary key (tenant_id, category, app_id)
);
create index app_forward_app on app_forward (app_id, category);

-- Events of tenants that have still to be copied to an app: written with the event, in its transaction. Taken by app
-- group, because a batch of the app's side is one group's.
create table app_forward_outbox (
  owner_id uuid not null,
  event_id uuid not null,
  app_id uuid not null,
  installation_id uuid not null,
  app_group smallint not null,
  primary key (owner_id, event_id, app_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index app_forward_outbox_group on app_forward_outbox (app_group, event_id);

-- Lifecycle events that have still to become the app's events: written with the act, in its transaction.
create table app_lifecycle_outbox (
  app_id uuid not null,
  event_id uuid not null,
  app_group smallint not null,
  type text not null,
  payload text not null,
  occurred_at timestamptz(3) not null,
  primary key (app_id, event_id)
);
create index app_lifecycle_outbox_group on app_lifecycle_outbox (app_group, event_id);

-- The key that signs the apps' access tokens, sealed: every process verifies what any other has signed.
create table app_token_key (
  id uuid primary key,
  sealed bytea not null
);

-- An installation that is revoked while its delivery waits ends it: the claim looks.
alter table due add column installation_id uuid;

-- An app's failures by tenant.
create index delivery_app_failed on delivery (owner_id, endpoint_id, id) include (tenant_id, completed_at)
  where installation_id is not null and status in ('FAILED', 'DEAD_LETTER');
