import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { Pool } from 'undici';
import { post, type Sent } from './bare-queue.ts';
import type { Job, ProductRows } from './product-rows.ts';

/**
 * Two queues on PostgreSQL that programs of Node use, each tuned as its documentation says. They are installed into a
 * folder of the run, because nothing else needs them. Every job is a signed POST, after which the rows that the product
 * keeps of it are written, many at a time (`product-rows.ts`); so each has what the product would add to its claims and
 * completions. They are spared fences, statistics, limits for each endpoint, retry schedules, and the address guard, and
 * their jobs contain the body.
 */
const packages = ['graphile-worker@0.18.0', 'pg-boss@12.38.0'];
const concurrency = 128;
const connections = 10;
/** Results that are recorded together at most. */
const mostRecorded = 128;

/** What `graphile-worker` exports, as far as it is used. */
type GraphileWorker = {
  run(options: object): Promise<{ stop(): Promise<void> }>;
  Logger: new (factory: () => (level: string, message: string) => void) => object;
  makeWorkerUtils(options: object): Promise<{ migrate(): Promise<void>; release(): Promise<void> }>;
};

/** What `pg-boss` exports, as far as it is used. */
type PgBossModule = {
  PgBoss: new (
    options: object,
  ) => {
    on(name: 'error', listener: (error: unknown) => void): void;
    start(): Promise<unknown>;
    stop(options: object): Promise<void>;
    createQueue(name: string): Promise<unknown>;
    insert(name: string, jobs: readonly object[]): Promise<unknown>;
    work(
      name: string,
      options: object,
      handler: (jobs: readonly { data: Job }[]) => Promise<void>,
    ): Promise<unknown>;
  };
};

export function installOtherQueues(dir: string) {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', '--prefix', dir, ...packages]);
  const require = createRequire(join(dir, 'package.json'));
  const load = async <Module>(name: string): Promise<Module> =>
    await import(pathToFileURL(require.resolve(name)).href);
  return {
    /** worker.graphile.org/docs/performance: a local queue, and completions in batches. */
    async graphileWorker(connectionString: string, jobs: readonly Job[]) {
      const { run, makeWorkerUtils, Logger } = await load<GraphileWorker>('graphile-worker');
      const utils = await makeWorkerUtils({ connectionString });
      await utils.migrate();
      await utils.release();
      await sql(
        connectionString,
        `select count(*) from graphile_worker.add_jobs((
           select array_agg(json_populate_record(null::graphile_worker.job_spec,
                    json_build_object('identifier', 'send', 'payload', job)))
             from unnest($1::json[]) as job))`,
        [jobs],
      );
      return async (rows: ProductRows, sink: Pool) => {
        const key = randomBytes(32);
        const recorder = new Recorder(rows);
        const runner = await run({
          preset: {
            worker: {
              // It would print two lines for each job.
              logger: new Logger(() => (level, message) => {
                if (level === 'error') console.error(message);
              }),
              connectionString,
              concurrentJobs: concurrency,
              maxPoolSize: connections,
              localQueue: { size: 500 },
              completeJobBatchDelay: 0,
              failJobBatchDelay: 0,
            },
          },
          noHandleSignals: true,
          taskList: { send: async (job: Job) => await recorder.record(job, await post(sink, key, job)) },
        });
        await recorder.until(jobs.length);
        await runner.stop();
      };
    },
    /** Batches, each settled at once, and the next one without a pause while batches are full. */
    async pgBoss(connectionString: string, jobs: readonly Job[]) {
      const { PgBoss } = await load<PgBossModule>('pg-boss');
      const boss = new PgBoss({ connectionString, max: connections });
      boss.on('error', (error) => console.error(error));
      await boss.start();
      await boss.createQueue('send');
      for (let made = 0; made < jobs.length; made += 1_000)
        await boss.insert(
          'send',
          jobs.slice(made, made + 1_000).map((data) => ({ data })),
        );
      return async (rows: ProductRows, sink: Pool) => {
        const key = randomBytes(32);
        const recorder = new Recorder(rows);
        const batches = 4;
        const options = {
          batchSize: concurrency / batches,
          localConcurrency: batches,
          burstWhenBatchFull: true,
          pollingIntervalSeconds: 0.5,
        };
        await boss.work('send', options, async (found) => {
          await Promise.all(
            found.map(async ({ data }) => recorder.record(data, await post(sink, key, data))),
          );
        });
        await recorder.until(jobs.length);
        await boss.stop({ graceful: true, timeout: 5_000 });
      };
    },
  };
}

/** Records what was sent meanwhile, in one statement at a time. */
class Recorder {
  readonly #rows: ProductRows;
  #waiting: {
    sent: Sent & Readonly<{ ownerId: string }>;
    resolve: () => void;
    reject: (error: unknown) => void;
  }[] = [];
  #isRecording = false;
  #recorded = 0;
  #listener: (() => void) | undefined;

  constructor(rows: ProductRows) {
    this.#rows = rows;
  }

  record({ ownerId }: Job, sent: Sent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sent: { ...sent, ownerId }, resolve, reject });
      void this.#go();
    });
  }

  async until(rows: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#listener = () => {
        if (this.#recorded >= rows) resolve();
      };
      this.#listener();
    });
  }

  async #go(): Promise<void> {
    if (this.#isRecording) return;
    this.#isRecording = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostRecorded);
      try {
        await this.#rows.settle(batch.map(({ sent }) => sent));
        this.#recorded += batch.length;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRecording = false;
    this.#listener?.();
  }
}

async function sql<Row extends pg.QueryResultRow>(
  connectionString: string,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<Row>(text, [...values]);
  await client.end();
  // Until the server has waited for the backend, whose CPU time would otherwise be counted later.
  await delay(500);
  return rows;
}
