import { sql, type Transaction } from 'kysely';
import { type Actor, platformOwnerId } from '../access/actor.ts';
import { revokeSubject } from '../access/revoked-subjects.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { decodeId, encodeId } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { revokeApiKey } from '../tenants/revoke-api-key.ts';
import { resumeTenant, suspendTenant } from '../tenants/suspend-tenant.ts';
import type { AuthMessage } from './auth-message.ts';

/** The identity provider, as the audit log names it. */
const provider: Actor = {
  kind: 'INTERNAL',
  actorId: 'auth-hook',
  label: 'Identity provider',
  permissions: new Set(),
  tenantId: undefined,
  appId: undefined,
  verifiedEmail: undefined,
  expiresAt: undefined,
};

type Told = Readonly<{ message: AuthMessage; at: Date; requestId: string }>;

/**
 * Applies a message of the identity provider in the caller's transaction. In every process, requests of the callers
 * concerned are refused within 2 s of the commit and their subscriptions end within 5 s, because all processes check
 * the same tables. Returns the number of revoked API keys.
 */
export async function applyAuthMessage(trx: Transaction<Tables>, told: Told): Promise<number> {
  const { message, at, requestId } = told;
  const change = { at, by: { actor: provider, requestId } };
  switch (message.type) {
    case 'tenant.suspended':
      await suspendTenant(trx, message.data.tenant, change);
      return 0;
    case 'tenant.resumed':
      await resumeTenant(trx, message.data.tenant, change);
      return 0;
    case 'user.permissions_changed':
      await callBack(trx, told, { subject: message.data.subject, revokedKeys: 0 });
      return 0;
    case 'user.deleted': {
      const { subject } = message.data;
      const revokedKeys = await revokeAll(trx, await keysMadeBy(trx, subject), requestId);
      await callBack(trx, told, { subject, revokedKeys });
      return revokedKeys;
    }
    case 'api_key.compromised':
      return await revokeAll(trx, await compromisedKey(trx, message.data), requestId);
  }
}

type Key = Readonly<{ tenantId: string; id: string }>;

/** Revokes the tokens of a subject that were issued before the message. */
async function callBack(
  trx: Transaction<Tables>,
  { message, at, requestId }: Told,
  { subject, revokedKeys }: { subject: string; revokedKeys: number },
): Promise<void> {
  await revokeSubject(trx, { subject, notBefore: at });
  await appendAudit(trx, {
    ownerId: platformOwnerId,
    actor: provider,
    requestId,
    action: message.type === 'user.deleted' ? 'user.delete' : 'user.change_permissions',
    // Users belong to the identity provider, so the platform itself is the nearest record of ours.
    targetType: 'Tenant',
    targetId: platformOwnerId,
    changes: { subject, notBefore: at, revokedKeys },
  });
}

/** The audit entry of its creation names who created a key, and who created the console link that created it. */
async function keysMadeBy(trx: Transaction<Tables>, subject: string): Promise<Key[]> {
  const made = trx
    .selectFrom('audit_entry')
    .select(['owner_id', 'target_id'])
    .where('action', '=', sql.lit('api_key.create'));
  const rows = await made
    .where('actor_id', '=', subject)
    .where('actor_kind', 'in', ['USER', 'SERVICE'])
    .unionAll(
      made
        .where('actor_kind', '=', sql.lit('CONSOLE_LINK'))
        .where(sql<string>`changes ->> 'onBehalfOf'`, '=', subject),
    )
    .execute();
  return rows.map((row) => ({ tenantId: row.owner_id, id: row.target_id }));
}

async function compromisedKey(
  trx: Transaction<Tables>,
  data: Extract<AuthMessage, { type: 'api_key.compromised' }>['data'],
): Promise<Key[]> {
  if ('tokenSha256' in data) {
    const row = await trx
      .selectFrom('api_key')
      .select(['tenant_id', 'id'])
      .where('token_hash', '=', Buffer.from(data.tokenSha256, 'hex'))
      .executeTakeFirst();
    return row === undefined ? [] : [{ tenantId: row.tenant_id, id: row.id }];
  }
  const id = decodeId('ApiKey', data.apiKeyId);
  const tenant = await trx
    .selectFrom('tenant')
    .select('id')
    .where('external_id', '=', data.tenant)
    .executeTakeFirst();
  return id === undefined || tenant === undefined ? [] : [{ tenantId: tenant.id, id }];
}

/** Only keys that still worked are counted. A missing key is no reason to refuse the message. */
async function revokeAll(trx: Transaction<Tables>, keys: readonly Key[], requestId: string): Promise<number> {
  let revoked = 0;
  for (const { tenantId, id } of keys) {
    const before = await trx
      .selectFrom('api_key')
      .select('revoked_at')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (before === undefined || before.revoked_at !== null) continue;
    await revokeApiKey(trx, encodeId('ApiKey', id), { tenantId, actor: provider, requestId });
    revoked += 1;
  }
  return revoked;
}
