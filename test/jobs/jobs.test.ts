import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { JobRunner } from '../../src/jobs/job-runner.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { rollUpUsage } from '../../src/jobs/roll-up-usage.ts';
import { Scheduler } from '../../src/jobs/scheduler.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { untilTrue } from '../support/worker.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const config = { retentionDays: 30, retrySchedule: [0, 5] };
const handshakes = { rescue: async () => 3 };

test('each job tells what it did, and has nothing left to do the second time', async () => {
  const { database } = db;
  await database.api.query(
    `insert into signing_secret (owner_id, endpoint_id, id, sealed, expires_at)
     values ($1, $1, $1, '', now() - interval '2 hours')`,
    [mintUuid()],
  );
  await database.api.query(`insert into auth_hook_seen values ('old', now() - interval '31 days')`);
  await database.api.query(
    `insert into job_run (job, run_id, started_at) values ('retention', 'old', now() - interval '31 days')`,
  );
  const jobs = createJobs({ database, handshakes, config });
  expect(jobs.map(({ name }) => name)).toEqual(['partitions', 'retention', 'rescue', 'usage-rollup']);
  const results = [];
  for (const job of jobs) results.push(await job.run());
  expect(results).toEqual([
    { made: 0 },
    {
      dropped: [],
      removed: {
        idempotency_key: 0,
        signing_secret: 1,
        auth_hook_seen: 1,
        install_link_used: 0,
        job_run: 1,
      },
    },
    { handshakes: 3 },
    { changedDays: 0 },
  ]);
});

test('partitions that are missing are made again', async () => {
  const { rows } = await db.database.api.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relname like 'event\\_2%' order by 1 desc limit 1`,
  );
  await db.database.api.query(`drop table "${rows[0]?.name}"`);
  const [partitions] = createJobs({ database: db.database, handshakes, config });
  expect(await partitions?.run()).toEqual({ made: 1 });
});

test('usage is counted by owner and day from the rollups, and never falls', async () => {
  const { database } = db;
  const [owner, other] = [mintUuid(), mintUuid()];
  const now = Date.UTC(2026, 4, 20, 12);
  const stat = (ownerId: string, minute: string, succeeded: number, failed: number) =>
    database.api.query(
      `insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded, failed) values ($1, $2, $3, $4, $5)`,
      [ownerId, mintUuid(), minute, succeeded, failed],
    );
  await stat(owner, '2026-05-19T23:59Z', 5, 1);
  await stat(owner, '2026-05-20T00:00Z', 7, 0);
  await stat(owner, '2026-05-20T10:00Z', 1, 2);
  await stat(other, '2026-05-20T10:00Z', 9, 0);
  await database.api.query(
    `insert into endpoint_latency (owner_id, endpoint_id, hour, bucket, attempts) values ($1, $1, '2026-05-20T10:00Z', 3, 11)`,
    [owner],
  );
  const counted = { retrySchedule: config.retrySchedule, now };
  expect(await rollUpUsage(database, counted)).toBe(3);
  expect(await rollUpUsage(database, counted)).toBe(0);
  await database.api.query('delete from endpoint_latency');
  await stat(other, '2026-05-20T11:00Z', 1, 0);
  expect(await rollUpUsage(database, counted)).toBe(1);
  const { rows } = await database.api.query(
    `select owner_id, day::text, succeeded, failed, attempts from usage_day order by owner_id, day`,
  );
  expect(rows).toEqual([
    { owner_id: owner, day: '2026-05-19', succeeded: 5, failed: 1, attempts: 0 },
    { owner_id: owner, day: '2026-05-20', succeeded: 8, failed: 2, attempts: 11 },
    { owner_id: other, day: '2026-05-20', succeeded: 10, failed: 0, attempts: 0 },
  ]);
});

test('of two processes one runs each job of the hour', async () => {
  const { database } = db;
  const done: string[] = [];
  const jobs = ['partitions', 'retention', 'usage-rollup'].map((name) => ({
    name,
    async run() {
      done.push(name);
      return {};
    },
  }));
  const schedulers = [1, 2].map(() => {
    const runner = new JobRunner({ database, directUrl: db.url, jobs });
    return new Scheduler({ database, runner, logger: quietLogger });
  });
  for (const scheduler of schedulers) scheduler.start();
  await untilTrue(() => done.length >= 3);
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
  const { rows } = await database.api.query<{ run_id: string }>(
    `select run_id from job_run where run_id like 'hour %' and finished_at is not null`,
  );
  expect(done.sort()).toEqual(['partitions', 'retention', 'usage-rollup']);
  expect(rows.length).toBe(3);
});

test('a day long past is counted again where a delivery of it has ended lately', async () => {
  const { database } = db;
  const owner = mintUuid();
  const now = Date.UTC(2026, 5, 20, 12);
  await database.api.query(
    `insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded, last_success_at)
     values ($1, $1, '2026-05-25T10:00Z', 4, '2026-06-19T10:00Z'), ($1, $1, '2026-05-26T10:00Z', 4, '2026-05-27T10:00Z')`,
    [owner],
  );
  await rollUpUsage(database, { retrySchedule: config.retrySchedule, now });
  const { rows } = await database.api.query(
    'select day::text, succeeded from usage_day where owner_id = $1',
    [owner],
  );
  expect(rows).toEqual([{ day: '2026-05-25', succeeded: 4 }]);
});
