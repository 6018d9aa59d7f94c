import type { GraphQLResolveInfo } from 'graphql';
import { type Page, type PageArgs, type PageRange, pageRange, toPage } from '../db/keyset.ts';
import { askedOwnerOfEndpoint, askedOwners } from '../endpoints/asked-owner.ts';
import { Endpoint, heldEndpoint, holdEndpoints, loadEndpoint } from '../endpoints/endpoint.graph.ts';
import type { Endpoint as EndpointRow } from '../endpoints/endpoint.ts';
import { RequestError } from '../errors.ts';
import { builder, DeliveryStatus } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
import type { Context } from '../graph/context.ts';
import { findAllAmong, findAmong } from '../graph/find-among.ts';
import { loader } from '../graph/loader.ts';
import { askedOfRecords, selectedBelow } from '../graph/look-ahead.ts';
import { node } from '../graph/node.ts';
import { shortList } from '../graph/operation-cost.ts';
import { decodeId, encodeId } from '../ids.ts';
import { findHeads } from '../status/strict-order.ts';
import { attemptsOf, DeliveryAttempt } from './attempts.graph.ts';
import { createdAt, type Delivery as DeliveryRow } from './delivery.ts';
import { DeliveryFilter } from './delivery-filter.graph.ts';
import { DeliveryKind, FailureReason, failureReasonOf } from './enums.graph.ts';
import { type DeliveryFilter as Filter, hasConditions } from './filter.ts';
import { findDeliveries, findDelivery } from './find-delivery.ts';
import { knownAttempts } from './known-attempts.ts';
import { listDeliveries, listDeliveriesOf, unfiltered } from './list-deliveries.ts';
import { searchCost } from './matching-attempts.ts';
import { argsLoader, ownedLoader } from './owned-loader.ts';
import { type PageStart, readStarts } from './page-start.ts';
import { readPlainPage, showsUrl } from './plain-page.ts';
import type { DeliveryScope } from './scope.ts';
import { viewPermission } from './view-permission.ts';

const capability = { records: ['Delivery'], sideEffects: [], idempotency: 'It only reads.' };

export const deliveryOf = ownedLoader(findDeliveries);

/** The delivery that a waiting one of a strict order has to wait for, or itself where it is the first. */
const headFor = loader(async (deliveries: readonly DeliveryRow[], { services }) => {
  const endpointsOf = new Map<string, Set<string>>();
  for (const { owner_id, endpoint_id, status } of deliveries) {
    if (status !== 'PENDING' && status !== 'RETRYING') continue;
    endpointsOf.set(owner_id, (endpointsOf.get(owner_id) ?? new Set()).add(endpoint_id));
  }
  const heads = await Promise.all(
    [...endpointsOf].map(([ownerId, ids]) => findHeads(services.database, ownerId, [...ids])),
  );
  const found = new Map(heads.flatMap((byEndpoint) => [...byEndpoint]));
  return deliveries.map(({ endpoint_id, status }) =>
    status === 'PENDING' || status === 'RETRYING' ? found.get(endpoint_id) : undefined,
  );
});

export const Delivery = builder.objectRef<DeliveryRow>('Delivery');

