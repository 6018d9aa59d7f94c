import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { SendResult } from '../../src/egress/send.ts';
import { hook, makeSender, OK } from './make-sender.ts';
import { RawReceiver } from './raw-receiver.ts';

const DEADLINE_MS = 300;
/** Whoever is refused sooner never comes near it, even on a busy machine. */
const FAR_DEADLINE_MS = 30_000;
/** The amount of unread data that fits into the socket buffers of both ends. */
const MAX_BUFFERED_BYTES = 24_000_000;

interface Hostility {
  readonly behave: (socket: Socket) => void;
  readonly ends: string;
  /** The attempt takes until its deadline. */
  readonly waits?: true;
  readonly requestBody?: string;
}

/** Resolves when the request begins to arrive. */
function onRequest(act: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      socket.resume();
      act(socket);
    });
  };
}

function says(response: string | Buffer): (socket: Socket) => void {
  return onRequest((socket) => socket.write(response));
}

/** Sends `head`, then `piece` again and again, as fast as the sender reads it. */
function floods(head: string, piece: string): (socket: Socket) => void {
  const block = piece.repeat(Math.ceil(16_384 / piece.length));
  return onRequest((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(block)) if (socket.writableLength > 1_000_000) return;
    };
    socket.write(head);
    socket.on('drain', pour);
    pour();
  });
}

/** Sends `head`, then `piece` every few milliseconds. */
function drips(head: string, piece: string): (socket: Socket) => void {
  return onRequest((socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), 10);
    socket.on('close', () => clearInterval(timer));
  });
}

const GZIP_BOMB = gzipSync(Buffer.alloc(50_000_000));
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

