import { connect, type Socket } from 'node:net';

type RawRequest = { method?: string; path?: string; headers?: Record<string, string>; body?: string };

/** A connection that sends a request of its own. The test decides what happens with it. */
export function openRaw(port: number, request: RawRequest): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  sendRaw(socket, request);
  return socket;
}

/** Sends one more request on the same connection, whether or not those before it have been answered. */
export function sendRaw(socket: Socket, request: RawRequest): void {
  const { method = 'POST', path = '/graphql', body = '' } = request;
  const headers = {
    host: '127.0.0.1',
    authorization: 'Bearer full',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...request.headers,
  };
  const lines = Object.entries(headers).map((line) => `${line.join(': ')}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
