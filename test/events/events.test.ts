import { afterAll, beforeAll, expect, test } from 'vitest';
import { findEvent, findEventPayloads } from '../../src/events/find-event.ts';
import { listEvents } from '../../src/events/list-events.ts';
import { mintUuid } from '../../src/ids.ts';
import { renderEventBody } from '../../src/status/event-body.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const occurredAt = new Date('2026-01-01T00:00:00.005Z');

async function insertEvent(ownerId: string, type: string, payloadText = '{}'): Promise<string> {
  const id = mintUuid();
  await db.database.query
    .insertInto('event')
    .values({
      owner_id: ownerId,
      id,
      type,
      body: renderEventBody({ type, occurredAt, payloadText }),
      tenant_id: null,
      idempotency_key: null,
      occurred_at: occurredAt,
    })
    .execute();
  return id;
}

test('a payload comes back byte for byte', async () => {
  const ownerId = mintUuid();
  const payloadText = '{ "b":1,"2":1,"1":1.0 , "n":12345678901234567890}';
  const id = await insertEvent(ownerId, 'order.paid', payloadText);
  expect(await findEventPayloads(db.database.query, ownerId, [id, mintUuid()])).toEqual([
    { id, payloadText },
  ]);
});

test('an event is found by its owner alone', async () => {
  const ownerId = mintUuid();
  const id = await insertEvent(ownerId, 'order.paid');
  expect(await findEvent(db.database.query, ownerId, id)).toMatchObject({
    id,
    type: 'order.paid',
    occurred_at: occurredAt,
  });
  expect(await findEvent(db.database.query, mintUuid(), id)).toBeUndefined();
  expect(await findEventPayloads(db.database.query, mintUuid(), [id])).toEqual([]);
});

test('events are listed newest first, of all types or of some', async () => {
  const ownerId = mintUuid();
  const paid = await insertEvent(ownerId, 'order.paid');
  const sent = await insertEvent(ownerId, 'order.sent');
  const lost = await insertEvent(ownerId, 'order.lost');
  const list = async (types?: string[]) =>
    (await listEvents(db.database.query, ownerId, { page: {}, types })).rows.map(({ id }) => id);
  expect(await list()).toEqual([lost, sent, paid]);
  expect(await list(['order.paid', 'order.lost', 'a\0'])).toEqual([lost, paid]);
  expect(await list([])).toEqual([]);
});
