import type { Counted } from '../db/keyset.ts';
import { ConflictError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { requireActor } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import {
  createTenant,
  findTenant,
  findTenants,
  listTenants,
  maxTenantNameLength,
  type Tenant as TenantRecord,
} from './tenant.ts';

/**
 * A tenant by its UUID. It needs no permission: a caller that may see a record of a tenant may see which tenant it
 * is.
 */
export const tenantOf = loader<string, TenantRecord | undefined>(async (ids, context) => {
  const found = new Map(
    (await findTenants(context.services.database, ids)).map((tenant) => [tenant.id, tenant]),
  );
  return ids.map((id) => found.get(id));
});

export const Tenant = builder.objectRef<TenantRecord>('Tenant');

node(builder, Tenant, {
  description: 'A customer of the platform. Endpoints, events and API keys belong to a tenant.',
  permission: 'MANAGE_TENANTS',
  id: (tenant) => encodeId('Tenant', tenant.id),
  load: async (ids, context) => {
    const found = await findTenants(context.services.database, ids);
    return ids.map((id) => found.find((tenant) => tenant.id === id));
  },
  fields: (t) => ({
    externalId: t.exposeString('externalId', {
      description:
        'The platform’s own unique identifier for the tenant: 1 to 200 visible ASCII characters. The JWT claim `tenant`, the header `heliograph-tenant` and the input of `publishEvents` use it.',
    }),
    name: t.exposeString('name', {
      description: 'Display name. If its first token created the tenant, this is the external id.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created in Heliograph.',
      resolve: (tenant) => new Date(timeOfUuid(tenant.id)),
    }),
    suspendedAt: t.expose('suspendedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it was suspended; null if it is not suspended. Nothing is published or sent for a suspended tenant.',
    }),
  }),
});

const TenantConnection = connection<TenantRecord, Counted>(builder, {
  type: Tenant,
  cursorOf: (tenant) => tenant.id,
  fields: countedFields,
});

const read = { records: ['Tenant'], sideEffects: [], idempotency: 'It only reads.' };

builder.queryFields((t) => ({
  tenant: t.field({
    type: Tenant,
    nullable: true,
    description: 'The tenant with this external id; null if there is none.',
    permission: 'MANAGE_TENANTS',
    capability: read,
    args: {
      externalId: t.arg.string({
        required: true,
        description: 'The platform’s own identifier for the tenant.',
      }),
    },
    resolve: (_root, { externalId }, context) => findTenant(context.services.database, externalId),
  }),
  tenants: t.field({
    type: TenantConnection,
    description: 'All tenants of the platform, newest first.',
    permission: 'MANAGE_TENANTS',
    capability: read,
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) => listTenants(context.services.database, page),
  }),
}));

mutation(builder, 'createTenant', {
  description:
    'Creates a tenant before its first token is used. (A valid token that names an unknown tenant creates the tenant too.) An external id that is taken is a ConflictError.',
  permission: 'MANAGE_TENANTS',
  capability: {
    records: ['Tenant'],
    sideEffects: ['audit entry'],
    idempotency: 'A repeated call with the same external id answers with ConflictError.',
  },
  input: (t) => ({
    externalId: t.string({
      required: true,
      description:
        'The platform’s own identifier for the tenant: 1 to 200 visible ASCII characters. It is unique and never changes.',
    }),
    name: t.string({
      required: true,
      description: `Display name: 1 to ${maxTenantNameLength} characters. White space around it is removed.`,
    }),
  }),
  payload: { tenant: { type: Tenant, description: 'The new tenant.' } },
  errors: [ValidationError, ConflictError],
  resolve: async (input, context) => {
    const by = { actor: requireActor(context), requestId: context.requestId };
    const create = context.services.database.query.transaction();
    return { tenant: await create.execute((trx) => createTenant(trx, input, by)) };
  },
});
