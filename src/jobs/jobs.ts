import { databaseNow } from '../clock.ts';
import type { Config } from '../config.ts';
import { createPartitions } from '../db/partitions.ts';
import type { Database } from '../db/pool.ts';
import type { Handshakes } from '../endpoints/handshakes.ts';
import { removeExpiredAnswers } from '../idempotency/with-idempotency.ts';
import { partitionedTables } from '../status/partitioned-tables.ts';
import { deleteOld } from './delete-old.ts';
import type { Job } from './job-runner.ts';
import { dropExpired } from './retention.ts';
import { rollUpUsage } from './roll-up-usage.ts';

const answersPerDelete = 5_000;

/** The periodic jobs. All of them are idempotent and safe beside everything else that runs. */
export function createJobs(options: {
  database: Database;
  handshakes: Pick<Handshakes, 'rescue'>;
  config: Pick<Config, 'retentionDays' | 'retrySchedule'>;
}): readonly Job[] {
  const { database, handshakes, config } = options;
  return [
    {
      // Partitions for the days ahead, without which nothing could be stored.
      name: 'partitions',
      run: async () => ({ made: await createPartitions(database.api, partitionedTables, databaseNow()) }),
    },
    {
      name: 'retention',
      run: async () => ({
        dropped: await dropExpired(database, { retentionDays: config.retentionDays, now: databaseNow() }),
        removed: await removeEnded(database),
      }),
    },
    {
      // Handshakes whose process died. Every process also searches for them itself every few seconds.
      name: 'rescue',
      run: async () => ({ handshakes: await handshakes.rescue() }),
    },
    {
      name: 'usage-rollup',
      run: async () => ({
        changedDays: await rollUpUsage(database, {
          retrySchedule: config.retrySchedule,
          now: databaseNow(),
        }),
      }),
    },
  ];
}

/** Removes expired rows of small tables. Returns the numbers by table. */
async function removeEnded(database: Database): Promise<Record<string, number>> {
  let answers = 0;
  for (let removed = answersPerDelete; removed === answersPerDelete; answers += removed) {
    removed = await removeExpiredAnswers(database, answersPerDelete);
  }
  return {
    idempotency_key: answers,
    signing_secret: await deleteOld(database, 'signing_secret', `expires_at < now() - interval '1 hour'`),
    // A sender that got no answer may repeat its message for days, although a signature is valid for minutes.
    auth_hook_seen: await deleteOld(database, 'auth_hook_seen', `seen_at < now() - interval '30 days'`),
    // This is longer than a link can live.
    install_link_used: await deleteOld(database, 'install_link_used', `used_at < now() - interval '60 days'`),
    job_run: await deleteOld(database, 'job_run', `started_at < now() - interval '30 days'`),
  };
}
