import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../src/engine/worker.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import { giveUpEndpoint } from '../../src/telling/give-up-endpoint.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { createWorker, seedQueue, seedSecret, untilEnded, untilTrue } from '../support/worker.ts';

const rules = { retrySchedule: [0, 0.05, 0.1], requireVerification: true };

let db: TestDatabase;
let worker: Worker;
const receivers: Receiver[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
  worker = createWorker(db);
  worker.start();
});
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
});
afterAll(async () => {
  await worker.stop(1_000);
  await db.drop();
});

async function open(options: Parameters<typeof startReceiver>[0] = {}): Promise<Receiver> {
  const receiver = await startReceiver(options);
  receivers.push(receiver);
  return receiver;
}

const answering = (status: number) =>
  open({ answer: (_request, response) => response.writeHead(status).end() });

async function addEndpoint(
  ownerId: string,
  { url, events = ['endpoint.disabled'] }: { url: string; events?: readonly string[] },
) {
  const id = mintUuid();
  await db.database.api.query(
    `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
     values ($1, $2, 'TENANT', $3, $4, true, 'VERIFIED')`,
    [ownerId, id, url, events],
  );
  const { secret } = await seedSecret(db, ownerId, id);
  return { id, secret };
}

async function rowsOf<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
  return (await db.database.api.query<Row>(sql, [...values])).rows;
}

const announced = (ownerId: string) =>
  rowsOf<{ id: string }>("select id from event where owner_id = $1 and type = 'endpoint.disabled'", [
    ownerId,
  ]);

const disabledReason = async (endpointId: string) =>
  (
    await rowsOf<{ disabled_reason: string | null }>('select disabled_reason from endpoint where id = $1', [
      endpointId,
    ])
  )[0]?.disabled_reason;

/** The positions are 1, 2, 3 …, without gaps up to the head. */
async function expectDenseLog(ownerId: string): Promise<void> {
  const [log] = await rowsOf<{ n: number; last: number; head: number }>(
    `select count(*)::int as n, max(position) as last, (select head from owner_log where owner_id = $1) as head
       from delivery_log where owner_id = $1`,
    [ownerId],
  );
  expect(log).toEqual({ n: log?.n, last: log?.n, head: log?.n });
}

test('410 tells the other endpoint once, signed, with what was disabled and why', async () => {
  const gone = await answering(410);
  const { ownerId, endpointId } = await seedQueue(db, `${gone.url}?token=secret`, 0);
  const told = await open();
  const { secret } = await addEndpoint(ownerId, { url: told.url });
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 2);
  expect(await disabledReason(endpointId)).toBe('GONE');
  expect(told.received).toHaveLength(1);
  const [request] = told.received;
  const body = new Webhook(secret).verify(request?.body ?? '', { ...request?.headers });
  expect(body).toEqual({
    type: 'endpoint.disabled',
    timestamp: expect.any(String),
    data: {
      endpointId: encodeId('Endpoint', endpointId),
      url: gone.url,
      reason: 'GONE',
      disabledAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
    },
  });
  const [event] = await announced(ownerId);
  expect(request?.headers['webhook-id']).toBe(encodeId('Event', event?.id ?? ''));
  await expectDenseLog(ownerId);
});

test('five days of nothing but failures disable as FAILING, on record, and tell the other endpoint', async () => {
  const failing = await answering(500);
  const { ownerId, endpointId } = await seedQueue(db, failing.url, 0);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, consecutive_failures, failing_since, spread_failures, spread_failure_at)
     values ($1, $2, 7, now() - interval '5 days 1 minute', 6, now() - interval '13 hours')`,
    [ownerId, endpointId],
  );
  const told = await open();
  await addEndpoint(ownerId, { url: told.url, events: ['endpoint.*'] });
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await told.until(1);
  expect(await disabledReason(endpointId)).toBe('FAILING');
  expect(JSON.parse(told.received[0]?.body ?? '')).toMatchObject({
    data: { url: failing.url, reason: 'FAILING' },
  });
  expect(
    await rowsOf('select action, actor_kind, changes from audit_entry where owner_id = $1', [ownerId]),
  ).toEqual([
    {
      action: 'endpoint.disable',
      actor_kind: 'SYSTEM',
      changes: { isActive: { from: true, to: false }, disabledReason: { from: null, to: 'FAILING' } },
    },
  ]);
  await untilEnded(db, ownerId, 2);
  await expectDenseLog(ownerId);
});

test('not quite five days of failures disable nothing', async () => {
  const failing = await answering(500);
  const { ownerId, endpointId } = await seedQueue(db, failing.url, 0);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, consecutive_failures, failing_since, spread_failures, spread_failure_at)
     values ($1, $2, 7, now() - interval '4 days 23 hours', 6, now() - interval '13 hours')`,
    [ownerId, endpointId],
  );
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 1);
  expect(await disabledReason(endpointId)).toBeNull();
  expect(await announced(ownerId)).toEqual([]);
});

