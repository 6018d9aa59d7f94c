import type { Transaction } from 'kysely';
import { type Actor, platformOwnerId } from '../access/actor.ts';
import { insertTenant } from '../access/tenant-identity.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Tables } from '../tables.ts';

/**
 * Suspends a tenant: nothing is published or sent for it, nobody can follow its log, and due deliveries end as FAILED
 * (TENANT_SUSPENDED) and can be replayed later. An unknown tenant is created, so that its first token finds it
 * suspended. Returns false if a later message was handled before, or if nothing changes.
 */
export async function suspendTenant(
  trx: Transaction<Tables>,
  externalId: string,
  change: SuspensionChange,
): Promise<boolean> {
  await insertTenant(trx, { externalId, name: externalId });
  return await changeSuspension(trx, externalId, { ...change, isSuspended: true });
}

/** Ends the suspension of a tenant. Deliveries that ended meanwhile are not sent until they are replayed. */
export async function resumeTenant(
  trx: Transaction<Tables>,
  externalId: string,
  change: SuspensionChange,
): Promise<boolean> {
  return await changeSuspension(trx, externalId, { ...change, isSuspended: false });
}

/** When the platform decided it, and who sent the message. */
export type SuspensionChange = Readonly<{ at: Date; by: { actor: Actor; requestId: string | undefined } }>;

async function changeSuspension(
  trx: Transaction<Tables>,
  externalId: string,
  { at, by, isSuspended }: SuspensionChange & { isSuspended: boolean },
): Promise<boolean> {
  const before = await trx
    .selectFrom('tenant')
    .select(['id', 'suspended_at', 'suspension_changed_at'])
    .where('external_id', '=', externalId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (before === undefined || (before.suspension_changed_at ?? new Date(0)) > at) return false;
  const wasSuspended = before.suspended_at !== null;
  const suspendedAt = isSuspended ? (before.suspended_at ?? at) : null;
  await trx
    .updateTable('tenant')
    .set({ suspended_at: suspendedAt, suspension_changed_at: at })
    .where('id', '=', before.id)
    .execute();
  if (wasSuspended === isSuspended) return false;
  await appendAudit(trx, {
    ownerId: platformOwnerId,
    ...by,
    action: isSuspended ? 'tenant.suspend' : 'tenant.resume',
    targetType: 'Tenant',
    targetId: before.id,
    changes: { suspendedAt: { from: before.suspended_at, to: suspendedAt } },
  });
  return true;
}
