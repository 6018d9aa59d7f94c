-- Mails about endpoints, written with what they tell of, and removed when the mail server has taken them. `next_at` is
-- when somebody else may send a mail whose process has not said that it was taken.
create table alert_mail (
  owner_id uuid not null,
  id uuid not null,
  recipients text[] not null,
  subject text not null,
  body text not null,
  tries integer not null default 0,
  next_at timestamptz(3) not null,
  primary key (owner_id, id)
);
create index alert_mail_next on alert_mail (next_at);
