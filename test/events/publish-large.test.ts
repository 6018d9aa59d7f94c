import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { By } from '../../src/access/actor.ts';
import { EventTypeCatalogue, type KnownEventType } from '../../src/event-types/payload-validator.ts';
import type { CheckedEvent } from '../../src/events/check-events.ts';
import { Publisher } from '../../src/events/publisher.ts';
import { purgeDeliveries } from '../../src/purging/purge-deliveries.ts';
import { ownerGroupOf } from '../../src/status/shard.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { limitsWith } from '../support/limits.ts';
import { untilTrue } from '../support/worker.ts';

/** 110 events to as many endpoints, which is more deliveries than one statement can store. */
const endpoints = 100;
const size = 110;

let db: TestDatabase;
let publisher: Publisher;
let type: KnownEventType;
/** While it is held, an event with the name `gated` cannot be stored. */
let gate: pg.Client;
beforeAll(async () => {
  db = await createTestDatabase();
  const found = await new EventTypeCatalogue(db.database).get('endpoint.disabled');
  if (found === undefined) throw new Error('The type is not registered.');
  type = found;
  await db.database.api.query(`
    create function on_event() returns trigger language plpgsql as
      $$ begin
        if new.body like '%"gated"%' then perform pg_advisory_xact_lock_shared(7); end if;
        return new;
      end $$;
    create trigger on_event before insert on event for each row execute function on_event();`);
});
beforeEach(async () => {
  publisher = new Publisher({
    database: db.database,
    config: { retrySchedule: [0, 60], requireVerification: true },
    limits: limitsWith(),
  });
  gate = new pg.Client({ connectionString: db.url });
  await gate.connect();
  await gate.query('select pg_advisory_lock(7)');
});
afterEach(() => gate.end());
afterAll(() => db.drop());

test('who repeats a key of a large call that is under way waits behind it, and nobody else does', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const neighbour = await neighbourOf(ownerId);
  const large = publisher.publish(eventsOf(ownerId, 'gated'));
  await untilWaiting();
  const [repeated] = eventsOf(ownerId, 'gated', 1);
  const again = publisher.publish(repeated === undefined ? [] : [repeated]);
  await publisher.publish(eventsOf(ownerId, 'other', 1));
  await publisher.publish(eventsOf(neighbour, 'neighbour', 1));
  await gate.query('select pg_advisory_unlock(7)');

  const [first] = await large;
  expect(await again).toEqual([{ ...first, stored: undefined, isDuplicate: true }]);
  expect(first).toMatchObject({ isDuplicate: false, deliveryCount: endpoints });
});

test('a large call that waits for its turn is planned when it comes', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database, { endpoints });
  const [endpointId = ''] = endpointIds;
  const setActive = (isActive: boolean) =>
    db.database.api.query(
      'update endpoint set is_active = $3, disabled_reason = $4 where owner_id = $1 and id = $2',
      [ownerId, endpointId, isActive, isActive ? null : 'MANUAL'],
    );
  await setActive(false);
  const large = publisher.publish(eventsOf(ownerId, 'gated'));
  await untilWaiting();
  const waiting = publisher.publish(eventsOf(ownerId, 'waiting'));
  // It is in the same group, so by then the other one has been put aside.
  await publisher.publish(eventsOf(ownerId, 'small', 1));
  await setActive(true);
  const { purgedCount } = await purgeDeliveries(db.database, { ownerId, id: endpointId, by: somebody });
  await gate.query('select pg_advisory_unlock(7)');
  await Promise.all([large, waiting]);

  expect(purgedCount).toBe(1);
  const { rows } = await db.database.api.query(
    `select d.status, d.id > e.purged_through as is_newer, count(*)::int
       from delivery d join endpoint e on e.owner_id = d.owner_id and e.id = d.endpoint_id
       join event v on v.owner_id = d.owner_id and v.id = d.event_id
      where d.owner_id = $1 and d.endpoint_id = $2 and v.body like '%"waiting"%' group by 1, 2`,
    [ownerId, endpointId],
  );
  expect(rows).toEqual([{ status: 'PENDING', is_newer: true, count: size }]);
});

