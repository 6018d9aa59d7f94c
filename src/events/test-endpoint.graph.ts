import { Delivery } from '../deliveries/deliveries.graph.ts';
import { findDelivery } from '../deliveries/find-delivery.ts';
import { askedEndpoint } from '../endpoints/asked-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import { maxTestsPerMinute, testEndpoint } from './test-endpoint.ts';

mutation(builder, 'testEndpoint', {
  description: `Sends the endpoint a test event: the catalogue's example of an event type that it subscribes to, signed, with the header \`webhook-test: true\`. The endpoint need not be verified. If it is not active, the delivery is FAILED. If it is paused, the test is sent when it is resumed. At most ${maxTestsPerMinute} calls a minute for each endpoint. A type that is unknown or not subscribed to is a ValidationError, and so is an endpoint that subscribes to no known type.`,
  permission: changeEndpoints,
  capability: {
    records: ['Event', 'Delivery', 'AuditEntry'],
    sideEffects: ['a signed POST to the endpoint', 'audit entry endpoint.test'],
    idempotency: 'Each call sends a new test event.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    eventType: t.string({
      description:
        'The name of the event type to send. By default the first entry of the endpoint’s `events` that is a name, otherwise `endpoint.test` if one of its wildcards matches it (`*` and `endpoint.*` do), and otherwise the first type that one matches.',
    }),
    payload: t.field({
      type: 'JSON',
      description:
        'The payload to send, of at most 256 KiB. It is not checked against the schema of the type. By default the example of the type.',
    }),
  }),
  payload: { delivery: { type: Delivery, description: 'The delivery of the test event.' } },
  errors: [ValidationError, NotFoundError, LimitExceededError],
  async resolve(input, context) {
    const { database, config: rules } = context.services;
    const { ownerId, id } = await askedEndpoint(context, {
      permission: changeEndpoints,
      globalId: input.id,
    });
    const { eventType, payload } = input;
    const testId = await testEndpoint(database, {
      ...{ ownerId, id, eventType, payload, rules, by: byOf(context) },
    });
    const delivery = await findDelivery(database.query, ownerId, testId);
    if (delivery === undefined) throw new NotFoundError(input.id);
    return { delivery };
  },
});
