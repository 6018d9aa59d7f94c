import { once } from 'node:events';
import type { Socket } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, sendRaw } from './raw-request.ts';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Everything that is held for a client ends when it leaves, in whatever way it leaves and whatever is running. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const streams = {
  sse: 'text/event-stream',
  multipart: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9',
} as const;
const body = (query: string) => JSON.stringify({ query });
const ways: Record<string, (socket: Socket) => void> = {
  'closes its connection': (socket) => socket.destroy(),
  'is cut off by a reset': (socket) => socket.resetAndDestroy(),
  'closes its half of the connection': (socket) => socket.end(),
};

async function gaugeOf(name: string, labels: Record<string, string> = {}): Promise<number> {
  const metric = await server.metrics.registry.getSingleMetric(name)?.get();
  const found = metric?.values.find(({ labels: of }) =>
    Object.entries(labels).every(([label, value]) => Object(of)[label] === value),
  );
  return found?.value ?? Number.NaN;
}
/** Waits until the server has noticed. */
async function leaveUnanswered(socket: Socket): Promise<void> {
  const before = await gaugeOf('heliograph_connections');
  socket.destroy();
  await expect.poll(() => gaugeOf('heliograph_connections')).toBe(before - 1);
}
const open = (transport: string) => gaugeOf('heliograph_subscriptions', { transport });

for (const [transport, accept] of Object.entries(streams)) {
  describe(`a subscription over ${transport}`, () => {
    for (const [way, leave] of Object.entries(ways)) {
      test(`ends when its client ${way} while the source waits`, async () => {
        const socket = openRaw(server.port, { headers: { accept }, body: body('subscription { silence }') });
        await once(socket, 'data');
        expect(await open(transport)).toBe(1);
        leave(socket);
        await server.ticks.whenReturned(server.ticks.opened);
        expect(await open(transport)).toBe(0);
        socket.destroy();
      });

      test(`ends when its client ${way} while a write waits`, async () => {
        const socket = openRaw(server.port, { headers: { accept }, body: body('subscription { bulk }') });
        await once(socket, 'data');
        socket.pause();
        let pulled = -1;
        await expect
          .poll(
            () => {
              const isStill = pulled === server.ticks.pulled;
              pulled = server.ticks.pulled;
              return isStill;
            },
            { interval: 100, timeout: 20_000 },
          )
          .toBe(true);
        leave(socket);
        await server.ticks.whenReturned(server.ticks.opened);
        expect(await open(transport)).toBe(0);
        socket.destroy();
      });
    }

    test('is not opened for a client that left while its credential was checked', async () => {
      const before = server.ticks.opened;
      const held = server.holdAuthentication();
      const socket = openRaw(server.port, { headers: { accept }, body: body('subscription { silence }') });
      await held.reached;
      await leaveUnanswered(socket);
      held.release();
      await server.post('{ hello }');
      expect(server.ticks.opened).toBe(before);
      expect(await open(transport)).toBe(0);
    });
  });
}

test.each(Object.entries(ways))(
  'subscriptions that wait behind one another on one connection end when its client %s',
  async (_way, leave) => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    const socket = openRaw(server.port, {
      headers: { accept: streams.sse },
      body: body('subscription { silence }'),
    });
    for (let n = 1; n < 15; n += 1)
      sendRaw(socket, { headers: { accept: streams.sse }, body: body('subscription { silence }') });
    await expect.poll(() => open('sse')).toBe(15);
    leave(socket);
    await server.ticks.whenReturned(server.ticks.opened);
    expect(await open('sse')).toBe(0);
    socket.destroy();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  },
);

test('sixty event streams end with their clients', async () => {
  const sockets = Array.from({ length: 60 }, () =>
    openRaw(server.port, { headers: { accept: streams.sse }, body: body('subscription { silence }') }),
  );
  await Promise.all(sockets.map((socket) => once(socket, 'data')));
  expect(await open('sse')).toBe(60);
  for (const socket of sockets) socket.destroy();
  await server.ticks.whenReturned(server.ticks.opened);
  expect(await open('sse')).toBe(0);
});

test('a mutation is not executed for a client that left before it began', async () => {
  const before = server.seen.resolved;
  const held = server.holdAuthentication();
  const socket = openRaw(server.port, {
    body: body('mutation { renameThing(input: { id: "x", name: "y" }) { __typename } }'),
  });
  await held.reached;
  await leaveUnanswered(socket);
  held.release();
  await server.post('{ hello }');
  expect(server.seen.resolved).toBe(before);
});

test('a WebSocket that closes while its credential is checked leaves nothing behind', async () => {
  const held = server.holdAuthentication();
  const socket = await new RawSocket(server.wsUrl).open();
  expect(await gaugeOf('heliograph_anonymous_websockets')).toBe(1);
  socket.say({ type: 'connection_init', payload: { authorization: 'Bearer full' } });
  await held.reached;
  socket.socket.terminate();
  await expect.poll(() => gaugeOf('heliograph_websockets')).toBe(0);
  held.release();
  await server.post('{ hello }');
  expect(server.grants.watched.size).toBe(0);
  expect(await gaugeOf('heliograph_anonymous_websockets')).toBe(0);
  expect(await gaugeOf('heliograph_most_held', { what: 'connections' })).toBe(0);
});

test('a WebSocket that is cut ends its subscriptions at once', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { silence }'));
  await expect.poll(() => open('ws')).toBe(1);
  socket.socket.terminate();
  await server.ticks.whenReturned(server.ticks.opened);
  expect(await open('ws')).toBe(0);
});

test('a query ends when its client leaves, over HTTP and over WebSocket, without a word in the log', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const watched = await startTestServer({ logger });
  const query = '{ waitsForThing { things { nodes { id } } } }';
  const leaveWhileWaiting = async (leave: () => void) => {
    await expect.poll(() => watched.gate.isWaiting).toBe(true);
    leave();
    // Another client's answer arrives after the server has noticed.
    await watched.post('{ hello }');
    await watched.post('{ hello }');
    watched.gate.isWaiting = false;
    watched.gate.open();
    await watched.post('{ hello }');
  };
  const socket = openRaw(watched.port, { body: body(query) });
  await leaveWhileWaiting(() => socket.destroy());
  const webSocket = await connectAs('full', watched.wsUrl);
  webSocket.say(subscribeTo('1', query));
  await leaveWhileWaiting(() => webSocket.socket.terminate());
  expect(watched.seen.resolved).toBe(0);
  expect(lines).toEqual([]);
  expect((await watched.post('{ things(first: 1) { nodes { id } } }')).status).toBe(200);
  expect(watched.seen.resolved).toBe(1);
  await watched.stop();
});
