-- An attempt whose kept connection the receiver had closed went out once more, on a fresh one.
alter table attempt add column reconnected boolean not null default false;

-- How many failures in a row count towards giving an endpoint up, half a day apart or more, and when the last one did.
alter table endpoint_health add column spread_failures integer not null default 0;
alter table endpoint_health add column spread_failure_at timestamptz(3);
