import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import '../../src/endpoints/change-endpoints.graph.ts';
import '../../src/endpoint-lists/endpoints.graph.ts';
import '../../src/endpoints/prove-endpoint.graph.ts';
import { builder } from '../../src/graph/builder.ts';
import type { Context } from '../../src/graph/context.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { configWith } from '../access/issuer.ts';
import { quietLogger } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';
import { rightEcho, startReceiver } from './receiver.ts';
import { openRoom, type Room } from './room.ts';

// The copy that Pothos uses. The test runner would resolve an import to the package's other copy.
const { graphql }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

let room: Room;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let tenantId: string;
let statements = 0;
const counting: KyselyPlugin = {
  transformQuery: ({ node }) => {
    statements += 1;
    return node;
  },
  transformResult: async ({ result }) => result,
};

builder.subscriptionField('nothing', (t) =>
  t.boolean({
    description: 'Nothing: a schema without a subscription is not valid.',
    permission: 'ANY_CREDENTIAL',
    capability: { records: [], sideEffects: [], idempotency: '' },
    subscribe: () => Promise.reject(new Error('nothing')),
    resolve: () => true,
  }),
);
const schema = builder.toSchema();

beforeAll(async () => {
  room = await openRoom();
  receiver = await startReceiver(rightEcho);
  tenantId = await room.newOwner();
});
afterAll(async () => {
  await room.close();
  await receiver.close();
});

async function ask(
  actor: Actor | undefined,
  source: string,
  options: { variables?: Record<string, unknown>; idempotencyKey?: string } = {},
) {
  const context = {
    services: {
      config: configWith({}),
      database: { ...room.database, query: room.database.query.withPlugin(counting) },
      logger: quietLogger,
      hints: room.database.hints,
      secretBox: room.box,
      signingSecrets: room.secrets,
      limits: limitsWith(),
      handshakes: room.handshakes,
      addressGuard: room.guard,
    },
    actor,
    requestId: 'request-1',
    idempotencyKey: options.idempotencyKey,
  };
  const answer = await graphql({
    schema,
    source,
    // Later rooms have other services, which no field of this room uses.
    contextValue: context as unknown as Context,
    ...(options.variables === undefined ? {} : { variableValues: options.variables }),
  });
  return JSON.parse(JSON.stringify(answer));
}

const admin = () => serviceActor(tenantId, ['MANAGE_WEBHOOKS']);

const create = (input: Record<string, unknown> = {}, actor: Actor = admin(), idempotencyKey?: string) =>
  ask(
    actor,
    `mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) {
       __typename
       ... on CreateEndpointPayload { secret endpoint { id url } }
       ... on Error { code message }
       ... on ValidationError { issues { path code } }
       ... on IdempotencyError { key }
     } }`,
    {
      variables: { input: { url: receiver.url, events: ['*'], ...input } },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    },
  ).then(({ data, errors }) => data?.createEndpoint ?? errors);

test('an endpoint tells all of itself but its secret', async () => {
  const created = await create({ description: 'ours', maxDeliveriesPerSecond: 3 });
  await room.handshakes.idle();
  const { data, errors } = await ask(
    admin(),
    `query ($id: ID!) { endpoint(id: $id) {
       id url description events isActive disabledReason maxDeliveriesPerSecond createdAt updatedAt
       owner { __typename ... on Tenant { id } }
       verification { status verifiedAt checkedAt reason }
       signingSecrets { id createdAt expiresAt }
       circuit { state openedAt nextProbeAt consecutiveFailures }
       auditLog { nodes { action actor { kind label } changes } }
     } node(id: $id) { __typename id } }`,
    { variables: { id: created.endpoint.id } },
  );
  expect(errors).toBeUndefined();
  const instant = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(data).toEqual({
    endpoint: {
      id: created.endpoint.id,
      url: receiver.url,
      description: 'ours',
      events: ['*'],
      isActive: true,
      disabledReason: null,
      maxDeliveriesPerSecond: 3,
      createdAt: instant,
      updatedAt: instant,
      owner: { __typename: 'Tenant', id: encodeId('Tenant', tenantId) },
      verification: { status: 'VERIFIED', verifiedAt: instant, checkedAt: instant, reason: null },
      signingSecrets: [{ id: expect.stringMatching(/^sec_/), createdAt: instant, expiresAt: null }],
      circuit: { state: 'CLOSED', openedAt: null, nextProbeAt: null, consecutiveFailures: 0 },
      auditLog: {
        nodes: [
          {
            action: 'endpoint.create',
            actor: { kind: 'SERVICE', label: 'billing' },
            changes: expect.objectContaining({ url: receiver.url }),
          },
        ],
      },
    },
    node: { __typename: 'Endpoint', id: created.endpoint.id },
  });
  expect(JSON.stringify(data)).not.toContain(created.secret.slice(6));
});

