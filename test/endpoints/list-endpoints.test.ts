import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeCursor, type MoreRows, type PageArgs } from '../../src/db/keyset.ts';
import { type EndpointFilter, findEndpoints, listEndpoints } from '../../src/endpoints/endpoint.ts';
import { openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
/** Newest first. */
let ids: string[];
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
  ids = [];
  for (let count = 0; count < 7; count += 1) {
    const { endpoint } = await room.newEndpoint(ownerId, {
      events: count % 2 === 0 ? ['comment.*'] : ['task.moved', 'comment.created'],
      isActive: count !== 3,
    });
    ids.unshift(endpoint.id);
  }
  await room.newEndpoint(await room.newOwner());
  await room.database.api.query("update endpoint set verification = 'VERIFIED' where id = $1", [ids[0]]);
  await room.database.api.query("update endpoint set verification = 'FAILED' where id = $1", [ids[1]]);
});
afterAll(() => room.close());

async function list(args: PageArgs, filter: EndpointFilter = {}) {
  const page = await listEndpoints(room.database.query, ownerId, { page: args, filter });
  const { rows, hasNextPage, hasPreviousPage, count } = page;
  const answer = (more: MoreRows) => (typeof more === 'function' ? more() : more);
  return {
    rows: rows.map(({ id }) => id),
    totalCount: await count(),
    hasNextPage: await answer(hasNextPage),
    hasPreviousPage: await answer(hasPreviousPage),
  };
}

test('pages forward through all of the owner’s, newest first', async () => {
  expect(await list({})).toEqual({ rows: ids, totalCount: 7, hasNextPage: false, hasPreviousPage: false });
  const first = await list({ first: 3 });
  expect(first).toEqual({ rows: ids.slice(0, 3), totalCount: 7, hasNextPage: true, hasPreviousPage: false });
  const second = await list({
    first: 4,
    after: encodeCursor({ kind: 'Endpoint', ownerId }, first.rows.at(-1) ?? ''),
  });
  expect(second).toEqual({ rows: ids.slice(3), totalCount: 7, hasNextPage: false, hasPreviousPage: true });
});

test('pages backward in the same order', async () => {
  const last = await list({ last: 3 });
  expect(last).toEqual({ rows: ids.slice(4), totalCount: 7, hasNextPage: false, hasPreviousPage: true });
  const before = await list({
    last: 100,
    before: encodeCursor({ kind: 'Endpoint', ownerId }, last.rows[0] ?? ''),
  });
  expect(before).toEqual({ rows: ids.slice(0, 4), totalCount: 7, hasNextPage: true, hasPreviousPage: false });
});

test('filters by activity, subscription and verification', async () => {
  expect((await list({}, { isActive: false })).rows).toEqual([ids[3]]);
  expect((await list({}, { anyOfEvents: ['task.moved'] })).rows).toEqual([ids[1], ids[3], ids[5]]);
  expect((await list({}, { verification: ['VERIFIED', 'FAILED'] })).rows).toEqual([ids[0], ids[1]]);
  expect((await list({}, { verification: [] })).rows).toEqual([]);
  expect(await list({ first: 1 }, { anyOfEvents: ['task.moved'] })).toMatchObject({
    totalCount: 3,
    hasNextPage: true,
  });
  expect((await list({}, { verification: [] })).totalCount).toBe(0);
});

test('another owner finds none of them', async () => {
  expect(await findEndpoints(room.database.query, await room.newOwner(), ids)).toEqual([]);
  expect(await findEndpoints(room.database.query, ownerId, ids)).toHaveLength(7);
});
