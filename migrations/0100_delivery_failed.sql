-- concurrently
-- The failed deliveries by status. An index that holds `status` would be written by every change of every delivery.
-- `failure_reason` is set only by the change that fails one, so that all other updates are HOT.
create index delivery_failed on delivery
  (owner_id, (case when failure_reason = 'RETRIES_EXHAUSTED' then 'DEAD_LETTER' else 'FAILED' end), id, event_type)
  where failure_reason is not null;
