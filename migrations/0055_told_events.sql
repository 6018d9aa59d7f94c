-- Whether the owner was told that the endpoint fails, and has not been told of its recovery; when that was said last;
-- and when it was last told of dead letters.
alter table endpoint_health add column told_failing boolean not null default false;
alter table endpoint_health add column told_failing_at timestamptz(3);
alter table endpoint_health add column dead_letters_told_at timestamptz(3);

insert into event_type (id, name, category, description, data_type, example, is_lifecycle) values
  ('019b76da-a800-7007-8000-000000000007', 'endpoint.failing', 'endpoint',
   'An endpoint fails: a delivery has used up its attempts (EXHAUSTED), or all attempts have failed for ten minutes (ONLY_FAILURES).', 'Endpoint',
   '{"endpointId":"ep_01kdw2zr00e00800000000000c","url":"https://example.com/webhooks","reason":"EXHAUSTED","failingSince":"2026-01-01T00:00:00.000Z"}', false),
  ('019b76da-a800-7008-8000-000000000008', 'endpoint.recovered', 'endpoint',
   'An endpoint that was said to fail has accepted a delivery.', 'Endpoint',
   '{"endpointId":"ep_01kdw2zr00e00800000000000c","url":"https://example.com/webhooks","recoveredAt":"2026-01-01T00:00:00.000Z"}', false),
  ('019b76da-a800-7009-8000-000000000009', 'delivery.dead_lettered', 'delivery',
   'Deliveries to an endpoint have used up their attempts: how many since this was said last, and the newest of them. At most one event for an endpoint in a minute.', 'Delivery',
   '{"endpointId":"ep_01kdw2zr00e00800000000000c","url":"https://example.com/webhooks","count":3,"deliveryId":"dlv_01kdw2zr00e00800000000000d"}', false)
on conflict (name) do nothing;
