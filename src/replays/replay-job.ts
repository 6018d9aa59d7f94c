import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { type DeliveryConditions, type DeliveryFilter, resolveFilter } from '../deliveries/filter.ts';
import { invalid } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** A bulk replay: what it has gathered, replayed and left out so far. */
export type ReplayJob = Omit<Selectable<Tables['replay_job']>, 'conditions'>;

const columns = [
  'owner_id',
  'id',
  'upper_id',
  'status',
  'cursor_status',
  'cursor_id',
  'matched',
  'replayed',
  'skipped',
  'epoch',
  'lease_until',
  'failures',
  'completed_at',
] as const;

/** In the order of the index along which they are gathered. */
const replayableStatuses = ['DEAD_LETTER', 'FAILED'] as const;

/**
 * Stores a bulk replay of what matches the filter now; a runner does it. What is created from now on is not among it.
 * Throws a ValidationError for a window that is empty.
 */
export async function createReplayJob(
  trx: Transaction<Tables>,
  { ownerId, filter, by }: { ownerId: string; filter: DeliveryFilter; by: By },
): Promise<string> {
  const conditions = await replayConditions(trx, filter);
  const id = mintUuid();
  await trx
    .insertInto('replay_job')
    .values({
      owner_id: ownerId,
      id,
      conditions: JSON.stringify(conditions),
      upper_id: id,
      cursor_status: statusesOf(conditions)[0] ?? null,
    })
    .execute();
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'replay_job.create',
    targetType: 'ReplayJob',
    targetId: id,
    changes: { filter },
  });
  return id;
}

/** Which statuses it gathers, in their order. */
export function statusesOf({ status }: Pick<DeliveryConditions, 'status'>) {
  return replayableStatuses.filter((name) => status?.includes(name) ?? true);
}

/** Those of the ids that the owner has, in no order. */
export function findReplayJobs(
  db: Kysely<Tables>,
  ownerId: string,
  ids: readonly string[],
): Promise<ReplayJob[]> {
  return db
    .selectFrom('replay_job')
    .select(columns)
    .where('owner_id', '=', ownerId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

export async function findReplayJob(
  db: Kysely<Tables>,
  ownerId: string,
  id: string,
): Promise<ReplayJob | undefined> {
  return (await findReplayJobs(db, ownerId, [id]))[0];
}

/** What was replayed before is left out, unless the filter asks for it; so are tests. */
async function replayConditions(db: Kysely<Tables>, filter: DeliveryFilter): Promise<DeliveryConditions> {
  const { createdAfter, createdBefore } = filter;
  if (createdAfter != null && createdBefore != null && createdAfter >= createdBefore) {
    throw invalid(
      ['filter', 'createdBefore'],
      'EMPTY_WINDOW',
      '`createdAfter` must be earlier than `createdBefore`.',
    );
  }
  const conditions = await resolveFilter(db, filter);
  const kind = (conditions.kind ?? (['EVENT', 'REPLAY'] as const)).filter((name) => name !== 'TEST');
  return { ...conditions, kind, isReplayed: conditions.isReplayed ?? false };
}
