import { afterAll, beforeAll, expect, test } from 'vitest';
import { aimProbes } from '../../src/engine/aim-probes.ts';
import { claim } from '../../src/engine/claim.ts';
import { mintUuid } from '../../src/ids.ts';
import { Lane } from '../../src/lanes/lane.ts';
import { healthy } from '../../src/sending/circuit.ts';
import { shardOf } from '../../src/status/shard.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

/** The rows of lanes whose circuit is open, probed like a worker does, without its pauses. */
const workerId = mintUuid();
const epoch = 7;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.api.query('update shard_lease set holder = $1, epoch = $2', [workerId, epoch]);
});
afterAll(() => db.drop());

type Part = Readonly<{ count: number; attempts: number }>;

/**
 * A lane with the parts one after the other by due time, with a second between two rows. Returns the ids of each
 * part.
 */
async function seedLane(...parts: Part[]): Promise<{ lane: Lane; ids: string[][] }> {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  const ids: string[][] = [];
  let before = 0;
  for (const { count, attempts } of parts) {
    const part = (await seedDeliveries(db.database, ownerId, endpointId, count)).map(({ id }) => id);
    await db.database.api.query(
      `update due d set attempt_count = $3, attempt_rows = $3, due_at = now() - ($4 - x.n) * interval '1 second'
         from unnest($2::uuid[]) with ordinality as x(id, n)
        where d.owner_id = $1 and d.delivery_id = x.id`,
      [ownerId, part, attempts, total - before],
    );
    before += count;
    ids.push(part);
  }
  return { lane: new Lane({ ownerId, endpointId, shard: shardOf(ownerId, endpointId) }), ids };
}

/**
 * Probes until one of `taken` was probed, at most `most` times, and returns the probed deliveries. A refused one is
 * due again after `delayS`.
 */
async function probe(
  lane: Lane,
  options: { accepted: readonly string[]; most: number; delayS?: number },
): Promise<string[]> {
  const accepted = new Set(options.accepted);
  const probed: string[] = [];
  while (probed.length < options.most) {
    lane.health = { ...healthy(), circuit: 'OPEN', consecutiveFailures: 20 + probed.length };
    const take = { lane, count: 1, epoch, marks: 0, isProbe: true, aim: undefined };
    const rows = await claim(db.database, workerId, await aimProbes(db.database, [take]));
    expect(rows.length).toBeLessThanOrEqual(1);
    const [row] = rows;
    if (row === undefined) break;
    probed.push(row.delivery_id);
    if (accepted.has(row.delivery_id)) break;
    await db.database.api.query(
      `update due set claim = null, attempt_count = attempt_count + 1, attempt_rows = attempt_rows + 1,
              due_at = now() + $3 * interval '1 second'
        where owner_id = $1 and delivery_id = $2`,
      [row.owner_id, row.delivery_id, options.delayS ?? 3600],
    );
  }
  return probed;
}

test('the first probe is a retry while fresh ones wait', async () => {
  const { lane, ids } = await seedLane({ count: 30, attempts: 0 }, { count: 1, attempts: 1 });
  expect(await probe(lane, { accepted: ids.flat(), most: 1 })).toEqual(ids[1]);
});

test.each([0, 3600])(
  'fresh deliveries pass retries that are refused and due again in %i s',
  async (delayS) => {
    const { lane, ids } = await seedLane({ count: 40, attempts: 0 }, { count: 20, attempts: 3 });
    expect(await probe(lane, { accepted: ids[0] ?? [], most: 60, delayS })).toHaveLength(2);
  },
);

test('one fresh delivery passes thousands of retries that are refused', async () => {
  const { lane, ids } = await seedLane({ count: 2000, attempts: 2 }, { count: 1, attempts: 0 });
  // It is first by due time, because the others became due again.
  await db.database.api.query(
    "update due set due_at = now() - interval '2 hours' where owner_id = $1 and attempt_count = 0",
    [lane.ownerId],
  );
  expect(await probe(lane, { accepted: ids[1] ?? [], most: 60 })).toHaveLength(2);
});

test.each([0, 1, 2])(
  'retries that are taken pass 20 that are refused, with %i of three parts before them',
  async (place) => {
    const parts = [
      { count: 20, attempts: 1 },
      { count: 20, attempts: 1 },
    ];
    parts.splice(place, 0, { count: 40, attempts: 1 });
    const { lane, ids } = await seedLane(...parts);
    expect((await probe(lane, { accepted: ids[place] ?? [], most: 60 })).length).toBeLessThanOrEqual(6);
  },
);

test.each([0, 3600])(
  'a few among thousands of refused retries, due again in %i s, are found',
  async (delayS) => {
    const { lane, ids } = await seedLane(
      { count: 2000, attempts: 3 },
      { count: 200, attempts: 1 },
      { count: 2000, attempts: 2 },
    );
    const probed = await probe(lane, { accepted: ids[1] ?? [], most: 200, delayS });
    expect(ids[1]).toContain(probed.at(-1));
    expect(probed.length).toBeLessThan(60);
  },
);

test('where all are refused, each probe spends an attempt of another', async () => {
  const { lane, ids } = await seedLane({ count: 6, attempts: 1 }, { count: 6, attempts: 0 });
  const probed = await probe(lane, { accepted: [], most: 60 });
  expect(new Set(probed)).toEqual(new Set(ids.flat()));
  expect(probed).toHaveLength(12);
});

test('a retry behind all others has its turn, even if those are due again at once', async () => {
  const { lane, ids } = await seedLane({ count: 12, attempts: 1 }, { count: 1, attempts: 49 });
  const probed = await probe(lane, { accepted: ids[1] ?? [], most: 100, delayS: 0 });
  expect(probed.at(-1)).toBe(ids[1]?.[0]);
  expect(probed.length).toBeLessThanOrEqual(3 * 13);
});

test('other lanes of the same claim are taken from their cursor', async () => {
  const [ill, well] = [
    await seedLane({ count: 2, attempts: 0 }, { count: 1, attempts: 1 }),
    await seedLane({ count: 3, attempts: 0 }),
  ];
  ill.lane.health = { ...healthy(), circuit: 'OPEN', consecutiveFailures: 20 };
  const rest = { epoch, marks: 0, aim: undefined };
  const takes = await aimProbes(db.database, [
    { lane: well.lane, count: 2, isProbe: false, ...rest },
    { lane: ill.lane, count: 1, isProbe: true, ...rest },
  ]);
  const rows = await claim(db.database, workerId, takes);
  expect(new Set(rows.map((row) => row.delivery_id))).toEqual(
    new Set([...(ill.ids[1] ?? []), ...(well.ids[0]?.slice(0, 2) ?? [])]),
  );
});
