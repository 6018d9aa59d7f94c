import type { Database } from '../../src/db/pool.ts';
import { mintUuid } from '../../src/ids.ts';
import { createDeliveries, type NewDelivery } from '../../src/status/create-deliveries.ts';

/** A tenant with its log and an active, verified endpoint, inserted directly into the tables. */
export async function seedOwner(
  database: Database,
  options: { endpoints?: number; url?: string } = {},
): Promise<{ ownerId: string; endpointIds: string[] }> {
  const ownerId = mintUuid();
  await database.api.query(
    'insert into tenant (id, external_id, name) values ($1::uuid, $1::text, $1::text)',
    [ownerId],
  );
  await database.api.query('insert into owner_log (owner_id) values ($1)', [ownerId]);
  const endpointIds = Array.from({ length: options.endpoints ?? 1 }, () => mintUuid());
  for (const id of endpointIds) {
    await database.api.query(
      `insert into endpoint (owner_id, id, owner_kind, url, events, is_active, verification)
       values ($1, $2, 'TENANT', $3, '{*}', true, 'VERIFIED')`,
      [ownerId, id, options.url ?? 'http://127.0.0.1:9/'],
    );
  }
  return { ownerId, endpointIds };
}

export function newDelivery(
  ownerId: string,
  endpointId: string,
  options: Partial<NewDelivery> = {},
): NewDelivery {
  return {
    ownerId,
    id: mintUuid(),
    endpointId,
    eventId: mintUuid(),
    eventType: 'order.paid',
    kind: 'EVENT',
    failureReason: undefined,
    replayOf: undefined,
    maxAttempts: 3,
    delayMs: 0,
    isStrict: false,
    tenantId: ownerId,
    installationId: undefined,
    ...options,
  };
}

/** `count` deliveries, each with its own event. */
export async function seedDeliveries(
  database: Database,
  ownerId: string,
  endpointId: string,
  count: number,
  body = '{"type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{}}',
): Promise<NewDelivery[]> {
  const deliveries = Array.from({ length: count }, () => newDelivery(ownerId, endpointId));
  await createDeliveries(database, {
    events: deliveries.map((delivery) => ({
      ownerId,
      id: delivery.eventId,
      type: delivery.eventType,
      body,
      tenantId: ownerId,
      idempotencyKey: undefined,
      occurredAt: new Date('2026-01-01T00:00:00Z'),
    })),
    deliveries,
  });
  return deliveries;
}

/** Marks the rows like a worker's claim. */
export async function claimAll(database: Database, ownerId: string, epoch: number): Promise<void> {
  await database.engine.query('update due set claim = $2, claimed_at = now() where owner_id = $1', [
    ownerId,
    epoch,
  ]);
}
