import { type Counted, pageRange, readPage, rowsIn } from '../db/keyset.ts';
import { askedOwner, askedOwners } from '../endpoints/asked-owner.ts';
import { Endpoint, loadEndpoint, seeEndpoints, VerificationStatus } from '../endpoints/endpoint.graph.ts';
import { type Endpoint as EndpointRow, listAllEndpoints, listEndpoints } from '../endpoints/endpoint.ts';
import { categoryOf, isEventTypeName } from '../event-types/event-type-name.ts';
import { EventType } from '../event-types/event-types.graph.ts';
import { Subscribers } from '../event-types/subscribers.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { requireActor } from '../graph/context.ts';
import { findAmong } from '../graph/find-among.ts';
import { loader } from '../graph/loader.ts';
import { decodeId } from '../ids.ts';
import { canEqualStored } from '../text.ts';
import { listFailingFirst } from './failing-first.ts';

const EndpointConnection = connection<EndpointRow, Counted>(builder, {
  type: Endpoint,
  cursorOf: ({ id }) => id,
  fields: countedFields,
});

const EndpointOrder = builder.enumType('EndpointOrder', {
  description: 'In which order endpoints are listed.',
  values: {
    NEWEST_FIRST: { description: 'Those that were created last come first.' },
    FAILING_FIRST: {
      description:
        'First those to which nothing is sent because they fail: their circuit is not CLOSED, or they were disabled as FAILING or GONE. Then all others. Among both, those with the most deliveries of the last 24 hours that ended as FAILED or DEAD_LETTER come first, and then the newest. The order is that of the moment: an endpoint that moves between two pages can be listed twice or not at all.',
    },
  },
});

const EndpointFilter = builder.inputType('EndpointFilter', {
  description:
    'Conditions on endpoints. An endpoint must meet all of them. One that is null or absent is ignored.',
  fields: (t) => ({
    isActive: t.boolean({ description: 'Only active endpoints (true) or only inactive ones (false).' }),
    event: t.string({
      description:
        'Given an event type, only endpoints that subscribe to it by its name, its category or `*`. Given a pattern such as `comment.*`, only endpoints that subscribe to exactly that pattern.',
    }),
    verification: t.field({
      type: [VerificationStatus],
      description: 'Only endpoints with one of these verification statuses. An empty list matches nothing.',
    }),
  }),
});

/** All endpoints of the owner, read once a request: at most a thousand. */
const subscribersOf = loader<string, Subscribers<EndpointRow>>((ownerIds, { services }) =>
  Promise.all(
    ownerIds.map(
      async (ownerId) => new Subscribers(await listAllEndpoints(services.database.query, ownerId)),
    ),
  ),
);

builder.objectField(EventType, 'subscribedEndpoints', (t) =>
  t.field({
    type: EndpointConnection,
    nullable: true,
    description:
      'The viewer’s endpoints that subscribe to this type by its name, its category or `*`; newest first, including inactive ones. Null if the viewer may not see endpoints or acts for no tenant or app.',
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: async (type, page, context) => {
      const { permissions, tenantId, kind } = requireActor(context);
      const isTenants = permissions.has(seeEndpoints.tenant) && tenantId !== undefined;
      if (!isTenants && kind !== 'APP') return null;
      const { ownerId } = askedOwner(context, seeEndpoints);
      const subscribers = await subscribersOf(context).load(ownerId);
      const subscribed = subscribers.to(patternsOf(type.name, type.category));
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
  idempotency: 'It only reads.',
});

builder.queryFields((t) => ({
  endpoint: t.field({
    type: Endpoint,
    nullable: true,
    description: 'One endpoint; null if there is none with this id, or it belongs to somebody else.',
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
    description:
      'The owner’s endpoints. Errors: BAD_USER_INPUT for an invalid page size or cursor, and in the order FAILING_FIRST for the cursor of an endpoint that is no longer in the list.',
    permission: seeEndpoints,
    capability: reads(),
    complexity: pageCost,
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: EndpointFilter, description: 'Only endpoints that match; by default all.' }),
      orderBy: t.arg({
        type: EndpointOrder,
        required: true,
        defaultValue: 'NEWEST_FIRST',
        description: 'The order of the list, by default the newest first.',
      }),
    },
    resolve: async (_root, { filter, orderBy, ...page }, context) => {
      const { ownerId } = askedOwner(context, seeEndpoints);
      const asked = {
        isActive: filter?.isActive,
        anyOfEvents: filter?.event == null ? undefined : subscriptionsTo(filter.event),
        verification: filter?.verification,
      };
      const list = orderBy === 'FAILING_FIRST' ? listFailingFirst : listEndpoints;
      return list(context.services.database.query, ownerId, { page, filter: asked });
    },
  }),
}));

function subscriptionsTo(event: string): readonly string[] {
  if (isEventTypeName(event)) return patternsOf(event, categoryOf(event));
  // PostgreSQL does not accept NUL in text, and no subscription has one.
  return canEqualStored(event) ? [event] : [];
}
