import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventTypeCatalogue, type KnownEventType } from '../../src/event-types/payload-validator.ts';
import type { CheckedEvent } from '../../src/events/check-events.ts';
import { Publisher } from '../../src/events/publisher.ts';
import { PendingDeliveries } from '../../src/limits/pending-deliveries.ts';
import { ownerGroupOf } from '../../src/status/shard.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { limitsWith } from '../support/limits.ts';

// The limit for what may wait, where several calls, and several processes, reach it at once.

const most = 30;

let db: TestDatabase;
let type: KnownEventType;
beforeAll(async () => {
  db = await createTestDatabase();
  const found = await new EventTypeCatalogue(db.database).get('endpoint.disabled');
  if (found === undefined) throw new Error('The type is not registered.');
  type = found;
});
afterAll(() => db.drop());

test('processes that publish at once store exactly as many as may wait', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints: 2 });
  const processes = [newPublisher(), newPublisher(), newPublisher()];
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) => outcome(processes[index % 3]?.publish(events(ownerId, 1)))),
  );
  expect(tally(results)).toEqual({ stored: most / 2, LIMIT_EXCEEDED: 40 - most / 2 });
  expect(await waiting(ownerId)).toBe(most);
});

test('what was sent makes room, also while others add', async () => {
  const { ownerId } = await seedOwner(db.database);
  const [one, other] = [newPublisher(), newPublisher()];
  await one.publish(events(ownerId, most));
  await expect(other.publish(events(ownerId, 1))).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    limit: most,
    message: expect.stringContaining('Wait until some have been sent'),
  });
  await end(ownerId, 4);
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, n) => outcome((n % 2 ? one : other).publish(events(ownerId, 1)))),
  );
  expect(tally(results)).toEqual({ stored: 4, LIMIT_EXCEEDED: 8 });
  expect(await waiting(ownerId)).toBe(most);
});

test('a call is stored whole or not at all, also one of several statements', async () => {
  const large = await seedOwner(db.database, { endpoints: 101 });
  const publisher = newPublisher(10_100);
  await expect(publisher.publish(events(large.ownerId, 101))).rejects.toMatchObject({ limit: 10_100 });
  expect(await waiting(large.ownerId)).toBe(0);
  const [first, second] = await Promise.all([
    outcome(publisher.publish(events(large.ownerId, 100))),
    outcome(newPublisher(10_100).publish(events(large.ownerId, 100))),
  ]);
  expect([first, second].sort()).toEqual(['LIMIT_EXCEEDED', 'stored']);
  expect(await waiting(large.ownerId)).toBe(10_100);
});

test('a neighbour in the same batch is stored, and a refused call can be sent again with its key', async () => {
  const full = await seedOwner(db.database);
  let near = await seedOwner(db.database);
  while (ownerGroupOf(near.ownerId) !== ownerGroupOf(full.ownerId)) near = await seedOwner(db.database);
  const publisher = newPublisher();
  await publisher.publish(events(full.ownerId, most));
  const keyed = () => events(full.ownerId, 1).map((event) => ({ ...event, idempotencyKey: 'again' }));
  const results = await Promise.all([
    outcome(publisher.publish(keyed())),
    outcome(publisher.publish(events(near.ownerId, 5))),
    outcome(publisher.publish(events(full.ownerId, 1))),
    outcome(publisher.publish([...events(near.ownerId, 1), ...events(full.ownerId, 1)])),
  ]);
  expect(results).toEqual(['LIMIT_EXCEEDED', 'stored', 'LIMIT_EXCEEDED', 'LIMIT_EXCEEDED']);
  expect(await waiting(near.ownerId)).toBe(5);
  await end(full.ownerId, 1);
  const [event] = await publisher.publish(keyed());
  expect(event).toMatchObject({ isDuplicate: false, deliveryCount: 1 });
  // A repetition adds nothing, so it is answered although nothing more fits.
  expect(await publisher.publish(keyed())).toMatchObject([{ isDuplicate: true, eventId: event?.eventId }]);
});

test('what waits for nobody is not limited', async () => {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const publisher = newPublisher();
  await publisher.publish(events(ownerId, most));
  await db.database.api.query(
    `update endpoint set is_active = false, disabled_reason = 'MANUAL' where owner_id = $1 and id = $2`,
    [ownerId, endpointIds[0]],
  );
  expect(await outcome(publisher.publish(events(ownerId, 3)))).toBe('stored');
  expect(await waiting(ownerId)).toBe(most);
});

test('bulk replays are told when nothing more fits', async () => {
  const { ownerId } = await seedOwner(db.database);
  const pending = new PendingDeliveries({
    database: db.database,
    limits: limitsWith({ pendingDeliveries: most }),
  });
  expect(await pending.isFull(ownerId)).toBe(false);
  await newPublisher().publish(events(ownerId, most));
  expect(await pending.isFull(ownerId)).toBe(true);
  await end(ownerId, 1);
  expect(await pending.isFull(ownerId)).toBe(false);
});

const newPublisher = (pendingDeliveries = most) =>
  new Publisher({
    database: db.database,
    config: { retrySchedule: [0, 60], requireVerification: true },
    limits: limitsWith({ pendingDeliveries }),
  });

let made = 0;

function events(ownerId: string, count: number): CheckedEvent[] {
  return Array.from({ length: count }, () => {
    made += 1;
    const hash = createHash('sha256').update('an event').digest();
    return {
      tenantId: ownerId,
      type,
      payloadText: JSON.stringify({ made }),
      idempotencyKey: undefined,
      occurredAt: undefined,
      inputHash: hash,
      spelledHash: hash,
    };
  });
}

const outcome = async (published: Promise<unknown> | undefined): Promise<string> => {
  try {
    await published;
    return 'stored';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

function tally(results: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

async function waiting(ownerId: string): Promise<number> {
  const { rows } = await db.database.api.query<{ n: number }>(
    'select count(*)::int as n from due where owner_id = $1',
    [ownerId],
  );
  return rows[0]?.n ?? 0;
}

/** As if so many had been sent: their rows are gone. */
async function end(ownerId: string, count: number): Promise<void> {
  await db.database.api.query(
    `delete from due where owner_id = $1 and delivery_id in
       (select delivery_id from due where owner_id = $1 order by delivery_id limit $2)`,
    [ownerId, count],
  );
}
