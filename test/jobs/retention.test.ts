import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { dropExpired } from '../../src/jobs/retention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const dayMs = 86_400_000;
const options = { retentionDays: 30, now: Date.now() };
/** The beginning of the day in which the retention period ends. */
const lastDay = Math.floor((options.now - 30 * dayMs) / dayMs) * dayMs;

async function query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await db.database.api.query<Row>(sql, [...values])).rows;
}

test('rollups go by whole days (UTC), so that a day that is counted is never counted in part', async () => {
  const ownerId = mintUuid();
  const times = [lastDay - 60_000, lastDay, lastDay + 60_000].map((ms) => new Date(ms));
  for (const at of times) {
    await query(
      'insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded) values ($1, $1, $2, 1)',
      [ownerId, at],
    );
    await query(
      'insert into endpoint_latency (owner_id, endpoint_id, hour, bucket, attempts) values ($1, $1, $2, 0, 1)',
      [ownerId, at],
    );
  }
  await dropExpired(db.database, options);
  const kept = times.slice(1);
  expect(await query('select minute as at from endpoint_stat order by 1')).toEqual(
    kept.map((at) => ({ at })),
  );
  expect(await query('select hour as at from endpoint_latency order by 1')).toEqual(
    kept.map((at) => ({ at })),
  );
});

async function seedJob(
  status: 'RUNNING' | 'COMPLETED' | 'FAILED',
  { daysAgo, items = 0 }: { daysAgo: number; items?: number },
) {
  const [ownerId, id] = [mintUuid(), mintUuid()];
  await query(
    `insert into replay_job (owner_id, id, conditions, upper_id, status, completed_at)
     values ($1, $2, '{}', $2, $3, case when $3 <> 'RUNNING' then now() - $4 * interval '1 day' end)`,
    [ownerId, id, status, daysAgo],
  );
  await query(
    `insert into replay_job_item (owner_id, job_id, original_id)
     select $1, $2, gen_random_uuid() from generate_series(1, $3)`,
    [ownerId, id, items],
  );
  return id;
}

test('replay jobs that ended before the retention go, with what a given-up one had still to do', async () => {
  await seedJob('COMPLETED', { daysAgo: 31 });
  await seedJob('FAILED', { daysAgo: 31, items: 12_000 });
  const recent = await seedJob('COMPLETED', { daysAgo: 29 });
  const failed = await seedJob('FAILED', { daysAgo: 1, items: 3 });
  const running = await seedJob('RUNNING', { daysAgo: 0, items: 5 });
  await dropExpired(db.database, options);
  const jobs = await query<{ id: string }>('select id from replay_job');
  expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set([recent, failed, running]));
  expect(await query('select job_id, count(*)::int as n from replay_job_item group by 1')).toEqual([
    { job_id: running, n: 5 },
  ]);
});
