import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/pool.ts';
import { EventTypeCatalogue, type KnownEventType } from '../../src/event-types/payload-validator.ts';
import type { CheckedEvent } from '../../src/events/check-events.ts';
import { Publisher } from '../../src/events/publisher.ts';
import { mintUuid } from '../../src/ids.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';
import { limitsWith } from '../support/limits.ts';

/** What a publisher remembers about subscribers never outlives a change, whichever process makes it. */
let db: TestDatabase;
let publisher: Publisher;
let type: KnownEventType;
/** The connections of another process. Nothing tells the publisher what happens there. */
let elsewhere: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  db = await createTestDatabase();
  elsewhere = openDatabase({
    url: db.url,
    logger: quietLogger,
    prepared: true,
    engineConnections: 2,
    apiConnections: 4,
  });
  const found = await new EventTypeCatalogue(db.database).get('endpoint.disabled');
  if (found === undefined) throw new Error('The type is not registered.');
  type = found;
  publisher = new Publisher({
    database: db.database,
    config: { retrySchedule: [0, 60], requireVerification: true },
    limits: limitsWith(),
  });
});
afterAll(async () => {
  await elsewhere.close();
  await db.drop();
});

const eventOf = (tenantId: string, idempotencyKey?: string): CheckedEvent => ({
  tenantId,
  type,
  payloadText: '{}',
  idempotencyKey,
  occurredAt: undefined,
  inputHash: createHash('sha256').update('one').digest(),
  spelledHash: createHash('sha256').update('one').digest(),
});

async function countOf(tenantId: string): Promise<number | undefined> {
  const [published] = await publisher.publish([eventOf(tenantId)]);
  return published?.deliveryCount;
}

const addEndpoint = (ownerId: string) =>
  elsewhere.api.query(
    `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
     values ($1, $2, 'TENANT', 'http://127.0.0.1:9/', '{*}', true, 'VERIFIED')`,
    [ownerId, mintUuid()],
  );

test('an endpoint that another process makes gets the next event, and one that it deletes no more', async () => {
  const { ownerId } = await seedOwner(db.database);
  expect(await countOf(ownerId)).toBe(1);
  await addEndpoint(ownerId);
  expect(await countOf(ownerId)).toBe(2);
  await elsewhere.api.query('update endpoint set deleted_at = now() where owner_id = $1', [ownerId]);
  expect(await countOf(ownerId)).toBe(0);
});

test('an endpoint that was deactivated meanwhile gets its delivery as FAILED', async () => {
  const { ownerId } = await seedOwner(db.database);
  await countOf(ownerId);
  await elsewhere.api.query(
    `update endpoint set is_active = false, disabled_reason = 'MANUAL' where owner_id = $1`,
    [ownerId],
  );
  await countOf(ownerId);
  const { rows } = await db.database.api.query(
    'select status, failure_reason from delivery where owner_id = $1 order by id',
    [ownerId],
  );
  expect(rows).toEqual([
    { status: 'PENDING', failure_reason: null },
    { status: 'FAILED', failure_reason: 'ENDPOINT_INACTIVE' },
  ]);
});

test('nothing is stored for a tenant that was suspended meanwhile, and its key is free again', async () => {
  const { ownerId } = await seedOwner(db.database);
  await countOf(ownerId);
  await elsewhere.api.query('update tenant set suspended_at = now() where id = $1', [ownerId]);
  await expect(publisher.publish([eventOf(ownerId, 'later')])).rejects.toMatchObject({
    issues: [{ path: ['events'], code: 'TENANT_SUSPENDED' }],
  });
  await elsewhere.api.query('update tenant set suspended_at = null where id = $1', [ownerId]);
  expect(await publisher.publish([eventOf(ownerId, 'later')])).toMatchObject([{ isDuplicate: false }]);
});

test('a change of one tenant spoils nothing for those who publish beside it', async () => {
  const owners = [];
  for (let made = 0; made < 20; made += 1) owners.push((await seedOwner(db.database)).ownerId);
  await Promise.all(owners.map(countOf));
  const [changed = ''] = owners;
  await addEndpoint(changed);
  expect(await Promise.all(owners.map(countOf))).toEqual(owners.map((owner) => (owner === changed ? 2 : 1)));
});

test('whoever publishes after a change has been committed reaches whom it added, with others changing too', async () => {
  const { ownerId } = await seedOwner(db.database);
  let committed = 1;
  let begun = 1;
  const change = async () => {
    for (let made = 0; made < 15; made += 1) {
      begun += 1;
      await addEndpoint(ownerId);
      committed += 1;
    }
  };
  const publish = async () => {
    while (committed < 31) {
      const least = committed;
      const count = (await countOf(ownerId)) ?? 0;
      expect(count).toBeGreaterThanOrEqual(least);
      expect(count).toBeLessThanOrEqual(begun);
    }
  };
  await Promise.all([change(), change(), publish(), publish()]);
  expect(await countOf(ownerId)).toBe(31);
  const { rows } = await db.database.api.query(
    'select count(*)::int as n from audience_change where owner_id = $1',
    [ownerId],
  );
  expect(rows[0]?.n).toBeLessThanOrEqual(2);
});
