import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HeldQueues } from '../../src/holding/held-queues.ts';
import { decodeId } from '../../src/ids.ts';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { untilTrue } from '../support/worker.ts';

let stage: Stage;
let server: ServerProcess;
let caller: Caller;
let db: TestDatabase;
beforeAll(async () => {
  [stage, db] = await Promise.all([openStage(), createTestDatabase()]);
  server = await stage.startServer({ RETRY_SCHEDULE: '0,0,0' });
  caller = await stage.callerOf(server, { tenant: 'pauser' });
  await registerEventType(caller, { name: 'order.paid', example: {} });
});
afterAll(async () => {
  await stage.close();
  await db.drop();
});

type Answer = {
  __typename: string;
  endpoint?: { pausedAt: string | null; state: { name: string; reason: string | null } };
};

async function act(name: 'pauseEndpoint' | 'resumeEndpoint', id: string, by = caller): Promise<Answer> {
  const payload = `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`;
  const { result } = await ask<{ result: Answer }>(
    by,
    `mutation ($id: ID!) { result: ${name}(input: { id: $id }) {
       __typename ... on ${payload} { endpoint { pausedAt state { name reason } } } } }`,
    { id },
  );
  return result;
}

type Seen = {
  status: string;
  failureReason: string | null;
  attempts: { startedAt: string }[];
  event: { id: string };
};

async function deliveriesTo(endpoint: string): Promise<Seen[]> {
  const { deliveries } = await ask<{ deliveries: { nodes: Seen[] } }>(
    caller,
    `query ($filter: DeliveryFilter) { deliveries(first: 100, filter: $filter) { nodes {
       status failureReason event { id } attempts { startedAt } } } }`,
    { filter: { endpointId: [endpoint] } },
  );
  return deliveries.nodes.toReversed();
}

const orders = (count: number) =>
  Array.from({ length: count }, (_, order) => ({ type: 'order.paid', payload: { order } }));

test('nothing is sent to a paused endpoint; resumed, it gets all that waited, the oldest first', async () => {
  const [held, other] = [await stage.startReceiver(), await stage.startReceiver()];
  const { id } = await createEndpoint(caller, {
    ...{ url: held.url, events: ['order.paid'], maxDeliveriesPerSecond: 10 },
  });
  await createEndpoint(caller, { url: other.url, events: ['order.paid'] });
  const paused = await act('pauseEndpoint', id);
  expect(paused.endpoint).toMatchObject({ state: { name: 'PAUSED', reason: expect.any(String) } });
  expect(await act('pauseEndpoint', id)).toEqual(paused);

  const published = [];
  for (const event of orders(15)) published.push(...(await publish(caller, [event])));
  expect(published.map(({ deliveryCount }) => deliveryCount)).toEqual(Array(15).fill(2));
  await other.until(15);
  expect(held.received).toHaveLength(0);
  expect((await deliveriesTo(id)).map(({ status }) => status)).toEqual(Array(15).fill('PENDING'));

  const resumed = await act('resumeEndpoint', id);
  expect(resumed.endpoint).toEqual({ pausedAt: null, state: { name: 'ACTIVE', reason: null } });
  await untilTrue(async () => (await deliveriesTo(id)).every(({ status }) => status === 'SUCCEEDED'));
  const sent = (await deliveriesTo(id)).toSorted(
    (a, b) => Date.parse(a.attempts[0]?.startedAt ?? '') - Date.parse(b.attempts[0]?.startedAt ?? ''),
  );
  const published10 = published.slice(0, 10).map(({ event }) => event.id);
  // In the first second as many are sent as the rate allows, and they are the oldest.
  expect(new Set(sent.slice(0, 10).map(({ event }) => event.id))).toEqual(new Set(published10));

  const { auditLog } = await ask<{ auditLog: { nodes: { action: string }[] } }>(
    caller,
    '{ auditLog { nodes { action } } }',
  );
  const actions = auditLog.nodes.map(({ action }) => action);
  expect(actions.filter((action) => action === 'endpoint.pause')).toHaveLength(1);
  expect(actions.filter((action) => action === 'endpoint.resume')).toHaveLength(1);
  await act('resumeEndpoint', id);
});

