import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { BodyBytes } from '../../src/http/body-bytes.ts';
import { createLargeTurns } from '../../src/http/large-turns.ts';
import { GuardedSocket } from '../../src/websocket/guarded-socket.ts';
import { SocketGuard } from '../../src/websocket/socket-guard.ts';

/** What a client goes on to send after our close frame must not fill the memory. */
let server: WebSocketServer;
let url: string;
const bodyBytes = new BodyBytes({ onRefused: () => undefined });

beforeAll(async () => {
  server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    WebSocket: GuardedSocket,
  });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function connect() {
  const client = new WebSocket(url, 'graphql-transport-ws');
  const [socket, request] = await once(server, 'connection');
  const guard = new SocketGuard(socket, request.socket, {
    guards: new Set(),
    slowConsumerMs: 30_000,
    largeTurn: createLargeTurns(),
    bodyBytes,
    onSlow: () => undefined,
    onError: () => undefined,
  });
  guard.onMessage(() => Promise.resolve());
  const closed = new Promise<number>((resolve) =>
    guard.setOwner({ onClose: resolve, answerPing: () => Promise.resolve() }),
  );
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  const code = once(client, 'close').then(([number]) => number);
  return { client, socket, guard, closed, code };
}

const threeMiB = Buffer.alloc(3 * 1024 * 1024, 'x');

test('a message that is refused while it arrives is read no further, and the client learns the reason', async () => {
  const { client, socket, closed, code } = await connect();
  client.send(threeMiB, { fin: false, binary: false });
  expect(await closed).toBe(1009);
  expect(socket.isPaused).toBe(true);
  expect(await code).toBe(1009);
});

test('a message that arrives after any other close is not read to its end, and counts until the client has gone', async () => {
  const { client, socket, guard, code } = await connect();
  guard.admit('somebody');
  client.send(threeMiB.subarray(0, 200_000), { fin: false, binary: false });
  await expect.poll(() => bodyBytes.greatest).toBeGreaterThan(200_000);
  client.send(threeMiB, { fin: false, binary: false });
  guard.close(4403, 'It has expired.');
  await expect.poll(() => socket.isPaused).toBe(true);
  expect(bodyBytes.greatest).toBeGreaterThan(200_000);
  socket.terminate();
  expect(await code).toBe(4403);
  await expect.poll(() => bodyBytes.greatest).toBe(0);
});
