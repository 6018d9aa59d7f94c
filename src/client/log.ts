import { backOffMs, pause } from './back-off.ts';
import type { Batch, Change, LogFilter } from './change.ts';
import { logDocument, logHeadQuery, logOldestQuery, type Select } from './document.ts';
import { GapError, PositionExpiredError, UnauthenticatedError, UsageError } from './errors.ts';
import { openEventStream } from './event-stream.ts';
import { failureOf, Interruption } from './interruption.ts';
import { type Operation, post, type Result } from './post.ts';
import type { Settings } from './settings.ts';
import type { Stream } from './stream.ts';
import { openWebSocketStream } from './web-socket-stream.ts';

/**
 * `live`: everything that is known has been read. `catching up`: there is more to read. `reconnecting`: there is no
 * connection.
 */
export type LogState = 'live' | 'catching up' | 'reconnecting';

export type LogOptions<Selected = Change> = Readonly<{
  /**
   * Where to begin: after a position, after the newest change (the default), or with the oldest change that is kept.
   */
  after?: number | 'head' | 'oldest' | undefined;
  filter?: LogFilter | undefined;
  /** The fields of a change; the position is always included. */
  select?: Select<Selected> | undefined;
  /** An app's log instead of the tenant's. */
  appId?: string | undefined;
  /** Ends the iteration, without an error. */
  signal?: AbortSignal | undefined;
  /** Called whenever the state changes; `reason` tells why there is no connection. */
  onState?: ((state: LogState, reason?: string) => void) | undefined;
}>;

/**
 * The number of changes in one message: large enough to be efficient, and small enough to be handled in a few
 * seconds.
 */
const maxBatch = 500;
/** A connection that lasted this long was good, so the next try comes soon. */
const goodMs = 1_000;
/** After this many refusals in a row, the credential is not requested again. */
const mostRefusals = 2;

/**
 * An owner's log from one position on: every change exactly once and in order, as long as it is iterated.
 *
 * Everything depends on one number, `#covered`, the position up to which everything has been received. Each message
 * must begin there, and each connection asks for what comes after it. Received changes that were not yet returned
 * wait in `#batch`, and nothing more is requested before it is empty. So memory is bounded, and the server adapts to
 * the speed of the consumer.
 */
export class Log<Selected = Change> implements AsyncIterableIterator<Selected> {
  readonly #settings: Settings;
  readonly #options: LogOptions<Selected>;
  readonly #query: string;
  readonly #ending = new AbortController();
  #covered: number | undefined;
  #batch: Batch | undefined;
  #taken = 0;
  #stream: Stream | undefined;
  #openedAt: number | undefined;
  #tries = 0;
  #refusals = 0;
  #position: number | undefined;
  #head = 0;
  #state: LogState = 'reconnecting';
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(settings: Settings, options: LogOptions<Selected> = {}) {
    const { after = 'head', select, signal } = options;
    if (after !== 'head' && after !== 'oldest' && !(Number.isSafeInteger(after) && after >= 0)) {
      throw new UsageError("after is a position of the log (0, 1, 2 …), 'head' or 'oldest'.");
    }
    this.#settings = settings;
    this.#options = options;
    this.#query = logDocument(select);
    if (typeof after === 'number') this.#covered = this.#position = after;
    if (signal?.aborted) this.#end();
    signal?.addEventListener('abort', this.#end, { once: true });
  }

  /** The last position that was returned; undefined while it is not known where the log begins. */
  get position(): number | undefined {
    return this.#position;
  }

  /** The newest position that is known. */
  get head(): number {
    return this.#head;
  }

  get state(): LogState {
    return this.#state;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Selected, undefined>> {
    // Changes in memory need no waiting, but must not overtake a caller that waits.
    if (this.#waiting === 0 && this.#hasMore()) return Promise.resolve(this.#take());
    return this.#inTurn(async () => {
      while (!this.#hasMore()) if (!(await this.#receive())) return { done: true, value: undefined };
      return this.#take();
    });
  }

  /** Up to `most` available changes; an empty list if the log has only been covered further. Undefined at the end. */
  nextBatch(most: number): Promise<Readonly<{ changes: readonly Selected[]; position: number }> | undefined> {
    return this.#inTurn(async () => {
      if (!this.#hasMore() && !(await this.#receive())) return undefined;
      const changes: Selected[] = [];
      while (changes.length < most && this.#hasMore()) {
        const taken = this.#take();
        if (taken.done !== true) changes.push(taken.value);
      }
      if (!this.#hasMore()) this.#position = this.#covered;
      return { changes, position: this.#position ?? 0 };
    });
  }

  /**
   * The position at which it begins; undefined if it was ended before that was known. Throws the same errors as
   * `next`.
   */
  start(): Promise<number | undefined> {
    return this.#inTurn(async () => {
      while (this.#covered === undefined && (await this.#attempt(() => this.#findStart())));
      return this.#position;
    });
  }

  async return(): Promise<IteratorResult<Selected, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    this.#waiting += 1;
    const result = this.#turn.then(act);
    const over = () => {
      this.#waiting -= 1;
    };
    this.#turn = result.then(over, over);
    return result;
  }

