import type { Database } from '../../src/db/pool.ts';
import { encodeId } from '../../src/ids.ts';
import { createDeliveries, type NewDelivery } from '../../src/status/create-deliveries.ts';
import type { FailureReason } from '../../src/status/status.ts';
import { newDelivery } from '../support/deliveries.ts';

/** Deliveries that were created as FAILED, each with its own event. */
export async function seedFailed(
  database: Database,
  options: {
    ownerId: string;
    endpointId: string;
    count: number;
    reason?: FailureReason;
  } & Partial<NewDelivery>,
): Promise<NewDelivery[]> {
  const { ownerId, endpointId, count, reason = 'ENDPOINT_INACTIVE', ...rest } = options;
  const deliveries = Array.from({ length: count }, () =>
    newDelivery(ownerId, endpointId, { failureReason: reason, ...rest }),
  );
  for (let at = 0; at < count; at += 5_000) {
    const part = deliveries.slice(at, at + 5_000);
    await createDeliveries(database, {
      events: part.map((delivery) => ({
        ...{ ownerId, id: delivery.eventId, type: delivery.eventType, tenantId: ownerId },
        body: '{"type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{}}',
        idempotencyKey: undefined,
        occurredAt: new Date('2026-01-01T00:00:00Z'),
      })),
      deliveries: part,
    });
  }
  return deliveries;
}

export const deliveryId = (delivery: { id: string } | undefined): string =>
  encodeId('Delivery', delivery?.id ?? '');
