import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../../src/endpoints/endpoint.ts';
import { findCircuits } from '../../src/endpoints/endpoint-health.ts';
import type { EndpointValues } from '../../src/endpoints/endpoint-input.ts';
import { finishUpdate, updateEndpoint } from '../../src/endpoints/update-endpoint.ts';
import { NotFoundError } from '../../src/errors.ts';
import { seedDeliveries } from '../support/deliveries.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
let endpoint: Endpoint;
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
});
beforeEach(async () => {
  ({ endpoint } = await room.newEndpoint(ownerId, { description: 'before' }));
  await room.database.api.query(
    "update endpoint set verification = 'VERIFIED', verified_at = now(), handshake_started_at = null where id = $1",
    [endpoint.id],
  );
});
afterAll(() => room.close());

async function update(values: Partial<EndpointValues>): Promise<Endpoint> {
  const updated = await room.act((trx) => updateEndpoint(trx, { ownerId, id: endpoint.id, values, by }));
  await finishUpdate(room.database, updated);
  return updated.after;
}

const deliveries = async () => {
  const { rows } = await room.database.api.query(
    'select status, failure_reason from delivery where owner_id = $1 and endpoint_id = $2',
    [ownerId, endpoint.id],
  );
  return rows;
};

test('what is not given stays as it is', async () => {
  const after = await update({ description: 'after' });
  expect(after).toEqual({ ...after, ...(await room.reread(endpoint)) });
  expect(after).toMatchObject({
    description: 'after',
    url: endpoint.url,
    events: ['*'],
    verification: 'VERIFIED',
  });
});

test('the audit log holds old and new of what was changed, and nothing else', async () => {
  await update({ description: null, url: endpoint.url, events: ['comment.*'], maxDeliveriesPerSecond: 7 });
  expect((await room.audit(endpoint)).at(-1)).toMatchObject({
    action: 'endpoint.update',
    changes: {
      description: { from: 'before', to: null },
      events: { from: ['*'], to: ['comment.*'] },
      maxDeliveriesPerSecond: { from: null, to: 7 },
    },
  });
});

test('a change to what it is already writes nothing and is not audited', async () => {
  const before = await room.reread(endpoint);
  await update({ description: 'before', isActive: true, events: ['*'], url: endpoint.url });
  expect(await room.reread(endpoint)).toEqual(before);
  expect(await room.audit(endpoint)).toHaveLength(1);
});

test('a new URL loses its verification', async () => {
  expect(await update({ url: 'http://127.0.0.1:9/other' })).toMatchObject({
    verification: 'UNVERIFIED',
    verified_at: null,
    verification_checked_at: null,
    handshake_started_at: null,
  });
});

test('what waited for the handshake of the old URL is due: the claim decides about it', async () => {
  await room.database.api.query(
    "update endpoint set verification = 'PENDING', handshake_started_at = now() where id = $1",
    [endpoint.id],
  );
  await seedDeliveries(room.database, ownerId, endpoint.id, 1);
  await room.database.api.query("update due set due_at = now() + interval '1 hour' where endpoint_id = $1", [
    endpoint.id,
  ]);
  await update({ url: 'http://127.0.0.1:9/other' });
  const { rows } = await room.database.api.query(
    'select 1 from due where endpoint_id = $1 and due_at <= now()',
    [endpoint.id],
  );
  expect(rows).toHaveLength(1);
});

test('made inactive, it ends what is queued', async () => {
  await seedDeliveries(room.database, ownerId, endpoint.id, 3);
  expect(await update({ isActive: false })).toMatchObject({ is_active: false, disabled_reason: 'MANUAL' });
  expect(await deliveries()).toEqual(
    Array(3).fill({ status: 'FAILED', failure_reason: 'ENDPOINT_INACTIVE' }),
  );
});

test('made active again, it starts without a reason and with a closed circuit', async () => {
  await room.database.api.query(
    "update endpoint set is_active = false, disabled_reason = 'FAILING' where id = $1",
    [endpoint.id],
  );
  await room.database.api.query(
    `insert into endpoint_health
       (owner_id, endpoint_id, circuit, consecutive_failures, opened_at, next_probe_at, failing_since)
     values ($1, $2, 'OPEN', 30, now(), now(), now())`,
    [ownerId, endpoint.id],
  );
  expect(await update({ isActive: true })).toMatchObject({ is_active: true, disabled_reason: null });
  expect((await findCircuits(room.database.query, ownerId, [endpoint.id])).get(endpoint.id)).toEqual({
    circuit: 'CLOSED',
    consecutive_failures: 0,
    opened_at: null,
    next_probe_at: null,
  });
});

test('another owner’s endpoint is a missing one, and is not changed', async () => {
  const other = await room.newOwner();
  const foreign = room.act((trx) =>
    updateEndpoint(trx, { ownerId: other, id: endpoint.id, values: { description: 'mine' }, by }),
  );
  await expect(foreign).rejects.toThrow(NotFoundError);
  expect((await room.reread(endpoint)).description).toBe('before');
});

test('of changes at the same moment each is audited against the one before it', async () => {
  await Promise.all(['a', 'b', 'c', 'd'].map((description) => update({ description })));
  const changes = (await room.audit(endpoint))
    .slice(1)
    .map((entry) => JSON.parse(JSON.stringify(entry.changes)));
  const byFrom = new Map(changes.map(({ description }) => [description.from, description.to]));
  const seen: string[] = [];
  for (let at = byFrom.get('before'); at !== undefined; at = byFrom.get(at)) seen.push(at);
  expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect((await room.reread(endpoint)).description).toBe(seen.at(-1));
});
