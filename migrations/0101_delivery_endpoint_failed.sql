-- concurrently
-- Those of one endpoint. The status is written in another form than in the index before, so that whoever looks for one
-- form gets the index that is meant, whatever the planner knows of the table.
create index delivery_endpoint_failed on delivery
  (owner_id, endpoint_id, (case failure_reason when 'RETRIES_EXHAUSTED' then 'DEAD_LETTER' else 'FAILED' end), id, event_type)
  where failure_reason is not null;
