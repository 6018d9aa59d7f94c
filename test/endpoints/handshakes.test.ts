import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { deleteEndpoint } from '../../src/endpoints/delete-endpoint.ts';
import { findEndpoint } from '../../src/endpoints/endpoint.ts';
import { finishUpdate, updateEndpoint } from '../../src/endpoints/update-endpoint.ts';
import { verifyEndpoint } from '../../src/endpoints/verify-endpoint.ts';
import { timeOfUuid } from '../../src/ids.ts';
import { seedDeliveries } from '../support/deliveries.ts';
import { gate, json, rightEcho, startReceiver } from './receiver.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeAll(async () => {
  room = await openRoom();
});
beforeEach(async () => {
  ownerId = await room.newOwner();
  receiver = await startReceiver(rightEcho);
});
afterEach(() => receiver.close());
afterAll(() => room.close());

const statusesOf = async (endpointId: string) => {
  const { rows } = await room.database.api.query<{ status: string; reason: string | null; due: boolean }>(
    `select d.status, d.failure_reason as reason, coalesce(u.due_at <= now(), false) as due
       from delivery d left join due u on u.owner_id = d.owner_id and u.delivery_id = d.id
      where d.owner_id = $1 and d.endpoint_id = $2`,
    [ownerId, endpointId],
  );
  return rows;
};

const age = (endpointId: string) =>
  room.database.api.query(
    "update endpoint set handshake_started_at = handshake_started_at - interval '1 minute' where id = $1",
    [endpointId],
  );

test('a new endpoint is PENDING until its first handshake, which runs by itself, has ended', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  expect(endpoint).toMatchObject({ verification: 'PENDING', verified_at: null });
  room.handshakes.begin(endpoint);
  await room.handshakes.idle();
  expect(await room.reread(endpoint)).toMatchObject({ verification: 'VERIFIED', verification_reason: null });
  expect(
    (await room.audit(endpoint)).map(({ action, actor_kind, changes }) => [action, actor_kind, changes]),
  ).toEqual([['endpoint.create', 'SYSTEM', expect.anything()]]);
});

test('what waited for the handshake is due once it has succeeded', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await seedDeliveries(room.database, ownerId, endpoint.id, 3);
  await room.database.api.query("update due set due_at = now() + interval '1 hour' where endpoint_id = $1", [
    endpoint.id,
  ]);
  room.handshakes.begin(endpoint);
  await room.handshakes.idle();
  expect(await statusesOf(endpoint.id)).toEqual(
    Array(3).fill({ status: 'PENDING', reason: null, due: true }),
  );
});

test('a delay before the first attempt is kept when the handshake has succeeded', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await room.database.api.query(`update endpoint set sending = '{"retrySchedule": [60, 60]}' where id = $1`, [
    endpoint.id,
  ]);
  const { id } = (await seedDeliveries(room.database, ownerId, endpoint.id, 1))[0] ?? { id: '' };
  await room.database.api.query("update due set due_at = now() + interval '1 hour' where endpoint_id = $1", [
    endpoint.id,
  ]);
  room.handshakes.begin(endpoint);
  await room.handshakes.idle();
  const { rows } = await room.database.api.query<{ due_at: Date }>(
    'select due_at from due where endpoint_id = $1',
    [endpoint.id],
  );
  expect(rows).toEqual([{ due_at: new Date(timeOfUuid(id) + 60_000) }]);
});

test('what waited for the handshake ends as FAILED once it has failed', async () => {
  receiver.answerWith(json(() => ({ challenge: 'wrong' })));
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await seedDeliveries(room.database, ownerId, endpoint.id, 3);
  room.handshakes.begin(endpoint);
  await room.handshakes.idle();
  expect(await statusesOf(endpoint.id)).toEqual(
    Array(3).fill({ status: 'FAILED', reason: 'ENDPOINT_UNVERIFIED', due: false }),
  );
});

test('where verification is not required, a failed handshake is shown and ends nothing', async () => {
  receiver.answerWith(json(() => ({ challenge: 'wrong' })));
  const handshakes = room.newHandshakes({ requireVerification: false });
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await seedDeliveries(room.database, ownerId, endpoint.id, 1);
  handshakes.begin(endpoint);
  await handshakes.idle();
  expect((await room.reread(endpoint)).verification).toBe('FAILED');
  expect((await statusesOf(endpoint.id))[0]?.status).toBe('PENDING');
});

test('a new URL makes a running handshake void, though it succeeds', async () => {
  const gated = gate(rightEcho);
  receiver.answerWith(gated.answer);
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const verify = verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  await receiver.hasReceived(1);
  const updated = await room.act((trx) =>
    updateEndpoint(trx, { ownerId, id: endpoint.id, values: { url: `${receiver.url}/new` }, by }),
  );
  await finishUpdate(room.database, updated);
  gated.open();
  expect(await verify).toMatchObject({
    verified: false,
    reason: 'The URL was changed during the handshake.',
  });
  expect(await room.reread(endpoint)).toMatchObject({ verification: 'UNVERIFIED', verified_at: null });
});

