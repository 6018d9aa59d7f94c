import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EventTypeCatalogue, type KnownEventType } from '../../src/event-types/payload-validator.ts';
import type { CheckedEvent } from '../../src/events/check-events.ts';
import { Publisher } from '../../src/events/publisher.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { limitsWith } from '../support/limits.ts';
import { untilTrue } from '../support/worker.ts';

const endpoints = 100;
/** 12,000 deliveries, which need two statements. */
const size = 120;

let db: TestDatabase;
let publisher: Publisher;
let type: KnownEventType;
beforeAll(async () => {
  db = await createTestDatabase();
  publisher = new Publisher({
    database: db.database,
    config: { retrySchedule: [0, 60], requireVerification: true },
    limits: limitsWith(),
  });
  const found = await new EventTypeCatalogue(db.database).get('endpoint.disabled');
  if (found === undefined) throw new Error('The type is not registered.');
  type = found;
});
beforeEach(() => onEvent(''));
afterAll(() => db.drop());

test('a call of several statements is stored once, its log without a gap', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const published = await publisher.publish(eventsOf(ownerId));
  expect(published).toHaveLength(size);
  expect(new Set(published.map(({ deliveryCount }) => deliveryCount))).toEqual(new Set([endpoints]));
  expect(await stored(ownerId)).toEqual(whole);
  const again = await publisher.publish(eventsOf(ownerId));
  expect(again.map(({ eventId }) => eventId)).toEqual(published.map(({ eventId }) => eventId));
  expect(again.every(({ isDuplicate, deliveryCount }) => isDuplicate && deliveryCount === endpoints)).toBe(
    true,
  );
  expect(await stored(ownerId)).toEqual(whole);
});

test('nothing is stored where a later statement is refused', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  await onEvent(`if new.body like '%"last"%' then raise 'no' using errcode = '22000'; end if;`);
  await expect(publisher.publish(eventsOf(ownerId))).rejects.toThrow('no');
  expect(await stored(ownerId)).toEqual({ events: 0, deliveries: 0, due: 0, logged: 0, head: 0 });
});

test('a call whose later statement fails for a passing reason is repeated as a whole, and stored once', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  await db.database.api.query('create sequence if not exists tries');
  await onEvent(
    `if new.body like '%"last"%' and nextval('tries') = 1 then raise 'again' using errcode = '40001'; end if;`,
  );
  await publisher.publish(eventsOf(ownerId));
  expect(await stored(ownerId)).toEqual(whole);
});

test('a connection that is lost between two statements leaves nothing; the repetition stores all, once', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  const gate = new pg.Client({ connectionString: db.url });
  await gate.connect();
  await gate.query('select pg_advisory_lock(7)');
  await onEvent(`if new.body like '%"last"%' then perform pg_advisory_xact_lock_shared(7); end if;`);
  const published = publisher.publish(eventsOf(ownerId));
  const waiting = async () =>
    (
      await gate.query<{ pid: number }>(
        `select pid from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())`,
      )
    ).rows[0]?.pid;
  await untilTrue(async () => (await waiting()) !== undefined);
  await gate.query('select pg_terminate_backend($1)', [await waiting()]);
  expect(await stored(ownerId)).toMatchObject({ events: 0, deliveries: 0, head: 0 });
  await gate.end();
  await published;
  expect(await stored(ownerId)).toEqual(whole);
});

test('neighbours of a large call that fails are stored', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  await onEvent(`if new.body like '%"last"%' then raise 'no' using errcode = '22000'; end if;`);
  const [large, small] = await Promise.allSettled([
    publisher.publish(eventsOf(ownerId)),
    publisher.publish(eventsOf(ownerId, 3, 'small')),
  ]);
  expect([large.status, small.status]).toEqual(['rejected', 'fulfilled']);
  expect(await stored(ownerId)).toMatchObject({ events: 3, deliveries: 300, head: 300 });
});

test('the deliveries of inactive endpoints are counted where they fail', async () => {
  const { ownerId } = await seedOwner(db.database, { endpoints });
  await db.database.api.query(
    `update endpoint set is_active = false, disabled_reason = 'MANUAL' where owner_id = $1`,
    [ownerId],
  );
  await publisher.publish(eventsOf(ownerId));
  expect(await stored(ownerId)).toEqual({ ...whole, due: 0 });
  const { rows } = await db.database.api.query(
    'select sum(failed)::int as failed from endpoint_stat where owner_id = $1',
    [ownerId],
  );
  expect(rows).toEqual([{ failed: size * endpoints }]);
});

const whole = {
  events: size,
  deliveries: size * endpoints,
  due: size * endpoints,
  logged: size * endpoints,
  head: size * endpoints,
};

function eventsOf(ownerId: string, count = size, name = 'large'): CheckedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    tenantId: ownerId,
    type,
    payloadText: JSON.stringify({ name, place: name === 'large' && index === count - 1 ? 'last' : 'before' }),
    idempotencyKey: `${name}-${index}`,
    occurredAt: undefined,
    inputHash: createHash('sha256').update(`${name}-${index}`).digest(),
    spelledHash: createHash('sha256').update(`${name}-${index}`).digest(),
  }));
}

/** What the database does with each inserted event. */
async function onEvent(body: string): Promise<void> {
  await db.database.api.query(`
    create or replace function on_event() returns trigger language plpgsql as
      $$ begin ${body} return new; end $$;
    create or replace trigger on_event before insert on event for each row execute function on_event();`);
}

async function stored(ownerId: string) {
  const { rows } = await db.database.api.query(
    `select (select count(*)::int from event where owner_id = $1) as events,
            (select count(*)::int from delivery where owner_id = $1) as deliveries,
            (select count(*)::int from due where owner_id = $1) as due,
            (select count(distinct position)::int from delivery_log where owner_id = $1) as logged,
            (select head::int from owner_log where owner_id = $1) as head`,
    [ownerId],
  );
  return rows[0];
}
