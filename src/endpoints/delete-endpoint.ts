import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { highestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { lockEndpoint } from './endpoint.ts';

/**
 * Deletes an endpoint. After the commit nobody can find it or its deliveries, and its secrets are gone. Rows are
 * removed later, in the background. After the commit, end its waiting deliveries with `endQueued` and
 * ENDPOINT_DELETED; a claim ends those that a crash leaves over.
 */
export async function deleteEndpoint(
  trx: Transaction<Tables>,
  { ownerId, id, by }: { ownerId: string; id: string; by: By },
): Promise<{ deletedAt: Date }> {
  const endpoint = await lockEndpoint(trx, ownerId, id);
  const { deleted_at: deletedAt } = await trx
    .updateTable('endpoint')
    .set({
      deleted_at: sql<Date>`clock_timestamp()`,
      updated_at: sql<Date>`clock_timestamp()`,
      // No id is newer, so everything is hidden that the endpoint ever had or is still being given.
      purged_through: highestUuid,
      handshake_started_at: null,
    })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .returning(sql<Date>`deleted_at`.as('deleted_at'))
    .executeTakeFirstOrThrow();
  await trx
    .deleteFrom('signing_secret')
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', id)
    .execute();
  await forgetAnswersWithSecretOf(trx, ownerId, id);
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'endpoint.delete',
    targetType: 'Endpoint',
    targetId: id,
    changes: { url: endpoint.url, deletedAt: { from: null, to: deletedAt } },
  });
  return { deletedAt };
}
