import { Delivery, DeliveryConnection, deliveryPageOf } from '../deliveries/deliveries.graph.ts';
import { createdAt } from '../deliveries/delivery.ts';
import { ownedLoader } from '../deliveries/owned-loader.ts';
import { viewedOwner, viewedOwners, viewPermission } from '../deliveries/viewed-owner.ts';
import { findAllAmong, findAmong } from '../endpoints/asking-owner.ts';
import { RequestError } from '../errors.ts';
import { appPermissionsOf } from '../graph/app-grants.ts';
import { builder } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
import type { Context } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId, encodeId } from '../ids.ts';
import { Tenant, tenantOf } from '../tenants/tenants.graph.ts';
import { type Event as EventRow, findEvent, findEventPayloads, findEvents } from './find-event.ts';
import { listEvents } from './list-events.ts';

const capability = { records: ['Event'], sideEffects: [], idempotency: 'A read: changes nothing.' };

const eventOf = ownedLoader(findEvents);
const payloadOf = ownedLoader(findEventPayloads);

export const Event = builder.objectRef<EventRow>('Event');

node(builder, Event, {
  description:
    'Something that happened on the platform, as it was published. Kept for as long as retention says.',
  permission: viewPermission,
  id: (event) => encodeId('Event', event.id),
  load: async (ids, context) =>
    findAllAmong(await viewedOwners(context), ids, (ownerId) => eventOf(context).loadMany(ownerId, ids)),
  fields: (t) => ({
    type: t.exposeString('type', { description: "The event type's name, such as `comment.created`." }),
    tenant: t.field({
      type: Tenant,
      nullable: true,
      description: "Whose event it is; null for an app's own lifecycle and test events.",
      resolve: (event, _args, context) =>
        event.tenant_id === null ? null : tenantOf(context).load(event.tenant_id),
    }),
    payload: t.field({
      type: 'JSON',
      description:
        'The payload as a JSON value. Integers beyond ±(2^53 - 1) lose digits here: `payloadText` keeps them. An event of an earlier release whose payload was null reads as `{}`.',
      resolve: async (event, _args, context): Promise<unknown> =>
        // Null was taken once, and cannot stand here.
        JSON.parse(await payloadTextFor(event, context)) ?? {},
    }),
    payloadText: t.string({
      description: "The payload's exact text, as it stands in the body's `data`. At most 256 KiB.",
      resolve: (event, _args, context) => payloadTextFor(event, context),
    }),
    idempotencyKey: t.exposeString('idempotency_key', {
      nullable: true,
      description: 'The key that it was published with; null where none was given.',
    }),
    occurredAt: t.expose('occurred_at', {
      type: 'DateTime',
      description: 'When it happened, as the publisher said; by default when it was published.',
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was published.', resolve: createdAt }),
    deliveries: t.field({
      type: DeliveryConnection,
      description: "The viewer's owner's deliveries of it, replays included, newest first.",
      args: pageArgs(t.arg),
      complexity: pageCost,
      resolve: (event, args, context) =>
        deliveryPageOf(
          context,
          { column: 'event_id', ownerId: event.owner_id, id: event.id },
          { page: args },
        ),
    }),
  }),
});

async function payloadTextFor(event: EventRow, context: Context): Promise<string> {
  // An app's copy: whoever replays or cancels its delivery has the event as an answer, with another permission.
  const isOfApp = event.tenant_id !== event.owner_id;
  if (isOfApp && !(await appPermissionsOf(context, event.owner_id)).has(viewPermission.app)) {
    throw forbidden({ app: viewPermission.app });
  }
  const payload = await payloadOf(context).load({ ownerId: event.owner_id, id: event.id });
  // Its partition was dropped since the event was read.
  if (payload === undefined) throw new RequestError('NOT_FOUND', 'The event is past retention.');
  return payload.payloadText;
}

const EventConnection = connection<EventRow>(builder, {
  type: Event,
  cursorOf: (event) => event.id,
  description: 'A page of events, newest first.',
});

builder.objectField(Delivery, 'event', (t) =>
  t.field({
    type: Event,
    nullable: true,
    description: 'What is delivered; null once the event is past retention.',
    resolve: (delivery, _args, context) =>
      eventOf(context).load({ ownerId: delivery.owner_id, id: delivery.event_id }),
  }),
);

builder.queryFields((t) => ({
  event: t.field({
    type: Event,
    nullable: true,
    description:
      'One event. Null where there is none, it belongs to somebody else, it is past retention, or the id is malformed.',
    permission: viewPermission,
    capability,
    args: { id: t.arg.id({ required: true, description: 'The id of an event: `evt_…`.' }) },
    resolve: async (_root, { id }, context) => {
      const owners = await viewedOwners(context);
      const uuid = decodeId('Event', id);
      if (uuid === undefined) return null;
      return findAmong(owners, (ownerId) => findEvent(context.services.database.query, ownerId, uuid));
    },
  }),
  events: t.field({
    type: EventConnection,
    description:
      "The viewer's tenant's events, or its app's, newest first. Errors: BAD_USER_INPUT for a page size or a cursor that is not possible.",
    permission: viewPermission,
    capability,
    args: {
      ...pageArgs(t.arg),
      type: t.arg.stringList({
        description:
          'Of these types only, by their exact names; an empty list matches nothing. By default all.',
      }),
    },
    complexity: pageCost,
    resolve: (_root, { type, ...page }, context) =>
      listEvents(context.services.database.query, viewedOwner(context), { page, types: type }),
  }),
}));
