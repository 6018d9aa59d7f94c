import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../db/pool.ts';
import { isTransient } from '../db/retry.ts';
import { messageOf } from '../errors.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import type { Tables } from '../tables.ts';
import { claimJob, type Held, noteFailure, releaseJob, type StepResult } from './held-job.ts';

/** This is longer than any statement can take. */
const leaseMs = 15_000;
/** After this time a job lets the others go first. */
const turnMs = 2_000;
const pollMs = 1_000;
const minPauseMs = 5;
const waitMs = 5_000;
const maxFailures = 3;

export type BulkRunnerOptions<Job extends Held> = Readonly<{
  database: Database;
  logger: Logger;
  table: Parameters<typeof claimJob<Job>>[1];
  /** What one job is called in the log: "a bulk replay". */
  name: string;
  /** Whether the job cannot go on now. Then it is looked at again after some seconds. */
  mustWait?(job: Job): Promise<boolean>;
  /** Does a small part of the job in one transaction, which also checks that the job is still held. */
  step(job: Job, leaseMs: number): Promise<StepResult>;
}>;

/**
 * Carries out jobs that exist only in the database, one at a time, in the background of any process. Jobs of several
 * owners take turns.
 *
 * Each step is one transaction that also updates the job, and each checks that the runner still holds the job. So after
 * a `kill -9` the next runner continues, once the lease is over, where the last commit ended. A runner that was wrongly
 * taken for dead changes nothing any more.
 *
 * Between two steps it pauses for as long as the step took, so the owner's log is free for at least half of the time.
 */
export class BulkRunner<Job extends Held> {
  readonly #options: BulkRunnerOptions<Job>;
  readonly #db: Kysely<Tables>;
  readonly #loop = new Loop({
    round: async () => ((await this.#takeTurn()) ? 0 : pollMs),
    onError: () => pollMs,
  });

  constructor(options: BulkRunnerOptions<Job>) {
    this.#options = options;
    this.#db = options.database.query;
  }

  start(): void {
    this.#loop.start();
  }

  /** Looks for jobs at once. */
  wake(): void {
    this.#loop.wake();
  }

  /** Finishes the running step and hands the job back. It is safe to call it twice. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Works on one job for a while. Returns false if there is none or it failed, so that the caller waits. */
  async #takeTurn(): Promise<boolean> {
    const { logger, table, name } = this.#options;
    let job: Job | undefined;
    try {
      job = await claimJob<Job>(this.#db, table, leaseMs);
      if (job === undefined) return false;
      if ((await this.#options.mustWait?.(job)) === true) {
        await releaseJob(this.#db, table, { job, afterMs: waitMs });
        return true;
      }
      const result = await this.#work(job);
      if (result === 'MORE') await releaseJob(this.#db, table, { job });
      return true;
    } catch (error) {
      warnAtTimes(logger, { error: messageOf(error), jobId: job?.id }, `${name} was interrupted`);
      if (job !== undefined && !isTransient(error)) await this.#noteFailure(job);
      return false;
    }
  }

  async #work(job: Job): Promise<StepResult> {
    const endsAt = performance.now() + turnMs;
    for (;;) {
      const startedAt = performance.now();
      const result = await this.#options.step(job, leaseMs);
      const now = performance.now();
      if (result !== 'MORE' || now >= endsAt || this.#loop.isStopped) return result;
      await delay(Math.max(minPauseMs, now - startedAt));
    }
  }

  async #noteFailure(job: Job): Promise<void> {
    const { logger, table, name } = this.#options;
    try {
      if (await noteFailure(this.#db, table, { job, maxFailures })) {
        logger.error({ jobId: job.id }, `${name} was stopped after errors`);
      }
    } catch {
      // The lease expires by itself.
    }
  }
}