node(builder, Delivery, {
  description:
    'The delivery of one event to one endpoint. It is sent at least once. The header `webhook-id` is the event’s id on every attempt, so that a receiver can ignore repetitions.',
  permission: viewPermission,
  id: (delivery) => encodeId('Delivery', delivery.id),
  load: async (ids, context) =>
    findAllAmong(await askedOwners(context, viewPermission), ids, (ownerId) =>
      deliveryOf(context).loadMany(ownerId, ids),
    ),
  fields: (t) => ({
    endpoint: t.field({
      type: Endpoint,
      description: 'The endpoint that it is sent to.',
      resolve: (delivery, _args, context) =>
        delivery.endpoint ?? heldEndpoint(context, delivery) ?? endpointOf(delivery, context),
    }),
    eventType: t.exposeString('event_type', { description: "The event type's name." }),
    status: t.expose('status', { type: DeliveryStatus, description: 'Current status.' }),
    failureReason: t.field({
      type: FailureReason,
      nullable: true,
      description: 'The reason why it ended as FAILED or DEAD_LETTER; null otherwise.',
      resolve: (delivery) => failureReasonOf(delivery.failure_reason),
    }),
    kind: t.expose('kind', {
      type: DeliveryKind,
      description: 'Whether it was created by a published event, a replay or a test.',
    }),
    replayOf: t.field({
      type: Delivery,
      nullable: true,
      description:
        'The delivery that this one replays; null if it is not a replay, or if the original is purged or past retention.',
      resolve: (delivery, _args, context) =>
        delivery.replay_of === null
          ? null
          : deliveryOf(context).load({ ownerId: delivery.owner_id, id: delivery.replay_of }),
    }),
    blockedBy: t.field({
      type: Delivery,
      nullable: true,
      description:
        'For an endpoint with `ordering: STRICT`: the delivery that has to end before this one is sent, the first of the queue. Null where this one is the first, has ended, or the endpoint has no order.',
      resolve: async (delivery, _args, context) => {
        const head = await headFor(context).load(delivery);
        return head === undefined || head === delivery.id
          ? null
          : deliveryOf(context).load({ ownerId: delivery.owner_id, id: head });
      },
    }),
    attemptCount: t.exposeInt('attempt_count', {
      description:
        'The number of attempts so far that count towards the retry schedule. Interrupted attempts do not count.',
    }),
    maxAttempts: t.exposeInt('max_attempts', {
      description: 'The number of attempts that the retry schedule allows before it ends as DEAD_LETTER.',
    }),
    attempts: t.field({
      type: [DeliveryAttempt],
      complexity: shortList,
      description: 'All attempts up to the current `status`, oldest first, including interrupted ones.',
      resolve: async (delivery, _args, context) =>
        knownAttempts(
          delivery,
          await attemptsOf(context).load({ ownerId: delivery.owner_id, id: delivery.id }),
        ),
    }),
    nextAttemptAt: t.expose('next_attempt_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next attempt is due; null once it has ended.',
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was created.', resolve: createdAt }),
    updatedAt: t.expose('updated_at', { type: 'DateTime', description: 'When its status last changed.' }),
    completedAt: t.expose('completed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended as SUCCEEDED, FAILED or DEAD_LETTER; null if it has not ended.',
    }),
  }),
});

async function endpointOf(delivery: DeliveryRow, context: Context): Promise<EndpointRow> {
  const endpoint = await loadEndpoint(context, { ownerId: delivery.owner_id, id: delivery.endpoint_id });
  if (endpoint !== undefined) return endpoint;
  throw new RequestError('NOT_FOUND', 'The endpoint has been deleted together with its deliveries.');
}

export const DeliveryConnection = connection<DeliveryRow, { logPosition: number }>(builder, {
  type: Delivery,
  cursorOf: (delivery) => delivery.id,
  description: 'A page of deliveries, newest first.',
  fields: (t) => ({
    logPosition: t.expose('logPosition', {
      type: 'SafeInt',
      description:
        'The newest position of the live log, read before the page. A subscription with `after` set to it misses no change between the page and the stream. Changes that the page already shows may come again.',
    }),
  }),
});

/** Read again for each request, before any of its pages. */
const startOf = loader<string, PageStart>((ownerIds, { services }) =>
  readStarts(services.database, ownerIds),
);

type DeliveryPage = Page<DeliveryRow> & { logPosition: number };
type ListArgs = Readonly<{
  page: PageArgs;
  filter?: Filter | null | undefined;
  /** What is asked of the page. */
  info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;
}>;

/** A page of the owner's deliveries, with the position from which the live log continues it. */
export async function deliveryPage(
  context: Context,
  ownerId: string,
  { info, ...args }: ListArgs,
): Promise<DeliveryPage> {
  const { query } = context.services.database;
  const delivery = askedOfRecords(info);
  const asked = { delivery, endpoint: selectedBelow(delivery.get('endpoint'), info.fragments) };
  const range = pageRange(args.page, { kind: 'Delivery', ownerId });
  const plain = hasConditions(args.filter)
    ? undefined
    : await readPlainPage(query, ownerId, { range, asked });
  if (plain !== undefined) {
    const page = toPage(plain.rows, range, unfiltered(query, ownerId));
    if (delivery.has('endpoint') && !showsUrl(asked)) await holdEndpoints(context, page.rows);
    return { ...page, logPosition: plain.head };
  }
  // The order matters: a head that is read after the page could include a change that the page does not show.
  const { head, isRemoving } = await startOf(context).load(ownerId);
  const page = await listDeliveries(query, ownerId, { ...args, isRemoving });
  if (delivery.has('endpoint')) await holdEndpoints(context, page.rows);
  return { ...page, logPosition: head };
}

