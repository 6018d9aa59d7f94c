import { afterAll, beforeAll, expect, test } from 'vitest';
import { Hints } from '../../src/db/listen.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { Hub } from '../../src/live/hub.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { append, createOwner, pending } from './append-log.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** Longer than any test: what arrives came by a hint. */
const never = 3_600_000;

test('a hint from another process wakes the owner’s reader', async () => {
  const listening = new Hints({ url: db.url, logger: quietLogger });
  const sending = new Hints({ url: db.url, logger: quietLogger });
  const hub = new Hub({ database: db.database, hints: listening, logger: quietLogger, pollMs: never });
  hub.start();
  const connected = new Promise<void>((resolve) => listening.onConnect(resolve));
  listening.start();
  await connected;
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId });
  await subscription.next({ maxBatch: 1, heartbeatMs: 0 });
  for (const words of [[ownerId], ['d:7', ownerId], ['*']]) {
    const next = subscription.next({ maxBatch: 1 });
    const head = await append(db.database.api, ownerId, pending(1));
    sending.send(words);
    expect(await next).toMatchObject({ position: head });
  }
  await Promise.all([hub.stop(), listening.stop(), sending.stop()]);
});

test('a new LISTEN connection makes every reader look for what it missed', async () => {
  const hints = new Hints({ url: db.url, logger: quietLogger });
  const hub = new Hub({ database: db.database, hints, logger: quietLogger, pollMs: never });
  hub.start();
  const ownerId = await createOwner(db.database.api);
  const subscription = hub.subscribe({ ownerId });
  await subscription.next({ maxBatch: 1, heartbeatMs: 0 });
  const next = subscription.next({ maxBatch: 1 });
  await append(db.database.api, ownerId, pending(1));
  hints.start();
  expect(await next).toMatchObject({ position: 1 });
  await Promise.all([hub.stop(), hints.stop()]);
});

test('while connections are cut subscribers wait, and lose nothing', async () => {
  const hints = new Hints({ url: db.url, logger: quietLogger });
  const name = `cut_${process.pid}`;
  const url = new URL(db.url);
  url.searchParams.set('application_name', name);
  const warnings: unknown[] = [];
  const logger = quietLogger.child({});
  logger.warn = (fields: unknown) => void warnings.push(fields);
  const database = openDatabase({
    url: url.href,
    logger,
    prepared: true,
    engineConnections: 1,
    apiConnections: 4,
  });
  const hub = new Hub({ database, hints, logger, pollMs: 10, ringSize: 8 });
  hub.start();
  const ownerId = await createOwner(db.database.api);
  const subscriptions = [1, 2, 3].map(() => hub.subscribe({ ownerId, after: 0 }));
  const seen = subscriptions.map(async (subscription) => {
    const positions: number[] = [];
    while (positions.length < 200) {
      const batch = await subscription.next({ maxBatch: 7 });
      positions.push(...(batch?.changes ?? []).map(({ position }) => position));
    }
    return positions;
  });
  for (let round = 0; round < 20; round += 1) {
    await append(db.database.api, ownerId, pending(10));
    await db.database.engine.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      [name],
    );
  }
  const expected = Array.from({ length: 200 }, (_, index) => index + 1);
  expect(await Promise.all(seen)).toEqual([expected, expected, expected]);
  await Promise.all([hub.stop(), hints.stop()]);
  await database.close();
});

test('one reader serves all of an owner’s subscribers', async () => {
  const hints = new Hints({ url: db.url, logger: quietLogger });
  const hub = new Hub({ database: db.database, hints, logger: quietLogger, pollMs: 10 });
  hub.start();
  const ownerId = await createOwner(db.database.api);
  const others = await createOwner(db.database.api);
  const subscriptions = Array.from({ length: 50 }, () => hub.subscribe({ ownerId }));
  const other = hub.subscribe({ ownerId: others });
  expect(hub.size).toEqual({ subscriptions: 51, owners: 2 });
  await Promise.all(subscriptions.map((subscription) => subscription.next({ maxBatch: 1, heartbeatMs: 0 })));
  const nexts = subscriptions.map((subscription) => subscription.next({ maxBatch: 1 }));
  await append(db.database.api, ownerId, pending(1));
  hints.send([ownerId]);
  const batches = await Promise.all(nexts);
  expect(new Set(batches.map((batch) => batch?.changes[0])).size).toBe(1);
  for (const subscription of subscriptions) subscription.return();
  expect(hub.size).toEqual({ subscriptions: 1, owners: 1 });
  other.return();
  await Promise.all([hub.stop(), hints.stop()]);
});