const operations: [name: string, source: string][] = [
  ['endpoint', 'query ($id: ID!) { endpoint(id: $id) { id } }'],
  ['endpoints', 'query { endpoints { nodes { id } } }'],
  ['node', 'query ($id: ID!) { node(id: $id) { id } }'],
  [
    'createEndpoint',
    'mutation { createEndpoint(input: { url: "https://example.com", events: ["*"] }) { __typename } }',
  ],
  ['updateEndpoint', 'mutation ($id: ID!) { updateEndpoint(input: { id: $id }) { __typename } }'],
  ['rotateEndpointSecret', 'mutation ($id: ID!) { rotateEndpointSecret(input: { id: $id }) { __typename } }'],
  ['verifyEndpoint', 'mutation ($id: ID!) { verifyEndpoint(input: { id: $id }) { __typename } }'],
  ['deleteEndpoint', 'mutation ($id: ID!) { deleteEndpoint(input: { id: $id }) { __typename } }'],
];

test.for(operations)('%s needs a credential and MANAGE_WEBHOOKS', async ([name, source]) => {
  const { endpoint } = await create();
  const refusalOf = async (actor: Actor | undefined) => {
    const { errors } = await ask(actor, source, { variables: { id: endpoint.id } });
    return errors?.[0]?.message;
  };
  const weak = serviceActor(tenantId, ['PUBLISH_EVENTS', 'READ_AUDIT_LOG']);
  const user: Actor = { ...weak, kind: 'USER', verifiedEmail: 'someone@example.com' };
  expect(await refusalOf(undefined)).toMatch(/^Send a credential/);
  expect(await refusalOf(weak)).toMatch(/^This needs the permission MANAGE_WEBHOOKS/);
  expect(await refusalOf(user)).toMatch(/^This needs the permission MANAGE_WEBHOOKS/);
  expect(await refusalOf({ ...weak, kind: 'API_KEY' })).toMatch(/^This needs the permission MANAGE_WEBHOOKS/);
  const { data, errors } = await ask({ ...admin(), kind: 'API_KEY' }, source, {
    variables: { id: endpoint.id },
  });
  expect(errors).toBeUndefined();
  expect(data[name]).not.toBeNull();
});

test('a foreign id, an unknown one and a malformed one are answered alike', async () => {
  const { endpoint } = await create();
  const stranger = serviceActor(await room.newOwner(), ['MANAGE_WEBHOOKS']);
  for (const id of [endpoint.id, encodeId('Endpoint', mintUuid()), 'ep_nonsense', 'dlv_01']) {
    const read = await ask(stranger, 'query ($id: ID!) { endpoint(id: $id) { id } node(id: $id) { id } }', {
      variables: { id },
    });
    expect(read).toEqual({ data: { endpoint: null, node: null } });
    for (const act of ['updateEndpoint', 'deleteEndpoint', 'rotateEndpointSecret', 'verifyEndpoint']) {
      const { data } = await ask(
        stranger,
        `mutation ($id: ID!) { ${act}(input: { id: $id }) {
           __typename ... on Error { code message } ... on NotFoundError { missingId } } }`,
        { variables: { id } },
      );
      expect(data[act]).toEqual({
        __typename: 'NotFoundError',
        code: 'NOT_FOUND',
        message: 'There is no such record.',
        missingId: id,
      });
    }
  }
  expect(
    (await ask(admin(), operations[0]?.[1] ?? '', { variables: { id: endpoint.id } })).data.endpoint,
  ).not.toBeNull();
});

