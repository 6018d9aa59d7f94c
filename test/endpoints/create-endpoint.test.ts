import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEndpoint } from '../../src/endpoints/create-endpoint.ts';
import { LimitExceededError } from '../../src/errors.ts';
import { mintUuid } from '../../src/ids.ts';
import { BrokenSealError } from '../../src/signing/secret-box.ts';
import { limitsWith } from '../support/limits.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

test('an endpoint is stored as it was given, active, with its handshake under way', async () => {
  const ownerId = await room.newOwner();
  const { endpoint } = await room.newEndpoint(ownerId, {
    url: 'https://example.com',
    events: ['comment.created', 'task.*'],
    description: 'ours',
    maxDeliveriesPerSecond: 5,
  });
  expect(await room.reread(endpoint)).toMatchObject({
    owner_id: ownerId,
    owner_kind: 'TENANT',
    url: 'https://example.com',
    events: ['comment.created', 'task.*'],
    description: 'ours',
    is_active: true,
    disabled_reason: null,
    max_deliveries_per_second: 5,
    verification: 'PENDING',
    handshake_started_at: expect.any(Date),
  });
});

test('one that is created inactive says that somebody wanted it so', async () => {
  const { endpoint } = await room.newEndpoint(await room.newOwner(), { isActive: false });
  expect(endpoint).toMatchObject({ is_active: false, disabled_reason: 'MANUAL' });
});

test('its secret is nowhere in the database, and its seal opens in its own row alone', async () => {
  const { endpoint, secret } = await room.newEndpoint(await room.newOwner());
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const { rows } = await room.database.api.query<{ id: string; sealed: Buffer }>(
    'select id, sealed from signing_secret where endpoint_id = $1',
    [endpoint.id],
  );
  const row = { id: rows[0]?.id ?? '', sealed: rows[0]?.sealed ?? Buffer.alloc(0) };
  expect(row.sealed.includes(Buffer.from(secret))).toBe(false);
  expect(row.sealed.includes(Buffer.from(secret.slice(6), 'base64'))).toBe(false);

  const place = { ownerId: endpoint.owner_id, endpointId: endpoint.id, ...row };
  expect(room.secrets.open(place).toString('base64')).toBe(secret.slice(6));
  for (const elsewhere of [{ ownerId: mintUuid() }, { endpointId: mintUuid() }, { id: mintUuid() }]) {
    expect(() => room.secrets.open({ ...place, ...elsewhere })).toThrow(BrokenSealError);
  }
});

test('the audit log says what it was created with, and no secret', async () => {
  const { endpoint, secret } = await room.newEndpoint(await room.newOwner(), { description: 'ours' });
  const entries = await room.audit(endpoint);
  expect(entries).toEqual([
    {
      action: 'endpoint.create',
      actor_kind: 'SYSTEM',
      request_id: 'req-1',
      changes: {
        url: 'http://127.0.0.1:9/hook',
        events: ['*'],
        description: 'ours',
        isActive: true,
        maxDeliveriesPerSecond: null,
        ordering: 'NONE',
      },
    },
  ]);
  expect(JSON.stringify(entries)).not.toContain(secret.slice(6));
});

test('an owner has at most 1,000, however many are created at once; deleted ones do not count', async () => {
  const ownerId = await room.newOwner();
  await room.database.api.query(
    `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification, deleted_at)
     select $1, gen_random_uuid(), 'TENANT', 'http://127.0.0.1:9/', '{*}', true, 'VERIFIED',
            case when n > 998 then now() end
       from generate_series(1, 1100) n`,
    [ownerId],
  );
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => room.newEndpoint(ownerId)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LimitExceededError);
  }
  await expect(room.newEndpoint(await room.newOwner())).resolves.toBeDefined();
});

test('nothing of it stays where its transaction fails', async () => {
  const ownerId = await room.newOwner();
  const failing = room.act(async (trx) => {
    await createEndpoint(
      trx,
      { secrets: room.secrets, limits: limitsWith() },
      {
        ownerId,
        ownerKind: 'TENANT',
        values: {
          url: 'http://127.0.0.1:9/',
          events: ['*'],
          description: null,
          isActive: true,
          maxDeliveriesPerSecond: null,
          ordering: 'NONE',
        },
        by,
      },
    );
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  for (const table of ['endpoint', 'signing_secret', 'audit_entry']) {
    const { rows } = await room.database.api.query(`select 1 from ${table} where owner_id = $1`, [ownerId]);
    expect(rows).toEqual([]);
  }
});