type ScopedArgs = Readonly<{
  column: DeliveryScope['column'];
  range: PageRange;
  filter: Filter | null | undefined;
}>;

const pagesOf = argsLoader<ScopedArgs, Page<DeliveryRow>>((context, ownerId, { ids, args }) => {
  const { column, ...list } = args;
  return listDeliveriesOf(context.services.database.query, ownerId, { scope: { column, ids }, ...list });
});

/** A page of one record's deliveries. The pages of several records of a list are read together. */
export async function deliveryPageOf(
  context: Context,
  record: Readonly<{ column: DeliveryScope['column']; ownerId: string; id: string }>,
  { page, filter }: Omit<ListArgs, 'info'>,
): Promise<DeliveryPage> {
  const { column, ownerId, id } = record;
  const range = pageRange(page, { kind: 'Delivery', ownerId });
  const { head } = await startOf(context).load(ownerId);
  const rows = await pagesOf(context).load({ ownerId, id, args: { column, range, filter } });
  return { ...rows, logPosition: head };
}

builder.objectField(Delivery, 'replays', (t) =>
  t.field({
    type: DeliveryConnection,
    description: 'The replays of this delivery, newest first.',
    args: pageArgs(t.arg),
    complexity: pageCost,
    resolve: (delivery, args, context) =>
      deliveryPageOf(
        context,
        { column: 'replay_of', ownerId: delivery.owner_id, id: delivery.id },
        { page: args },
      ),
  }),
);

builder.objectField(Endpoint, 'deliveries', (t) =>
  t.field({
    type: DeliveryConnection,
    description:
      'The deliveries to this endpoint, sent or waiting, newest first, without purged ones. Errors: FORBIDDEN for an app’s endpoint without VIEW_DELIVERIES.',
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: DeliveryFilter, description: 'Only deliveries that match; by default all.' }),
    },
    // The pages of several endpoints share what one search looks at.
    complexity: (args) => ({ ...pageCost(args), field: 1 + searchCost(args.filter, 100) }),
    resolve: async (endpoint, { filter, ...page }, context) => {
      return deliveryPageOf(
        context,
        { column: 'endpoint_id', ownerId: endpoint.owner_id, id: endpoint.id },
        { page, filter },
      );
    },
  }),
);

builder.queryFields((t) => ({
  delivery: t.field({
    type: Delivery,
    nullable: true,
    description:
      'One delivery; null if there is none with this id, it belongs to somebody else, or it was purged, or if the id is malformed.',
    permission: viewPermission,
    capability,
    args: { id: t.arg.id({ required: true, description: 'The id of a delivery: `dlv_…`.' }) },
    resolve: async (_root, { id }, context) => {
      const owners = await askedOwners(context, viewPermission);
      const uuid = decodeId('Delivery', id);
      if (uuid === undefined) return null;
      return findAmong(owners, (ownerId) => findDelivery(context.services.database.query, ownerId, uuid));
    },
  }),
  deliveries: t.field({
    type: DeliveryConnection,
    description:
      "The deliveries of the viewer's tenant or app, newest first, without purged ones. A member of an app sees the app's deliveries if the filter's `endpointId` names the app's endpoint. Errors: BAD_USER_INPUT for an invalid page size, cursor or window.",
    permission: viewPermission,
    capability,
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: DeliveryFilter, description: 'Only deliveries that match; by default all.' }),
    },
    complexity: (args) => ({ ...pageCost(args), field: 1 + searchCost(args.filter) }),
    resolve: async (_root, { filter, ...page }, context, info) =>
      deliveryPage(context, await askedOwnerOfEndpoint(context, viewPermission, filter?.endpointId), {
        page,
        filter,
        info,
      }),
  }),
}));
