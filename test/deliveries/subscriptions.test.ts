import type { ExecutionResult } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RequestError } from '../../src/errors.ts';
import { encodeId } from '../../src/ids.ts';
import { Hub } from '../../src/live/hub.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { follow } from './graph.ts';

let db: TestDatabase;
let hub: Hub;
beforeAll(async () => {
  db = await createTestDatabase();
  hub = new Hub({ database: db.database, hints: db.database.hints, logger: quietLogger, pollMs: 20 });
  hub.start();
});
afterAll(async () => {
  await hub.stop();
  await db.drop();
});

async function seed() {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  return {
    ownerId,
    endpointId,
    add: (count: number) => seedDeliveries(db.database, ownerId, endpointId, count),
  };
}

type Options = Parameters<typeof follow>[2] & { logHeartbeatMs?: number };

async function open(ownerId: string, { logHeartbeatMs, ...options }: Options) {
  const parts = { database: db.database, hub, ...(logHeartbeatMs !== undefined && { logHeartbeatMs }) };
  const stream = await follow(parts, { tenantId: ownerId }, options);
  if (!('next' in stream)) throw new Error(`refused: ${JSON.stringify(stream.errors)}`);
  return stream;
}

async function take(stream: AsyncGenerator<ExecutionResult, void, void>) {
  const { value } = await stream.next();
  return value ?? undefined;
}

test('each change is a message, whose delivery is read fresh', async () => {
  const { ownerId, endpointId, add } = await seed();
  const [delivery] = await add(1);
  const id = delivery?.id ?? '';
  const stream = await open(ownerId, {
    source: `subscription { deliveryStatusChanged(after: 0) {
      position after status previousStatus failureReason attemptNumber responseStatus eventType deliveryId endpointId
      delivery { id status endpoint { id } } } }`,
  });
  const message = {
    position: 1,
    after: 0,
    status: 'PENDING',
    previousStatus: null,
    failureReason: null,
    attemptNumber: 0,
    responseStatus: null,
    eventType: 'order.paid',
    deliveryId: encodeId('Delivery', id),
    endpointId: encodeId('Endpoint', endpointId),
    delivery: {
      id: encodeId('Delivery', id),
      status: 'PENDING',
      endpoint: { id: encodeId('Endpoint', endpointId) },
    },
  };
  expect(await take(stream)).toEqual({ data: { deliveryStatusChanged: message } });
  await db.database.api.query("update delivery set status = 'SUCCEEDED' where id = $1", [id]);
  await db.database.api.query(
    `with l as (update owner_log set head = head + 1 where owner_id = $1)
     insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                               status, previous_status, attempt_number, response_status)
     select owner_id, 2, clock_timestamp(), delivery_id, endpoint_id, event_id, event_type, kind, 'SUCCEEDED', 'PENDING', 1, 204
       from delivery_log where owner_id = $1 and position = 1`,
    [ownerId],
  );
  expect(await take(stream)).toMatchObject({
    data: {
      deliveryStatusChanged: {
        position: 2,
        after: 1,
        status: 'SUCCEEDED',
        previousStatus: 'PENDING',
        responseStatus: 204,
        delivery: { status: 'SUCCEEDED' },
      },
    },
  });
  await stream.return();
});

test('a purged delivery is null, and the fields beside it stay', async () => {
  const { ownerId, endpointId, add } = await seed();
  const [delivery] = await add(1);
  await db.database.api.query('update endpoint set purged_through = $2 where id = $1', [
    endpointId,
    delivery?.id,
  ]);
  const stream = await open(ownerId, {
    source: 'subscription { deliveryStatusChanged(after: 0) { eventType delivery { id } } }',
  });
  expect(await take(stream)).toEqual({
    data: { deliveryStatusChanged: { eventType: 'order.paid', delivery: null } },
  });
  await stream.return();
});

test('the log comes in batches that join, with heartbeats between', async () => {
  const { ownerId, add } = await seed();
  await add(5);
  const stream = await open(ownerId, {
    source:
      'subscription { deliveryLog(after: 1, maxBatch: 3) { after position head changes { position after } } }',
    logHeartbeatMs: 30,
  });
  expect(await take(stream)).toEqual({
    data: {
      deliveryLog: {
        after: 1,
        position: 4,
        head: 5,
        changes: [
          { position: 2, after: 1 },
          { position: 3, after: 2 },
          { position: 4, after: 3 },
        ],
      },
    },
  });
  expect(await take(stream)).toMatchObject({ data: { deliveryLog: { after: 4, position: 5 } } });
  expect(await take(stream)).toEqual({
    data: { deliveryLog: { after: 5, position: 5, head: 5, changes: [] } },
  });
  await stream.return();
});

test('a heartbeat moves the position over what the filter left out', async () => {
  const { ownerId, add } = await seed();
  await add(3);
  const stream = await open(ownerId, {
    source:
      'subscription { deliveryLog(after: 0, filter: { status: [SUCCEEDED] }) { after position changes { position } } }',
    logHeartbeatMs: 50,
  });
  expect(await take(stream)).toEqual({ data: { deliveryLog: { after: 0, position: 3, changes: [] } } });
  await stream.return();
});

