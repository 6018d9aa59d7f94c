import type { Insertable } from 'kysely';
import type { Database } from '../../src/db/pool.ts';
import type { Delivery } from '../../src/deliveries/delivery.ts';
import { mintUuid } from '../../src/ids.ts';
import type { LogChange } from '../../src/live/read-log.ts';
import type { Tables } from '../../src/tables.ts';

/** Inserts a delivery, and its row in the queue if it has not ended, in any state that a reader may find. Its id tells when it was created. */
export async function insertDelivery(
  database: Database,
  values: Pick<Insertable<Tables['delivery']>, 'owner_id' | 'endpoint_id'> &
    Partial<Insertable<Tables['delivery']>>,
): Promise<Delivery> {
  const { status = 'PENDING' } = values;
  const delivery = await database.query
    .insertInto('delivery')
    .values({
      id: mintUuid(),
      event_id: mintUuid(),
      event_type: 'order.paid',
      kind: 'EVENT',
      status: 'PENDING',
      failure_reason:
        status === 'FAILED' ? 'CANCELLED' : status === 'DEAD_LETTER' ? 'RETRIES_EXHAUSTED' : null,
      replay_of: null,
      replayed_at: null,
      attempt_count: 0,
      max_attempts: 10,
      next_attempt_at: null,
      updated_at: new Date(),
      completed_at: null,
      tenant_id: null,
      installation_id: null,
      ...values,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  if (status === 'PENDING' || status === 'DELIVERING' || status === 'RETRYING')
    await database.query
      .insertInto('due')
      .values({
        ...{ owner_id: delivery.owner_id, delivery_id: delivery.id, endpoint_id: delivery.endpoint_id },
        ...{
          event_id: delivery.event_id,
          kind: delivery.kind,
          status,
          shard: 0,
          claim: null,
          claimed_at: null,
        },
        ...{ attempt_count: delivery.attempt_count, attempt_rows: 0, max_attempts: delivery.max_attempts },
        // Far away, so that no worker sends it.
        due_at: new Date('2100-01-01T00:00:00Z'),
        installation_id: delivery.installation_id,
      })
      .execute();
  return delivery;
}

/** The change in the log that led to the current state of the delivery. */
export const changeOf = (delivery: Delivery): LogChange => ({
  ownerId: delivery.owner_id,
  position: 1,
  occurredAt: delivery.updated_at,
  deliveryId: delivery.id,
  endpointId: delivery.endpoint_id,
  eventId: delivery.event_id,
  eventType: delivery.event_type,
  kind: delivery.kind,
  tenantId: delivery.tenant_id,
  status: delivery.status,
  previousStatus: null,
  failureReason: delivery.failure_reason,
  attemptNumber: delivery.attempt_count,
  responseStatus: null,
});
