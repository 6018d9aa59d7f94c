import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('a migrated database has nothing left to apply, however many ask at once', async () => {
  expect(await Promise.all([migrate(db.url), migrate(db.url), migrate(db.url)])).toEqual([[], [], []]);
});

test('a changed migration stops the start and is named', async () => {
  await db.database.api.query("update migration set sha256 = 'other' where name = '0001_owners.sql'");
  await expect(migrate(db.url)).rejects.toThrow('0001_owners.sql was changed');
});
