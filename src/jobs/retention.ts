import { dayMs } from '../clock.ts';
import { dropPartition, expiredPartitions } from '../db/partitions.ts';
import type { Database } from '../db/pool.ts';
import { firstUuidAt } from '../ids.ts';
import { endQueued } from '../status/end-queued.ts';
import { partitionedTables } from '../status/partitioned-tables.ts';
import { deleteOld } from './delete-old.ts';

/**
 * Drops the old partitions of the large tables, and never deletes single rows of them.
 *
 * A partition of the log is dropped only after `owner_log.floor` was raised above all its positions. A reader that is
 * still below is then refused (LOG_POSITION_EXPIRED) instead of seeing a hole. An event's partition stays as long as
 * a due row refers to it. What has waited for the whole retention period, behind others in a strict order or because of
 * a rate, is ended first, so that no queue keeps everybody's partitions. A partition that is being read is left for the next run. Small tables (keys, rollups,
 * jobs of many deliveries) lose their old rows in batches. Returns the names of the dropped partitions.
 */
export async function dropExpired(
  database: Database,
  options: { retentionDays: number; now: number },
): Promise<string[]> {
  const before = options.now - options.retentionDays * dayMs;
  const dropped: string[] = [];
  for (const table of partitionedTables) {
    for (const { name, endsAt } of await expiredPartitions(database.api, table, before)) {
      if (table.by === 'time') await raiseFloors(database, name);
      else if (await isNeeded(database, endsAt)) {
        await endOverdue(database, endsAt);
        if (await isNeeded(database, endsAt)) break;
      }
      if (!(await dropPartition(database.api, name))) break;
      dropped.push(name);
    }
  }
  await deleteOld(database, 'event_key', `created_at < now() - interval '24 hours'`);
  // Usage is counted from these by day, so only whole days are removed.
  const day = `to_timestamp(${Math.floor(before / dayMs) * (dayMs / 1000)})`;
  await deleteOld(database, 'endpoint_stat', `minute < ${day}`);
  await deleteOld(database, 'endpoint_latency', `hour < ${day}`);
  await deleteReplayJobs(database, before);
  await deleteOld(
    database,
    'cancel_job',
    `status <> 'RUNNING' and completed_at < to_timestamp(${before / 1000})`,
  );
  return dropped;
}

/**
 * Replay jobs that ended earlier, and the remaining items of one that was stopped after errors, which nobody will
 * continue.
 */
async function deleteReplayJobs(database: Database, before: number): Promise<void> {
  await deleteOld(
    database,
    'replay_job_item',
    `(owner_id, job_id) in (select owner_id, id from replay_job where status <> 'RUNNING')`,
  );
  await deleteOld(
    database,
    'replay_job',
    `status <> 'RUNNING' and completed_at < to_timestamp(${before / 1000})`,
  );
}

/** Runs owner by owner, so that no transaction locks more than one owner's log. */
async function raiseFloors(database: Database, partition: string): Promise<void> {
  const { rows } = await database.api.query<{ owner_id: string; last: number }>(
    `select owner_id, max(position) as last from "${partition}" group by owner_id`,
  );
  for (const { owner_id, last } of rows) {
    await database.api.query('update owner_log set floor = greatest(floor, $2) where owner_id = $1', [
      owner_id,
      last,
    ]);
  }
}

async function isNeeded(database: Database, endsAt: number): Promise<boolean> {
  const { rows } = await database.api.query<{ needed: boolean }>(
    'select exists (select 1 from due where event_id < $1 or delivery_id < $1) as needed',
    [firstUuidAt(endsAt)],
  );
  return rows[0]?.needed ?? true;
}

/**
 * Only a strict order or a rate lets deliveries wait for so long. Others waited because nobody ran, and are about to be
 * sent. One that a worker is sending, or a replay that is younger than its event, is left, too.
 */
async function endOverdue(database: Database, endsAt: number): Promise<void> {
  const through = firstUuidAt(endsAt);
  const { rows } = await database.api.query<{ ownerId: string; endpointId: string }>(
    `select distinct d.owner_id as "ownerId", d.endpoint_id as "endpointId"
       from due d join endpoint e on e.owner_id = d.owner_id and e.id = d.endpoint_id
      where d.delivery_id < $1 and (e.strict_boundary is not null or e.max_deliveries_per_second is not null)`,
    [through],
  );
  for (const lane of rows) await endQueued(database, { ...lane, reason: 'CANCELLED', through });
}
