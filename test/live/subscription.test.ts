import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Hints } from '../../src/db/listen.ts';
import { Hub } from '../../src/live/hub.ts';
import type { LogBatch } from '../../src/live/read-log.ts';
import type { LogSubscription } from '../../src/live/subscription.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { append, createOwner, pending } from './append-log.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** Hints never arrive, so the poll alone must find everything. */
const silentHints: Pick<Hints, 'subscribe' | 'onConnect'> = {
  subscribe: () => undefined,
  onConnect: () => undefined,
};

let hub: Hub;
beforeEach(() => {
  hub = new Hub({ database: db.database, hints: silentHints, logger: quietLogger, ringSize: 16, pollMs: 10 });
  hub.start();
});
afterEach(() => hub.stop());

const all = { maxBatch: 1000 };

async function positions(subscription: LogSubscription, until: number, maxBatch = 1000): Promise<number[]> {
  const seen: number[] = [];
  while ((seen.at(-1) ?? 0) < until) {
    const batch = await subscription.next({ maxBatch });
    if (batch === undefined) break;
    seen.push(...batch.changes.map(({ position }) => position));
  }
  return seen;
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('without a position it begins at the head', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(3));
  const subscription = hub.subscribe({ ownerId });
  expect(await subscription.next({ maxBatch: 5, heartbeatMs: 0 })).toEqual({
    after: 3,
    position: 3,
    head: 3,
    changes: [],
  });
  await append(db.database.api, ownerId, pending(2));
  const batch = await subscription.next(all);
  expect(batch).toMatchObject({
    after: 3,
    position: 5,
    head: 5,
    changes: [{ position: 4 }, { position: 5 }],
  });
});

test('with a position it first reads what lies before, then goes on live', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(300));
  const subscription = hub.subscribe({ ownerId, after: 10 });
  expect(await positions(subscription, 300)).toEqual(range(11, 300));
  await append(db.database.api, ownerId, pending(1));
  expect(await positions(subscription, 301)).toEqual([301]);
});

test('a batch holds no more than was asked for, and batches follow each other', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(10));
  const subscription = hub.subscribe({ ownerId, after: 0 });
  expect(await subscription.next({ maxBatch: 4 })).toMatchObject({ after: 0, position: 4, head: 10 });
  expect(await subscription.next({ maxBatch: 4 })).toMatchObject({ after: 4, position: 8, head: 10 });
  expect(await subscription.next({ maxBatch: 4 })).toMatchObject({ after: 8, position: 10, head: 10 });
});

test('what the filter leaves out is covered by the next batch or heartbeat', async () => {
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId, after: 0, filter: ({ status }) => status === 'FAILED' });
  await append(db.database.api, ownerId, [...pending(3), { status: 'FAILED' }, ...pending(20)]);
  const found = await subscription.next({ maxBatch: 1 });
  expect(found).toMatchObject({ after: 0, position: 4, changes: [{ position: 4, status: 'FAILED' }] });
  expect(await subscription.next({ maxBatch: 1, heartbeatMs: 60 })).toMatchObject({
    after: 4,
    position: 24,
    changes: [],
  });
});

test('an expired position, and one that is ahead, end it with their code', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(5));
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position <= 3', [ownerId]);
  await db.database.api.query('update owner_log set floor = 3 where owner_id = $1', [ownerId]);
  const late = hub.subscribe({ ownerId, after: 2 });
  await expect(late.next(all)).rejects.toMatchObject({
    code: 'LOG_POSITION_EXPIRED',
    extensions: { oldestPosition: 3 },
  });
  expect(await late.next(all)).toBeUndefined();
  const ahead = hub.subscribe({ ownerId, after: 6 });
  await expect(ahead.next(all)).rejects.toMatchObject({
    code: 'LOG_POSITION_AHEAD',
    extensions: { head: 5 },
  });
  expect(hub.size).toEqual({ subscriptions: 0, owners: 0 });
});

test('a hole is reported behind the last change before it, live and while catching up', async () => {
  const ownerId = await createOwner(db.database.api);
  const live = hub.subscribe({ ownerId });
  await live.next({ maxBatch: 1, heartbeatMs: 0 });
  // The rows are removed in the transaction that wrote them, so no reader ever saw them.
  const client = await db.database.api.connect();
  await client.query('begin');
  await client.query('update owner_log set head = head + 5 where owner_id = $1', [ownerId]);
  await client.query(
    `insert into delivery_log (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind,
                               status, attempt_number)
     select $1, n, clock_timestamp(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'a.b', 'EVENT', 'PENDING', 0
       from unnest(array[1, 2, 4, 5]) n`,
    [ownerId],
  );
  await client.query('commit');
  client.release();
  const resumed = hub.subscribe({ ownerId, after: 0 });
  for (const subscription of [live, resumed]) {
    expect(await positions(subscription, 2)).toEqual([1, 2]);
    await expect(subscription.next(all)).rejects.toMatchObject({
      code: 'LOG_POSITION_EXPIRED',
      extensions: { oldestPosition: 3 },
    });
  }
  const behind = hub.subscribe({ ownerId, after: 3 });
  expect(await positions(behind, 5)).toEqual([4, 5]);
});

