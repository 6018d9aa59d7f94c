import type { Actor } from '../access/actor.ts';
import { permissions } from '../access/permissions.ts';
import { ActorKind, builder, Permission } from '../graph/builder.ts';
import { requireActor } from '../graph/context.ts';
import { Tenant, tenantOf } from './tenants.graph.ts';

/** The caller. The room `apps` adds the field for the app. */
export const Viewer = builder.objectRef<Actor>('Viewer').implement({
  description: 'The caller, as identified by the credential of the request.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ActorKind, description: 'The kinds of callers.' }),
    actorId: t.exposeString('actorId', {
      description:
        'A stable identifier of the caller: the API key’s id, the JWT’s subject, the console link’s id (`lnk_…`) or the app’s client id.',
    }),
    label: t.exposeString('label', {
      description: 'Display name: the key’s name, the email, or else the subject.',
    }),
    permissions: t.field({
      type: [Permission],
      description: 'The permissions of the credential.',
      resolve: (actor) => permissions.filter((permission) => actor.permissions.has(permission)),
    }),
    tenant: t.field({
      type: Tenant,
      nullable: true,
      description:
        'The tenant that the caller acts for; null for a service that named none, for a user without a tenant, and for an app.',
      resolve: (actor, _args, context) =>
        actor.tenantId === undefined ? null : tenantOf(context).load(actor.tenantId),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the credential stops working; null if it does not expire.',
      resolve: (actor) => actor.expiresAt,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'The caller and its permissions.',
    permission: 'ANY_CREDENTIAL',
    capability: { records: ['Tenant'], sideEffects: [], idempotency: 'It only reads.' },
    resolve: (_root, _args, context) => requireActor(context),
  }),
);
