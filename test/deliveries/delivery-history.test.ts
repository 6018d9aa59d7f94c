import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHistory } from '../../src/deliveries/delivery-history.ts';
import { mintUuid } from '../../src/ids.ts';
import { apply } from '../../src/status/apply.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('tells every change of each delivery with its position, and of no other owner’s', async () => {
  const { database } = db;
  const { ownerId, endpointIds } = await seedOwner(database);
  const [endpointId = ''] = endpointIds;
  const deliveries = await seedDeliveries(database, ownerId, endpointId, 3);
  await claimAll(database, ownerId, 1);
  const [first, second, third] = deliveries.map(({ id }) => id);
  const end = (deliveryId = '') => ({
    ownerId,
    deliveryId,
    claim: 1,
    attemptRows: 0,
    to: { kind: 'end', status: 'FAILED', reason: 'CANCELLED' } as const,
    attempt: undefined,
  });
  await apply(database, [end(second)]);
  await apply(database, [end(first)]);

  const history = await readHistory(database, ownerId, [first ?? '', second ?? '']);
  const of = (id: string | undefined) =>
    history
      .filter(({ deliveryId }) => deliveryId === id)
      .map(({ position, previousStatus, status }) => [position, previousStatus, status]);
  expect(of(first)).toEqual([
    [1, null, 'PENDING'],
    [5, 'PENDING', 'FAILED'],
  ]);
  expect(of(second)).toEqual([
    [2, null, 'PENDING'],
    [4, 'PENDING', 'FAILED'],
  ]);
  expect(history).toHaveLength(4);
  expect(await readHistory(database, ownerId, [third ?? ''])).toMatchObject([{ position: 3 }]);
  expect(await readHistory(database, mintUuid(), [first ?? ''])).toEqual([]);
  expect(await readHistory(database, ownerId, [mintUuid()])).toEqual([]);
});

test('every partition of the log that is made has the index that finds a delivery’s lines', async () => {
  const { rows } = await db.database.api.query<{ partition: string; indexes: number }>(
    `select inhrelid::regclass::text as partition,
            (select count(*)::integer from pg_index i join pg_class c on c.oid = i.indexrelid
              join pg_am a on a.oid = c.relam
              where i.indrelid = inhrelid and a.amname = 'brin' and i.indisvalid) as indexes
       from pg_inherits where inhparent = 'delivery_log'::regclass and inhrelid::regclass::text !~ 'delivery_log_delivery'`,
  );
  expect(rows.length).toBeGreaterThan(7);
  expect(rows.map(({ indexes }) => indexes)).toEqual(rows.map(() => 1));
});
