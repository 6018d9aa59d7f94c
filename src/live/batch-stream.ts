import type { LogBatch } from './read-log.ts';
import type { LogSubscription, NextOptions } from './subscription.ts';

/**
 * Makes a subscription the source of a GraphQL subscription. An error that ends it, such as an expired position, is
 * passed on as its last value for the resolver to throw, so that the client gets it as an error of its own operation.
 * An iterator that throws would close the whole socket.
 *
 * It is not written as a generator, because `return` must end a `next` that waits.
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
