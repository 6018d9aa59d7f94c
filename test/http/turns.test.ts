import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLargeTurns } from '../../src/http/large-turns.ts';
import { createTurns } from '../../src/transports/begin-in-turns.ts';
import { connectAs, subscribeTo } from './socket.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test('the operations of one holder begin a few in each turn, in their order; another begins at once', async () => {
  const turn = createTurns();
  const begun: number[] = [];
  const all = Promise.all(
    Array.from({ length: 1_000 }, async (_, n) => {
      await turn('many');
      begun.push(n);
    }),
  );
  expect(turn('few')).toBeUndefined();
  await setImmediate();
  expect(begun.length).toBeLessThan(100);
  expect(turn('few')).toBeUndefined();
  await all;
  expect(begun).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  await setImmediate();
  expect(turn('many')).toBeUndefined();
});

test('large requests of one holder do not come before the first one of another', async () => {
  const turn = createLargeTurns();
  expect(turn('many', 1_000)).toBeUndefined();
  const order: string[] = [];
  const large = async (holder: string) => {
    await turn(holder, 4_000_000);
    order.push(holder);
  };
  await Promise.all([...Array.from({ length: 10 }, () => large('many')), large('few')]);
  expect(order.indexOf('few')).toBeLessThan(3);
  expect(order).toHaveLength(11);
});

test('what a socket sends after a large message is answered after it', async () => {
  const socket = await connectAs('full', server.wsUrl);
  const padding = 'x'.repeat(1_000_000);
  for (const id of ['1', '2', '3']) socket.say(subscribeTo(id, `{ hello } # ${padding}`.slice(0, 900_000)));
  socket.say(subscribeTo('4', '{ hello }'));
  socket.say({ type: 'ping', payload: { last: true } });
  await socket.hear(({ type }) => type === 'pong');
  await socket.hear(({ id, type }) => id === '4' && type === 'complete');
  const firsts = [...new Set(socket.heard.flatMap(({ id }) => id ?? []))];
  expect(firsts).toEqual(['1', '2', '3', '4']);
  socket.socket.terminate();
});

test('a socket that closes while its large message waits ends without an error', async () => {
  const sockets = await Promise.all(Array.from({ length: 5 }, () => connectAs('full', server.wsUrl)));
  for (const { socket } of sockets) {
    socket.send(JSON.stringify(subscribeTo('1', '{ hello }', { pad: 'x'.repeat(3_000_000) })));
    socket.close();
  }
  for (const socket of sockets) expect((await socket.closed()).code).toBe(1005);
  const after = await connectAs('full', server.wsUrl);
  after.say(subscribeTo('1', '{ hello }'));
  await after.hear(({ type }) => type === 'complete');
  after.socket.terminate();
});
