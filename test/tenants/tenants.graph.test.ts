import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builder } from '../../src/graph/builder.ts';
import '../../src/audit/audit.graph.ts';
import '../../src/event-types/event-types.graph.ts';
import '../../src/tenants/api-keys.graph.ts';
import '../../src/tenants/viewer.graph.ts';
import { encodeId } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { addTenant } from '../access/tenants.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Ask, asker } from './ask.ts';

let db: TestDatabase;
let ask: Ask;
let tenantId: string;
beforeAll(async () => {
  db = await createTestDatabase();
  ask = asker(db, builder);
  tenantId = await addTenant(db.database, 'acme');
});
afterAll(() => db.drop());

const platform = serviceActor();
const forbidden = (permission: string) => [
  expect.objectContaining({ message: expect.stringContaining(permission) }),
];

test('the viewer learns who it is', async () => {
  const { data } = await ask(
    serviceActor(tenantId, ['READ_AUDIT_LOG', 'MANAGE_WEBHOOKS']),
    '{ viewer { kind actorId label permissions tenant { id externalId name createdAt suspendedAt } expiresAt } }',
  );
  expect(data).toEqual({
    viewer: {
      kind: 'SERVICE',
      actorId: 'billing',
      label: 'billing',
      permissions: ['MANAGE_WEBHOOKS', 'READ_AUDIT_LOG'],
      tenant: {
        id: encodeId('Tenant', tenantId),
        externalId: 'acme',
        name: 'acme',
        createdAt: expect.any(String),
        suspendedAt: null,
      },
      expiresAt: null,
    },
  });
  expect((await ask(platform, '{ viewer { tenant { id } } }')).data).toEqual({ viewer: { tenant: null } });
});

test('every field is closed to who lacks its permission', async () => {
  const nobody = serviceActor(tenantId, []);
  for (const [field, permission] of [
    ['tenant(externalId: "acme") { id }', 'MANAGE_TENANTS'],
    ['tenants { nodes { id } }', 'MANAGE_TENANTS'],
    ['apiKeys { nodes { id } }', 'MANAGE_API_KEYS'],
    ['auditLog { nodes { id } }', 'READ_AUDIT_LOG'],
  ] as const) {
    expect((await ask(nobody, `{ ${field} }`)).errors).toEqual(forbidden(permission));
    expect((await ask(undefined, `{ ${field} }`)).errors).toHaveLength(1);
  }
  for (const [mutation, permission] of [
    ['createTenant(input: { externalId: "x", name: "X" })', 'MANAGE_TENANTS'],
    ['createApiKey(input: { name: "ci", permissions: [] })', 'MANAGE_API_KEYS'],
    ['revokeApiKey(input: { id: "x" })', 'MANAGE_API_KEYS'],
    [
      'registerEventType(input: { name: "x", description: "x", dataType: "x", example: 1 })',
      'MANAGE_EVENT_TYPES',
    ],
    ['deprecateEventType(input: { name: "x", reason: "x" })', 'MANAGE_EVENT_TYPES'],
  ] as const) {
    expect((await ask(nobody, `mutation { ${mutation} { __typename } }`)).errors).toEqual(
      forbidden(permission),
    );
  }
});

test('a tenant is created, found, listed, and a second one refused', async () => {
  const create = `mutation { createTenant(input: { externalId: "globex", name: "Globex" }) {
    __typename ... on CreateTenantPayload { tenant { id name } } ... on Error { code } } }`;
  const { data } = await ask(platform, create);
  expect(data).toMatchObject({ createTenant: { tenant: { name: 'Globex' } } });
  expect((await ask(platform, create)).data).toEqual({
    createTenant: { __typename: 'ConflictError', code: 'CONFLICT' },
  });
  const found = await ask(
    platform,
    '{ tenant(externalId: "globex") { name } tenants(first: 1) { nodes { name } } }',
  );
  expect(found.data).toEqual({ tenant: { name: 'Globex' }, tenants: { nodes: [{ name: 'Globex' }] } });
});

