import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import {
  type DeliveryConditions,
  type DeliveryFilter,
  refuseEmptyWindow,
  resolveFilter,
} from '../deliveries/filter.ts';
import { mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { Tables } from '../tables.ts';
import { countRunningJobs } from './held-job.ts';

/** A bulk replay with the numbers of deliveries found, replayed and skipped so far. */
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
  'recover_endpoint',
  'recover_cursor',
] as const;

/** The endpoint that is also sent what it missed, and after which event that begins. */
type Recovery = Readonly<{ endpointId: string; after: string }>;

/** In the order of the index that is used to collect them. */
const replayableStatuses = ['DEAD_LETTER', 'FAILED'] as const;

/**
 * Stores a bulk replay of the deliveries that match the filter now; a runner carries it out. Deliveries created from
 * now on are not part of it. Throws a ValidationError for an empty window.
 */
export async function createReplayJob(
  trx: Transaction<Tables>,
  asked: { ownerId: string; filter: DeliveryFilter; recover?: Recovery; by: By; limits: TenantLimits },
): Promise<string> {
  const { ownerId, filter, recover, by, limits } = asked;
  await limits.admit(trx, {
    thing: 'bulkReplays',
    ownerId,
    count: () => countRunningJobs(trx, 'replay_job', ownerId),
  });
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
      recover_endpoint: recover?.endpointId ?? null,
      recover_cursor: recover?.after ?? null,
    })
    .execute();
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'replay_job.create',
    targetType: 'ReplayJob',
    targetId: id,
    changes: { filter, ...(recover === undefined ? {} : { recover: true }) },
  });
  return id;
}

/** The statuses that it collects, in their order. */
export function statusesOf({ status }: Pick<DeliveryConditions, 'status'>) {
  return replayableStatuses.filter((name) => status?.includes(name) ?? true);
}

/** The owner's jobs among these ids, in no particular order. */
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

/** Deliveries that were replayed before are skipped unless the filter asks for them, and so are tests. */
export async function replayConditions(
  db: Kysely<Tables>,
  filter: DeliveryFilter,
): Promise<DeliveryConditions> {
  refuseEmptyWindow(filter);
  const conditions = await resolveFilter(db, filter);
  const kind = (conditions.kind ?? (['EVENT', 'REPLAY'] as const)).filter((name) => name !== 'TEST');
  return { ...conditions, kind, isReplayed: conditions.isReplayed ?? false };
}
