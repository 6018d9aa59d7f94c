import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, seedSecret, untilEnded, untilTrue } from '../support/worker.ts';

let db: TestDatabase;
let worker: Worker;
beforeAll(async () => {
  db = await createTestDatabase();
  worker = createWorker(db, { retrySchedule: [0, 3600], deliveryTimeoutMs: 10_000 });
  worker.start();
});
afterAll(async () => {
  await worker.stop(100);
  await db.drop();
});

test('an endpoint never gets more in a second than it allows', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 0);
  await db.database.api.query('update endpoint set max_deliveries_per_second = 20 where id = $1', [
    endpointId,
  ]);
  await seedDeliveries(db.database, ownerId, endpointId, 50);
  await untilEnded(db, ownerId, 50);
  // Measured when each was sent, not when it arrived, because a busy host delivers in bursts.
  const { rows } = await db.database.api.query<{ within: number }>(
    `select count(*) over (order by started_at range between current row and interval '999 milliseconds' following)
              ::int as within
       from attempt where owner_id = $1`,
    [ownerId],
  );
  expect(rows).toHaveLength(50);
  expect(Math.max(...rows.map(({ within }) => within))).toBeLessThanOrEqual(20);
  await receiver.close();
});

test('endpoints that never answer leave room for those that do', async () => {
  const silent = await startReceiver({ answer: () => {} });
  for (let index = 0; index < 30; index += 1) await seedQueue(db, silent.url, 100);
  await silent.until(100);
  const good = await startReceiver();
  const { ownerId } = await seedQueue(db, good.url, 100);
  await untilEnded(db, ownerId, 100);
  expect(silent.received.length).toBeLessThan(512);
  await good.close();
  await silent.close();
});

test('an owner never has more than its share of the slots, by however many endpoints', async () => {
  const silent = await startReceiver({ answer: () => {} });
  const { ownerId, endpointIds } = await seedOwner(db.database, { url: silent.url, endpoints: 100 });
  for (const endpointId of endpointIds) {
    await seedSecret(db, ownerId, endpointId);
    await seedDeliveries(db.database, ownerId, endpointId, 4);
  }
  await silent.until(256);
  const good = await startReceiver();
  const other = await seedQueue(db, good.url, 50);
  await untilEnded(db, other.ownerId, 50);
  const { rows } = await db.database.api.query<{ claimed: number }>(
    'select count(*)::int as claimed from due where owner_id = $1 and claim is not null',
    [ownerId],
  );
  expect(rows[0]?.claimed).toBeLessThanOrEqual(256);
  await good.close();
  await silent.close();
});

test('the circuit opens after a run of failures, keeps the rest of the queue untouched, and is on record', async () => {
  const receiver = await startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 500);
  const health = async () => {
    const { rows } = await db.database.api.query<{ circuit: string; consecutive_failures: number }>(
      'select circuit, consecutive_failures from endpoint_health where endpoint_id = $1',
      [endpointId],
    );
    return rows[0];
  };
  await untilTrue(async () => (await health())?.circuit === 'OPEN');
  await untilTrue(async () => {
    const { rows } = await db.database.api.query(
      'select 1 from due where owner_id = $1 and claim is not null limit 1',
      [ownerId],
    );
    return rows.length === 0;
  });
  const { rows } = await db.database.api.query<{ untouched: number }>(
    'select count(*)::int as untouched from due where owner_id = $1 and attempt_count = 0',
    [ownerId],
  );
  expect(rows[0]?.untouched).toBeGreaterThan(400);
  await receiver.close();
});
