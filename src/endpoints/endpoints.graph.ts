import { type Counted, pageRange, readPage, rowsIn } from '../db/keyset.ts';
import { categoryOf, isEventTypeName } from '../event-types/event-type-name.ts';
import { EventType } from '../event-types/event-types.graph.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { requireActor } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import { decodeId } from '../ids.ts';
import { isStorable } from '../text.ts';
import { askedOwners, askingOwner, findAmong } from './asking-owner.ts';
import { Endpoint, loadEndpoint, seeEndpoints, VerificationStatus } from './endpoint.graph.ts';
import { type Endpoint as EndpointRow, listAllEndpoints, listEndpoints } from './endpoint.ts';

const EndpointConnection = connection<EndpointRow, Counted>(builder, {
  type: Endpoint,
  cursorOf: ({ id }) => id,
  fields: countedFields,
});

const EndpointFilter = builder.inputType('EndpointFilter', {
  description: 'Which endpoints. Null or absent: no condition.',
  fields: (t) => ({
    isActive: t.boolean({ description: 'Only those that are active, or only those that are not.' }),
    event: t.string({
      description:
        'Only those that receive events of this type, by its name, its category or `*`; or, given a pattern such as `comment.*`, those that subscribe to just that.',
    }),
    verification: t.field({
      type: [VerificationStatus],
      description: 'Only those whose verification stands at one of these; `[]` matches nothing.',
    }),
  }),
});

/** All that its owner has, once a request: at most a thousand. */
const allOf = loader<string, readonly EndpointRow[]>((ownerIds, { services }) =>
  Promise.all(ownerIds.map((ownerId) => listAllEndpoints(services.database.query, ownerId))),
);

builder.objectField(EventType, 'subscribedEndpoints', (t) =>
  t.field({
    type: EndpointConnection,
    nullable: true,
    description:
      'Which of the viewer’s owner’s endpoints receive events of this type, by its name, its category or `*`; newest first, inactive ones among them. Null for whoever may not see endpoints, or asks in nobody’s name.',
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: async (type, page, context) => {
      const { permissions, tenantId, kind } = requireActor(context);
      const isTenants = permissions.has(seeEndpoints.tenant) && tenantId !== undefined;
      if (!isTenants && kind !== 'APP') return null;
      const { ownerId } = askingOwner(context, seeEndpoints);
      const wanted = patternsOf(type.name, type.category);
      const all = await allOf(context).load(ownerId);
      const subscribed = all.filter(({ events }) => events.some((entry) => wanted.includes(entry)));
      const list = await readPage(pageRange(page, { kind: 'Endpoint', ownerId }), async (range) =>
        rowsIn(subscribed, range),
      );
      return { ...list, count: async () => subscribed.length };
    },
  }),
);

const reads = (sideEffects: readonly string[] = []) => ({
  records: ['Endpoint'],
  sideEffects,
  idempotency: 'A read: changes nothing.',
});

builder.queryFields((t) => ({
  endpoint: t.field({
    type: Endpoint,
    nullable: true,
    description: 'One endpoint; null where there is none, or it belongs to somebody else.',
    permission: seeEndpoints,
    capability: reads(),
    args: { id: t.arg.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) },
    resolve: async (_root, args, context) => {
      const owners = await askedOwners(context, seeEndpoints);
      const id = decodeId('Endpoint', args.id);
      if (id === undefined) return null;
      return (await findAmong(owners, (ownerId) => loadEndpoint(context, { ownerId, id }))) ?? null;
    },
  }),
  endpoints: t.field({
    type: EndpointConnection,
    description: 'The owner’s endpoints, newest first.',
    permission: seeEndpoints,
    capability: reads(),
    complexity: pageCost,
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: EndpointFilter, description: 'Which of them; all by default.' }),
    },
    resolve: async (_root, { filter, ...page }, context) => {
      const { ownerId } = askingOwner(context, seeEndpoints);
      const asked = {
        isActive: filter?.isActive,
        anyOfEvents: filter?.event == null ? undefined : subscriptionsTo(filter.event),
        verification: filter?.verification,
      };
      return listEndpoints(context.services.database.query, ownerId, { page, filter: asked });
    },
  }),
}));

function subscriptionsTo(event: string): readonly string[] {
  if (isEventTypeName(event)) return patternsOf(event, categoryOf(event));
  // PostgreSQL takes no NUL in a text; no subscription has one.
  return isStorable(event) ? [event] : [];
}
