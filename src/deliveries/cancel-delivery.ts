import type { Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import { encodeId } from '../ids.ts';
import { cancelWithin } from '../status/cancel-queued.ts';
import { isFinal } from '../status/status.ts';
import type { Tables } from '../tables.ts';
import { findDelivery } from './find-delivery.ts';

/**
 * Ends a waiting delivery as FAILED (CANCELLED). It is not sent afterwards. A delivery that a worker has claimed is
 * being sent and cannot be cancelled. The change of status is the transaction's last statement.
 */
export async function cancelDelivery(
  trx: Transaction<Tables>,
  { ownerId, id, by }: { ownerId: string; id: string; by: By },
): Promise<void> {
  const delivery = await findDelivery(trx, ownerId, id);
  if (delivery === undefined) throw new NotFoundError(encodeId('Delivery', id));
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'delivery.cancel',
    targetType: 'Delivery',
    targetId: id,
    changes: { status: { from: delivery.status, to: 'FAILED' } },
  });
  if (await cancelWithin(trx, { ownerId, id })) return;
  const { status } = (await findDelivery(trx, ownerId, id)) ?? delivery;
  throw new ConflictError(
    isFinal(status)
      ? `The delivery has already ended as ${status}.`
      : 'The delivery is being sent at this moment. Try again when the attempt has ended.',
  );
}