test('a position that cannot be resumed ends the operation with its code, not the socket', async () => {
  const { ownerId, add } = await seed();
  await add(1);
  const stream = await open(ownerId, {
    source: 'subscription { deliveryStatusChanged(after: 9) { position } }',
  });
  const refused = await take(stream);
  expect(refused?.errors?.[0]?.originalError).toMatchObject({
    code: 'LOG_POSITION_AHEAD',
    extensions: { head: 1 },
  });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('a credential that is revoked ends the operation with its error', async () => {
  const { ownerId } = await seed();
  const grant = new AbortController();
  const stream = await open(ownerId, {
    source: 'subscription { deliveryStatusChanged { position } }',
    grantSignal: grant.signal,
  });
  const message = take(stream);
  const reason = new RequestError('UNAUTHENTICATED', 'The credential was revoked.');
  grant.abort(reason);
  expect((await message)?.errors?.[0]?.originalError).toBe(reason);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('a client that leaves while it waits takes its subscription away', async () => {
  const { ownerId } = await seed();
  const before = hub.size.subscriptions;
  const stream = await open(ownerId, { source: 'subscription { deliveryStatusChanged { position } }' });
  const waiting = stream.next();
  expect(hub.size.subscriptions).toBe(before + 1);
  await stream.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(hub.size.subscriptions).toBe(before);
});

test.each([
  ['deliveryLog(maxBatch: 0) { position }', 'BAD_USER_INPUT'],
  ['deliveryLog(maxBatch: 1001) { position }', 'BAD_USER_INPUT'],
  ['deliveryLog(after: -1) { position }', 'BAD_USER_INPUT'],
  [
    'deliveryStatusChanged(filter: { createdAfter: "2026-01-02T00:00:00Z", createdBefore: "2026-01-01T00:00:00Z" }) { position }',
    'BAD_USER_INPUT',
  ],
  ['deliveryStatusChanged(filter: { errorContains: "refused" }) { position }', 'BAD_USER_INPUT'],
  ['deliveryLog(filter: { errorContains: "no" }) { position }', 'BAD_USER_INPUT'],
  ['deliveryStatusChanged(appId: "app_00000000000000000000000000") { position }', 'NOT_FOUND'],
])('%s is refused before anything is streamed: %s', async (field, code) => {
  const { ownerId } = await seed();
  const before = hub.size;
  const refused = await follow(
    { database: db.database, hub },
    { tenantId: ownerId },
    { source: `subscription { ${field} }` },
  );
  if ('next' in refused) throw new Error('not refused');
  expect(refused.errors?.[0]?.originalError).toMatchObject({ code });
  expect(hub.size).toEqual(before);
});

test('a user without MANAGE_WEBHOOKS cannot subscribe', async () => {
  const { ownerId } = await seed();
  for (const field of ['deliveryStatusChanged', 'deliveryLog']) {
    const refused = await follow(
      { database: db.database, hub },
      { tenantId: ownerId, permissions: new Set() },
      { source: `subscription { ${field} { position } }` },
    );
    if ('next' in refused) throw new Error('not refused');
    expect(refused.errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
  }
});

test('a quiet log moves the position on beside the messages, whose chain stays unbroken', async () => {
  const { ownerId, add } = await seed();
  await add(2);
  const covered: number[] = [];
  const progress = { onCovered: (position: number) => void covered.push(position) };
  const stream = await open(ownerId, {
    source: `subscription { deliveryStatusChanged(after: 0, filter: { status: [FAILED] }) { position after } }`,
    logHeartbeatMs: 10,
    progress,
  });
  const first = take(stream);
  // On a busy machine the first heartbeat may come before the log has been read.
  await expect.poll(() => covered.filter((position) => position === 2).length).toBeGreaterThan(2);
  expect(new Set(covered.slice(covered.indexOf(2)))).toEqual(new Set([2]));
  expect(progress).toMatchObject({ position: 2 });
  await stream.return();
  expect(await first).toBeUndefined();

  const all = await open(ownerId, {
    source: 'subscription { deliveryStatusChanged(after: 1) { position after } }',
    logHeartbeatMs: 10,
    progress,
  });
  expect(await take(all)).toEqual({ data: { deliveryStatusChanged: { position: 2, after: 1 } } });
  const next = take(all);
  const heard = covered.length;
  await expect.poll(() => covered.length).toBeGreaterThan(heard + 1);
  await add(1);
  expect(await next).toEqual({ data: { deliveryStatusChanged: { position: 3, after: 2 } } });
  await all.return();
});

test('an event stream resumes after the last id that its client has seen, whatever `after` it repeats', async () => {
  const { ownerId, add } = await seed();
  await add(3);
  for (const source of [
    'subscription { deliveryStatusChanged(after: 0) { position after } }',
    'subscription { deliveryStatusChanged { position after } }',
  ]) {
    const stream = await open(ownerId, { source, resumeAfter: 2 });
    expect(await take(stream)).toEqual({ data: { deliveryStatusChanged: { position: 3, after: 2 } } });
    await stream.return();
  }
});
