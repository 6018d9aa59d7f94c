import { askedOwnerOfApp } from '../endpoints/asked-owner.ts';
import { badUserInput } from '../errors.ts';
import { builder, DeliveryStatus } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { affordableLength, shortList } from '../graph/operation-cost.ts';
import { encodeId } from '../ids.ts';
import { BatchStream } from '../live/batch-stream.ts';
import type { Hub } from '../live/hub.ts';
import { type LogBatch, type LogChange, readHead } from '../live/read-log.ts';
import type { NextOptions } from '../live/subscription.ts';
import { Delivery, deliveryOf } from './deliveries.graph.ts';
import { DeliveryFilter } from './delivery-filter.graph.ts';
import { maxHistory, readHistory } from './delivery-history.ts';
import { FailureReason, failureReasonOf } from './enums.graph.ts';
import {
  changeMatcher,
  type DeliveryConditions,
  type DeliveryFilter as Filter,
  resolveFilter,
} from './filter.ts';
import { groupLoader } from './owned-loader.ts';
import { viewPermission } from './view-permission.ts';
import { endingsOf, watchMember } from './while-member.ts';

declare module '../graph/context.ts' {
  interface Services {
    hub: Hub;
    /** Milliseconds between the last message of a log and an empty one; 10 s by default. */
    logHeartbeatMs?: number;
  }
}

const defaultHeartbeatMs = 10_000;
const maxBatchLimit = 1_000;

type PlacedChange = Readonly<{ change: LogChange; after: number }>;

const DeliveryStatusChange = builder.objectRef<PlacedChange>('DeliveryStatusChange').implement({
  description:
    "One status change of one delivery. An owner's log (a tenant's, or an app's) is numbered 1, 2, 3 … without a gap, in the order in which the changes committed.",
  fields: (t) => ({
    position: t.field({
      type: 'SafeInt',
      description: 'The number of the change in the log.',
      resolve: ({ change }) => change.position,
    }),
    after: t.field({
      type: 'SafeInt',
      description:
        'The position up to which this subscription had covered the log before this message. In the first message it is the argument `after`, or the newest position when the subscription began; afterwards it is the `position` of the previous message. Positions in between belong to changes that the filter left out. A client whose last position equals `after` has missed nothing. In `Delivery.history` it is `position - 1`.',
      resolve: ({ after }) => after,
    }),
    delivery: t.field({
      type: Delivery,
      nullable: true,
      description:
        'The delivery as it is now, which may have changed since; null once it is purged or past retention. The other fields of the change stay.',
      resolve: ({ change }, _args, context) =>
        deliveryOf(context).load({ ownerId: change.ownerId, id: change.deliveryId }),
    }),
    deliveryId: t.id({
      description: "The delivery's id.",
      resolve: ({ change }) => encodeId('Delivery', change.deliveryId),
    }),
    endpointId: t.id({
      description: "The endpoint's id.",
      resolve: ({ change }) => encodeId('Endpoint', change.endpointId),
    }),
    eventType: t.string({
      description: "The event type's name.",
      resolve: ({ change }) => change.eventType,
    }),
    status: t.field({
      type: DeliveryStatus,
      description: 'The status that it changed to.',
      resolve: ({ change }) => change.status,
    }),
    previousStatus: t.field({
      type: DeliveryStatus,
      nullable: true,
      description: 'The status before the change; null if the delivery was created by it.',
      resolve: ({ change }) => change.previousStatus,
    }),
    failureReason: t.field({
      type: FailureReason,
      nullable: true,
      description: 'The reason why it ended as FAILED or DEAD_LETTER; null otherwise.',
      resolve: ({ change }) => failureReasonOf(change.failureReason),
    }),
    attemptNumber: t.int({
      description: 'The number of attempts that had counted towards the retry schedule by then.',
      resolve: ({ change }) => change.attemptNumber,
    }),
    responseStatus: t.int({
      nullable: true,
      description:
        'The HTTP status of the attempt that caused the change; null if no answer came, or if no attempt caused it.',
      resolve: ({ change }) => change.responseStatus,
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When the status changed. It is never earlier than in the change before it.',
      resolve: ({ change }) => change.occurredAt,
    }),
  }),
});

