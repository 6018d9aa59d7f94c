import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/pool.ts';
import type { Worker } from '../../src/engine/worker.ts';
import { encodeId } from '../../src/ids.ts';
import { endQueued } from '../../src/status/end-queued.ts';
import { laneHint } from '../../src/status/lane-hint.ts';
import { strictBoundaryAt } from '../../src/status/strict-order.ts';
import type { Network } from '../faults/network.ts';
import type { TestDatabase } from '../support/database.ts';
import { seedDeliveries } from '../support/deliveries.ts';
import { openLossyDatabase } from '../support/lossy-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, untilEnded } from '../support/worker.ts';

let db: TestDatabase;
let network: Network;
let database: Database;
let worker: Worker;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, network, database, close } = await openLossyDatabase({ engineConnections: 4 }));
  worker = createWorker({ ...db, database });
  worker.start();
});
afterAll(async () => {
  await worker.stop(1_000);
  await close();
});

test('what a claim took whose answer was lost is sent all the same, once', async () => {
  const receiver = await startReceiver();
  network.loseAnswersTo(['claim'], 1);
  const { ownerId } = await seedQueue(db, receiver.url, 10);
  await untilEnded(db, ownerId, 10);
  expect(network.answersToLose).toBe(0);
  expect(receiver.received).toHaveLength(10);
  const { rows } = await db.database.api.query(
    'select distinct outcome, number from attempt where owner_id = $1',
    [ownerId],
  );
  expect(rows, 'nothing was sent, so nothing was interrupted').toEqual([{ outcome: 'SUCCEEDED', number: 1 }]);
  await receiver.close();
});

test('the head of a strict order whose claim was lost is sent, though it is due later than all that wait behind it', async () => {
  const receiver = await startReceiver();
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 0);
  await db.database.api.query('update endpoint set strict_boundary = $2, paused_at = now() where id = $1', [
    endpointId,
    strictBoundaryAt(Date.now()),
  ]);
  const [head] = await seedDeliveries(db.database, ownerId, endpointId, 1_100);
  await db.database.api.query(
    `update due set due_at = now() - interval '1 hour' where owner_id = $1 and delivery_id <> $2`,
    [ownerId, head?.id],
  );
  network.loseAnswersTo(['claim_ordered'], 1);
  await db.database.api.query('update endpoint set paused_at = null where id = $1', [endpointId]);
  database.hints.send([laneHint(ownerId, endpointId)]);
  await receiver.until(1);
  expect(network.answersToLose).toBe(0);
  expect(receiver.received[0]?.headers['webhook-id']).toBe(encodeId('Event', head?.eventId ?? ''));
  await endQueued(db.database, { ownerId, endpointId, reason: 'CANCELLED', claimedToo: true });
  await receiver.close();
});

test.each([
  ['a retry', 20],
  ['a fresh one', 21],
  ['any', 22],
])('a probe with %s whose claim was lost is sent all the same', async (_turn, failures) => {
  const receiver = await startReceiver();
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 0);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, circuit, consecutive_failures, opened_at, next_probe_at)
     values ($1, $2, 'OPEN', $3, now(), now() + interval '1 hour')`,
    [ownerId, endpointId, failures],
  );
  const deliveries = await seedDeliveries(db.database, ownerId, endpointId, 3);
  await db.database.api.query('update due set attempt_count = 1 where owner_id = $1 and delivery_id = $2', [
    ownerId,
    deliveries[1]?.id,
  ]);
  network.loseAnswersTo(['claim'], 1);
  await db.database.api.query('update endpoint_health set next_probe_at = now() where endpoint_id = $1', [
    endpointId,
  ]);
  await untilEnded(db, ownerId, 3);
  expect(network.answersToLose).toBe(0);
  expect(receiver.received).toHaveLength(3);
  const { rows } = await db.database.api.query('select claim from due where owner_id = $1', [ownerId]);
  expect(rows).toEqual([]);
  await receiver.close();
});
