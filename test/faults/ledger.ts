import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** A receiver's record of one request. */
export type Entry = {
  /** `webhook-id`: the event's id. */
  eventId: string;
  at: number;
  /** `webhook-timestamp`, in milliseconds. */
  signedAt: number;
  /** Verified with the endpoint's secrets, by the library that receivers use. */
  isVerified: boolean;
  /** The answer that the sender got; undefined if it got no complete answer. */
  status: number | undefined;
  /** The receiver has processed the request, whatever answer the sender got. */
  isProcessed: boolean;
  bodyHash: string;
};

/** How an endpoint behaves: it answers, and tells whether it has processed the request. */
export type Behaviour = (request: Request, response: ServerResponse) => Reply | Promise<Reply>;
type Reply = Readonly<{ status: number | undefined; isProcessed: boolean }>;
type Request = Readonly<{ eventId: string; seenBefore: number }>;

export const accepts: Behaviour = (_request, response) => {
  response.writeHead(204).end();
  return { status: 204, isProcessed: true };
};

/** An answer that is not a success. */
export const answers =
  (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(status, headers).end();
    return { status, isProcessed: false };
  };

export const neverAnswers: Behaviour = () => ({ status: undefined, isProcessed: false });

/** The secrets with which a signature is checked. */
type Signed = Readonly<{ body: string; headers: Record<string, string> }>;

type Place = {
  secrets: string[];
  behaviour: Behaviour;
  entries: Entry[];
  /** Signed with no secret that is known so far: the secret of a rotation may be on its way to us. */
  unverified: Map<Entry, Signed>;
};

/**
 * The receivers of all endpoints, one path each, and the requests that they got. Handshakes are answered but not
 * recorded.
 */
export class Ledger {
  readonly #places = new Map<string, Place>();
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  static async open(): Promise<Ledger> {
    const ledger = new Ledger();
    ledger.#server.keepAliveTimeout = 60_000;
    ledger.#server.listen(0, '127.0.0.1');
    await once(ledger.#server, 'listening');
    return ledger;
  }

  /** The URL of a new receiver. */
  urlOf(name: string, behaviour: Behaviour = accepts): string {
    this.#places.set(name, { secrets: [], behaviour, entries: [], unverified: new Map() });
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `http://127.0.0.1:${port}/${name}`;
  }

  trust(name: string, secret: string): void {
    const place = this.#place(name);
    place.secrets.push(secret);
    for (const [entry, signed] of place.unverified) {
      entry.isVerified = verifies(place.secrets, signed);
      if (entry.isVerified) place.unverified.delete(entry);
    }
  }

  behave(name: string, behaviour: Behaviour): void {
    this.#place(name).behaviour = behaviour;
  }

  entriesOf(name: string): readonly Entry[] {
    return this.#place(name).entries;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`No receiver ${name}.`);
    return place;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const body = await read(request).catch(() => undefined);
    const place = this.#places.get((request.url ?? '').slice(1));
    if (body === undefined) return;
    if (place === undefined) {
      response.writeHead(404).end();
      return;
    }
    const challenge = challengeOf(body);
    if (challenge !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge }));
      return;
    }
    const eventId = String(request.headers['webhook-id']);
    const seenBefore = place.entries.filter((entry) => entry.eventId === eventId).length;
    const at = Date.now();
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
    const signed = { body, headers };
    const isVerified = verifies(place.secrets, signed);
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const reply = await place.behaviour({ eventId, seenBefore }, response);
    const signedAt = Number(headers['webhook-timestamp']) * 1_000;
    const entry = { eventId, at, signedAt, isVerified, bodyHash, ...reply };
    place.entries.push(entry);
    if (!isVerified) place.unverified.set(entry, signed);
  }
}

function verifies(secrets: readonly string[], { body, headers }: Signed): boolean {
  return secrets.some((secret) => {
    try {
      new Webhook(secret).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  });
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function challengeOf(body: string): string | undefined {
  if (!body.includes('"endpoint.verification"')) return undefined;
  const parsed: { challenge?: unknown } = JSON.parse(body);
  return String(parsed.challenge);
}
