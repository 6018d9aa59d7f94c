import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { encodeId } from '../../src/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, untilEnded, untilTrue } from '../support/worker.ts';

let db: TestDatabase;
let worker: Worker;
beforeAll(async () => {
  db = await createTestDatabase();
  worker = createWorker(db, { retrySchedule: [0, 0.05, 0.05] });
  worker.start();
});
afterAll(async () => {
  await worker.stop(100);
  await db.drop();
});

test('a receiver that refuses first attempts gets the backlog: the probe is a retry while fresh ones wait', async () => {
  const seen = new Set<string>();
  const order: ('first' | 'retry')[] = [];
  const receiver = await startReceiver({
    answer({ headers }, response) {
      const id = headers['webhook-id'] ?? '';
      order.push(seen.has(id) ? 'retry' : 'first');
      response.writeHead(seen.has(id) ? 204 : 503).end();
      seen.add(id);
    },
  });
  const { ownerId } = await seedQueue(db, receiver.url, 60);
  await untilEnded(db, ownerId, 60);
  const { rows } = await db.database.api.query(
    `select status, attempt_count, count(*)::int as n from delivery where owner_id = $1 group by 1, 2`,
    [ownerId],
  );
  expect(rows).toEqual([{ status: 'SUCCEEDED', attempt_count: 2, n: 60 }]);
  // The first good answer is that of a probe, because new deliveries were left.
  expect(order.indexOf('retry')).toBeLessThan(60);
  await receiver.close();
});

test('a receiver that refuses some deliveries for ever gets all the others', async () => {
  const refused = new Set<string>();
  const taken = new Set<string>();
  const receiver = await startReceiver({
    answer({ headers }, response) {
      const id = headers['webhook-id'] ?? '';
      if (!refused.has(id)) taken.add(id);
      response.writeHead(refused.has(id) ? 500 : 204).end();
    },
  });
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 0);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, circuit, consecutive_failures, opened_at, next_probe_at)
     values ($1, $2, 'OPEN', 20, now(), now() + interval '1 hour')`,
    [ownerId, endpointId],
  );
  const deliveries = await seedDeliveries(db.database, ownerId, endpointId, 60);
  const bad = deliveries.slice(0, 20);
  for (const { eventId } of bad) refused.add(encodeId('Event', eventId));
  await db.database.api.query(
    'update due set attempt_count = 1, attempt_rows = 1 where owner_id = $1 and delivery_id = any($2)',
    [ownerId, bad.map(({ id }) => id)],
  );
  await untilTrue(async () => {
    // The time of the next probe is moved, so that the test need not wait.
    await db.database.api.query(
      `update endpoint_health set next_probe_at = now() where endpoint_id = $1 and circuit = 'OPEN'`,
      [endpointId],
    );
    return taken.size === 40 || (taken.size === 0 && receiver.received.length >= 8);
  });
  expect(taken.size).toBe(40);
  await receiver.close();
});
