-- concurrently
-- The deliveries of an endpoint that have not ended, by status. As an expression, so that it is not taken for the index
-- of all endpoints by status, nor that for it. A claim does not touch it.
create index due_endpoint_status on due (owner_id, endpoint_id, (status || ''), delivery_id);
