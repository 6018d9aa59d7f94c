import { expect, test } from 'vitest';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

/** What RFC 9110 and RFC 9112 require a client to accept, and the result of it. */
const answers: readonly [name: string, answer: string, expected: object][] = [
  ['100 Continue that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}`, { status: 200, body: 'ok' }],
  [
    'several interim responses',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${OK}`,
    { status: 200, body: 'ok' },
  ],
  ['an interim response of HTTP/1.0', `HTTP/1.0 100 Continue\r\n\r\n${OK}`, { status: 200 }],
  [
    'a folded header',
    'HTTP/1.1 200 OK\r\nx-note: one\r\n two\r\n\tthree\r\ncontent-length: 2\r\n\r\nok',
    {
      status: 200,
      body: 'ok',
      headers: expect.arrayContaining([{ name: 'x-note', value: 'one two three' }]),
    },
  ],
  ['no reason phrase', 'HTTP/1.1 204\r\n\r\n', { status: 204, body: '' }],
  ['an empty reason phrase', 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok', { status: 200 }],
  [
    'chunks with an extension and a trailer',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nx-sum: 1\r\n\r\n',
    { status: 200, body: 'ok' },
  ],
  [
    'a content-length said twice',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-note: one\r\nContent-Length:2\r\n\r\nok',
    { status: 200, body: 'ok', headers: expect.arrayContaining([{ name: 'x-note', value: 'one' }]) },
  ],
  [
    'a content-length said twice in one line',
    'HTTP/1.1 200 OK\r\ncontent-length: 2 , 2\r\n\r\nok',
    { status: 200, body: 'ok' },
  ],
  [
    'two different values of content-length',
    'HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok',
    { outcome: 'INVALID_RESPONSE' },
  ],
  [
    'an early refusal',
    'HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    { status: 413 },
  ],
  [
    '101, for which nobody asked',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    { outcome: 'INVALID_RESPONSE' },
  ],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', { outcome: 'INVALID_RESPONSE' }],
];

for (const [name, answer, expected] of answers) {
  test(`a receiver that answers with ${name}`, async () => {
    const receiver = await RawReceiver.answering(answer);
    await using sender = makeSender();
    expect(await sender.send(hook(receiver.url))).toMatchObject(expected);
    await receiver.close();
  });

  test(`the same in pieces of one byte: ${name}`, async () => {
    const receiver = await RawReceiver.start((socket) => {
      socket.setNoDelay(true);
      socket.once('data', async () => {
        for (const byte of answer) {
          if (socket.destroyed) return;
          await new Promise((resolve) => socket.write(byte, () => setImmediate(resolve)));
        }
      });
    });
    await using sender = makeSender();
    expect(await sender.send(hook(receiver.url))).toMatchObject(expected);
    await receiver.close();
  });
}

test('a connection is used again after an interim response', async () => {
  const receiver = await RawReceiver.answering(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
  await using sender = makeSender();
  for (let count = 0; count < 3; count += 1)
    expect(await sender.send(hook(receiver.url))).toMatchObject({ status: 200 });
  expect(receiver.sockets).toHaveLength(1);
  await receiver.close();
});