test('of one tenant four large calls wait, and the next is refused and stored by its repetition', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const large = publisher.publish(eventsOf(ownerId, 'gated'));
  await untilWaiting();
  const waiting = ['a', 'b', 'c', 'd'].map((name) => publisher.publish(eventsOf(ownerId, name)));
  await expect(publisher.publish(eventsOf(ownerId, 'e'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await gate.query('select pg_advisory_unlock(7)');

  const published = (await Promise.all([large, ...waiting])).flat();
  published.push(...(await publisher.publish(eventsOf(ownerId, 'e'))));
  expect(published.map(({ deliveryCount }) => deliveryCount)).toEqual(
    Array.from({ length: 6 * size }, () => endpoints),
  );
  expect(published.some(({ isDuplicate }) => isDuplicate)).toBe(false);
  const { rows } = await db.database.api.query(
    `select (select head::int from owner_log where owner_id = $1) as head,
            (select count(distinct position)::int from delivery_log where owner_id = $1) as logged`,
    [ownerId],
  );
  expect(rows).toEqual([{ head: 6 * size * endpoints, logged: 6 * size * endpoints }]);
});

test('if a large call and a small one share a key, only one of them has stored the event', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const [shared] = eventsOf(ownerId, 'shared', 1);
  const [large, small] = await Promise.all([
    publisher.publish(eventsOf(ownerId, 'shared')),
    publisher.publish(shared === undefined ? [] : [shared]),
  ]);
  expect(small).toEqual([{ ...large[0], stored: small[0]?.stored, isDuplicate: false }]);
  expect(large.map(({ isDuplicate }) => isDuplicate)).toEqual([true, ...Array(size - 1).fill(false)]);
  expect(large.every(({ deliveryCount }) => deliveryCount === endpoints)).toBe(true);
});

test('if two calls of one batch share a key, only one of them has stored the event', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints: 1 });
  const told = await Promise.all([1, 2, 3].map(() => publisher.publish(eventsOf(ownerId, 'same', 1))));
  expect(told.flat().map(({ isDuplicate }) => isDuplicate)).toEqual([false, true, true]);
  expect(new Set(told.flat().map(({ eventId }) => eventId)).size).toBe(1);
});

test('a call that is refused for its size gives its keys back, and its own repetition keeps them', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const refused = eventsOf(ownerId, 'refused', 1_001);
  await expect(publisher.publish(refused)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  const [first, second] = refused;
  if (first === undefined || second === undefined) throw new Error('There are no events.');
  const other = { ...first, inputHash: createHash('sha256').update('other').digest() };
  const [published] = await publisher.publish([other]);
  expect(published).toMatchObject({ isDuplicate: false, deliveryCount: endpoints });
  await expect(publisher.publish([first])).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(await publisher.publish([second])).toMatchObject([{ isDuplicate: false }]);
  expect(await publisher.publish([second])).toMatchObject([{ isDuplicate: true }]);
});

const somebody: By = {
  actor: {
    kind: 'USER',
    actorId: 'somebody',
    label: 'Somebody',
    permissions: new Set(),
    tenantId: undefined,
    appId: undefined,
    verifiedEmail: undefined,
    expiresAt: undefined,
  },
  requestId: 'req-1',
};

/** A tenant of the same owner group. */
async function neighbourOf(ownerId: string): Promise<string> {
  for (;;) {
    const made = await seedOwner(db.database, { endpoints: 1 });
    if (ownerGroupOf(made.ownerId) === ownerGroupOf(ownerId)) return made.ownerId;
  }
}

async function untilWaiting(): Promise<void> {
  await untilTrue(async () => {
    const { rowCount } = await gate.query(
      `select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    );
    return rowCount === 1;
  });
}

function eventsOf(ownerId: string, name: string, count = size): CheckedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    tenantId: ownerId,
    type,
    payloadText: JSON.stringify({ name }),
    idempotencyKey: `${name}-${index}`,
    occurredAt: undefined,
    inputHash: createHash('sha256').update(`${name}-${index}`).digest(),
    spelledHash: createHash('sha256').update(`${name}-${index}`).digest(),
  }));
}
