import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseNow } from '../../src/clock.ts';
import { type Delivery, visibleDeliveries } from '../../src/deliveries/delivery.ts';
import {
  changeMatcher,
  type DeliveryFilter,
  matchesFilter,
  resolveFilter,
} from '../../src/deliveries/filter.ts';
import { encodeId, firstUuidAt, mintUuid, timeOfUuid } from '../../src/ids.ts';
import { deliveryStatuses } from '../../src/status/status.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { changeOf, insertDelivery } from './insert-delivery.ts';

let db: TestDatabase;
let ownerId: string;
let endpointIds: string[];
let deliveries: Delivery[];
const base = databaseNow() - 10_000;

beforeAll(async () => {
  db = await createTestDatabase();
  ({ ownerId, endpointIds } = await seedOwner(db.database, { endpoints: 2 }));
  const eventIds = [mintUuid(), mintUuid(), mintUuid()];
  deliveries = [];
  for (let index = 0; index < 24; index += 1) {
    deliveries.push(
      await insertDelivery(db.database, {
        owner_id: ownerId,
        id: firstUuidAt(base + index * 100).slice(0, -2) + (16 + index).toString(16),
        endpoint_id: endpointIds[index % 2] ?? '',
        event_id: eventIds[index % 3] ?? '',
        event_type: index % 4 === 0 ? 'order.paid' : 'order.sent',
        kind: index % 5 === 0 ? 'REPLAY' : 'EVENT',
        status: deliveryStatuses[index % 6] ?? 'PENDING',
        tenant_id: index % 3 === 0 ? null : ownerId,
      }),
    );
  }
});
afterAll(() => db.drop());

async function matching(filter: DeliveryFilter): Promise<string[]> {
  const rows = await visibleDeliveries(db.database.query, ownerId)
    .select('d.id')
    .where(matchesFilter(await resolveFilter(db.database.query, filter)))
    .orderBy('d.id')
    .execute();
  return rows.map(({ id }) => id);
}

const all = () => deliveries.map(({ id }) => id);

test('null and absent are no condition, an empty list matches nothing', async () => {
  const nothing = { id: null, status: null, isReplayed: null, createdAfter: null, tenant: null };
  expect(await matching({})).toEqual(all());
  expect(await matching(nothing)).toEqual(all());
  for (const name of ['id', 'eventId', 'tenant', 'status', 'eventType', 'endpointId', 'kind'] as const) {
    expect(await matching({ [name]: [] })).toEqual([]);
    expect(changeMatcher(await resolveFilter(db.database.query, { [name]: [] }))(changeOf(first()))).toBe(
      false,
    );
  }
});

test('an id that is malformed, or of another type, matches nothing and harms nothing', async () => {
  const { id, endpoint_id } = first();
  const given = ['', 'dlv_', 'nonsense', encodeId('Endpoint', id), '\0', id];
  expect(await matching({ id: given })).toEqual([]);
  expect(await matching({ id: [...given, encodeId('Delivery', id)] })).toEqual([id]);
  expect(await matching({ endpointId: [encodeId('Delivery', endpoint_id)] })).toEqual([]);
  expect(await matching({ eventType: ['order.paid\0'], tenant: ['\0'] })).toEqual([]);
});

test('the window takes its beginning and leaves its end out', async () => {
  const [from, to] = [deliveries[3], deliveries[6]];
  if (from === undefined || to === undefined) throw new Error('too few deliveries');
  const window = { createdAfter: new Date(timeOfUuid(from.id)), createdBefore: new Date(timeOfUuid(to.id)) };
  expect(await matching(window)).toEqual(all().slice(3, 6));
});

test('a window without length is refused', async () => {
  const instant = new Date();
  await expect(matching({ createdAfter: instant, createdBefore: instant })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  });
});

test('a tenant is named by its externalId', async () => {
  const mine = deliveries.filter(({ tenant_id }) => tenant_id === ownerId).map(({ id }) => id);
  expect(await matching({ tenant: [ownerId, 'unknown'] })).toEqual(mine);
  expect(await matching({ tenant: ['unknown'] })).toEqual([]);
});

test('isReplayed asks whether a replay was made', async () => {
  const owner = await seedOwner(db.database);
  const values = { owner_id: owner.ownerId, endpoint_id: owner.endpointIds[0] ?? '' };
  const replayed = await insertDelivery(db.database, { ...values, replayed_at: new Date() });
  const plain = await insertDelivery(db.database, values);
  for (const [isReplayed, expected] of [
    [true, replayed.id],
    [false, plain.id],
  ] as const) {
    const rows = await visibleDeliveries(db.database.query, owner.ownerId)
      .select('d.id')
      .where(matchesFilter(await resolveFilter(db.database.query, { isReplayed })))
      .execute();
    expect(rows).toEqual([{ id: expected }]);
  }
  const matches = async (isReplayed: boolean) =>
    changeMatcher(await resolveFilter(db.database.query, { isReplayed }))(changeOf(plain));
  expect([await matches(true), await matches(false)]).toEqual([false, true]);
});

test('for failures the condition is the one of the partial indexes', async () => {
  const sqlOf = async (filter: DeliveryFilter) =>
    visibleDeliveries(db.database.query, ownerId)
      .select('d.id')
      .where(matchesFilter(await resolveFilter(db.database.query, filter)))
      .compile().sql;
  expect(await sqlOf({ status: ['FAILED', 'DEAD_LETTER'] })).toContain('failure_reason is not null');
  expect(await sqlOf({ status: ['FAILED', 'SUCCEEDED'] })).not.toContain('failure_reason');
  expect(await sqlOf({})).not.toContain('failure_reason');
});

test('the list and the live log agree on every filter', async () => {
  const some = <T>(values: readonly T[]) => fc.option(fc.subarray([...values]), { nil: undefined });
  const instant = fc.option(
    fc.integer({ min: -1, max: 25 }).map((index) => new Date(base + index * 100)),
    { nil: undefined },
  );
  const unique = <T>(values: readonly T[]) => [...new Set(values)];
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        id: some(deliveries.map(({ id }) => encodeId('Delivery', id))),
        eventId: some(unique(deliveries.map(({ event_id }) => encodeId('Event', event_id)))),
        tenant: some([ownerId]),
        status: some(deliveryStatuses),
        eventType: some(['order.paid', 'order.sent', 'order.lost']),
        endpointId: some(endpointIds.map((id) => encodeId('Endpoint', id))),
        kind: some(['EVENT', 'REPLAY', 'TEST'] as const),
        createdAfter: instant,
        createdBefore: instant,
      }),
      async (filter) => {
        const { createdAfter, createdBefore } = filter;
        fc.pre(createdAfter === undefined || createdBefore === undefined || createdAfter < createdBefore);
        const matches = changeMatcher(await resolveFilter(db.database.query, filter));
        const expected = deliveries.filter((delivery) => matches(changeOf(delivery))).map(({ id }) => id);
        expect(await matching(filter)).toEqual(expected);
      },
    ),
    { numRuns: 150 },
  );
});

function first(): Delivery {
  const [delivery] = deliveries;
  if (delivery === undefined) throw new Error('no deliveries');
  return delivery;
}
