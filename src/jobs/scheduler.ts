import { databaseNow } from '../clock.ts';
import { synchroniseClock } from '../db/clock.ts';
import type { Database } from '../db/pool.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Loop } from '../loop.ts';
import type { JobRunner } from './job-runner.ts';

const everyMs = 3_600_000;
const retryMs = 60_000;
/** Processes come a little apart: one does the work, the others find it done. */
const spreadMs = 30_000;

/** In this order. Handshakes are rescued by every process itself, every few seconds. */
const hourly = ['partitions', 'retention', 'usage-rollup'];

/**
 * Runs the periodic jobs from inside, so that nobody has to: each once an hour among all processes. The hour is the
 * run's id; the first process that comes runs it under the job's advisory lock, for the others it has been run. What
 * failed, or is under way elsewhere, is looked at again a minute later: so a run whose process died is taken up.
 *
 * Each process sets its own clock by the database's each time. `start` and `stop` may be called twice.
 */
export class Scheduler {
  readonly #options: { database: Database; runner: JobRunner; logger: Logger };
  readonly #loop = new Loop({ round: () => this.#untilNext(), onError: () => retryMs });

  constructor(options: { database: Database; runner: JobRunner; logger: Logger }) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  /** Waits for the job that is under way. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#options.runner.idle();
  }

  async #untilNext(): Promise<number> {
    if (!(await this.#round())) return retryMs;
    return everyMs - (databaseNow() % everyMs) + Math.random() * spreadMs;
  }

  /** Whether all of this hour's runs have ended. */
  async #round(): Promise<boolean> {
    const { database, runner, logger } = this.#options;
    let isDone = true;
    try {
      await synchroniseClock(database.api);
    } catch (error) {
      logger.error({ error: messageOf(error) }, 'could not synchronise the clock, trying again in a minute');
      isDone = false;
    }
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