const DeliveryLogBatch = builder.objectRef<LogBatch>('DeliveryLogBatch').implement({
  description:
    'A batch of changes. An empty batch is a heartbeat, sent every 10 seconds without changes, that moves `position` forward.',
  fields: (t) => ({
    after: t.expose('after', {
      type: 'SafeInt',
      description:
        "The previous batch's `position`; in the first batch, the position at which the subscription began.",
    }),
    position: t.expose('position', {
      type: 'SafeInt',
      description: 'The position up to which the log has been covered. Pass it as `after` to resume.',
    }),
    head: t.expose('head', {
      type: 'SafeInt',
      description:
        'The newest position of the log known when the batch was made. `head - position` shows how far behind the subscription is.',
    }),
    changes: t.field({
      type: [DeliveryStatusChange],
      description: 'The changes with positions in `(after, position]` that match the filter, in order.',
      resolve: ({ after, changes }) => placed(changes, after),
    }),
  }),
});

const historyOf = groupLoader<LogChange>(
  (_db, ownerId, ids, database) => readHistory(database, ownerId, ids),
  ({ deliveryId }) => deliveryId,
);

builder.objectField(Delivery, 'history', (t) =>
  t.field({
    type: [DeliveryStatusChange],
    complexity: shortList,
    description: `Its status changes with their positions in the live log, oldest first; at most the first ${maxHistory}. Changes past retention are not listed. Errors: FORBIDDEN for an app’s delivery without VIEW_DELIVERIES.`,
    resolve: async (delivery, _args, context) => {
      const changes = await historyOf(context).load({ ownerId: delivery.owner_id, id: delivery.id });
      return changes.map((change) => ({ change, after: change.position - 1 }));
    },
  }),
);

/** Adds to each change the position that was covered before it. */
function placed(changes: readonly LogChange[], after: number): PlacedChange[] {
  return changes.map((change, index) => ({ change, after: changes[index - 1]?.position ?? after }));
}

type LogArgs = Readonly<{
  filter?: Filter | null | undefined;
  after?: number | null | undefined;
  appId?: string | null | undefined;
}>;

async function subscribeTo(
  args: LogArgs,
  context: Context,
  next: NextOptions,
  kind: { ofMessages: boolean },
): Promise<BatchStream> {
  // The owner of the log decides what can be seen at all, so it is checked before the executor and the filter.
  const ownerId = await askedOwnerOfApp(context, viewPermission, args.appId);
  if (args.after != null && args.after < 0) {
    throw badUserInput('`after` must be a position of the log, which is 0 or more.', { argument: 'after' });
  }
  // A browser that resumes repeats its first request, with the `after` of that time.
  const after = context.resumeAfter ?? args.after ?? undefined;
  const conditions = await resolveFilter(context.services.database.query, args.filter);
  if (conditions.errorContains !== undefined) {
    throw badUserInput('The live log has no texts of errors: `errorContains` is only for lists.', {
      argument: 'filter',
    });
  }
  // A batch says the same to whoever gets it: the arguments have done their part.
  context.hasSharedEvents = true;
  const member = watchMember(context, ownerId);
  return new BatchStream({
    hub: context.services.hub,
    log: { ownerId, after, ...sharedFilter(conditions), signals: endingsOf(context, member) },
    next,
    ...kind,
    context,
    onEnd: member === undefined ? undefined : () => member.release(),
  });
}

const mostFilters = 1_000;
const longestSharedFilter = 1_000;
const filters = new Map<string, { filterKey: string; filter: (change: LogChange) => boolean }>();

/** The same filter for all who ask for the same: most of them filter alike. */
function sharedFilter(conditions: DeliveryConditions) {
  const filterKey = JSON.stringify(conditions);
  const known = filters.get(filterKey);
  if (known !== undefined) return known;
  const made = { filterKey, filter: changeMatcher(conditions) };
  if (filterKey.length > longestSharedFilter) return made;
  if (filters.size >= mostFilters) filters.clear();
  filters.set(filterKey, made);
  return made;
}

const heartbeatOf = ({ services }: Context) => services.logHeartbeatMs ?? defaultHeartbeatMs;

const appIdDescription =
  "The id of an app, to use its log instead of the tenant's. Its members and its own credential may do so; for anybody else it is NOT_FOUND.";
const filterDescription =
  'Only changes that match; by default all. All variables of a subscription together can have 65,536 characters; more are BAD_USER_INPUT.';
