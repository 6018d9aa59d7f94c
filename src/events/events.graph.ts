import type { GraphQLResolveInfo } from 'graphql';
import { Delivery, DeliveryConnection, deliveryPageOf } from '../deliveries/deliveries.graph.ts';
import { createdAt } from '../deliveries/delivery.ts';
import { ownedLoader } from '../deliveries/owned-loader.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { askedOwner, askedOwners } from '../endpoints/asked-owner.ts';
import { RequestError } from '../errors.ts';
import { chargeText, maxAnswerChars } from '../graph/answer-size.ts';
import { appPermissionsOf } from '../graph/app-grants.ts';
import { builder } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
import type { Context } from '../graph/context.ts';
import { findAllAmong, findAmong } from '../graph/find-among.ts';
import { node } from '../graph/node.ts';
import { longText } from '../graph/operation-cost.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId, encodeId, lowestUuid } from '../ids.ts';
import { renderEventBody } from '../status/event-body.ts';
import { Tenant, tenantOf } from '../tenants/tenants.graph.ts';
import { type Event as EventRow, findEvent, findEventPayloads, findEvents } from './find-event.ts';
import { listEvents } from './list-events.ts';

const sizeRule = `The payloads in the answer of one query, in all forms and places together, have at most ${maxAnswerChars.toLocaleString('en')} characters; more are COST_EXCEEDED.`;

const capability = { records: ['Event'], sideEffects: [], idempotency: 'It only reads.' };

const eventOf = ownedLoader(findEvents);
const payloadOf = ownedLoader(findEventPayloads);

export const Event = builder.objectRef<EventRow>('Event');

node(builder, Event, {
  description:
    'Something that happened on the platform, as it was published. It is kept for the retention period.',
  permission: viewPermission,
  id: (event) => encodeId('Event', event.id),
  load: async (ids, context) =>
    findAllAmong(await askedOwners(context, viewPermission), ids, (ownerId) =>
      eventOf(context).loadMany(ownerId, ids),
    ),
  fields: (t) => ({
    type: t.exposeString('type', { description: "The event type's name, such as `comment.created`." }),
    tenant: t.field({
      type: Tenant,
      nullable: true,
      description: "The tenant that the event belongs to; null for an app's own lifecycle and test events.",
      resolve: (event, _args, context) =>
        event.tenant_id === null ? null : tenantOf(context).load(event.tenant_id),
    }),
    payload: t.field({
      type: 'JSON',
      description: `The payload as a JSON value. Integers beyond ±(2^53 - 1) lose digits here; \`payloadText\` keeps them. A null payload that an earlier release stored is returned as \`{}\`. ${sizeRule}`,
      complexity: longText,
      resolve: async (event, _args, context, info): Promise<unknown> =>
        // Earlier releases accepted null, which the schema does not allow here.
        JSON.parse(await payloadTextFor(event, context, info)) ?? {},
    }),
    payloadText: t.string({
      description: `The exact text of the payload, as sent in the body's \`data\`. At most 256 KiB. ${sizeRule}`,
      complexity: longText,
      resolve: (event, _args, context, info) => payloadTextFor(event, context, info),
    }),
    bodyText: t.string({
      description: `The exact text that every attempt sends as its body: \`{"type":…,"timestamp":…,"data":…}\` with the payload in it, at most 256 KiB, byte for byte. Signatures are made over it. ${sizeRule}`,
      complexity: longText,
      resolve: async (event, _args, context, info) =>
        renderEventBody({
          type: event.type,
          occurredAt: event.occurred_at,
          payloadText: await payloadTextFor(event, context, info),
        }),
    }),
    idempotencyKey: t.exposeString('idempotency_key', {
      nullable: true,
      description: 'The idempotency key that it was published with; null if none was given.',
    }),
    occurredAt: t.expose('occurred_at', {
      type: 'DateTime',
      description: 'When it happened, as given by the publisher; by default the time of publication.',
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was published.', resolve: createdAt }),
    deliveries: t.field({
      type: DeliveryConnection,
      description: "The viewer's deliveries of this event, including replays, newest first.",
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

async function payloadTextFor(event: EventRow, context: Context, info: GraphQLResolveInfo): Promise<string> {
  // This is an app's copy. A caller that may replay or cancel its delivery gets the event with the answer, although
  // it has another permission.
  const isOfApp = event.tenant_id !== event.owner_id;
  if (isOfApp && !(await appPermissionsOf(context, event.owner_id)).has(viewPermission.app)) {
    throw forbidden({ app: viewPermission.app });
  }
  const payload = await payloadOf(context).load({ ownerId: event.owner_id, id: event.id });
  // The event's partition was dropped after the event had been read.
  if (payload === undefined) throw new RequestError('NOT_FOUND', 'The event is past retention.');
  return chargeText(payload.payloadText, context, info);
}

const EventFilter = builder.inputType('EventFilter', {
  description: 'Which events. Null or absent: no condition.',
  fields: (t) => ({
    id: t.idList({ description: 'Only events with these ids; `[]` matches nothing.' }),
    createdAfter: t.field({
      type: 'DateTime',
      description: 'Only events published at this instant or later.',
    }),
    createdBefore: t.field({ type: 'DateTime', description: 'Only events published before this instant.' }),
    idempotencyKey: t.string({
      description: 'Only the event that was published with this key, within the last 24 hours.',
    }),
  }),
});

const EventConnection = connection<EventRow>(builder, {
  type: Event,
  cursorOf: (event) => event.id,
  description: 'A page of events, newest first.',
});

builder.objectField(Delivery, 'event', (t) =>
  t.field({
    type: Event,
    nullable: true,
    description: 'The event that is delivered; null once the event is past retention.',
    resolve: (delivery, _args, context) =>
      eventOf(context).load({ ownerId: delivery.owner_id, id: delivery.event_id }),
  }),
);

builder.queryFields((t) => ({
  event: t.field({
    type: Event,
    nullable: true,
    description:
      'One event; null if there is none with this id, it belongs to somebody else, or it is past retention, or if the id is malformed.',
    permission: viewPermission,
    capability,
    args: { id: t.arg.id({ required: true, description: 'The id of an event: `evt_…`.' }) },
    resolve: async (_root, { id }, context) => {
      const owners = await askedOwners(context, viewPermission);
      const uuid = decodeId('Event', id);
      if (uuid === undefined) return null;
      return findAmong(owners, (ownerId) => findEvent(context.services.database.query, ownerId, uuid));
    },
  }),
  events: t.field({
    type: EventConnection,
    description:
      "The events of the viewer's tenant or app, newest first. Errors: BAD_USER_INPUT for an invalid page size or cursor.",
    permission: viewPermission,
    capability,
    args: {
      ...pageArgs(t.arg),
      type: t.arg.stringList({
        description:
          'Only events of these types, by their exact names. An empty list matches nothing. By default all.',
      }),
      filter: t.arg({
        type: EventFilter,
        description: 'More conditions, which must all hold. By default none.',
      }),
    },
    complexity: pageCost,
    resolve: (_root, { type, filter, ...page }, context) =>
      listEvents(context.services.database.query, askedOwner(context, viewPermission).ownerId, {
        ...{ page, types: type },
        filter: {
          ...filter,
          // An id that names no event matches nothing.
          ids: filter?.id?.map((id) => decodeId('Event', id) ?? lowestUuid),
        },
      }),
  }),
}));
