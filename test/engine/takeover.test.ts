import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, statusesOf, untilEnded } from '../support/worker.ts';

let db: TestDatabase;
let worker: Worker;
beforeAll(async () => {
  db = await createTestDatabase();
  worker = createWorker(db, { deliveryTimeoutMs: 10_000 });
  worker.start();
});
afterAll(async () => {
  await worker.stop(1_000);
  await db.drop();
});

test('an attempt whose lease was lost is recorded as interrupted, is sent again, and its late answer changes nothing', async () => {
  let answerFirst = () => {};
  const receiver = await startReceiver({
    answer: (_request, response, index) => {
      if (index > 0) response.writeHead(200).end();
      else answerFirst = () => response.writeHead(500).end();
    },
  });
  const { ownerId } = await seedQueue(db, receiver.url, 1);
  await receiver.until(1);
  await db.database.api.query('update shard_lease set holder = null, expires_at = now()');
  await untilEnded(db, ownerId, 1);
  answerFirst();
  const { rows } = await db.database.api.query(
    'select number, outcome from attempt where owner_id = $1 order by number',
    [ownerId],
  );
  expect(rows).toEqual([
    { number: 1, outcome: 'INTERRUPTED' },
    { number: 2, outcome: 'SUCCEEDED' },
  ]);
  const { rows: deliveries } = await db.database.api.query(
    'select status, attempt_count from delivery where owner_id = $1',
    [ownerId],
  );
  expect(deliveries, 'an interrupted attempt does not count').toEqual([
    { status: 'SUCCEEDED', attempt_count: 1 },
  ]);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect((await statusesOf(db, ownerId)).at(-1)).toBe('SUCCEEDED');
  await receiver.close();
});

test('a late answer that comes while the successor is sending changes nothing', async () => {
  const answers: (() => void)[] = [];
  const receiver = await startReceiver({
    answer: (_request, response, index) => {
      if (index > 1) response.writeHead(200).end();
      else answers.push(() => response.writeHead(index === 0 ? 500 : 200).end());
    },
  });
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 1);
  await receiver.until(1);
  await db.database.api.query('update shard_lease set holder = null, expires_at = now()');
  await receiver.until(2);
  answers[0]?.();
  // An owner's changes are settled in order. When this one has been settled, the late one has been tried.
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 1);
  answers[1]?.();
  await untilEnded(db, ownerId, 2);
  const { rows } = await db.database.api.query(
    `select number, outcome from attempt
      where delivery_id = (select min(id::text)::uuid from delivery where owner_id = $1) order by number`,
    [ownerId],
  );
  expect(rows).toEqual([
    { number: 1, outcome: 'INTERRUPTED' },
    { number: 2, outcome: 'SUCCEEDED' },
  ]);
  await receiver.close();
});

test('a stopped worker leaves its leases free and nothing claimed; the next one goes on at once', async () => {
  const receiver = await startReceiver();
  await worker.stop(2_000);
  const { rows } = await db.database.api.query(
    'select count(*)::int as held from shard_lease where holder is not null',
  );
  expect(rows).toEqual([{ held: 0 }]);
  const { ownerId } = await seedQueue(db, receiver.url, 20);
  worker = createWorker(db);
  worker.start();
  await untilEnded(db, ownerId, 20);
  expect(receiver.received).toHaveLength(20);
  await receiver.close();
});
