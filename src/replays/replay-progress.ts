import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { RequestError } from '../errors.ts';
import type { Tables } from '../tables.ts';
import { findReplayJob, type ReplayJob } from './replay-job.ts';

const pollMs = 250;

/**
 * Yields a job at once and then whenever it has changed, until it has ended. An error that ends the stream, such as a
 * revoked credential, is passed on as its last value for the resolver to throw, because an iterator that throws would
 * close the whole socket. It is not written as a generator, because `return` must end a `next` that waits.
 */
export function replayProgress(
  db: Kysely<Tables>,
  job: { ownerId: string; id: string; signal: AbortSignal | undefined },
): AsyncIterableIterator<ReplayJob | Error> {
  const left = new AbortController();
  const signal = job.signal === undefined ? left.signal : AbortSignal.any([left.signal, job.signal]);
  let last: ReplayJob | undefined;
  let hasFailed = false;

  async function next(): Promise<ReplayJob | undefined> {
    while (last?.status !== 'COMPLETED' && last?.status !== 'FAILED') {
      if (last !== undefined) await delay(pollMs, undefined, { signal }).catch(() => undefined);
      if (left.signal.aborted) return undefined;
      job.signal?.throwIfAborted();
      const now = await findReplayJob(db, job.ownerId, job.id);
      if (now === undefined) throw new RequestError('NOT_FOUND', 'There is no such bulk replay.');
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

function isSame(a: ReplayJob, b: ReplayJob): boolean {
  return (
    a.status === b.status && a.matched === b.matched && a.replayed === b.replayed && a.skipped === b.skipped
  );
}
