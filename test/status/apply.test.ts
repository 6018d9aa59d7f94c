import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { apply } from '../../src/status/apply.ts';
import type { Change } from '../../src/status/change.ts';
import { createDeliveries } from '../../src/status/create-deliveries.ts';
import { endQueued } from '../../src/status/end-queued.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, newDelivery, seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const attempt: NonNullable<Change['attempt']> = {
  outcome: 'SUCCEEDED',
  counts: true,
  startedAt: new Date(),
  durationMs: 12.5,
  responseStatus: 200,
  responseBody: 'ok\u0000\ud800',
  responseHeaders: [{ name: 'x', value: '\u0000' }],
  requestHeaders: [{ name: 'webhook-id', value: 'evt_1' }],
  error: undefined,
};

async function log(ownerId: string) {
  const { rows } = await db.database.api.query(
    `select position, status, previous_status, failure_reason, attempt_number, response_status
       from delivery_log where owner_id = $1 order by position`,
    [ownerId],
  );
  return rows;
}

async function count(table: string, ownerId: string): Promise<number> {
  const { rows } = await db.database.api.query<{ n: number }>(
    `select count(*)::int as n from ${table} where owner_id = $1`,
    [ownerId],
  );
  return rows[0]?.n ?? -1;
}

test('a delivery is created, settled and logged, with its attempt and its rollups', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [delivery] = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 1);
  await claimAll(db.database, ownerId, 7);
  const change: Change = {
    ownerId,
    deliveryId: delivery?.id ?? '',
    claim: 7,
    attemptRows: 0,
    to: { kind: 'end', status: 'SUCCEEDED', reason: undefined },
    attempt,
  };
  expect(await apply(db.database, [change])).toEqual([{ delivery_id: delivery?.id, due_at: null }]);
  expect(await apply(db.database, [change]), 'a repetition changes nothing').toEqual([]);
  expect(await log(ownerId)).toEqual([
    {
      position: 1,
      status: 'PENDING',
      previous_status: null,
      failure_reason: null,
      attempt_number: 0,
      response_status: null,
    },
    {
      position: 2,
      status: 'SUCCEEDED',
      previous_status: 'PENDING',
      failure_reason: null,
      attempt_number: 1,
      response_status: 200,
    },
  ]);
  expect(await count('due', ownerId)).toBe(0);
  const { rows } = await db.database.api.query(
    `select s.succeeded, s.failed, l.attempts, a.outcome, a.response_body from endpoint_stat s
       join endpoint_latency l using (owner_id, endpoint_id) join attempt a using (owner_id) where owner_id = $1`,
    [ownerId],
  );
  expect(rows).toEqual([
    { succeeded: 1, failed: 0, attempts: 1, outcome: 'SUCCEEDED', response_body: 'ok\ufffd\ufffd' },
  ]);
});

test('a change under another claim, or at another number of attempts, changes nothing', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [delivery] = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 1);
  await claimAll(db.database, ownerId, 8);
  const base = {
    ownerId,
    deliveryId: delivery?.id ?? '',
    attempt,
    to: { kind: 'retry', delayMs: 1000 } as const,
  };
  expect(await apply(db.database, [{ ...base, claim: 7, attemptRows: 0 }])).toEqual([]);
  expect(await apply(db.database, [{ ...base, claim: 8, attemptRows: 1 }])).toEqual([]);
  expect(await apply(db.database, [{ ...base, claim: 8, attemptRows: 0 }])).toHaveLength(1);
  const { rows } = await db.database.api.query(
    'select status, claim, attempt_count, attempt_rows, due_at > now() as later from due where owner_id = $1',
    [ownerId],
  );
  expect(rows).toEqual([{ status: 'RETRYING', claim: null, attempt_count: 1, attempt_rows: 1, later: true }]);
});

test('an owner without a log is refused, and nothing is stored', async () => {
  const ownerId = mintUuid();
  const delivery = newDelivery(ownerId, mintUuid());
  await expect(createDeliveries(db.database, { events: [], deliveries: [delivery] })).rejects.toThrow(
    'missing in the log',
  );
  expect(await count('delivery', ownerId)).toBe(0);
  expect(await count('due', ownerId)).toBe(0);
});

test('an event that is there already gets no second set of deliveries', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const delivery = newDelivery(ownerId, endpointIds[0] ?? '');
  const event = {
    ownerId,
    id: delivery.eventId,
    type: 'order.paid',
    body: '{}',
    tenantId: ownerId,
    idempotencyKey: undefined,
    occurredAt: new Date(),
  };
  const batch = { events: [event], deliveries: [delivery] };
  expect(await createDeliveries(db.database, batch)).toEqual(new Set([event.id]));
  expect(await createDeliveries(db.database, batch)).toEqual(new Set());
  expect(await count('delivery', ownerId)).toBe(1);
  expect(await log(ownerId)).toHaveLength(1);
});

test('ending a queue leaves claimed deliveries, unless they are included explicitly', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  await seedDeliveries(db.database, ownerId, endpointId, 2);
  await claimAll(db.database, ownerId, 3);
  await seedDeliveries(db.database, ownerId, endpointId, 2500);
  expect(await endQueued(db.database, { ownerId, endpointId, reason: 'ENDPOINT_INACTIVE' })).toBe(2500);
  expect(await endQueued(db.database, { ownerId, endpointId, reason: 'CANCELLED', claimedToo: true })).toBe(
    2,
  );
  const positions = (await log(ownerId)).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: 5004 }, (_, index) => index + 1));
});

test('six writers over the same rows in random order leave a dense log, each row settled once', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const deliveries = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 600);
  await claimAll(db.database, ownerId, 1);
  const changes = deliveries.map(
    ({ id }): Change => ({
      ownerId,
      deliveryId: id,
      claim: 1,
      attemptRows: 0,
      to: { kind: 'end', status: 'SUCCEEDED', reason: undefined },
      attempt,
    }),
  );
  const shuffled = () => [...changes].sort(() => Math.random() - 0.5);
  const settled = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const all = shuffled();
      let applied = 0;
      for (let at = 0; at < all.length; at += 50)
        applied += (await apply(db.database, all.slice(at, at + 50))).length;
      return applied;
    }),
  );
  expect(settled.reduce((sum, n) => sum + n, 0)).toBe(600);
  const positions = (await log(ownerId)).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: 1200 }, (_, index) => index + 1));
});