test('what was about to be tried again waits too, and what is inactive ends though it is paused', async () => {
  const receiver = await stage.startReceiver({
    answer: (_request, response, index) => response.writeHead(index === 0 ? 500 : 204).end(),
  });
  const { id } = await createEndpoint(caller, {
    ...{ url: receiver.url, events: ['order.paid'], retrySchedule: [0, 1] },
  });
  await publish(caller, orders(1));
  await untilTrue(async () => (await deliveriesTo(id))[0]?.status === 'RETRYING');
  await act('pauseEndpoint', id);
  await publish(caller, orders(2));
  const setActive = (isActive: boolean) =>
    ask(caller, 'mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { __typename } }', {
      input: { id, isActive },
    });
  await setActive(false);
  await publish(caller, orders(1));
  expect((await deliveriesTo(id)).map(({ failureReason }) => failureReason)).toEqual(
    Array(4).fill('ENDPOINT_INACTIVE'),
  );
  await setActive(true);
  await publish(caller, orders(1));
  expect((await deliveriesTo(id)).at(-1)?.status).toBe('PENDING');
  await act('resumeEndpoint', id);
  await untilTrue(async () => (await deliveriesTo(id)).at(-1)?.status === 'SUCCEEDED');
  expect(receiver.received).toHaveLength(2);
});

test('an unknown endpoint, another tenant’s, and one without an id cannot be paused', async () => {
  const { url } = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url, events: ['order.paid'] });
  const stranger = await stage.callerOf(server, { tenant: 'stranger' });
  for (const name of ['pauseEndpoint', 'resumeEndpoint'] as const) {
    expect(await act(name, id, stranger)).toEqual({ __typename: 'NotFoundError' });
    expect(await act(name, 'ep_nonsense')).toEqual({ __typename: 'NotFoundError' });
    expect(await act(name, '\u0000')).toEqual({ __typename: 'NotFoundError' });
  }
});

type Held = { queue_full_at: Date | null };
const heldOf = async (ownerId: string) =>
  (await db.database.api.query<Held>('select queue_full_at from endpoint where owner_id = $1', [ownerId]))
    .rows[0]?.queue_full_at;

test('a queue that is full takes nothing more until a tenth is free, and what is too old ends', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  await db.database.api.query('update endpoint set paused_at = now() where owner_id = $1', [ownerId]);
  const queues = (retentionDays: number) =>
    new HeldQueues({ database: db.database, logger: quietLogger, retentionDays, most: 10 });
  await seedDeliveries(db.database, ownerId, endpointId, 9);
  await queues(30).look();
  expect(await heldOf(ownerId)).toBeNull();
  const [last] = await seedDeliveries(db.database, ownerId, endpointId, 1);
  await queues(30).look();
  expect(await heldOf(ownerId)).toBeInstanceOf(Date);
  const remove = (id: string | undefined) =>
    db.database.api.query('delete from due where owner_id = $1 and delivery_id = $2', [ownerId, id]);
  await remove(last?.id);
  await queues(30).look();
  expect(await heldOf(ownerId)).toBeInstanceOf(Date);
  const { rows } = await db.database.api.query('select delivery_id from due where owner_id = $1', [ownerId]);
  await remove(rows[0]?.delivery_id);
  await queues(30).look();
  expect(await heldOf(ownerId)).toBeNull();

  // A worker died while it was sending this one, and another has the shard now. Nobody claims from a paused endpoint.
  await db.database.api.query(
    `with taken as (
       update due set claim = 1, status = 'DELIVERING'
        where owner_id = $1 and delivery_id = (select min(delivery_id::text)::uuid from due where owner_id = $1)
       returning shard)
     update shard_lease s set epoch = 2 from taken where s.shard = taken.shard`,
    [ownerId],
  );
  await queues(-1).look();
  const reasons = await db.database.api.query(
    'select failure_reason, count(*)::int as n from delivery where owner_id = $1 group by 1',
    [ownerId],
  );
  expect(reasons.rows).toContainEqual({ failure_reason: 'ENDPOINT_PAUSED', n: 8 });
});

test('a delivery to a full queue is recorded as FAILED, and new ones are sent after the pause', async () => {
  const receiver = await stage.startReceiver();
  const { id } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] });
  await act('pauseEndpoint', id);
  const client = new pg.Client({ connectionString: stage.environment.DATABASE_URL });
  await client.connect();
  await client.query('update endpoint set queue_full_at = now() where id = $1', [decodeId('Endpoint', id)]);
  await client.end();
  await publish(caller, orders(1));
  expect(await deliveriesTo(id)).toMatchObject([{ status: 'FAILED', failureReason: 'ENDPOINT_PAUSED' }]);
  await act('resumeEndpoint', id);
  await publish(caller, orders(1));
  await untilTrue(async () => (await deliveriesTo(id)).at(-1)?.status === 'SUCCEEDED');
});
