import { ConflictError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
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
 * A tenant by its UUID. It asks for no permission: whoever may see a record that belongs to a tenant may see whose
 * it is.
 */
export const tenantOf = loader<string, TenantRecord | undefined>(async (ids, context) => {
  const found = new Map(
    (await findTenants(context.services.database, ids)).map((tenant) => [tenant.id, tenant]),
  );
  return ids.map((id) => found.get(id));
});

export const Tenant = builder.objectRef<TenantRecord>('Tenant');

node(builder, Tenant, {
  description: 'A customer of the platform: endpoints, events and API keys belong to one.',
  permission: 'MANAGE_TENANTS',
  id: (tenant) => encodeId('Tenant', tenant.id),
  load: async (ids, context) => {
    const found = await findTenants(context.services.database, ids);
    return ids.map((id) => found.find((tenant) => tenant.id === id));
  },
  fields: (t) => ({
    externalId: t.exposeString('externalId', {
      description:
        'The platform’s own identifier for this tenant, unique: the JWT claim `tenant`, the header `heliograph-tenant` and the input of events name it. 1 to 200 visible ASCII characters.',
    }),
    name: t.exposeString('name', {
      description:
        'Its name for people. A tenant that its first token created has its external id as its name.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When Heliograph first heard of it.',
      resolve: (tenant) => new Date(timeOfUuid(tenant.id)),
    }),
    suspendedAt: t.expose('suspendedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'Since when it is suspended: publishing and sending stop while it is set. Null: it is not.',
    }),
  }),
});

const TenantConnection = connection<TenantRecord>(builder, { type: Tenant, cursorOf: (tenant) => tenant.id });

const read = { records: ['Tenant'], sideEffects: [], idempotency: 'A read: changes nothing.' };

builder.queryFields((t) => ({
  tenant: t.field({
    type: Tenant,
    nullable: true,
    description: 'The tenant with this external id; null where there is none.',
    permission: 'MANAGE_TENANTS',
    capability: read,
    args: {
      externalId: t.arg.string({
        required: true,
        description: 'The platform’s own identifier of the tenant.',
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
    'Makes a tenant known before its first token does. (A valid token that names an unknown tenant creates it.) ConflictError where the external id is taken.',
  permission: 'MANAGE_TENANTS',
  capability: {
    records: ['Tenant'],
    sideEffects: ['audit entry'],
    idempotency: 'A second call with the external id answers with a ConflictError.',
  },
  input: (t) => ({
    externalId: t.string({
      required: true,
      description: 'The platform’s own identifier: 1 to 200 visible ASCII characters, unique, never changed.',
    }),
    name: t.string({
      required: true,
      description: `Its name for people: 1 to ${maxTenantNameLength} characters; white space around it is dropped.`,
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
