import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { claim } from '../../src/engine/claim.ts';
import { mintUuid } from '../../src/ids.ts';
import { scanLanes } from '../../src/lanes/discover.ts';
import { Lane } from '../../src/lanes/lane.ts';
import { createLogger } from '../../src/log.ts';
import { shardOf } from '../../src/status/shard.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';

const workerId = mintUuid();
const neighbours = 20_000;

let db: TestDatabase;
/** Its engine has one connection, so that a transaction belongs to this test. */
let single: Database;
beforeAll(async () => {
  db = await createTestDatabase();
  single = openDatabase({
    url: db.url,
    logger: createLogger('silent'),
    prepared: true,
    engineConnections: 1,
    apiConnections: 1,
  });
});
afterAll(async () => {
  await single.close();
  await db.drop();
});

test('claims and scans read no rows of a neighbour in the shard, though the statistics know only that one', async () => {
  const crowd = await seedOwner(db.database);
  const crowdEndpoint = crowd.endpointIds[0] ?? '';
  for (let made = 0; made < neighbours; made += 2_000)
    await seedDeliveries(db.database, crowd.ownerId, crowdEndpoint, 2_000);
  await db.database.api.query('analyze due');
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpointId = endpointIds[0] ?? '';
  await seedDeliveries(db.database, ownerId, endpointId, 5);
  const shard = shardOf(crowd.ownerId, crowdEndpoint);
  await db.database.api.query('update due set shard = $2 where owner_id = $1', [ownerId, shard]);
  await db.database.api.query('update shard_lease set holder = $1, epoch = 7', [workerId]);

  await single.engine.query('begin');
  const lanes = await scanLanes(single, shard);
  const take = { count: 5, epoch: 7, marks: 0, isProbe: false, aim: undefined };
  const rows = await claim(single, workerId, [{ lane: new Lane({ ownerId, endpointId, shard }), ...take }]);
  const { rows: read } = await single.engine.query<{ fetched: number }>(
    `select (seq_tup_read + idx_tup_fetch)::int as fetched from pg_stat_xact_user_tables where relname = 'due'`,
  );
  await single.engine.query('commit');
  expect(lanes.map((lane) => lane.endpoint_id).sort()).toEqual([crowdEndpoint, endpointId].sort());
  expect(rows).toHaveLength(5);
  expect(read[0]?.fetched).toBeLessThan(50);
});
