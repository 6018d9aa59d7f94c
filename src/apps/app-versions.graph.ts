import type { Counted } from '../db/keyset.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { ConflictError, NotFoundError, ValidationError } from '../errors.ts';
import { appGrants } from '../graph/app-grants.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { loader } from '../graph/loader.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import { App } from './app.graph.ts';
import { askedApp, managedTenant, seeApps } from './asked-app.ts';
import { hintLifecycle } from './lifecycle.ts';
import {
  type AppVersion as AppVersionRow,
  checkVersion,
  findPublishedVersions,
  findTenantsVersions,
  findVersions,
  listVersions,
  maxDeclared,
  maxVersionChars,
  publishVersion,
} from './version.ts';

const AppVersionStatus = builder.enumType('AppVersionStatus', {
  description: 'Whether a version decides which events are forwarded.',
  values: {
    DRAFT: { description: 'Not published yet.' },
    PUBLISHED: { description: 'This version decides which events are forwarded. An app has at most one.' },
    SUPERSEDED: { description: 'A later version was published.' },
  } as const,
});

const AppVersion = builder.objectRef<AppVersionRow>('AppVersion');

node(builder, AppVersion, {
  description: 'A declaration of which events an app receives from the tenants that install it.',
  permission: seeApps,
  id: (version) => encodeId('AppVersion', version.id),
  load: async (ids, context) => {
    const db = context.services.database.query;
    const tenantId = managedTenant(context);
    const found = await Promise.all([
      findVersions(db, [...(await appGrants(context)).keys()], ids),
      tenantId === undefined ? [] : findTenantsVersions(db, tenantId, ids),
    ]);
    const byId = new Map(found.flat().map((version) => [version.id, version]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    version: t.exposeString('version', {
      description: 'The name of the version, unique within the app, such as `1.2.0`.',
    }),
    status: t.expose('status', {
      type: AppVersionStatus,
      description: 'Whether this version decides which events are forwarded.',
    }),
    webhookCategories: t.exposeStringList('webhook_categories', {
      description: 'The categories of event types that are forwarded.',
    }),
    dataTypes: t.exposeStringList('data_types', {
      description:
        'Only event types with one of these data types are forwarded. Empty means all of the categories.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (version) => new Date(timeOfUuid(version.id)),
    }),
    publishedAt: t.expose('published_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was published; null for a draft.',
    }),
  }),
});

const AppVersionConnection = connection<AppVersionRow, Counted>(builder, {
  type: AppVersion,
  cursorOf: (version) => version.id,
  fields: countedFields,
});

const publishedVersionOf = loader<string, AppVersionRow | undefined>(async (appIds, { services }) => {
  const found = await findPublishedVersions(services.database.query, appIds);
  return appIds.map((appId) => found.get(appId));
});

builder.objectFields(App, (t) => ({
  publishedVersion: t.field({
    type: AppVersion,
    nullable: true,
    description:
      'The version that decides which events are forwarded; null before the first is published, while nothing is forwarded.',
    resolve: (app, _args, context) => publishedVersionOf(context).load(app.id),
  }),
  versions: t.field({
    type: AppVersionConnection,
    description: 'All versions, newest first.',
    args: pageArgs(t.arg),
    complexity: pageCost,
    resolve: (app, page, context) => listVersions(context.services.database.query, app.id, page),
  }),
}));

mutation(builder, 'publishAppVersion', {
  description:
    'Publishes a version. From now on it decides which events are forwarded, and the version before becomes SUPERSEDED. A version name that the app already has is a ConflictError.',
  permission: { app: 'PUBLISH_VERSIONS' },
  capability: {
    records: ['AppVersion', 'AuditEntry'],
    sideEffects: ['audit entry app.publish_version', 'the event app.version_published to the app’s webhook'],
    idempotency: 'A repeated call with the same version answers with ConflictError.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    version: t.string({
      required: true,
      description: `The name of the version, unique within the app: 1 to ${maxVersionChars} visible ASCII characters.`,
    }),
    webhookCategories: t.stringList({
      required: true,
      description: `The categories of registered event types that are forwarded: at most ${maxDeclared}, each once. Empty means that nothing is forwarded. The platform’s own categories (\`app\`, \`endpoint\`) cannot be declared.`,
    }),
    dataTypes: t.stringList({
      required: true,
      description: `Only event types with one of these data types: at most ${maxDeclared}, each once, and each used by an event type of the categories. Empty means any data type.`,
    }),
  }),
  payload: { version: { type: AppVersion, description: 'The published version.' } },
  errors: [ValidationError, NotFoundError, ConflictError],
  async resolve({ appId: globalId, ...input }, context) {
    const { database } = context.services;
    const appId = await askedApp(context, { permission: 'PUBLISH_VERSIONS', globalId });
    await checkVersion(database, input);
    const version = await database.query
      .transaction()
      .execute((trx) => publishVersion(trx, { appId, input, by: byOf(context) }));
    hintLifecycle(database, appId);
    return { version };
  },
});
