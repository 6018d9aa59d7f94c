import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, statusesOf, untilEnded } from '../support/worker.ts';

let db: TestDatabase;
let worker: Worker;
beforeAll(async () => {
  db = await createTestDatabase();
  worker = createWorker(db);
});
afterAll(async () => {
  await worker.stop(1_000);
  await db.drop();
});

test('a secret that cannot be opened fails its own deliveries, and those of the same claim are sent', async () => {
  const receiver = await startReceiver();
  const broken = await seedQueue(db, receiver.url, 3);
  const sound = await seedQueue(db, receiver.url, 3);
  await db.database.api.query(`update signing_secret set sealed = '\\x00' where endpoint_id = $1`, [
    broken.endpointId,
  ]);
  worker.start();
  await untilEnded(db, sound.ownerId, 3);
  await untilEnded(db, broken.ownerId, 3);
  expect((await statusesOf(db, broken.ownerId)).filter((status) => status === 'DEAD_LETTER')).toHaveLength(3);
  expect((await statusesOf(db, sound.ownerId)).filter((status) => status === 'SUCCEEDED')).toHaveLength(3);
  expect(receiver.received, 'nothing goes out unsigned').toHaveLength(3);
  const { rows } = await db.database.api.query(
    'select max(attempt_count) as attempts from delivery where owner_id = $1',
    [sound.ownerId],
  );
  expect(rows).toEqual([{ attempts: 1 }]);
  await receiver.close();
});
