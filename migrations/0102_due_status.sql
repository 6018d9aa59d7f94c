-- concurrently
-- The deliveries that have not ended, by status. A claim, which changes most rows, does not touch it.
create index due_status on due (owner_id, status, delivery_id);
