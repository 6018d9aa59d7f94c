import type { Context, Progress } from '../graph/context.ts';
import type { Hub } from './hub.ts';
import type { LogBatch } from './read-log.ts';
import type { Asker, LogSubscription, NextOptions, SubscriptionOptions, Taker } from './subscription.ts';

type Value = LogBatch | Error;

/**
 * The source of a GraphQL subscription to the log. An error that ends it, such as an expired position, is passed on as
 * its last value for the resolver to throw, so that the client gets it as an error of its own operation. An iterator
 * that throws would close the whole socket.
 *
 * Where the transport takes events at once, they go to it past `next`. `progress` tells it what was handed out last, so
 * that a client that is disconnected can be told where to resume.
 *
 * It is one object for each subscriber, not a generator or one iterator around another: `return` has to end a `next`
 * that waits, and there may be thousands.
 */
export class BatchStream implements AsyncIterableIterator<Value>, Asker, Taker {
  readonly takesChanges: boolean;
  readonly #subscription: LogSubscription;
  readonly #options: NextOptions;
  readonly #offerEvent: Context['offerEvent'];
  readonly #progress: Progress | undefined;
  readonly #ofMessages: boolean;
  readonly #onEnd: (() => void) | undefined;
  /** The position of the last message, where heartbeats are none. */
  #linked: number | undefined;
  #hasEnded = false;
  #resolve: ((result: IteratorResult<Value>) => void) | undefined;

  constructor(options: {
    hub: Pick<Hub, 'subscribe'>;
    log: SubscriptionOptions & { ownerId: string };
    next: NextOptions;
    /**
     * Each message is one change, and is linked to the one before by `after`. A heartbeat is no message then: the
     * transport tells in its own way how far the log is covered.
     */
    ofMessages: boolean;
    context: Pick<Context, 'offerEvent' | 'progress'>;
    /** Called when it has ended, at least once. */
    onEnd?: (() => void) | undefined;
  }) {
    const { offerEvent, progress } = options.context;
    this.#options = options.next;
    this.#ofMessages = options.ofMessages;
    this.#offerEvent = offerEvent;
    this.#progress = progress;
    this.#onEnd = options.onEnd;
    // A transport that takes nothing at once is not asked: what is new would be collected twice.
    this.takesChanges = offerEvent !== undefined;
    this.#subscription = options.hub.subscribe({ ...options.log, taker: this });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Value>> {
    if (this.#hasEnded) return Promise.resolve(ended);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#subscription.ask(this.#options, this);
    });
  }

  return(): Promise<IteratorResult<Value>> {
    this.#subscription.return();
    this.#end();
    return Promise.resolve(ended);
  }

  answer(batch: LogBatch | undefined): void {
    if (batch === undefined) {
      this.#end();
      this.#resolve?.(ended);
      return;
    }
    if (this.#progress !== undefined) {
      this.#progress.position ??= batch.after;
      this.#progress.taken = batch.position;
    }
    const value = this.#eventOf(batch);
    this.#linked = batch.position;
    this.#resolve?.({ done: false, value });
  }

  fail(error: unknown): void {
    this.#end();
    this.#resolve?.({ done: false, value: error instanceof Error ? error : new Error(String(error)) });
  }

  offer(batch: LogBatch): boolean {
    const progress = this.#progress;
    const isMessage = !this.#ofMessages || batch.changes.length > 0;
    if (isMessage && this.#offerEvent?.(this.#eventOf(batch)) !== true) return false;
    if (isMessage) this.#linked = batch.position;
    else this.#linked ??= batch.after;
    if (progress !== undefined) {
      // The client asked for the next message, so it has taken all before.
      progress.taken = batch.position;
      progress.position = batch.position;
      if (!isMessage) progress.onCovered?.(batch.position);
    }
    return true;
  }

  /** The batch as it follows the last message. */
  #eventOf(batch: LogBatch): LogBatch {
    if (!this.#ofMessages) return batch;
    this.#linked ??= batch.after;
    return this.#linked === batch.after ? batch : { ...batch, after: this.#linked };
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd?.();
  }
}

const ended: IteratorReturnResult<undefined> = { done: true, value: undefined };
