import { circuitOf, Endpoint, forEachOwner } from '../endpoints/endpoint.graph.ts';
import type { Endpoint as EndpointRow } from '../endpoints/endpoint.ts';
import { builder } from '../graph/builder.ts';
import { loader } from '../graph/loader.ts';
import {
  type EndpointState as EndpointStateRecord,
  findLastChanges,
  type EndpointStateName as Name,
  type SinceChangeOf,
  stateOf,
} from './endpoint-state.ts';

const names: Record<Name, { description: string }> = {
  ACTIVE: { description: 'Deliveries are sent normally.' },
  PAUSED: {
    description:
      'Somebody stopped the sending. If `pausedAt` is set, `pauseEndpoint` was called, and deliveries wait until `resumeEndpoint` is called. Otherwise `isActive` was set to false, and deliveries are recorded as FAILED until it is set to true.',
  },
  DISABLED: {
    description:
      'Heliograph set `isActive` to false, because the receiver answered 410 or every attempt failed for five days. Nothing is sent until somebody sets it to true.',
  },
  UNVERIFIED: {
    description:
      'The endpoint is active, but its receiver has not answered the ownership handshake. This state does not occur if `REQUIRE_VERIFICATION` is false.',
  },
  RESTING: {
    description:
      'The endpoint is active but fails repeatedly, so its circuit is not CLOSED. Deliveries wait and are sent automatically after a try succeeds.',
  },
};

const EndpointStateName = builder.enumType('EndpointStateName', {
  description: 'Whether deliveries are sent to an endpoint, and if not, the reason.',
  values: names,
});

const EndpointState = builder.objectRef<EndpointStateRecord>('EndpointState').implement({
  description:
    'A summary of whether deliveries are sent to an endpoint. If several states apply, it is the first of PAUSED, DISABLED, UNVERIFIED, RESTING.',
  fields: (t) => ({
    name: t.expose('name', { type: EndpointStateName, description: 'The state.' }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'The reason, in a sentence for people; null while it is ACTIVE. The wording may change.',
    }),
    since: t.expose('since', {
      type: 'DateTime',
      nullable: true,
      description: 'When this state began; null while it is ACTIVE.',
    }),
  }),
});

type SinceKey = Readonly<{ owner_id: string; id: string; field: SinceChangeOf }>;

const lastChangeOf = loader(async (keys: readonly SinceKey[], { services }) => {
  const found = await forEachOwner(keys, (ownerId, _ids) =>
    findLastChanges(
      services.database.query,
      ownerId,
      keys.filter(({ owner_id }) => owner_id === ownerId),
    ),
  );
  return found.map((time) => time ?? null);
});

builder.objectField(Endpoint, 'state', (t) =>
  t.field({
    type: EndpointState,
    description: 'Whether deliveries are sent to it, and if not, the reason and the time since when.',
    resolve: async (endpoint: EndpointRow, _args, context) => {
      const { requireVerification } = context.services.config;
      const circuit = await circuitOf(context).load(endpoint);
      const { sinceChangeOf: field, ...state } = stateOf(endpoint, { circuit, requireVerification });
      if (field === undefined) return state;
      const { owner_id, id } = endpoint;
      return { ...state, since: await lastChangeOf(context).load({ owner_id, id, field }) };
    },
  }),
);
