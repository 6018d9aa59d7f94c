-- A bulk replay that also sends an endpoint what it never had a delivery for: whose it is, and up to which event it has
-- come. Null: nothing of the kind is left to do.
alter table replay_job add column recover_endpoint uuid;
alter table replay_job add column recover_cursor uuid;
create index replay_job_recovers on replay_job (owner_id, recover_endpoint) where status = 'RUNNING';
