import { expect, test } from 'vitest';
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
