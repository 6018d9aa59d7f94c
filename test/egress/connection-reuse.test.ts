import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

/** The number of connections that the pool keeps for all origins together. */
const MAX_IDLE_CONNECTIONS = 512;

test('one connection serves one request after the other', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  for (let count = 0; count < 20; count += 1) await sender.send(hook(receiver.url));
  expect(receiver.sockets).toHaveLength(1);
  await receiver.close();
});

test('requests at the same time take connections of their own, which are used again', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => sender.send(hook(receiver.url))));
  }
  expect(receiver.sockets).toHaveLength(10);
  await receiver.close();
});

test('a connection that the receiver closed while it was idle is replaced', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  receiver.sockets[0]?.end();
  await receiver.allClosed();
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
  expect(receiver.sockets).toHaveLength(2);
  await receiver.close();
});

test('a connection whose end is noticed before the request is written is replaced', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  // Between two polls for input, the pool still offers the connection, and the next poll reports its end.
  await new Promise(setImmediate);
  receiver.sockets[0]?.resetAndDestroy();
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
  expect(receiver.sockets).toHaveLength(2);
  expect(receiver.received.match(/POST/g)).toHaveLength(2);
  await receiver.close();
});

test('a kept connection that breaks before an answer is replaced once, and the attempt says so', async () => {
  const requests: string[] = [];
  const receiver = await RawReceiver.start((socket) => {
    socket.on('data', (chunk) => {
      requests.push(chunk.toString('latin1'));
      if (requests.length === 2) socket.resetAndDestroy();
      else socket.write(OK);
    });
  });
  await using sender = makeSender();
  expect(await sender.send(hook(receiver.url))).toMatchObject({ reconnected: false });
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200, reconnected: true });
  expect(receiver.sockets).toHaveLength(2);
  expect(requests[1]).toBe(requests[2]);
  await receiver.close();
});

test('a fresh connection that breaks before an answer is a failed attempt', async () => {
  let requests = 0;
  const receiver = await RawReceiver.start((socket) => {
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) socket.write(OK);
      else socket.resetAndDestroy();
    });
  });
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  expect(await sender.send(hook(receiver.url))).toMatchObject({ outcome: 'CONNECTION_RESET' });
  // The kept connection and one new one, and no more.
  expect(requests).toBe(3);
  await receiver.close();
});

test('a kept connection that breaks after a byte of an answer is a failed attempt, never sent again', async () => {
  let requests = 0;
  const receiver = await RawReceiver.start((socket) => {
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) socket.write(OK);
      else socket.end('H');
    });
  });
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  expect(await sender.send(hook(receiver.url))).toMatchObject({ kind: 'failure' });
  expect(requests).toBe(2);
  await receiver.close();
});

test('bytes that come on an idle connection end it', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  receiver.sockets[0]?.write(OK.replace('200 OK', '500 Oh'));
  await receiver.allClosed();
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200, reconnected: false });
  expect(receiver.sockets).toHaveLength(2);
  await receiver.close();
});

test('a second response is not taken for the answer to the next request', async () => {
  const receiver = await RawReceiver.answering(OK + OK.replace('200', '500'));
  await using sender = makeSender();
  const statuses = [];
  for (let count = 0; count < 5; count += 1) statuses.push(await sender.send(hook(receiver.url)));
  expect(statuses.map((result) => result.kind === 'response' && result.status)).toEqual([
    200, 200, 200, 200, 200,
  ]);
  expect(receiver.sockets).toHaveLength(5);
  await receiver.close();
});

test('a response that comes between two requests is not taken for an answer', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  await sender.send(hook(receiver.url));
  await new Promise(setImmediate);
  receiver.sockets[0]?.write(OK.replace('200', '500'));
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
  expect(receiver.sockets).toHaveLength(2);
  await receiver.close();
});

test('a connection is not used again after the receiver said so, or after a cut body', async () => {
  for (const response of [
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
    'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    `HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n${'x'.repeat(70_000)}`,
  ]) {
    const receiver = await RawReceiver.answering(response);
    await using sender = makeSender();
    await sender.send(hook(receiver.url));
    await sender.send(hook(receiver.url));
    expect(receiver.sockets).toHaveLength(2);
    await receiver.close();
  }
});

test('an answer to half of a request does not leave the other half on the connection', async () => {
  const receiver = await RawReceiver.start((socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(OK);
    });
  });
  await using sender = makeSender();
  const body = 'x'.repeat(20_000_000);
  expect(await sender.send(hook(receiver.url, { body }))).toMatchObject({ status: 200 });
  expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
  expect(receiver.sockets).toHaveLength(2);
  await receiver.close();
});

test('two thousand origins leave no more than a bounded number of connections', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  const origins = Array.from({ length: 2_000 }, (_, index) => `http://o${index}.localhost:${receiver.port}/`);
  const lanes = Array.from({ length: 50 }, async () => {
    for (let url = origins.pop(); url !== undefined; url = origins.pop()) {
      expect(await sender.send(hook(url))).toMatchObject({ status: 200 });
    }
  });
  await Promise.all(lanes);
  const open = () => receiver.sockets.filter((socket) => !socket.destroyed);
  // The ends of the last discarded connections may still be on their way.
  while (open().length > MAX_IDLE_CONNECTIONS) {
    await Promise.race(open().map((socket) => once(socket, 'close')));
  }
  expect(receiver.sockets).toHaveLength(2_000);
  expect(open().length).toBeLessThanOrEqual(MAX_IDLE_CONNECTIONS);

  await sender.close();
  await receiver.allClosed();
  await receiver.close();
});
