import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/pool.ts';
import { Settler } from '../../src/engine/settler.ts';
import { createLogger } from '../../src/log.ts';
import type { Applied, Change } from '../../src/status/change.ts';
import { ownerGroupOf } from '../../src/status/shard.ts';
import type { Network } from '../faults/network.ts';
import type { TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { openLossyDatabase } from '../support/lossy-database.ts';

let db: TestDatabase;
let network: Network;
/** The same database, over a network that can lose its answers. */
let database: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, network, database, close } = await openLossyDatabase({ engineConnections: 8 }));
});
afterAll(() => close());

/** A claimed delivery of an owner of its own, and the change that ends it. */
async function seedChange(): Promise<Change> {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [delivery] = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', 1);
  await claimAll(db.database, ownerId, 1);
  return {
    ...{ ownerId, deliveryId: delivery?.id ?? '', claim: 1, attemptRows: 0, attempt: undefined },
    to: { kind: 'end', status: 'SUCCEEDED', reason: undefined },
  };
}

async function seedSuccess(): Promise<Change> {
  const none = {
    responseBody: undefined,
    responseHeaders: undefined,
    requestHeaders: undefined,
    error: undefined,
  };
  const attempt = {
    outcome: 'SUCCEEDED',
    counts: true,
    startedAt: new Date(),
    durationMs: 1,
    responseStatus: 204,
  } as const;
  return { ...(await seedChange()), attempt: { ...none, ...attempt } };
}

function createSettler(of = db.database) {
  let statements = 0;
  const settler = new Settler({
    database: of,
    logger: createLogger('silent'),
    onSettled: () => {
      statements += 1;
    },
  });
  return { settle: (change: Change) => settler.settle(change), statements: () => statements };
}

const ended = ({ deliveryId }: Change): Applied => ({ delivery_id: deliveryId, due_at: null });

test('results of many owners that come together are settled by one statement', async () => {
  const changes: Change[] = [];
  for (let made = 0; made < 20; made += 1) changes.push(await seedChange());
  expect(new Set(changes.map(({ ownerId }) => ownerGroupOf(ownerId))).size).toBeGreaterThan(1);
  const { settle, statements } = createSettler();
  expect(await Promise.all(changes.map(settle))).toEqual(changes.map(ended));
  expect(statements()).toBe(1);
});

test.each([
  ['', 0],
  [', and neither does it if the connection is lost meanwhile', 1],
])(
  'an owner whose log is locked for long keeps nobody of another group waiting%s',
  async (_name, answersToLose) => {
    const locked = await seedChange();
    const others: Change[] = [];
    while (others.length < 6) {
      const change = await seedChange();
      if (ownerGroupOf(change.ownerId) !== ownerGroupOf(locked.ownerId)) others.push(change);
    }
    const { settle } = createSettler(database);
    network.loseAnswersTo(['apply'], answersToLose);
    const holder = await db.database.api.connect();
    await holder.query('begin');
    await holder.query('select from owner_log where owner_id = $1 for update', [locked.ownerId]);
    let isSettled = false;
    const waiting = settle(locked).then((applied) => {
      isSettled = true;
      return applied;
    });
    const [together, after] = [others.slice(0, 3), others.slice(3)];
    expect(await Promise.all(together.map(settle))).toEqual(together.map(ended));
    expect(await Promise.all(after.map(settle))).toEqual(after.map(ended));
    expect(isSettled).toBe(false);
    expect(network.answersToLose).toBe(0);
    // Nothing of it holds the others' logs.
    for (const { ownerId } of others)
      await db.database.api.query('select from owner_log where owner_id = $1 for update nowait', [ownerId]);
    await holder.query('commit');
    holder.release();
    expect(await waiting).toEqual(ended(locked));
  },
);

test('a first success is settled once, however often what came with it has to be tried', async () => {
  const success = await seedSuccess();
  const other = await seedChange();
  const { settle } = createSettler(database);
  network.loseAnswersTo(['apply'], 2);
  expect(await Promise.all([settle(other), settle(success)])).toEqual([undefined, ended(success)]);
  expect(network.answersToLose).toBe(0);
});
