import { clientIdOf, serviceUserIdOf } from '../access/client-id.ts';
import type { AppPermission } from '../access/permissions.ts';
import type { Counted } from '../db/keyset.ts';
import { SecretInfo } from '../endpoints/endpoint.graph.ts';
import { addEndpointOwner } from '../endpoints/endpoint-owner.graph.ts';
import { RequestError } from '../errors.ts';
import { appPermissionsOf } from '../graph/app-grants.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { type Context, requireTenant } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import { node } from '../graph/node.ts';
import { decodeId, encodeId, timeOfUuid } from '../ids.ts';
import { Tenant, tenantOf } from '../tenants/tenants.graph.ts';
import { Viewer } from '../tenants/viewer.graph.ts';
import { type App as AppRow, findApps, listApps } from './app.ts';
import { findVisibleApps, seeApps } from './asked-app.ts';
import { listClientSecrets, maxClientSecrets } from './client-secrets.ts';
import { hintLifecycle } from './lifecycle.ts';
import { keepWebhookSecrets, tellWebhookRotation } from './webhook.ts';

/** Without the permission, the value of such a field is null. */
export async function ifHeld<Value>(
  context: Context,
  { appId, anyOf }: { appId: string; anyOf: readonly AppPermission[] },
  read: () => Promise<Value>,
): Promise<Value | null> {
  const held = await appPermissionsOf(context, appId);
  return anyOf.some((permission) => held.has(permission)) ? await read() : null;
}

const appOf = loader<string, AppRow | undefined>(async (ids, { services }) => {
  const found = new Map((await findApps(services.database.query, ids)).map((app) => [app.id, app]));
  return ids.map((id) => found.get(id));
});

export const App = builder.objectRef<AppRow>('App');

node(builder, App, {
  description:
    'A partner app, as its members and its own credential see it. It owns its webhook, its deliveries and its log, apart from every tenant’s. Fields that need an AppPermission are null without it.',
  permission: seeApps,
  id: (app) => encodeId('App', app.id),
  load: async (ids, context) => {
    const found = new Map((await findVisibleApps(context, ids)).map((app) => [app.id, app]));
    return ids.map((id) => found.get(id));
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Display name.' }),
    clientId: t.string({
      description: 'Identifies the app at `POST /oauth/token`: `client_…`. It is not a secret.',
      resolve: (app) => clientIdOf(app.id),
    }),
    serviceUserId: t.string({
      description:
        'The id of the service user as which the app acts on the platform: `user_…`. It never changes.',
      resolve: (app) => serviceUserIdOf(app.id),
    }),
    source: t.exposeString('source', {
      description: 'The partner’s own identifier for the app, unique among apps. It never changes.',
    }),
    ownerTenant: t.field({
      type: Tenant,
      description: 'The tenant that created it.',
      resolve: async (app, _args, context) => {
        const tenant = await tenantOf(context).load(app.tenant_id);
        if (tenant === undefined) throw new RequestError('NOT_FOUND', 'This tenant no longer exists.');
        return tenant;
      },
    }),
    clientSecrets: t.field({
      type: [SecretInfo],
      nullable: true,
      description: `The client secrets that work now, newest first, at most ${maxClientSecrets}, without their values. Needs ROTATE_SECRETS.`,
      complexity: { field: 1, multiplier: 1 },
      resolve: (app, _args, context) =>
        ifHeld(context, { appId: app.id, anyOf: ['ROTATE_SECRETS'] }, () =>
          listClientSecrets(context.services.database.query, app.id),
        ),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (app) => new Date(timeOfUuid(app.id)),
    }),
    updatedAt: t.expose('updated_at', {
      type: 'DateTime',
      description: 'When its name, its secrets, its webhook or its published version last changed.',
    }),
  }),
});

addEndpointOwner('APP', {
  type: App,
  find: (ids, { services }) => findApps(services.database.query, ids),
  rotation: { tell: tellWebhookRotation, hint: hintLifecycle },
  keep: keepWebhookSecrets,
});

builder.objectField(Viewer, 'app', (t) =>
  t.field({
    type: App,
    nullable: true,
    description: 'The app that the credential belongs to; null for every other kind of caller.',
    resolve: (actor, _args, context) => (actor.appId === undefined ? null : appOf(context).load(actor.appId)),
  }),
);

const AppConnection = connection<AppRow, Counted>(builder, {
  type: App,
  cursorOf: (app) => app.id,
  fields: countedFields,
});

const capability = { records: ['App'], sideEffects: [], idempotency: 'It only reads.' };

builder.queryFields((t) => ({
  app: t.field({
    type: App,
    nullable: true,
    description:
      'One app. Its members, its own token and callers with MANAGE_APPS of the tenant that created it can see it; for everybody else it is null.',
    permission: seeApps,
    capability,
    args: { id: t.arg.id({ required: true, description: 'The app’s id: `app_…`.' }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('App', args.id);
      return id === undefined ? null : (await findVisibleApps(context, [id]))[0];
    },
  }),
  apps: t.field({
    type: AppConnection,
    description: 'The apps that the viewer’s tenant has created, newest first.',
    permission: 'MANAGE_APPS',
    capability,
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) =>
      listApps(context.services.database.query, requireTenant(context), page),
  }),
}));
