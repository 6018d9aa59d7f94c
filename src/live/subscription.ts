import type { EndSignal } from '../access/ending.ts';
import { isTransient } from '../db/retry.ts';
import type { OwnerReader } from './owner-reader.ts';
import type { LogBatch, LogChange, LogPoint } from './read-log.ts';

/**
 * The limit for changes in one read of the table while catching up. Changes that do not fit into a message are kept
 * for the next.
 */
const catchUpPageSize = 250;
/** The time between two tries while the database cannot be reached. */
const retryMs = 250;

export type NextOptions = Readonly<{
  /** The limit for changes in the batch. */
  maxBatch: number;
  /** After this time without a matching change, an empty batch tells how far the log has been covered. */
  heartbeatMs?: number | undefined;
}>;

/** Who has asked for the next batch. It is answered once, perhaps before `ask` has returned. */
export type Asker = Readonly<{
  /** Undefined once the subscription has ended. */
  answer(batch: LogBatch | undefined): void;
  fail(error: unknown): void;
}>;

/**
 * Is shown what is new while an asker waits. True where it has been taken: the asker goes on waiting. It must neither
 * throw nor call the subscription.
 */
export type Taker = Readonly<{
  /** Whether it takes changes as well as heartbeats. What is not taken has been collected for nothing. */
  takesChanges: boolean;
  offer(batch: LogBatch): boolean;
}>;

export type SubscriptionOptions = Readonly<{
  after?: number | undefined;
  filter?: ((change: LogChange) => boolean) | undefined;
  /** The same for every filter that lets the same changes through: who stands at the same place gets the same batch. */
  filterKey?: string | undefined;
  /** Each of them ends the subscription, with its reason. */
  signals?: readonly EndSignal[] | undefined;
  taker?: Taker | undefined;
}>;

/** What all subscriptions of a process have in common. */
export type SubscriptionHost = Readonly<{
  onFailure(error: unknown): void;
  onEnd(subscription: LogSubscription, reader: OwnerReader): void;
  /** A subscription waits for its heartbeat: `beat` is to be called every so often. */
  onWait(heartbeatMs: number): void;
}>;

/**
 * What a taker takes at a time. It must be less than SharedBatches keeps: after a burst each subscriber would otherwise
 * be past what the next one needs, and all of them would have batches of their own, and results and frames of their own.
 */
const mostOffered = 8;
const everything = () => true;
const noChanges: readonly LogChange[] = [];
const noSignals: readonly EndSignal[] = [];

/**
 * The progress of one subscriber through an owner's log.
 *
 * It is a position, not a queue, and the position decides what happens next. If a page has been read, the next change
 * comes from it, otherwise from the reader's ring. At the reader's own position it waits. Further back it reads the
 * table at its own pace. Ahead of the reader (it resumed after what another process had shown) it reads the table
 * once and then waits. So a slow subscriber costs at most one page, delays nobody and loses nothing. Changes that do
 * not match the filter are skipped.
 *
 * Only one `next` may run at a time. It throws LOG_POSITION_EXPIRED and LOG_POSITION_AHEAD, after which the
 * subscription has ended. While the database cannot be reached it waits. `return` and the signal end it at once, even
 * during a wait.
 *
 * Most subscribers wait most of the time, so one that waits is this object alone: no timer, no promise and no function
 * of its own. The reader tells it that it has moved, and the hub that its heartbeat may be due.
 */
export class LogSubscription {
  readonly #reader: OwnerReader;
  readonly #host: SubscriptionHost;
  readonly #filter: (change: LogChange) => boolean;
  readonly #filterKey: string | undefined;
  readonly #taker: Taker | undefined;
  readonly #signals: readonly EndSignal[];
  /** Everything up to this point was returned or did not match the filter. Undefined until the head is known. */
  #point: LogPoint | undefined;
  /** The position of the last batch. */
  #reported = 0;
  #page: readonly LogChange[] = noChanges;
  #tableHead = 0;
  #asker: Asker | undefined;
  #asked: NextOptions = { maxBatch: 1 };
  #deadline = 0;
  /** `reading`: it reads the table, and goes on by itself. `waiting` and `ahead`: at the reader's position, and beyond it. */
  #state: 'idle' | 'reading' | 'waiting' | 'ahead' | 'ended' = 'idle';
  /** Whether the last read of the table found nothing after the point. */
  #isCaughtUp = false;
  #failure: unknown;
  /** Ends the pause before the database is tried again. */
  #wake: (() => void) | undefined;

