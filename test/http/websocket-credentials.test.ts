import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function closeCodeFor(payload: unknown) {
  const socket = await new RawSocket(server.wsUrl).open();
  socket.say({ type: 'connection_init', payload });
  return (await socket.closed()).code;
}

test('no credential, or one that never was one: 4401, which clients take as final', async () => {
  expect(await closeCodeFor(undefined)).toBe(4401);
  expect(await closeCodeFor({})).toBe(4401);
  expect(await closeCodeFor({ authorization: 7 })).toBe(4401);
  expect(await closeCodeFor({ authorization: 'Bearer garbage' })).toBe(4401);
});

test('one that has expired or was revoked: 4403, after which clients come back with a fresh one', async () => {
  expect(await closeCodeFor({ authorization: 'Bearer expired' })).toBe(4403);
  expect(await closeCodeFor({ authorization: 'Bearer revoked' })).toBe(4403);
});

test('one that could not be checked: try again later, and nothing of why', async () => {
  expect(await closeCodeFor({ authorization: 'Bearer database-down' })).toBe(1013);
});

for (const reason of ['expired', 'revoked'] as const) {
  test(`a credential that is ${reason} closes its sockets with 4403 and ends their sources`, async () => {
    const socket = await connectAs('full', server.wsUrl);
    socket.say(subscribeTo('1', 'subscription { silence }'));
    socket.say(subscribeTo('2', '{ hello }'));
    await socket.hear(({ id }) => id === '2');
    server.grants.end(reason);
    expect((await socket.closed()).code).toBe(4403);
    await server.ticks.whenReturned(server.ticks.opened);
    expect(server.grants.watched.size).toBe(0);
  });
}

test('one that cannot be checked for a while has not ended: 1013, after which clients come back with the same', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  socket.say(subscribeTo('2', '{ hello }'));
  await socket.hear(({ id }) => id === '2');
  server.grants.lose();
  expect((await socket.closed()).code).toBe(1013);
  await server.ticks.whenReturned(server.ticks.opened);
});

test('a socket that closes lets go of its grant', async () => {
  const socket = await connectAs('full', server.wsUrl);
  expect(server.grants.watched.size).toBe(1);
  socket.socket.close();
  await socket.closed();
  await expect.poll(() => server.grants.watched.size).toBe(0);
});
