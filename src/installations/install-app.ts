import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { installationPermissionIssues } from '../apps/app-input.ts';
import { addForwards, removeForwards } from '../apps/forwards.ts';
import { appendLifecycle, type LifecycleType } from '../apps/lifecycle.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { AuditAction } from '../audit/audit-actions.ts';
import { ConflictError, NotFoundError, ValidationError } from '../errors.ts';
import { encodeId, mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import type { AppInstallation } from './installation.ts';

/** The tenant that installs: its UUID and the platform's identifier for it, which is sent to the app. */
export type Installer = Readonly<{ tenantId: string; externalId: string; by: By }>;

/**
 * Installs an app for a tenant. After the commit the tenant's events are forwarded, if it is subscribed. The app must
 * have a published version and must not be installed already. After the commit, call `hintLifecycle`; the same holds
 * for the other two functions.
 */
export async function installApp(
  trx: Transaction<Tables>,
  installer: Installer,
  input: Readonly<{ appId: string; permissions: readonly string[]; isSubscribed: boolean }>,
): Promise<AppInstallation> {
  const issues = installationPermissionIssues(input.permissions);
  if (issues.length > 0) throw new ValidationError(issues);
  const { appId, isSubscribed } = input;
  const { tenantId } = installer;
  const { isPublished } = await holdInstallable(trx, { appId, tenantId });
  if (!isPublished) throw new ConflictError('This app has no published version, so it cannot be installed.');
  const installation = await trx
    .insertInto('app_installation')
    .values({
      app_id: appId,
      id: mintUuid(),
      tenant_id: tenantId,
      permissions: [...input.permissions],
      is_subscribed: isSubscribed,
    })
    .onConflict((conflict) =>
      conflict.columns(['app_id', 'tenant_id']).where('revoked_at', 'is', null).doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
  if (installation === undefined) throw new ConflictError('The app is installed already.');
  if (isSubscribed) await addForwards(trx, { appId, id: installation.id, tenantId });
  await count(trx, appId, { installed: 1, subscribed: isSubscribed ? 1 : 0 });
  await record(trx, installer, {
    installation,
    action: 'app_installation.create',
    changes: { appId: encodeId('App', appId), permissions: input.permissions, isSubscribed },
    type: 'app.installed',
    tells: true,
  });
  return installation;
}

/** Changes the given fields that differ. A revoked installation counts as missing. */
export async function updateInstallation(
  trx: Transaction<Tables>,
  installer: Installer,
  input: Readonly<{
    id: string;
    permissions?: readonly string[] | null | undefined;
    isSubscribed?: boolean | null | undefined;
  }>,
): Promise<AppInstallation> {
  const issues = [
    ...(['permissions', 'isSubscribed'] as const)
      .filter((field) => input[field] === null)
      .map((field) => ({ path: [field], code: 'REQUIRED', message: `\`${field}\` must not be null.` })),
    ...installationPermissionIssues(input.permissions ?? []),
  ];
  if (issues.length > 0) throw new ValidationError(issues);
  const before = await lockInstallation(trx, installer.tenantId, input.id);
  const permissions = input.permissions ?? before.permissions;
  const isSubscribed = input.isSubscribed ?? before.is_subscribed;
  const changes: Record<string, unknown> = {};
  if (JSON.stringify(permissions) !== JSON.stringify(before.permissions)) {
    changes.permissions = { from: before.permissions, to: permissions };
  }
  if (isSubscribed !== before.is_subscribed)
    changes.isSubscribed = { from: before.is_subscribed, to: isSubscribed };
  if (Object.keys(changes).length === 0) return before;

  const { app_id: appId, id, tenant_id: tenantId } = before;
  const installation = await trx
    .updateTable('app_installation')
    .set({ permissions: [...permissions], is_subscribed: isSubscribed })
    .where('app_id', '=', appId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  if ('isSubscribed' in changes) {
    if (isSubscribed) await addForwards(trx, { appId, id, tenantId });
    else await removeForwards(trx, { appId, tenantId });
    await count(trx, appId, { installed: 0, subscribed: isSubscribed ? 1 : -1 });
  }
  await record(trx, installer, {
    installation,
    action: 'app_installation.update',
    changes,
    type: 'app.permissions_updated',
    tells: true,
  });
  return installation;
}

/**
 * Revokes an installation permanently. Events published after the commit are not forwarded. Waiting deliveries end as
 * FAILED (INSTALLATION_REVOKED) when their next attempt is due.
 */
export async function uninstallApp(
  trx: Transaction<Tables>,
  installer: Installer,
  id: string,
): Promise<AppInstallation> {
  const { app_id: appId, is_subscribed: wasSubscribed } = await lockInstallation(trx, installer.tenantId, id);
  const installation = await trx
    .updateTable('app_installation')
    .set({ revoked_at: sql<Date>`clock_timestamp()` })
    .where('app_id', '=', appId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await removeForwards(trx, { appId, tenantId: installer.tenantId });
  await count(trx, appId, { installed: -1, subscribed: wasSubscribed ? -1 : 0 });
  await record(trx, installer, {
    installation,
    action: 'app_installation.revoke',
    changes: { appId: encodeId('App', appId), revokedAt: { from: null, to: installation.revoked_at } },
    type: 'app.uninstalled',
    tells: false,
  });
  return installation;
}

/**
 * Locks the app against changes; others may install it at the same time. For every tenant except its owner, an app
 * without a published version counts as missing: the same statement finds neither. Throws a NotFoundError.
 */
async function holdInstallable(
  trx: Transaction<Tables>,
  { appId, tenantId }: { appId: string; tenantId: string },
): Promise<{ isPublished: boolean }> {
  const isPublished = sql<boolean>`exists (
    select from app_version v where v.app_id = app.id and v.status = 'PUBLISHED'
  )`;
  const app = await trx
    .selectFrom('app')
    .select(isPublished.as('isPublished'))
    .where('id', '=', appId)
    .where('deleted_at', 'is', null)
    .where((is) => is.or([is('tenant_id', '=', tenantId), isPublished]))
    .forShare()
    .executeTakeFirst();
  if (app === undefined) throw new NotFoundError(encodeId('App', appId));
  return app;
}

/** Locks the app's row before the installation's, like everybody else. Throws a NotFoundError. */
async function lockInstallation(
  trx: Transaction<Tables>,
  tenantId: string,
  id: string,
): Promise<AppInstallation> {
  const missing = new NotFoundError(encodeId('AppInstallation', id));
  const known = await trx
    .selectFrom('app_installation')
    .select('app_id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (known === undefined) throw missing;
  await trx.selectFrom('app').select('id').where('id', '=', known.app_id).forShare().execute();
  const installation = await trx
    .selectFrom('app_installation')
    .selectAll()
    .where('app_id', '=', known.app_id)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (installation === undefined) throw missing;
  return installation;
}

async function count(
  trx: Transaction<Tables>,
  appId: string,
  by: { installed: number; subscribed: number },
): Promise<void> {
  await trx
    .updateTable('app_count')
    .set((is) => ({
      installed: is('installed', '+', by.installed),
      subscribed: is('subscribed', '+', by.subscribed),
    }))
    .where('app_id', '=', appId)
    .execute();
}

async function record(
  trx: Transaction<Tables>,
  { tenantId, externalId, by }: Installer,
  act: {
    installation: AppInstallation;
    action: AuditAction;
    changes: Readonly<Record<string, unknown>>;
    type: LifecycleType;
    /** Whether the event lists the permissions of the installation. */
    tells: boolean;
  },
): Promise<void> {
  const { installation } = act;
  await appendAudit(trx, {
    ownerId: tenantId,
    ...by,
    action: act.action,
    targetType: 'AppInstallation',
    targetId: installation.id,
    changes: act.changes,
  });
  await appendLifecycle(trx, installation.app_id, {
    type: act.type,
    data: {
      installationId: encodeId('AppInstallation', installation.id),
      tenant: externalId,
      ...(act.tells
        ? { permissions: installation.permissions, isSubscribed: installation.is_subscribed }
        : {}),
    },
  });
}
