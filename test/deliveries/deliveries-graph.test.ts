import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeAttemptId, encodeId, mintUuid } from '../../src/ids.ts';
import { Hub } from '../../src/live/hub.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { ask, type Caller } from './graph.ts';

let db: TestDatabase;
let hub: Hub;
beforeAll(async () => {
  db = await createTestDatabase();
  hub = new Hub({ database: db.database, hints: db.database.hints, logger: quietLogger });
});
afterAll(() => db.drop());

async function seed(count: number) {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  const deliveries = await seedDeliveries(db.database, ownerId, endpointId, count);
  return { caller: { tenantId: ownerId } satisfies Caller, ownerId, endpointId, deliveries };
}

const query = (caller: Caller, source: string) => ask({ database: db.database, hub }, caller, source);

test('a page carries deliveries, their endpoint, their event and the position to subscribe after', async () => {
  const { caller, ownerId, endpointId, deliveries } = await seed(2);
  const answer = await query(
    caller,
    `{ deliveries(first: 1) {
         logPosition pageInfo { hasNextPage }
         nodes {
           id status kind eventType failureReason attemptCount maxAttempts createdAt completedAt
           endpoint { id }
           event { id type payload payloadText tenant { externalId } deliveries { nodes { id } } }
           attempts { number } replayOf { id } replays { nodes { id } }
         } } }`,
  );
  expect(answer.errors).toBeUndefined();
  const newest = deliveries[1];
  expect(answer.data).toMatchObject({
    deliveries: {
      logPosition: 2,
      pageInfo: { hasNextPage: true },
      nodes: [
        {
          id: encodeId('Delivery', newest?.id ?? ''),
          status: 'PENDING',
          kind: 'EVENT',
          eventType: 'order.paid',
          failureReason: null,
          attemptCount: 0,
          maxAttempts: 3,
          completedAt: null,
          endpoint: { id: encodeId('Endpoint', endpointId) },
          event: {
            id: encodeId('Event', newest?.eventId ?? ''),
            payload: {},
            payloadText: '{}',
            tenant: { externalId: ownerId },
            deliveries: { nodes: [{ id: encodeId('Delivery', newest?.id ?? '') }] },
          },
          attempts: [],
          replayOf: null,
          replays: { nodes: [] },
        },
      ],
    },
  });
});

test('records are found by their ids: typed, by node, and an attempt through its delivery', async () => {
  const { caller, ownerId, deliveries } = await seed(1);
  const [delivery] = deliveries;
  if (delivery === undefined) throw new Error('nothing seeded');
  await db.database.api.query('update delivery set attempt_count = 1 where id = $1', [delivery.id]);
  await db.database.api.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, duration_ms, response_status, response_headers)
     values ($1, $2, 1, 'HTTP_STATUS', now(), 12.5, 500, '[{"name":"server","value":"x"}]')`,
    [ownerId, delivery.id],
  );
  const ids = {
    delivery: encodeId('Delivery', delivery.id),
    event: encodeId('Event', delivery.eventId),
    attempt: encodeAttemptId(delivery.id, 1),
  };
  const source = `{
    delivery(id: "${ids.delivery}") { attempts { id outcome durationMs responseStatus responseHeaders { name value } } }
    event(id: "${ids.event}") { id }
    nodes(ids: ["${ids.delivery}", "${ids.event}", "${ids.attempt}"]) { __typename id }
  }`;
  expect(await query(caller, source)).toEqual({
    data: {
      delivery: {
        attempts: [
          {
            id: ids.attempt,
            outcome: 'HTTP_STATUS',
            durationMs: 12.5,
            responseStatus: 500,
            responseHeaders: [{ name: 'server', value: 'x' }],
          },
        ],
      },
      event: { id: ids.event },
      nodes: [
        { __typename: 'Delivery', id: ids.delivery },
        { __typename: 'Event', id: ids.event },
        { __typename: 'DeliveryAttempt', id: ids.attempt },
      ],
    },
  });
  const stranger = await seedOwner(db.database);
  expect(await query({ tenantId: stranger.ownerId }, source)).toEqual({
    data: { delivery: null, event: null, nodes: [null, null, null] },
  });
  expect(await query(caller, '{ delivery(id: "dlv_no") { id } event(id: "") { id } }')).toEqual({
    data: { delivery: null, event: null },
  });
});

test('an endpoint lists its own deliveries, filtered', async () => {
  const { caller, endpointId, deliveries } = await seed(3);
  const id = encodeId('Endpoint', endpointId);
  expect(
    await query(
      caller,
      `{ endpoint(id: "${id}") {
           all: deliveries { nodes { id } logPosition }
           none: deliveries(filter: { status: [SUCCEEDED] }) { nodes { id } } }
         deliveryCount(filter: { endpointId: ["${id}"] }, limit: 2) { count isCapped } }`,
    ),
  ).toEqual({
    data: {
      endpoint: {
        all: {
          logPosition: 3,
          nodes: deliveries.map((delivery) => ({ id: encodeId('Delivery', delivery.id) })).reverse(),
        },
        none: { nodes: [] },
      },
      deliveryCount: { count: 2, isCapped: true },
    },
  });
});

test('events are listed, and the log tells its bounds', async () => {
  const { caller, ownerId, deliveries } = await seed(2);
  await db.database.api.query('update owner_log set floor = 1 where owner_id = $1', [ownerId]);
  expect(
    await query(
      caller,
      '{ events(type: ["order.paid"]) { nodes { id } } logHead logOldest none: events(type: []) { nodes { id } } }',
    ),
  ).toEqual({
    data: {
      events: { nodes: deliveries.map(({ eventId }) => ({ id: encodeId('Event', eventId) })).reverse() },
      logHead: 2,
      logOldest: 1,
      none: { nodes: [] },
    },
  });
});

test.each([
  'deliveries { logPosition }',
  'delivery(id: "x") { id }',
  'deliveryCount { count }',
  'events { nodes { id } }',
  'event(id: "x") { id }',
  'logHead',
  'logOldest',
])('a user without MANAGE_WEBHOOKS cannot ask for %s', async (field) => {
  const { ownerId } = await seedOwner(db.database);
  const answer = await query({ tenantId: ownerId, permissions: new Set(['PUBLISH_EVENTS']) }, `{ ${field} }`);
  expect(answer.errors?.[0]?.originalError).toMatchObject({
    code: 'FORBIDDEN',
    extensions: { permission: 'MANAGE_WEBHOOKS' },
  });
});

test('an app that is not the caller’s own is not found', async () => {
  const { ownerId } = await seedOwner(db.database);
  const answer = await query({ tenantId: ownerId }, `{ logHead(appId: "${encodeId('App', mintUuid())}") }`);
  expect(answer.errors?.[0]?.originalError).toMatchObject({ code: 'NOT_FOUND' });
});

test('an app’s own token sees the app’s log', async () => {
  const { ownerId: appId } = await seed(2);
  const caller: Caller = { tenantId: undefined, kind: 'APP', appId, permissions: new Set() };
  expect(await query(caller, `{ logHead own: logHead(appId: "${encodeId('App', appId)}") }`)).toEqual({
    data: { logHead: 2, own: 2 },
  });
});
