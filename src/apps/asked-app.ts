import type { AppPermission } from '../access/permissions.ts';
import { NotFoundError } from '../errors.ts';
import { appGrants, appPermissionsOf } from '../graph/app-grants.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { forbidden } from '../graph/permission.ts';
import { decodeId } from '../ids.ts';
import { type App, findAppsOf } from './app.ts';
import { type AppMember, findMembers } from './member.ts';

/** Who may read an app: its members, its own token, and callers that manage the apps of the tenant that created it. */
export const seeApps = { tenant: 'MANAGE_APPS', app: 'VIEW_DELIVERIES' } as const;

/**
 * UUID of the app of a mutation. Throws a NotFoundError if the caller has nothing to do with the app, and FORBIDDEN
 * if a member lacks the permission.
 */
export async function askedApp(
  context: Context,
  { permission, globalId }: { permission: AppPermission; globalId: string },
): Promise<string> {
  const appId = decodeId('App', globalId);
  const held = appId === undefined ? undefined : await appPermissionsOf(context, appId);
  if (appId === undefined || held === undefined || held.size === 0) throw new NotFoundError(globalId);
  if (!held.has(permission)) throw forbidden({ app: permission });
  return appId;
}

/** The member of an app that a mutation is about. Throws the same errors as for the app itself. */
export async function askedMember(
  context: Context,
  { permission, globalId }: { permission: AppPermission; globalId: string },
): Promise<{ appId: string; id: string }> {
  const id = decodeId('AppMember', globalId);
  const grants = await appGrants(context);
  const [member] =
    id === undefined ? [] : await findMembers(context.services.database.query, [...grants.keys()], [id]);
  if (member === undefined) throw new NotFoundError(globalId);
  if (grants.get(member.app_id)?.has(permission) !== true) throw forbidden({ app: permission });
  return { appId: member.app_id, id: member.id };
}

/** The apps among these ids that the caller may see, in no particular order. */
export async function findVisibleApps(context: Context, ids: readonly string[]): Promise<App[]> {
  const appIds = [...(await appGrants(context)).keys()];
  return findAppsOf(context.services.database.query, { tenantId: managedTenant(context), appIds }, ids);
}

/** The members of apps among these ids that the caller may manage. */
export async function findVisibleMembers(context: Context, ids: readonly string[]): Promise<AppMember[]> {
  return findMembers(context.services.database.query, await appsWith(context, 'MANAGE_MEMBERS'), ids);
}

/** The apps for which the caller has the permission. */
export async function appsWith(context: Context, permission: AppPermission): Promise<string[]> {
  return [...(await appGrants(context))].flatMap(([appId, held]) => (held.has(permission) ? [appId] : []));
}

/** The tenant whose apps and installations the caller manages. */
export function managedTenant(context: Context): string | undefined {
  const { permissions, tenantId } = requireActor(context);
  return permissions.has(seeApps.tenant) ? tenantId : undefined;
}
