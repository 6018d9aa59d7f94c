-- On whose behalf a link to the console made a key: for a user who is deleted.
create index audit_entry_key_behalf on audit_entry ((changes ->> 'onBehalfOf'))
  where action = 'api_key.create' and actor_kind = 'CONSOLE_LINK';
