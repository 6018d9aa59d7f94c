import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectAs, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ slowConsumerMs: 600 });
});
afterAll(() => server.stop());

/**
 * The number of messages of 16 KiB that the kernel's buffers on both sides of a loopback connection can hold: some 6
 * MB.
 */
const mostPulled = 800;

/** Waits until nothing has been pulled from the source for a while. */
async function untilStill(): Promise<number> {
  let last = -1;
  await expect
    .poll(
      () => {
        const isStill = server.ticks.pulled === last;
        last = server.ticks.pulled;
        return isStill;
      },
      { interval: 200, timeout: 30_000 },
    )
    .toBe(true);
  return last;
}

const cutOff = async (transport: string) => {
  const metrics = await server.metrics.registry.getSingleMetric('heliograph_slow_consumers_total')?.get();
  return metrics?.values.find(({ labels }) => labels.transport === transport)?.value ?? 0;
};

test('a WebSocket client that stops reading holds its source back, is closed with 4510 and told where it was', async () => {
  const before = server.ticks.pulled;
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { bulk }'));
  await socket.hear(({ id }) => id === '1');
  socket.socket.pause();
  const pulled = (await untilStill()) - before;
  expect(pulled).toBeGreaterThan(1);
  expect(pulled).toBeLessThan(mostPulled);
  await expect.poll(() => cutOff('ws'), { timeout: 30_000 }).toBe(1);
  await server.ticks.whenReturned(server.ticks.opened);

  socket.socket.resume();
  const { code, reason } = await socket.closed();
  expect(code).toBe(4510);
  expect(reason).toMatch(/^SLOW_CONSUMER position=\d+$/);
  expect(server.ticks.pulled - before).toBe(pulled);
});

test('a client that reads, however slowly, is left alone', async () => {
  const socket = await connectAs('full', server.wsUrl);
  socket.say(subscribeTo('1', 'subscription { bulk }'));
  const startedAt = performance.now();
  while (performance.now() - startedAt < 2_000) {
    socket.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.socket.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(socket.socket.readyState).toBe(socket.socket.OPEN);
  socket.socket.terminate();
  await server.ticks.whenReturned(server.ticks.opened);
});

const streams = { sse: 'text/event-stream', multipart: 'multipart/mixed;subscriptionSpec=1.0' };
test.each(Object.entries(streams))(
  'a client of %s that stops reading holds its source back and is cut off',
  async (transport, accept) => {
    const before = server.ticks.pulled;
    const body = JSON.stringify({ query: 'subscription { bulk }' });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\ncontent-type: application/json\r\nauthorization: Bearer full\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, 'data');
    socket.pause();
    socket.on('error', () => undefined);
    const pulled = (await untilStill()) - before;
    expect(pulled).toBeLessThan(mostPulled);
    await expect.poll(() => cutOff(transport), { timeout: 30_000 }).toBe(1);
    await server.ticks.whenReturned(server.ticks.opened);
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  },
);

test('thirty stalled clients cost little memory', async () => {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const sockets = await Promise.all(Array.from({ length: 30 }, () => connectAs('full', server.wsUrl)));
  for (const socket of sockets) {
    socket.socket.pause();
    socket.say(subscribeTo('1', 'subscription { bulk }'));
  }
  await untilStill();
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  for (const socket of sockets) socket.socket.terminate();
  await server.ticks.whenReturned(server.ticks.opened);
});
