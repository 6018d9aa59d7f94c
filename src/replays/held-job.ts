import { type Kysely, sql } from 'kysely';
import type { Statement } from '../db/placement.ts';
import { runWithin, statement } from '../db/statement.ts';
import type { Tables } from '../tables.ts';

/** The tables of jobs that runners carry out. They share the columns that say who holds a job. */
type JobTable = 'replay_job' | 'cancel_job';

/** What identifies a job and the runner that holds it: the epoch increases whenever a runner takes it. */
export type Held = Readonly<{ owner_id: string; id: string; epoch: number }>;

/** The result of a step: there is more to do, nothing is left, or another runner holds the job now. */
export type StepResult = 'MORE' | 'DONE' | 'LOST';

/** Takes the oldest job that no runner holds, with all its columns. */
export async function claimJob<Job extends Held>(
  db: Kysely<Tables>,
  table: JobTable,
  leaseMs: number,
): Promise<Job | undefined> {
  const rows = await runWithin<Job>(db, claims[table], [leaseMs]);
  return rows[0];
}

const free = (table: JobTable) =>
  `select owner_id, id from ${table} where status = 'RUNNING' and lease_until <= now() order by lease_until limit 1`;

const claimOf = (table: JobTable, columns: string) =>
  statement(
    `claim_${table}`,
    `update ${table} j
       set epoch = j.epoch + 1, lease_until = now() + $1::float8 * interval '1 millisecond'
      from (${free(table)} for update skip locked) free
     where j.owner_id = free.owner_id and j.id = free.id
    returning j.*`,
    { ofOwners: free(table), isForOne: true, returns: columns },
  );

const claims: Readonly<Record<JobTable, Statement>> = {
  replay_job: claimOf(
    'replay_job',
    `owner_id uuid, id uuid, conditions jsonb, upper_id uuid, status text, cursor_status text, cursor_id uuid,
     matched bigint, replayed bigint, skipped bigint, epoch bigint, lease_until timestamptz, failures smallint,
     completed_at timestamptz, recover_endpoint uuid, recover_cursor uuid`,
  ),
  cancel_job: claimOf(
    'cancel_job',
    `owner_id uuid, id uuid, conditions jsonb, status text, cursor_id uuid, matched bigint, cancelled bigint,
     skipped bigint, epoch bigint, lease_until timestamptz, failures smallint, completed_at timestamptz`,
  ),
};

/** Hands the job back. It comes after all other waiting jobs, and is taken up after `afterMs` at the earliest. */
export async function releaseJob(
  db: Kysely<Tables>,
  table: JobTable,
  { job, afterMs = 0 }: Readonly<{ job: Held; afterMs?: number }>,
): Promise<void> {
  await sql`
    update ${sql.table(table)}
       set lease_until = clock_timestamp() + ${afterMs}::integer * interval '1 millisecond'
     where owner_id = ${job.owner_id} and id = ${job.id} and epoch = ${job.epoch} and status = 'RUNNING'`.execute(
    db,
  );
}

/** Stops a job after a few errors in a row. Returns true if it was stopped. */
export async function noteFailure(
  db: Kysely<Tables>,
  table: JobTable,
  { job, maxFailures }: Readonly<{ job: Held; maxFailures: number }>,
): Promise<boolean> {
  const { rows } = await sql<{ status: string }>`
    update ${sql.table(table)}
       set failures = failures + 1,
           status = case when failures + 1 < ${maxFailures} then 'RUNNING' else 'FAILED' end,
           completed_at = case when failures + 1 < ${maxFailures} then null else clock_timestamp() end
     where owner_id = ${job.owner_id} and id = ${job.id} and epoch = ${job.epoch} and status = 'RUNNING'
    returning status`.execute(db);
  return rows[0]?.status === 'FAILED';
}

export async function countRunningJobs(
  db: Kysely<Tables>,
  table: JobTable,
  ownerId: string,
): Promise<number> {
  const { rows } = await sql<{ running: number }>`
    select count(*) as running from ${sql.table(table)}
     where owner_id = ${ownerId} and status = 'RUNNING'`.execute(db);
  return Number(rows[0]?.running ?? 0);
}
