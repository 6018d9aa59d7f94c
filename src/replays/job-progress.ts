import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../errors.ts';

const pollMs = 250;

type Job = Readonly<{ status: string; matched: number; skipped: number }>;

/**
 * Yields a job at once and then whenever its status or one of its numbers has changed, until it has ended. An error
 * that ends the stream, such as a revoked credential, is passed on as its last value for the resolver to throw, because
 * an iterator that throws would close the whole socket. It is not written as a generator, because `return` must end a
 * `next` that waits.
 */
export function jobProgress<Found extends Job>(options: {
  find: () => Promise<Found | undefined>;
  /** The number of deliveries of the job that are done. */
  done: (job: Found) => number;
  /** What is said if the job is gone. */
  missing: string;
  signal: AbortSignal | undefined;
}): AsyncIterableIterator<Found | Error> {
  const { find, done, missing } = options;
  const left = new AbortController();
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([left.signal, options.signal]);
  let last: Found | undefined;
  let hasFailed = false;
  const isSame = (a: Found, b: Found) =>
    a.status === b.status && a.matched === b.matched && done(a) === done(b) && a.skipped === b.skipped;

  async function next(): Promise<Found | undefined> {
    while (last?.status !== 'COMPLETED' && last?.status !== 'FAILED') {
      if (last !== undefined) await delay(pollMs, undefined, { signal }).catch(() => undefined);
      if (left.signal.aborted) return undefined;
      options.signal?.throwIfAborted();
      const now = await find();
      if (now === undefined) throw new RequestError('NOT_FOUND', missing);
      if (last !== undefined && isSame(last, now)) continue;
      last = now;
      return now;
    }
    return undefined;
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (hasFailed) return { done: true, value: undefined };
      try {
        const value = await next();
        return value === undefined ? { done: true, value } : { done: false, value };
      } catch (error) {
        hasFailed = true;
        return { done: false, value: error instanceof Error ? error : new Error(String(error)) };
      }
    },
    async return() {
      left.abort();
      return { done: true, value: undefined };
    },
  };
}
