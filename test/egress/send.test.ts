import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

test('posts the body and the headers it was given, and nothing that it was not', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  const url = `http://127.0.0.1:${receiver.port}/hooks/a%20b?x=1&y=%2F`;
  const headers = { 'content-type': 'application/json', 'webhook-id': 'evt_1', 'X-Custom': 'ä' };
  const result = await sender.send(hook(url, { headers: () => headers, body: '{"text":"ü"}' }));
  expect(result).toEqual({
    kind: 'response',
    status: 200,
    headers: [{ name: 'content-length', value: '2' }],
    body: 'ok',
    reconnected: false,
    durationMs: result.durationMs,
  });
  expect(receiver.received.split('\r\n')).toEqual([
    'POST /hooks/a%20b?x=1&y=%2F HTTP/1.1',
    `host: 127.0.0.1:${receiver.port}`,
    'connection: keep-alive',
    'content-type: application/json',
    'webhook-id: evt_1',
    'X-Custom: ä',
    'accept-encoding: identity',
    'content-length: 13',
    '',
    Buffer.from('{"text":"ü"}').toString('latin1'),
  ]);
  await receiver.close();
});

test('leaves out headers that belong to the connection', async () => {
  const receiver = await RawReceiver.answering(OK);
  await using sender = makeSender();
  const forbidden = {
    Host: 'evil.test',
    connection: 'close, x-custom',
    'Keep-Alive': 'timeout=9',
    'Transfer-Encoding': 'chunked',
    'content-length': '1',
    Expect: '100-continue',
    upgrade: 'websocket',
    TE: 'trailers',
    trailer: 'x',
    'Proxy-Authorization': 'secret',
    'accept-encoding': 'gzip',
  };
  const result = await sender.send(
    hook(receiver.url, { headers: () => ({ ...forbidden, 'x-custom': 'kept' }) }),
  );
  expect(result).toMatchObject({ status: 200 });
  const names = receiver.received.split('\r\n').flatMap((line) => /^([\w-]+):/.exec(line)?.[1] ?? []);
  expect(names).toEqual(['host', 'connection', 'x-custom', 'accept-encoding', 'content-length']);
  expect(receiver.received).toContain(`host: 127.0.0.1:${receiver.port}\r\n`);
  expect(receiver.received).toContain('accept-encoding: identity\r\n');
  await receiver.close();
});

test.each([[{ 'bad name': 'x' }], [{ 'x-header': 'a\r\ninjected: b' }], [{ 'x-header': 'a\0b' }]])(
  'a header that cannot be sent is a failure, and nothing is sent',
  async (headers) => {
    const receiver = await RawReceiver.answering(OK);
    await using sender = makeSender();
    expect(await sender.send(hook(receiver.url, { headers: () => headers }))).toMatchObject({
      outcome: 'CONNECTION_FAILED',
      error: 'the request could not be built from its headers',
    });
    expect(receiver.received).toBe('');
    await receiver.close();
  },
);

test.each(['', 'not a url', 'http://', 'http://256.256.256.256/'])(
  'never throws for the URL %j',
  async (url) => {
    await using sender = makeSender();
    expect(await sender.send(hook(url))).toMatchObject({ kind: 'failure', error: 'the URL is not valid' });
  },
);

test.each([200, 201, 299, 300, 404, 410, 429, 500, 599])('the status %d is a response', async (status) => {
  const receiver = await RawReceiver.answering(`HTTP/1.1 ${status} Any\r\nContent-Length: 0\r\n\r\n`);
  await using sender = makeSender();
  expect(await sender.send(hook(receiver.url))).toMatchObject({
    kind: 'response',
    status,
    headers: [{ name: 'content-length', value: '0' }],
  });
  await receiver.close();
});

