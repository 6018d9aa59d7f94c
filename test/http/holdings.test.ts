import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openRaw } from './raw-request.ts';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    environment: {
      MAX_SUBSCRIPTIONS_PER_ACTOR: '3',
      MAX_CONNECTIONS_PER_ACTOR: '2',
      MAX_ANONYMOUS_CONNECTIONS: '3',
      MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS: '2',
    },
  });
});
afterAll(() => server.stop());

const silence = JSON.stringify({ query: 'subscription { silence }' });
const asked = (accept: string, token = 'full') =>
  openRaw(server.port, { headers: { accept, authorization: `Bearer ${token}` }, body: silence });
const apollo = 'multipart/mixed;subscriptionSpec=1.0';
const metrics = () => server.metrics.registry.metrics();

test('an actor’s subscriptions count together over all transports, and one too many learns when to try again', async () => {
  const [sse, multipart] = [asked('text/event-stream'), asked(apollo)];
  await Promise.all([once(sse, 'data'), once(multipart, 'data')]);
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  await expect.poll(() => server.ticks.opened).toBe(3);

  socket.say(subscribeTo('2', 'subscription { silence }'));
  const refusal = { code: 'RATE_LIMITED', limit: 3, retryAfterSeconds: 10 };
  const { payload } = await socket.hear(({ id }) => id === '2');
  expect(Object(payload).errors[0].extensions).toEqual(refusal);
  for (const accept of ['text/event-stream', apollo]) {
    const answer = await fetch(server.graphqlUrl, {
      method: 'POST',
      headers: { accept, authorization: 'Bearer full', 'content-type': 'application/json' },
      body: silence,
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '10']);
    expect(JSON.parse(await answer.text()).errors[0].extensions).toEqual(refusal);
  }
  expect(server.ticks.opened).toBe(3);
  expect(await metrics()).toContain('heliograph_holding_refusals_total{what="subscriptions"} 3');
  expect(await metrics()).toContain('heliograph_most_held{what="subscriptions"} 3');

  const other = asked('text/event-stream', 'service');
  await once(other, 'data');
  expect(server.ticks.opened).toBe(4);

  sse.destroy();
  await server.ticks.whenReturned(1);
  socket.say(subscribeTo('3', 'subscription { silence }'));
  await expect.poll(() => server.ticks.opened).toBe(5);
  for (const leaving of [multipart, other]) leaving.destroy();
  socket.socket.terminate();
  await server.ticks.whenReturned(5);
  expect(await metrics()).toContain('heliograph_most_held{what="subscriptions"} 0');
});

test('queries and mutations hold nothing, and neither does a subscription that is refused or ends', async () => {
  for (let n = 0; n < 5; n += 1) {
    expect((await server.post('{ hello }')).status).toBe(200);
    const headers = {
      accept: 'text/event-stream',
      authorization: 'Bearer full',
      'content-type': 'application/json',
    };
    const stream = (query: string) =>
      fetch(server.graphqlUrl, { method: 'POST', headers, body: JSON.stringify({ query }) }).then((r) =>
        r.text(),
      );
    expect(await stream('subscription { ticks(to: 1) }')).toContain('complete');
    expect(await stream('subscription { silence @skip(if: true) }')).toContain('BAD_USER_INPUT');
    expect(await stream('subscription { breaks }')).toContain('INTERNAL');
  }
  expect(await metrics()).toContain('heliograph_most_held{what="subscriptions"} 0');
});

test('one connection more than an actor may have is closed with 4429', async () => {
  const sockets = [await connectAs('full', server.wsUrl), await connectAs('full', server.wsUrl)];
  const third = await new RawSocket(server.wsUrl).open();
  third.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
  expect(await third.closed()).toEqual({ code: 4429, reason: 'At most 2 connections may be open at once.' });
  const other = await connectAs('user', server.wsUrl);
  sockets[0]?.socket.terminate();
  await expect.poll(metrics).toContain('heliograph_most_held{what="connections"} 1');
  const fourth = await connectAs('full', server.wsUrl);
  for (const { socket } of [...sockets, other, fourth]) socket.terminate();
  await expect.poll(metrics).toContain('heliograph_most_held{what="connections"} 0');
  expect(await metrics()).toContain('heliograph_holding_refusals_total{what="connections"} 1');
});

test('sockets that have not said who they are have limits of their own, and are refused before they are opened', async () => {
  const silent = [await new RawSocket(server.wsUrl).open(), await new RawSocket(server.wsUrl).open()];
  expect(await metrics()).toContain('heliograph_anonymous_websockets 2');
  const refused = new WebSocket(server.wsUrl, 'graphql-transport-ws');
  refused.on('error', () => undefined);
  const [, response] = await once(refused, 'unexpected-response');
  expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '10']);
  silent[0]?.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
  await silent[0]?.hear(({ type }) => type === 'connection_ack');
  expect(await metrics()).toContain('heliograph_anonymous_websockets 1');
  const next = await new RawSocket(server.wsUrl).open();
  for (const { socket } of [...silent, next]) socket.terminate();
  await expect.poll(metrics).toContain('heliograph_anonymous_websockets 0');
});
