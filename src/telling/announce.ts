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

/** The platform's events about an endpoint. */
type ToldType = 'endpoint.disabled' | 'endpoint.failing' | 'endpoint.recovered' | 'delivery.dead_lettered';

export type Announcement = Readonly<{
  type: ToldType;
  endpoint: Pick<Endpoint, 'owner_id' | 'id' | 'owner_kind' | 'url'>;
  occurredAt: Date;
  /** What it says beside which endpoint it is. */
  data: Readonly<Record<string, unknown>>;
}>;

/**
 * Tells the owner's other endpoints about one, by an event of the platform's: to each that subscribes to it and whose
 * filter lets it through, as with any other event; what an inactive or unverified one misses is FAILED with the reason.
 * It never goes to the endpoint that it is about.
 *
 * It is the last statement of the transaction that makes it true, because it locks the owner's log until the commit. So
 * the event is there exactly if the fact is, and once. An app has one endpoint, and nobody else to tell: its event has
 * no delivery. No event goes from a tenant to its apps. After the commit, call `hintDeliveries` with what is returned.
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
  const event: NewEvent = {
    ...{ ownerId, id: mintUuid(), type, tenantId, idempotencyKey: undefined, occurredAt },
    body: renderEventBody({ type, occurredAt, payloadText: JSON.stringify(payload) }),
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

/** Those of the owner's other endpoints that subscribe to it. */
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

/** Which receiver it is, without what may let somebody in there: a query string often holds a token. */
export function urlWithoutSecrets(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Whether a body is of an event of these: what becomes of such a delivery is told nobody, or telling would go round. */
export const isTold = (body: string): boolean =>
  /^\{"type":"(?:endpoint\.|delivery\.dead_lettered")/.test(body);