test('an early hint before the response is passed over', async () => {
  const receiver = await RawReceiver.answering(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`);
  await using sender = makeSender();
  expect(await sender.send(hook(receiver.url))).toMatchObject({
    status: 200,
    headers: [{ name: 'content-length', value: '2' }],
  });
  await receiver.close();
});

test('keeps the beginning of a long body, and repeated headers apart', async () => {
  const receiver = await RawReceiver.answering(
    `HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 60000\r\n\r\n${'x'.repeat(60_000)}`,
  );
  await using sender = makeSender({ keptResponseBytes: 100 });
  expect(await sender.send(hook(receiver.url))).toMatchObject({
    status: 200,
    body: 'x'.repeat(100),
    headers: [
      { name: 'set-cookie', value: 'a' },
      { name: 'set-cookie', value: 'b' },
      { name: 'content-length', value: '60000' },
    ],
  });
  await receiver.close();
});

test('a compressed body is not decompressed', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`;
  const receiver = await RawReceiver.answering(Buffer.concat([Buffer.from(head), bomb]));
  await using sender = makeSender();
  const result = await sender.send(hook(receiver.url));
  expect(result.kind === 'response' && Buffer.byteLength(result.body)).toBeLessThan(4 * 4_096);
  await receiver.close();
});

test('what no text column can hold is replaced', async () => {
  const receiver = await RawReceiver.answering(
    Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n'),
      Buffer.from([0x61, 0, 0xff, 0x62]),
    ]),
  );
  await using sender = makeSender();
  expect(await sender.send(hook(receiver.url))).toMatchObject({ body: 'a\ufffd\ufffdb' });
  await receiver.close();
});

test('uses no proxy that the environment names', async () => {
  const proxy = await RawReceiver.answering(OK);
  const receiver = await RawReceiver.answering(OK);
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
  for (const name of names) process.env[name] = proxy.url;
  try {
    await using sender = makeSender();
    expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
    expect(proxy.sockets).toHaveLength(0);
  } finally {
    for (const name of names) delete process.env[name];
    await proxy.close();
    await receiver.close();
  }
});

test('a signal ends a send early', async () => {
  const receiver = await RawReceiver.start((socket) => socket.resume());
  await using sender = makeSender();
  const controller = new AbortController();
  const result = sender.send(hook(receiver.url, { signal: controller.signal }));
  controller.abort();
  expect(await result).toMatchObject({ outcome: 'TIMEOUT', error: 'stopped before a response came' });
  expect(await sender.send(hook(receiver.url, { signal: controller.signal }))).toMatchObject({
    outcome: 'TIMEOUT',
  });
  await receiver.allClosed();
  await receiver.close();
});

test('the headers are asked for when they are written, and again for a request that is sent once more', async () => {
  let answers = true;
  const receiver = await RawReceiver.start((socket) => {
    socket.on('data', () => (answers ? socket.write(OK) : socket.destroy()));
  });
  await using sender = makeSender();
  let asked = 0;
  const headers = () => {
    asked += 1;
    return {};
  };
  expect(await sender.send(hook(receiver.url, { headers, isLate: () => true }))).toMatchObject({
    kind: 'failure',
  });
  expect(asked).toBe(0);
  expect(await sender.send(hook(receiver.url, { headers }))).toMatchObject({ status: 200 });
  expect(asked).toBe(1);
  answers = false;
  expect(await sender.send(hook(receiver.url, { headers }))).toMatchObject({ kind: 'failure' });
  expect(asked).toBe(3);
  await receiver.close();
});

test('a send that is late writes nothing, on a new connection as on a kept one', async () => {
  let bytes = 0;
  const receiver = await RawReceiver.start((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.write(OK);
    });
  });
  await using sender = makeSender();
  let isLate = true;
  const late = () => sender.send(hook(receiver.url, { isLate: () => isLate }));
  const refusal = { outcome: 'TIMEOUT', error: 'stopped before the request was sent' };
  expect(await late()).toMatchObject(refusal);
  expect({ bytes, connections: receiver.sockets.length }).toEqual({ bytes: 0, connections: 1 });
  isLate = false;
  expect(await late()).toMatchObject({ status: 200 });
  const before = bytes;
  isLate = true;
  expect(await late()).toMatchObject(refusal);
  expect(bytes).toBe(before);
  await receiver.allClosed();
  await receiver.close();
});

test('close waits for what is under way and refuses what comes later', async () => {
  const receiver = await RawReceiver.start((socket) => {
    socket.once('data', () => setImmediate(() => socket.write(OK)));
  });
  const sender = makeSender();
  const result = sender.send(hook(receiver.url));
  await Promise.all([sender.close(), sender.close()]);
  expect(await result).toMatchObject({ status: 200 });
  expect(await sender.send(hook(receiver.url))).toMatchObject({ outcome: 'CONNECTION_FAILED' });
  await receiver.allClosed();
  await receiver.close();
});
