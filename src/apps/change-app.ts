import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Database } from '../db/pool.ts';
import { deleteEndpoint } from '../endpoints/delete-endpoint.ts';
import { ValidationError } from '../errors.ts';
import { forgetAnswersWithSecretOf } from '../idempotency/with-idempotency.ts';
import { endQueuedOrLeave } from '../status/end-queued.ts';
import type { Tables } from '../tables.ts';
import { type App, lockApp } from './app.ts';
import { nameIssues } from './app-input.ts';
import { findWebhook } from './webhook.ts';

/** Changes the given fields that differ. If none differs, nothing is written and nothing is audited. */
export async function updateApp(
  trx: Transaction<Tables>,
  { appId, input, by }: { appId: string; input: { name?: string | null | undefined }; by: By },
): Promise<App> {
  const { name } = input;
  if (name === null) {
    throw new ValidationError([{ path: ['name'], code: 'REQUIRED', message: '`name` must not be null.' }]);
  }
  const issues = name === undefined ? [] : nameIssues(name);
  if (issues.length > 0) throw new ValidationError(issues);
  const before = await lockApp(trx, appId);
  if (name === undefined || name.trim() === before.name) return before;
  const after = await trx
    .updateTable('app')
    .set({ name: name.trim(), updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', appId)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app.update',
    targetType: 'App',
    targetId: appId,
    changes: { name: { from: before.name, to: after.name } },
  });
  return after;
}

/**
 * Deletes an app with its secrets, its members, its invitations, its webhook and every installation. After the commit
 * nobody can find it, its tokens stop working and nothing is forwarded to it. After the commit, call
 * `endWebhookQueue`.
 */
export async function deleteApp(
  trx: Transaction<Tables>,
  { appId, by }: { appId: string; by: By },
): Promise<{ deletedAt: Date; webhookId: string | undefined }> {
  const app = await lockApp(trx, appId);
  const webhook = await findWebhook(trx, app);
  if (webhook !== undefined) await deleteEndpoint(trx, { ownerId: appId, id: webhook.id, by });
  await trx.deleteFrom('signing_secret').where('owner_id', '=', appId).execute();
  for (const table of [
    'app_client_secret',
    'app_member',
    'app_invitation',
    'app_forward',
    'app_lifecycle_outbox',
  ] as const) {
    await trx.deleteFrom(table).where('app_id', '=', appId).execute();
  }
  await trx
    .updateTable('app_installation')
    .set({ revoked_at: sql<Date>`clock_timestamp()` })
    .where('app_id', '=', appId)
    .where('revoked_at', 'is', null)
    .execute();
  await trx
    .updateTable('app_count')
    .set({ installed: 0, subscribed: 0 })
    .where('app_id', '=', appId)
    .execute();
  const { deleted_at: deletedAt } = await trx
    .updateTable('app')
    .set({ deleted_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', appId)
    .returning(sql<Date>`deleted_at`.as('deleted_at'))
    .executeTakeFirstOrThrow();
  await forgetAnswersWithSecretOf(trx, app.tenant_id, appId);
  await appendAudit(trx, {
    ownerId: app.tenant_id,
    ...by,
    action: 'app.delete',
    targetType: 'App',
    targetId: appId,
    changes: { name: app.name, source: app.source, deletedAt: { from: null, to: deletedAt } },
  });
  return { deletedAt, webhookId: webhook?.id };
}

/** Ends the waiting deliveries. It may be repeated, and a crash may skip it, because the claim ends them, too. */
export async function endWebhookQueue(
  database: Database,
  appId: string,
  webhookId: string | undefined,
): Promise<void> {
  if (webhookId === undefined) return;
  await endQueuedOrLeave(database, {
    ownerId: appId,
    endpointId: webhookId,
    reason: 'ENDPOINT_DELETED',
    claimedToo: true,
  });
}
