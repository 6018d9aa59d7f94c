import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, untilEnded } from '../support/worker.ts';

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
  // The first answer that is good is that of a probe: fresh deliveries were left.
  expect(order.indexOf('retry')).toBeLessThan(60);
  await receiver.close();
});
