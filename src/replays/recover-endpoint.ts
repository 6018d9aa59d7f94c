import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { By } from '../access/actor.ts';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { visibleDeliveries } from '../deliveries/delivery.ts';
import { matchesFilter } from '../deliveries/filter.ts';
import { findEndpoint, lockEndpoint } from '../endpoints/endpoint.ts';
import { invalid, LimitExceededError } from '../errors.ts';
import { encodeId, firstUuidAt, mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import { createDeliveriesWithin, hintDeliveries, type NewDelivery } from '../status/create-deliveries.ts';
import type { Tables } from '../tables.ts';
import type { StepResult } from './held-job.ts';
import { findMissed, mostCounted } from './missed-events.ts';
import { createReplayJob, replayConditions } from './replay-job.ts';
import type { HeldJob } from './replay-steps.ts';

/** The numbers of what can be recovered, each counted up to `mostCounted`. */
export type Recoverable = Readonly<{ failed: number; missed: number }>;

type Asked = Readonly<{ ownerId: string; id: string; since: Date }>;

/** Counts the failed deliveries and the missed events of an endpoint since then. Throws a ValidationError. */
export async function countRecoverable(trx: Transaction<Tables>, asked: Asked): Promise<Recoverable> {
  if (asked.since.getTime() > databaseNow()) {
    throw invalid(['since'], 'OUT_OF_RANGE', '`since` must not lie in the future.');
  }
  const endpoint = await lockEndpoint(trx, asked.ownerId, asked.id);
  const conditions = await replayConditions(trx, filterOf(asked));
  const failed = await trx
    .selectFrom(
      visibleDeliveries(trx, asked.ownerId)
        .select('d.id')
        .where(matchesFilter({ ...conditions, status: ['DEAD_LETTER', 'FAILED'] }))
        .limit(mostCounted)
        .as('found'),
    )
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const window = { after: firstUuidAt(asked.since.getTime()), through: mintUuid(), limit: mostCounted };
  const missed = await findMissed(trx, endpoint, window);
  return { failed: failed.count, missed: missed.length };
}

const filterOf = ({ id, since }: Asked) => ({
  endpointId: [encodeId('Endpoint', id)],
  createdAfter: since,
});

/** Only one may run for an endpoint, because a second one would find events that the first is about to send. */
export async function createRecovery(
  trx: Transaction<Tables>,
  asked: Asked & { by: By; limits: TenantLimits },
): Promise<{ jobId: string }> {
  const { ownerId, id, since, by, limits } = asked;
  const running = await trx
    .selectFrom('replay_job')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('recover_endpoint', '=', id)
    .where(sql<boolean>`status = 'RUNNING'`)
    .executeTakeFirst();
  if (running !== undefined) {
    const message = `The endpoint is being recovered already, by ${encodeId('ReplayJob', running.id)}. Wait until that job has ended.`;
    throw new LimitExceededError(1, message);
  }
  const recover = { endpointId: id, after: firstUuidAt(since.getTime()) };
  return { jobId: await createReplayJob(trx, { ownerId, filter: filterOf(asked), recover, by, limits }) };
}

/**
 * Sends the next of the events that the job's endpoint missed, in one transaction with the job's progress, which only
 * whoever holds the job can make. An event that has got a delivery meanwhile is not missed any more.
 */
export async function recoverMissed(
  database: Database,
  job: HeldJob,
  { events: limit, leaseMs, rules }: { events: number; leaseMs: number; rules: DeliveryRules },
): Promise<StepResult> {
  const { owner_id: ownerId, recover_endpoint: endpointId, recover_cursor: after } = job;
  if (endpointId === null || after === null) return 'MORE';
  const created = await database.query.transaction().execute(async (trx) => {
    const endpoint = await findEndpoint(trx, ownerId, endpointId);
    const window = { after, through: job.upper_id, limit };
    const missed = endpoint === undefined ? [] : await findMissed(trx, endpoint, window);
    const cursor = missed.length < limit ? null : (missed.at(-1)?.id ?? null);
    const held = await trx
      .updateTable('replay_job')
      .set({
        recover_cursor: cursor,
        matched: sql<number>`matched + ${missed.length}::bigint`,
        replayed: sql<number>`replayed + ${missed.length}::bigint`,
        lease_until: sql<Date>`now() + ${leaseMs}::integer * interval '1 millisecond'`,
        failures: 0,
      })
      .where('owner_id', '=', ownerId)
      .where('id', '=', job.id)
      .where('epoch', '=', job.epoch)
      .where('status', '=', 'RUNNING')
      .returning('id')
      .executeTakeFirst();
    if (held === undefined) return undefined;
    const deliveries =
      endpoint === undefined
        ? []
        : missed.map(
            (event): NewDelivery => ({
              ...{ ownerId, id: mintUuid(), endpointId, eventId: event.id, eventType: event.type },
              ...{ kind: 'REPLAY', replayOf: undefined, installationId: undefined },
              tenantId: event.tenant_id ?? undefined,
              ...planDelivery(endpoint, rules),
            }),
          );
    // This comes last, because it locks the owner's log until the commit.
    if (deliveries.length > 0) await createDeliveriesWithin(trx, { events: [], deliveries });
    return { cursor, deliveries };
  });
  if (created === undefined) return 'LOST';
  job.recover_cursor = created.cursor;
  hintDeliveries(database, created.deliveries);
  return 'MORE';
}