test('a bad input is a ValidationError with the path of each issue, and changes nothing', async () => {
  expect(
    await create({ url: 'http://10.0.0.1/', events: ['*', 'no.such'], description: 'x'.repeat(2_000) }),
  ).toEqual({
    __typename: 'ValidationError',
    code: 'VALIDATION_FAILED',
    message: expect.any(String),
    issues: [
      { path: ['url'], code: 'BLOCKED_ADDRESS' },
      { path: ['events', '1'], code: 'UNKNOWN_EVENT_TYPE' },
      { path: ['description'], code: 'TOO_LONG' },
    ],
  });
  const { endpoint } = await create({ description: 'ours', maxDeliveriesPerSecond: 2 });
  const update = (fields: string) =>
    ask(
      admin(),
      `mutation ($id: ID!) { updateEndpoint(input: { id: $id, ${fields} }) {
         ... on ValidationError { issues { path code } }
         ... on UpdateEndpointPayload { endpoint { description maxDeliveriesPerSecond isActive } }
       } }`,
      { variables: { id: endpoint.id } },
    ).then(({ data }) => data.updateEndpoint);
  expect(await update('url: null, events: null, isActive: null, description: null')).toEqual({
    issues: ['url', 'events', 'isActive'].map((field) => ({ path: [field], code: 'REQUIRED' })),
  });
  expect(await update('isActive: true')).toEqual({
    endpoint: { description: 'ours', maxDeliveriesPerSecond: 2, isActive: true },
  });
  expect(await update('description: null, maxDeliveriesPerSecond: null')).toEqual({
    endpoint: { description: null, maxDeliveriesPerSecond: null, isActive: true },
  });
});

test('many creations with one key create one endpoint, and every caller gets its answer or is told to wait', async () => {
  const owner = serviceActor(await room.newOwner(), ['MANAGE_WEBHOOKS']);
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      index % 2 === 0 ? create({ idempotencyKey: key }, owner) : create({}, owner, key),
    ),
  );
  const made = answers.filter(({ __typename }) => __typename === 'CreateEndpointPayload');
  const waiting = answers.filter(({ code }) => code === 'IDEMPOTENCY_KEY_IN_PROGRESS');
  expect(made.length).toBeGreaterThan(0);
  expect(made.length + waiting.length).toBe(60);
  for (const answer of made) expect(answer).toEqual(made[0]);
  expect(await create({ idempotencyKey: key }, owner)).toEqual(made[0]);
  expect((await create({ idempotencyKey: key, description: 'other' }, owner)).code).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );

  const { data } = await ask(owner, '{ endpoints { nodes { id auditLog { nodes { action } } } } }');
  expect(data.endpoints.nodes).toHaveLength(1);
  const actions = data.endpoints.nodes[0].auditLog.nodes.map(({ action }: { action: string }) => action);
  expect(actions.filter((action: string) => action === 'endpoint.create')).toHaveLength(1);

  await rotate(made[0].endpoint.id, {}, owner);
  expect((await create({ idempotencyKey: key }, owner)).code).toBe('IDEMPOTENCY_KEY_REUSED');
});

const rotate = (id: string, input: Record<string, unknown> = {}, actor: Actor = admin()) =>
  ask(
    actor,
    `mutation ($input: RotateEndpointSecretInput!) { rotateEndpointSecret(input: $input) {
       ... on RotateEndpointSecretPayload { secret endpoint { signingSecrets { expiresAt } } }
       ... on Error { code }
       ... on ValidationError { issues { path code } }
       ... on LimitExceededError { limit }
     } }`,
    { variables: { input: { id, ...input } } },
  ).then(({ data }) => data.rotateEndpointSecret);

