import type { Actor } from '../access/actor.ts';
import type { Database } from '../db/pool.ts';
import { deleteEndpoint } from '../endpoints/delete-endpoint.ts';
import { readHead } from '../live/read-log.ts';
import { endQueued } from '../status/end-queued.ts';

const testControl: Actor = {
  kind: 'INTERNAL',
  actorId: 'test-control',
  label: 'Test control',
  permissions: new Set(),
  tenantId: undefined,
  appId: undefined,
  verifiedEmail: undefined,
  expiresAt: undefined,
};

export type Reset = Readonly<{ endpoints: number; ended: number; logPosition: number }>;

/**
 * Resets a tenant for a test suite. Its endpoints are deleted in the usual way: waiting deliveries end in the log,
 * and nobody can find their deliveries any more. Idempotency keys are forgotten, so that the next test may use the
 * same ones. Events, the audit log, API keys and installed apps stay.
 *
 * The log is never truncated or renumbered, because its followers would see a hole. The next test subscribes after
 * the returned position.
 */
export async function resetTenant(
  database: Database,
  { ownerId, requestId }: { ownerId: string; requestId: string },
): Promise<Reset> {
  const by = { actor: testControl, requestId };
  const endpoints = await database.query
    .selectFrom('endpoint')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .execute();
  let ended = 0;
  for (const { id } of endpoints) {
    await database.query.transaction().execute((trx) => deleteEndpoint(trx, { ownerId, id, by }));
    ended += await endQueued(database, {
      ownerId,
      endpointId: id,
      reason: 'ENDPOINT_DELETED',
      claimedToo: true,
    });
  }
  await database.query.deleteFrom('event_key').where('owner_id', '=', ownerId).execute();
  await database.api.query('delete from idempotency_key where owner_id = $1', [ownerId]);
  const { head } = await readHead(database, ownerId);
  return { endpoints: endpoints.length, ended, logPosition: head };
}
