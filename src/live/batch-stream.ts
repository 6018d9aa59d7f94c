import type { LogBatch, LogSubscription, NextOptions } from './subscription.ts';

/**
 * A subscription as the source of a GraphQL subscription. What ends it, an expired position say, comes as its last
 * value, for the resolver to throw: the client gets it as an error of its own operation. An iterator that throws
 * would take the whole socket with it.
 *
 * Written by hand, not as a generator: `return` has to end a `next` that waits.
 */
export function batchStream(
  subscription: LogSubscription,
  options: NextOptions,
): AsyncIterableIterator<LogBatch | Error> {
  let hasFailed = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (hasFailed) return { done: true, value: undefined };
      try {
        const batch = await subscription.next(options);
        return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch };
      } catch (error) {
        hasFailed = true;
        return { done: false, value: error instanceof Error ? error : new Error(String(error)) };
      }
    },
    async return() {
      subscription.return();
      return { done: true, value: undefined };
    },
  };
}
