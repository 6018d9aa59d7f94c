import { App, ifHeld } from '../apps/app.graph.ts';
import { findPublishedVersions } from '../apps/version.ts';
import { databaseNow } from '../clock.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { RequestError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { Tenant, tenantOf } from '../tenants/tenants.graph.ts';
import {
  maxTenantFailures,
  readFailuresByTenant,
  readInstallationCounts,
  type TenantFailures as TenantFailuresRow,
} from './app-analytics.ts';
import { DeliveryStatsBucket, timelineField } from './stats.graph.ts';
import {
  checkTimelineBuckets,
  type DeliveryStats,
  readOwnerStats,
  readOwnerTimeline,
  statsWindow,
} from './stats.ts';

const TenantFailures = builder.objectRef<TenantFailuresRow>('TenantFailures').implement({
  description: 'The failed deliveries of one tenant’s forwarded events.',
  fields: (t) => ({
    tenant: t.field({
      type: Tenant,
      description: 'The tenant that the events belong to.',
      resolve: async ({ tenantId }, _args, context) => {
        const tenant = await tenantOf(context).load(tenantId);
        if (tenant === undefined) throw new RequestError('NOT_FOUND', 'This tenant no longer exists.');
        return tenant;
      },
    }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'The number of deliveries that ended as FAILED or DEAD_LETTER.',
    }),
    lastFailureAt: t.expose('lastFailureAt', {
      type: 'DateTime',
      description: 'When the latest of them ended.',
    }),
  }),
});

type Analytics = Readonly<{
  appId: string;
  stats: DeliveryStats;
  installed: number;
  subscribed: number;
  webhookCategories: readonly string[];
  dataTypes: readonly string[];
}>;

const AppWebhookAnalytics = builder.objectRef<Analytics>('AppWebhookAnalytics').implement({
  description:
    'Figures about an app’s webhook. They cover the deliveries that were created in a window of time and are neither purged nor past retention. Counts are exact, and reading them costs the same for any number of tenants.',
  fields: (t) => ({
    installedTenants: t.expose('installed', {
      type: 'SafeInt',
      description: 'The number of tenants that have the app installed now.',
    }),
    subscribedTenants: t.expose('subscribed', {
      type: 'SafeInt',
      description: 'The number of `installedTenants` whose events are forwarded.',
    }),
    recentDeliveries: t.field({
      type: 'SafeInt',
      description: 'The number of deliveries created in the window, including those of lifecycle events.',
      resolve: ({ stats }) => stats.total,
    }),
    recentFailures: t.field({
      type: 'SafeInt',
      description: 'The number of `recentDeliveries` that ended as FAILED or DEAD_LETTER.',
      resolve: ({ stats }) => stats.failed,
    }),
    lastDeliveryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the newest of these deliveries was created; null if there is none.',
      resolve: ({ stats }) => stats.lastDeliveryAt,
    }),
    lastSuccessAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When one of these deliveries last succeeded; null if none did.',
      resolve: ({ stats }) => stats.lastSuccessAt,
    }),
    lastFailureAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When one of these deliveries last ended as FAILED or DEAD_LETTER; null if none did.',
      resolve: ({ stats }) => stats.lastFailureAt,
    }),
    webhookCategories: t.field({
      type: ['String'],
      description: 'The categories that the published version declares.',
      resolve: ({ webhookCategories }) => [...webhookCategories],
    }),
    dataTypes: t.field({
      type: ['String'],
      description: 'The data types that the published version declares.',
      resolve: ({ dataTypes }) => [...dataTypes],
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
      resolve: async ({ appId, stats: { window } }, { buckets }, context) => {
        checkTimelineBuckets(buckets);
        return [...(await readOwnerTimeline(context.services.database.query, appId, { window, buckets }))];
      },
    }),
    failuresByTenant: t.field({
      type: [TenantFailures],
      description:
        'The tenants with failures in the window, those with the most first. Errors: BAD_USER_INPUT for `first` out of range.',
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: 10,
          description: `The number of tenants: 10 by default, from 0 to ${maxTenantFailures}.`,
        }),
      },
      complexity: ({ first }) => ({ field: 1, multiplier: Math.min(Math.max(first, 1), maxTenantFailures) }),
      resolve: async ({ appId, stats: { window } }, { first }, context) => [
        ...(await readFailuresByTenant(context.services.database.query, appId, { window, first })),
      ],
    }),
  }),
});

builder.objectField(App, 'webhookAnalytics', (t) =>
  t.field({
    type: AppWebhookAnalytics,
    nullable: true,
    description:
      'Figures about its webhook, by default for the last 24 hours. Needs VIEW_DELIVERIES. Errors: BAD_USER_INPUT for a window that is empty or longer than retention.',
    args: {
      since: t.arg({
        type: 'DateTime',
        description: 'Count deliveries created at this instant or later; by default 24 hours before `until`.',
      }),
      until: t.arg({
        type: 'DateTime',
        description: 'Count deliveries created before this instant; by default now.',
      }),
    },
    resolve: (app, args, context) =>
      ifHeld(context, { appId: app.id, anyOf: [viewPermission.app] }, async (): Promise<Analytics> => {
        const { database, config } = context.services;
        const window = statsWindow(args, { now: databaseNow(), retentionDays: config.retentionDays });
        const [stats, counts, versions] = await Promise.all([
          readOwnerStats(database.query, app.id, window),
          readInstallationCounts(database.query, app.id),
          findPublishedVersions(database.query, [app.id]),
        ]);
        const version = versions.get(app.id);
        return {
          appId: app.id,
          stats,
          ...counts,
          webhookCategories: version?.webhook_categories ?? [],
          dataTypes: version?.data_types ?? [],
        };
      }),
  }),
);
