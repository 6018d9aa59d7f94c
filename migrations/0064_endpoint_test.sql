-- What `testEndpoint` sends to an endpoint that takes everything: an event that says that it is a test.
insert into event_type (id, name, category, description, data_type, example, is_lifecycle) values
  ('019b76da-a800-700a-8000-00000000000a', 'endpoint.test', 'endpoint',
   'Somebody tries whether the endpoint accepts events. Nothing has happened.', 'Endpoint',
   '{"endpointId":"ep_01kdw2zr00e00800000000000c","isTest":true}', false)
on conflict (name) do nothing;
