import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createDeliveries } from '../../src/status/create-deliveries.ts';
import { endQueued } from '../../src/status/end-queued.ts';
import { laneHint } from '../../src/status/lane-hint.ts';
import { findHeads, forgetPlaces, keepPlaces, strictBoundaryAt } from '../../src/status/strict-order.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newDelivery, seedOwner } from '../support/deliveries.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret, untilEnded, untilTrue } from '../support/worker.ts';

let db: TestDatabase;
let workers: Worker[];
beforeAll(async () => {
  db = await createTestDatabase();
  workers = [createWorker(db), createWorker(db)];
  for (const worker of workers) worker.start();
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop(1_000)));
  await db.drop();
});

/** A receiver that knows the events by their ids and how many requests it holds at a time. */
async function startCounting(statusOf: (index: number) => number = () => 204) {
  const counts = { inFlight: 0, most: 0 };
  const receiver: Receiver = await startReceiver({
    answer(_request, response, index) {
      counts.inFlight += 1;
      counts.most = Math.max(counts.most, counts.inFlight);
      setTimeout(
        () => {
          counts.inFlight -= 1;
          response.writeHead(statusOf(index)).end();
        },
        1 + ((index * 7) % 5),
      );
    },
  });
  return { receiver, counts };
}

async function seedStrict(url: string, { isStrict = true } = {}) {
  const { ownerId, endpointIds } = await seedOwner(db.database, { url });
  const endpointId = endpointIds[0] ?? '';
  await seedSecret(db, ownerId, endpointId);
  if (isStrict) await setStrict(ownerId, strictBoundaryAt(0));
  return { ownerId, endpointId };
}

const setStrict = (ownerId: string, boundary: string | null) =>
  db.database.api.query(
    `update endpoint set strict_boundary = $2,
            strict_head = (select head from owner_log where owner_id = $1) where owner_id = $1`,
    [ownerId, boundary],
  );

/** Each in a transaction of its own, all at once, so that they commit in any order. */
async function publishAtOnce(ownerId: string, endpointId: string, count: number, isStrict = true) {
  const deliveries = Array.from({ length: count }, () => newDelivery(ownerId, endpointId, { isStrict }));
  await Promise.all(
    deliveries
      .toSorted(() => Math.random() - 0.5)
      .map((delivery) =>
        createDeliveries(db.database, {
          events: [
            {
              ...{ ownerId, id: delivery.eventId, type: delivery.eventType, tenantId: ownerId },
              ...{ body: `{"id":"${delivery.eventId}"}`, idempotencyKey: undefined, occurredAt: new Date() },
            },
          ],
          deliveries: [delivery],
        }),
      ),
  );
  return deliveries;
}

async function eventsInOrder(ownerId: string): Promise<string[]> {
  const { rows } = await db.database.api.query<{ event_id: string }>(
    'select event_id from delivery_log where owner_id = $1 and previous_status is null order by position',
    [ownerId],
  );
  return rows.map(({ event_id }) => event_id);
}

const arrived = ({ received }: Receiver): string[] => received.map(({ body }) => JSON.parse(body).id);
/** Each once, where it came first. */
const firstArrivals = (receiver: Receiver) => [...new Set(arrived(receiver))];

test('what is committed in any order arrives in the order of the commits, one at a time, failures and all', async () => {
  const { receiver, counts } = await startCounting((index) => (index % 4 === 1 ? 500 : 204));
  const { ownerId, endpointId } = await seedStrict(receiver.url);
  await publishAtOnce(ownerId, endpointId, 60);
  await publishAtOnce(ownerId, endpointId, 40);
  await untilEnded(db, ownerId, 100);
  expect(counts.most).toBe(1);
  expect(firstArrivals(receiver)).toEqual(await eventsInOrder(ownerId));
  // A failed one is tried again before anything else is.
  const seen = arrived(receiver);
  expect(seen.filter((id, index) => id !== seen[index - 1])).toEqual(firstArrivals(receiver));
  const { rows } = await db.database.api.query('select * from strict_place where owner_id = $1', [ownerId]);
  expect(rows.length).toBeLessThanOrEqual(1);
  await receiver.close();
});

test('those behind one that waits are PENDING, and go on when it ends as DEAD_LETTER or is cancelled', async () => {
  const { receiver } = await startCounting((index) => (index < 3 ? 500 : 204));
  const { ownerId, endpointId } = await seedStrict(receiver.url);
  await publishAtOnce(ownerId, endpointId, 5);
  await untilEnded(db, ownerId, 5);
  const { rows } = await db.database.api.query<{ event_id: string; status: string }>(
    `select event_id, status from delivery_log where owner_id = $1 and status in ('SUCCEEDED', 'DEAD_LETTER') order by position`,
    [ownerId],
  );
  expect(rows.map(({ event_id }) => event_id)).toEqual(await eventsInOrder(ownerId));
  expect(rows.map(({ status }) => status)).toEqual(['DEAD_LETTER', ...Array(4).fill('SUCCEEDED')]);
  await receiver.close();
});

