import type { Actor } from '../access/actor.ts';
import { permissions } from '../access/permissions.ts';
import { ActorKind, builder, Permission } from '../graph/builder.ts';
import { requireActor } from '../graph/context.ts';
import { Tenant, tenantOf } from './tenants.graph.ts';

/** Who is asking. The room `apps` adds the app. */
export const Viewer = builder.objectRef<Actor>('Viewer').implement({
  description: 'Who is asking, as the credential in use tells.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ActorKind, description: 'What kind of caller it is.' }),
    actorId: t.exposeString('actorId', {
      description:
        'Stable identifier of the caller: API key id, JWT subject, the id of a console link (`lnk_…`) or client id.',
    }),
    label: t.exposeString('label', {
      description: 'A name for people: the key’s name, the email, or else the subject.',
    }),
    permissions: t.field({
      type: [Permission],
      description: 'What the credential may do.',
      resolve: (actor) => permissions.filter((permission) => actor.permissions.has(permission)),
    }),
    tenant: t.field({
      type: Tenant,
      nullable: true,
      description:
        'The tenant in whose name it asks. Null for a service that named none, for a user of none, and for an app.',
      resolve: (actor, _args, context) =>
        actor.tenantId === undefined ? null : tenantOf(context).load(actor.tenantId),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the credential in use stops working; null where it does not expire.',
      resolve: (actor) => actor.expiresAt,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'Who is asking, and what they may do.',
    permission: 'ANY_CREDENTIAL',
    capability: { records: ['Tenant'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    resolve: (_root, _args, context) => requireActor(context),
  }),
);
