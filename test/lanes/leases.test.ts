import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Leases } from '../../src/lanes/leases.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
const started: Leases[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  for (const leases of started.splice(0)) await leases.stop();
});
afterAll(() => db.drop());

/** A worker's leases. `busy` names shards that have running attempts. */
function worker(options: { leaseMs?: number; busy?: Set<number> } = {}) {
  const gained: number[] = [];
  const lost: number[] = [];
  const leases = new Leases({
    url: db.url,
    logger: quietLogger,
    leaseMs: options.leaseMs ?? 30_000,
    onGained: (shard) => gained.push(shard),
    onLost: (shard) => lost.push(shard),
    isIdle: (shard) => options.busy?.has(shard) !== true,
  });
  started.push(leases);
  leases.start();
  return { leases, gained, lost };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('one worker holds every shard; a second one gets half; each gives back what it held', async () => {
  const first = worker();
  await until(() => first.leases.heldShards().length === 64);
  const second = worker();
  await until(() => first.leases.heldShards().length === 32 && second.leases.heldShards().length === 32);
  expect(new Set([...first.leases.heldShards(), ...second.leases.heldShards()]).size).toBe(64);
  await first.leases.stop();
  await until(() => second.leases.heldShards().length === 64);
});

test('a shard with something in flight is handed over only once that has ended', async () => {
  const busy = new Set<number>();
  const first = worker({ busy });
  await until(() => first.leases.heldShards().length === 64);
  for (const shard of first.leases.heldShards()) busy.add(shard);
  const second = worker();
  await until(
    () =>
      first.leases.heldShards().filter((shard) => first.leases.epochOf(shard) === undefined).length === 32,
  );
  expect(first.leases.heldShards()).toHaveLength(64);
  expect(second.leases.heldShards()).toEqual([]);
  busy.clear();
  await until(() => second.leases.heldShards().length === 32);
});

test('every change of hands raises the epoch', async () => {
  const epochs = async () =>
    (await db.database.api.query<{ epoch: number }>('select epoch from shard_lease order by shard')).rows.map(
      ({ epoch }) => epoch,
    );
  const before = await epochs();
  const { leases } = worker();
  await until(() => leases.heldShards().length === 64);
  expect(await epochs()).toEqual(before.map((epoch) => epoch + 1));
});

test('a lease that has run out in the database is lost, and certain time left never outlasts it', async () => {
  const { leases, lost } = worker({ leaseMs: 30_000 });
  await until(() => leases.heldShards().length === 64);
  expect(leases.timeLeftMs(0)).toBeLessThanOrEqual(30_000);
  await db.database.api.query(
    "update shard_lease set holder = '00000000-0000-7000-8000-000000000000', epoch = epoch + 1 where shard < 8",
  );
  await until(() => lost.length >= 8);
  expect(new Set(lost)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  expect(leases.epochOf(3)).toBeUndefined();
  expect(leases.timeLeftMs(3)).toBeLessThanOrEqual(0);
  await db.database.api.query('update shard_lease set holder = null, expires_at = now() where shard < 8');
});

test('a holder whose backend is killed takes its leases up again, without a change of hands', async () => {
  const { leases, lost } = worker();
  await until(() => leases.heldShards().length === 64);
  const epoch = leases.epochOf(5);
  const killed = await db.database.api.query(
    `select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  expect(killed.rows).toHaveLength(1);
  await db.database.api.query("update shard_lease set expires_at = now() + interval '2 seconds'");
  const left = () => leases.timeLeftMs(5);
  await until(() => left() > 28_000);
  expect(leases.epochOf(5)).toBe(epoch);
  expect(lost).toEqual([]);
});
