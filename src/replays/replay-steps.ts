import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import { runComposed } from '../db/statement.ts';
import { isFailedAs } from '../deliveries/by-status.ts';
import { visibleDeliveries } from '../deliveries/delivery.ts';
import { type DeliveryConditions, matchesFilter } from '../deliveries/filter.ts';
import { findEndpoints } from '../endpoints/endpoint.ts';
import { lowestUuid } from '../ids.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { hintDeliveries } from '../status/create-deliveries.ts';
import { type ReplayItem, replayItems } from '../status/replay-deliveries.ts';
import type { Tables } from '../tables.ts';
import type { StepResult } from './held-job.ts';
import { replayOf } from './replay-delivery.ts';
import { statusesOf } from './replay-job.ts';

/** A job as the runner that holds it sees it. */
export type HeldJob = Omit<Selectable<Tables['replay_job']>, 'conditions'> & {
  conditions: DeliveryConditions;
};

/**
 * Collects the matching deliveries among the next rows, and moves the cursor in the same transaction. The cursor
 * follows the index of failed deliveries, status by status. Both statuses are final, so each delivery is
 * read once. A statement reads at most `rows` rows, however few match.
 */
export async function gatherItems(
  db: Kysely<Tables>,
  job: HeldJob,
  { rows: limit, leaseMs }: { rows: number; leaseMs: number },
): Promise<StepResult> {
  const { owner_id: ownerId, id, conditions, cursor_status: status } = job;
  if (status === null) return 'DONE';
  const next = statusesOf(conditions).find((name) => name > status) ?? null;
  const matching = visibleDeliveries(db, ownerId)
    .select('d.id')
    .where('d.id', '=', sql<string>`page.id`)
    .where(matchesFilter(conditions))
    // Looked up row by row, because the planner could otherwise begin with all rows of the owner.
    .offset(0);
  const query = sql<Pick<HeldJob, 'cursor_status' | 'cursor_id'>>`
    with job as materialized (
      select id from replay_job
       where owner_id = ${ownerId} and id = ${id} and epoch = ${job.epoch} and status = 'RUNNING'
         for update
    ),
    page as materialized (
      select d.id from delivery d
       where d.owner_id = ${ownerId} and ${isFailedAs([status], { isOfEndpoint: false })}
         and d.id > ${job.cursor_id} and d.id <= ${job.upper_id} and d.id >= ${conditions.firstId ?? lowestUuid}
       order by d.id
       limit ${limit}
    ),
    found as (
      insert into replay_job_item (owner_id, job_id, original_id)
      select ${ownerId}, job.id, m.id from job, page cross join lateral (${matching}) m
      on conflict do nothing
      returning 1
    )
    update replay_job j
       set matched = j.matched + (select count(*) from found),
           cursor_status = case when p.n < ${limit} then ${next} else j.cursor_status end,
           cursor_id = case when p.n < ${limit} then ${lowestUuid}::uuid
                            else (select id from page order by id desc limit 1) end,
           lease_until = now() + ${leaseMs} * interval '1 millisecond', failures = 0
      from job, (select count(*) as n from page) p
     where j.owner_id = ${ownerId} and j.id = job.id
    returning j.cursor_status, j.cursor_id`.compile(db);
  const returns = 'cursor_status text, cursor_id uuid';
  const [moved] = await runComposed(db, { name: 'gather_items', query, ownerId, returns });
  if (moved === undefined) return 'LOST';
  Object.assign(job, moved);
  return 'MORE';
}

/** Replays the next items. If there are none left, the job is completed. */
export async function replayNextItems(
  database: Database,
  job: HeldJob,
  { items: limit, leaseMs, rules }: { items: number; leaseMs: number; rules: DeliveryRules },
): Promise<StepResult> {
  const { owner_id: ownerId, id: jobId, epoch } = job;
  const originalIds = await nextItems(database.query, job, limit);
  if (originalIds.length === 0) return (await complete(database.query, job)) ? 'DONE' : 'LOST';
  const items = await plan(database.query, job, { originalIds, rules });
  const isHeld = await replayItems(database, {
    ...{ ownerId, jobId, epoch, leaseMs, items },
    orAgain: job.conditions.isReplayed === true,
  });
  hintDeliveries(
    database,
    items.flatMap(({ replay }) => (replay === undefined ? [] : { ownerId, ...replay })),
  );
  return isHeld ? 'MORE' : 'LOST';
}

const heldBy = (db: Kysely<Tables>, job: HeldJob) =>
  db
    .updateTable('replay_job')
    .where('owner_id', '=', job.owner_id)
    .where('id', '=', job.id)
    .where('epoch', '=', job.epoch)
    .where('status', '=', 'RUNNING');

async function nextItems(db: Kysely<Tables>, job: HeldJob, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('replay_job_item')
    .select('original_id')
    .where('owner_id', '=', job.owner_id)
    .where('job_id', '=', job.id)
    .where('original_id', '>', job.cursor_id)
    .orderBy('original_id')
    .limit(limit)
    .execute();
  // Kept only in memory, so that the next read need not pass over the rows that were just deleted.
  job.cursor_id = rows.at(-1)?.original_id ?? job.cursor_id;
  return rows.map((row) => row.original_id);
}

/** Purged deliveries are skipped here. The statement itself handles other changes. */
async function plan(
  db: Kysely<Tables>,
  job: HeldJob,
  { originalIds, rules }: { originalIds: readonly string[]; rules: DeliveryRules },
): Promise<ReplayItem[]> {
  const visible = await visibleDeliveries(db, job.owner_id)
    .select(['d.id', 'd.endpoint_id'])
    .where('d.id', '=', sql<string>`any(${[...originalIds]}::uuid[])`)
    .execute();
  const endpoints = await findEndpoints(db, job.owner_id, [
    ...new Set(visible.map(({ endpoint_id }) => endpoint_id)),
  ]);
  const originals = new Map(visible.map((original) => [original.id, original]));
  const endpointOf = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  return originalIds.map((originalId) => {
    const original = originals.get(originalId);
    const endpoint = original === undefined ? undefined : endpointOf.get(original.endpoint_id);
    if (original === undefined || endpoint === undefined) return { originalId, replay: undefined };
    return { originalId, replay: replayOf(original, { endpoint, rules }) };
  });
}

async function complete(db: Kysely<Tables>, job: HeldJob): Promise<boolean> {
  const done = await heldBy(db, job)
    .set({ status: 'COMPLETED', completed_at: sql<Date>`clock_timestamp()` })
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('replay_job_item')
            .select('job_id')
            .where('owner_id', '=', job.owner_id)
            .where('job_id', '=', job.id),
        ),
      ),
    )
    .returning('id')
    .executeTakeFirst();
  return done !== undefined;
}
