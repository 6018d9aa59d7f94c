import type { Counted } from '../db/keyset.ts';
import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder, Permission } from '../graph/builder.ts';
import { connection, countedFields, pageArgs, pageCost } from '../graph/connection.ts';
import { requireActor, requireTenant } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import { type ApiKey as ApiKeyRecord, findApiKeys, listApiKeys } from './api-key.ts';
import { createApiKey, maxApiKeyNameLength, maxLiveApiKeys } from './create-api-key.ts';
import { revokeApiKey } from './revoke-api-key.ts';

const ApiKey = builder.objectRef<ApiKeyRecord>('ApiKey');

node(builder, ApiKey, {
  description:
    'A credential of a tenant for programs: `Authorization: Bearer hgk_…`. The key itself is never shown again.',
  permission: 'MANAGE_API_KEYS',
  id: (key) => encodeId('ApiKey', key.id),
  load: async (ids, context) => {
    const found = await findApiKeys(context.services.database, requireTenant(context), ids);
    return ids.map((id) => found.find((key) => key.id === id));
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people know it by; need not be unique.' }),
    permissions: t.expose('permissions', {
      type: [Permission],
      description: 'What it may do: at most what its creator could.',
    }),
    prefix: t.exposeString('prefix', { description: 'Its first 12 characters, enough to recognise it.' }),
    lastFour: t.exposeString('lastFour', { description: 'Its last four characters.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (key) => new Date(timeOfUuid(key.id)),
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, right to about a minute; null before its first use.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working; null where it does not expire.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null while it was not.',
    }),
  }),
});

/** What a repetition of `createApiKey` needs. */
type CreatedKey = { id: string; key: string };

const ApiKeyConnection = connection<ApiKeyRecord, Counted>(builder, {
  type: ApiKey,
  cursorOf: (key) => key.id,
  fields: countedFields,
});

builder.queryField('apiKeys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'The tenant’s API keys, newest first; those that were revoked or have expired among them.',
    permission: 'MANAGE_API_KEYS',
    capability: { records: ['ApiKey'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) => listApiKeys(context.services.database, requireTenant(context), page),
  }),
);

mutation(builder, 'createApiKey', {
  description: `Creates an API key of the tenant. A tenant has at most ${maxLiveApiKeys} that are neither revoked nor expired: LimitExceededError beyond.`,
  permission: 'MANAGE_API_KEYS',
  capability: { records: ['ApiKey'], sideEffects: ['audit entry'], idempotency: idempotencyNote },
  input: (t) => ({
    name: t.string({
      required: true,
      description: `What people know it by: 1 to ${maxApiKeyNameLength} characters; need not be unique.`,
    }),
    permissions: t.field({
      type: [Permission],
      required: true,
      description:
        'What it may do: at least one, only what you may do yourself, and never MANAGE_TENANTS or MANAGE_EVENT_TYPES. Otherwise a ValidationError names each.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it stops working: in the future. By default it does not expire.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    apiKey: { type: ApiKey, description: 'The new key’s record.' },
    key: { type: 'String', description: 'The key itself, `hgk_…`: shown here and never again.' },
  },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  resolve: async (input, context) => {
    const tenantId = requireTenant(context);
    const by = { tenantId, actor: requireActor(context), requestId: context.requestId };
    const { id, key } = await idempotently(
      context,
      { ownerId: tenantId, field: 'createApiKey', input, secretOf: (answer: CreatedKey) => answer.id },
      async (trx) => {
        const created = await createApiKey(trx, input, by);
        return { id: created.apiKey.id, key: created.key };
      },
    );
    const [apiKey] = await findApiKeys(context.services.database, tenantId, [id]);
    if (apiKey === undefined) throw new Error('An API key that was just created is missing.');
    return { apiKey, key };
  },
});

mutation(builder, 'revokeApiKey', {
  description:
    'Revokes an API key for good. Requests with it are refused within 2 seconds; its subscriptions end within 5. A key may revoke itself.',
  permission: 'MANAGE_API_KEYS',
  capability: {
    records: ['ApiKey'],
    sideEffects: ['audit entry', 'ends the key’s subscriptions'],
    idempotency: 'A revoked key stays as it is: a second call changes nothing and answers the same.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The id of the key: `key_…`, not the key itself.' }),
  }),
  payload: { apiKey: { type: ApiKey, description: 'The revoked key’s record.' } },
  errors: [NotFoundError],
  resolve: async ({ id }, context) => {
    const by = {
      tenantId: requireTenant(context),
      actor: requireActor(context),
      requestId: context.requestId,
    };
    const revoke = context.services.database.query.transaction();
    return { apiKey: await revoke.execute((trx) => revokeApiKey(trx, id, by)) };
  },
});
