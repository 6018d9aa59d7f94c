import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { isTransient, retrying } from '../db/retry.ts';
import { messageOf } from '../errors.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { recoverMissed } from './recover-endpoint.ts';
import {
  claimReplayJob,
  gatherItems,
  type HeldJob,
  noteFailure,
  releaseReplayJob,
  replayNextItems,
  type StepResult,
} from './replay-steps.ts';

/** The number of rows that one statement reads while it collects. It takes about 30 ms. */
const gatherRows = 2_000;
/** The number of deliveries that one statement replays. It locks the owner’s log for the last tenth of its time. */
const replayItemsPerStep = 500;
/** This is longer than any statement can take. */
const leaseMs = 15_000;
/** After this time a job lets the others go first. */
const turnMs = 2_000;
const pollMs = 1_000;
const minPauseMs = 5;
const maxFailures = 3;
const retries = 5;

/**
 * Carries out bulk replays, one at a time, in the background of any process. Jobs of several owners take turns.
 *
 * A job exists only in the database. First the matching deliveries are collected into `replay_job_item`, page by page
 * along an index; then item after item is replayed. Each step is one statement and one transaction that also updates
 * the job, and each checks that the runner still holds the job, whose epoch increases whenever a runner takes it. So
 * after a `kill -9` the next runner continues, once the lease is over, where the last commit ended. A runner that was
 * wrongly taken for dead changes nothing any more. Every matching delivery is replayed exactly once, or counted as
 * skipped.
 *
 * Between two steps it pauses for as long as the step took, so the owner's log is free for at least half of the time.
 */
export class ReplayRunner {
  readonly #options: ReplayRunnerOptions;
  readonly #loop = new Loop({
    round: async () => ((await this.#takeTurn()) ? 0 : pollMs),
    onError: () => pollMs,
  });

  constructor(options: ReplayRunnerOptions) {
    this.#options = options;
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
    const { database, logger } = this.#options;
    let job: HeldJob | undefined;
    try {
      job = await claimReplayJob(database.query, leaseMs);
      if (job === undefined) return false;
      const result = await this.#work(job);
      if (result === 'MORE') await releaseReplayJob(database.query, job);
      return true;
    } catch (error) {
      const message = messageOf(error);
      warnAtTimes(logger, { error: message, jobId: job?.id }, 'a bulk replay was interrupted');
      if (job !== undefined && !isTransient(error)) await this.#noteFailure(job);
      return false;
    }
  }

  async #work(job: HeldJob): Promise<StepResult> {
    const endsAt = performance.now() + turnMs;
    for (;;) {
      const startedAt = performance.now();
      const result = await this.#step(job);
      const now = performance.now();
      if (result !== 'MORE' || now >= endsAt || this.#loop.isStopped) return result;
      await delay(Math.max(minPauseMs, now - startedAt));
    }
  }

  #step(job: HeldJob): Promise<StepResult> {
    const { database, config } = this.#options;
    if (job.cursor_status !== null) {
      return gatherItems(database.query, job, { rows: gatherRows, leaseMs });
    }
    if (job.recover_cursor !== null) {
      const options = { events: replayItemsPerStep, leaseMs, rules: config };
      return retrying(() => recoverMissed(database, job, options), { attempts: retries });
    }
    return retrying(
      () => replayNextItems(database, job, { items: replayItemsPerStep, leaseMs, rules: config }),
      { attempts: retries },
    );
  }

  async #noteFailure(job: HeldJob): Promise<void> {
    const { database, logger } = this.#options;
    try {
      if (await noteFailure(database.query, job, maxFailures)) {
        logger.error({ jobId: job.id }, 'a bulk replay was stopped after errors');
      }
    } catch {
      // The lease expires by itself.
    }
  }
}

export type ReplayRunnerOptions = Readonly<{ database: Database; config: DeliveryRules; logger: Logger }>;
