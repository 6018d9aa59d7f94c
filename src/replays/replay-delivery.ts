import type { Kysely, Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Delivery } from '../deliveries/delivery.ts';
import { findDelivery } from '../deliveries/find-delivery.ts';
import { type Endpoint, findEndpoint } from '../endpoints/endpoint.ts';
import { NotFoundError, NotReplayableError } from '../errors.ts';
import { findEvents } from '../events/find-event.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { type DeliveryRules, planDelivery } from '../sending/plan-delivery.ts';
import { type NewReplay, replayWithin } from '../status/replay-deliveries.ts';
import type { Tables } from '../tables.ts';

/**
 * Replays one delivery in two steps. The second locks the owner's log until the commit and must therefore come last.
 * `planReplay` refuses what cannot be replayed and writes the audit entry; `carryOut` creates the new delivery.
 */
export async function planReplay(
  trx: Transaction<Tables>,
  {
    ownerId,
    id,
    force,
    rules,
    by,
  }: { ownerId: string; id: string; force: boolean; rules: DeliveryRules; by: By },
): Promise<NewReplay> {
  const original = await getReplayable(trx, { ownerId, id, force });
  const endpoint = await findEndpoint(trx, ownerId, original.endpoint_id);
  if (endpoint === undefined) throw new NotFoundError(encodeId('Delivery', id));
  const fresh = replayOf(original, { endpoint, rules });
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'delivery.replay',
    targetType: 'Delivery',
    targetId: id,
    changes: {
      replay: encodeId('Delivery', fresh.id),
      endpointId: encodeId('Endpoint', endpoint.id),
      ...(force ? { force } : {}),
    },
  });
  return fresh;
}

/** The last statement of the transaction. After the commit, call `hintDeliveries`. */
export async function carryOutReplay(
  trx: Transaction<Tables>,
  { ownerId, replay, force }: { ownerId: string; replay: NewReplay; force: boolean },
): Promise<void> {
  if (await replayWithin(trx, { ownerId, replay, force })) return;
  // The delivery was removed, or its event dropped, after it had been read.
  throw new NotFoundError(encodeId('Delivery', replay.originalId));
}

/** A new delivery of the original's event, as publishing would create it now. */
export function replayOf(
  original: Pick<Delivery, 'id' | 'endpoint_id'>,
  { endpoint, rules }: { endpoint: Endpoint; rules: DeliveryRules },
): NewReplay {
  return {
    originalId: original.id,
    id: mintUuid(),
    endpointId: original.endpoint_id,
    ...planDelivery(endpoint, rules),
  };
}

async function getReplayable(
  db: Kysely<Tables>,
  { ownerId, id, force }: { ownerId: string; id: string; force: boolean },
): Promise<Delivery> {
  const delivery = await findDelivery(db, ownerId, id);
  if (delivery === undefined) throw new NotFoundError(encodeId('Delivery', id));
  const { status } = delivery;
  const isReplayable = status === 'FAILED' || status === 'DEAD_LETTER' || (force && status === 'SUCCEEDED');
  if (!isReplayable) throw new NotReplayableError(status);
  if (delivery.kind === 'TEST') {
    // A replay of a test would not have the header that marks a test.
    throw new NotReplayableError(
      status,
      'A test cannot be replayed. Call `testEndpoint` to send another one.',
    );
  }
  const [event] = await findEvents(db, ownerId, [delivery.event_id]);
  if (event === undefined) {
    throw new NotReplayableError(status, 'The event is past retention, so there is nothing left to send.');
  }
  return delivery;
}
