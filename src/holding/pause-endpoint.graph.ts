import { askedEndpoint } from '../endpoints/asking-owner.ts';
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
      'Since when `pauseEndpoint` keeps its deliveries waiting; null while it is not paused. An inactive endpoint (`isActive`) is another matter: what it misses is recorded as FAILED.',
  }),
);

mutation(builder, 'pauseEndpoint', {
  description: `Pauses an endpoint and keeps its queue: nothing is sent, and what is to be sent waits as PENDING or RETRYING until \`resumeEndpoint\`. The handshake is as always. What is being sent at this moment may still arrive, within the delivery timeout. About ${mostHeld.toLocaleString('en')} deliveries may wait (they are counted every few seconds); what comes beyond them is recorded as FAILED (ENDPOINT_PAUSED), and so is what has waited for as long as deliveries are kept. Both can be replayed.`,
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.pause'],
    idempotency: 'A second call changes nothing and is not audited.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: { endpoint: { type: Endpoint, description: 'The endpoint, paused.' } },
  errors: [NotFoundError],
  resolve: async ({ id }, context) => ({ endpoint: (await act(pauseEndpoint, context, id)).endpoint }),
});

mutation(builder, 'resumeEndpoint', {
  description:
    'Ends a pause: what waits is sent, what has been due longest first, at the endpoint’s own rate (`maxDeliveriesPerSecond`), and its circuit is closed. An inactive endpoint stays inactive.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.resume', 'waiting deliveries are sent'],
    idempotency: 'A second call changes nothing and is not audited.',
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
