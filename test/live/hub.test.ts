import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Hints } from '../../src/db/listen.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { Hub } from '../../src/live/hub.ts';
import type { LogSubscription } from '../../src/live/subscription.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { append, createOwner, pending } from './append-log.ts';
import { startProxy } from './database-proxy.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function readTo(subscription: LogSubscription, position: number): Promise<number[]> {
  const positions: number[] = [];
  while (positions.at(-1) !== position) {
    const batch = await subscription.next({ maxBatch: 7 });
    positions.push(...(batch?.changes ?? []).map((change) => change.position));
  }
  return positions;
}

/** Longer than any test, so what arrives came by a hint. */
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

test('while the database cannot be reached subscribers wait, which is logged once, and lose nothing', async () => {
  const proxy = await startProxy(db.url);
  const logged: string[] = [];
  const logger = quietLogger.child({});
  const note = (level: string) => () => void logged.push(level);
  logger.warn = note('warn');
  logger.info = note('info');
  const database = openDatabase({
    url: proxy.url,
    logger: quietLogger,
    prepared: true,
    engineConnections: 1,
    apiConnections: 4,
  });
  const hub = new Hub({ database, hints: database.hints, logger, pollMs: 10, ringSize: 8 });
  hub.start();
  const ownerId = await createOwner(db.database.api);
  await append(db.database.api, ownerId, pending(3));
  const live = hub.subscribe({ ownerId, after: 0 });
  expect(await live.next({ maxBatch: 9 })).toMatchObject({ position: 3 });

  await proxy.cut();
  await append(db.database.api, ownerId, pending(40));
  const catchingUp = hub.subscribe({ ownerId, after: 1 });
  const beginning = hub.subscribe({ ownerId });
  const waiting = [live, catchingUp].map((subscription) => readTo(subscription, 43));
  const began = beginning.next({ maxBatch: 1 });
  await vi.waitUntil(() => logged.includes('warn'), { timeout: 30_000 });
  await proxy.heal();

  expect(await Promise.all(waiting)).toEqual([range(4, 43), range(2, 43)]);
  await vi.waitUntil(() => logged.includes('info'), { timeout: 30_000 });
  expect(logged).toEqual(['warn', 'info']);
  beginning.return();
  await began;
  await hub.stop();
  await database.close();
  await proxy.stop();
});

test('connections that are cut again and again lose nothing', async () => {
  const url = new URL(db.url);
  const name = `cut_${process.pid}`;
  url.searchParams.set('application_name', name);
  const database = openDatabase({
    url: url.href,
    logger: quietLogger,
    prepared: true,
    engineConnections: 1,
    apiConnections: 4,
  });
  const hub = new Hub({ database, hints: database.hints, logger: quietLogger, pollMs: 10, ringSize: 8 });
  hub.start();
  const ownerId = await createOwner(db.database.api);
  const seen = [1, 2, 3].map(() => readTo(hub.subscribe({ ownerId, after: 0 }), 200));
  let cut = 0;
  for (let round = 0; round < 20; round += 1) {
    await append(db.database.api, ownerId, pending(10));
    const { rowCount } = await db.database.engine.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      [name],
    );
    cut += rowCount ?? 0;
  }
  expect(await Promise.all(seen)).toEqual([range(1, 200), range(1, 200), range(1, 200)]);
  expect(cut).toBeGreaterThan(0);
  await hub.stop();
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
