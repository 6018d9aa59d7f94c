import { App, ifHeld } from '../apps/app.graph.ts';
import { appsWith, managedTenant, seeApps } from '../apps/asked-app.ts';
import { hintLifecycle } from '../apps/lifecycle.ts';
import type { Counted } from '../db/keyset.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { ConflictError, NotFoundError, RequestError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { type Context, requireTenant } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import { decodeId, encodeId, timeOfUuid } from '../ids.ts';
import { findTenants } from '../tenants/tenant.ts';
import { Tenant, tenantOf } from '../tenants/tenants.graph.ts';
import { type Installer, installApp, uninstallApp, updateInstallation } from './install-app.ts';
import {
  type AppInstallation as AppInstallationRow,
  findAppProfiles,
  findInstallable,
  findInstallations,
  findTenantsInstallations,
  listInstallations,
  type AppProfile as Profile,
} from './installation.ts';

const AppProfile = builder.objectRef<Profile>('AppProfile').implement({
  description: 'What a tenant may see of an app that it installs.',
  fields: (t) => ({
    appId: t.id({ description: 'The app’s id: `app_…`.', resolve: ({ appId }) => encodeId('App', appId) }),
    name: t.exposeString('name', { description: 'Its name for people.' }),
    source: t.exposeString('source', { description: 'The partner’s own name for it.' }),
    webhookCategories: t.field({
      type: ['String'],
      description: 'Categories of events that it is forwarded, as its published version declares.',
      resolve: ({ webhookCategories }) => [...webhookCategories],
    }),
    dataTypes: t.field({
      type: ['String'],
      description: 'Only events with one of these data types; empty: any of the categories.',
      resolve: ({ dataTypes }) => [...dataTypes],
    }),
  }),
});

const profileOf = loader<string, Profile | undefined>(async (ids, { services }) => {
  const found = await findAppProfiles(services.database.query, ids);
  const byId = new Map(found.map((profile) => [profile.appId, profile]));
  return ids.map((id) => byId.get(id));
});

export const AppInstallation = builder.objectRef<AppInstallationRow>('AppInstallation');

node(builder, AppInstallation, {
  description:
    'A tenant’s consent to an app. The tenant sees it, and so does the app. A revoked one stays for the record.',
  permission: seeApps,
  id: (installation) => encodeId('AppInstallation', installation.id),
  load: async (ids, context) => {
    const db = context.services.database.query;
    const tenantId = managedTenant(context);
    const apps = await appsWith(context, 'VIEW_DELIVERIES');
    const found = await Promise.all([
      tenantId === undefined ? [] : findTenantsInstallations(db, tenantId, ids),
      ...apps.map((appId) => findInstallations(db, appId, ids)),
    ]);
    const byId = new Map(found.flat().map((installation) => [installation.id, installation]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    app: t.field({
      type: AppProfile,
      description: 'The app.',
      resolve: async (installation, _args, context) => {
        const profile = await profileOf(context).load(installation.app_id);
        if (profile === undefined) throw new RequestError('NOT_FOUND', 'This app does not exist any more.');
        return profile;
      },
    }),
    tenant: t.field({
      type: Tenant,
      description: 'The tenant that installed it.',
      resolve: async (installation, _args, context) => {
        const tenant = await tenantOf(context).load(installation.tenant_id);
        if (tenant === undefined) throw new RequestError('NOT_FOUND', 'This tenant does not exist any more.');
        return tenant;
      },
    }),
    permissions: t.exposeStringList('permissions', {
      description: 'What the tenant lets the app do on the platform, in the platform’s own words.',
    }),
    isSubscribed: t.exposeBoolean('is_subscribed', {
      description: 'Whether this tenant’s events are forwarded to the app.',
    }),
    installedAt: t.field({
      type: 'DateTime',
      description: 'When it was installed.',
      resolve: (installation) => new Date(timeOfUuid(installation.id)),
    }),
    revokedAt: t.expose('revoked_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was uninstalled; null while it is not. Nothing is forwarded from then on.',
    }),
  }),
});

const AppInstallationConnection = connection<AppInstallationRow, Counted>(builder, {
  type: AppInstallation,
  cursorOf: (installation) => installation.id,
  fields: countedFields,
});

builder.objectField(App, 'installations', (t) =>
  t.field({
    type: AppInstallationConnection,
    nullable: true,
    description: 'VIEW_DELIVERIES: its installations, newest first; revoked ones among them.',
    args: pageArgs(t.arg),
    complexity: pageCost,
    resolve: (app, page, context) =>
      ifHeld(context, { appId: app.id, anyOf: ['VIEW_DELIVERIES'] }, () =>
        listInstallations(context.services.database.query, { appId: app.id }, page),
      ),
  }),
);

const capability = { records: ['AppInstallation'], sideEffects: [], idempotency: 'A read: changes nothing.' };

