-- The first call's answer for each idempotency key. A row is written in the transaction of the act itself: there is
-- none that is half done.
create table idempotency_key (
  owner_id uuid not null,
  -- Kind and id of who called: another's equal key is another key.
  actor text not null,
  -- The mutation.
  field text not null,
  key text not null,
  input_hash bytea not null,
  -- The answer as JSON, sealed: it may hold a secret. Null once that secret is no longer current.
  answer bytea,
  -- Whose secret the answer holds.
  secret_of uuid,
  created_at timestamptz(3) not null default now(),
  primary key (owner_id, actor, field, key)
);
create index idempotency_key_age on idempotency_key (created_at);
create index idempotency_key_secret on idempotency_key (owner_id, secret_of) where secret_of is not null;