  constructor(reader: OwnerReader, host: SubscriptionHost, options: SubscriptionOptions) {
    this.#reader = reader;
    this.#host = host;
    this.#filter = options.filter ?? everything;
    this.#filterKey = options.filterKey;
    this.#taker = options.taker;
    this.#signals = options.signals ?? noSignals;
    reader.watch(this);
    for (const signal of this.#signals) signal.addEventListener('abort', this);
    if (options.after === undefined) void this.#beginAtHead();
    else this.#beginAt({ position: options.after, since: undefined });
  }

  /** The next batch; undefined once the subscription has ended. */
  next(options: NextOptions): Promise<LogBatch | undefined> {
    return new Promise((resolve, reject) => {
      this.ask(options, { answer: resolve, fail: reject });
    });
  }

  /** The same without a promise. */
  ask(options: NextOptions, asker: Asker): void {
    const ended = this.#signals.find(({ aborted }) => aborted);
    if (ended !== undefined) asker.fail(ended.reason);
    else if (this.#asker !== undefined)
      asker.fail(new Error('next() was called before the previous call had answered.'));
    else if (this.#state === 'ended') this.#answerEnded(asker);
    else {
      this.#asker = asker;
      this.#asked = options;
      this.#putOffHeartbeat();
      if (this.#state === 'idle') this.#advance();
    }
  }

  /** Ends the subscription; a waiting `next` returns undefined. It may be called several times. */
  return(): void {
    this.#end();
  }

  /** A signal's: ends the subscription with its reason. */
  handleEvent(): void {
    this.#failure = this.#signals.find(({ aborted }) => aborted)?.reason;
    this.#end();
  }

  /** The reader has moved: what is new is offered while `next` waits. What is not taken, `next` answers. */
  moved(): void {
    const isWaiting = this.#state === 'waiting';
    if (isWaiting && this.#taker?.takesChanges === true) this.#offer(this.#taker);
    // Where the taker has ended it, or it has taken everything, there is nothing to do.
    if (isWaiting && this.#point?.position === this.#reader.covered) return;
    if (this.#state === 'waiting' || this.#state === 'ahead') this.#advance();
    else this.#wake?.();
  }

  /** The heartbeat may be due. */
  beat(now: number): void {
    if (now >= this.#deadline && (this.#state === 'waiting' || this.#state === 'ahead')) this.#advance();
  }

  /** The deadline counts from here, since something was answered or taken. */
  #putOffHeartbeat(): void {
    this.#deadline = performance.now() + (this.#asked.heartbeatMs ?? Number.POSITIVE_INFINITY);
  }

  #offer(taker: Taker): void {
    for (let left = mostOffered; left > 0; left -= 1) {
      if (this.#state !== 'waiting' || this.#point === undefined) return;
      const [from, reported] = [this.#point, this.#reported];
      const batch = this.#step(from, this.#asked.maxBatch);
      if (batch === undefined) return;
      if (!taker.offer(batch)) {
        this.#point = from;
        this.#reported = reported;
        return;
      }
      this.#putOffHeartbeat();
    }
  }

  /** Answers the asker from memory, or waits, or begins to read the table. */
  #advance(): void {
    this.#state = 'idle';
    if (this.#asker === undefined || this.#point === undefined) return;
    const step = this.#step(this.#point, this.#asked.maxBatch);
    const { position } = this.#point;
    const batch = step ?? this.#heartbeat(position);
    const { covered } = this.#reader;
    if (batch !== undefined) this.#answer(batch);
    else if (position === covered) this.#wait('waiting');
    else if (this.#isCaughtUp && position > (covered ?? -1)) {
      this.#wait('ahead');
      this.#reader.wake();
    } else void this.#readTable(this.#point);
  }

  #wait(state: 'waiting' | 'ahead'): void {
    this.#state = state;
    this.#isCaughtUp = false;
    const { heartbeatMs } = this.#asked;
    if (heartbeatMs !== undefined) this.#host.onWait(heartbeatMs);
  }

  /** The empty batch, where it is time for one and the taker has not taken it. */
  #heartbeat(position: number): LogBatch | undefined {
    if (performance.now() < this.#deadline) return undefined;
    const batch = this.#report([], position);
    if (this.#taker?.offer(batch) !== true) return batch;
    this.#putOffHeartbeat();
    return undefined;
  }

  #answer(batch: LogBatch): void {
    const asker = this.#asker;
    this.#asker = undefined;
    asker?.answer(batch);
  }

  #answerEnded(asker: Asker): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure === undefined) asker.answer(undefined);
    else asker.fail(failure);
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    for (const signal of this.#signals) signal.removeEventListener('abort', this);
    this.#reader.unwatch(this);
    this.#page = noChanges;
    const asker = this.#asker;
    this.#asker = undefined;
    // A running read, however long it takes, is not waited for.
    if (asker !== undefined) this.#answerEnded(asker);
    this.#wake?.();
    this.#host.onEnd(this, this.#reader);
  }

  /** The next batch from memory, if a change matches. A subscriber who stands where the last one stood takes its batch. */
  #step(from: LogPoint, maxBatch: number): LogBatch | undefined {
    const { batches, covered } = this.#reader;
    const filterKey = this.#filterKey;
    if (filterKey === undefined) return this.#stepAlone(from, maxBatch);
    const head = Math.max(this.#reader.head, this.#tableHead);
    const asked = { filterKey, from: from.position, after: this.#reported, head, covered, maxBatch };
    const known = batches.step(asked);
    if (known === undefined) {
      const batch = this.#stepAlone(from, maxBatch);
      if (this.#point !== undefined && this.#point !== from)
        batches.remember({ ...asked, batch, point: this.#point });
      return batch;
    }
    this.#point = known.point;
    if (known.batch !== undefined) this.#reported = known.point.position;
    return known.batch;
  }

  #stepAlone(from: LogPoint, maxBatch: number): LogBatch | undefined {
    const changes = this.#collect(from, maxBatch);
    return changes.length === 0 ? undefined : this.#report(changes, this.#point?.position ?? from.position);
  }

  /** Returns matching changes from memory, and moves the point past all changes that it looked at. */
  #collect(from: LogPoint, maxBatch: number): LogChange[] {
    const changes: LogChange[] = [];
    let last: LogChange | undefined;
    let position = from.position;
    while (changes.length < maxBatch) {
      const change = this.#held(position + 1);
      if (change === undefined) break;
      if (this.#filter(change)) changes.push(change);
      last = change;
      position = change.position;
    }
    if (last !== undefined) this.#point = { position, since: last.occurredAt };
    return changes;
  }

  #held(position: number): LogChange | undefined {
    const first = this.#page[0];
    if (first !== undefined) {
      const change = this.#page[position - first.position];
      if (change !== undefined) return change;
      this.#page = noChanges;
    }
    return this.#reader.recent(position);
  }

  #report(changes: readonly LogChange[], position: number): LogBatch {
    const after = this.#reported;
    this.#reported = position;
    const head = Math.max(this.#reader.head, this.#tableHead, position);
    const batch = { after, position, head, changes };
    return this.#filterKey === undefined ? batch : this.#reader.batches.same(this.#filterKey, batch);
  }

  async #beginAtHead(): Promise<void> {
    this.#state = 'reading';
    try {
      const found = await this.#patiently(() => this.#reader.source.head());
      if (found !== undefined) this.#beginAt(found.point);
    } catch (error) {
      this.#fail(error);
    }
  }

  #beginAt(point: LogPoint): void {
    if (this.#state === 'ended') return;
    this.#point = point;
    this.#reported = point.position;
    this.#advance();
  }

  /** Reads the next page, which is empty if the point is the head. */
  async #readTable(point: LogPoint): Promise<void> {
    this.#state = 'reading';
    const limit = Math.max(this.#asked.maxBatch, catchUpPageSize);
    try {
      const page = await this.#patiently(() => this.#reader.source.page(point, limit));
      if (page === undefined || this.#isOver()) return;
      this.#page = page.changes;
      this.#tableHead = page.head;
      this.#isCaughtUp = page.changes.length === 0;
      this.#advance();
    } catch (error) {
      this.#fail(error);
    }
  }

  #isOver(): boolean {
    return this.#state === 'ended';
  }

  /** The next `next` throws it, if none waits now. */
  #fail(error: unknown): void {
    if (this.#isOver()) return;
    this.#failure = error;
    this.#end();
  }

  /**
   * Repeats a read as long as the database cannot be reached. Returns undefined if the subscription ended meanwhile.
   */
  async #patiently<T>(read: () => Promise<T>): Promise<T | undefined> {
    while (!this.#isOver()) {
      try {
        // A subscription that ended while it waited for a turn gives it up.
        return await this.#reader.catchUpInTurn(async () => (this.#isOver() ? undefined : await read()));
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#host.onFailure(error);
        await this.#pause();
      }
    }
    return undefined;
  }

  /** Until the reader has moved, the subscription has ended or some time is over. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, retryMs);
      this.#wake = wake;
    });
  }
}