const afterDescription =
  'The position to resume after: every later change is sent, first the stored ones, then new ones as they happen. By default only new changes are sent. Errors: LOG_POSITION_EXPIRED (with `extensions.oldestPosition`) if the position is past retention, LOG_POSITION_AHEAD (with `extensions.head`) if the log has not reached it yet.';
const capability = {
  records: ['Delivery'],
  sideEffects: [],
  idempotency: 'Resume with `after`: each later change is sent exactly once, in order.',
};

builder.subscriptionFields((t) => ({
  deliveryStatusChanged: t.field({
    type: DeliveryStatusChange,
    description:
      "One message for each status change in the log of the viewer's tenant or app. With `after` it resumes without a gap or a repetition; without `after` it begins now. After 10 seconds without a change the transport tells the position up to which the log has been covered: over WebSocket by a `ping` with the operation's `{id, position}`, over server-sent events by an `id`.",
    permission: viewPermission,
    capability,
    args: {
      filter: t.arg({ type: DeliveryFilter, description: filterDescription }),
      after: t.arg({ type: 'SafeInt', description: afterDescription }),
      appId: t.arg.id({ description: appIdDescription }),
    },
    subscribe: async (_root, args, context) => {
      const next = { maxBatch: 1, heartbeatMs: heartbeatOf(context) };
      return await subscribeTo(args, context, next, { ofMessages: true });
    },
    resolve: (event) => {
      const { after, changes } = batchOf(event);
      const [change] = placed(changes, after);
      if (change === undefined) throw new Error('Without heartbeats a batch has a change.');
      return change;
    },
  }),
  deliveryLog: t.field({
    type: DeliveryLogBatch,
    description:
      'The same log as `deliveryStatusChanged` in batches, for pipelines and busy dashboards. After 10 seconds without a change an empty batch tells how far the log has been covered. Errors: as for `after`, and BAD_USER_INPUT for a `maxBatch` out of range.',
    permission: viewPermission,
    capability,
    args: {
      filter: t.arg({ type: DeliveryFilter, description: filterDescription }),
      after: t.arg({ type: 'SafeInt', description: afterDescription }),
      appId: t.arg.id({ description: appIdDescription }),
      maxBatch: t.arg.int({
        required: true,
        defaultValue: 100,
        description: `The largest number of changes in one message: 100 by default, from 1 to ${maxBatchLimit}. Messages are smaller if many fields are selected of each change.`,
      }),
    },
    subscribe: async (_root, args, context, info) => {
      const { maxBatch } = args;
      if (maxBatch < 1 || maxBatch > maxBatchLimit) {
        const message = `\`maxBatch\` must be from 1 to ${maxBatchLimit}; it was ${maxBatch}.`;
        throw badUserInput(message, { argument: 'maxBatch', limit: maxBatchLimit });
      }
      const options = {
        maxBatch: affordableLength(maxBatch, info, context),
        heartbeatMs: heartbeatOf(context),
      };
      return subscribeTo(args, context, options, { ofMessages: false });
    },
    resolve: (event) => batchOf(event),
  }),
}));

/** The last value of the stream may be the error that ended it. */
function batchOf(event: LogBatch | Error): LogBatch {
  if (event instanceof Error) throw event;
  return event;
}

const boundsCapability = { ...capability, idempotency: 'It only reads.' };

builder.queryFields((t) => ({
  logHead: t.field({
    type: 'SafeInt',
    description:
      "The newest position of the viewer's log; 0 while the log is empty. Subscribe with `after` set to it to receive only newer changes.",
    permission: viewPermission,
    capability: boundsCapability,
    args: { appId: t.arg.id({ description: appIdDescription }) },
    resolve: async (_root, { appId }, context) =>
      (await readHead(context.services.database, await askedOwnerOfApp(context, viewPermission, appId))).head,
  }),
  logOldest: t.field({
    type: 'SafeInt',
    description:
      'The oldest position that can still be given as `after`. Changes up to it are past retention.',
    permission: viewPermission,
    capability: boundsCapability,
    args: { appId: t.arg.id({ description: appIdDescription }) },
    resolve: async (_root, { appId }, context) =>
      (await readHead(context.services.database, await askedOwnerOfApp(context, viewPermission, appId)))
        .floor,
  }),
}));
