import type { ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BodyBudget } from '../../src/engine/body-budget.ts';
import { mintUuid } from '../../src/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { startReceiver } from '../support/receiver.ts';
import { createWorker, seedSecret, untilEnded, untilTrue } from '../support/worker.ts';

const budgetBytes = 64 * 1024 * 1024;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('what is read gives back what was reserved, and what is released all of it', () => {
  const budget = new BodyBudget();
  const rows = Array.from({ length: budget.room() }, () => ({ owner_id: mintUuid() }));
  for (const row of rows) budget.reserve(row);
  expect(budget.room()).toBe(0);
  expect(budget.bytes).toBeLessThanOrEqual(budgetBytes);
  for (const row of rows) budget.hold(row, 1_000);
  expect(budget.bytes).toBe(rows.length * 1_000);
  for (const row of [...rows, ...rows]) budget.release(row);
  expect(budget.bytes).toBe(0);
});

test('one owner has half at most', () => {
  const budget = new BodyBudget();
  const ownerId = mintUuid();
  const all = budget.room();
  for (let left = budget.roomOfOwner(ownerId); left > 0; left -= 1) budget.reserve({ owner_id: ownerId });
  expect(budget.roomOfOwner(ownerId)).toBe(0);
  expect(budget.roomOfOwner(mintUuid())).toBe(Math.floor(all / 2));
  expect(budget.room()).toBeGreaterThanOrEqual(Math.floor(all / 2));
});

test('400 deliveries of 250 KiB arrive, and the bodies held never pass the budget', async () => {
  const registry = new Registry();
  const worker = createWorker(db, { deliveryTimeoutMs: 20_000 }, registry);
  const held = async () => (await registry.getSingleMetric('heliograph_body_bytes')?.get())?.values[0]?.value;
  const samples: (number | undefined)[] = [];
  const silent: ServerResponse[] = [];
  let answers = false;
  const receiver = await startReceiver({
    answer(_request, response) {
      void held().then((bytes) => samples.push(bytes));
      if (answers) response.writeHead(204).end();
      else silent.push(response);
    },
  });
  // Each endpoint may have four attempts running at first, so without the budget all 400 would run.
  const owners = await Promise.all(
    Array.from({ length: 4 }, () => seedOwner(db.database, { endpoints: 25, url: receiver.url })),
  );
  for (const { ownerId, endpointIds } of owners) {
    for (const endpointId of endpointIds) {
      await seedSecret(db, ownerId, endpointId);
      await seedDeliveries(db.database, ownerId, endpointId, 4);
    }
    await db.database.api.query(
      `update event set body = '{"type":"order.paid","data":"' || repeat('x', 256000) || '"}' where owner_id = $1`,
      [ownerId],
    );
  }
  worker.start();
  await receiver.until(250);
  answers = true;
  for (const response of silent) response.writeHead(204).end();
  for (const { ownerId } of owners) await untilEnded(db, ownerId, 100);

  expect(samples).toHaveLength(400);
  expect(Math.max(...samples.map(Number))).toBeLessThanOrEqual(budgetBytes);
  expect(Math.max(...samples.map(Number))).toBeGreaterThan(0.9 * budgetBytes);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(400);
  expect(receiver.received.every(({ body }) => body.length > 256_000)).toBe(true);
  await worker.stop(1_000);
  expect(await held()).toBe(0);
  await receiver.close();
});

test('what is ended without sending holds nothing while its settle waits', async () => {
  const registry = new Registry();
  const worker = createWorker(db, {}, registry);
  const gauge = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  const { ownerId, endpointIds } = await seedOwner(db.database);
  await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 4);
  await db.database.api.query('update endpoint set is_active = false where owner_id = $1', [ownerId]);
  const other = await db.database.api.connect();
  await other.query('begin');
  await other.query('select from owner_log where owner_id = $1 for update', [ownerId]);
  worker.start();
  await untilTrue(async () => (await gauge('heliograph_in_flight')) === 4);
  const bytes = await gauge('heliograph_body_bytes');
  await other.query('commit');
  other.release();
  await untilEnded(db, ownerId, 4);
  await worker.stop(1_000);
  expect(bytes).toBe(0);
});
