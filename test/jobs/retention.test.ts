import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPartitions } from '../../src/db/partitions.ts';
import { firstUuidAt, mintUuid } from '../../src/ids.ts';
import { dropExpired } from '../../src/jobs/retention.ts';
import { createDeliveries } from '../../src/status/create-deliveries.ts';
import { partitionedTables } from '../../src/status/partitioned-tables.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newDelivery, seedOwner } from '../support/deliveries.ts';

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

test('what has waited for the whole retention period is ended, so that it does not keep everybody’s partitions', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 2 });
  const [endpointId = '', plain = ''] = endpointIds;
  await query('update endpoint set strict_boundary = id where id = $1', [endpointId]);
  const longAgo = lastDay - 2 * dayMs;
  await createPartitions(db.database.api, partitionedTables, longAgo);
  const event = (id: string) => ({
    ...{ ownerId, id, type: 'order.paid', body: '{}', tenantId: ownerId, idempotencyKey: undefined },
    occurredAt: new Date(),
  });
  const [oldEvent, replayed] = [firstUuidAt(longAgo + 2), firstUuidAt(longAgo + dayMs)];
  const old = newDelivery(ownerId, endpointId, { id: firstUuidAt(longAgo + 3), eventId: oldEvent });
  const replay = newDelivery(ownerId, endpointId, { eventId: replayed });
  const missed = newDelivery(ownerId, plain, { id: firstUuidAt(longAgo + dayMs + 1), eventId: replayed });
  await createDeliveries(db.database, {
    events: [event(oldEvent), event(replayed)],
    deliveries: [old, replay, missed],
  });
  const dropped = await dropExpired(db.database, options);
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
  expect(dropped).toContain(`event_${day(longAgo)}`);
  expect(dropped, 'its event is still to be sent to an endpoint that did not have to wait').not.toContain(
    `event_${day(longAgo + dayMs)}`,
  );
  expect(
    await query(
      'select delivery_id, status, failure_reason from delivery_log where owner_id = $1 and previous_status is not null',
      [ownerId],
    ),
  ).toEqual([{ delivery_id: old.id, status: 'FAILED', failure_reason: 'CANCELLED' }]);
  expect(await query('select delivery_id from due where owner_id = $1 order by 1', [ownerId])).toEqual([
    { delivery_id: missed.id },
    { delivery_id: replay.id },
  ]);
});
