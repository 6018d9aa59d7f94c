import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Received = Readonly<{
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  at: number;
}>;

/** A real HTTP receiver on loopback that records what it received, and answers as it is told. */
export type Receiver = Readonly<{
  url: string;
  /** Everything that arrived except handshakes, in order. */
  received: Received[];
  handshakes: Received[];
  /** Resolves once `count` requests have arrived. */
  until(count: number): Promise<void>;
  close(): Promise<void>;
}>;

type Answer = (request: Received, response: ServerResponse, index: number) => void;

const accept: Answer = (_request, response) => response.writeHead(204).end();

/** Handshakes are answered unless `echo` is false. Everything else is answered by `answer`. */
export async function startReceiver(options: { answer?: Answer; echo?: boolean } = {}): Promise<Receiver> {
  const { answer = accept, echo = true } = options;
  const received: Received[] = [];
  const handshakes: Received[] = [];
  let waiters: { count: number; resolve: () => void }[] = [];

  const server = createServer(async (request, response) => {
    const entry = await read(request);
    const challenge = echo ? challengeOf(entry.body) : undefined;
    if (challenge !== undefined) {
      handshakes.push(entry);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge }));
      return;
    }
    received.push(entry);
    answer(entry, response, received.length - 1);
    waiters = waiters.filter(({ count, resolve }) => {
      if (received.length < count) return true;
      resolve();
      return false;
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    handshakes,
    until: (count) =>
      received.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push({ count, resolve });
          }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  return { path: request.url ?? '', headers, body: Buffer.concat(chunks).toString('utf8'), at: Date.now() };
}

function challengeOf(body: string): string | undefined {
  if (!body.includes('"endpoint.verification"')) return undefined;
  const parsed: { type?: unknown; challenge?: unknown } = JSON.parse(body);
  return parsed.type === 'endpoint.verification' ? String(parsed.challenge) : undefined;
}
