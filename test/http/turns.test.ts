import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLargeTurns } from '../../src/http/large-turns.ts';
import { createTurns } from '../../src/transports/begin-in-turns.ts';
import { connectAs, RawSocket, subscribeTo } from './socket.ts';
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

const fourMiB = 4 * 1024 * 1024;

/** Sends all but the last bytes of a body over a connection of its own. */
async function uploadMost(bearer: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(server.port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.once('close', () => resolve(text));
    socket.on('error', () => undefined);
  });
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${bearer}\r\ncontent-type: application/json\r\ncontent-length: ${fourMiB}\r\nconnection: close\r\n\r\n`,
  );
  await new Promise((resolve) => socket.write(' '.repeat(fourMiB - 100), resolve));
  return { socket, answer };
}

const held = async () =>
  Number(
    /^heliograph_most_held\{what="body_bytes"\} (\S+)/m.exec(
      await (await fetch(`${server.url}/metrics`)).text(),
    )?.[1],
  );

test('bodies that are not complete are counted for whoever sends them; what is too much is refused', async () => {
  const uploads = await Promise.all(Array.from({ length: 8 }, () => uploadMost('full')));
  // All of them, because otherwise one of these would be refused in the place of the ninth.
  await expect.poll(held).toBe(8 * (fourMiB - 100));
  const ninth = await uploadMost('full');
  const refusal = await ninth.answer;
  expect(refusal).toContain('429');
  expect(refusal).toMatch(/retry-after: 1/i);
  expect(refusal).toContain('RATE_LIMITED');
  // Another caller, and a small request of the same one, are not affected.
  const other = await uploadMost('poor');
  other.socket.write('{"query":"{ hello }"}'.padStart(100));
  expect(await other.answer).toContain('hello poor');
  expect((await server.post('{ hello }')).answer.data).toEqual({ hello: 'hello full' });
  for (const { socket, answer } of uploads) {
    socket.write('{"query":"{ hello }"}'.padStart(100));
    expect(await answer).toContain('hello full');
  }
  expect(await held()).toBe(0);
});

test('a client that leaves in the middle of its body is no longer counted', async () => {
  const uploads = await Promise.all(Array.from({ length: 4 }, () => uploadMost('full')));
  await expect.poll(held).toBeGreaterThan(15_000_000);
  for (const { socket } of uploads) socket.destroy();
  await expect.poll(held).toBe(0);
});

test('messages that arrive on many sockets of one caller are counted together', async () => {
  const sockets = await Promise.all(Array.from({ length: 9 }, () => connectAs('full', server.wsUrl)));
  const part = Buffer.alloc(fourMiB - 100, 'x');
  // Fragments: the message is not complete.
  for (const { socket } of sockets) socket.send(part, { fin: false, binary: false });
  const codes = await Promise.race(sockets.map((socket) => socket.closed()));
  expect(codes.code).toBe(4429);
  for (const { socket } of sockets) socket.terminate();
  await expect.poll(held).toBe(0);
});

test('a large message before the credential is refused while it arrives', async () => {
  const raw = await new RawSocket(server.wsUrl).open();
  raw.socket.send(Buffer.alloc(200_000, 'x'), { fin: false, binary: false });
  expect((await raw.closed()).code).toBe(1009);
});

test('pings and pongs do not add up', async () => {
  const socket = await connectAs('full', server.wsUrl);
  const sent = Buffer.alloc(125);
  for (let round = 0; round < 300; round += 1) socket.socket.pong(sent);
  socket.say(subscribeTo('1', '{ hello }'));
  await socket.hear(({ type }) => type === 'complete');
  expect(await held()).toBe(0);
  socket.socket.terminate();
});