describe('an API key', () => {
  const create = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
    ... on CreateApiKeyPayload { key apiKey { id permissions prefix lastFour } } ... on Error { code message }
    ... on ValidationError { issues { path } } } }`;
  const revoke = `mutation($id: ID!) { revokeApiKey(input: { id: $id }) { __typename
    ... on RevokeApiKeyPayload { apiKey { id revokedAt } } ... on NotFoundError { missingId } } }`;
  const input = { name: 'ci', permissions: ['PUBLISH_EVENTS'] };

  test('is created once for an idempotency key, until it is revoked', async () => {
    const actor = serviceActor(tenantId);
    const call = () => ask(actor, create, { variables: { input }, idempotencyKey: 'once' });
    const first = (await call()).data as { createApiKey: { key: string; apiKey: { id: string } } };
    expect((await call()).data).toEqual(first);
    expect(await ask(actor, create, { variables: { input: { ...input, idempotencyKey: 'once' } } })).toEqual({
      data: first,
    });
    const { id } = first.createApiKey.apiKey;
    const log = await ask(
      actor,
      `{ auditLog(filter: { targetId: "${id}" }) { nodes { action targetId actor { kind } } } }`,
    );
    expect(log.data).toEqual({
      auditLog: { nodes: [{ action: 'api_key.create', targetId: id, actor: { kind: 'SERVICE' } }] },
    });

    expect((await ask(actor, revoke, { variables: { id } })).data).toMatchObject({
      revokeApiKey: { apiKey: { id, revokedAt: expect.any(String) } },
    });
    expect((await call()).data).toMatchObject({ createApiKey: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  test('of another tenant, or none, is missing, by node too', async () => {
    const { data } = await ask(serviceActor(tenantId), create, { variables: { input } });
    const { id } = (data as { createApiKey: { apiKey: { id: string } } }).createApiKey.apiKey;
    const foreign = serviceActor(await addTenant(db.database, 'foreign'));
    expect((await ask(foreign, revoke, { variables: { id } })).data).toEqual({
      revokeApiKey: { __typename: 'NotFoundError', missingId: id },
    });
    const asNode = `{ node(id: "${id}") { __typename id } }`;
    expect((await ask(foreign, asNode)).data).toEqual({ node: null });
    expect((await ask(serviceActor(tenantId), asNode)).data).toEqual({ node: { __typename: 'ApiKey', id } });
  });

  test('of nobody’s tenant cannot be asked for', async () => {
    expect((await ask(platform, '{ apiKeys { nodes { id } } }')).errors).toHaveLength(1);
  });

  test('with too many permissions is refused with their places', async () => {
    const variables = { input: { name: 'ci', permissions: ['MANAGE_API_KEYS', 'PUBLISH_EVENTS'] } };
    expect(
      (await ask(serviceActor(tenantId, ['MANAGE_API_KEYS']), create, { variables })).data,
    ).toMatchObject({
      createApiKey: { __typename: 'ValidationError', issues: [{ path: ['permissions', '1'] }] },
    });
  });
});

test('an event type is registered, refused with a path, deprecated and listed', async () => {
  const register = `mutation($input: RegisterEventTypeInput!) { registerEventType(input: $input) { __typename
    ... on RegisterEventTypePayload { eventType { id name category schema example isLifecycle } }
    ... on ValidationError { issues { path code } } } }`;
  const input = {
    name: 'comment.created',
    description: 'A comment.',
    dataType: 'Comment',
    schema: { type: 'object' },
  };
  expect(
    (await ask(platform, register, { variables: { input: { ...input, example: 1 } } })).data,
  ).toMatchObject({
    registerEventType: { issues: [{ path: ['example'], code: 'SCHEMA_MISMATCH' }] },
  });
  const { data } = await ask(platform, register, {
    variables: { input: { ...input, example: { b: 1, a: 2 } } },
  });
  expect(data).toMatchObject({
    registerEventType: { eventType: { category: 'comment', example: { b: 1, a: 2 }, isLifecycle: false } },
  });
  const deprecated = await ask(
    platform,
    `mutation { deprecateEventType(input: { name: "comment.created", reason: "Old." }) {
       ... on DeprecateEventTypePayload { eventType { deprecationReason deprecatedAt } } } }`,
  );
  expect(deprecated.data).toMatchObject({ deprecateEventType: { eventType: { deprecationReason: 'Old.' } } });
  const nobody = serviceActor(tenantId, []);
  const listed = await ask(
    nobody,
    `{ eventTypes(category: "comment") { name } all: eventTypes(category: "comment", includeDeprecated: true) { name }
       eventType(name: "comment.created") { name } none: eventType(name: "x") { name } }`,
  );
  expect(listed.data).toEqual({
    eventTypes: [],
    all: [{ name: 'comment.created' }],
    eventType: { name: 'comment.created' },
    none: null,
  });
});

test('the platform’s log is its services’ alone', async () => {
  await ask(
    platform,
    'mutation { createTenant(input: { externalId: "logged", name: "Logged" }) { __typename } }',
  );
  const query =
    '{ auditLog(first: 1, filter: { action: ["tenant.create"] }) { nodes { action changes requestId } } }';
  expect((await ask(platform, query)).data).toEqual({
    auditLog: {
      nodes: [
        {
          action: 'tenant.create',
          changes: { externalId: 'logged', name: 'Logged' },
          requestId: 'request-1',
        },
      ],
    },
  });
  expect((await ask(serviceActor(tenantId), query)).data).toEqual({ auditLog: { nodes: [] } });
  expect((await ask({ ...platform, kind: 'USER' }, query)).errors).toHaveLength(1);
});
