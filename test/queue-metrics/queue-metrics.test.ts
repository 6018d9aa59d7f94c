import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { QueueMetrics } from '../../src/queue-metrics/queue-metrics.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
let ownerId: string;
let endpointIds: readonly string[];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.database.api.query('delete from due; delete from endpoint_health');
  ({ ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 4 }));
  for (const [index, endpointId] of endpointIds.entries()) {
    await seedDeliveries(db.database, ownerId, endpointId, 10 * (index + 1));
  }
});

const all = Array.from({ length: 64 }, (_, shard) => shard);

async function measured(heldShards: () => readonly number[] = () => all) {
  const registry = new Registry();
  const metrics = new QueueMetrics({ database: db.database, logger: quietLogger, registry, heldShards });
  await metrics.measure();
  const of = async (name: string) => {
    const found = await registry.getSingleMetric(name)?.get();
    return Object.fromEntries((found?.values ?? []).map(({ labels, value }) => [labels.state, value]));
  };
  return {
    deliveries: await of('heliograph_due_deliveries'),
    oldest: await of('heliograph_due_oldest_seconds'),
    unserved: (await registry.getSingleMetric('heliograph_due_unserved_seconds')?.get())?.values[0]?.value,
  };
}

test('counts what waits by status, and apart from it what is held back by a pause or an open circuit', async () => {
  const [first, second, third, fourth] = endpointIds;
  const query = (sql: string, ...values: unknown[]) => db.database.api.query(sql, values);
  await query(
    `update due set status = 'RETRYING' where delivery_id in (select delivery_id from due
                where endpoint_id = $1 limit 4)`,
    first,
  );
  await query('update endpoint set paused_at = now() where id = $1', second);
  await query(
    `insert into endpoint_health (owner_id, endpoint_id, circuit, consecutive_failures) values ($1, $2, 'OPEN', 20)`,
    ownerId,
    third,
  );
  await query('update endpoint set max_deliveries_per_second = 1 where id = $1', fourth);
  const { deliveries } = await measured();
  expect(deliveries).toEqual({
    PENDING: 6,
    DELIVERING: 0,
    RETRYING: 4,
    PAUSED: 20,
    CIRCUIT_OPEN: 30,
    OWN_PACE: 40,
  });
});

test('tells for how long the oldest has been due; what is due later is not late', async () => {
  await db.database.api.query(`update due set due_at = now() + interval '1 hour'`);
  expect((await measured()).oldest.PENDING).toBe(0);
  await db.database.api.query(
    `update due set due_at = now() - interval '90 seconds' where delivery_id = (select min(delivery_id::text)::uuid from due)`,
  );
  const { oldest } = await measured();
  expect(oldest.PENDING).toBeGreaterThanOrEqual(90);
  expect(oldest.PENDING).toBeLessThan(3_600);
  expect(oldest.RETRYING).toBe(0);
});

test('an endpoint that is served is not late, however long its queue', async () => {
  const [first, second] = endpointIds;
  const makeDue = (endpointId: string | undefined, claim: number | null) =>
    db.database.api.query(
      `update due set due_at = now() - interval '2 minutes',
                      claim = case when delivery_id = (select min(delivery_id::text)::uuid from due where endpoint_id = $1)
                                   then $2::bigint end
        where endpoint_id = $1`,
      [endpointId, claim],
    );
  await db.database.api.query(`update due set due_at = now() + interval '1 hour'`);
  await makeDue(first, 7);
  const served = await measured();
  expect(served.oldest.PENDING).toBeGreaterThanOrEqual(120);
  expect(served.unserved).toBe(0);
  await makeDue(second, null);
  expect((await measured()).unserved).toBeGreaterThanOrEqual(120);
});

test('workers that share the shards count each delivery once', async () => {
  const halves = [all.slice(0, 20), all.slice(20)];
  const counts = await Promise.all(
    halves.map(async (half) => (await measured(() => half)).deliveries.PENDING),
  );
  expect(counts.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(100);
});
