import { isTransient } from '../db/retry.ts';
import type { LogSource, OwnerReader } from './owner-reader.ts';
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
 */
export class LogSubscription {
  readonly #reader: OwnerReader;
  readonly #source: LogSource;
  readonly #inTurn: <T>(read: () => Promise<T>) => Promise<T>;
  readonly #filter: (change: LogChange) => boolean;
  readonly #filterKey: string | undefined;
  readonly #onFailure: (error: unknown) => void;
  readonly #onEnd: () => void;
  readonly #offer: ((batch: LogBatch) => boolean) | undefined;
  readonly #signal: AbortSignal | undefined;
  /** The position where it began; resolved once the head is known. */
  readonly #origin: Promise<LogPoint | undefined>;
  /** Everything up to this point was returned or did not match the filter. */
  #point: LogPoint | undefined;
  /** The position of the last batch. */
  #reported = 0;
  #page: readonly LogChange[] = [];
  #tableHead = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  /** What `next` was asked for, while it waits at the reader's position. */
  #waitingFor: NextOptions | undefined;
  #deadline = 0;
  #pending: ((error?: unknown) => void) | undefined;

  constructor(options: {
    reader: OwnerReader;
    source: LogSource;
    /** Runs a read when it is this owner's turn. */
    inTurn: <T>(read: () => Promise<T>) => Promise<T>;
    after?: number | undefined;
    filter?: ((change: LogChange) => boolean) | undefined;
    /** The same for every filter that lets the same changes through. Undefined: batches are not shared. */
    filterKey?: string | undefined;
    signal?: AbortSignal | undefined;
    offer?: ((batch: LogBatch) => boolean) | undefined;
    onFailure: (error: unknown) => void;
    onEnd: () => void;
  }) {
    this.#reader = options.reader;
    this.#source = options.source;
    this.#inTurn = options.inTurn;
    this.#filter = options.filter ?? (() => true);
    this.#filterKey = options.filterKey;
    this.#signal = options.signal;
    this.#onFailure = options.onFailure;
    this.#onEnd = options.onEnd;
    this.#offer = options.offer;
    this.#reader.watch(this.#onMoved);
    this.#origin =
      options.after === undefined
        ? this.#patiently(async () => (await this.#source.head()).point)
        : Promise.resolve({ position: options.after, since: undefined });
    // A call of next() throws this error; without such a call it must not be unhandled.
    this.#origin.catch(() => undefined);
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** The next batch; undefined once the subscription has ended. */
  next(options: NextOptions): Promise<LogBatch | undefined> {
    if (this.#signal?.aborted) return Promise.reject(this.#signal.reason);
    if (this.#ended) return Promise.resolve(undefined);
    if (this.#pending !== undefined)
      return Promise.reject(new Error('next() was called before the previous call had answered.'));
    return new Promise((resolve, reject) => {
      // When the subscription ends, this answers at once, however long a running read takes.
      this.#pending = (error) => (error === undefined ? resolve(undefined) : reject(error));
      this.#advance(options).then(
        (batch) => {
          this.#pending = undefined;
          resolve(batch);
        },
        (error: unknown) => {
          this.#pending = undefined;
          this.#end();
          reject(error);
        },
      );
    });
  }

  /** Ends the subscription; a waiting `next` returns undefined. It may be called several times. */
  return(): void {
    this.#end();
  }

  readonly #abort = () => this.#end(this.#signal?.reason);

  #end(reason?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#reader.unwatch(this.#onMoved);
    this.#page = [];
    this.#waitingFor = undefined;
    this.#pending?.(reason);
    this.#pending = undefined;
    this.#poke();
    this.#onEnd();
  }

  async #advance(options: NextOptions): Promise<LogBatch | undefined> {
    this.#putOffHeartbeat(options);
    const origin = await this.#origin;
    if (origin === undefined) return undefined;
    if (this.#point === undefined) {
      this.#point = origin;
      this.#reported = origin.position;
    }
    /** Whether the last read of the table found nothing after the point. */
    let isCaughtUp = false;
    while (!this.#ended) {
      const batch = this.#step(this.#point, options.maxBatch);
      const { position } = this.#point;
      if (batch !== undefined) return batch;
      if (performance.now() >= this.#deadline) return this.#report([], position);
      const covered = this.#reader.covered;
      if (position === covered || (isCaughtUp && position > (covered ?? -1))) {
        if (position !== covered) this.#reader.wake();
        else this.#waitingFor = options;
        await this.#wait(this.#deadline - performance.now());
        this.#waitingFor = undefined;
        isCaughtUp = false;
      } else {
        isCaughtUp = !(await this.#readTable(this.#point, options.maxBatch));
      }
    }
    return undefined;
  }

  #putOffHeartbeat({ heartbeatMs }: NextOptions): void {
    this.#deadline = performance.now() + (heartbeatMs ?? Number.POSITIVE_INFINITY);
  }

  /** The reader has moved: what is new is offered while `next` waits. What is not taken, `next` answers. */
  readonly #onMoved = () => {
    while (this.#offer !== undefined && this.#waitingFor !== undefined && this.#point !== undefined) {
      const [from, reported] = [this.#point, this.#reported];
      const batch = this.#step(from, this.#waitingFor.maxBatch);
      if (batch === undefined) break;
      if (!this.#offer(batch)) {
        this.#point = from;
        this.#reported = reported;
        break;
      }
      this.#putOffHeartbeat(this.#waitingFor);
    }
    if (this.#waitingFor === undefined || this.#point?.position !== this.#reader.covered) this.#poke();
  };

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
      this.#page = [];
    }
    return this.#reader.recent(position);
  }

  /** Reads the next page. Returns false if the point is the head. */
  async #readTable(point: LogPoint, maxBatch: number): Promise<boolean> {
    const page = await this.#patiently(() => this.#source.page(point, Math.max(maxBatch, catchUpPageSize)));
    if (page === undefined) return false;
    this.#page = page.changes;
    this.#tableHead = page.head;
    return page.changes.length > 0;
  }

  #report(changes: readonly LogChange[], position: number): LogBatch {
    const after = this.#reported;
    this.#reported = position;
    const head = Math.max(this.#reader.head, this.#tableHead, position);
    const batch = { after, position, head, changes };
    return this.#filterKey === undefined ? batch : this.#reader.batches.same(this.#filterKey, batch);
  }

  /**
   * Repeats a read as long as the database cannot be reached. Returns undefined if the subscription ended meanwhile.
   */
  async #patiently<T>(read: () => Promise<T>): Promise<T | undefined> {
    while (!this.#ended) {
      try {
        // A subscription that ended while it waited for a turn gives it up.
        return await this.#inTurn(async () => (this.#ended ? undefined : await read()));
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#onFailure(error);
        await this.#wait(retryMs);
      }
    }
    return undefined;
  }

  /** Waits until the reader has moved, the subscription has ended or the time is over. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#poke(), Math.max(0, ms)) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  readonly #poke = () => {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  };
}
