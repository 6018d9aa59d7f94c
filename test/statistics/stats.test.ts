import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseNow } from '../../src/clock.ts';
import { firstUuidAt, mintUuid } from '../../src/ids.ts';
import { latencyPercentile } from '../../src/statistics/latency-percentile.ts';
import {
  bucketStarts,
  checkTimelineBuckets,
  readEndpointStats,
  readEndpointTimelines,
  readOwnerStats,
  readOwnerTimeline,
  type StatsWindow,
  statsWindow,
} from '../../src/statistics/stats.ts';
import { apply } from '../../src/status/apply.ts';
import type { Change } from '../../src/status/change.ts';
import { createDeliveries } from '../../src/status/create-deliveries.ts';
import { latencyBucketOf } from '../../src/status/latency.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, newDelivery, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const minuteMs = 60_000;
const begin = Math.floor(databaseNow() / minuteMs) * minuteMs - 8 * minuteMs;
const uuidAt = (ms: number) => firstUuidAt(ms).slice(0, 19) + mintUuid().slice(19);

const outcomes = ['SUCCEEDED', 'FAILED', 'DEAD_LETTER', 'PENDING'] as const;
type Made = { id: string; endpointId: string; ms: number; outcome: (typeof outcomes)[number] };

const endAs = (outcome: Made['outcome']): Change['to'] => {
  if (outcome === 'SUCCEEDED') return { kind: 'end', status: outcome, reason: undefined };
  if (outcome === 'DEAD_LETTER') return { kind: 'end', status: outcome, reason: 'RETRIES_EXHAUSTED' };
  return { kind: 'end', status: 'FAILED', reason: 'CANCELLED' };
};

/** Deliveries that reached their state in the program's own way, each created at its time. */
async function seed(made: readonly Omit<Made, 'id'>[], ownerId: string): Promise<Made[]> {
  const deliveries = made.map((one) => ({ ...one, id: uuidAt(one.ms) }));
  await createDeliveries(db.database, {
    events: [],
    deliveries: deliveries.map(({ id, endpointId }) => newDelivery(ownerId, endpointId, { id })),
  });
  const finished = deliveries.filter(({ outcome }) => outcome !== 'PENDING');
  await claimAll(db.database, ownerId, 1);
  await apply(
    db.database,
    finished.map(({ id, outcome }, index) => ({
      ownerId,
      deliveryId: id,
      claim: 1,
      attemptRows: 0,
      to: endAs(outcome),
      attempt: {
        outcome: 'SUCCEEDED',
        counts: true,
        startedAt: new Date(databaseNow()),
        durationMs: 1 + index,
        responseStatus: 200,
        responseBody: undefined,
        responseHeaders: undefined,
        requestHeaders: undefined,
        error: undefined,
      },
    })),
  );
  return deliveries;
}

const tally = (deliveries: readonly Made[]) => {
  const count = (...wanted: string[]) => deliveries.filter(({ outcome }) => wanted.includes(outcome)).length;
  return {
    succeeded: count('SUCCEEDED'),
    failed: count('FAILED', 'DEAD_LETTER'),
    inFlight: count('PENDING'),
  };
};

test('counts and timelines agree with the rows, whatever the window, the buckets and the watermarks', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 3 });
  const [purgedId = '', plainId = '', deletedId = ''] = endpointIds;
  const steps = Array.from({ length: 400 }, (_, index) => ({
    endpointId: endpointIds[index % 3] ?? '',
    ms: begin + index * 1_117,
    outcome: outcomes[(index * 7) % 4] ?? 'PENDING',
  }));
  const all = await seed(steps, ownerId);
  await db.database.api.query('update endpoint set deleted_at = now() where id = $1', [deletedId]);
  const query = db.database.query;
  const ends = fc.integer({ min: -100, max: 500_000 });
  await fc.assert(
    fc.asyncProperty(
      ...[ends, ends, fc.integer({ min: 1, max: 40 }), fc.option(fc.integer({ min: 0, max: 399 }))],
      async (a, b, buckets, purged) => {
        fc.pre(a !== b);
        const window = { since: new Date(begin + Math.min(a, b)), until: new Date(begin + Math.max(a, b)) };
        const through = purged === null ? null : (all[purged]?.id ?? null);
        await db.database.api.query('update endpoint set purged_through = $2 where id = $1', [
          purgedId,
          through,
        ]);
        const seen = all.filter(
          ({ id, endpointId, ms }) =>
            ms >= window.since.getTime() &&
            ms < window.until.getTime() &&
            endpointId !== deletedId &&
            (endpointId !== purgedId || through === null || id > through),
        );
        const of = (endpointId: string) => seen.filter((one) => one.endpointId === endpointId);

        expect(await readOwnerStats(query, ownerId, window)).toMatchObject({
          ...tally(seen),
          total: seen.length,
        });
        const stats = await readEndpointStats(query, ownerId, { endpointIds, window });
        for (const id of [purgedId, plainId]) {
          const newest = of(id).at(-1)?.ms;
          expect(stats.get(id)).toMatchObject({
            ...tally(of(id)),
            lastDeliveryAt: newest === undefined ? null : new Date(newest),
          });
        }
        expect(stats.get(deletedId)).toMatchObject({ total: 0, lastDeliveryAt: null });

        const starts = bucketStarts(window, buckets);
        const expected = (deliveries: readonly Made[]) =>
          starts.map((start, index) => {
            const end = starts[index + 1] ?? window.until;
            return {
              start,
              ...tally(deliveries.filter(({ ms }) => ms >= start.getTime() && ms < end.getTime())),
            };
          });
        expect(await readOwnerTimeline(query, ownerId, { window, buckets })).toEqual(expected(seen));
        const timelines = await readEndpointTimelines(query, ownerId, { endpointIds, window, buckets });
        expect(timelines.get(purgedId)).toEqual(expected(of(purgedId)));
      },
    ),
    { numRuns: 60 },
  );
});