test('an endpoint that is deleted during its handshake stays deleted', async () => {
  const gated = gate(rightEcho);
  receiver.answerWith(gated.answer);
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  room.handshakes.begin(endpoint);
  await receiver.hasReceived(1);
  await room.act((trx) => deleteEndpoint(trx, { ownerId, id: endpoint.id, by }));
  gated.open();
  await room.handshakes.idle();
  expect(await findEndpoint(room.database.query, ownerId, endpoint.id)).toBeUndefined();
  const { rows } = await room.database.api.query('select verification from endpoint where id = $1', [
    endpoint.id,
  ]);
  expect(rows).toEqual([{ verification: 'PENDING' }]);
});

test('of two handshakes at once the newest counts, whichever ends last', async () => {
  const gated = gate(json(() => ({ challenge: 'wrong' })));
  receiver.answerWith(gated.answer);
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  room.handshakes.begin(endpoint);
  await receiver.hasReceived(1);
  receiver.answerWith(rightEcho);
  const verified = await verifyEndpoint(room.database.query, room.handshakes, {
    ownerId,
    id: endpoint.id,
    by,
  });
  expect(verified).toMatchObject({ verified: true });
  gated.open();
  await room.handshakes.idle();
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');
});

test('a verified endpoint stays verified while it is checked again, and no longer when that fails', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  const gated = gate(json(() => ({})));
  receiver.answerWith(gated.answer);
  const again = verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  await receiver.hasReceived(2);
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');
  gated.open();
  expect((await again).endpoint).toMatchObject({ verification: 'FAILED', verified_at: null });
});

test('an interrupted handshake is started anew by exactly one of all processes', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const { endpoint: fresh } = await room.newEndpoint(ownerId, { url: receiver.url });
  await age(endpoint.id);
  const processes = Array.from({ length: 4 }, () => room.newHandshakes());
  const rescued = await Promise.all(processes.map((process) => process.rescue()));
  await Promise.all(processes.map((process) => process.idle()));
  expect(rescued.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(receiver.received).toHaveLength(1);
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');
  expect((await room.reread(fresh)).verification).toBe('PENDING');
});

test('a process that is alone starts anew at once what is older than itself, and nothing of its own', async () => {
  await room.database.api.query("update endpoint set verification = 'FAILED' where verification = 'PENDING'");
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await room.database.api.query(
    "update endpoint set handshake_started_at = handshake_started_at - interval '1 second' where id = $1",
    [endpoint.id],
  );
  const next = room.newHandshakes({ isAlone: true });
  const gated = gate(rightEcho);
  receiver.answerWith(gated.answer);
  const { endpoint: own } = await room.newEndpoint(ownerId, { url: `${receiver.url}/own` });
  next.begin(own);
  await receiver.hasReceived(1);
  expect(await room.newHandshakes().rescue(), 'one of many processes waits').toBe(0);
  expect(await next.rescue()).toBe(1);
  await receiver.hasReceived(2);
  gated.open();
  await next.idle();
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');
  expect((await room.reread(own)).verification).toBe('VERIFIED');
  expect(receiver.received).toHaveLength(2);
});

test('a process that stops leaves its handshakes without a verdict to the next', async () => {
  receiver.answerWith(() => undefined);
  const stopping = room.newHandshakes();
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  stopping.begin(endpoint);
  await receiver.hasReceived(1);
  await stopping.stop();
  await stopping.stop();
  expect(await room.reread(endpoint)).toMatchObject({ verification: 'PENDING', verification_reason: null });

  receiver.answerWith(rightEcho);
  const next = room.newHandshakes();
  expect(await next.rescue()).toBe(1);
  await next.idle();
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');
});

test('an owner whose receivers hang does not hold up the handshakes of others', async () => {
  const silent = await startReceiver(() => undefined);
  const hanging = room.newHandshakes({ verifyTimeoutMs: 60_000 });
  for (let count = 0; count < 12; count += 1) {
    hanging.begin((await room.newEndpoint(ownerId, { url: silent.url })).endpoint);
  }
  await silent.hasReceived(8);
  const { endpoint } = await room.newEndpoint(await room.newOwner(), { url: receiver.url });
  hanging.begin(endpoint);
  await receiver.hasReceived(1);
  expect(silent.received).toHaveLength(8);
  await hanging.stop();
  await silent.close();
});

test('what waited for room is run when there is some', async () => {
  const gated = gate(rightEcho);
  receiver.answerWith(gated.answer);
  const handshakes = room.newHandshakes();
  const endpoints = await Promise.all(
    Array.from({ length: 12 }, async () => (await room.newEndpoint(ownerId, { url: receiver.url })).endpoint),
  );
  for (const endpoint of endpoints) handshakes.begin(endpoint);
  await receiver.hasReceived(8);
  gated.open();
  await handshakes.idle();
  const after = await Promise.all(endpoints.map((endpoint) => room.reread(endpoint)));
  expect(after.map(({ verification }) => verification)).toEqual(Array(12).fill('VERIFIED'));
  expect(receiver.received).toHaveLength(12);
});
