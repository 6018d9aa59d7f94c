import type { Transaction } from 'kysely';
import type { Actor } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import { NotFoundError } from '../errors.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { decodeId } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { type ApiKey, toApiKey } from './api-key.ts';

/**
 * Revokes a key permanently: requests with it are refused within 2 s, and its subscriptions end within 5 s. Revoking
 * it again changes nothing and returns the same key. A key may revoke itself.
 */
export async function revokeApiKey(
  trx: Transaction<Tables>,
  id: string,
  by: Readonly<{ tenantId: string; actor: Actor; requestId: string | undefined }>,
): Promise<ApiKey> {
  const uuid = decodeId('ApiKey', id);
  if (uuid === undefined) throw new NotFoundError(id);
  const revoked = await trx
    .updateTable('api_key')
    .set({ revoked_at: new Date(databaseNow()) })
    .where('tenant_id', '=', by.tenantId)
    .where('id', '=', uuid)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (revoked === undefined) return await findRevoked(trx, by.tenantId, { id, uuid });
  await forgetAnswersWithSecretOf(trx, by.tenantId, uuid);
  await appendAudit(trx, {
    ownerId: by.tenantId,
    actor: by.actor,
    requestId: by.requestId,
    action: 'api_key.revoke',
    targetType: 'ApiKey',
    targetId: uuid,
    changes: { revokedAt: { from: null, to: revoked.revoked_at } },
  });
  return toApiKey(revoked);
}

async function findRevoked(
  trx: Transaction<Tables>,
  tenantId: string,
  key: { id: string; uuid: string },
): Promise<ApiKey> {
  const row = await trx
    .selectFrom('api_key')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', key.uuid)
    .executeTakeFirst();
  if (row === undefined) throw new NotFoundError(key.id);
  return toApiKey(row);
}
