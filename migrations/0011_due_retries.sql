-- For the probe of an open circuit, which is a retry where one is due. Only rows that have been tried stand in it, and
-- no claim touches it.
create index due_retry on due (shard, endpoint_id, attempt_count, due_at, delivery_id) where attempt_count > 0;
