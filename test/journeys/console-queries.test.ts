import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, registerEventType, send } from '../support/client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** What a person who looks after webhooks asks for, apart from the lists. */
let stage: Stage;
let server: ServerProcess;
let admin: Caller;
beforeAll(async () => {
  stage = await openStage();
  server = await stage.startServer({ ROLE: 'api' });
  admin = await stage.callerOf(server);
  for (const name of ['order.paid', 'order.sent', 'user.left']) {
    await registerEventType(admin, { name, example: {} });
  }
});
afterAll(() => stage.close());

async function endpoint(events: readonly string[], isActive = true): Promise<string> {
  const { url } = await stage.startReceiver();
  const { createEndpoint } = await ask<{ createEndpoint: { endpoint: { id: string } } }>(
    admin,
    `mutation ($input: CreateEndpointInput!) {
      createEndpoint(input: $input) { ... on CreateEndpointPayload { endpoint { id } } } }`,
    { input: { url, events, isActive } },
  );
  return createEndpoint.endpoint.id;
}

const act = (name: string, input: object) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  return ask<Record<string, Record<string, unknown>>>(
    admin,
    `mutation ($input: ${type}) { result: ${name}(input: $input) { __typename } }`,
    { input },
  );
};

const stateOf = async (id: string) => {
  const document = 'query ($id: ID!) { endpoint(id: $id) { state { name reason since } updatedAt } }';
  const { endpoint: found } = await ask<{
    endpoint: { state: { name: string; reason: string | null; since: string | null }; updatedAt: string };
  }>(admin, document, { id });
  return found.state;
};

test('an endpoint’s state says why it is so and since when', async () => {
  const id = await endpoint(['*']);
  await act('verifyEndpoint', { id });
  expect(await stateOf(id)).toEqual({ name: 'ACTIVE', reason: null, since: null });
  const before = Date.now();
  await act('updateEndpoint', { id, isActive: false });
  const paused = await stateOf(id);
  expect(paused).toMatchObject({ name: 'PAUSED', reason: expect.stringContaining('inactive') });
  await act('updateEndpoint', { id, description: 'Still paused.' });
  expect(await stateOf(id)).toEqual(paused);
  expect(Math.abs(Date.parse(paused.since ?? '') - before)).toBeLessThan(10_000);
  await act('updateEndpoint', { id, isActive: true });
  expect((await stateOf(id)).name).toBe('ACTIVE');
});

test('an event type tells who of the viewer’s subscribes to it, page by page', async () => {
  const [all, orders, paid] = [
    await endpoint(['*'], false),
    await endpoint(['order.*'], false),
    await endpoint(['order.paid'], false),
  ];
  await endpoint(['user.left'], false);
  const document = `query ($first: Int, $after: String) {
    eventType(name: "order.paid") {
      subscribedEndpoints(first: $first, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor }
      }
    }
  }`;
  type Page = {
    totalCount: number;
    nodes: { id: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  };
  const page = async (variables: object) =>
    (await ask<{ eventType: { subscribedEndpoints: Page } }>(admin, document, { ...variables })).eventType
      .subscribedEndpoints;
  const first = await page({ first: 2 });
  expect(first).toMatchObject({ nodes: [{ id: paid }, { id: orders }], pageInfo: { hasNextPage: true } });
  const rest = await page({ first: 100, after: first.pageInfo.endCursor });
  expect(rest.nodes.map(({ id }) => id)).toContain(all);
  expect(rest.totalCount).toBe(first.totalCount);
  expect(first.nodes.length + rest.nodes.length).toBe(first.totalCount);
  const { body } = await send(admin, document, { first: 1, after: 'nonsense' });
  expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});

test('who may not see endpoints is not told who subscribes; another tenant sees its own alone', async () => {
  const document = '{ eventTypes { name subscribedEndpoints { totalCount nodes { id } } } }';
  type Types = { eventTypes: { name: string; subscribedEndpoints: { totalCount: number } | null }[] };
  const subscribed = async (caller: Caller) => {
    const { eventTypes } = await ask<Types>(caller, document);
    return eventTypes.find(({ name }) => name === 'order.paid')?.subscribedEndpoints;
  };
  expect(await subscribed(await stage.callerOf(server, { permissions: ['publish_events'] }))).toBeNull();
  expect(
    await subscribed(await stage.callerOf(server, { tenant: undefined, kind: 'service', sub: 'a-service' })),
  ).toBeNull();
  expect(await subscribed(await stage.callerOf(server, { tenant: 'globex' }))).toEqual({
    totalCount: 0,
    nodes: [],
  });
});

test('short lists say how many there are, whatever page was asked for', async () => {
  for (const name of ['one', 'two', 'three']) {
    await act('createApiKey', { name, permissions: ['MANAGE_WEBHOOKS'] });
    await act('createApp', { name, source: name, ownerEmail: 'owner@acme.example' });
  }
  const counts = await ask<Record<string, { totalCount: number; nodes: unknown[] }>>(
    admin,
    `{
      apiKeys(first: 1) { totalCount nodes { id } }
      apps(first: 1) { totalCount nodes { id } }
      appInstallations { totalCount nodes { id } }
      endpoints(first: 1) { totalCount nodes { id } }
      tenants(first: 1) { totalCount nodes { id } }
      failing: endpoints(first: 1, orderBy: FAILING_FIRST) { totalCount nodes { id } }
      inactive: endpoints(first: 0, filter: { isActive: false }) { totalCount nodes { id } }
    }`,
  );
  expect(counts).toMatchObject({
    apiKeys: { totalCount: 3, nodes: [{}] },
    apps: { totalCount: 3, nodes: [{}] },
    appInstallations: { totalCount: 0, nodes: [] },
    tenants: { totalCount: 2, nodes: [{}] },
  });
  const { endpoints, failing, inactive } = counts;
  expect(failing?.totalCount).toBe(endpoints?.totalCount);
  expect(endpoints?.totalCount).toBeGreaterThan(inactive?.totalCount ?? 0);
  expect(inactive).toEqual({ totalCount: 4, nodes: [] });
});

test('a delivery is found by its event and tells its history, with the positions of the log', async () => {
  const id = await endpoint(['*'], false);
  const { testEndpoint } = await ask<{
    testEndpoint: { delivery: { id: string; event: { id: string } } };
  }>(
    admin,
    `mutation ($id: ID!) {
      testEndpoint(input: { id: $id, eventType: "order.paid" }) {
        ... on TestEndpointPayload { delivery { id event { id } } } } }`,
    { id },
  );
  const { id: deliveryId, event } = testEndpoint.delivery;
  const found = await ask<{ deliveries: { nodes: { id: string; history: { position: number }[] }[] } }>(
    admin,
    `query ($ids: [ID!]) {
      deliveries(filter: { eventId: $ids }) {
        nodes { id history { position after deliveryId previousStatus status failureReason } }
      } }`,
    { ids: [event.id] },
  );
  const position = found.deliveries.nodes[0]?.history[0]?.position ?? 0;
  const change = { position, after: position - 1, deliveryId, previousStatus: null, status: 'FAILED' };
  expect(found.deliveries.nodes).toEqual([
    { id: deliveryId, history: [{ ...change, failureReason: 'ENDPOINT_INACTIVE' }] },
  ]);
  const { logHead } = await ask<{ logHead: number }>(admin, '{ logHead }');
  expect(logHead).toBe(position);
});
