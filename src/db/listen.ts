import { once } from 'node:events';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type pg from 'pg';
import { type Logger, warnAtTimes } from '../log.ts';
import { directClient } from './direct-client.ts';

const channel = 'heliograph';
const heartbeatMs = 5_000;
const reconnectMaxMs = 2_000;
/** A bit less than the 7,999 bytes that PostgreSQL allows. */
const maxPayloadBytes = 7_900;
/** While hints keep coming, at most one NOTIFY is sent in this time. After a pause the first one is sent at once. */
const notifyEveryMs = 2;

/**
 * Hints between processes: "these owners have something new". A hint never carries the news itself. If one is lost, a
 * reader finds the news a little later, because it also looks at the table at regular times.
 *
 * There are two connections, both direct, because LISTEN does not work through a pooler in transaction mode. One
 * listens. It also sends a query every 5 s, because a network that drops packets raises no event. When it fails, a new
 * one is made, and `onConnect` tells the readers to look for what they missed. The other connection sends. It never
 * sends in somebody's transaction: NOTIFY holds a lock on the whole cluster until its transaction has committed.
 */
export class Hints {
  readonly #url: string;
  readonly #isNamed: boolean;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  /** Aborted when the listening connection is lost. */
  #over = new AbortController();
  #listener: pg.Client | undefined;
  #sender: pg.Client | undefined;
  #dirty = new Set<string>();
  #sending: Promise<void> | undefined;
  #listening: Promise<void> | undefined;
  #onHint: ((words: readonly string[]) => void)[] = [];
  #onConnect: (() => void)[] = [];

  /** `prepared`: whether the statement that sends has a name, so that it is planned once. */
  constructor(options: { url: string; logger: Logger; prepared?: boolean }) {
    this.#url = options.url;
    this.#isNamed = options.prepared === true;
    this.#logger = options.logger;
  }

  /** The listener is called with the words of each hint, and with `['*']` if anything may have changed. */
  subscribe(listener: (words: readonly string[]) => void): void {
    this.#onHint.push(listener);
  }

  /** The listener is called after each connect, since earlier hints may have been missed. */
  onConnect(listener: () => void): void {
    this.#onConnect.push(listener);
  }

  /** Starts to listen; keeps the connection until `stop`. */
  start(): void {
    this.#listening ??= this.#listen();
  }

  /** Tells every process, this one included and first. `words` have no white space. Never waits, never throws. */
  send(words: Iterable<string>): void {
    const list = [...words];
    if (list.length === 0) return;
    for (const listener of this.#onHint) listener(list);
    for (const word of list) this.#dirty.add(word);
    this.#sending ??= this.#flush();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#over.abort();
    await this.#sending;
    await Promise.allSettled([this.#listener?.end(), this.#sender?.end()]);
    await this.#listening;
  }

  async #listen(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const client = directClient(this.#url);
      this.#listener = client;
      // One signal per connection ends its pauses, so that no listener of an old connection stays on `#stop`.
      const over = new AbortController();
      this.#over = over;
      try {
        client.once('end', () => over.abort());
        client.once('error', () => over.abort());
        client.on('notification', ({ payload }) => {
          const words = (payload ?? '*').split(' ');
          for (const listener of this.#onHint) listener(words);
        });
        const connecting = client.connect();
        // A client that is ended while it connects neither resolves nor rejects.
        await Promise.race([connecting, once(over.signal, 'abort')]);
        if (over.signal.aborted) connecting.catch(() => undefined);
        else {
          await client.query(`listen ${channel}`);
          failures = 0;
          for (const listener of this.#onConnect) listener();
        }
        while (!over.signal.aborted) {
          await pause(heartbeatMs, over.signal);
          if (over.signal.aborted || this.#stop.signal.aborted) break;
          await client.query('select 1');
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) {
          warnAtTimes(
            this.#logger,
            { error: errorMessage(error) },
            'lost the connection that listens for notifications',
          );
        }
      }
      over.abort();
      client.end().catch(() => undefined);
      failures += 1;
      await pause(Math.min(reconnectMaxMs, 50 * 2 ** failures), this.#stop.signal);
    }
  }

  async #flush(): Promise<void> {
    // Whoever waits for the answer to what has been committed gets it first.
    await nextTurn();
    while (this.#dirty.size > 0) {
      const payload = [...this.#dirty].join(' ');
      this.#dirty.clear();
      try {
        const sender = await this.#connectedSender();
        await sender.query({
          ...(this.#isNamed ? { name: 'heliograph_notify' } : {}),
          text: 'select pg_notify($1, $2)',
          values: [channel, payload.length > maxPayloadBytes ? '*' : payload],
        });
      } catch (error) {
        warnAtTimes(this.#logger, { error: errorMessage(error) }, 'could not send a notification');
        this.#sender?.end().catch(() => undefined);
        this.#sender = undefined;
        await pause(100, this.#stop.signal);
      }
      await delay(notifyEveryMs);
    }
    this.#sending = undefined;
  }

  async #connectedSender(): Promise<pg.Client> {
    if (this.#sender !== undefined) return this.#sender;
    const sender = directClient(this.#url);
    sender.on('error', () => {
      if (this.#sender === sender) this.#sender = undefined;
    });
    sender.on('end', () => {
      if (this.#sender === sender) this.#sender = undefined;
    });
    try {
      await sender.connect();
      await sender.query('set synchronous_commit = off');
    } catch (error) {
      sender.end().catch(() => undefined);
      throw error;
    }
    this.#sender = sender;
    return sender;
  }
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined);

const errorMessage = (error: unknown) => (error instanceof Error ? error.message : String(error));