test('a log that is shorter than it was (a restored backup) is not taken for the same', async () => {
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(5));
  const subscription = hub.subscribe({ ownerId, after: 0 });
  expect(await positions(subscription, 5)).toEqual(range(1, 5));
  const next = subscription.next(all);
  await db.database.api.query('delete from delivery_log where owner_id = $1 and position > 3', [ownerId]);
  await db.database.api.query('update owner_log set head = 3 where owner_id = $1', [ownerId]);
  await expect(next).rejects.toMatchObject({ code: 'LOG_POSITION_AHEAD', extensions: { head: 3 } });
});

test('a slow subscriber holds nobody up, and finds everything when it comes back', async () => {
  const ownerId = await createOwner(db.database.api);
  const slow = hub.subscribe({ ownerId, after: 0 });
  const quick = hub.subscribe({ ownerId, after: 0 });
  for (let round = 1; round <= 20; round += 1) {
    await append(db.database.api, ownerId, pending(10));
    expect(await positions(quick, round * 10)).toEqual(range(round * 10 - 9, round * 10));
  }
  expect(await positions(slow, 200, 3)).toEqual(range(1, 200));
});

test('return() answers a waiting next() at once, and the last one takes the reader away', async () => {
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId });
  await subscription.next({ maxBatch: 1, heartbeatMs: 0 });
  const next = subscription.next(all);
  subscription.return();
  expect(await next).toBeUndefined();
  expect(await subscription.next(all)).toBeUndefined();
  expect(hub.size).toEqual({ subscriptions: 0, owners: 0 });
});

test('return() does not wait for a read of the table that hangs', async () => {
  const ownerId = await createOwner(db.database.api);
  const client = await db.database.engine.connect();
  await client.query('begin');
  await client.query('lock table owner_log in access exclusive mode');
  const subscription = hub.subscribe({ ownerId, after: 0 });
  const next = subscription.next(all);
  subscription.return();
  expect(await next).toBeUndefined();
  await client.query('rollback');
  client.release();
});

test('an aborted signal ends it with its reason, waiting or not', async () => {
  const ownerId = await createOwner(db.database.api);
  const abort = new AbortController();
  const reason = new Error('credential revoked');
  const subscription = hub.subscribe({ ownerId, signals: [abort.signal] });
  const next = subscription.next(all);
  abort.abort(reason);
  await expect(next).rejects.toBe(reason);
  await expect(subscription.next(all)).rejects.toBe(reason);
  const late = hub.subscribe({ ownerId, signals: [abort.signal] });
  await expect(late.next(all)).rejects.toBe(reason);
  expect(hub.size).toEqual({ subscriptions: 0, owners: 0 });
});

test('next() is refused while the last has not answered', async () => {
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId });
  const first = subscription.next(all);
  await expect(subscription.next(all)).rejects.toThrow('before the previous call had answered');
  subscription.return();
  expect(await first).toBeUndefined();
});

test('stopping the hub ends every subscription', async () => {
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId });
  const next = subscription.next(all);
  await hub.stop();
  expect(await next).toBeUndefined();
  expect(await hub.subscribe({ ownerId }).next(all)).toBeUndefined();
});

test('what comes in a burst is collected once for all who stand at the same place', async () => {
  const roomy = new Hub({
    database: db.database,
    hints: silentHints,
    logger: quietLogger,
    ringSize: 64,
    pollMs: 10,
  });
  roomy.start();
  const ownerId = await createOwner(db.database.api);
  const followers = Array.from({ length: 3 }, () => {
    const batches: LogBatch[] = [];
    const taker = {
      takesChanges: true,
      offer: (batch: LogBatch) => {
        batches.push(batch);
        return true;
      },
    };
    const subscription = roomy.subscribe({ ownerId, after: 0, filterKey: '{}', taker });
    return { batches, subscription };
  });
  const following = followers.map(async ({ batches, subscription }) => {
    for (;;) {
      const batch = await subscription.next({ maxBatch: 1 });
      if (batch === undefined) return;
      batches.push(batch);
    }
  });
  const untilAllHave = (count: number) =>
    expect.poll(() => followers.map(({ batches }) => batches.length)).toEqual([count, count, count]);
  // From here on each of them waits, and nobody reads the table.
  await append(db.database.api, ownerId, pending(1));
  await untilAllHave(1);
  await append(db.database.api, ownerId, pending(40));
  await untilAllHave(41);

  expect(new Set(followers.flatMap(({ batches }) => batches.slice(1))).size).toBe(40);
  for (const { subscription } of followers) subscription.return();
  await Promise.all(following);
  await roomy.stop();
});
