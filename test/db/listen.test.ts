import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Hints } from '../../src/db/listen.ts';
import { Signal } from '../../src/engine/signal.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('connections that fall one after the other leave no listeners behind', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error) => void warnings.push(name);
  process.on('warning', note);
  const hints = new Hints({ url: db.url, logger: quietLogger });
  const connected = new Signal();
  hints.onConnect(() => connected.notify());
  hints.start();
  for (let fall = 0; fall < 15; fall += 1) {
    await connected.wait(10_000);
    await db.database.api.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen heliograph'
          and datname = current_database()`,
    );
  }
  await connected.wait(10_000);
  const heard = new Promise((resolve) => hints.subscribe(resolve));
  await db.database.api.query(`select pg_notify('heliograph', 'one two')`);
  expect(await heard).toEqual(['one', 'two']);
  await hints.stop();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

test('stopping does not wait for a connection that is being made', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).resume()).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const hints = new Hints({ url: `postgres://x@127.0.0.1:${port}/x`, logger: quietLogger });
  const dialled = once(server, 'connection');
  hints.start();
  await dialled;
  await hints.stop();
  server.close();
  await once(server, 'close');
});
