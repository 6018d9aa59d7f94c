import { type Kysely, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appPermissionsIn } from '../access/app-access.ts';
import type { AppPermission } from '../access/permissions.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { ConflictError, NotFoundError, ValidationError } from '../errors.ts';
import { encodeId } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { type App, lockApp, touchApp } from './app.ts';
import { appPermissionIssues } from './app-input.ts';
import { type AppMember, findMembers } from './member.ts';

/** Replaces a member's permissions. Subscriptions that the member may no longer have end within 5 s. */
export async function updateMember(
  trx: Transaction<Tables>,
  request: { appId: string; id: string; permissions: readonly AppPermission[]; by: By },
): Promise<AppMember> {
  const { appId, id, by } = request;
  const issues = appPermissionIssues(request.permissions);
  if (issues.length > 0) throw new ValidationError(issues);
  await lockApp(trx, appId);
  const before = await getMember(trx, appId, id);
  const permissions = appPermissionsIn(request.permissions);
  if (permissions.join() === appPermissionsIn(before.permissions).join()) return before;
  if (!permissions.includes('MANAGE_MEMBERS')) await refuseLast(trx, before);
  const after = await trx
    .updateTable('app_member')
    .set({ permissions })
    .where('app_id', '=', appId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app_member.update',
    targetType: 'AppMember',
    targetId: id,
    changes: { email: before.email, permissions: { from: before.permissions, to: permissions } },
  });
  return after;
}

/** Removes a member. The member's subscriptions end within 5 s. */
export async function removeMember(
  trx: Transaction<Tables>,
  { appId, id, by }: { appId: string; id: string; by: By },
): Promise<App> {
  await lockApp(trx, appId);
  const member = await getMember(trx, appId, id);
  await refuseLast(trx, member);
  await trx.deleteFrom('app_member').where('app_id', '=', appId).where('id', '=', id).execute();
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app_member.remove',
    targetType: 'AppMember',
    targetId: id,
    changes: { email: member.email },
  });
  return await touchApp(trx, appId);
}

async function getMember(db: Kysely<Tables>, appId: string, id: string): Promise<AppMember> {
  const [member] = await findMembers(db, [appId], [id]);
  if (member === undefined) throw new NotFoundError(encodeId('AppMember', id));
  return member;
}

/**
 * At least one member must be able to invite others. The app is locked, so simultaneous removals are checked one by
 * one.
 */
async function refuseLast(trx: Transaction<Tables>, member: AppMember): Promise<void> {
  if (!member.permissions.includes('MANAGE_MEMBERS')) return;
  const other = await trx
    .selectFrom('app_member')
    .select('id')
    .where('app_id', '=', member.app_id)
    .where('id', '<>', member.id)
    .where(sql<boolean>`'MANAGE_MEMBERS' = any(permissions)`)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined) {
    throw new ConflictError('This is the last member with MANAGE_MEMBERS. Give it to another member first.');
  }
}
