-- When it happened stands in the payload, too.
update event_type
   set example = '{"endpointId":"ep_01kdw2zr00e00800000000000c","url":"https://example.com/webhooks","reason":"FAILING","disabledAt":"2026-01-01T00:00:00.000Z"}'
 where name = 'endpoint.disabled';
