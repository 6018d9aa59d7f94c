import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from '../../src/route.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let db: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  db = await createTestDatabase();
  const heavy: Route = {
    method: 'GET',
    path: '/heavy',
    description: 'For tests.',
    auth: [],
    async handle() {
      const client = await db.database.api.connect();
      try {
        await client.query('set statement_timeout = 1');
        await client.query('select pg_sleep(60)');
      } finally {
        client.release(true);
      }
      return { status: 204 };
    },
  };
  server = await startTestServer({ routes: [heavy] });
});
afterAll(async () => {
  await server.stop();
  await db.drop();
});

test('a statement that takes too long is an internal error, which nobody is told to repeat at once', async () => {
  const answer = await fetch(`${server.url}/heavy`);
  expect({ status: answer.status, wait: answer.headers.get('retry-after') }).toEqual({
    status: 500,
    wait: null,
  });
  expect(await answer.json()).toMatchObject({ error: { code: 'INTERNAL' } });
});
