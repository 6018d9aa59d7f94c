-- concurrently
-- An app's failures by tenant.
create index delivery_app_failures on delivery (owner_id, endpoint_id, id) include (tenant_id)
  where failure_reason is not null and installation_id is not null;
