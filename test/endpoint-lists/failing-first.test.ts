import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeCursor, type PageArgs } from '../../src/db/keyset.ts';
import { listFailingFirst } from '../../src/endpoint-lists/failing-first.ts';
import type { EndpointFilter } from '../../src/endpoints/endpoint.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
let ownerId: string;
let ids: string[];
beforeAll(async () => {
  db = await createTestDatabase();
  const owner = await seedOwner(db.database, { endpoints: 7 });
  ownerId = owner.ownerId;
  ids = owner.endpointIds;
});
afterAll(() => db.drop());

async function list(page: PageArgs, filter: EndpointFilter = {}) {
  const found = await listFailingFirst(db.database.query, ownerId, { page, filter });
  return {
    places: found.rows.map(({ id }) => ids.indexOf(id)),
    count: await found.count(),
    hasNextPage: found.hasNextPage,
    hasPreviousPage: found.hasPreviousPage,
  };
}

const cursor = (place: number) => encodeCursor({ kind: 'Endpoint', ownerId }, ids[place] ?? '');

async function failed(place: number, minutesAgo: number, count: number): Promise<void> {
  await db.database.api.query(
    `insert into endpoint_stat (owner_id, endpoint_id, minute, succeeded, failed)
     values ($1, $2, date_trunc('minute', now()) - $3 * interval '1 minute', 5, $4)`,
    [ownerId, ids[place], minutesAgo, count],
  );
}

test('what fails comes first: without sending, then by failures of a day, then the newest', async () => {
  expect((await list({})).places).toEqual([6, 5, 4, 3, 2, 1, 0]);
  await failed(1, 5, 3);
  await failed(1, 600, 4);
  await failed(2, 10, 5);
  // Two days ago does not count.
  await failed(3, 2_880, 1_000);
  await db.database.api.query(
    "insert into endpoint_health (owner_id, endpoint_id, circuit) values ($1, $2, 'OPEN')",
    [ownerId, ids[0]],
  );
  await failed(4, 1, 1);
  await db.database.api.query(
    "update endpoint set is_active = false, disabled_reason = case id when $1 then 'GONE' else 'MANUAL' end where id in ($1, $2)",
    [ids[4], ids[5]],
  );
  expect(await list({})).toEqual({
    places: [4, 0, 1, 2, 6, 5, 3],
    count: 7,
    hasNextPage: false,
    hasPreviousPage: false,
  });
});

test('pages go through it in both directions', async () => {
  expect(await list({ first: 3 })).toMatchObject({ places: [4, 0, 1], count: 7, hasNextPage: true });
  const second = { places: [2, 6, 5], hasNextPage: true, hasPreviousPage: true };
  expect(await list({ first: 3, after: cursor(1) })).toMatchObject(second);
  expect(await list({ last: 3, before: cursor(3) })).toMatchObject(second);
  expect(await list({ first: 3, after: cursor(5) })).toMatchObject({ places: [3], hasNextPage: false });
  expect(await list({ last: 2, before: cursor(4) })).toMatchObject({ places: [], hasPreviousPage: false });
  expect((await list({ first: 5, after: cursor(0), before: cursor(5) })).places).toEqual([1, 2, 6]);
  expect((await list({ first: 5, after: cursor(5), before: cursor(0) })).places).toEqual([]);
});

test('a filter holds, and an endpoint that has gone is no place to go on from', async () => {
  expect((await list({}, { isActive: true })).places).toEqual([0, 1, 2, 6, 3]);
  await expect(list({ after: cursor(4) }, { isActive: true })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('no longer in this list'),
  });
});
