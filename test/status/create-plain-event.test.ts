import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import {
  createDeliveries,
  isAudienceChanged,
  type NewDeliveries,
  ownerOfTooMany,
} from '../../src/status/create-deliveries.ts';
import { createPlainEvent, type PlainEvent } from '../../src/status/create-plain-event.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newDelivery, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const occurredAt = new Date('2026-03-04T05:06:07.089Z');
const body = '{"said":"yes \\\\ {no}, ä\u2028"}';

type Owner = Awaited<ReturnType<typeof seedOwner>>;

/** One event with a delivery to each endpoint. */
function batchFor({ ownerId, endpointIds }: Owner, eventId = mintUuid()): NewDeliveries {
  return {
    events: [
      {
        ...{ ownerId, id: eventId, type: 'order.paid', body, tenantId: ownerId, occurredAt },
        ...{ idempotencyKey: 'a "key"', traceContext: '00-aa-bb-01' },
      },
    ],
    deliveries: endpointIds.map((endpointId, index) =>
      newDelivery(ownerId, endpointId, { eventId, maxAttempts: 3 + index, delayMs: index * 60_000 }),
    ),
  };
}

async function versionOf(ownerId: string): Promise<string> {
  const { rows } = await db.database.api.query<{ version: string }>(
    'select audience_version($1) as version',
    [ownerId],
  );
  return rows[0]?.version ?? '';
}

/** Everything that is stored of an owner's events, without ids and times of now. */
async function storedOf({ ownerId, endpointIds }: Owner) {
  const { rows } = await db.database.api.query(
    `select array_position($2::uuid[], d.endpoint_id) as endpoint,
            to_jsonb(e) - 'owner_id' - 'id' - 'tenant_id' as event, e.tenant_id = e.owner_id as event_of_tenant,
            to_jsonb(d) - array['owner_id', 'id', 'event_id', 'endpoint_id', 'tenant_id', 'updated_at', 'next_attempt_at'] as delivery,
            d.tenant_id = d.owner_id as of_tenant, d.next_attempt_at - d.updated_at as delay, q.due_at - d.updated_at as due_delay,
            to_jsonb(q) - array['owner_id', 'delivery_id', 'event_id', 'endpoint_id', 'due_at', 'shard'] as due,
            q.event_id = e.id and q.endpoint_id = d.endpoint_id as due_of_same,
            to_jsonb(l) - array['owner_id', 'delivery_id', 'event_id', 'endpoint_id', 'tenant_id', 'occurred_at'] as log,
            l.event_id = e.id and l.endpoint_id = d.endpoint_id and l.tenant_id = l.owner_id as log_of_same
       from event e
       join delivery d on d.owner_id = e.owner_id and d.event_id = e.id
       left join due q on q.owner_id = e.owner_id and q.delivery_id = d.id
       left join delivery_log l on l.owner_id = e.owner_id and l.delivery_id = d.id
      where e.owner_id = $1 order by d.id`,
    [ownerId, endpointIds],
  );
  return rows;
}

async function countsOf(ownerId: string) {
  const { rows } = await db.database.api.query(
    `select (select count(*)::int from event where owner_id = $1) as events,
            (select count(*)::int from delivery where owner_id = $1) as deliveries,
            (select count(*)::int from due where owner_id = $1) as due,
            (select count(*)::int from delivery_log where owner_id = $1) as logged,
            (select head::int from owner_log where owner_id = $1) as head`,
    [ownerId],
  );
  return rows[0];
}

const nothing = { events: 0, deliveries: 0, due: 0, logged: 0, head: 0 };

async function plainOf(owner: Owner, options: Partial<PlainEvent> = {}): Promise<PlainEvent> {
  const { events, deliveries } = batchFor(owner);
  const [event] = events;
  if (event === undefined) throw new Error('Nothing was made.');
  const version = await versionOf(owner.ownerId);
  return { ...event, traceContext: event.traceContext, ceiling: undefined, deliveries, version, ...options };
}

