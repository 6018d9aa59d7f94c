import { askedEndpoint } from '../endpoints/asking-owner.ts';
import { changeEndpoints, Endpoint } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import { askedDelivery } from './asked-delivery.graph.ts';
import { cancelDelivery } from './cancel-delivery.ts';
import { Delivery } from './deliveries.graph.ts';
import { findDelivery } from './find-delivery.ts';
import { purgeDeliveries } from './purge-deliveries.ts';
import type { Purger } from './purger.ts';

declare module '../graph/context.ts' {
  interface Services {
    purger: Pick<Purger, 'wake'>;
  }
}

mutation(builder, 'cancelDelivery', {
  description:
    'Ends a queued delivery as FAILED (CANCELLED): nothing of it is sent afterwards. ConflictError: it is being sent at this moment, or has ended.',
  permission: changeEndpoints,
  capability: {
    records: ['Delivery', 'AuditEntry'],
    sideEffects: ['audit entry delivery.cancel'],
    idempotency: 'A second call answers with ConflictError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The id of the delivery: `dlv_…`.' }) }),
  payload: { delivery: { type: Delivery, description: 'The delivery, which has ended.' } },
  errors: [NotFoundError, ConflictError],
  async resolve(input, context) {
    const { database } = context.services;
    const { ownerId, id } = await askedDelivery(context, input.id);
    await database.query
      .transaction()
      .execute((trx) => cancelDelivery(trx, { ownerId, id, by: byOf(context) }));
    database.hints.send([ownerId]);
    const delivery = await findDelivery(database.query, ownerId, id);
    if (delivery === undefined) throw new NotFoundError(input.id);
    return { delivery };
  },
});

mutation(builder, 'purgeDeliveries', {
  description:
    'Removes everything that this endpoint was sent, or was to be sent, up to now. What is queued ends as FAILED (CANCELLED) in the log; everything is hidden at once and removed in the background. The log keeps its entries, whose `delivery` is null. What is being sent at this moment may still arrive, within the delivery timeout.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.purge', 'queued deliveries end as FAILED', 'history is removed'],
    idempotency: 'A second call purges what has come since, if anything.',
  },
  input: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
  }),
  payload: {
    endpoint: { type: Endpoint, description: 'The endpoint, with no deliveries.' },
    purgedCount: { type: 'SafeInt', description: 'How many deliveries this call has purged: exact.' },
  },
  errors: [NotFoundError],
  async resolve(input, context) {
    const { database, purger } = context.services;
    const { ownerId, id } = await askedEndpoint(context, {
      permission: changeEndpoints,
      globalId: input.endpointId,
    });
    const purged = await purgeDeliveries(database, { ownerId, id, by: byOf(context) });
    purger.wake();
    return purged;
  },
});
