import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import type { EndSignal } from '../access/ending.ts';
import type { RequestContext } from './request-context.ts';

/** What decides about a result apart from the event: who asked for what. */
export type Asked = Readonly<{ args: ExecutionArgs; context: RequestContext }>;

/** Works out the results of all subscriptions. */
export type Results = Readonly<{
  /** The result for an event of the subscription's source. */
  resultOf(stream: ResultStream, event: unknown): Promise<ExecutionResult>;
}>;

type Next = IteratorResult<ExecutionResult>;

/**
 * The results of one subscription, one for each event of its source. It can be ended from outside, even while the source
 * waits: `next` then resolves at once, with a last result if a signal has ended it, and the source is told to return.
 * What was given to `whenEnded` is called exactly once in any case.
 *
 * It is one object for each subscriber, with everything that the layers between source and socket have to know, because
 * there may be thousands. So it is not a generator, and no iterator around another.
 */
export class ResultStream implements AsyncIterableIterator<ExecutionResult> {
  readonly args: ExecutionArgs;
  readonly context: RequestContext;
  /** What others must have in common with this one to get the same results; undefined if they cannot. */
  readonly key: string | undefined;
  /** The whole key with the caller, and the caller that it was made for. */
  keyOfCaller: string | undefined;
  keyedCaller: RequestContext['actor'];
  readonly #source: AsyncIterator<unknown>;
  readonly #results: Results;
  #signal: EndSignal | undefined;
  /** `cut`: ended from outside, with the last result still to be delivered. */
  #state: 'open' | 'cut' | 'ended' = 'open';
  #pending: ((result: Next) => void) | undefined;
  #onEnd: readonly (() => void)[] = none;

  constructor(source: AsyncIterable<unknown>, results: Results, asked: Asked & { key: string | undefined }) {
    this.#source = source[Symbol.asyncIterator]();
    this.#results = results;
    this.args = asked.args;
    this.context = asked.context;
    this.key = asked.key;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  whenEnded(listener: () => void): void {
    if (this.#state === 'ended') listener();
    else this.#onEnd = [...this.#onEnd, listener];
  }

  /** Ends with one last result that has the signal's reason as its error. */
  endWith(signal: EndSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', this);
    if (signal.aborted) this.handleEvent();
  }

  /** The signal's. */
  handleEvent(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cut';
    // The source may be stuck, so its return is not waited for.
    Promise.resolve(this.#source.return?.()).catch(() => undefined);
    if (this.#pending !== undefined) this.#settle(this.#farewell());
  }

  next(): Promise<Next> {
    if (this.#state === 'ended') return Promise.resolve(ended);
    if (this.#state === 'cut') return Promise.resolve(this.#farewell());
    return new Promise((resolve, reject) => {
      this.#pending = resolve;
      this.#source.next().then(
        ({ done, value }) => {
          if (done === true) return this.#settle(this.#end());
          // Nobody waits for a result any more.
          if (this.#pending === undefined) return;
          this.#results.resultOf(this, value).then(
            (result) => this.#settle({ done: false, value: result }),
            (error) => this.#fail(error, reject),
          );
        },
        (error) => this.#fail(error, reject),
      );
    });
  }

  return(): Promise<Next> {
    return this.#leave();
  }

  async throw(error: unknown): Promise<Next> {
    await this.#leave();
    throw error;
  }

  async #leave(): Promise<Next> {
    const result = this.#end();
    this.#settle(result);
    await this.#source.return?.();
    return result;
  }

  #fail(error: unknown, reject: (error: unknown) => void): void {
    // An error of the source after it was told to end is of no interest.
    if (this.#pending === undefined) return;
    this.#pending = undefined;
    this.#end();
    Promise.resolve(this.#source.return?.()).catch(() => undefined);
    reject(error);
  }

  #settle(result: Next): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.(result);
  }

  #farewell(): Next {
    this.#end();
    return { done: false, value: { errors: [asGraphQLError(this.#signal?.reason)] } };
  }

  #end(): Next {
    if (this.#state !== 'ended') {
      this.#state = 'ended';
      this.#signal?.removeEventListener('abort', this);
      for (const listener of this.#onEnd) listener();
      this.#onEnd = none;
    }
    return ended;
  }
}

const none: readonly (() => void)[] = [];
const ended: IteratorReturnResult<undefined> = { done: true, value: undefined };

const asGraphQLError = (reason: unknown) =>
  new GraphQLError('The credential is no longer valid.', {
    ...(reason instanceof Error ? { originalError: reason } : {}),
  });
