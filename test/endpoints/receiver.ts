import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

type Received = Readonly<{ headers: IncomingHttpHeaders; body: string; challenge: string }>;
export type Answer = (response: ServerResponse, received: Received) => void;

/** A real receiver of handshakes on loopback that answers as it is told. */
export async function startReceiver(answer: Answer) {
  const received: Received[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let current = answer;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const one = { headers: request.headers, body, challenge: String(JSON.parse(body).challenge) };
    received.push(one);
    for (const { count, resolve } of waiting) if (received.length >= count) resolve();
    current(response, one);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    answerWith(answer: Answer): void {
      current = answer;
    },
    /** Resolves once this many requests have arrived. */
    hasReceived(count: number): Promise<void> {
      if (received.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const json =
  (make: (challenge: string) => unknown, status = 200): Answer =>
  (response, { challenge }) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(make(challenge)));
  };

export const rightEcho: Answer = json((challenge) => ({ challenge }));

/** Holds every answer back until it is told to send them. */
export function gate(answer: Answer) {
  const held: (() => void)[] = [];
  let isOpen = false;
  return {
    answer: ((response, received) => {
      if (isOpen) answer(response, received);
      else held.push(() => answer(response, received));
    }) satisfies Answer,
    open(): void {
      isOpen = true;
      for (const give of held.splice(0)) give();
    },
  };
}
