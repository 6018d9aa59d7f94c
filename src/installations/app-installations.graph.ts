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
  description: 'The part of an app that tenants may see.',
  fields: (t) => ({
    appId: t.id({ description: 'The app’s id: `app_…`.', resolve: ({ appId }) => encodeId('App', appId) }),
    name: t.exposeString('name', { description: 'Display name.' }),
    source: t.exposeString('source', { description: 'The partner’s own identifier for the app.' }),
    webhookCategories: t.field({
      type: ['String'],
      description: 'The categories of events that are forwarded to it, as its published version declares.',
      resolve: ({ webhookCategories }) => [...webhookCategories],
    }),
    dataTypes: t.field({
      type: ['String'],
      description:
        'Only events with one of these data types are forwarded. Empty means all of the categories.',
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
    'A tenant’s consent to an app. Both the tenant and the app can see it. It is kept after it has been revoked.',
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
        if (profile === undefined) throw new RequestError('NOT_FOUND', 'This app no longer exists.');
        return profile;
      },
    }),
    tenant: t.field({
      type: Tenant,
      description: 'The tenant that installed it.',
      resolve: async (installation, _args, context) => {
        const tenant = await tenantOf(context).load(installation.tenant_id);
        if (tenant === undefined) throw new RequestError('NOT_FOUND', 'This tenant no longer exists.');
        return tenant;
      },
    }),
    permissions: t.exposeStringList('permissions', {
      description:
        'The permissions that the tenant gives the app on the platform. Their names are the platform’s; Heliograph does not interpret them.',
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
      description: 'When it was uninstalled; null while it is installed. Nothing is forwarded afterwards.',
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
    description: 'Its installations, newest first, including revoked ones. Needs VIEW_DELIVERIES.',
    args: pageArgs(t.arg),
    complexity: pageCost,
    resolve: (app, page, context) =>
      ifHeld(context, { appId: app.id, anyOf: ['VIEW_DELIVERIES'] }, () =>
        listInstallations(context.services.database.query, { appId: app.id }, page),
      ),
  }),
);

const capability = { records: ['AppInstallation'], sideEffects: [], idempotency: 'It only reads.' };

builder.queryFields((t) => ({
  appProfile: t.field({
    type: AppProfile,
    nullable: true,
    description:
      'The part of an app that a tenant may see before installing it; null if there is no such app, or if it belongs to another tenant and has no published version.',
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
    description: 'The installations of the viewer’s tenant, newest first, including revoked ones.',
    permission: 'MANAGE_APPS',
    capability,
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) =>
      listInstallations(context.services.database.query, { tenantId: requireTenant(context) }, page),
  }),
}));

/** The tenant that the caller installs the app for. */
async function installerOf(context: Context): Promise<Installer> {
  const tenantId = requireTenant(context);
  const [tenant] = await findTenants(context.services.database, [tenantId]);
  if (tenant === undefined) throw new RequestError('UNAUTHENTICATED', 'This tenant no longer exists.');
  return { tenantId, externalId: tenant.externalId, by: byOf(context) };
}

const permissionsRule =
  'The permissions that the tenant gives the app on the platform: at most 100 different names of 1 to 100 visible ASCII characters. Their names are the platform’s; Heliograph does not interpret them.';
const installationId = 'The installation’s id: `ins_…`.';

mutation(builder, 'installApp', {
  description:
    'Installs an app for the tenant. From now on the tenant’s events that the app’s published version declares are forwarded to it. An app that has no published version, or is installed already, is a ConflictError.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: ['audit entry app_installation.create', 'the event app.installed to the app’s webhook'],
    idempotency: 'A repeated call answers with ConflictError.',
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
    'Changes the permissions of the app, or whether the tenant’s events are forwarded to it. A revoked installation is a NotFoundError.',
  inputDescription: 'A field that is left out does not change. Null is a ValidationError.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: [
      'audit entry app_installation.update',
      'the event app.permissions_updated to the app’s webhook',
    ],
    idempotency: 'A repeated call changes nothing and is not audited.',
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
    'Revokes an installation permanently. Events that are published from now on are not forwarded. Waiting deliveries end as FAILED (INSTALLATION_REVOKED) when their next attempt is due. The app can be installed again.',
  permission: 'MANAGE_APPS',
  capability: {
    records: ['AppInstallation', 'AuditEntry'],
    sideEffects: ['audit entry app_installation.revoke', 'the event app.uninstalled to the app’s webhook'],
    idempotency: 'A repeated call answers with NotFoundError.',
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
