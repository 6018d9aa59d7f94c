import { setTimeout as delay } from 'node:timers/promises';
import { synchroniseClock } from '../db/clock.ts';
import { directClient } from '../db/direct-client.ts';
import { createPartitions } from '../db/partitions.ts';
import type { Database } from '../db/pool.ts';
import { databaseNow } from '../ids.ts';
import type { Logger } from '../log.ts';
import { partitionedTables } from '../status/partitioned-tables.ts';
import { dropExpired } from './retention.ts';

const everyMs = 3_600_000;
const retryMs = 60_000;
/** Any number, the same in every process. */
const leaderLock = 7_203_116;
const jobTimeoutMs = 600_000;

/**
 * What has to be done by the hour: partitions ahead, what is past retention dropped, our clock set by the database's.
 * Every process tries, one of them does it: the one that gets the advisory lock.
 */
export class Maintenance {
  readonly #options: { database: Database; directUrl: string; logger: Logger; retentionDays: number };
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: { database: Database; directUrl: string; logger: Logger; retentionDays: number }) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pauseMs = everyMs;
    while (!this.#stop.signal.aborted) {
      await delay(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      try {
        await synchroniseClock(this.#options.database.api);
        await this.#asLeader();
        pauseMs = everyMs;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#options.logger.error({ error: message }, 'maintenance failed, trying again in a minute');
        pauseMs = retryMs;
      }
    }
  }

  async #asLeader(): Promise<void> {
    const { database, directUrl, logger, retentionDays } = this.#options;
    const client = directClient(directUrl, jobTimeoutMs);
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [
        leaderLock,
      ]);
      if (rows[0]?.leads !== true) return;
      const now = databaseNow();
      const made = await createPartitions(database.api, partitionedTables, now);
      const dropped = await dropExpired(database, { retentionDays, now });
      if (made > 0 || dropped.length > 0) logger.info({ made, dropped }, 'partitions kept');
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
