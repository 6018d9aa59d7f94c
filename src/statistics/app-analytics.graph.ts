import { App, ifHeld } from '../apps/app.graph.ts';
import { findPublishedVersions } from '../apps/version.ts';
import { databaseNow } from '../clock.ts';
import { viewPermission } from '../deliveries/viewed-owner.ts';
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
  description: 'How many of a tenant’s forwarded events have failed.',
  fields: (t) => ({
    tenant: t.field({
      type: Tenant,
      description: 'The tenant whose events they are.',
      resolve: async ({ tenantId }, _args, context) => {
        const tenant = await tenantOf(context).load(tenantId);
        if (tenant === undefined) throw new RequestError('NOT_FOUND', 'This tenant does not exist any more.');
        return tenant;
      },
    }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'Deliveries that ended as FAILED or DEAD_LETTER.',
    }),
    lastFailureAt: t.expose('lastFailureAt', {
      type: 'DateTime',
      description: 'When the last of them ended.',
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
    'How an app’s webhook has fared: of deliveries created in a window of time, neither purged nor past retention. Counts are right to the row, and cost the same however many tenants there are.',
  fields: (t) => ({
    installedTenants: t.expose('installed', {
      type: 'SafeInt',
      description: 'Tenants that have it installed now.',
    }),
    subscribedTenants: t.expose('subscribed', {
      type: 'SafeInt',
      description: 'Those of them whose events are forwarded.',
    }),
    recentDeliveries: t.field({
      type: 'SafeInt',
      description: 'Deliveries created in the window, lifecycle events among them.',
      resolve: ({ stats }) => stats.total,
    }),
    recentFailures: t.field({
      type: 'SafeInt',
      description: 'Those of them that ended as FAILED or DEAD_LETTER.',
      resolve: ({ stats }) => stats.failed,
    }),
    lastDeliveryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the newest of them was created; null where there is none.',
      resolve: ({ stats }) => stats.lastDeliveryAt,
    }),
    lastSuccessAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When one of them last succeeded; null where none has.',
      resolve: ({ stats }) => stats.lastSuccessAt,
    }),
    lastFailureAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When one of them last ended as FAILED or DEAD_LETTER; null where none has.',
      resolve: ({ stats }) => stats.lastFailureAt,
    }),
    webhookCategories: t.field({
      type: ['String'],
      description: 'Categories that the published version declares.',
      resolve: ({ webhookCategories }) => [...webhookCategories],
    }),
    dataTypes: t.field({
      type: ['String'],
      description: 'Data types that the published version declares.',
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
        'Tenants with the most failures in the window first. Errors: BAD_USER_INPUT for `first` out of range.',
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: 10,
          description: `So many tenants: 10 by default, from 0 to ${maxTenantFailures}.`,
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
      'VIEW_DELIVERIES: how its webhook has fared, by default in the last 24 hours. Errors: BAD_USER_INPUT for a window that is empty or longer than retention.',
    args: {
      since: t.arg({
        type: 'DateTime',
        description: 'Of deliveries created at this instant or later; by default 24 hours before `until`.',
      }),
      until: t.arg({
        type: 'DateTime',
        description: 'Of deliveries created before this instant; by default now.',
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
