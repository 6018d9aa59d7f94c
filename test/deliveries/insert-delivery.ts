import type { Insertable } from 'kysely';
import type { Database } from '../../src/db/pool.ts';
import type { Delivery } from '../../src/deliveries/delivery.ts';
import { mintUuid } from '../../src/ids.ts';
import type { LogChange } from '../../src/live/read-log.ts';
import type { Tables } from '../../src/tables.ts';

/** Inserts a delivery without any rule, in any state that a reader may find. Its id tells when it was created. */
export async function insertDelivery(
  database: Database,
  values: Pick<Insertable<Tables['delivery']>, 'owner_id' | 'endpoint_id'> &
    Partial<Insertable<Tables['delivery']>>,
): Promise<Delivery> {
  return await database.query
    .insertInto('delivery')
    .values({
      id: mintUuid(),
      event_id: mintUuid(),
      event_type: 'order.paid',
      kind: 'EVENT',
      status: 'PENDING',
      failure_reason: null,
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
