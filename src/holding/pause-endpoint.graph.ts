import { askedEndpoint } from '../endpoints/asked-owner.ts';
import { changeEndpoints, Endpoint } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { NotFoundError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { mutation } from '../graph/result.ts';
import { laneHint } from '../status/lane-hint.ts';
import { mostHeld } from './held-queues.ts';
import { type Held, pauseEndpoint, resumeEndpoint } from './pause-endpoint.ts';

builder.objectField(Endpoint, 'pausedAt', (t) =>
  t.expose('paused_at', {
    type: 'DateTime',
    nullable: true,
    description:
      'When `pauseEndpoint` was called; null while it is not paused. The deliveries of a paused endpoint wait. The deliveries that an inactive endpoint (`isActive`) misses are recorded as FAILED instead.',
  }),
);

mutation(builder, 'pauseEndpoint', {
  description: `Pauses an endpoint and keeps its queue. Nothing is sent, and deliveries wait as PENDING or RETRYING until \`resumeEndpoint\` is called. Ownership handshakes still run. A delivery that is being sent at this moment may still arrive, within the delivery timeout. About ${mostHeld.toLocaleString('en')} deliveries can wait (they are counted every few seconds). Further deliveries, and deliveries that have waited for the whole retention period, are recorded as FAILED (ENDPOINT_PAUSED) and can be replayed.`,
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.pause'],
    idempotency: 'A repeated call changes nothing and is not audited.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: { endpoint: { type: Endpoint, description: 'The paused endpoint.' } },
  errors: [NotFoundError],
  resolve: async ({ id }, context) => ({ endpoint: (await act(pauseEndpoint, context, id)).endpoint }),
});

mutation(builder, 'resumeEndpoint', {
  description:
    'Ends a pause and closes the endpoint’s circuit. The waiting deliveries are sent in the order in which they became due, at the endpoint’s rate (`maxDeliveriesPerSecond`). An inactive endpoint stays inactive.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.resume', 'waiting deliveries are sent'],
    idempotency: 'A repeated call changes nothing and is not audited.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: { endpoint: { type: Endpoint, description: 'The endpoint, no longer paused.' } },
  errors: [NotFoundError],
  async resolve({ id }, context) {
    const { endpoint, isChanged } = await act(resumeEndpoint, context, id);
    if (isChanged) context.services.database.hints.send([laneHint(endpoint.owner_id, endpoint.id)]);
    return { endpoint };
  },
});

async function act(change: typeof pauseEndpoint, context: Context, globalId: string): Promise<Held> {
  const { ownerId, id } = await askedEndpoint(context, { permission: changeEndpoints, globalId });
  return await context.services.database.query
    .transaction()
    .execute((trx) => change(trx, { ownerId, id, by: byOf(context) }));
}
