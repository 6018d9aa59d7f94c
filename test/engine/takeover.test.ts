import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { shardOf } from '../../src/status/shard.ts';
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

test('an attempt that was ended because the lease seemed lost is made again if the lease was not', async () => {
  const own = await createTestDatabase();
  const hasty = createWorker(own, { deliveryTimeoutMs: 200 }, new Registry(), { leaseMarginMs: 1_300 });
  hasty.start();
  let end = () => {};
  const isCut = new Promise<void>((resolve) => {
    end = resolve;
  });
  const receiver = await startReceiver({
    answer: (_request, response, index) => {
      if (index > 0) response.writeHead(200).end();
      else response.on('close', end);
    },
  });
  const { ownerId, endpointId } = await seedQueue(own, receiver.url, 0);
  await own.database.api.query(`update endpoint set sending = '{"timeoutMs": 60000}' where id = $1`, [
    endpointId,
  ]);
  await seedDeliveries(own.database, ownerId, endpointId, 1);
  await receiver.until(1);
  const locker = await own.database.api.connect();
  await locker.query('begin');
  await locker.query('select from shard_lease order by shard for update');
  await isCut;
  // The renewal fails, but a renewal before it had been stored: in the database, the lease goes on.
  await locker.query(`update shard_lease set expires_at = now() + interval '1 minute'`);
  await own.database.api.query(
    `select pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%update shard_lease set expires_at = now() +%' and wait_event_type = 'Lock'`,
  );
  await locker.query('commit');
  locker.release();
  await untilEnded(own, ownerId, 1);
  const { rows } = await own.database.api.query(
    `select a.number, a.outcome, s.epoch from attempt a, shard_lease s
      where a.owner_id = $1 and s.shard = $2 order by a.number`,
    [ownerId, shardOf(ownerId, endpointId)],
  );
  expect(rows).toEqual([
    { number: 1, outcome: 'INTERRUPTED', epoch: 1 },
    { number: 2, outcome: 'SUCCEEDED', epoch: 1 },
  ]);
  await hasty.stop(1_000);
  await own.drop();
  await receiver.close();
});
