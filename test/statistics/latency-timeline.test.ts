import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lowestUuid } from '../../src/ids.ts';
import { latencyStarts, readLatencyTimelines } from '../../src/statistics/latency-timeline.ts';
import { readEndpointStats, readOwnerStats } from '../../src/statistics/stats.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const hourMs = 3_600_000;
const begin = Date.parse('2026-03-01T00:00:00Z');
const at = (hours: number) => new Date(begin + hours * hourMs);

test('the stretches are of an equal number of hours, begin with the window’s hour and are never too many', () => {
  const window = fc.record({
    from: fc.double({ min: 0, max: 50, noNaN: true }),
    hours: fc.integer({ min: 1, max: 900 }),
  });
  fc.assert(
    fc.property(window, fc.integer({ min: 1, max: 500 }), ({ from, hours }, buckets) => {
      const [since, until] = [at(from), at(from + hours)];
      const starts = latencyStarts({ since, until }, buckets).map((start) => start.getTime());
      expect(starts.length).toBeLessThanOrEqual(buckets);
      expect(starts[0]).toBe(Math.floor(since.getTime() / hourMs) * hourMs);
      expect(starts.at(-1)).toBeLessThan(until.getTime());
      const lengths = new Set(starts.slice(1).map((start, index) => start - (starts[index] ?? 0)));
      expect(lengths.size).toBeLessThanOrEqual(1);
      const [length = until.getTime() - (starts[0] ?? 0)] = lengths;
      expect((starts.at(-1) ?? 0) + length).toBeGreaterThanOrEqual(until.getTime());
    }),
  );
});

test('it shows what the whole window’s percentiles are made of, of an endpoint and of all together', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 2 });
  const rows = endpointIds.flatMap((endpoint_id, index) =>
    [1, 2, 5].map((hour) => ({
      owner_id: ownerId,
      endpoint_id,
      hour: at(hour),
      bucket: 100 + hour * 10 + index,
      attempts: 10,
    })),
  );
  await db.database.query.insertInto('endpoint_latency').values(rows).execute();
  const window = { since: at(0.5), until: at(6.5) };
  const [first = ''] = endpointIds;

  const hourly = await readLatencyTimelines(db.database.query, ownerId, {
    endpointIds: 'ALL',
    window,
    buckets: 60,
  });
  expect(hourly.get(lowestUuid)?.map(({ attempts }) => attempts)).toEqual([0, 20, 20, 0, 0, 20, 0]);
  expect(hourly.get(lowestUuid)?.[0]).toEqual({
    start: at(0),
    attempts: 0,
    latencyP50: null,
    latencyP95: null,
  });

  const asOne = { window, buckets: 1 };
  const all = await readLatencyTimelines(db.database.query, ownerId, { endpointIds: 'ALL', ...asOne });
  const stats = await readOwnerStats(db.database.query, ownerId, window);
  expect(all.get(lowestUuid)).toEqual([
    { start: at(0), attempts: 60, latencyP50: stats.latencyP50, latencyP95: stats.latencyP95 },
  ]);
  const own = await readLatencyTimelines(db.database.query, ownerId, { endpointIds: [first], ...asOne });
  const ownStats = await readEndpointStats(db.database.query, ownerId, { endpointIds: [first], window });
  expect(own.get(first)?.[0]).toMatchObject({ attempts: 30, latencyP95: ownStats.get(first)?.latencyP95 });
});

test('another owner’s endpoints count for nothing', async () => {
  const { endpointIds } = await seedOwner(db.database, { endpoints: 1 });
  const { ownerId } = await seedOwner(db.database, { endpoints: 1 });
  const asked = { endpointIds, window: { since: at(0), until: at(9) }, buckets: 1 };
  const found = await readLatencyTimelines(db.database.query, ownerId, asked);
  expect([...found.values()].flat().map(({ attempts }) => attempts)).toEqual([0]);
});
