import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeCursor, type PageArgs } from '../../src/db/keyset.ts';
import { listDeliveries } from '../../src/deliveries/list-deliveries.ts';
import { mintUuid } from '../../src/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedDeliveries, seedOwner } from '../support/deliveries.ts';
import { insertDelivery } from './insert-delivery.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

async function seed(count: number) {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const [endpointId = ''] = endpointIds;
  const deliveries = await seedDeliveries(db.database, ownerId, endpointId, count);
  return { ownerId, endpointId, ids: deliveries.map(({ id }) => id) };
}

const page = async (ownerId: string, args: PageArgs) =>
  (await listDeliveries(db.database.query, ownerId, { page: args })).rows.map(({ id }) => id);

test.each([
  [{ first: -1 }, { argument: 'first', limit: 100 }],
  [{ first: 101 }, { argument: 'first', limit: 100 }],
  [{ last: -1 }, { argument: 'last', limit: 100 }],
  [{ last: 101 }, { argument: 'last', limit: 100 }],
  [{ after: '' }, { argument: 'after' }],
  [{ after: 'broken' }, { argument: 'after' }],
  [{ before: 'AAAAAAAAAAAAAAAAAAAAA!' }, { argument: 'before' }],
])('%j is refused and tells what is possible', async (args, extensions) => {
  const { ownerId } = await seed(1);
  await expect(page(ownerId, args)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', extensions });
});

test('the refusal of a page size names the limit in words', async () => {
  const { ownerId } = await seed(1);
  await expect(page(ownerId, { first: 101 })).rejects.toThrow('`first` must be from 0 to 100; it was 101.');
});

test('first and last together are refused', async () => {
  const { ownerId } = await seed(1);
  await expect(page(ownerId, { first: 1, last: 1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('a foreign cursor is refused as a broken one, whether its record is there or not', async () => {
  const other = await seed(3);
  const mine = await seed(3);
  const [, ownId = ''] = mine.ids;
  const refusalOf = (args: PageArgs) => page(mine.ownerId, args).catch((error: unknown) => error);
  const broken = {
    after: await refusalOf({ after: 'broken' }),
    before: await refusalOf({ before: 'broken' }),
  };
  expect(broken.after).toMatchObject({ message: '`after` is not a cursor of this list.' });
  const own = encodeCursor({ kind: 'Delivery', ownerId: mine.ownerId }, ownId);
  for (const cursor of [
    encodeCursor({ kind: 'Delivery', ownerId: other.ownerId }, other.ids[1] ?? ''),
    encodeCursor({ kind: 'Delivery', ownerId: other.ownerId }, mintUuid()),
    encodeCursor({ kind: 'Delivery', ownerId: mintUuid() }, ownId),
    encodeCursor({ kind: 'Event', ownerId: mine.ownerId }, ownId),
    encodeCursor({ kind: 'Delivery' }, ownId),
    // Cursors of an earlier release, which did not contain their list.
    Buffer.from(ownId.replaceAll('-', ''), 'hex').toString('base64url'),
    `${own}=`,
    `${own}A`,
    own.slice(0, -1),
  ]) {
    expect(await refusalOf({ after: cursor }), cursor).toEqual(broken.after);
    expect(await refusalOf({ last: 5, before: cursor }), cursor).toEqual(broken.before);
  }
  expect(await page(mine.ownerId, { after: own })).toEqual([mine.ids[0]]);
});

test('a cursor is a place: its record need not be in the list', async () => {
  const { ownerId, ids } = await seed(3);
  const later = encodeCursor({ kind: 'Delivery', ownerId }, mintUuid());
  expect(await page(ownerId, { after: later })).toEqual([...ids].reverse());
  expect(await page(ownerId, { last: 5, before: later })).toEqual([]);
});

test('pages in a row show each delivery once, though others come and go between them', async () => {
  const { ownerId, endpointId, ids } = await seed(25);
  const shown: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { rows, hasNextPage } = await listDeliveries(db.database.query, ownerId, {
      page: { first: 4, after },
    });
    shown.push(...rows.map(({ id }) => id));
    after = encodeCursor({ kind: 'Delivery', ownerId }, rows.at(-1)?.id ?? '');
    await insertDelivery(db.database, { owner_id: ownerId, endpoint_id: endpointId });
    // The record of a cursor may be gone.
    await db.database.api.query('delete from delivery where id = $1', [rows.at(-1)?.id]);
    if (!hasNextPage) break;
  }
  expect(shown).toEqual([...ids].reverse());
});
