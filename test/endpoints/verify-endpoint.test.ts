import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyEndpoint } from '../../src/endpoints/verify-endpoint.ts';
import { LimitExceededError, NotFoundError } from '../../src/errors.ts';
import { mintUuid } from '../../src/ids.ts';
import { gate, rightEcho, startReceiver } from './receiver.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
  receiver = await startReceiver(rightEcho);
});
afterAll(async () => {
  await room.close();
  await receiver.close();
});

const verify = (id: string, owner = ownerId) =>
  verifyEndpoint(room.database.query, room.handshakes, { ownerId: owner, id, by });

test('the eleventh within a minute is refused, sends nothing and changes nothing', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const results = await Promise.allSettled(Array.from({ length: 15 }, () => verify(endpoint.id)));
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(refused).toHaveLength(5);
  for (const error of refused) {
    expect(error).toBeInstanceOf(LimitExceededError);
    expect(error).toMatchObject({ limit: 10 });
  }
  expect(receiver.received).toHaveLength(10);
  expect((await room.reread(endpoint)).verification).toBe('VERIFIED');

  await room.database.api.query(
    `update endpoint set verify_asked_at =
       array(select at - interval '1 minute' from unnest(verify_asked_at) at) where id = $1`,
    [endpoint.id],
  );
  expect(await verify(endpoint.id)).toMatchObject({ verified: true });
});

test('at most 32 of one owner run at once; one more starts nothing', async () => {
  const held = gate(rightEcho);
  const slow = await startReceiver(held.answer);
  const busy = await room.newOwner();
  const made = await Promise.all(Array.from({ length: 4 }, () => room.newEndpoint(busy, { url: slow.url })));
  const running = made.flatMap(({ endpoint }) => Array.from({ length: 8 }, () => verify(endpoint.id, busy)));
  await slow.hasReceived(32);
  const id = made[0]?.endpoint.id ?? '';
  await expect(verify(id, busy)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 32 });
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  expect(await verify(endpoint.id)).toMatchObject({ verified: true });
  held.open();
  await Promise.all(running);
  expect(slow.received).toHaveLength(32);
  expect(await room.reread(made[0]?.endpoint ?? endpoint)).toMatchObject({ verification: 'VERIFIED' });
  await slow.close();
});

test('the limit is the endpoint’s own', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  expect(await verify(endpoint.id)).toMatchObject({ verified: true });
});

test('another owner’s endpoint reads as a missing one', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const foreign = await verify(endpoint.id, await room.newOwner()).catch((error: unknown) => error);
  const missing = await verify(mintUuid()).catch((error: unknown) => error);
  expect(foreign).toBeInstanceOf(NotFoundError);
  expect(String(foreign)).toBe(String(missing));
});

test('the audit log names the caller', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  await verify(endpoint.id);
  expect((await room.audit(endpoint)).at(-1)).toEqual({
    action: 'endpoint.verify',
    changes: { verification: { from: 'PENDING', to: 'VERIFIED' } },
    actor_kind: 'SYSTEM',
    request_id: 'req-1',
  });
});
