import { databaseNow } from '../clock.ts';
import { argsLoader } from '../deliveries/owned-loader.ts';
import { viewedOwner, viewPermission } from '../deliveries/viewed-owner.ts';
import { Endpoint } from '../endpoints/endpoint.graph.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
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

/** Also of an app's analytics. */
export const DeliveryStatsBucket = builder.objectRef<StatsBucket>('DeliveryStatsBucket').implement({
  description:
    'One stretch of a timeline. It ends where the next one starts, the last one where the window does.',
  fields: (t) => ({
    start: t.expose('start', { type: 'DateTime', description: 'Where it begins; itself included.' }),
    succeeded: t.expose('succeeded', {
      type: 'SafeInt',
      description: 'Of the deliveries created in it, those that have succeeded.',
    }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'Of the deliveries created in it, those that have ended as FAILED or DEAD_LETTER.',
    }),
    inFlight: t.expose('inFlight', {
      type: 'SafeInt',
      description: 'Of the deliveries created in it, those that have not ended yet.',
    }),
  }),
});

/** The field `timeline` of whatever has one. */
export const timelineField = {
  description:
    'The window in stretches of equal length, oldest first. Their boundaries within the window are whole minutes: a window of fewer minutes than `buckets` has a stretch for each minute. Errors: BAD_USER_INPUT for `buckets` out of range.',
  bucketsDescription: `Into how many: 60 by default, from 1 to ${maxTimelineBuckets}.`,
  complexity: ({ buckets }: { buckets: number }) => ({
    field: 1,
    // Numbers alone: ten of them cost as much as a record.
    multiplier: Math.ceil(Math.min(Math.max(buckets, 1), maxTimelineBuckets) / 10),
  }),
};

/** With whose they are: all of the owner's where there is no endpoint. */
type Stats = DeliveryStatsRecord & Readonly<{ ownerId: string; endpointId: string | undefined }>;

const DeliveryStats = builder.objectRef<Stats>('DeliveryStats').implement({
  description:
    'How deliveries have fared: of those that were created in a window of time and neither purged nor past retention. Counts are right to the row.',
  fields: (t) => ({
    total: t.expose('total', {
      type: 'SafeInt',
      description: 'All of them: `succeeded` + `failed` + `inFlight`.',
    }),
    succeeded: t.expose('succeeded', { type: 'SafeInt', description: 'Those that ended as SUCCEEDED.' }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'Those that ended as FAILED or DEAD_LETTER, whatever became of a replay.',
    }),
    inFlight: t.expose('inFlight', {
      type: 'SafeInt',
      description: 'Those that have not ended: PENDING, DELIVERING or RETRYING.',
    }),
    successRate: t.exposeFloat('successRate', {
      nullable: true,
      description: '`succeeded` of those that have ended, from 0 to 1; null where none has.',
    }),
    latencyP50: t.exposeFloat('latencyP50', {
      nullable: true,
      description:
        'Milliseconds that half of the attempts took at most, within 5 %. Over the attempts that began in the hours (UTC) that the window touches, interrupted ones aside; null where there were none.',
    }),
    latencyP95: t.exposeFloat('latencyP95', {
      nullable: true,
      description: 'The same for 95 of 100 attempts.',
    }),
    lastDeliveryAt: t.expose('lastDeliveryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest of them was created; null where there is none.',
    }),
    lastSuccessAt: t.expose('lastSuccessAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of them last succeeded; null where none has.',
    }),
    lastFailureAt: t.expose('lastFailureAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of them last ended as FAILED or DEAD_LETTER; null where none has.',
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
  }),
});

type WindowArgs = Readonly<{ since?: Date | null | undefined; until?: Date | null | undefined }>;

function windowOf(args: WindowArgs, { services }: Context): StatsWindow {
  return statsWindow(args, { now: databaseNow(), retentionDays: services.config.retentionDays });
}

// The window is worked out once for all endpoints of a list: without arguments each would have a `now` of its own.
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

const sinceDescription =
  'Of deliveries created at this instant or later; by default 24 hours before `until`. The window may be as long as retention.';
const untilDescription = 'Of deliveries created before this instant; by default now.';

builder.objectField(Endpoint, 'stats', (t) =>
  t.field({
    type: DeliveryStats,
    description:
      'How its deliveries have fared, by default those of the last 24 hours. Errors: BAD_USER_INPUT for a window that is empty or longer than retention; FORBIDDEN for an app’s endpoint without VIEW_DELIVERIES.',
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
      "How the deliveries of the viewer's tenant, or of its app, have fared, by default those of the last 24 hours; without those of deleted endpoints. Errors: BAD_USER_INPUT for a window that is empty or longer than retention.",
    permission: viewPermission,
    capability: { records: ['Delivery'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    args: {
      since: t.arg({ type: 'DateTime', description: sinceDescription }),
      until: t.arg({ type: 'DateTime', description: untilDescription }),
    },
    resolve: async (_root, args, context) => {
      const ownerId = viewedOwner(context);
      const window = windowOf(args, context);
      const stats = await readOwnerStats(context.services.database.query, ownerId, window);
      return { ...stats, ownerId, endpointId: undefined };
    },
  }),
);
