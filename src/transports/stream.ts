/**
 * Wraps an async iterator so that it can be ended from outside, even while the source is waiting. `next` then
 * resolves at once with `last`, if there is one, and the source is told to return. `onEnd` is called exactly once in
 * any case.
 */
export function endableStream<Value>(
  source: AsyncIterable<Value>,
  options: { signal?: AbortSignal; last?: (reason: unknown) => Value; onEnd?: () => void },
): AsyncIterableIterator<Value> {
  const { signal, last, onEnd } = options;
  const iterator = source[Symbol.asyncIterator]();
  /** `cut`: ended from outside, with `last` still to be delivered. */
  let state: 'open' | 'cut' | 'ended' = 'open';
  let pending: ((result: IteratorResult<Value>) => void) | undefined;

  function settle(result: IteratorResult<Value>): void {
    pending?.(result);
    pending = undefined;
  }
  function end(): IteratorResult<Value> {
    if (state !== 'ended') {
      state = 'ended';
      signal?.removeEventListener('abort', cut);
      onEnd?.();
    }
    return { done: true, value: undefined };
  }
  function farewell(): IteratorResult<Value> {
    const ended = end();
    return last === undefined ? ended : { done: false, value: last(signal?.reason) };
  }
  function cut(): void {
    if (state !== 'open') return;
    state = 'cut';
    // The source may be stuck, so its return is not waited for.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
    if (pending !== undefined) settle(farewell());
  }
  async function leave(): Promise<IteratorResult<Value>> {
    const ended = end();
    settle(ended);
    await iterator.return?.();
    return ended;
  }

  signal?.addEventListener('abort', cut, { once: true });
  if (signal?.aborted === true) cut();

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      if (state === 'ended') return Promise.resolve(end());
      if (state === 'cut') return Promise.resolve(farewell());
      return new Promise((resolve, reject) => {
        pending = resolve;
        iterator.next().then(
          (result) => settle(result.done === true ? end() : result),
          (error) => {
            // An error of the source after it was told to end is of no interest.
            if (pending === undefined) return;
            end();
            reject(error);
          },
        );
      });
    },
    return: leave,
    async throw(error: unknown) {
      await leave();
      throw error;
    },
  };
}
