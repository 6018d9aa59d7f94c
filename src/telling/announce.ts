import { sql, type Transaction } from 'kysely';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { categoryOf } from '../event-types/event-type-name.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { passes } from '../filters/filter.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import { createDeliveriesWithin, type NewDelivery, type NewEvent } from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import type { Tables } from '../tables.ts';
import { traceOwnEvent } from '../tracing/publish-trace.ts';

/** The events that the platform publishes about an endpoint. */
type ToldType = 'endpoint.disabled' | 'endpoint.failing' | 'endpoint.recovered' | 'delivery.dead_lettered';

export type Announcement = Readonly<{
  type: ToldType;
  endpoint: Pick<Endpoint, 'owner_id' | 'id' | 'owner_kind' | 'url'>;
  occurredAt: Date;
  /** The payload's fields in addition to the endpoint. */
  data: Readonly<Record<string, unknown>>;
}>;

/**
 * Publishes a platform event about an endpoint to the owner's other endpoints. As with any other event, each of them
 * gets it if it subscribes to the type and its filter matches; for an inactive or unverified endpoint the delivery is
 * FAILED with the reason. The event is never sent to the endpoint that it is about.
 *
 * Call it last in the transaction that makes the change, because it locks the owner's log until the commit. So the
 * event is stored exactly once, and only if the change is. An app has only one endpoint, so its event has no delivery.
 * An event about a tenant's endpoint is not forwarded to apps. After the commit, call `hintDeliveries` with the result.
 */
export async function announce(
  trx: Transaction<Tables>,
  { type, endpoint, occurredAt, data }: Announcement,
  rules: DeliveryRules,
): Promise<readonly NewDelivery[]> {
  const ownerId = endpoint.owner_id;
  const tenantId = endpoint.owner_kind === 'TENANT' ? ownerId : undefined;
  const payload = {
    endpointId: encodeId('Endpoint', endpoint.id),
    url: urlWithoutSecrets(endpoint.url),
    ...data,
  };
  const id = mintUuid();
  const event: NewEvent = {
    ...{ ownerId, id, type, tenantId, idempotencyKey: undefined, occurredAt },
    body: renderEventBody({ type, occurredAt, payloadText: JSON.stringify(payload) }),
    traceContext: traceOwnEvent({ type, id }),
  };
  const deliveries = (await findOthers(trx, type, endpoint))
    .filter(({ sending }) => passes(sending?.filter, event.body))
    .map(
      (other): NewDelivery => ({
        ...{ ownerId, id: mintUuid(), endpointId: other.id, eventId: event.id, eventType: type, tenantId },
        ...{ kind: 'EVENT', replayOf: undefined, installationId: undefined },
        ...planDelivery(other, rules),
      }),
    );
  await createDeliveriesWithin(trx, { events: [event], deliveries });
  return deliveries;
}

/** The owner's other endpoints that subscribe to the event. */
function findOthers(trx: Transaction<Tables>, type: ToldType, about: Announcement['endpoint']) {
  return trx
    .selectFrom('endpoint')
    .select(['id', 'is_active', 'disabled_reason', 'verification', 'sending'])
    .select(['queue_full_at', 'strict_boundary'])
    .where('owner_id', '=', about.owner_id)
    .where('id', '<>', about.id)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`events && ${patternsOf(type, categoryOf(type))}::text[]`)
    .orderBy('id')
    .execute();
}

/** The URL without credentials and without the query string, which often contains a token. */
export function urlWithoutSecrets(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/**
 * Whether the body belongs to such an event. The result of its delivery is not announced: otherwise two failing
 * endpoints would announce each other without end.
 */
export const isTold = (body: string): boolean =>
  /^\{"type":"(?:endpoint\.|delivery\.dead_lettered")/.test(body);
