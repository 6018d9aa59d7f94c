import { Delivery } from '../deliveries/deliveries.graph.ts';
import { findDelivery } from '../deliveries/find-delivery.ts';
import { askedEndpoint } from '../endpoints/asking-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import { maxTestsPerMinute, testEndpoint } from './test-endpoint.ts';

mutation(builder, 'testEndpoint', {
  description: `Sends the endpoint a synthetic event: the catalogue's example of a type that it subscribes to, signed, with the header \`webhook-test: true\`. The endpoint need not be verified; one that is not active gets a delivery that is FAILED, and to one that is paused the test goes when it is resumed. At most ${maxTestsPerMinute} a minute for an endpoint. ValidationError: the type is unknown, the endpoint does not subscribe to it, or there is none that it subscribes to.`,
  permission: changeEndpoints,
  capability: {
    records: ['Event', 'Delivery', 'AuditEntry'],
    sideEffects: ['a signed POST to the endpoint', 'audit entry endpoint.test'],
    idempotency: 'Each call is a test of its own.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    eventType: t.string({
      description:
        'Of which type, by its name. By default the first of `events` that is a name, or else the first type that a wildcard of it matches.',
    }),
  }),
  payload: { delivery: { type: Delivery, description: 'The test, on its way.' } },
  errors: [ValidationError, NotFoundError, LimitExceededError],
  async resolve(input, context) {
    const { database, config: rules } = context.services;
    const { ownerId, id } = await askedEndpoint(context, {
      permission: changeEndpoints,
      globalId: input.id,
    });
    const { eventType } = input;
    const testId = await testEndpoint(database, { ownerId, id, eventType, rules, by: byOf(context) });
    const delivery = await findDelivery(database.query, ownerId, testId);
    if (delivery === undefined) throw new NotFoundError(input.id);
    return { delivery };
  },
});