test('one that becomes strict sends what waits by its creation, then the rest by its commit; made free again, nothing stays', async () => {
  const { receiver, counts } = await startCounting();
  const { ownerId, endpointId } = await seedStrict(receiver.url, { isStrict: false });
  await db.database.api.query('update endpoint set paused_at = now() where owner_id = $1', [ownerId]);
  const before = await publishAtOnce(ownerId, endpointId, 30, false);
  await setStrict(ownerId, strictBoundaryAt(Date.now()));
  // Planned before the setting, committed after it.
  const [late] = await publishAtOnce(ownerId, endpointId, 1, false);
  const after = await publishAtOnce(ownerId, endpointId, 30);
  expect((await findHeads(db.database, ownerId, [endpointId])).get(endpointId)).toBe(before[0]?.id);
  await db.database.api.query('update endpoint set paused_at = null where owner_id = $1', [ownerId]);
  await publishAtOnce(ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 62);
  expect(counts.most).toBe(1);
  const inOrder = await eventsInOrder(ownerId);
  const placed = inOrder.filter((id) => after.some(({ eventId }) => eventId === id));
  expect(arrived(receiver).slice(0, 61)).toEqual([
    ...before.map(({ eventId }) => eventId),
    late?.eventId,
    ...placed,
  ]);

  await setStrict(ownerId, null);
  await publishAtOnce(ownerId, endpointId, 40, false);
  await untilEnded(db, ownerId, 102);
  expect(arrived(receiver)).toHaveLength(102);
  await receiver.close();
});

test('set strict while many are in flight, it waits for all of them before it sends the next', async () => {
  const held: (() => void)[] = [];
  let inFlight = 0;
  let mostLater = 0;
  const receiver = await startReceiver({
    answer(_request, response) {
      inFlight += 1;
      if (held.length >= 4) mostLater = Math.max(mostLater, inFlight);
      const end = () => {
        inFlight -= 1;
        response.writeHead(204).end();
      };
      if (held.length < 4) held.push(end);
      else setImmediate(end);
    },
  });
  const { ownerId, endpointId } = await seedStrict(receiver.url, { isStrict: false });
  await publishAtOnce(ownerId, endpointId, 4, false);
  await receiver.until(4);
  await setStrict(ownerId, strictBoundaryAt(Date.now()));
  await publishAtOnce(ownerId, endpointId, 20);
  for (const end of held.slice(0, 3)) end();
  await untilEnded(db, ownerId, 3);
  expect(receiver.received).toHaveLength(4);
  held[3]?.();
  await untilEnded(db, ownerId, 24);
  expect(mostLater).toBe(1);
  await receiver.close();
});

test('a purge of the queue leaves no place behind that would hold up what comes after', async () => {
  const { receiver } = await startCounting();
  const { ownerId, endpointId } = await seedStrict(receiver.url);
  await db.database.api.query('update endpoint set paused_at = now() where owner_id = $1', [ownerId]);
  await publishAtOnce(ownerId, endpointId, 300);
  expect(await endQueued(db.database, { ownerId, endpointId, reason: 'CANCELLED' })).toBe(300);
  await db.database.api.query('update endpoint set paused_at = null where owner_id = $1', [ownerId]);
  const after = await publishAtOnce(ownerId, endpointId, 10);
  await untilTrue(() => receiver.received.length >= 10);
  expect(new Set(arrived(receiver))).toEqual(new Set(after.map(({ eventId }) => eventId)));
  await receiver.close();
});

const placesOf = async (ownerId: string) =>
  (
    await db.database.api.query<{ n: number }>(
      'select count(*)::int as n from strict_place where owner_id = $1',
      [ownerId],
    )
  ).rows[0]?.n;

const setPaused = (ownerId: string, isPaused: boolean) =>
  db.database.api.query('update endpoint set paused_at = case when $2 then now() end where owner_id = $1', [
    ownerId,
    isPaused,
  ]);

test('made inactive, nothing waits for the head to be due before it is ended, though the process died before it ended them', async () => {
  const { receiver } = await startCounting();
  const { ownerId, endpointId } = await seedStrict(receiver.url);
  await setPaused(ownerId, true);
  await publishAtOnce(ownerId, endpointId, 4);
  const first = (await findHeads(db.database, ownerId, [endpointId])).get(endpointId);
  await db.database.api.query(
    `update due set due_at = now() + interval '1 day', status = 'RETRYING' where owner_id = $1 and delivery_id = $2`,
    [ownerId, first],
  );
  await db.database.api.query('update endpoint set is_active = false where owner_id = $1', [ownerId]);
  db.database.hints.send([laneHint(ownerId, endpointId)]);
  await untilEnded(db, ownerId, 3);
  const { rows } = await db.database.api.query('select delivery_id as id from due where owner_id = $1', [
    ownerId,
  ]);
  expect(rows).toEqual([{ id: first }]);
  expect(receiver.received).toHaveLength(0);
  await receiver.close();
});

test('places go with the order, and those of a new order stay; a look that keeps them waits for nobody', async () => {
  const { ownerId, endpointId } = await seedStrict('http://127.0.0.1:9/');
  await setPaused(ownerId, true);
  await publishAtOnce(ownerId, endpointId, 3);
  await setStrict(ownerId, null);
  await setStrict(ownerId, strictBoundaryAt(Date.now()));
  await publishAtOnce(ownerId, endpointId, 2);
  expect(await placesOf(ownerId)).toBe(5);
  await forgetPlaces(db.database.query, { ownerId, endpointId });
  expect(await placesOf(ownerId)).toBe(2);

  await endQueued(db.database, { ownerId, endpointId, reason: 'CANCELLED' });
  const claimer = await db.database.api.connect();
  await claimer.query('begin');
  await claimer.query(
    `delete from strict_place where owner_id = $1
        and delivery_id = (select min(delivery_id::text)::uuid from strict_place where owner_id = $1)`,
    [ownerId],
  );
  await keepPlaces(db.database, [{ owner_id: ownerId, endpoint_id: endpointId }]);
  expect(await placesOf(ownerId)).toBe(1);
  await claimer.query('rollback');
  claimer.release();
  await setStrict(ownerId, null);
  await forgetPlaces(db.database.query, { ownerId, endpointId });
  expect(await placesOf(ownerId)).toBe(0);
});