builder.queryFields((t) => ({
  appProfile: t.field({
    type: AppProfile,
    nullable: true,
    description:
      'What a tenant may know of an app before it installs it; null where there is none, or it has published nothing yet and is another tenant’s.',
    permission: 'MANAGE_APPS',
    capability: { ...capability, records: ['App', 'AppVersion'] },
    args: { id: t.arg.id({ required: true, description: 'The app’s id: `app_…`.' }) },
    resolve: async (_root, args, context) => {
      const tenantId = requireTenant(context);
      const id = decodeId('App', args.id);
      if (id === undefined) return null;
      return findInstallable(context.services.database.query, { tenantId, appIds: [] }, id);
    },
  }),
  appInstallations: t.field({
    type: AppInstallationConnection,
    description: 'The viewer’s tenant’s installations, newest first; revoked ones among them.',
    permission: 'MANAGE_APPS',
    capability,
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) =>
      listInstallations(context.services.database.query, { tenantId: requireTenant(context) }, page),
  }),
}));

/** The tenant in whose name the caller installs. */
async function installerOf(context: Context): Promise<Installer> {
  const tenantId = requireTenant(context);
  const [tenant] = await findTenants(context.services.database, [tenantId]);
  if (tenant === undefined) throw new RequestError('UNAUTHENTICATED', 'This tenant does not exist any more.');
  return { tenantId, externalId: tenant.externalId, by: byOf(context) };
}

const permissionsRule =
  'What the app may do on the platform, in the platform’s own words: at most 100 names of 1 to 100 visible ASCII characters, none twice.';
const installationId = 'The installation’s id: `ins_…`.';

mutation(builder, 'installApp', {
  description:
    'Installs an app for the tenant. From now on the tenant’s events are forwarded to it, as far as its published version declares them. ConflictError where the app has published nothing yet, or is installed already.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: ['audit entry app_installation.create', 'the event app.installed to the app’s webhook'],
    idempotency: 'A second call answers with a ConflictError.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    permissions: t.stringList({ required: true, description: permissionsRule }),
    isSubscribed: t.boolean({
      required: true,
      defaultValue: true,
      description: 'Whether this tenant’s events are forwarded to the app.',
    }),
  }),
  payload: { installation: { type: AppInstallation, description: 'The new installation.' } },
  errors: [ValidationError, NotFoundError, ConflictError],
  async resolve({ appId: globalId, permissions, isSubscribed }, context) {
    const { database } = context.services;
    const installer = await installerOf(context);
    const appId = decodeId('App', globalId);
    if (appId === undefined) throw new NotFoundError(globalId);
    const installation = await database.query
      .transaction()
      .execute((trx) => installApp(trx, installer, { appId, permissions, isSubscribed }));
    hintLifecycle(database, appId);
    return { installation };
  },
});

mutation(builder, 'updateInstallation', {
  description:
    'Changes what the app may do for the tenant, or whether its events are forwarded. NotFoundError for a revoked one.',
  inputDescription: 'Absent: unchanged. Null is a ValidationError.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: [
      'audit entry app_installation.update',
      'the event app.permissions_updated to the app’s webhook',
    ],
    idempotency: 'The same change again changes nothing and is not audited.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: installationId }),
    permissions: t.stringList({ description: permissionsRule }),
    isSubscribed: t.boolean({ description: 'Whether this tenant’s events are forwarded to the app.' }),
  }),
  payload: { installation: { type: AppInstallation, description: 'The installation as it is now.' } },
  errors: [ValidationError, NotFoundError],
  async resolve({ id: globalId, permissions, isSubscribed }, context) {
    const { database } = context.services;
    const installer = await installerOf(context);
    const id = decodeId('AppInstallation', globalId);
    if (id === undefined) throw new NotFoundError(globalId);
    const installation = await database.query
      .transaction()
      .execute((trx) => updateInstallation(trx, installer, { id, permissions, isSubscribed }));
    hintLifecycle(database, installation.app_id);
    return { installation };
  },
});

mutation(builder, 'uninstallApp', {
  description:
    'Revokes an installation for good. Nothing that is published from now on is forwarded; what is queued ends as FAILED (INSTALLATION_REVOKED) when its turn comes. The app can be installed again.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: ['audit entry app_installation.revoke', 'the event app.uninstalled to the app’s webhook'],
    idempotency: 'A second call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: installationId }) }),
  payload: { installation: { type: AppInstallation, description: 'The revoked installation.' } },
  errors: [NotFoundError],
  async resolve({ id: globalId }, context) {
    const { database } = context.services;
    const installer = await installerOf(context);
    const id = decodeId('AppInstallation', globalId);
    if (id === undefined) throw new NotFoundError(globalId);
    const installation = await database.query
      .transaction()
      .execute((trx) => uninstallApp(trx, installer, id));
    hintLifecycle(database, installation.app_id);
    return { installation };
  },
});
