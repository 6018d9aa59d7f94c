import { expect, test } from 'vitest';
import { directClient } from '../../src/db/direct-client.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { createEmptyClone, quietLogger } from '../support/database.ts';

async function open() {
  const { url, drop } = await createEmptyClone();
  const options = { url, logger: quietLogger, prepared: true, engineConnections: 2, apiConnections: 2 };
  const database = openDatabase(options);
  return { database, drop };
}

test('closing ends both pools though no typed query ever ran', async () => {
  const { database, drop } = await open();
  await database.api.query('select 1');
  expect(database.api.totalCount).toBe(1);
  await database.close();
  expect(database.api).toMatchObject({ ended: true, totalCount: 0 });
  expect(database.engine).toMatchObject({ ended: true, totalCount: 0 });
  await drop();
});

test('closing twice, after typed queries, is one close', async () => {
  const { database, drop } = await open();
  await database.query.selectFrom('tenant').select('id').execute();
  await Promise.all([database.close(), database.close()]);
  await database.close();
  expect(database.api).toMatchObject({ ended: true, totalCount: 0 });
  await drop();
});

test('a direct connection that the server ends fails the next statement, and nothing else', async () => {
  const { database, drop } = await open();
  const client = directClient(database.api.options.connectionString ?? '');
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const ended = new Promise((resolve) => client.once('end', resolve));
  await database.api.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await ended;
  await expect(client.query('select 1')).rejects.toThrow();
  await database.close();
  await drop();
});
