import type { Counted } from '../db/keyset.ts';
import { usualLimits } from '../environment.ts';
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
import { createApiKey, maxApiKeyNameLength } from './create-api-key.ts';
import { revokeApiKey } from './revoke-api-key.ts';

const ApiKey = builder.objectRef<ApiKeyRecord>('ApiKey');

node(builder, ApiKey, {
  description:
    'A credential with which programs act for a tenant: `Authorization: Bearer hgk_…`. The key itself is shown only once, when it is created.',
  permission: 'MANAGE_API_KEYS',
  id: (key) => encodeId('ApiKey', key.id),
  load: async (ids, context) => {
    const found = await findApiKeys(context.services.database, requireTenant(context), ids);
    return ids.map((id) => found.find((key) => key.id === id));
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Display name. It need not be unique.' }),
    permissions: t.expose('permissions', {
      type: [Permission],
      description: 'Its permissions. It cannot have one that its creator did not have.',
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
      description: 'When it was last used, accurate to about a minute; null before its first use.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working; null if it does not expire.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null if it has not been revoked.',
    }),
  }),
});

/** The part of the answer that a repeated `createApiKey` needs. */
type CreatedKey = { id: string; key: string };

const ApiKeyConnection = connection<ApiKeyRecord, Counted>(builder, {
  type: ApiKey,
  cursorOf: (key) => key.id,
  fields: countedFields,
});

builder.queryField('apiKeys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'The tenant’s API keys, newest first, including revoked and expired ones.',
    permission: 'MANAGE_API_KEYS',
    capability: { records: ['ApiKey'], sideEffects: [], idempotency: 'It only reads.' },
    complexity: pageCost,
    args: pageArgs(t.arg),
    resolve: (_root, page, context) => listApiKeys(context.services.database, requireTenant(context), page),
  }),
);

mutation(builder, 'createApiKey', {
  description: `Creates an API key of the tenant. A tenant has at most ${usualLimits.apiKeys} keys that are neither revoked nor expired, unless the operator has set another limit; one more is a LimitExceededError.`,
  permission: 'MANAGE_API_KEYS',
  capability: { records: ['ApiKey'], sideEffects: ['audit entry'], idempotency: idempotencyNote },
  input: (t) => ({
    name: t.string({
      required: true,
      description: `Display name: 1 to ${maxApiKeyNameLength} characters. It need not be unique. White space around it is removed.`,
    }),
    permissions: t.field({
      type: [Permission],
      required: true,
      description:
        'Its permissions: at least one. Only permissions that you have yourself can be given, and never MANAGE_TENANTS or MANAGE_EVENT_TYPES; a ValidationError names each one that cannot.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it stops working. The time must be in the future. By default it does not expire.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    apiKey: { type: ApiKey, description: 'The record of the new key.' },
    key: { type: 'String', description: 'The key itself: `hgk_…`. It is shown here and never again.' },
  },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  resolve: async (input, context) => {
    const tenantId = requireTenant(context);
    const { limits } = context.services;
    const by = { tenantId, actor: requireActor(context), requestId: context.requestId, limits };
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
    'Revokes an API key permanently. Requests with it are refused within 2 seconds, and its subscriptions end within 5. A key may revoke itself.',
  permission: 'MANAGE_API_KEYS',
  capability: {
    records: ['ApiKey'],
    sideEffects: ['audit entry', 'ends the key’s subscriptions'],
    idempotency: 'A repeated call changes nothing and answers the same.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The id of the key: `key_…`, not the key itself.' }),
  }),
  payload: { apiKey: { type: ApiKey, description: 'The record of the revoked key.' } },
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
