import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, statusesOf, untilEnded } from '../support/worker.ts';

let db: TestDatabase;
let worker: Worker;
beforeAll(async () => {
  db = await createTestDatabase();
  // Long enough for a machine that is busy with other tests: what times out would be sent again.
  worker = createWorker(db, { deliveryTimeoutMs: 15_000 });
  worker.start();
});
afterAll(async () => {
  await worker.stop(1_000);
  await db.drop();
});

test('what is due is sent once, signed so that an independent verifier accepts it', async () => {
  const receiver = await startReceiver();
  const { ownerId, secret } = await seedQueue(db, receiver.url, 300);
  await untilEnded(db, ownerId, 300);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(300);
  expect(receiver.received).toHaveLength(300);
  const verifier = new Webhook(secret);
  for (const { body, headers } of receiver.received)
    expect(verifier.verify(body, { ...headers })).toBeTruthy();
  await receiver.close();
});

test('500 twice, then 200: RETRYING twice, then SUCCEEDED, with each attempt on record', async () => {
  const receiver = await startReceiver({
    answer: (_request, response, index) => response.writeHead(index < 2 ? 500 : 200).end('x'),
  });
  const { ownerId } = await seedQueue(db, receiver.url, 1);
  await untilEnded(db, ownerId, 1);
  expect(await statusesOf(db, ownerId)).toEqual(['PENDING', 'RETRYING', 'RETRYING', 'SUCCEEDED']);
  const { rows } = await db.database.api.query(
    'select number, outcome, response_status from attempt where owner_id = $1 order by number',
    [ownerId],
  );
  expect(rows).toEqual([
    { number: 1, outcome: 'HTTP_STATUS', response_status: 500 },
    { number: 2, outcome: 'HTTP_STATUS', response_status: 500 },
    { number: 3, outcome: 'SUCCEEDED', response_status: 200 },
  ]);
  await receiver.close();
});

test('500 always: DEAD_LETTER after exactly as many attempts as the schedule has entries', async () => {
  const receiver = await startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  const { ownerId } = await seedQueue(db, receiver.url, 1);
  await untilEnded(db, ownerId, 1);
  expect(receiver.received).toHaveLength(3);
  expect((await statusesOf(db, ownerId)).at(-1)).toBe('DEAD_LETTER');
  await receiver.close();
});

test('an attempt that outlasts a second shows as DELIVERING', async () => {
  const receiver = await startReceiver({
    answer: (_request, response) => void setTimeout(() => response.writeHead(200).end(), 1_300),
  });
  const { ownerId } = await seedQueue(db, receiver.url, 1);
  await untilEnded(db, ownerId, 1);
  expect(await statusesOf(db, ownerId)).toEqual(['PENDING', 'DELIVERING', 'SUCCEEDED']);
  await receiver.close();
});

test('410 disables the endpoint as GONE and ends what is queued', async () => {
  const receiver = await startReceiver({ answer: (_request, response) => response.writeHead(410).end() });
  const { ownerId, endpointId } = await seedQueue(db, receiver.url, 50);
  await untilEnded(db, ownerId, 50);
  const { rows } = await db.database.api.query(
    'select is_active, disabled_reason from endpoint where owner_id = $1 and id = $2',
    [ownerId, endpointId],
  );
  expect(rows).toEqual([{ is_active: false, disabled_reason: 'GONE' }]);
  const reasons = await db.database.api.query(
    'select distinct failure_reason from delivery where owner_id = $1',
    [ownerId],
  );
  expect(reasons.rows).toEqual([{ failure_reason: 'ENDPOINT_GONE' }]);
  await receiver.close();
});
