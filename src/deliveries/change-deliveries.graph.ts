import { askedEndpoint } from '../endpoints/asked-owner.ts';
import { changeEndpoints, Endpoint } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import { purgeDeliveries } from '../purging/purge-deliveries.ts';
import type { Purger } from '../purging/purger.ts';
import { laneHint } from '../status/lane-hint.ts';
import { askedDelivery } from './asked-delivery.graph.ts';
import { cancelDelivery } from './cancel-delivery.ts';
import { Delivery } from './deliveries.graph.ts';
import { findDelivery } from './find-delivery.ts';

declare module '../graph/context.ts' {
  interface Services {
    purger: Pick<Purger, 'wake'>;
  }
}

mutation(builder, 'cancelDelivery', {
  description:
    'Ends a waiting delivery as FAILED (CANCELLED). It is not sent afterwards. A delivery that is being sent at this moment, or has ended, is a ConflictError.',
  permission: changeEndpoints,
  capability: {
    records: ['Delivery', 'AuditEntry'],
    sideEffects: ['audit entry delivery.cancel'],
    idempotency: 'A repeated call answers with ConflictError.',
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
    const delivery = await findDelivery(database.query, ownerId, id);
    if (delivery === undefined) throw new NotFoundError(input.id);
    // Of an endpoint that is ordered strictly the next may be sent.
    database.hints.send([ownerId, laneHint(ownerId, delivery.endpoint_id)]);
    return { delivery };
  },
});

mutation(builder, 'purgeDeliveries', {
  description:
    'Removes all of the endpoint’s deliveries up to now. Waiting deliveries end as FAILED (CANCELLED) in the log. Everything is hidden at once and removed in the background. The log keeps its entries, but their `delivery` is null. A delivery that is being sent at this moment may still arrive, within the delivery timeout.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.purge', 'waiting deliveries end as FAILED', 'history is removed'],
    idempotency: 'A repeated call purges the deliveries that were created since, if there are any.',
  },
  input: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
  }),
  payload: {
    endpoint: { type: Endpoint, description: 'The endpoint, which has no deliveries now.' },
    purgedCount: { type: 'SafeInt', description: 'The exact number of deliveries that this call purged.' },
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
