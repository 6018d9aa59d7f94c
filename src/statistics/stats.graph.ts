import { databaseNow } from '../clock.ts';
import { argsLoader } from '../deliveries/owned-loader.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { askedOwner } from '../endpoints/asked-owner.ts';
import { Endpoint } from '../endpoints/endpoint.graph.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { type LatencyBucket, readLatencyTimelines } from './latency-timeline.ts';
import {
  checkTimelineBuckets,
  type DeliveryStats as DeliveryStatsRecord,
  maxTimelineBuckets,
  readEndpointStats,
  readEndpointTimelines,
  readOwnerStats,
  readOwnerTimeline,
  type StatsBucket,
  type StatsWindow,
  statsWindow,
} from './stats.ts';

/** Also used for an app's analytics. */
export const DeliveryStatsBucket = builder.objectRef<StatsBucket>('DeliveryStatsBucket').implement({
  description:
    'One interval of a timeline. It ends where the next one starts; the last one ends with the window.',
  fields: (t) => ({
    start: t.expose('start', { type: 'DateTime', description: 'The start of the interval, inclusive.' }),
    succeeded: t.expose('succeeded', {
      type: 'SafeInt',
      description: 'The number of deliveries created in the interval that succeeded.',
    }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'The number of deliveries created in the interval that ended as FAILED or DEAD_LETTER.',
    }),
    inFlight: t.expose('inFlight', {
      type: 'SafeInt',
      description: 'The number of deliveries created in the interval that have not ended yet.',
    }),
  }),
});

const LatencyBucketType = builder.objectRef<LatencyBucket>('LatencyBucket').implement({
  description:
    'The durations of the attempts that began in an interval of whole hours (UTC), without interrupted ones.',
  fields: (t) => ({
    start: t.expose('start', {
      type: 'DateTime',
      description:
        'The start of the interval, inclusive. The first interval may begin before the window, because it consists of whole hours.',
    }),
    attempts: t.expose('attempts', {
      type: 'SafeInt',
      description: 'The number of attempts that began in the interval.',
    }),
    latencyP50: t.exposeFloat('latencyP50', {
      nullable: true,
      description:
        'The median duration of these attempts in milliseconds, accurate to 5 %; null if there were none.',
    }),
    latencyP95: t.exposeFloat('latencyP95', {
      nullable: true,
      description:
        'The 95th percentile of the duration of these attempts in milliseconds, accurate to 5 %; null if there were none.',
    }),
  }),
});

/** The field `timeline` of every type that has one. */
export const timelineField = {
  description:
    'The window divided into intervals of equal length, oldest first. Intervals begin at whole minutes, so a window of fewer minutes than `buckets` has one interval for each minute. Errors: BAD_USER_INPUT for `buckets` out of range.',
  bucketsDescription: `The number of intervals: 60 by default, from 1 to ${maxTimelineBuckets}.`,
  complexity: ({ buckets }: { buckets: number }) => ({
    field: 1,
    // The buckets hold only numbers, so two of them cost as much as a record.
    multiplier: Math.ceil(Math.min(Math.max(buckets, 1), maxTimelineBuckets) / 2),
  }),
};

/** The scope of the figures: all deliveries of the owner, if there is no endpoint. */
type Stats = DeliveryStatsRecord & Readonly<{ ownerId: string; endpointId: string | undefined }>;

