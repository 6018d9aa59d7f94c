import { sql, type Transaction } from 'kysely';
import type { DisabledReason, Endpoint } from '../endpoints/endpoint.ts';
import { categoryOf } from '../event-types/event-type-name.ts';
import { patternsOf } from '../event-types/subscription-pattern.ts';
import { passes } from '../filters/filter.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import { createDeliveriesWithin, type NewDelivery, type NewEvent } from '../status/create-deliveries.ts';
import { renderEventBody } from '../status/event-body.ts';
import type { Tables } from '../tables.ts';

const type = 'endpoint.disabled';

export type Disabled = Readonly<{
  endpoint: Pick<Endpoint, 'owner_id' | 'id' | 'owner_kind' | 'url'>;
  reason: DisabledReason;
  disabledAt: Date;
}>;

/**
 * Tells the owner's other endpoints that one was disabled, by the platform's event `endpoint.disabled`: to each that
 * subscribes to it, as with any other event; what an inactive or unverified one misses is FAILED with the reason.
 *
 * It is the last statement of the transaction that disables the endpoint, because it locks the owner's log until the
 * commit. So the event is there exactly if the endpoint was disabled, and once: whoever dies before the commit has done
 * neither. An app has one endpoint, and nobody else to tell: its event has no delivery. No event goes from a tenant to
 * its apps. After the commit, call `hintDeliveries` with what is returned.
 */
export async function announceDisabled(
  trx: Transaction<Tables>,
  { endpoint, reason, disabledAt }: Disabled,
  rules: DeliveryRules,
): Promise<readonly NewDelivery[]> {
  const ownerId = endpoint.owner_id;
  const tenantId = endpoint.owner_kind === 'TENANT' ? ownerId : undefined;
  const payload = {
    endpointId: encodeId('Endpoint', endpoint.id),
    url: withoutSecrets(endpoint.url),
    reason,
    disabledAt: disabledAt.toISOString(),
  };
  const event: NewEvent = {
    ...{ ownerId, id: mintUuid(), type, tenantId, idempotencyKey: undefined, occurredAt: disabledAt },
    body: renderEventBody({ type, occurredAt: disabledAt, payloadText: JSON.stringify(payload) }),
  };
  const deliveries = (await findOthers(trx, endpoint))
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
function findOthers(trx: Transaction<Tables>, disabled: Disabled['endpoint']) {
  return trx
    .selectFrom('endpoint')
    .select([
      'id',
      'is_active',
      'disabled_reason',
      'verification',
      'sending',
      'queue_full_at',
      'strict_boundary',
    ])
    .where('owner_id', '=', disabled.owner_id)
    .where('id', '<>', disabled.id)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`events && ${patternsOf(type, categoryOf(type))}::text[]`)
    .orderBy('id')
    .execute();
}

/** Which receiver it is, without what may let somebody in there: a query string often holds a token. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
