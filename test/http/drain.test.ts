import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectAs, subscribeTo } from './socket.ts';
import { startTestServer } from './test-server.ts';

const longerThanATest = 600_000;

test('sockets are closed with 1012 and nothing is completed', async () => {
  const server = await startTestServer();
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  socket.say(subscribeTo('2', '{ hello }'));
  await socket.hear(({ id, type }) => id === '2' && type === 'complete');
  await server.stop();
  expect((await socket.closed()).code).toBe(1012);
  expect(socket.heard.filter(({ id }) => id === '1')).toEqual([]);
  expect(server.ticks.returned).toBe(server.ticks.opened);
});

test('an event stream ends without a last event', async () => {
  const server = await startTestServer();
  const response = await fetch(server.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: 'Bearer full',
    },
    body: JSON.stringify({ query: 'subscription { silence }' }),
  });
  const text = response.text();
  await server.stop();
  expect(await text).not.toContain('complete');
  await server.ticks.whenReturned(1);
});

test('it does not wait for connections that are merely open', async () => {
  const server = await startTestServer();
  await server.post('{ hello }');
  await server.server.drain(longerThanATest);
  await server.stop();
});

test('it waits for what is being answered, and no longer', async () => {
  const server = await startTestServer();
  const answer = server.post('{ waits }');
  await expect.poll(() => server.gate.isWaiting).toBe(true);
  const drained = server.server.drain(longerThanATest);
  await expect(server.post('{ hello }')).rejects.toThrow();
  server.gate.open();
  expect((await answer).answer).toEqual({ data: { waits: true } });
  await drained;
  await server.stop();
});

test('what is not answered by the deadline is cut', async () => {
  const server = await startTestServer();
  const answer = server.post('{ waits }');
  await expect.poll(() => server.gate.isWaiting).toBe(true);
  await Promise.all([expect(answer).rejects.toThrow(), server.server.drain(50)]);
  await server.stop();
});

test('a client of graphql-ws connects again after a restart', async () => {
  const first = await startTestServer();
  const second = await startTestServer();
  let url = first.wsUrl;
  const client = createClient({
    url: () => url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Bearer full' },
    retryWait: async () => undefined,
  });
  let connections = 0;
  client.on('connected', () => {
    connections += 1;
    url = second.wsUrl;
  });
  const stream = client.iterate({ query: 'subscription { silence }' });
  const next = stream.next();
  await expect.poll(() => first.ticks.opened).toBe(1);
  await first.stop();
  await expect.poll(() => second.ticks.opened).toBe(1);
  expect(connections).toBe(2);
  await client.dispose();
  await next.catch(() => undefined);
  await second.stop();
});