const DeliveryStats = builder.objectRef<Stats>('DeliveryStats').implement({
  description:
    'Figures about the deliveries that were created in a window of time and are neither purged nor past retention. Counts are exact.',
  fields: (t) => ({
    total: t.expose('total', {
      type: 'SafeInt',
      description: 'The number of deliveries: `succeeded` + `failed` + `inFlight`.',
    }),
    succeeded: t.expose('succeeded', { type: 'SafeInt', description: 'The number that ended as SUCCEEDED.' }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'The number that ended as FAILED or DEAD_LETTER, even if a replay succeeded later.',
    }),
    inFlight: t.expose('inFlight', {
      type: 'SafeInt',
      description: 'The number that have not ended: PENDING, DELIVERING or RETRYING.',
    }),
    successRate: t.exposeFloat('successRate', {
      nullable: true,
      description: 'The share of ended deliveries that succeeded, from 0 to 1; null if none has ended.',
    }),
    latencyP50: t.exposeFloat('latencyP50', {
      nullable: true,
      description:
        'The median duration of attempts in milliseconds, accurate to 5 %. It covers the attempts that began in any hour (UTC) that the window overlaps, without interrupted ones; null if there were none.',
    }),
    latencyP95: t.exposeFloat('latencyP95', {
      nullable: true,
      description:
        'The 95th percentile of the duration of attempts in milliseconds, measured like `latencyP50`.',
    }),
    lastDeliveryAt: t.expose('lastDeliveryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest of these deliveries was created; null if there is none.',
    }),
    lastSuccessAt: t.expose('lastSuccessAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of these deliveries last succeeded; null if none did.',
    }),
    lastFailureAt: t.expose('lastFailureAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of these deliveries last ended as FAILED or DEAD_LETTER; null if none did.',
    }),
    timeline: t.field({
      type: [DeliveryStatsBucket],
      description: timelineField.description,
      complexity: timelineField.complexity,
      args: {
        buckets: t.arg.int({
          required: true,
          defaultValue: 60,
          description: timelineField.bucketsDescription,
        }),
      },
      resolve: async ({ ownerId, endpointId, window }, { buckets }, context) => {
        checkTimelineBuckets(buckets);
        return endpointId === undefined
          ? [...(await readOwnerTimeline(context.services.database.query, ownerId, { window, buckets }))]
          : [...(await timelinesOf(context).load({ ownerId, id: endpointId, args: { window, buckets } }))];
      },
    }),
    latencyTimeline: t.field({
      type: [LatencyBucketType],
      description:
        'The latency of attempts over the window, oldest first. The hours (UTC) that the window overlaps are divided into at most `buckets` intervals of an equal number of hours. Errors: BAD_USER_INPUT for `buckets` out of range.',
      complexity: timelineField.complexity,
      args: {
        buckets: t.arg.int({
          required: true,
          defaultValue: 60,
          description: `The largest number of intervals: 60 by default, from 1 to ${maxTimelineBuckets}.`,
        }),
      },
      resolve: async ({ ownerId, endpointId, window }, { buckets }, context) => {
        checkTimelineBuckets(buckets);
        if (endpointId !== undefined) {
          const asked = { ownerId, id: endpointId, args: { window, buckets } };
          return [...(await latencyTimelinesOf(context).load(asked))];
        }
        const { query } = context.services.database;
        const found = await readLatencyTimelines(query, ownerId, { endpointIds: 'ALL', window, buckets });
        return [...found.values()].flat();
      },
    }),
  }),
});

type WindowArgs = Readonly<{ since?: Date | null | undefined; until?: Date | null | undefined }>;

function windowOf(args: WindowArgs, { services }: Context): StatsWindow {
  return statsWindow(args, { now: databaseNow(), retentionDays: services.config.retentionDays });
}

// The window is computed once for all endpoints of a list. Without arguments each would have its own `now`.
const statsOf = argsLoader<WindowArgs, DeliveryStatsRecord>((context, ownerId, { ids, args }) =>
  readEndpointStats(context.services.database.query, ownerId, {
    endpointIds: ids,
    window: windowOf(args, context),
  }),
);

const timelinesOf = argsLoader<{ window: StatsWindow; buckets: number }, readonly StatsBucket[]>(
  (context, ownerId, { ids, args }) =>
    readEndpointTimelines(context.services.database.query, ownerId, { endpointIds: ids, ...args }),
);

const latencyTimelinesOf = argsLoader<{ window: StatsWindow; buckets: number }, readonly LatencyBucket[]>(
  (context, ownerId, { ids, args }) =>
    readLatencyTimelines(context.services.database.query, ownerId, { endpointIds: ids, ...args }),
);

const sinceDescription =
  'Count deliveries created at this instant or later; by default 24 hours before `until`. The window may be as long as retention.';
const untilDescription = 'Count deliveries created before this instant; by default now.';

builder.objectField(Endpoint, 'stats', (t) =>
  t.field({
    type: DeliveryStats,
    description:
      'Figures about its deliveries, by default of the last 24 hours. Errors: BAD_USER_INPUT for a window that is empty or longer than retention; FORBIDDEN for an app’s endpoint without VIEW_DELIVERIES.',
    args: {
      since: t.arg({ type: 'DateTime', description: sinceDescription }),
      until: t.arg({ type: 'DateTime', description: untilDescription }),
    },
    resolve: async (endpoint, { since, until }, context) => {
      const { owner_id: ownerId, id } = endpoint;
      const stats = await statsOf(context).load({ ownerId, id, args: { since, until } });
      return { ...stats, ownerId, endpointId: id };
    },
  }),
);

builder.queryField('deliveryStats', (t) =>
  t.field({
    type: DeliveryStats,
    description:
      "Figures about the deliveries of the viewer's tenant or app, by default of the last 24 hours. Deliveries of deleted endpoints are not counted. Errors: BAD_USER_INPUT for a window that is empty or longer than retention.",
    permission: viewPermission,
    capability: { records: ['Delivery'], sideEffects: [], idempotency: 'It only reads.' },
    args: {
      since: t.arg({ type: 'DateTime', description: sinceDescription }),
      until: t.arg({ type: 'DateTime', description: untilDescription }),
    },
    resolve: async (_root, args, context) => {
      const { ownerId } = askedOwner(context, viewPermission);
      const window = windowOf(args, context);
      const stats = await readOwnerStats(context.services.database.query, ownerId, window);
      return { ...stats, ownerId, endpointId: undefined };
    },
  }),
);
