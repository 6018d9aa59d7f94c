import { connect, type Socket } from 'node:net';

/** A connection that says a request of its own and leaves it to the test what becomes of it. */
export function openRaw(
  port: number,
  request: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
): Socket {
  const { method = 'POST', path = '/graphql', body = '' } = request;
  const headers = {
    host: `127.0.0.1:${port}`,
    authorization: 'Bearer full',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...request.headers,
  };
  const lines = Object.entries(headers).map((line) => `${line.join(': ')}\r\n`);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  return socket;
}
