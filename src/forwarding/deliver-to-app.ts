import { type Kysely, type Selectable, sql } from 'kysely';
import type { AppEventStream } from '../apps/webhook.ts';
import type { Database } from '../db/pool.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { mintUuid } from '../ids.ts';
import type { Logger } from '../log.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import type { NewDelivery } from '../status/create-deliveries.ts';
import type { Tables } from '../tables.ts';

export type ForwarderOptions = Readonly<{
  database: Database;
  logger: Logger;
  config: DeliveryRules;
}>;

/** The result of a batch of outbox rows: how many it handled, and whether there may be more. */
export type CarriedBatch = Readonly<{ taken: number; isFull: boolean }>;

/** The webhooks of these apps that receive the stream, by the app's id. */
export async function findWebhooksTaking(
  db: Kysely<Tables>,
  appIds: readonly string[],
  stream: AppEventStream,
): Promise<ReadonlyMap<string, Endpoint>> {
  const { rows } = await sql<Selectable<Tables['endpoint']>>`
    select e.* from unnest(${[...appIds]}::uuid[]) as wanted (id)
      join app a on a.id = wanted.id
      join endpoint e on e.owner_id = a.id and e.id = a.webhook_id
     where coalesce(a.deleted_at, e.deleted_at) is null and ${stream} = any(e.streams)`.execute(db);
  return new Map(rows.map((row) => [row.owner_id, row]));
}

/** The app's delivery of an event: waiting to be sent, or FAILED with the reason why its webhook cannot receive it. */
export function deliveryToApp(
  webhook: Endpoint,
  event: Readonly<{
    id: string;
    type: string;
    tenantId: string | undefined;
    installationId: string | undefined;
  }>,
  rules: DeliveryRules,
): NewDelivery {
  return {
    ownerId: webhook.owner_id,
    id: mintUuid(),
    endpointId: webhook.id,
    eventId: event.id,
    eventType: event.type,
    kind: 'EVENT',
    replayOf: undefined,
    tenantId: event.tenantId,
    installationId: event.installationId,
    ...planDelivery(webhook, rules),
  };
}
