import type { Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { run, runWithin, statement } from '../db/statement.ts';
import type { Tables } from '../tables.ts';
import { strictEndpoints } from './create-deliveries.ts';
import { creation } from './creation.ts';
import { logTail, statTail } from './log-tail.ts';
import { shardOf } from './shard.ts';
import type { FailureReason } from './status.ts';

/** An original delivery, and the new delivery that replays it. */
export type NewReplay = Readonly<{
  originalId: string;
  id: string;
  endpointId: string;
  /** If given, the new delivery is created as FAILED, because its endpoint cannot receive it. */
  failureReason: FailureReason | undefined;
  maxAttempts: number;
  /** Milliseconds before its first attempt. */
  delayMs: number;
  /** Its endpoint sends one at a time, in order: it goes at the end. */
  isStrict: boolean;
}>;

/**
 * From `pick` (owner_id, original_id, id, reason, max_attempts, delay_ms, shard) to `checked`. Originals are locked
 * in key order and by their key alone: with more conditions the planner would use the index of a rarer one and read
 * it again for each original. Their state is checked under the lock, they are marked as replayed, and the same
 * statement writes their new rows, due rows and log entries. A delivery that can no longer be replayed is left out:
 * one that has not failed, is a test, or whose event is past retention.
 */
const replay = (options: { orAgain: string; orSucceeded: string; strict: string; counted?: string }) => `
  original as materialized (
    select d.*, p.id as fresh_id, p.reason, p.max_attempts as fresh_max_attempts, p.delay_ms, p.shard
      from pick p join delivery d on d.owner_id = p.owner_id and d.id = p.original_id
     order by d.owner_id, d.id
       for update of d
  ),
  x as materialized (
    select o.owner_id, o.fresh_id as id, o.endpoint_id, o.event_id, o.event_type, 'REPLAY'::text as kind, o.reason,
           o.id as replay_of, o.fresh_max_attempts as max_attempts, o.delay_ms, o.shard, o.tenant_id,
           o.installation_id
      from original o
     where (o.status in ('FAILED', 'DEAD_LETTER') or (${options.orSucceeded} and o.status = 'SUCCEEDED')) and o.kind <> 'TEST'
       and (${options.orAgain} or o.replayed_at is null)
       and exists (select from event e where e.owner_id = o.owner_id and e.id = o.event_id)
  ),
  marked as (
    update delivery d set replayed_at = now() from x
     where d.owner_id = x.owner_id and d.id = x.replay_of
    returning 1
  ),
  ${creation},
  ${statTail},
  ${options.counted === undefined ? '' : `${options.counted},`}
  ${logTail({
    writers: ['marked', 'queued', 'stat', ...(options.counted === undefined ? [] : ['counted'])],
    expected: 'x',
    strict: options.strict,
  })}`;

const oneStatement = statement(
  'replay_delivery',
  `with pick as materialized (
     select $1::uuid as owner_id, $2::uuid as original_id, $3::uuid as id, $4::text as reason,
            $5::integer as max_attempts, $6::float8 as delay_ms, $7::smallint as shard
   ),
   ${replay({ orAgain: 'true', orSucceeded: '$9::boolean', strict: '$8::uuid[]' })}
   select (select count(*)::integer from del) as replayed from checked where checked.ok = 0`,
  { owner: 1, returns: 'replayed integer' },
);

/**
 * Replays one delivery, as the last statement of a transaction, because the owner's log is locked until the commit.
 * It does not matter whether it has been replayed before. Returns false if it can no longer be replayed.
 */
export async function replayWithin(
  trx: Transaction<Tables>,
  { ownerId, replay: fresh, force = false }: { ownerId: string; replay: NewReplay; force?: boolean },
): Promise<boolean> {
  const rows = await runWithin<{ replayed: number }>(trx, oneStatement, [
    ...[ownerId, fresh.originalId, fresh.id, fresh.failureReason ?? null, fresh.maxAttempts, fresh.delayMs],
    shardOf(ownerId, fresh.endpointId),
    strictEndpoints([fresh]),
    force,
  ]);
  return rows[0]?.replayed === 1;
}

const itemsStatement = statement(
  'replay_items',
  `with job as materialized (
     select id from replay_job
      where owner_id = $1 and id = $3 and epoch = $4 and status = 'RUNNING'
        for update
   ),
   popped as (
     delete from replay_job_item
      where owner_id = $1 and job_id = $3 and original_id = any($7::uuid[]) and exists (select from job)
     returning 1
   ),
   pick as materialized (
     select $1::uuid as owner_id, p.original_id, p.id, p.reason, p.max_attempts, p.delay_ms, p.shard
       from unnest($7::uuid[], $8::uuid[], $9::text[], $2::integer[], $10::float8[], $11::smallint[], $12::boolean[])
         as p(original_id, id, reason, max_attempts, delay_ms, shard, is_wanted)
      where p.is_wanted and (select count(*) from popped) = cardinality($7::uuid[])
   ),
   ${replay({
     orAgain: '$5',
     orSucceeded: 'false',
     strict: '$13::uuid[]',
     counted: `counted as (
     update replay_job j
        set replayed = j.replayed + (select count(*) from x),
            skipped = j.skipped + (select count(*) from popped) - (select count(*) from x),
            lease_until = now() + $6 * interval '1 millisecond', failures = 0
       from job
      where j.owner_id = $1 and j.id = job.id
     returning 1
   )`,
   })}
   select (select count(*)::integer from job) as held from checked
    where checked.ok = 0
      and case when (select count(*) from popped) in (0, cardinality($7::uuid[])) then 0
               else refuse('items of a bulk replay are missing') end = 0`,
  { owner: 1, returns: 'held integer' },
);

/** An item of a bulk replay. Without `replay` it is skipped. */
export type ReplayItem = Readonly<{ originalId: string; replay: NewReplay | undefined }>;

/**
 * Takes items from a bulk replay and replays them, in one statement and one transaction: an item is removed together
 * with the creation of its new delivery. Only the runner that holds the job under this epoch can do so; for any other
 * it changes nothing and returns false. It may be repeated after any failure.
 */
export async function replayItems(
  db: Database,
  batch: Readonly<{
    ownerId: string;
    jobId: string;
    epoch: number;
    leaseMs: number;
    /** Whether to replay also deliveries that have been replayed meanwhile. */
    orAgain: boolean;
    items: readonly ReplayItem[];
  }>,
): Promise<boolean> {
  const { ownerId, items } = batch;
  const rows = await run<{ held: number }>(db, db.engine, itemsStatement, [
    ownerId,
    items.map(({ replay: fresh }) => fresh?.maxAttempts ?? 0),
    ...[batch.jobId, batch.epoch, batch.orAgain, batch.leaseMs],
    items.map(({ originalId }) => originalId),
    items.map(({ replay: fresh }) => fresh?.id ?? null),
    items.map(({ replay: fresh }) => fresh?.failureReason ?? null),
    items.map(({ replay: fresh }) => fresh?.delayMs ?? 0),
    items.map(({ replay: fresh }) => (fresh === undefined ? 0 : shardOf(ownerId, fresh.endpointId))),
    items.map(({ replay: fresh }) => fresh !== undefined),
    strictEndpoints(items.flatMap(({ replay: fresh }) => fresh ?? [])),
  ]);
  return rows[0]?.held === 1;
}
