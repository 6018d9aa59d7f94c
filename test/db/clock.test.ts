import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { databaseNow, isClockOffsetOutdated } from '../../src/clock.ts';
import { synchroniseClock } from '../../src/db/clock.ts';
import { JobRunner } from '../../src/jobs/job-runner.ts';
import { Scheduler } from '../../src/jobs/scheduler.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';

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

test('a clock that is set while the program runs is noticed, and compared again', {
  timeout: 60_000,
}, async () => {
  const { database, url } = db;
  let rounds = 0;
  const jobs = ['partitions', 'retention', 'usage-rollup'].map((name) => ({
    name,
    async run() {
      rounds += 1;
      return {};
    },
  }));
  const runner = new JobRunner({ database, directUrl: url, jobs });
  const scheduler = new Scheduler({ database, runner, logger: quietLogger });
  scheduler.start();
  // It compares the clocks at its start, before its jobs.
  await expect.poll(() => rounds).toBe(jobs.length);

  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 10 * minuteMs);
  expect(isClockOffsetOutdated()).toBe(true);
  await expect.poll(() => Math.abs(databaseNow() - now())).toBeLessThan(minuteMs);
  expect(isClockOffsetOutdated()).toBe(false);
  await scheduler.stop();
});
