import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { databaseNow } from '../../src/clock.ts';
import { synchroniseClock } from '../../src/db/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  vi.restoreAllMocks();
  await synchroniseClock(db.database.api);
});

const minuteMs = 60_000;

test('a clock that is set while it is compared with the database’s is compared again', async () => {
  const now = Date.now.bind(Date);
  const readings = [0, 100 * minuteMs];
  vi.spyOn(Date, 'now').mockImplementation(() => now() + (readings.shift() ?? 0));
  await synchroniseClock(db.database.api);
  expect(Math.abs(databaseNow() - now())).toBeLessThan(minuteMs);
});

test('a difference of more than a day is refused', async () => {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 25 * 60 * minuteMs);
  await expect(synchroniseClock(db.database.api)).rejects.toThrow('differ by more than a day');
});
