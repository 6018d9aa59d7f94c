import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/pool.ts';
import { readHead, readPage } from '../../src/live/read-log.ts';
import { createTestDatabase, quietLogger } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

const restored = async (url: string) => {
  const env = { PATH: process.env.PATH, DATABASE_URL: url };
  return await promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/commands/restored.ts'], {
    env,
  });
};

test('after a restore each log goes on later and takes no reader back; it waits for the last process to stop', async () => {
  const clone = await createTestDatabase();
  const { ownerId, endpointIds } = await seedOwner(clone.database);
  await seedDeliveries(clone.database, ownerId, endpointIds[0] ?? '', 3);
  await expect(restored(clone.url)).rejects.toThrow('Stop every process');
  await clone.database.close();
  const { stdout } = await restored(clone.url);
  expect(stdout).toMatch(/^1 logs go on 1,000,000,000 positions later/);

  const options = { logger: quietLogger, prepared: true, engineConnections: 1, apiConnections: 2 };
  const database = openDatabase({ url: clone.url, ...options });
  const { head, floor } = await readHead(database, ownerId);
  expect([head, floor]).toEqual([1_000_000_003, 1_000_000_003]);
  await seedDeliveries(database, ownerId, endpointIds[0] ?? '', 2);
  const after = (position: number) =>
    readPage(database, ownerId, { point: { position, since: undefined }, limit: 10 });
  // A position of changes that the restore has lost, and one that it has kept.
  for (const position of [500, 3])
    await expect(after(position)).rejects.toMatchObject({ code: 'LOG_POSITION_EXPIRED' });
  expect((await after(head)).changes.map((change) => change.position)).toEqual([head + 1, head + 2]);
  await database.close();
  await clone.drop();
});
