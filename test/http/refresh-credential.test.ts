import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Actor } from '../../src/access/actor.ts';
import { actors } from '../graph/actors.ts';
import { connectAs, type RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const inAnHour = new Date(Date.now() + 3_600_000);
const tomorrow = new Date(Date.now() + 86_400_000);
const tokens: Record<string, Actor> = {
  old: { ...actors.user, permissions: new Set(['MANAGE_WEBHOOKS']), expiresAt: inAnHour },
  fresh: { ...actors.user, permissions: new Set(['MANAGE_WEBHOOKS']), expiresAt: tomorrow },
  poorer: {
    ...actors.user,
    permissions: new Set(),
    verifiedEmail: actors.user.verifiedEmail,
    expiresAt: tomorrow,
  },
  'another subject': { ...actors.user, actorId: 'somebody' },
  'another tenant': { ...actors.user, tenantId: '01890000-0000-7000-8000-000000000009' },
  'another email': { ...actors.user, verifiedEmail: 'other@example.com' },
  'a service': { ...actors.user, kind: 'SERVICE' },
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ tokens });
});
afterAll(() => server.stop());

let asked = 0;
/** Sends a ping with this credential and returns the credential of the pong. */
async function refresh(socket: RawSocket, payload: object): Promise<Record<string, unknown>> {
  asked += 1;
  const mine = `refresh ${asked}`;
  socket.say({ type: 'ping', payload: { ...payload, id: mine } });
  const pong = await socket.hear(({ type, payload: of }) => type === 'pong' && Object(of).id === mine);
  expect(JSON.stringify(pong)).not.toContain('Bearer');
  return Object(pong.payload).credential;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const held = (until: Date) => ({ expiresAt: until.toISOString(), expiresInSeconds: expect.any(Number) });

test('a socket learns how long its credential is valid', async () => {
  const socket = await connectAs('old', server.wsUrl);
  expect(socket.heard[0]).toEqual({ type: 'connection_ack', payload: { credential: held(inAnHour) } });
  socket.socket.terminate();
  const endless = await connectAs('full', server.wsUrl);
  expect(endless.heard[0]?.payload).toEqual({ credential: { expiresAt: null, expiresInSeconds: null } });
  endless.socket.terminate();
});

test('a fresh credential takes the place of the old one, which may then end; what runs goes on', async () => {
  const socket = await connectAs('old', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  for (const payload of [bearer('fresh'), { headers: { Authorization: 'Bearer fresh' } }]) {
    expect(await refresh(socket, payload)).toEqual({ taken: true, ...held(tomorrow) });
  }
  expect(server.grants.watched.size).toBe(1);
  server.grants.end('expired', ({ expiresAt }) => expiresAt === inAnHour);
  socket.say(subscribeTo('2', '{ hello }'));
  expect((await socket.hear(({ id }) => id === '2')).payload).toEqual({ data: { hello: 'hello user' } });
  expect(server.ticks.opened - server.ticks.returned).toBe(1);

  server.grants.end('revoked');
  expect((await socket.closed()).code).toBe(4403);
  await server.ticks.whenReturned(server.ticks.opened);
  await expect.poll(() => server.grants.watched.size).toBe(0);
});

const refused: [payload: object, refusal: object][] = [
  [bearer('another subject'), { code: 'FORBIDDEN' }],
  [bearer('another tenant'), { code: 'FORBIDDEN' }],
  [bearer('another email'), { code: 'FORBIDDEN' }],
  [bearer('a service'), { code: 'FORBIDDEN' }],
  [bearer('garbage'), { code: 'UNAUTHENTICATED', reason: 'invalid' }],
  [bearer('expired'), { code: 'UNAUTHENTICATED', reason: 'expired' }],
  [{ authorization: 7 }, { code: 'UNAUTHENTICATED', reason: 'invalid' }],
  [{ ...bearer('fresh'), headers: bearer('old') }, { code: 'BAD_USER_INPUT' }],
];
test.each(refused)('%j is refused and changes nothing', async (payload, refusal) => {
  const socket = await connectAs('old', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  const answer = await refresh(socket, payload);
  expect(answer).toMatchObject({ taken: false, ...refusal, message: expect.any(String), ...held(inAnHour) });
  expect(server.grants.watched.size).toBe(1);
  socket.say(subscribeTo('2', '{ hello }'));
  expect((await socket.hear(({ id }) => id === '2')).payload).toEqual({ data: { hello: 'hello user' } });
  socket.socket.terminate();
  await server.ticks.whenReturned(server.ticks.opened);
  await expect.poll(() => server.grants.watched.size).toBe(0);
});

test('the permissions of the fresh one hold from the next message on', async () => {
  const socket = await connectAs('old', server.wsUrl);
  expect(await refresh(socket, bearer('poorer'))).toMatchObject({ taken: true });
  socket.say(subscribeTo('1', 'subscription { ticks }'));
  const { payload } = await socket.hear(({ id }) => id === '1');
  expect(Object(payload).errors[0].extensions.code).toBe('FORBIDDEN');
  expect(await refresh(socket, bearer('fresh'))).toMatchObject({ taken: true });
  socket.say(subscribeTo('2', 'subscription { ticks }'));
  await socket.hear(({ id, type }) => id === '2' && type === 'next');
  await refresh(socket, bearer('poorer'));
  const last = await socket.hear(({ id, payload: of }) => id === '2' && Object(of).errors !== undefined);
  expect(Object(last.payload).errors[0].extensions.code).toBe('FORBIDDEN');
  socket.socket.terminate();
  await server.ticks.whenReturned(server.ticks.opened);
});

test('of several at once the last one sent holds', async () => {
  const socket = await connectAs('old', server.wsUrl);
  const answers = await Promise.all(
    ['poorer', 'fresh', 'old'].map((token) => refresh(socket, bearer(token))),
  );
  expect(answers.at(-1)).toEqual({ taken: true, ...held(inAnHour) });
  expect([...server.grants.watched].map(({ actor }) => actor.expiresAt)).toEqual([inAnHour]);
  socket.socket.terminate();
  await expect.poll(() => server.grants.watched.size).toBe(0);
});

test('a fresh credential that is still being checked when the socket closes is not watched', async () => {
  const socket = await connectAs('old', server.wsUrl);
  const check = server.holdAuthentication();
  socket.say({ type: 'ping', payload: bearer('fresh') });
  await check.reached;
  socket.socket.terminate();
  await expect.poll(() => server.grants.watched.size).toBe(0);
  check.release();
  // The next one is checked after it.
  const next = await connectAs('old', server.wsUrl);
  next.socket.terminate();
  await expect.poll(() => server.grants.watched.size).toBe(0);
});

test('a ping without a credential is answered with its own payload', async () => {
  const socket = await connectAs('old', server.wsUrl);
  socket.say({ type: 'ping', payload: null });
  expect(await socket.hear(({ type }) => type === 'pong')).toEqual({ type: 'pong' });
  socket.say({ type: 'ping', payload: { sent: 1 } });
  const echo = await socket.hear(({ type, payload }) => type === 'pong' && payload !== undefined);
  expect(echo).toEqual({ type: 'pong', payload: { sent: 1 } });
  socket.socket.terminate();
});

test('the client of graphql-ws can send one on its socket and reads the answer', async () => {
  const client = createClient({
    url: server.wsUrl,
    webSocketImpl: WebSocket,
    lazy: false,
    connectionParams: bearer('old'),
  });
  const socket = await new Promise<WebSocket>((resolve) =>
    client.on('connected', (opened) => resolve(opened as WebSocket)),
  );
  const answer = new Promise((resolve) => client.on('pong', (_received, payload) => resolve(payload)));
  socket.send(JSON.stringify({ type: 'ping', payload: bearer('fresh') }));
  expect(await answer).toEqual({ credential: { taken: true, ...held(tomorrow) } });
  await client.dispose();
});
