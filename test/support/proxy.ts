import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';

/** A reverse proxy as an operator puts one before the service: it keeps the path, and names itself to nobody. */
export type ReverseProxy = Readonly<{
  origin: string;
  /** Sends everything on to this origin. */
  lead(to: string): void;
  close(): Promise<void>;
}>;

/** It asks the server under the server's own host name, and says by `x-forwarded-…` what it was asked itself. */
export async function startProxy(): Promise<ReverseProxy> {
  let target = new URL('http://127.0.0.1:9');
  const headersOf = ({ headers, socket }: IncomingMessage) => ({
    ...headers,
    host: target.host,
    'x-forwarded-for': socket.remoteAddress ?? '',
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-proto': 'http',
  });
  const server = createServer((asked, answer) => {
    const { method, url: path } = asked;
    const passed = request(target, { method, path, headers: headersOf(asked) }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  server.on('upgrade', (asked, socket, head) => {
    const upstream = connect(Number(target.port), target.hostname, () => {
      const lines = Object.entries(headersOf(asked)).map(([name, value]) => `${name}: ${String(value)}`);
      upstream.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    lead(to) {
      target = new URL(to);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
