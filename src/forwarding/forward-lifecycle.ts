import { retrying } from '../db/retry.ts';
import { passes } from '../filters/filter.ts';
import { createDeliveries } from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import { traceOwnEvent } from '../tracing/publish-trace.ts';
import {
  type CarriedBatch,
  deliveryToApp,
  type ForwarderOptions,
  findWebhooksTaking,
} from './deliver-to-app.ts';

const batchSize = 200;
const retries = 3;

/**
 * Turns the waiting lifecycle rows of a group's apps into events. An app without a webhook, or whose webhook does not
 * receive lifecycle events, gets the event without a delivery.
 */
export async function forwardLifecycle(options: ForwarderOptions, group: number): Promise<CarriedBatch> {
  const { database, config } = options;
  return await database.query.transaction().execute(async (trx) => {
    const rows = await trx
      .selectFrom('app_lifecycle_outbox')
      .selectAll()
      .where('app_group', '=', group)
      .orderBy('event_id')
      .limit(batchSize)
      .forUpdate()
      .skipLocked()
      .execute();
    if (rows.length === 0) return { taken: 0, isFull: false };
    const webhooks = await findWebhooksTaking(
      trx,
      rows.map((row) => row.app_id),
      'LIFECYCLE',
    );
    const events = rows.map((row) => ({
      ownerId: row.app_id,
      id: row.event_id,
      type: row.type,
      body: renderEventBody({ type: row.type, occurredAt: row.occurred_at, payloadText: row.payload }),
      tenantId: undefined,
      idempotencyKey: undefined,
      occurredAt: row.occurred_at,
      traceContext: traceOwnEvent({ type: row.type, id: row.event_id }),
    }));
    const deliveries = events.flatMap((event) => {
      const webhook = webhooks.get(event.ownerId);
      if (webhook === undefined || !passes(webhook.sending?.filter, event.body)) return [];
      return [deliveryToApp(webhook, { ...event, installationId: undefined }, config)];
    });
    await retrying(() => createDeliveries(database, { events, deliveries }), { attempts: retries });
    for (const row of rows) {
      await trx
        .deleteFrom('app_lifecycle_outbox')
        .where('app_id', '=', row.app_id)
        .where('event_id', '=', row.event_id)
        .execute();
    }
    return { taken: rows.length, isFull: rows.length === batchSize };
  });
}
