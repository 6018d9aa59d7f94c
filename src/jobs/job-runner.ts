import type pg from 'pg';
import { directClient } from '../db/direct-client.ts';
import type { Database } from '../db/pool.ts';

/** A periodic job. It may run again at any time and after any crash, so it must be idempotent. */
export type Job = Readonly<{ name: string; run(): Promise<Readonly<Record<string, unknown>>> }>;

type JobRun = Readonly<{
  job: string;
  runId: string;
  startedAt: string;
  finishedAt: string;
  result: unknown;
}>;

/** `IN_PROGRESS`: another run of the job is running, here or in another process. Try again in a moment. */
export type RunOutcome = Readonly<{ status: 'FINISHED'; run: JobRun } | { status: 'IN_PROGRESS' }>;

/** An arbitrary number, the same in every process. The second half of the lock's key is the job. */
const lockSpace = 7_203_116;
/** For the connection that holds the lock, which does nothing else. */
const lockTimeoutMs = 10_000;

/**
 * Runs periodic jobs, each in one process at a time and once for each run id.
 *
 * A run is a row of `job_run`. The process that runs a job holds its advisory lock on a separate connection, and
 * PostgreSQL releases the lock when the process dies. So under the lock, a row without an end belongs to a dead
 * process, and the run is continued. A run id that has finished is answered with the first run's result. Simultaneous
 * calls in one process with the same run id share one run; with another run id, or in another process, they are told
 * that the job is running.
 *
 * If the lock's connection breaks during a run, a second process may begin. That is harmless, because jobs are
 * idempotent.
 */
export class JobRunner {
  readonly #database: Database;
  readonly #directUrl: string;
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #running = new Map<string, { runId: string; outcome: Promise<RunOutcome> }>();

  constructor(options: { database: Database; directUrl: string; jobs: readonly Job[] }) {
    this.#database = options.database;
    this.#directUrl = options.directUrl;
    this.#jobs = new Map(options.jobs.map((job) => [job.name, job]));
  }

  has(name: string): boolean {
    return this.#jobs.has(name);
  }

  /** Throws what the job throws. The same run id may then be tried again. */
  async run(name: string, runId: string): Promise<RunOutcome> {
    const job = this.#jobs.get(name);
    if (job === undefined) throw new Error(`There is no job ${name}.`);
    const ended = await this.#findEnded(name, runId);
    if (ended !== undefined) return ended;
    const running = this.#running.get(name);
    if (running !== undefined) {
      return running.runId === runId ? await running.outcome : { status: 'IN_PROGRESS' };
    }
    const outcome = this.#runLocked(job, runId).finally(() => this.#running.delete(name));
    this.#running.set(name, { runId, outcome });
    return await outcome;
  }

  /** Waits until the runs in this process have ended. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ outcome }) => outcome));
  }

  async #runLocked(job: Job, runId: string): Promise<RunOutcome> {
    const client = directClient(this.#directUrl, lockTimeoutMs);
    try {
      await client.connect();
      if (!(await tryLock(client, job.name))) return { status: 'IN_PROGRESS' };
      const ended = await this.#findEnded(job.name, runId);
      const outcome = ended ?? (await this.#execute(job, runId));
      // Ending the connection would release the lock too, but only after we have answered.
      await client
        .query('select pg_advisory_unlock($1, hashtext($2))', [lockSpace, job.name])
        .catch(() => undefined);
      return outcome;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #execute(job: Job, runId: string): Promise<RunOutcome> {
    await this.#database.api.query(
      `insert into job_run (job, run_id) values ($1, $2)
       on conflict (job, run_id) do update set started_at = now()`,
      [job.name, runId],
    );
    const result = await job.run();
    await this.#database.api.query(
      `update job_run set finished_at = clock_timestamp(), result = $3
        where job = $1 and run_id = $2 and finished_at is null`,
      [job.name, runId, JSON.stringify(result)],
    );
    const ended = await this.#findEnded(job.name, runId);
    if (ended === undefined) throw new Error(`The run ${runId} of ${job.name} was removed while it ran.`);
    return ended;
  }

  async #findEnded(job: string, runId: string): Promise<RunOutcome | undefined> {
    const row = await this.#database.query
      .selectFrom('job_run')
      .select(['started_at', 'finished_at', 'result'])
      .where('job', '=', job)
      .where('run_id', '=', runId)
      .where('finished_at', 'is not', null)
      .executeTakeFirst();
    if (row?.finished_at == null) return undefined;
    return {
      status: 'FINISHED',
      run: {
        job,
        runId,
        startedAt: row.started_at.toISOString(),
        finishedAt: row.finished_at.toISOString(),
        result: row.result,
      },
    };
  }
}

async function tryLock(client: pg.Client, job: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1, hashtext($2)) as locked',
    [lockSpace, job],
  );
  return rows[0]?.locked === true;
}