test.each([1, 3])('a plain event with %i deliveries is stored as all batches are', async (endpoints) => {
  const [one, other] = [
    await seedOwner(db.database, { endpoints }),
    await seedOwner(db.database, { endpoints }),
  ];
  expect(await createPlainEvent(db.database, await plainOf(one))).toBe(true);
  await createDeliveries(db.database, batchFor(other));
  const [plain, usual] = [await storedOf(one), await storedOf(other)];
  expect(plain).toHaveLength(endpoints);
  expect(plain).toEqual(usual);
  expect(plain.map(({ log }) => log.position)).toEqual([1, 2, 3].slice(0, endpoints));
});

test('nothing is stored where the receivers have changed', async () => {
  const owner = await seedOwner(db.database);
  const version = await versionOf(owner.ownerId);
  await db.database.api.query(`update endpoint set is_active = false where owner_id = $1`, [owner.ownerId]);
  expect(await createPlainEvent(db.database, await plainOf(owner, { version }))).toBe(false);
  const failed = createDeliveries(db.database, batchFor(owner), {
    versions: [{ ownerId: owner.ownerId, version }],
  });
  expect(isAudienceChanged(await failed.catch((error) => error))).toBe(true);
  expect(await countsOf(owner.ownerId)).toEqual(nothing);
});

test.each([1, 2])(
  'an event with %i deliveries that exists is not stored again, nor told to be new',
  async (endpoints) => {
    const owner = await seedOwner(db.database, { endpoints });
    const versions = [{ ownerId: owner.ownerId, version: await versionOf(owner.ownerId) }];
    const id = mintUuid();
    const results = await Promise.all(
      Array.from({ length: 4 }, () => createDeliveries(db.database, batchFor(owner, id), { versions })),
    );
    expect(results.filter((stored) => stored.has(id))).toHaveLength(1);
    expect(await countsOf(owner.ownerId)).toEqual({
      events: 1,
      ...{ deliveries: endpoints, due: endpoints, logged: endpoints, head: endpoints },
    });
  },
);

test.each([1, 2])(
  'nothing is stored where the log has grown beyond the ceiling, of %i deliveries',
  async (n) => {
    const owner = await seedOwner(db.database, { endpoints: n });
    const { ownerId } = owner;
    const versions = [{ ownerId, version: await versionOf(ownerId) }];
    await createDeliveries(db.database, batchFor(owner), { versions, ceilings: { [ownerId]: 0 } });
    const before = await countsOf(ownerId);
    const refused = createDeliveries(db.database, batchFor(owner), {
      versions,
      ceilings: { [ownerId]: n - 1 },
    });
    expect(ownerOfTooMany(await refused.catch((error) => error))).toBe(ownerId);
    expect(await countsOf(ownerId)).toEqual(before);
    await createDeliveries(db.database, batchFor(owner), { versions, ceilings: { [ownerId]: n } });
    expect(await countsOf(ownerId)).toMatchObject({ deliveries: 2 * n, head: 2 * n });
  },
);

test('nothing is stored for an owner without a log', async () => {
  const owner = await seedOwner(db.database);
  await db.database.api.query('delete from owner_log where owner_id = $1', [owner.ownerId]);
  await expect(createPlainEvent(db.database, await plainOf(owner))).rejects.toThrow('missing in the log');
  expect(await countsOf(owner.ownerId)).toEqual({ ...nothing, head: null });
});

test('the log stays without gaps while plain events and other batches are stored at once', async () => {
  const owner = await seedOwner(db.database, { endpoints: 2 });
  const versions = [{ ownerId: owner.ownerId, version: await versionOf(owner.ownerId) }];
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      createDeliveries(db.database, batchFor(owner), index % 3 === 0 ? {} : { versions }),
    ),
  );
  const { rows } = await db.database.api.query<{ position: number; occurred_at: Date }>(
    'select position, occurred_at from delivery_log where owner_id = $1 order by position',
    [owner.ownerId],
  );
  expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  const times = rows.map(({ occurred_at }) => occurred_at.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
});