test('a rotation keeps the old secret for a day unless it is told otherwise, and is repeated with its key', async () => {
  const { endpoint, secret: old } = await create();
  const key = randomUUID();
  const first = await rotate(endpoint.id, { idempotencyKey: key });
  expect(first.secret).not.toBe(old);
  expect(first.endpoint.signingSecrets).toHaveLength(2);
  expect(first.endpoint.signingSecrets[0]).toEqual({ expiresAt: null });
  const secondsLeft = (Date.parse(first.endpoint.signingSecrets[1].expiresAt) - Date.now()) / 1000;
  expect(secondsLeft).toBeGreaterThan(86_300);
  expect(secondsLeft).toBeLessThanOrEqual(86_401);
  expect(await rotate(endpoint.id, { idempotencyKey: key })).toEqual(first);
  expect((await rotate(endpoint.id, { overlapSeconds: 0 })).endpoint.signingSecrets).toEqual([
    { expiresAt: null },
  ]);
  expect((await rotate(endpoint.id, { idempotencyKey: key })).code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(await rotate(endpoint.id, { overlapSeconds: 604_801 })).toEqual({
    code: 'VALIDATION_FAILED',
    issues: [{ path: ['overlapSeconds'], code: 'OUT_OF_RANGE' }],
  });
});

test('a verification answers with its end, and the eleventh of a minute with the limit', async () => {
  const { endpoint } = await create();
  const verify = () =>
    ask(
      admin(),
      `mutation ($id: ID!) { verifyEndpoint(input: { id: $id }) {
         ... on VerifyEndpointPayload { verified reason endpoint { verification { status } } }
         ... on LimitExceededError { code limit }
       } }`,
      { variables: { id: endpoint.id } },
    ).then(({ data }) => data.verifyEndpoint);
  expect(await verify()).toEqual({
    verified: true,
    reason: null,
    endpoint: { verification: { status: 'VERIFIED' } },
  });
  for (let count = 2; count <= 10; count += 1) await verify();
  expect(await verify()).toEqual({ code: 'LIMIT_EXCEEDED', limit: 10 });
});

test('a deleted endpoint is gone for everyone who asks', async () => {
  const { endpoint } = await create();
  const remove = () =>
    ask(
      admin(),
      `mutation ($id: ID!) { deleteEndpoint(input: { id: $id }) {
         ... on DeleteEndpointPayload { id deletedAt } ... on Error { code } } }`,
      { variables: { id: endpoint.id } },
    ).then(({ data }) => data.deleteEndpoint);
  expect(await remove()).toEqual({ id: endpoint.id, deletedAt: expect.any(String) });
  expect(await remove()).toEqual({ code: 'NOT_FOUND' });
  const { data } = await ask(admin(), 'query ($id: ID!) { endpoint(id: $id) { id } }', {
    variables: { id: endpoint.id },
  });
  expect(data.endpoint).toBeNull();
});

test('a page with everything about each endpoint takes as many statements for fifty as for one', async () => {
  const owner = serviceActor(await room.newOwner(), ['MANAGE_WEBHOOKS']);
  const dashboard = `query ($first: Int) { endpoints(first: $first) { nodes {
     id owner { ... on Tenant { name } } verification { status } signingSecrets { id } circuit { state }
     auditLog(first: 5) { nodes { action } pageInfo { hasNextPage } } } } }`;
  const counted = async (first: number) => {
    statements = 0;
    const { data } = await ask(owner, dashboard, { variables: { first } });
    expect(data.endpoints.nodes).toHaveLength(first);
    return statements;
  };
  await Promise.all(Array.from({ length: 50 }, () => create({}, owner)));
  await room.handshakes.idle();
  expect(await counted(50)).toBe(await counted(1));
  expect(await counted(1)).toBeLessThanOrEqual(5);
});

test('the filter by event finds whoever receives events of that type', async () => {
  const owner = serviceActor(await room.newOwner(), ['MANAGE_WEBHOOKS']);
  const all = await create({}, owner);
  await room.database.api.query(
    "insert into event_type (id, name, category, description, data_type, example) values ($1, 'task.moved', 'task', '', 't', '{}')",
    [mintUuid()],
  );
  const category = await create({ events: ['task.*'] }, owner);
  const byEvent = async (event: string) => {
    const { data } = await ask(
      owner,
      'query ($event: String) { endpoints(filter: { event: $event }) { nodes { id } } }',
      {
        variables: { event },
      },
    );
    return data.endpoints.nodes.map(({ id }: { id: string }) => id);
  };
  expect(await byEvent('task.moved')).toEqual([category.endpoint.id, all.endpoint.id]);
  expect(await byEvent('task.*')).toEqual([category.endpoint.id]);
  expect(await byEvent('comment.created')).toEqual([all.endpoint.id]);
  expect(await byEvent('nul\0')).toEqual([]);
});
