import { databaseNow, isClockOffsetOutdated } from '../clock.ts';
import { synchroniseClock } from '../db/clock.ts';
import type { Database } from '../db/pool.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Loop } from '../loop.ts';
import type { JobRunner } from './job-runner.ts';

const everyMs = 3_600_000;
const retryMs = 60_000;
/** Processes run a little apart from each other: one does the work, and the others find it done. */
const spreadMs = 30_000;
const lookAtClockMs = 5_000;

/** The jobs, in this order. Every process rescues handshakes itself every few seconds. */
const hourly = ['partitions', 'retention', 'usage-rollup'];

/**
 * Runs the periodic jobs from inside the program, each once an hour among all processes. The hour is the run's id.
 * The first process runs the job under its advisory lock; the others find it done. A job that failed, or that is
 * running elsewhere, is tried again a minute later, so a run whose process died is continued.
 *
 * Each process synchronises its clock with the database each time, and soon after somebody has set its own: requests are
 * signed with the time, and receivers refuse what is five minutes off. `start` and `stop` may be called twice.
 */
export class Scheduler {
  readonly #options: { database: Database; runner: JobRunner; logger: Logger };
  readonly #loop = new Loop({ round: () => this.#untilNext(), onError: () => retryMs });
  readonly #clock = new Loop({ round: () => this.#lookAtClock(), onError: () => lookAtClockMs });

  constructor(options: { database: Database; runner: JobRunner; logger: Logger }) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
    this.#clock.start();
  }

  /** Waits for the running job. */
  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#clock.stop()]);
    await this.#options.runner.idle();
  }

  async #lookAtClock(): Promise<number> {
    if (isClockOffsetOutdated()) await this.#synchronise();
    return lookAtClockMs;
  }

  /** Whether that was possible. */
  async #synchronise(): Promise<boolean> {
    const { database, logger } = this.#options;
    try {
      await synchroniseClock(database.api);
      return true;
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'could not synchronise the clock, trying again');
      return false;
    }
  }

  async #untilNext(): Promise<number> {
    if (!(await this.#round())) return retryMs;
    return everyMs - (databaseNow() % everyMs) + Math.random() * spreadMs;
  }

  /** Whether all runs of this hour have ended. */
  async #round(): Promise<boolean> {
    const { runner, logger } = this.#options;
    let isDone = await this.#synchronise();
    const now = databaseNow();
    const runId = `hour ${new Date(now - (now % everyMs)).toISOString()}`;
    for (const job of hourly) {
      if (this.#loop.isStopped) return true;
      try {
        const outcome = await runner.run(job, runId);
        if (outcome.status === 'IN_PROGRESS') isDone = false;
      } catch (error) {
        logger.error({ job, error: messageOf(error) }, 'a periodic job failed, trying again in a minute');
        isDone = false;
      }
    }
    return isDone;
  }
}
