import { systemActor } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Database } from '../db/pool.ts';
import { endQueued } from '../status/end-queued.ts';

/**
 * Disables an endpoint that said it is gone (410) or has only failed for days, and ends what is queued for it. Only
 * while it still has the URL that was tried, and once: a second caller finds it inactive.
 */
export async function giveUpEndpoint(
  database: Database,
  endpoint: { ownerId: string; endpointId: string; url: string },
  reason: 'GONE' | 'FAILING',
): Promise<boolean> {
  const { ownerId, endpointId, url } = endpoint;
  const wasDisabled = await database.query.transaction().execute(async (trx) => {
    const disabled = await trx
      .updateTable('endpoint')
      .set({ is_active: false, disabled_reason: reason, updated_at: new Date() })
      .where('owner_id', '=', ownerId)
      .where('id', '=', endpointId)
      .where('url', '=', url)
      .where('is_active', '=', true)
      .where('deleted_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (disabled === undefined) return false;
    await appendAudit(trx, {
      ownerId,
      actor: systemActor,
      action: 'endpoint.disable',
      targetType: 'Endpoint',
      targetId: endpointId,
      changes: { isActive: { from: true, to: false }, disabledReason: { from: null, to: reason } },
      requestId: undefined,
    });
    return true;
  });
  if (wasDisabled) {
    await endQueued(database, {
      ownerId,
      endpointId,
      reason: reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE',
    });
  }
  return wasDisabled;
}