test('the last success and the last failure are those of the window', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  await seed(
    [
      { endpointId, ms: begin + 1_000, outcome: 'SUCCEEDED' },
      { endpointId, ms: begin + 90_000, outcome: 'FAILED' },
      { endpointId, ms: begin + 150_000, outcome: 'PENDING' },
    ],
    ownerId,
  );
  const read = async (window: StatsWindow) => await readOwnerStats(db.database.query, ownerId, window);
  const whole = await read({ since: new Date(begin), until: new Date(begin + 240_000) });
  expect(whole).toMatchObject({
    total: 3,
    successRate: 0.5,
    lastDeliveryAt: new Date(begin + 150_000),
    lastSuccessAt: expect.any(Date),
    lastFailureAt: expect.any(Date),
  });
  // The same from partial minutes at the window's edges, where rows are counted.
  const cut = await read({ since: new Date(begin + 500), until: new Date(begin + 95_000) });
  expect(cut).toMatchObject({ lastSuccessAt: whole.lastSuccessAt, lastFailureAt: whole.lastFailureAt });
  expect(await read({ since: new Date(begin + 120_000), until: new Date(begin + 151_000) })).toMatchObject({
    total: 1,
    inFlight: 1,
    successRate: null,
    lastSuccessAt: null,
    lastFailureAt: null,
  });
});

test('latencies come from the attempts that began in the hours of the window', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  // Their attempts take 1, 2 … 100 ms.
  await seed(
    Array.from({ length: 100 }, (_, index) => ({
      endpointId,
      ms: begin + index,
      outcome: 'SUCCEEDED' as const,
    })),
    ownerId,
  );
  const since = new Date(begin);
  const stats = await readOwnerStats(db.database.query, ownerId, {
    since,
    until: new Date(databaseNow() + 1),
  });
  expect(Math.abs((stats.latencyP50 ?? 0) - 50) / 50).toBeLessThan(0.05);
  expect(Math.abs((stats.latencyP95 ?? 0) - 95) / 95).toBeLessThan(0.05);
  const before = { since: new Date(begin - 7_200_000), until: new Date(begin - 7_100_000) };
  expect(await readOwnerStats(db.database.query, ownerId, before)).toMatchObject({
    latencyP50: null,
    latencyP95: null,
  });
});

test('a percentile is within 5 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (durations, share) => {
        const counts = new Map<number, number>();
        for (const duration of durations) {
          const bucket = latencyBucketOf(duration);
          counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
        }
        const histogram = [...counts]
          .sort(([a], [b]) => a - b)
          .map(([bucket, attempts]) => ({ bucket, attempts }));
        const exact = [...durations].sort((a, b) => a - b)[Math.ceil(durations.length * share) - 1] ?? 0;
        const found = latencyPercentile(histogram, share) ?? 0;
        expect(Math.abs(found - exact) / exact).toBeLessThan(0.05);
      },
    ),
  );
  expect(latencyPercentile([], 0.5)).toBeNull();
});

test('the window is the last 24 hours by default', () => {
  const now = Date.UTC(2026, 2, 1, 12);
  const window = (since?: number, until?: number) =>
    statsWindow(
      {
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? null : new Date(until),
      },
      { now, retentionDays: 30 },
    );
  const dayMs = 86_400_000;
  expect(window()).toEqual({ since: new Date(now - dayMs), until: new Date(now) });
  expect(window(now - 5)).toEqual({ since: new Date(now - 5), until: new Date(now) });
  expect(window(undefined, 0)).toEqual({ since: new Date(-dayMs), until: new Date(0) });
  expect(window(now - 30 * dayMs).since).toEqual(new Date(now - 30 * dayMs));
  for (const [since, until] of [
    [now, now],
    [now + 1, undefined],
    [5, 4],
  ]) {
    expect(() => window(since, until)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  }
  expect(() => window(now - 30 * dayMs - 1)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: { argument: 'since', limit: 30 } }),
  );
});

test('a window of long ago, or to come, has nothing', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  for (const year of ['0001', '1969', '1970', '9999']) {
    const since = new Date(`${year}-01-01T00:00:00.500Z`);
    const window = { since, until: new Date(since.getTime() + 86_400_000) };
    expect(await readOwnerStats(db.database.query, ownerId, window)).toMatchObject({ total: 0, window });
    const timelines = await readEndpointTimelines(db.database.query, ownerId, {
      endpointIds,
      window,
      buckets: 3,
    });
    expect(timelines.get(endpointIds[0] ?? '')?.map(({ succeeded }) => succeeded)).toEqual([0, 0, 0]);
  }
});

test.each([0, -1, 501])('%d buckets are refused with the limit', (buckets) => {
  expect(() => checkTimelineBuckets(buckets)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: { argument: 'buckets', limit: 500 } }),
  );
});

test('a window of at least as many minutes as buckets has all of them, on whole minutes inside', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(1e9), fc.nat(1e9), (buckets, from, more) => {
      const since = new Date(from);
      const until = new Date(from + buckets * minuteMs + more);
      const [first, ...inner] = bucketStarts({ since, until }, buckets);
      expect(first).toEqual(since);
      expect(inner).toHaveLength(buckets - 1);
      expect(inner.every((start) => start.getTime() % minuteMs === 0 && start > since && start < until)).toBe(
        true,
      );
    }),
  );
});
