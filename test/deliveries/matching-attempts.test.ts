import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseNow } from '../../src/clock.ts';
import { encodeCursor, type Page, pageRange } from '../../src/db/keyset.ts';
import type { Delivery } from '../../src/deliveries/delivery.ts';
import { changeMatcher, type DeliveryFilter, resolveFilter } from '../../src/deliveries/filter.ts';
import { listDeliveries, listDeliveriesOf } from '../../src/deliveries/list-deliveries.ts';
import { encodeId, firstUuidAt } from '../../src/ids.ts';
import { countDeliveries } from '../../src/statistics/count-deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { changeOf, insertDelivery } from './insert-delivery.ts';

let db: TestDatabase;
let ownerId: string;
let endpointIds: string[];
let base: Delivery;
/** Of the newest deliveries, which have no attempts: more than one search looks at. */
const quiet = 10_500;
const startMs = databaseNow() - 3_600_000;

/** Old deliveries with attempts, and then many without. */
beforeAll(async () => {
  db = await createTestDatabase();
  ({ ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 3 }));
  for (let index = 0; index < 30; index += 1) {
    const id = firstUuidAt(startMs + index * 1_000);
    const status = index % 3 === 0 ? 'FAILED' : 'SUCCEEDED';
    base = await insertDelivery(db.database, {
      ...{ owner_id: ownerId, id, endpoint_id: endpointIds[index % 2] ?? '', status, attempt_count: 2 },
    });
    await attempt(
      id,
      1,
      index % 5 === 0 ? 503 : null,
      index % 5 === 0 ? 'Answered 503.' : 'ECONNREFUSED 100%',
    );
    await attempt(id, 2, status === 'FAILED' ? 422 : 200, status === 'FAILED' ? 'Answered 422.' : null);
  }
  await db.database.api.query(
    `insert into delivery (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts)
     select $1, (lpad(to_hex($3::bigint + n), 12, '0') || '70008000000000000000')::uuid, $2, gen_random_uuid(),
            'order.paid', 'EVENT', 'SUCCEEDED', 3
       from generate_series(1, ${quiet}) n`,
    [ownerId, endpointIds[2], startMs + 60_000],
  );
});
afterAll(() => db.drop());

async function attempt(deliveryId: string, number: number, status: number | null, error: string | null) {
  await db.database.api.query(
    `insert into attempt (owner_id, delivery_id, number, outcome, started_at, response_status, error)
     values ($1, $2, $3, 'SUCCEEDED', now(), $4, $5)`,
    [ownerId, deliveryId, number, status, error],
  );
}

const placesOf = ({ rows }: Page<Delivery>) =>
  rows.map(({ id }) => (Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) - startMs) / 1_000);

const busy = () => endpointIds.slice(0, 2).map((id) => encodeId('Endpoint', id));

async function found(filter: DeliveryFilter) {
  const page = await listDeliveries(db.database.query, ownerId, {
    page: { first: 100 },
    filter: { endpointId: busy(), ...filter },
  });
  expect(page).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  expect(page.endsAt).toBeUndefined();
  return placesOf(page);
}

const where = (holds: (index: number) => boolean) =>
  Array.from({ length: 30 }, (_, index) => 29 - index).filter(holds);

test('finds what an attempt was answered, and the text of its error', async () => {
  expect(await found({ responseStatus: [503] })).toEqual(where((index) => index % 5 === 0));
  expect(await found({ responseStatus: [503, 422] })).toEqual(
    where((index) => index % 5 === 0 || index % 3 === 0),
  );
  expect(await found({ responseStatus: [503], status: ['FAILED'] })).toEqual(where((i) => i % 15 === 0));
  expect(await found({ errorContains: 'econnREFUSED 100%' })).toEqual(where((index) => index % 5 !== 0));
  expect(await found({ errorContains: '100_' })).toEqual([]);
  // One attempt has to meet both.
  expect(await found({ errorContains: 'answered', responseStatus: [422] })).toEqual(
    where((i) => i % 3 === 0),
  );
  expect(await found({ errorContains: 'answered 503', responseStatus: [422] })).toEqual([]);
  expect(await found({ responseStatus: [] })).toEqual([]);
  expect(await found({ responseStatus: [-1, 2_147_483_647] })).toEqual([]);
});

test('a page that has to stop says where, and the next one goes on there, in both directions', async () => {
  const list = async (page: object) =>
    await listDeliveries(db.database.query, ownerId, { page, filter: { responseStatus: [503] } });
  const first = await list({ first: 2 });
  expect(first).toMatchObject({ rows: [], hasNextPage: true, hasPreviousPage: false });
  const after = encodeCursor({ kind: 'Delivery', ownerId }, first.endsAt ?? '');
  const second = await list({ first: 2, after });
  expect(placesOf(second)).toEqual([25, 20]);
  expect(second).toMatchObject({ hasNextPage: true });
  expect(second.endsAt).toBeUndefined();
  // Nothing newer was found, but not all of it was looked at.
  const hasNewer = second.hasPreviousPage;
  expect(typeof hasNewer === 'function' ? await hasNewer() : hasNewer).toBe(true);
  const oldest = await list({ last: 100 });
  expect(placesOf(oldest)).toEqual(where((index) => index % 5 === 0));
  expect(oldest).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
  const before = encodeCursor({ kind: 'Delivery', ownerId }, oldest.startsAt ?? '');
  expect(await list({ last: 5, before })).toMatchObject({ rows: [], hasPreviousPage: false });
});

test('the pages of several endpoints share what one search looks at', async () => {
  const pages = await listDeliveriesOf(db.database.query, ownerId, {
    scope: { column: 'endpoint_id', ids: endpointIds },
    range: pageRange({ first: 3 }, { kind: 'Delivery', ownerId }),
    filter: { responseStatus: [503] },
  });
  expect([...pages.values()].map(placesOf)).toEqual([[20, 10, 0], [25, 15, 5], []]);
  expect(pages.get(endpointIds[2] ?? '')?.endsAt).toBeDefined();
});

test('a count looks at as many, and says that it has stopped', async () => {
  const count = (filter: DeliveryFilter, limit = 100) =>
    countDeliveries(db.database.query, ownerId, { filter, limit });
  expect(await count({ responseStatus: [503] })).toEqual({ count: 0, isCapped: true });
  expect(await count({ responseStatus: [503], endpointId: busy() })).toEqual({ count: 6, isCapped: false });
  expect(await count({ responseStatus: [503], endpointId: busy() }, 4)).toEqual({ count: 4, isCapped: true });
});

test.each(['', 'ab', 'x'.repeat(201), 'line\nbreak', 'nul\0nul', '\ud800abc', '   '])(
  'refuses %j as a text to look for',
  async (errorContains) => {
    await expect(resolveFilter(db.database.query, { errorContains })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('`errorContains` must have 3 to 200 characters'),
    });
  },
);

test('in the live log it is the answer that led to the change', async () => {
  const matches = changeMatcher(await resolveFilter(db.database.query, { responseStatus: [503] }));
  expect(matches({ ...changeOf(base), responseStatus: 503 })).toBe(true);
  expect(matches({ ...changeOf(base), responseStatus: 200 })).toBe(false);
  expect(matches({ ...changeOf(base), responseStatus: null })).toBe(false);
});
