import { builder } from '../graph/builder.ts';
import { loader } from '../graph/loader.ts';
import { circuitOf, Endpoint, forEachOwner } from './endpoint.graph.ts';
import type { Endpoint as EndpointRow } from './endpoint.ts';
import {
  type EndpointState as EndpointStateRecord,
  findLastChanges,
  type EndpointStateName as Name,
  type SinceChangeOf,
  stateOf,
} from './endpoint-state.ts';

const names: Record<Name, { description: string }> = {
  ACTIVE: { description: 'Deliveries are sent as they come.' },
  PAUSED: {
    description:
      'Somebody keeps it from being sent to. Where `pausedAt` is set, it was `pauseEndpoint`: deliveries wait for `resumeEndpoint`. Otherwise they set `isActive` to false, and what it misses is recorded as FAILED until they set it to true.',
  },
  DISABLED: {
    description:
      'Heliograph set `isActive` to false: the receiver answered 410, or only failed for five days. Nothing is sent until somebody sets it to true.',
  },
  UNVERIFIED: {
    description:
      'Active, and its receiver has not answered the ownership handshake. Never where `REQUIRE_VERIFICATION` is false.',
  },
  RESTING: {
    description:
      'Active, and failing again and again: its circuit is not CLOSED. What is queued waits, and goes out by itself once a try succeeds.',
  },
};

const EndpointStateName = builder.enumType('EndpointStateName', {
  description: 'Whether deliveries are sent to an endpoint, and if not, what keeps them.',
  values: names,
});

const EndpointState = builder.objectRef<EndpointStateRecord>('EndpointState').implement({
  description:
    'Whether deliveries are sent to an endpoint, in one word. Where several would fit, it is the first of PAUSED, DISABLED, UNVERIFIED, RESTING.',
  fields: (t) => ({
    name: t.expose('name', { type: EndpointStateName, description: 'The word.' }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why, in a sentence for people, whose wording may change; null while it is ACTIVE.',
    }),
    since: t.expose('since', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when; null while it is ACTIVE.',
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
    description: 'Whether deliveries are sent to it, and if not, why and since when.',
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
