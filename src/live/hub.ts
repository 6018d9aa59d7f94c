import type { Hints } from '../db/listen.ts';
import type { Database } from '../db/pool.ts';
import type { Logger } from '../log.ts';
import { type LogSource, type OnRead, OwnerReader } from './owner-reader.ts';
import { readHead, readHeads, readPage } from './read-log.ts';
import { ReadTurns } from './read-turns.ts';
import { LogSubscription, type SubscriptionHost, type SubscriptionOptions } from './subscription.ts';

/** The number of recent changes that are kept for each owner with subscribers. */
const defaultRingSize = 2_048;
/** The time between two reads of the heads, which is the delay that a lost hint can cause. */
const defaultPollMs = 500;
/** The limit for simultaneous reads in this process, by owners' readers and by subscribers that catch up. */
const followingReads = 3;
const catchingUpReads = 2;

/** The longest time between two looks at who is due for a heartbeat. */
const mostBeatMs = 500;

/** Parts of hints that are meant for the engine. */
const enginePrefix = 'd:';

/**
 * The live log of this process: any number of subscribers, and one reader for each owner that has subscribers.
 *
 * The table is the truth: `delivery_log` is dense and numbered in commit order, and every read checks this. Hints
 * (LISTEN) only tell when to read. A lost hint delays a change by half a second, because a poll reads the heads of
 * all owners with subscribers in one statement, and each new LISTEN connection wakes every reader. So nothing here
 * can lose or repeat a change: a crash, a broken connection or a slow subscriber only affects when a position is
 * reached.
 *
 * Memory is bounded: one ring for each owner with subscribers, and one page for each subscriber that catches up.
 *
 * While the database cannot be reached everybody waits. That is logged once, and its end is logged once.
 *
 * `start` and `stop` may be called again. `stop` ends every subscription.
 */
export class Hub {
  readonly #database: Database;
  readonly #hints: Pick<Hints, 'subscribe' | 'onConnect'>;
  readonly #logger: Logger;
  readonly #onRead: OnRead | undefined;
  readonly #ringSize: number;
  readonly #pollMs: number;
  readonly #readers = new Map<string, OwnerReader>();
  readonly #subscriptions = new Set<LogSubscription>();
  readonly #following = new ReadTurns(followingReads);
  readonly #catchingUp = new ReadTurns(catchingUpReads);
  readonly #host: SubscriptionHost = {
    onFailure: (error) => this.#failed(error),
    onEnd: (subscription, reader) => this.#forget(subscription, reader),
    onWait: (heartbeatMs) => this.#beatWithin(heartbeatMs),
  };
  #state: 'new' | 'running' | 'stopped' = 'new';
  #beating: NodeJS.Timeout | undefined;
  #beatMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: {
    database: Database;
    hints: Pick<Hints, 'subscribe' | 'onConnect'>;
    logger: Logger;
    onRead?: OnRead;
    ringSize?: number;
    pollMs?: number;
  }) {
    this.#onRead = options.onRead;
    this.#database = options.database;
    this.#hints = options.hints;
    this.#logger = options.logger;
    this.#ringSize = options.ringSize ?? defaultRingSize;
    this.#pollMs = options.pollMs ?? defaultPollMs;
  }

  /** The number of open subscriptions, and of their owners. */
  get size(): { subscriptions: number; owners: number } {
    return { subscriptions: this.#subscriptions.size, owners: this.#readers.size };
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#hints.subscribe((words) => this.#hear(words));
    this.#hints.onConnect(() => this.#wakeAll());
    this.#schedulePoll();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    this.#stopBeating();
    const readers = [...this.#readers.values()];
    for (const subscription of this.#subscriptions) subscription.return();
    await Promise.all([this.#polling, ...readers.map((reader) => reader.stop())]);
  }

  /**
   * Follows an owner's log after position `after`, or from its current head. The first `next` throws if `after` is
   * older than what is kept, or newer than the head.
   */
  subscribe(options: SubscriptionOptions & { ownerId: string }): LogSubscription {
    const subscription = new LogSubscription(this.#reader(options.ownerId), this.#host, options);
    this.#subscriptions.add(subscription);
    if (options.signals?.some(({ aborted }) => aborted) === true || this.#state === 'stopped')
      subscription.return();
    return subscription;
  }

  #reader(ownerId: string): OwnerReader {
    const known = this.#readers.get(ownerId);
    if (known !== undefined) return known;
    const reader = new OwnerReader({
      ownerId,
      source: this.#source(ownerId),
      inTurn: (read) => this.#following.take(ownerId, read),
      catchUpInTurn: (read) => this.#catchingUp.take(ownerId, read),
      logger: this.#logger,
      ringSize: this.#ringSize,
      onRead: this.#onRead,
      onFailure: (error) => this.#failed(error),
    });
    this.#readers.set(ownerId, reader);
    reader.wake();
    return reader;
  }

  #source(ownerId: string): LogSource {
    return {
      head: () => readHead(this.#database, ownerId),
      page: (point, limit) => readPage(this.#database, ownerId, { point, limit }),
    };
  }

  #forget(subscription: LogSubscription, reader: OwnerReader): void {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size === 0) this.#stopBeating();
    if (reader.watcherCount > 0) return;
    this.#readers.delete(reader.ownerId);
    void reader.stop();
  }

  /**
   * One timer for all heartbeats: 5,000 timers would cost 2 MB, and a look at 5,000 deadlines takes 0.1 ms. So a
   * heartbeat comes late by at most a twentieth of its time.
   */
  #beatWithin(heartbeatMs: number): void {
    const everyMs = Math.min(mostBeatMs, Math.max(1, heartbeatMs / 20));
    if (everyMs >= this.#beatMs || this.#state === 'stopped') return;
    clearInterval(this.#beating);
    this.#beatMs = everyMs;
    this.#beating = setInterval(() => {
      const now = performance.now();
      for (const subscription of this.#subscriptions) subscription.beat(now);
    }, everyMs);
    this.#beating.unref();
  }

  #stopBeating(): void {
    clearInterval(this.#beating);
    this.#beatMs = Number.POSITIVE_INFINITY;
  }

  #hear(words: readonly string[]): void {
    for (const word of words) {
      if (word === '*') this.#wakeAll();
      else if (!word.startsWith(enginePrefix)) this.#readers.get(word)?.wake();
    }
  }

  #wakeAll(): void {
    for (const reader of this.#readers.values()) reader.wake();
  }

  #schedulePoll(): void {
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll().finally(() => {
        if (this.#state === 'running') this.#schedulePoll();
      });
    }, this.#pollMs);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    if (this.#readers.size === 0) return;
    try {
      const heads = await readHeads(this.#database, [...this.#readers.keys()]);
      this.#recovered();
      for (const reader of this.#readers.values()) reader.compare(heads.get(reader.ownerId)?.head ?? 0);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#isFailing || this.#state === 'stopped') return;
    this.#isFailing = true;
    this.#logger.warn({ err: error }, 'the live log cannot be read, subscribers are waiting');
  }

  #recovered(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#logger.info('the live log can be read again');
  }
}
