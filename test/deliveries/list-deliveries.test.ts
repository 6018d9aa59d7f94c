import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MoreRows } from '../../src/db/keyset.ts';
import { encodeCursor, type PageArgs, pageRange } from '../../src/db/keyset.ts';
import { findDeliveries, findDelivery } from '../../src/deliveries/find-delivery.ts';
import { listDeliveries, listDeliveriesOf } from '../../src/deliveries/list-deliveries.ts';
import type { DeliveryScope } from '../../src/deliveries/scope.ts';
import { mintUuid } from '../../src/ids.ts';
import { countDeliveries } from '../../src/statistics/count-deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { insertDelivery } from './insert-delivery.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** An owner with `count` deliveries, oldest first, alternating between two endpoints. */
async function seed(count: number) {
  const owner = await seedOwner(db.database, { endpoints: 2 });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const endpoint_id = owner.endpointIds[index % 2] ?? '';
    ids.push((await insertDelivery(db.database, { owner_id: owner.ownerId, endpoint_id })).id);
  }
  const [even = '', odd = ''] = owner.endpointIds;
  return { ownerId: owner.ownerId, even, odd, ids };
}

async function page(ownerId: string, args: PageArgs) {
  const { rows, hasNextPage, hasPreviousPage } = await listDeliveries(db.database.query, ownerId, {
    page: args,
  });
  const answer = (more: MoreRows) => (typeof more === 'function' ? more() : more);
  return {
    ids: rows.map(({ id }) => id),
    hasNextPage: await answer(hasNextPage),
    hasPreviousPage: await answer(hasPreviousPage),
  };
}

async function pageOf(
  ownerId: string,
  { column, id, ...args }: PageArgs & { column: DeliveryScope['column']; id: string },
) {
  const pages = await listDeliveriesOf(db.database.query, ownerId, {
    scope: { column, ids: [id] },
    range: pageRange(args, { kind: 'Delivery', ownerId }),
  });
  return pages.get(id)?.rows.map((row) => row.id);
}

const purge = (endpointId: string, through: string | undefined) =>
  db.database.api.query('update endpoint set purged_through = $2 where id = $1', [endpointId, through]);

test('pages go from the newest to the oldest, and back', async () => {
  const { ownerId, ids } = await seed(5);
  const [a, b, c, d, e] = ids;
  expect(await page(ownerId, { first: 2 })).toEqual({
    ids: [e, d],
    hasNextPage: true,
    hasPreviousPage: false,
  });
  expect(
    await page(ownerId, { first: 2, after: encodeCursor({ kind: 'Delivery', ownerId }, d ?? '') }),
  ).toEqual({
    ids: [c, b],
    hasNextPage: true,
    hasPreviousPage: true,
  });
  expect(await page(ownerId, { last: 2 })).toEqual({
    ids: [b, a],
    hasNextPage: false,
    hasPreviousPage: true,
  });
  expect(
    await page(ownerId, { last: 2, before: encodeCursor({ kind: 'Delivery', ownerId }, b ?? '') }),
  ).toEqual({
    ids: [d, c],
    hasNextPage: true,
    hasPreviousPage: true,
  });
});

test('an owner sees its own alone, by list and by id', async () => {
  const mine = await seed(2);
  const other = await seed(2);
  expect((await page(mine.ownerId, {})).ids).toEqual([...mine.ids].reverse());
  expect(await findDelivery(db.database.query, mine.ownerId, other.ids[0] ?? '')).toBeUndefined();
  const found = await findDeliveries(db.database.query, mine.ownerId, [...mine.ids, ...other.ids]);
  expect(found.map(({ id }) => id).sort()).toEqual(mine.ids);
});

test('what is purged is hidden at once, everywhere', async () => {
  const { ownerId, ids, even, odd } = await seed(6);
  await purge(even, ids[2]);
  expect((await page(ownerId, {})).ids).toEqual([ids[5], ids[4], ids[3], ids[1]]);
  expect(await pageOf(ownerId, { column: 'endpoint_id', id: even })).toEqual([ids[4]]);
  expect(await pageOf(ownerId, { column: 'endpoint_id', id: even, last: 2 })).toEqual([ids[4]]);
  expect(await pageOf(ownerId, { column: 'endpoint_id', id: odd })).toEqual([ids[5], ids[3], ids[1]]);
  expect(await findDelivery(db.database.query, ownerId, ids[2] ?? '')).toBeUndefined();
  expect(await countDeliveries(db.database.query, ownerId, { limit: 100 })).toEqual({
    count: 4,
    isCapped: false,
  });
});

test('the deliveries of a deleted endpoint are hidden', async () => {
  const { ownerId, ids, odd } = await seed(4);
  await db.database.api.query('update endpoint set deleted_at = now() where id = $1', [odd]);
  expect((await page(ownerId, {})).ids).toEqual([ids[2], ids[0]]);
  expect(await pageOf(ownerId, { column: 'endpoint_id', id: odd })).toEqual([]);
  expect(await findDelivery(db.database.query, ownerId, ids[1] ?? '')).toBeUndefined();
});

test('the scope is an event, or a delivery whose replays are asked for', async () => {
  const { ownerId, even } = await seed(2);
  const event_id = mintUuid();
  const values = { owner_id: ownerId, endpoint_id: even, event_id };
  const original = await insertDelivery(db.database, values);
  const replay = await insertDelivery(db.database, { ...values, kind: 'REPLAY', replay_of: original.id });
  expect(await pageOf(ownerId, { column: 'event_id', id: event_id })).toEqual([replay.id, original.id]);
  expect(await pageOf(ownerId, { column: 'replay_of', id: original.id })).toEqual([replay.id]);
});

test('a count stops at its limit and says so', async () => {
  const { ownerId } = await seed(4);
  const count = (limit: number) => countDeliveries(db.database.query, ownerId, { limit });
  expect(await count(5)).toEqual({ count: 4, isCapped: false });
  expect(await count(4)).toEqual({ count: 4, isCapped: false });
  expect(await count(3)).toEqual({ count: 3, isCapped: true });
  await expect(count(0)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', extensions: { limit: 100_000 } });
  await expect(count(100_001)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});