  #hasMore(): boolean {
    return (
      !this.#ending.signal.aborted && this.#batch !== undefined && this.#taken < this.#batch.changes.length
    );
  }

  #take(): IteratorResult<Selected, undefined> {
    const change = this.#batch?.changes[this.#taken];
    if (change === undefined) return { done: true, value: undefined };
    this.#taken += 1;
    this.#position = change.position;
    // The fields of a change are those of the document, and the server's answer matches its schema.
    return { done: false, value: change as Selected };
  }

  /** Reads the next message. Returns false at the end. */
  async #receive(): Promise<boolean> {
    this.#position = this.#covered;
    return await this.#attempt(async () => {
      if (this.#covered === undefined) await this.#findStart();
      this.#stream ??= this.#open();
      const result = await this.#stream.next();
      if (this.#ending.signal.aborted) return;
      if (result === undefined) throw new Interruption('The stream has ended.');
      this.#accept(batchOf(result));
    });
  }

  /** Tries until it succeeds, or throws if trying again cannot help. Returns false at the end. */
  async #attempt(act: () => Promise<void>): Promise<boolean> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await act();
        return !signal.aborted;
      } catch (error) {
        this.#drop();
        if (signal.aborted) return false;
        if (this.#startsLater(error)) continue;
        if (!(error instanceof Interruption)) throw this.#endWith(error);
        this.#refusals = error.isRefusal ? this.#refusals + 1 : 0;
        if (this.#refusals >= mostRefusals || (error.isExpiry && !this.#settings.hasTokenSource)) {
          throw this.#endWith(new UnauthenticatedError(error.message));
        }
        this.#setState('reconnecting', error.message);
        const askedMs = (error.retryAfterSeconds ?? 0) * 1_000;
        await pause(askedMs + backOffMs(this.#tries), signal);
        this.#tries += 1;
      }
    }
    return false;
  }

  async #findStart(): Promise<void> {
    const { after, appId } = this.#options;
    const query = after === 'oldest' ? logOldestQuery : logHeadQuery;
    const { data, errors } = await this.#ask({ query, variables: { appId } });
    const position = data?.logHead ?? data?.logOldest;
    if (typeof position !== 'number') throw failureOf(errors ?? []);
    this.#covered = this.#position = position;
    this.#head = Math.max(this.#head, position);
  }

  #ask(operation: Operation): Promise<Result> {
    return post(this.#settings, operation, {
      signal: this.#ending.signal,
      withinMs: this.#settings.silenceMs,
    });
  }

  /** The oldest position may have changed since a moment ago. */
  #startsLater(error: unknown): boolean {
    const isAtStart = this.#options.after === 'oldest' && this.#batch === undefined;
    if (!isAtStart || !(error instanceof PositionExpiredError)) return false;
    this.#covered = this.#position = error.oldest;
    return true;
  }

  #open(): Stream {
    const { filter, appId } = this.#options;
    const open = this.#settings.transport === 'ws' ? openWebSocketStream : openEventStream;
    const variables = { after: this.#covered, filter, appId, maxBatch };
    const stream = open(this.#settings, { query: this.#query, variables }, () => {
      this.#refusals = 0;
      this.#openedAt = performance.now();
      void this.#lookAtHead(stream);
    });
    return stream;
  }

  /** If nothing happens, the first message takes a while. Only the head tells that there is nothing to read. */
  async #lookAtHead(stream: Stream): Promise<void> {
    const operation = { query: logHeadQuery, variables: { appId: this.#options.appId } };
    const answer = await this.#ask(operation).catch(() => undefined);
    const head = answer?.data?.logHead;
    if (typeof head !== 'number' || this.#stream !== stream || this.#ending.signal.aborted) return;
    this.#head = Math.max(this.#head, head);
    this.#setState(this.#covered !== undefined && this.#covered >= head ? 'live' : 'catching up');
  }

  /** Checks that nothing is missing before anything is returned. */
  #accept(batch: Batch): void {
    const covered = this.#covered ?? batch.after;
    if (batch.after !== covered) throw new GapError(covered, batch.after);
    let last = covered;
    for (const { position } of batch.changes) {
      const isNext = this.#options.filter == null ? position === last + 1 : position > last;
      if (!isNext) throw new GapError(last, position - 1);
      last = position;
    }
    const isWhole = this.#options.filter == null ? batch.position === last : batch.position >= last;
    if (!isWhole) throw new GapError(last, batch.position);
    this.#batch = batch;
    this.#taken = 0;
    this.#covered = batch.position;
    if (batch.changes.length === 0) this.#position = batch.position;
    this.#tries = 0;
    this.#head = Math.max(this.#head, batch.head);
    this.#setState(batch.position >= batch.head ? 'live' : 'catching up');
  }

  #drop(): void {
    if (this.#openedAt !== undefined && performance.now() - this.#openedAt > goodMs) this.#tries = 0;
    this.#openedAt = undefined;
    this.#stream?.close();
    this.#stream = undefined;
  }

  #setState(state: LogState, reason?: string): void {
    if (state === this.#state && reason === undefined) return;
    this.#state = state;
    this.#options.onState?.(state, reason);
  }

  readonly #end = (): void => {
    this.#options.signal?.removeEventListener('abort', this.#end);
    this.#ending.abort();
    this.#drop();
  };

  #endWith(error: unknown): unknown {
    this.#end();
    return error;
  }
}

function batchOf({ data, errors }: Result): Batch {
  const batch = data?.deliveryLog;
  if (errors !== undefined || !isBatch(batch)) throw failureOf(errors ?? []);
  return batch;
}

const isBatch = (value: unknown): value is Batch =>
  typeof value === 'object' &&
  value !== null &&
  'changes' in value &&
  'after' in value &&
  'position' in value;