test('one failure six days ago, none since, and one today disable nothing', async () => {
  const failing = await answering(500);
  const { ownerId, endpointId } = await seedQueue(db, failing.url, 0);
  await db.database.api.query(
    `insert into endpoint_health (owner_id, endpoint_id, consecutive_failures, failing_since, spread_failures, spread_failure_at)
     values ($1, $2, 1, now() - interval '6 days', 1, now() - interval '6 days')`,
    [ownerId, endpointId],
  );
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 1);
  expect(await disabledReason(endpointId)).toBeNull();
  expect(await announced(ownerId)).toEqual([]);
});

test('two deliveries that are both answered 410 at once make one event', async () => {
  const answers: (() => void)[] = [];
  const gone = await open({
    answer: (_request, response) => void answers.push(() => response.writeHead(410).end()),
  });
  const { ownerId, endpointId } = await seedQueue(db, gone.url, 0);
  const told = await open();
  await addEndpoint(ownerId, { url: told.url, events: ['*'] });
  await seedDeliveries(db.database, ownerId, endpointId, 2);
  await gone.until(2);
  for (const answer of answers) answer();
  await untilEnded(db, ownerId, 3);
  expect(await announced(ownerId)).toHaveLength(1);
  expect(told.received).toHaveLength(1);
  await expectDenseLog(ownerId);
});

test('of eight callers at once, beside what settles, one disables and tells', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  const told = await open();
  const { id: toldId } = await addEndpoint(ownerId, { url: told.url });
  await seedDeliveries(db.database, ownerId, toldId, 200);
  const given = {
    ownerId,
    endpointId,
    url: 'http://127.0.0.1:9/',
    reason: 'GONE',
    rules,
    logger: quietLogger,
  } as const;
  const results = await Promise.all(Array.from({ length: 8 }, () => giveUpEndpoint(db.database, given)));
  expect(results.filter((wasDisabled) => wasDisabled)).toHaveLength(1);
  await untilTrue(() => told.received.length === 201);
  await untilEnded(db, ownerId, 201);
  expect(await announced(ownerId)).toHaveLength(1);
  await expectDenseLog(ownerId);
});

test('an endpoint that does not subscribe gets nothing; what an inactive one misses is on record', async () => {
  const gone = await answering(410);
  const { ownerId, endpointId } = await seedQueue(db, gone.url, 0);
  const [other, inactive] = [await open(), await open()];
  await addEndpoint(ownerId, { url: other.url, events: ['order.paid', 'order.*'] });
  const { id: inactiveId } = await addEndpoint(ownerId, { url: inactive.url });
  await db.database.api.query(
    "update endpoint set is_active = false, disabled_reason = 'MANUAL' where id = $1",
    [inactiveId],
  );
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 2);
  expect(
    await rowsOf(
      `select endpoint_id, status, failure_reason from delivery
        where owner_id = $1 and event_type = 'endpoint.disabled'`,
      [ownerId],
    ),
  ).toEqual([{ endpoint_id: inactiveId, status: 'FAILED', failure_reason: 'ENDPOINT_INACTIVE' }]);
  expect(other.received).toEqual([]);
  expect(inactive.received).toEqual([]);
});

test("another owner's endpoints are not told", async () => {
  const gone = await answering(410);
  const { ownerId } = await seedQueue(db, gone.url, 1);
  const stranger = await open();
  const { ownerId: strangerId } = await seedOwner(db.database);
  await addEndpoint(strangerId, { url: stranger.url });
  await untilEnded(db, ownerId, 1);
  expect(await announced(strangerId)).toEqual([]);
  expect(stranger.received).toEqual([]);
});

test('a transaction that does not commit has neither disabled nor told', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 2 });
  const [endpointId = ''] = endpointIds;
  const [log] = await rowsOf<{ at: Date }>('delete from owner_log where owner_id = $1 returning at', [
    ownerId,
  ]);
  const given = {
    ownerId,
    endpointId,
    url: 'http://127.0.0.1:9/',
    reason: 'GONE',
    rules,
    logger: quietLogger,
  } as const;
  await expect(giveUpEndpoint(db.database, given), 'the log refuses').rejects.toThrow();
  expect(await disabledReason(endpointId)).toBeNull();
  expect(await announced(ownerId)).toEqual([]);
  await db.database.api.query('insert into owner_log (owner_id, at) values ($1, $2)', [ownerId, log?.at]);
  expect(await giveUpEndpoint(db.database, given)).toBe(true);
  expect(await announced(ownerId)).toHaveLength(1);
  await expectDenseLog(ownerId);
});

test("an app's endpoint is disabled, and there is nobody else to tell", async () => {
  const gone = await answering(410);
  const { ownerId, endpointId } = await seedQueue(db, gone.url, 0);
  await db.database.api.query(
    "update endpoint set owner_kind = 'APP', streams = '{LIFECYCLE}' where id = $1",
    [endpointId],
  );
  await seedDeliveries(db.database, ownerId, endpointId, 1);
  await untilEnded(db, ownerId, 1);
  expect(await disabledReason(endpointId)).toBe('GONE');
  expect(
    await rowsOf('select tenant_id from event where owner_id = $1 and type = $2', [
      ownerId,
      'endpoint.disabled',
    ]),
  ).toEqual([{ tenant_id: null }]);
  await expectDenseLog(ownerId);
});