const HOSTILITIES: Readonly<Record<string, Hostility>> = {
  'never answers': { behave: (socket) => socket.resume(), ends: 'TIMEOUT', waits: true },
  'reads nothing of a large request': {
    behave: (socket) => socket.pause(),
    ends: 'TIMEOUT',
    waits: true,
    requestBody: 'x'.repeat(20_000_000),
  },
  'drips its status line': { behave: drips('HTTP/1.1 200 ', 'O'), ends: 'TIMEOUT', waits: true },
  'drips its headers': { behave: drips('HTTP/1.1 200 OK\r\n', 'x: y\r\n'), ends: 'TIMEOUT', waits: true },
  'drips its body': {
    behave: drips('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n', 'x'),
    ends: '200',
    waits: true,
  },
  'drips its body in chunks': { behave: drips(CHUNKED, '1\r\nx\r\n'), ends: '200', waits: true },
  'sends an endless body until the connection closes': {
    behave: floods('HTTP/1.1 200 OK\r\n\r\n', 'x'),
    ends: '200',
  },
  'sends an endless body in chunks': {
    behave: floods(CHUNKED, '400\r\n'.padEnd(1_029, 'x').concat('\r\n')),
    ends: '200',
  },
  'sends an endless body in chunks of one byte': { behave: floods(CHUNKED, '1\r\nx\r\n'), ends: '200' },
  'promises 10 GB and sends nothing': {
    behave: says('HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n'),
    ends: '200',
    waits: true,
  },
  'promises 10 GB and sends them': {
    behave: floods('HTTP/1.1 500 Oh\r\ncontent-length: 10000000000\r\n\r\n', 'x'),
    ends: '500',
  },
  'sends a gzip bomb': {
    behave: onRequest((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${GZIP_BOMB.length}\r\n\r\n`,
      );
      socket.write(GZIP_BOMB);
    }),
    ends: '200',
  },
  'floods with headers': {
    behave: floods('HTTP/1.1 200 OK\r\n', 'x-header: value\r\n'),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'floods with headers that have no name': {
    behave: floods('HTTP/1.1 200 OK\r\n', ': \r\n'),
    ends: 'INVALID_RESPONSE',
  },
  // The most expensive input to parse for its size: with undici's own limit it took 600 ms.
  'floods with tiny headers': { behave: floods('HTTP/1.1 200 OK\r\n', 'x:\r\n'), ends: 'RESPONSE_TOO_LARGE' },
  'floods with tiny trailers': { behave: floods(`${CHUNKED}0\r\n`, 'x:\r\n'), ends: '200' },
  'sends a header of 1 MB': {
    behave: says(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'sends headers of just over 16 KiB': {
    behave: says(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(16_384)}\r\ncontent-length: 0\r\n\r\n`),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'sends an endless reason phrase': { behave: floods('HTTP/1.1 200 ', 'O'), ends: 'RESPONSE_TOO_LARGE' },
  'sends endless 103 responses': {
    behave: floods('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'sends endless 102 responses without headers': {
    behave: floods('', 'HTTP/1.1 102 Processing\r\n\r\n'),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'sends endless 100-continue': {
    behave: floods('', 'HTTP/1.1 100 Continue\r\n\r\n'),
    ends: 'RESPONSE_TOO_LARGE',
  },
  'sends endless line feeds': { behave: floods('', '\r\n'), ends: 'RESPONSE_TOO_LARGE' },
  'floods with trailers': { behave: floods(`${CHUNKED}0\r\n`, 'x-trailer: value\r\n'), ends: '200' },
  'floods with a chunk extension': { behave: floods(`${CHUNKED}1;`, 'x=y;'), ends: '200' },
  'sends chunks with long extensions': {
    behave: floods(CHUNKED, `1;${'e'.repeat(500)}\r\nx\r\n`),
    ends: '200',
  },
  'sends a chunk size of 1 MB of zeros': { behave: says(CHUNKED + '0'.repeat(1_000_000)), ends: '200' },
  'sends a chunk size that is not a number': { behave: says(`${CHUNKED}zz\r\nx\r\n`), ends: '200' },
  'sends a chunk size beyond 64 bits': { behave: says(`${CHUNKED}fffffffffffffffff\r\nx`), ends: '200' },
  'resets before it reads the request': {
    behave: (socket) => socket.resetAndDestroy(),
    ends: 'CONNECTION_RESET',
  },
  'closes before it reads the request': { behave: (socket) => socket.end(), ends: 'CONNECTION_RESET' },
  'resets after the request': {
    behave: onRequest((socket) => socket.resetAndDestroy()),
    ends: 'CONNECTION_RESET',
  },
  'closes after the request': { behave: onRequest((socket) => socket.end()), ends: 'CONNECTION_RESET' },
  'closes in the headers': {
    behave: onRequest((socket) => socket.end('HTTP/1.1 200 OK\r\nx: ')),
    ends: 'CONNECTION_RESET',
  },
  'closes in the body': {
    behave: onRequest((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
    ends: '200',
  },
  'resets in the body': {
    behave: onRequest((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    }),
    ends: '200',
  },
  'answers with garbage': {
    behave: says(Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 97) % 256))),
    ends: 'INVALID_RESPONSE',
  },
  'floods with garbage': { behave: floods('', '\u0001\u0002'), ends: 'INVALID_RESPONSE' },
  'speaks HTTP/0.9': {
    behave: onRequest((socket) => socket.end('<html>ok</html>')),
    ends: 'INVALID_RESPONSE',
  },
  'speaks HTTP/2': { behave: says('\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64'), ends: 'INVALID_RESPONSE' },
  'speaks SMTP': { behave: (socket) => socket.write('220 mail.example ESMTP\r\n'), ends: 'INVALID_RESPONSE' },
  'has a length and chunks': {
    behave: says(
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ),
    ends: 'INVALID_RESPONSE',
  },
  'has chunks and a length': {
    behave: says(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ),
    ends: 'INVALID_RESPONSE',
  },
  'has two lengths': {
    behave: says('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'),
    ends: 'INVALID_RESPONSE',
  },
  'has a negative length': {
    behave: says('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'),
    ends: 'INVALID_RESPONSE',
  },
  'has a length beyond 64 bits': {
    behave: says('HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n'),
    ends: 'INVALID_RESPONSE',
  },
  'has the status 999': {
    behave: says('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE 999',
  },
  'has the status 600': {
    behave: says('HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE 600',
  },
  'has the status 099': {
    behave: says('HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE 99',
  },
  'has the status 000': {
    behave: says('HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE 0',
  },
  'has the status 2000': {
    behave: says('HTTP/1.1 2000 Odd\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE',
  },
  'switches protocols unasked': {
    behave: says('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello'),
    ends: 'INVALID_RESPONSE',
  },
  'switches protocols without saying to which': {
    behave: says('HTTP/1.1 101 Switching\r\n\r\n'),
    ends: 'INVALID_RESPONSE 101',
  },
  'sends a body with 204': {
    behave: says('HTTP/1.1 204 None\r\ncontent-length: 5\r\n\r\nhello'),
    ends: '204',
  },
  'sends a second response nobody asked for': { behave: says(OK + OK.replace('200', '500')), ends: '200' },
  'has a NUL in a header': {
    behave: says('HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE',
  },
  'has a bare line feed in a header': {
    behave: says('HTTP/1.1 200 OK\r\nx: a\n injected: b\r\ncontent-length: 0\r\n\r\n'),
    ends: 'INVALID_RESPONSE',
  },
  'has a NUL in the status line': { behave: says('HTTP/1.1 2\x000 OK\r\n\r\n'), ends: 'INVALID_RESPONSE' },
  'has NULs in the body': { behave: says('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na\0b'), ends: '200' },
};

test.each(Object.entries(HOSTILITIES))(
  'a receiver that %s',
  async (_name, { behave, ends, waits, requestBody }) => {
    await using sender = makeSender();
    const receiver = await RawReceiver.start(behave);
    try {
      const body = requestBody === undefined ? {} : { body: requestBody };
      const timeoutMs = waits === true ? DEADLINE_MS : FAR_DEADLINE_MS;
      const result = await sender.send(hook(receiver.url, { timeoutMs, ...body }));
      expect(ending(result)).toBe(ends);
      if (waits === true) expect(result.durationMs).toBeGreaterThanOrEqual(DEADLINE_MS - 10);
      else expect(result.durationMs).toBeLessThan(FAR_DEADLINE_MS);
      expect(JSON.stringify(result)).not.toContain('127.0.0.1');
      expect(JSON.stringify(result).length).toBeLessThan(60_000);

      await sender.close();
      await receiver.allClosed();
      expect(receiver.sockets).toHaveLength(1);
      expect(receiver.sockets[0]?.bytesWritten).toBeLessThan(MAX_BUFFERED_BYTES);
    } finally {
      await receiver.close();
    }
  },
);

test('receivers that never come to an end do not keep a good one waiting', async () => {
  await using sender = makeSender();
  const slow = Object.values(HOSTILITIES).filter(
    ({ waits, requestBody }) => waits === true && requestBody === undefined,
  );
  const hostile = await Promise.all(slow.map(({ behave }) => RawReceiver.start(behave)));
  const good = await RawReceiver.answering(OK);
  const attempts = hostile.flatMap(({ url }) =>
    Array.from({ length: 20 }, () => sender.send(hook(url, { timeoutMs: 3_000 }))),
  );
  let ended = 0;
  for (const attempt of attempts) void attempt.then(() => (ended += 1));
  const result = await sender.send(hook(good.url));
  expect(ending(result)).toBe('200');
  expect(ended).toBeLessThan(attempts.length);
  await Promise.all(attempts);
  await Promise.all([good, ...hostile].map((receiver) => receiver.close()));
});

function ending(result: SendResult): string {
  if (result.kind === 'response') return `${result.status}`;
  return result.status === undefined ? result.outcome : `${result.outcome} ${result.status}`;
}
