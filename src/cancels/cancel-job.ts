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
import { countRunningJobs } from '../replays/held-job.ts';
import type { UnfinishedStatus } from '../status/status.ts';
import type { Tables } from '../tables.ts';

/** A bulk cancellation with the numbers of deliveries found, cancelled and skipped so far. */
export type CancelJob = Omit<Selectable<Tables['cancel_job']>, 'conditions'>;

/** The same as the runner that holds it sees it. */
export type HeldCancelJob = CancelJob & { conditions: DeliveryConditions };

const columns = [
  'owner_id',
  'id',
  'status',
  'cursor_id',
  'matched',
  'cancelled',
  'skipped',
  'epoch',
  'lease_until',
  'failures',
  'completed_at',
] as const;

/** Deliveries that have ended cannot be cancelled. */
const unfinished: readonly UnfinishedStatus[] = ['PENDING', 'DELIVERING', 'RETRYING'];

/**
 * Stores a bulk cancellation of the deliveries that match the filter and have not ended; a runner carries it out.
 * Deliveries created from now on are not part of it. Throws a ValidationError for an empty window.
 */
export async function createCancelJob(
  trx: Transaction<Tables>,
  { ownerId, filter, by, limits }: { ownerId: string; filter: DeliveryFilter; by: By; limits: TenantLimits },
): Promise<string> {
  await limits.admit(trx, {
    thing: 'bulkCancels',
    ownerId,
    count: () => countRunningJobs(trx, 'cancel_job', ownerId),
  });
  refuseEmptyWindow(filter);
  const conditions = await resolveFilter(trx, filter);
  const status = unfinished.filter((name) => conditions.status?.includes(name) ?? true);
  const id = mintUuid();
  await trx
    .insertInto('cancel_job')
    .values({ owner_id: ownerId, id, conditions: JSON.stringify({ ...conditions, status }) })
    .execute();
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'cancel_job.create',
    targetType: 'CancelJob',
    targetId: id,
    changes: { filter },
  });
  return id;
}

/** The owner's jobs among these ids, in no particular order. */
export function findCancelJobs(
  db: Kysely<Tables>,
  ownerId: string,
  ids: readonly string[],
): Promise<CancelJob[]> {
  return db
    .selectFrom('cancel_job')
    .select(columns)
    .where('owner_id', '=', ownerId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}
